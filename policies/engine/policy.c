#include "engine/policy.h"

#include "base/mem.h"
#include "engine/engine.h"

#include <stdlib.h>

void engine_policy_free(struct policy *p) {
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->n_owned; i++)
        match_image_free(p->owned[i]);
    mem_free(p->owned);
    arena_done(&p->arena);
    mem_free(p);
}

struct str engine_policy_file(const struct policy *p, struct policy_pos pos) {
    return pos.file < p->n_files ? p->files[pos.file] : STR_NONE;
}

/* ---- sources of pull secrets ------------------------------------------------------------ */

struct wanted_source {
    uint32_t file;
    struct str name;
};

static int compare_source(const void *key, const void *element) {
    const struct wanted_source *wanted = key;
    const struct policy_source *s = element;
    int order = (wanted->file > s->pos.file) - (wanted->file < s->pos.file);
    return order != 0 ? order : str_cmp(wanted->name, s->name);
}

const struct policy_source *engine_policy_source(const struct policy *p, uint32_t file,
                                                 struct str name) {
    const struct wanted_source wanted = {file, name};
    return p->n_sources == 0
               ? NULL
               : bsearch(&wanted, p->sources, p->n_sources, sizeof *p->sources, compare_source);
}

/* ---- mirrors, by where they lead --------------------------------------------------------- */

static int by_destination(const void *a, const void *b) {
    const struct policy_mirror *x = *(const struct policy_mirror *const *)a,
                               *y = *(const struct policy_mirror *const *)b;
    int order = str_cmp(engine_fold_host(x->to.host), engine_fold_host(y->to.host));
    if (order == 0)
        order = str_cmp(x->to.text, y->to.text);
    return order != 0 ? order : str_cmp(x->from.text, y->from.text);
}

static size_t drop_duplicates(const struct policy_mirror **v, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || by_destination(&v[kept - 1], &v[i]) != 0)
            v[kept++] = v[i];
    return kept;
}

/* Rules that inherit their file's mirrors have the same array. */
static bool brings_mirrors(const struct policy *p, size_t rule, size_t file) {
    const struct policy_rule *r = &p->rules[rule];
    return r->pos.file == file && (rule == 0 || p->rules[rule - 1].mirrors != r->mirrors);
}

static bool gather_file(struct policy *p, size_t file) {
    struct policy_origins *o = &p->origins[file];
    size_t n = 0;
    for (size_t i = 0; i < p->n_rules; i++)
        n += brings_mirrors(p, i, file) ? p->rules[i].n_mirrors : 0;
    o->v = ARENA_ARRAY(&p->arena, const struct policy_mirror *, n);
    if (o->v == NULL)
        return false;
    for (size_t i = 0; i < p->n_rules; i++)
        for (size_t k = 0; brings_mirrors(p, i, file) && k < p->rules[i].n_mirrors; k++)
            o->v[o->n++] = &p->rules[i].mirrors[k];
    qsort(o->v, o->n, sizeof *o->v, by_destination);
    o->n = drop_duplicates(o->v, o->n);
    return true;
}

bool engine_policy_build_origins(struct policy *p) {
    p->origins = ARENA_ARRAY(&p->arena, struct policy_origins, p->n_files);
    for (size_t i = 0; p->origins != NULL && i < p->n_files; i++)
        if (!gather_file(p, i))
            return false;
    return p->origins != NULL;
}

/* ---- indexes ------------------------------------------------------------------------- */

enum { INDEX_MIN = 8 }; /* with fewer, a linear search is as fast */

static bool all_literal(const struct policy_names *names) {
    for (size_t i = 0; i < names->n; i++)
        if (str_find(names->v[i], '*') != names->v[i].n)
            return false;
    return names->n != 0;
}

/* A list of literal names of which the pod must have one, or a label and its values. */
struct rule_words {
    enum index_kind kind;
    const struct str *values;
    size_t n; /* 0: there is none */
    struct str key;
};

static struct rule_words words_of(const struct policy_match *m) {
    const struct {
        enum index_kind kind;
        const struct policy_names *names;
    } lists[] = {{INDEX_NAMESPACE, &m->namespaces},
                 {INDEX_SERVICE_ACCOUNT, &m->service_accounts},
                 {INDEX_USER, &m->users},
                 {INDEX_GROUP, &m->groups}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (all_literal(lists[i].names))
            return (struct rule_words){lists[i].kind, lists[i].names->v, lists[i].names->n,
                                       STR_NONE};
    for (size_t i = 0; i < m->pod_labels.n_requirements; i++) {
        const struct match_requirement *r = &m->pod_labels.requirements[i];
        if (r->op == MATCH_IN)
            return (struct rule_words){INDEX_LABEL, r->values, r->n_values, r->key};
    }
    return (struct rule_words){.n = 0};
}

static void index_rule(struct index *x, const struct policy_rule *rule, size_t at) {
    struct rule_words words = words_of(&rule->match);
    for (size_t i = 0; i < words.n; i++) {
        bool is_label = words.kind == INDEX_LABEL;
        const struct index_word word = {words.kind, is_label ? words.key : words.values[i],
                                        is_label ? words.values[i] : STR_NONE};
        engine_index_add(x, &word, at);
    }
    if (words.n == 0)
        engine_index_add_other(x, at);
}

static void index_rules(struct policy *p) {
    size_t n_words = 0, n_others = 0;
    for (size_t i = 0; i < p->n_rules; i++) {
        size_t n = words_of(&p->rules[i].match).n;
        n_words += n;
        n_others += n == 0;
    }
    if (!engine_index_begin(&p->rule_index, &p->arena, n_words, n_others))
        return;
    for (size_t i = 0; i < p->n_rules; i++)
        index_rule(&p->rule_index, &p->rules[i], i);
    engine_index_end(&p->rule_index);
}

static void index_patterns(struct policy_patterns *patterns, struct arena *arena) {
    if (patterns->n < INDEX_MIN ||
        !engine_index_begin(&patterns->index, arena, patterns->n, patterns->n))
        return;
    for (size_t i = 0; i < patterns->n; i++) {
        const struct index_word host = {INDEX_HOST, match_image_host(patterns->v[i].image),
                                        STR_NONE};
        if (host.text.n != 0)
            engine_index_add(&patterns->index, &host, i);
        else
            engine_index_add_other(&patterns->index, i);
    }
    engine_index_end(&patterns->index);
}

static bool is_aliased(const struct policy_patterns *patterns) {
    for (size_t i = 0; i < patterns->n; i++) {
        struct str host = match_image_host(patterns->v[i].image);
        if (!str_eq(host, engine_fold_host(host)))
            return true;
    }
    return false;
}

void engine_policy_build_indexes(struct policy *p, struct policy_rule *rules) {
    for (size_t i = 0; i < p->n_rules; i++) {
        index_patterns(&rules[i].approved, &p->arena);
        index_patterns(&rules[i].denied, &p->arena);
        rules[i].denied.aliased = is_aliased(&rules[i].denied);
    }
    if (p->n_rules >= INDEX_MIN)
        index_rules(p);
}
