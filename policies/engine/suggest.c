/* What somebody should write who is refused: the same image by another name, or where images may come from.
 * An image is the same elsewhere only where the rule file says so: behind a mirror of its host, and, for what
 * Docker Hub or no host is named by, at the registry. */
#include "engine/internal.h"

/* Of more mirrors than that, those that lead to one place are counted one by one. */
enum { APPROVED_SHOWN = 5, MIRRORS_COMPARED = 64 };

struct str engine_other_name(struct ctx *c, const struct reference *image) {
    struct route route = engine_find_route(c->rule, image);
    if (route.way != WAY_STAYS)
        return engine_apply_route(c->arena, c->rule, image, &route);
    bool on_hub = str_eq(engine_fold_host(image->target.host), STR("docker.io"));
    return on_hub && c->rule->registry.text.n != 0
               ? engine_to_registry(c->arena, c->rule, image)
               : STR_NONE;
}

/* A list that shows its first entries and counts the others. */
struct listing {
    struct buf *b;
    size_t n;
};

static void list(struct listing *l, const char *before, struct str text) {
    if (l->n++ >= APPROVED_SHOWN)
        return;
    buf_puts(l->b, l->n == 1 ? "; approved: " : ", ");
    buf_puts(l->b, before);
    engine_put_quoted(l->b, text);
}

/* Two mirrors may lead to one place. */
static bool is_listed(const struct policy_rule *rule, size_t mirror) {
    struct str to = rule->mirrors[mirror].to.text;
    if (rule->n_mirrors > MIRRORS_COMPARED)
        return false;
    for (size_t i = 0; i < mirror; i++)
        if (str_eq(rule->mirrors[i].to.text, to))
            return true;
    return str_eq(rule->registry.text, to);
}

void engine_put_approved(struct buf *b, const struct policy_rule *rule) {
    struct listing l = {.b = b};
    if (rule->registry.text.n != 0)
        list(&l, "", rule->registry.text);
    for (size_t i = 0; i < rule->n_mirrors; i++)
        if (!is_listed(rule, i))
            list(&l, "", rule->mirrors[i].to.text);
    for (size_t i = 0; i < rule->approved.n; i++) {
        const struct match_image *m = rule->approved.v[i].image;
        list(&l, match_image_is_regex(m) ? "regex " : "", match_image_text(m));
    }
    if (l.n > APPROVED_SHOWN)
        buf_printf(b, " and %zu more", l.n - APPROVED_SHOWN);
    else if (l.n == 0)
        buf_puts(b, "; no registry is approved");
}
