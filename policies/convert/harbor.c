/* harbor-container-webhook: its configuration, or the values of its chart (rules, extraRules).
 * Meaning    of the first rule with a regular expression that matches an image, and none that excludes it,
 *            the host is replaced. They are matched anywhere in the normal form with its tag:
 *            docker.io/library/nginx:latest
 * Source     indeedeng/harbor-container-webhook: README.md, deploy/charts                     */
#include "convert/format.h"
#include "convert/nodes.h"
#include "convert/pattern.h"

/* What an expression matches, if it is a place: ^docker.io/(library/)?ubuntu:.*$ */
struct place {
    char text[512]; /* host[/path] */
    size_t n;
    bool border; /* ends with a slash */
    bool loose;  /* a "." that is any character */
    bool tagged; /* a ":" ends it: one repository */
};

static bool take_end(struct place *p, struct str rest) {
    static const struct str ends[] = {STR_INIT(""),    STR_INIT(".*"),   STR_INIT(".*$"),
                                      STR_INIT(":.*"), STR_INIT(":.*$"), STR_INIT(":")};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_eq(rest, ends[i])) {
            p->tagged = ends[i].n != 0 && ends[i].p[0] == ':';
            return true;
        }
    return false;
}

static bool is_literal(char c) {
    return ascii_is_digit(c) || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("-_/", c) != NULL);
}

static bool read_place(struct place *p, struct str regex) {
    const struct str library = STR("(library/)?");
    *p = (struct place){.n = 0};
    if (!str_starts(regex, STR("^")))
        return false;
    for (size_t i = 1; i <= regex.n && p->n + library.n < sizeof p->text; i++) {
        struct str rest = str_slice(regex, i, regex.n);
        if (take_end(p, rest)) {
            p->border = p->n != 0 && p->text[p->n - 1] == '/';
            p->n -= p->border;
            return p->n != 0;
        }
        bool escaped = str_starts(rest, STR("\\."));
        if (str_starts(rest, library)) {
            memcpy(p->text + p->n, "library/", 8);
            p->n += 8;
            i += library.n - 1;
        } else if (escaped || rest.p[0] == '.') {
            p->text[p->n++] = '.';
            p->loose |= !escaped;
            i += escaped;
        } else if (is_literal(rest.p[0])) {
            p->text[p->n++] = rest.p[0];
        } else {
            return false;
        }
    }
    return false;
}

static const char *note_of(const struct place *p, bool checked) {
    if (checked)
        return "whether the image is there is not checked; the place alone, not what only "
               "begins "
               "like it";
    if (p->tagged)
        return "wider: by digest as well, and with the repositories below";
    return p->border && !p->loose ? NULL
                                  : "narrower: the place alone; in the expression \".\" is any "
                                    "character, and what "
                                    "only begins like it matches";
}

static void take_match(struct convert *c, json_at rule, json_at at) {
    struct str replace = convert_string(c, rule, "replace");
    struct place p;
    if (!read_place(&p, json_str(c->json, at))) {
        convert_left(c, at, "is no expression of one host or repository");
        return;
    }
    struct str from = {p.text, p.n}, path = str_slice(from, str_find(from, '/'), p.n);
    struct str to = convert_text(c, "%.*s%.*s", STR_ARG(replace), STR_ARG(path));
    convert_mirror(c, &c->settings, at, from, to,
                   note_of(&p, convert_is_true(c, rule, "checkUpstream")));
}

static void take_exclude(struct convert *c, json_at rule, json_at at) {
    struct str name = convert_string(c, rule, "name");
    struct place p;
    if (!read_place(&p, json_str(c->json, at))) {
        convert_left(c, at, "is no expression of one host or repository: its images are moved");
        return;
    }
    struct convert_block *e = convert_block_of(c, &c->exemptions, name.n ? name : STR("rule"));
    convert_pattern(c, e, KEY_IMAGES, at, (struct str){p.text, p.n},
                    "wider: by digest as well, and with the repositories below");
    convert_set(c, e, KEY_REASON,
                convert_text(c, "excluded from the rule %.*s", STR_ARG(e->name)));
    convert_set(c, e, KEY_OWNER, STR("imported"));
}

static void leave(struct convert *c, json_at rule, const char *key, const char *why) {
    json_at at = convert_get(c, rule, key);
    if (at != JSON_NONE)
        convert_left(c, at, "%s", why);
}

static void take_rule(struct convert *c, json_at rule) {
    json_at matches = convert_get(c, rule, "matches"),
            excludes = convert_get(c, rule, "excludes");
    if (convert_string(c, rule, "replace").n == 0) {
        convert_left(c, rule, "replaces by nothing");
        return;
    }
    for (json_at at = convert_first(c, matches); at != JSON_NONE;
         at = convert_next(c, matches, at))
        take_match(c, rule, at);
    for (json_at at = convert_first(c, excludes); at != JSON_NONE;
         at = convert_next(c, excludes, at))
        take_exclude(c, rule, at);
    leave(c, rule, "platforms", "is for the check of the image, which is not made");
    leave(c, rule, "authSecretName", "is for the check of the image, which is not made");
}

static enum ec read_config(struct convert *c, struct err *err) {
    static const char *const lists[] = {"rules", "extraRules"};
    if (!json_is(c->json, 0, JSON_OBJECT))
        return convert_fail(
            c, 0, err,
            "not a configuration of harbor-container-webhook: found %s, expected "
            "a map with rules",
            json_type_name(json_type_of(c->json, 0)));
    for (size_t i = 0; i < 2; i++) {
        json_at rules = convert_get(c, 0, lists[i]);
        for (json_at at = convert_first(c, rules); at != JSON_NONE && !c->full;
             at = convert_next(c, rules, at))
            take_rule(c, at);
    }
    return EC_OK;
}

/* What one rule excludes and another moves needs no exemption: the longer place of a mirror wins. */
static void finish(struct convert *c) {
    struct convert_block *s = &c->settings;
    for (struct convert_block *e = c->exemptions.first; e != NULL; e = e->next)
        for (struct convert_item *i = e->field[KEY_IMAGES].first; i != NULL; i = i->next)
            for (struct convert_item *m = s->field[KEY_MIRRORS].first; m != NULL; m = m->next)
                if (!i->gone && str_eq(i->value, m->key)) {
                    i->gone = true;
                    convert_move_notes(&m->notes, &i->notes);
                }
    if (s->field[KEY_MIRRORS].first != NULL)
        convert_approve_rest(c, s, "The webhook refuses no image.");
}

const struct convert_format convert_harbor = {
    .word = "harbor-container-webhook", .read = read_config, .end = finish};
