/* approved, denied, and the images of an exemption. */
#include "rules/check.h"

#include "base/mem.h"
#include "rules/schema.h"

#include <stdio.h>
#include <stdlib.h>

typedef enum ec compile_fn(struct match_image **out, struct str text, struct err *err);

/* A slot in the policy's list of compiled patterns, so that each has an owner from the start. */
static struct match_image **reserve_image(struct policy *p) {
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

/* The match module's message starts with "regex: ", and so does the name of the field. */
static const char *reason(const struct err *why) {
    const struct str twice = STR("regex: ");
    return str_starts(str_of(why->msg), twice) ? why->msg + twice.n : why->msg;
}

/* ---- what was meant ------------------------------------------------------------------ */

/* A pattern in another tool's syntax, written as ours. */
struct guess {
    char z[MATCH_PATTERN_MAX + 16];
    size_t n;
};

static void put_guess(struct guess *g, struct str s) {
    size_t room = sizeof g->z - 1 - g->n;
    size_t n = s.n < room ? s.n : room;
    if (n != 0)
        memcpy(g->z + g->n, s.p, n);
    g->n += n;
}

static struct str behind_scheme(struct str s) {
    for (size_t i = 0; i + 3 <= s.n; i++)
        if (memcmp(s.p + i, "://", 3) == 0)
            return str_slice(s, i + 3, s.n);
    return s;
}

/* One component: "team-**" is "team-*", and "**" below it; the last one loses its tag and digest. */
static void put_component(struct guess *g, struct str part, bool first, bool last) {
    size_t stars = part.n >= 2 ? part.n - 2 : 0;
    if (last && !first)
        part = str_slice(part, 0, str_find(part, '@'));
    if (last && !first)
        part = str_slice(part, 0, str_find(part, ':'));
    if (part.n > 2 && stars == part.n - 2 && str_ends(part, STR("**"))) {
        put_guess(g, str_slice(part, 0, stars + 1));
        put_guess(g, STR("/**"));
        return;
    }
    for (size_t i = 0; i < part.n; i++) {
        char c = first ? part.p[i] : ascii_lower(part.p[i]);
        put_guess(g, (struct str){&c, 1});
    }
}

static void guess_pattern(struct guess *g, struct str pattern) {
    struct str rest = behind_scheme(str_trim(pattern));
    while (str_ends(rest, STR("/")))
        rest.n--;
    for (bool first = true; rest.n != 0; first = false) {
        size_t slash = str_find(rest, '/');
        struct str part = str_slice(rest, 0, slash);
        rest = str_slice(rest, slash + 1, rest.n);
        if (part.n == 0)
            continue;
        put_guess(g, first ? STR("") : STR("/"));
        put_component(g, part, first, rest.n == 0);
    }
    g->z[g->n] = '\0';
}

static bool is_pattern(struct str text) {
    struct match_image *m = NULL;
    struct err ignored = ERR_INIT;
    bool is = match_image_compile(&m, text, &ignored) == EC_OK;
    match_image_free(m);
    return is;
}

static bool looks_like_regex(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\0' && strchr("^$()[]{}|\\+?", s.p[i]) != NULL)
            return true;
    return s.n >= 2 && memmem(s.p, s.n, ".*", 2) != NULL;
}

/* "; write ..." for an invalid pattern, unless the reason already has one. */
static void print_hint(char *out, size_t room, const struct cursor *c, const char *reason) {
    struct guess g = {.n = 0};
    struct str text = rules_str(c);
    out[0] = '\0';
    if (strstr(reason, "write ") != NULL && !str_eq(text, STR("*")) &&
        strstr(reason, "scheme") == NULL)
        return;
    guess_pattern(&g, text);
    struct str meant = {g.z, g.n};
    if (str_eq(text, STR("*")))
        snprintf(out, room, "; \"**\" matches every image of every registry");
    else if (!str_eq(meant, text) && is_pattern(meant))
        snprintf(out, room, "; did you mean %s?", rules_quote(meant).z);
    else if (looks_like_regex(text))
        snprintf(out, room, "; a regular expression is written as a map: {regex: ...}");
}

static enum ec compile_pattern(const struct cursor *c, compile_fn *how,
                               struct policy_pattern *out) {
    struct err why = ERR_INIT;
    struct match_image **slot = reserve_image(c->r->policy);
    if (slot == NULL)
        return err_set(c->r->err, EC_NOMEM, "out of memory");
    if (rules_str(c).n == 0)
        return rules_fail(c, EC_SCHEMA, "is empty, expected a pattern");
    enum ec ec = how(slot, rules_str(c), &why);
    if (ec != EC_OK) {
        char hint[200] = "";
        if (how == match_image_compile && ec == EC_SYNTAX)
            print_hint(hint, sizeof hint, c, why.msg);
        return rules_fail_byte(c, ec, why.offset, "%s%s", reason(&why), hint);
    }
    c->r->policy->n_owned++;
    out->image = *slot;
    out->pos = rules_locate(c);
    return EC_OK;
}

enum ec rules_read_regex(const struct cursor *c, void *out) {
    struct draft_regex *d = out;
    return compile_pattern(c, match_image_compile_regex, &d->pattern);
}

static enum ec read_pattern(const struct cursor *c, void *out) {
    struct draft_regex regex = {.pattern = {.image = NULL}};
    if (rules_is(c, JSON_STRING)) {
        enum ec ec = compile_pattern(c, match_image_compile, out);
        if (ec == EC_OK)
            rules_check_shape(c);
        return ec;
    }
    enum ec ec = rules_read_object(c, &rules_schema_regex, &regex);
    *(struct policy_pattern *)out = regex.pattern;
    return ec;
}

/* Prefixes are compared by host and path, all others by their text. */
static int compare_meaning(const struct match_image *a, const struct match_image *b) {
    bool prefix = match_image_is_prefix(a);
    if (prefix != match_image_is_prefix(b))
        return prefix ? 1 : -1;
    if (!prefix)
        return str_cmp(match_image_text(a), match_image_text(b));
    int order = str_cmp(match_image_host(a), match_image_host(b));
    return order != 0 ? order : str_cmp(match_image_path(a), match_image_path(b));
}

/* The patterns lie in one array: their addresses are in the order of the file. */
static int by_meaning(const void *pa, const void *pb) {
    const struct policy_pattern *const *a = pa, *const *b = pb;
    int order = compare_meaning((*a)->image, (*b)->image);
    return order != 0 ? order : (*a > *b) - (*a < *b);
}

static void warn_of_duplicates(const struct cursor *c, const struct policy_pattern *v,
                               size_t n) {
    const struct policy_pattern **sorted =
        ARENA_ARRAY(&c->r->scratch, const struct policy_pattern *, n);
    if (sorted == NULL) {
        c->r->no_memory = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = &v[i];
    qsort(sorted, n, sizeof *sorted, by_meaning);
    for (size_t i = 1, first = 0; i < n; i++) {
        if (compare_meaning(sorted[first]->image, sorted[i]->image) != 0) {
            first = i;
            continue;
        }
        rules_warn_at(c->r, LINT_DUPLICATE_PATTERN, sorted[i]->pos, "%s: %s appears twice%s",
                      c->field->key, rules_quote(match_image_text(sorted[i]->image)).z,
                      rules_location(c->r, sorted[first]->pos, sorted[i]->pos).z);
    }
}

enum ec rules_read_patterns(const struct cursor *c, void *out) {
    struct policy_patterns *patterns = out;
    struct arena *a = &c->r->policy->arena;
    *patterns = (struct policy_patterns){.v = NULL};
    if (rules_is(c, JSON_NULL))
        return EC_OK;
    size_t n = rules_count(c);
    if (n == 0 && (c->field->flags & FIELD_REQUIRED))
        return rules_fail(c, EC_SCHEMA, "is empty, expected %s", c->field->about);
    struct policy_pattern *v = ARENA_ARRAY(a, struct policy_pattern, n);
    if (v == NULL)
        return rules_no_room(c->r, a);
    enum ec ec = rules_read_each(c, read_pattern, v, sizeof *v);
    if (ec != EC_OK)
        return ec;
    warn_of_duplicates(c, v, n);
    *patterns = (struct policy_patterns){.v = v, .n = n};
    return EC_OK;
}
