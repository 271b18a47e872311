/* Which namespaces copies go to: by annotation, and by the rules of a rule file. */
#include "sync/sync.h"

enum { NAMESPACE_MAX = 63 };

static enum ec refuse(struct err *err, size_t offset, const char *what) {
    err_set(err, EC_SYNTAX, "%s", what);
    err->offset = offset;
    return EC_SYNTAX;
}

static size_t count(struct str s, char c) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == c;
    return n;
}

/* ---- globs ---------------------------------------------------------------------------- */

static bool is_glob(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !ascii_is_digit(s.p[i]) && s.p[i] != '-' &&
            s.p[i] != '*')
            return false;
    return s.n != 0 && s.n <= NAMESPACE_MAX;
}

static enum ec read_globs(struct sync_request *out, struct str text, struct arena *arena,
                          struct err *err) {
    struct str *v = ARENA_ARRAY(arena, struct str, count(text, ',') + 1);
    if (v == NULL)
        return arena_fail(arena, err);
    size_t n = 0;
    for (size_t at = 0; at <= text.n;) {
        struct str rest = str_slice(text, at, text.n);
        struct str part = str_slice(rest, 0, str_find(rest, ','));
        struct str glob = str_trim(part);
        if (!is_glob(glob))
            return refuse(err, at,
                          "expected names of namespaces with * for any run of characters, "
                          "separated by commas, or a label selector such as team=a");
        out->everywhere |= str_eq(glob, STR("*"));
        v[n++] = glob;
        at += part.n + 1;
    }
    out->globs = v;
    out->n_globs = n;
    return EC_OK;
}

/* ---- label selectors ------------------------------------------------------------------ */

struct scan { /* of a selector */
    struct str text;
    size_t at;
    struct arena *arena;
    struct err *err;
};

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static void skip_blanks(struct scan *s) {
    while (s->at < s->text.n && is_blank(s->text.p[s->at]))
        s->at++;
}

static bool skip(struct scan *s, struct str token) {
    skip_blanks(s);
    bool there = str_starts(str_slice(s->text, s->at, s->text.n), token);
    s->at += there ? token.n : 0;
    return there;
}

static bool is_at_end(struct scan *s) {
    skip_blanks(s);
    return s->at == s->text.n;
}

/* Up to a blank or a byte with a meaning. */
static struct str scan_word(struct scan *s) {
    skip_blanks(s);
    size_t from = s->at;
    while (s->at < s->text.n && !is_blank(s->text.p[s->at]) &&
           memchr(",=!()", s->text.p[s->at], 5) == NULL)
        s->at++;
    return str_slice(s->text, from, s->at);
}

static enum ec scan_key(struct scan *s, struct match_requirement *r) {
    r->key = scan_word(s);
    enum ec ec = match_check_label_key(r->key, s->err);
    s->err->offset += ec != EC_OK ? s->at - r->key.n : 0;
    return ec;
}

/* Values up to a bracket, or the one of `=`. */
static enum ec scan_values(struct scan *s, struct match_requirement *r, bool list) {
    struct str rest = str_slice(s->text, s->at, s->text.n);
    size_t room = list ? count(str_slice(rest, 0, str_find(rest, ')')), ',') + 1 : 1;
    struct str *v = ARENA_ARRAY(s->arena, struct str, room);
    if (v == NULL)
        return arena_fail(s->arena, s->err);
    r->values = v;
    do {
        v[r->n_values] = scan_word(s);
        enum ec ec = match_check_label_value(v[r->n_values], s->err);
        if (ec != EC_OK) {
            s->err->offset += s->at - v[r->n_values].n;
            return ec;
        }
        r->n_values++;
    } while (list && r->n_values < room && skip(s, STR(",")));
    if (list && !skip(s, STR(")")))
        return refuse(s->err, s->at, "expected \")\" after the values");
    return EC_OK;
}

/* Spellings, each before those that it begins with. */
static const struct {
    struct str text;
    enum match_op op;
    bool list;
} operators[] = {{STR_INIT("=="), MATCH_IN, false},
                 {STR_INIT("="), MATCH_IN, false},
                 {STR_INIT("!="), MATCH_NOT_IN, false},
                 {STR_INIT("in"), MATCH_IN, true},
                 {STR_INIT("notin"), MATCH_NOT_IN, true}};

static enum ec scan_operator(struct scan *s, struct match_requirement *r) {
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        if (!skip(s, operators[i].text))
            continue;
        r->op = operators[i].op;
        if (operators[i].list && !skip(s, STR("(")))
            return refuse(s->err, s->at, "expected \"(\" and values after in and notin");
        return scan_values(s, r, operators[i].list);
    }
    return refuse(s->err, s->at,
                  "expected =, !=, in (...), notin (...) or a comma after the key");
}

static enum ec scan_requirement(struct scan *s, struct match_requirement *r) {
    if (skip(s, STR("!"))) {
        r->op = MATCH_DOES_NOT_EXIST;
        return scan_key(s, r);
    }
    enum ec ec = scan_key(s, r);
    if (ec != EC_OK)
        return ec;
    r->op = MATCH_EXISTS;
    bool ends = is_at_end(s) || s->text.p[s->at] == ',';
    return ends ? EC_OK : scan_operator(s, r);
}

static enum ec read_selector(struct sync_request *out, struct str text, struct arena *arena,
                             struct err *err) {
    struct scan s = {.text = text, .arena = arena, .err = err};
    size_t room = count(text, ',') + 1, n = 0;
    struct match_requirement *v = ARENA_ARRAY(arena, struct match_requirement, room);
    if (v == NULL)
        return arena_fail(arena, err);
    do {
        enum ec ec = scan_requirement(&s, &v[n++]);
        if (ec != EC_OK)
            return ec;
    } while (n < room && skip(&s, STR(",")));
    if (!is_at_end(&s))
        return refuse(err, s.at, "expected a comma or the end of the label selector");
    out->selector = (struct match_selector){.requirements = v, .n_requirements = n};
    return EC_OK;
}

static bool is_selector(struct str text) {
    for (size_t i = 0; i < text.n; i++)
        if (memchr("=!(/", text.p[i], 4) != NULL)
            return true;
    return false;
}

enum ec sync_read_targets(struct sync_request *out, struct str text, struct arena *arena,
                          struct err *err) {
    return is_selector(text) ? read_selector(out, text, arena, err)
                             : read_globs(out, text, arena, err);
}

/* ---- rule files ----------------------------------------------------------------------- */

struct gathered { /* for one source */
    size_t n_globs;
    bool used, everywhere;
    size_t last_rule; /* whose namespaces were counted; + 1 */
    struct str *globs;
};

static bool is_everywhere(const struct policy_names *names) {
    for (size_t i = 0; i < names->n; i++)
        if (str_eq(names->v[i], STR("*")))
            return true;
    return names->n == 0;
}

/* Once to count, once more, with room for them, to take the globs. */
static void gather(struct gathered *g, const struct policy *p) {
    for (size_t i = 0; i < p->n_rules; i++)
        for (size_t k = 0; k < p->rules[i].n_secrets; k++) {
            const struct policy_rule *rule = &p->rules[i];
            const struct policy_source *s =
                engine_policy_source(p, rule->pos.file, rule->secrets[k].name);
            struct gathered *to = s != NULL ? &g[s - p->sources] : NULL;
            if (to == NULL || to->last_rule == i + 1)
                continue;
            to->last_rule = i + 1;
            to->used = true;
            to->everywhere |= is_everywhere(&rule->match.namespaces);
            for (size_t v = 0; to->globs != NULL && v < rule->match.namespaces.n; v++)
                to->globs[to->n_globs + v] = rule->match.namespaces.v[v];
            to->n_globs += rule->match.namespaces.n;
        }
}

static bool make_room(struct gathered *g, size_t n, struct arena *arena) {
    for (size_t i = 0; i < n; i++) {
        g[i].globs = ARENA_ARRAY(arena, struct str, g[i].n_globs);
        if (g[i].globs == NULL)
            return false;
        g[i].n_globs = g[i].last_rule = 0;
    }
    return true;
}

enum ec sync_requests(const struct sync_request **out, size_t *n, const struct policy *policy,
                      struct arena *arena, struct err *err) {
    struct gathered *g = ARENA_ARRAY(arena, struct gathered, policy->n_sources);
    struct sync_request *v = ARENA_ARRAY(arena, struct sync_request, policy->n_sources);
    size_t n_used = 0;
    if (g == NULL || v == NULL)
        return arena_fail(arena, err);
    gather(g, policy);
    if (!make_room(g, policy->n_sources, arena))
        return arena_fail(arena, err);
    gather(g, policy);
    for (size_t i = 0; i < policy->n_sources; i++) {
        const struct policy_source *s = &policy->sources[i];
        if (!g[i].used)
            continue;
        v[n_used++] = (struct sync_request){.source_namespace = s->from_namespace,
                                            .source_name = s->from_name,
                                            .name = s->name,
                                            .origin = SYNC_BY_RULE,
                                            .everywhere = g[i].everywhere,
                                            .globs = g[i].globs,
                                            .n_globs = g[i].n_globs,
                                            .pos = s->pos};
    }
    *out = v;
    *n = n_used;
    return EC_OK;
}
