/* Properties of every plan of pull secrets, over clusters drawn at random: applied and planned again, nothing is
 * left to do; a plan that is applied in part, in any order, leads to the same end; what is foreign, unknown or
 * terminating is not touched; what is requested is not pruned; the order of the state does not matter.
 * Use     test_copies [COUNT [SEED]]
 * A failure prints the seed of its round: test_copies 1 SEED shows it again. */
#include "choose.h"
#include "copies.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOW_S = 1000, REQUESTS_MAX = 4, UNKNOWN_MAX = 2 };

struct world {
    struct copies copies;
    struct sync_request requests[REQUESTS_MAX];
    struct sync_unknown unknown[UNKNOWN_MAX];
    struct sync_absence absent[2];
    struct sync_contest contest;
    struct sync_state state;
    struct arena arena;
};

static const char *const places[] = {"a", "ab", "abc", "b", "ba", "src", "src2", "z"};
static const char *const names[] = {"regcred", "harbor", "x"};
static const char *const values[] = {"e30=", "e30K", "e30g", "e30gIA==", "bm8="};
static const char *const types[] = {
    "kubernetes.io/dockerconfigjson", "kubernetes.io/dockerconfigjson",
    "kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg", "Opaque"};
static const char *const sources[] = {"src/regcred", "src/harbor", "src2/regcred", "a/x",
                                      "gone/regcred"};
static const struct str globs[] = {STR_INIT("a*"), STR_INIT("*b*"), STR_INIT("z"),
                                   STR_INIT("ab"), STR_INIT("src*")};
static const struct str annotated[] = {STR_INIT("src*")};

/* ---- a world ------------------------------------------------------------------------------- */

static void make_namespaces(struct choose *c, struct world *w) {
    static const char *const labels[] = {"", "team=x", "team=y", "team=x,old=1"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (!chance(c, 8))
            copies_namespace(&w->copies, places[i], ONE_OF(c, labels), chance(c, 8));
}

static void make_secret(struct choose *c, struct world *w) {
    static const char *const targets[] = {"*", "a*,z", "team=x", "!old", "B", ""};
    struct copies_secret s = {.namespace = ONE_OF(c, places), .name = ONE_OF(c, names)};
    s.type = ONE_OF(c, types);
    s.value = ONE_OF(c, values);
    if (chance(c, 4))
        s.more = ONE_OF(c, values);
    s.more_is_ours = chance(c, 2);
    s.immutable = chance(c, 6);
    s.deleting = chance(c, 12);
    s.unlabelled = chance(c, 8);
    s.of = choose(c, 2) ? ONE_OF(c, sources) : NULL;
    s.of_place = chance(c, 8) ? "b/other" : NULL;
    s.noted = chance(c, 8) ? "other" : NULL;
    s.sync_to = chance(c, 4) ? ONE_OF(c, targets) : NULL;
    s.commander = chance(c, 8) ? ONE_OF(c, targets) : NULL;
    s.without_data = chance(c, 16);
    copies_secret(&w->copies, &s);
}

static struct str before(const char *place) {
    return str_slice(str_of(place), 0, str_find(str_of(place), '/'));
}

static struct str behind(const char *place) {
    struct str s = str_of(place);
    return str_slice(s, str_find(s, '/') + 1, s.n);
}

static void make_request(struct choose *c, struct sync_request *r) {
    const char *source = ONE_OF(c, sources);
    size_t at = choose(c, sizeof globs / sizeof *globs);
    *r = (struct sync_request){.source_namespace = before(source),
                               .source_name = behind(source),
                               .name = str_of(ONE_OF(c, names)),
                               .everywhere = chance(c, 4),
                               .globs = &globs[at],
                               .n_globs = 1};
    r->n_globs += at + 1 < sizeof globs / sizeof *globs && chance(c, 2);
}

static void make_lists(struct choose *c, struct world *w) {
    for (size_t n = choose(c, REQUESTS_MAX + 1); w->state.n_requests < n;)
        make_request(c, &w->requests[w->state.n_requests++]);
    for (size_t n = chance(c, 3) ? 1 + choose(c, UNKNOWN_MAX) : 0; w->state.n_unknown < n;)
        w->unknown[w->state.n_unknown++] = (struct sync_unknown){
            chance(c, 3) ? STR_NONE : str_of(ONE_OF(c, places)),
            chance(c, 3) ? STR_NONE : str_of(ONE_OF(c, names)), STR("forbidden")};
    for (size_t i = 0; i < 2; i++)
        w->absent[w->state.n_absent++] = (struct sync_absence){
            i ? STR("src") : STR("gone"), STR("regcred"), NOW_S - (int64_t)choose(c, 100)};
    w->contest = (struct sync_contest){.namespace = str_of(ONE_OF(c, places)),
                                       .name = str_of(ONE_OF(c, names)),
                                       .until_s = NOW_S + 1};
    w->state.n_contests = chance(c, 4);
}

static void make_world(struct choose *c, struct world *w) {
    memset(w, 0, sizeof *w);
    w->arena = (struct arena)ARENA_INIT(4096, 1 << 24);
    copies_init(&w->copies);
    make_namespaces(c, w);
    for (uint32_t n = choose(c, 20); n-- > 0;)
        make_secret(c, w);
    make_lists(c, w);
    w->state.now_s = NOW_S;
    w->state.grace_s = 50;
    w->state.respect_value = chance(c, 2);
    w->state.annotated = annotated;
    w->state.n_annotated = 1;
    w->state.requests = w->requests;
    w->state.unknown = w->unknown;
    w->state.absent = w->absent;
    w->state.contests = &w->contest;
}

static void world_done(struct world *w) {
    copies_done(&w->copies);
    arena_done(&w->arena);
}

static void plan(struct world *w, struct sync_plan *out) {
    struct err err = ERR_INIT;
    copies_state(&w->copies, &w->state);
    if (sync_plan(out, &w->state, &w->arena, &err) != EC_OK) {
        fprintf(stderr, "no plan: %s\n", err.msg);
        abort();
    }
}

static void put_plan(struct buf *out, const struct sync_plan *p) {
    for (size_t i = 0; i < p->n; i++) {
        sync_explain(&p->v[i], NULL, out);
        buf_putc(out, '\n');
    }
}

/* ---- properties ---------------------------------------------------------------------------- */

static bool is_covered(const struct sync_request *r, const struct sync_namespace *ns) {
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    if (r->everywhere)
        return true;
    for (size_t i = 0; i < r->n_globs; i++)
        if (match_name(r->globs[i], ns->name, &meter))
            return true;
    return r->n_globs == 0 && match_labels(&r->selector, ns->labels, ns->n_labels, &meter);
}

static const struct sync_namespace *namespace_of(const struct world *w, struct str name) {
    for (size_t i = 0; i < w->copies.n_namespaces; i++)
        if (str_eq(w->copies.namespaces[i]->name, name))
            return w->copies.namespaces[i];
    return NULL;
}

/* By the annotation of a secret, in the plainest way. */
static bool asks_for(struct world *w, const struct sync_secret *s,
                     const struct sync_namespace *ns) {
    struct sync_request r = {.everywhere = false};
    struct err ignored = ERR_INIT;
    if (s->owner == SYNC_OURS || !str_starts(s->namespace, STR("src")))
        return false;
    if (s->commander.p != NULL &&
        (!w->state.respect_value || str_find(s->commander, '=') == s->commander.n))
        return true;
    if (s->commander.p != NULL &&
        sync_read_targets(&r, s->commander, &w->arena, &ignored) == EC_OK && is_covered(&r, ns))
        return true;
    r = (struct sync_request){.everywhere = false};
    ignored = (struct err)ERR_INIT;
    return s->sync_to.p != NULL &&
           sync_read_targets(&r, s->sync_to, &w->arena, &ignored) == EC_OK &&
           is_covered(&r, ns);
}

/* Whether something that is there asks for a copy at the place. */
static bool is_requested(struct world *w, const struct sync_action *a) {
    const struct sync_namespace *ns = namespace_of(w, a->namespace);
    for (size_t i = 0; i < w->state.n_requests; i++) {
        const struct sync_request *r = &w->requests[i];
        bool itself =
            str_eq(r->source_namespace, a->namespace) && str_eq(r->source_name, a->name);
        if (str_eq(r->name, a->name) && is_covered(r, ns) && !itself &&
            copies_find(&w->copies, r->source_namespace, r->source_name) != NULL)
            return true;
    }
    for (size_t i = 0; i < w->copies.n_secrets; i++) {
        const struct sync_secret *s = w->copies.secrets[i];
        if (str_eq(s->name, a->name) && !str_eq(s->namespace, a->namespace) &&
            asks_for(w, s, ns))
            return true;
    }
    return false;
}

static bool is_unknown(const struct world *w, struct str namespace, struct str name) {
    for (size_t i = 0; i < w->state.n_unknown; i++) {
        const struct sync_unknown *u = &w->unknown[i];
        if ((u->namespace.n == 0 || str_eq(u->namespace, namespace)) &&
            (u->name.n == 0 || str_eq(u->name, name)))
            return true;
    }
    return false;
}

static const char *check_action(struct world *w, const struct sync_action *a) {
    const struct sync_secret *there = copies_find(&w->copies, a->namespace, a->name);
    if (a->verb == SYNC_REPORT)
        return NULL;
    if (is_unknown(w, a->namespace, a->name))
        return "what is unknown is left alone";
    if (a->verb != SYNC_DELETE && a->source->fault.n != 0)
        return "what does not decode is not spread";
    if (a->verb != SYNC_DELETE && a->source->owner == SYNC_OURS)
        return "a copy is no source";
    if (a->verb == SYNC_DELETE && there != NULL &&
        is_unknown(w, there->source_namespace, there->source_name))
        return "nothing is pruned because its source is unknown";
    if (a->verb == SYNC_DELETE && is_requested(w, a))
        return "what is requested is not pruned";
    return NULL;
}

/* Does actions, all or some, in the order of the plan or from its end. */
static const char *apply_some(struct choose *c, struct world *w, const struct sync_plan *p,
                              uint32_t of) {
    bool backwards = choose(c, 2);
    for (size_t i = 0; i < p->n; i++) {
        const struct sync_action *a = &p->v[backwards ? p->n - 1 - i : i];
        if (of != 0 && choose(c, of) != 0)
            continue;
        const char *broken = copies_apply(&w->copies, a);
        if (broken != NULL)
            return broken;
    }
    return NULL;
}

static const char *check_end(struct world *w, struct sync_plan *p) {
    plan(w, p);
    for (size_t i = 0; i < p->n; i++)
        if (p->v[i].verb != SYNC_REPORT)
            return "applied, nothing is left to do";
    return NULL;
}

static void shuffle(struct choose *c, struct copies *copies) {
    for (size_t i = copies->n_secrets; i > 1; i--) {
        size_t k = choose(c, (uint32_t)i);
        struct sync_secret *s = copies->secrets[i - 1];
        copies->secrets[i - 1] = copies->secrets[k];
        copies->secrets[k] = s;
    }
    for (size_t i = copies->n_namespaces; i > 1; i--) {
        size_t k = choose(c, (uint32_t)i);
        struct sync_namespace *n = copies->namespaces[i - 1];
        copies->namespaces[i - 1] = copies->namespaces[k];
        copies->namespaces[k] = n;
    }
}

/* Of two at one place the later counts, so that the order does matter there. */
static void drop_doubles(struct copies *c) {
    for (size_t i = 0; i < c->n_secrets; i++)
        for (size_t k = c->n_secrets; k-- > i + 1;)
            if (str_eq(c->secrets[i]->namespace, c->secrets[k]->namespace) &&
                str_eq(c->secrets[i]->name, c->secrets[k]->name)) {
                sync_secret_free(c->secrets[k]);
                c->secrets[k] = c->secrets[--c->n_secrets];
            }
}

static const char *check_order(struct choose *c, struct world *w) {
    struct buf a = BUF_INIT(1 << 20), b = BUF_INIT(1 << 20);
    struct sync_plan p;
    plan(w, &p);
    put_plan(&a, &p);
    shuffle(c, &w->copies);
    plan(w, &p);
    put_plan(&b, &p);
    bool same = str_eq(buf_view(&a), buf_view(&b));
    buf_done(&a);
    buf_done(&b);
    return same ? NULL : "the order of the state does not matter";
}

static bool is_our_copy(const struct world *w, struct str namespace, struct str name) {
    const struct sync_secret *s = copies_find(&w->copies, namespace, name);
    return s != NULL && s->owner == SYNC_OURS;
}

/* Copies that are sources, by hand or by rules that name one: each plan ends one link. */
static bool has_chain(const struct world *w) {
    for (size_t i = 0; i < w->state.n_requests; i++)
        if (is_our_copy(w, w->requests[i].source_namespace, w->requests[i].source_name))
            return true;
    for (size_t i = 0; i < w->copies.n_secrets; i++) {
        const struct sync_secret *s = w->copies.secrets[i];
        if (s->owner == SYNC_OURS && (s->sync_to.p != NULL || s->commander.p != NULL ||
                                      is_our_copy(w, s->source_namespace, s->source_name)))
            return true;
    }
    return false;
}

static const char *hold(struct choose *c, struct world *w) {
    struct sync_plan p;
    drop_doubles(&w->copies);
    uint32_t more = has_chain(w) ? 3 : 0;
    const char *broken = check_order(c, w);
    plan(w, &p);
    for (size_t i = 0; i < p.n && broken == NULL; i++)
        broken = check_action(w, &p.v[i]);
    if (p.n_current > p.n_wanted)
        return "what is current is wanted";
    /* interrupted twice, then to the end: actions of a plan borrow from its state */
    for (uint32_t of = 3; of > 0 && broken == NULL; of--) {
        broken = apply_some(c, w, &p, of == 1 ? 0 : of);
        plan(w, &p);
    }
    more = has_chain(w) ? 3 : more;
    for (; more > 0 && broken == NULL; more--) {
        broken = apply_some(c, w, &p, 0);
        plan(w, &p);
    }
    return broken != NULL ? broken : check_end(w, &p);
}

static void show(uint64_t seed, struct world *w, const char *broken) {
    struct buf text = BUF_INIT(1 << 20);
    struct sync_plan p;
    plan(w, &p);
    put_plan(&text, &p);
    fprintf(stderr, "seed %llu: not so: %s; what is planned now:\n%.*s",
            (unsigned long long)seed, broken, STR_ARG(buf_view(&text)));
    buf_done(&text);
}

static bool run_round(uint64_t seed, struct world *w) {
    struct choose c = {.state = seed};
    make_world(&c, w);
    const char *broken = hold(&c, w);
    if (broken != NULL)
        show(seed, w, broken);
    world_done(w);
    return broken == NULL;
}

int main(int argc, char **argv) {
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    static struct world w;
    unsigned failed = 0;
    for (unsigned long i = 0; i < count; i++)
        failed += !run_round(seed + i, &w);
    printf("%lu clusters, %u failed\n", count, failed);
    return failed != 0 || count == 0;
}
