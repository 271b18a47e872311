/* approved, denied, and the images of an exemption. */
#include "rules/draft.h"

#include "base/mem.h"
#include "rules/schema.h"

typedef enum ec compile_fn(struct match_image **out, struct str text, struct err *err);

/* A place in the policy's list of compiled patterns, so that none is ever without an owner. */
static struct match_image **reserve(struct policy *p) {
    if (p->n_owned < p->cap_owned)
        return &p->owned[p->n_owned];
    size_t cap = p->cap_owned != 0 ? 2 * p->cap_owned : 16;
    struct match_image **grown =
        mem_realloc(p->owned, mem_array_bytes(cap, sizeof(struct match_image *)));
    if (grown == NULL)
        return NULL;
    p->owned = grown;
    p->cap_owned = cap;
    return &p->owned[p->n_owned];
}

/* match begins with "regex: ", and so does the name of the key. */
static const char *reason(const struct err *why) {
    const struct str twice = STR("regex: ");
    return str_starts(str_of(why->msg), twice) ? why->msg + twice.n : why->msg;
}

static enum ec compile(const struct cursor *c, compile_fn *how, struct policy_pattern *out) {
    struct err why = ERR_INIT;
    struct match_image **slot = reserve(c->r->policy);
    if (slot == NULL)
        return err_set(c->r->err, EC_NOMEM, "out of memory");
    if (walk_str(c).n == 0)
        return walk_fail(c, EC_SCHEMA, "is empty, expected a pattern");
    enum ec ec = how(slot, walk_str(c), &why);
    if (ec != EC_OK)
        return walk_fail_byte(c, ec, why.offset, "%s", reason(&why));
    c->r->policy->n_owned++;
    out->image = *slot;
    out->pos = walk_pos(c);
    return EC_OK;
}

enum ec read_regex(const struct cursor *c, void *out) {
    struct draft_regex *d = out;
    return compile(c, match_image_compile_regex, &d->pattern);
}

static enum ec read_pattern(const struct cursor *c, void *out) {
    struct draft_regex regex = {.pattern = {.image = NULL}};
    if (json_is_string(c->value))
        return compile(c, match_image_compile, out);
    enum ec ec = walk_object(c, &schema_regex, &regex);
    *(struct policy_pattern *)out = regex.pattern;
    return ec;
}

static bool same(const struct match_image *a, const struct match_image *b) {
    if (!match_image_is_prefix(a) || !match_image_is_prefix(b))
        return match_image_is_prefix(a) == match_image_is_prefix(b) &&
               str_eq(match_image_text(a), match_image_text(b));
    return str_eq(match_image_host(a), match_image_host(b)) &&
           str_eq(match_image_path(a), match_image_path(b));
}

static void warn_of_twins(const struct cursor *c, const struct policy_pattern *v, size_t n) {
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            if (!same(v[j].image, v[i].image))
                continue;
            walk_warn_at(c->r, LINT_DUPLICATE_PATTERN, v[i].pos, "%s: %s stands here twice%s",
                         c->field->key, walk_quote(match_image_text(v[i].image)).z,
                         walk_place(c->r, v[j].pos, v[i].pos).z);
            break;
        }
}

enum ec read_patterns(const struct cursor *c, void *out) {
    struct policy_patterns *patterns = out;
    struct arena *a = &c->r->policy->arena;
    *patterns = (struct policy_patterns){.v = NULL};
    if (json_is_null(c->value))
        return EC_OK;
    size_t n = walk_count(c);
    if (n == 0 && (c->field->flags & FIELD_REQUIRED))
        return walk_fail(c, EC_SCHEMA, "is empty, expected %s", c->field->about);
    struct policy_pattern *v = ARENA_ARRAY(a, struct policy_pattern, n);
    if (v == NULL)
        return walk_no_room(c->r, a);
    enum ec ec = walk_each(c, read_pattern, v, sizeof *v);
    if (ec != EC_OK)
        return ec;
    warn_of_twins(c, v, n);
    *patterns = (struct policy_patterns){.v = v, .n = n};
    return EC_OK;
}
