#include "syncd/plan.h"

#include "base/clock.h"
#include "base/log.h"
#include "syncd/calls.h"

#include <malloc.h>

enum { PLAN_BLOCK = 1 << 20, PLAN_MAX = 1 << 30 };
/* Changes come in groups. A plan that takes long is made less often, so that it takes a fifth of a processor. */
enum { GROUP_MS = 10, REST_FACTOR = 4, TRIM_BYTES = 4 << 20 };
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* A state, while it is gathered in the arena. */
struct gathering {
    struct daemon *d;
    struct arena *arena;
    struct sync_state *state;
};

/* ---- the state ------------------------------------------------------------------------------- */

static size_t count_secrets(const struct daemon *d) {
    size_t n = 0;
    for (const struct feed *f = d->feeds.first; f != NULL; f = f->next)
        n += f->kind == FEED_NAMESPACES ? 0 : f->store.n;
    return n;
}

static bool gather_secrets(struct gathering *g) {
    size_t n = 0;
    struct sync_secret *v = ARENA_ARRAY(g->arena, struct sync_secret, count_secrets(g->d));
    if (v == NULL)
        return false;
    for (const struct feed *f = g->d->feeds.first; f != NULL; f = f->next)
        for (size_t i = 0; f->kind != FEED_NAMESPACES && i < f->store.n; i++)
            v[n++] = *f->store.v[i].secret;
    g->state->secrets = v;
    g->state->n_secrets = n;
    return true;
}

static bool gather_namespaces(struct gathering *g) {
    const struct feed *f = feeds_find(&g->d->feeds, FEED_NAMESPACES, STR_NONE, STR_NONE);
    struct sync_namespace *v = ARENA_ARRAY(g->arena, struct sync_namespace, f->store.n);
    for (size_t i = 0; v != NULL && i < f->store.n; i++)
        v[i] = *f->store.v[i].namespace;
    g->state->namespaces = v;
    g->state->n_namespaces = f->store.n;
    return v != NULL;
}

static bool gather_annotated(struct gathering *g) {
    const struct opt_list *names = &g->d->options->annotated;
    struct str *v = ARENA_ARRAY(g->arena, struct str, names->n);
    for (size_t i = 0; v != NULL && i < names->n; i++)
        v[i] = str_of(names->v[i]);
    g->state->annotated = v;
    g->state->n_annotated = names->n;
    return v != NULL;
}

static size_t count_feeds(const struct daemon *d) {
    size_t n = 0;
    for (const struct feed *f = d->feeds.first; f != NULL; f = f->next)
        n++;
    return n;
}

static bool gather_unknown(struct gathering *g) {
    size_t n = 0;
    struct sync_unknown *v = ARENA_ARRAY(g->arena, struct sync_unknown, count_feeds(g->d));
    if (v == NULL)
        return false;
    for (const struct feed *f = g->d->feeds.first; f != NULL; f = f->next) {
        const struct err *err = kube_watch_error(f->watch);
        if (f->kind == FEED_NAMESPACES || f->kind == FEED_MARKED || feeds_is_known(f))
            continue;
        v[n++] = (struct sync_unknown){.namespace = str_of(f->namespace),
                                       .name = str_of(f->name),
                                       .why = err->code == EC_OK ? STR("not listed yet")
                                                                 : str_of(err->msg)};
    }
    g->state->unknown = v;
    g->state->n_unknown = n;
    return true;
}

static bool gather_contests(struct gathering *g) {
    const struct places *p = &g->d->places;
    size_t n = 0;
    struct sync_contest *v = ARENA_ARRAY(g->arena, struct sync_contest, p->n);
    for (size_t i = 0; v != NULL && i < p->n; i++)
        if (p->v[i]->contest.n != 0)
            v[n++] = p->v[i]->contest;
    g->state->contests = v;
    g->state->n_contests = n;
    return v != NULL;
}

static bool gather(struct gathering *g) {
    struct daemon *d = g->d;
    *g->state = (struct sync_state){.now_s = clock_wall_s(),
                                    .grace_s = (int64_t)(d->options->grace_ms / 1000),
                                    .respect_value = d->options->respect_value,
                                    .requests = d->requests,
                                    .n_requests = d->n_requests,
                                    .absent = d->absences.v,
                                    .n_absent = d->absences.n};
    return gather_secrets(g) && gather_namespaces(g) && gather_annotated(g) &&
           gather_unknown(g) && gather_contests(g);
}

/* ---- absent sources -------------------------------------------------------------------------- */

static void note_if_absent(struct daemon *d, struct str namespace, struct str name,
                           int64_t now_s) {
    const struct feed *f = feeds_of_source(d, namespace, name);
    if (f != NULL && feeds_is_known(f) && store_find(&f->store, namespace, name) == NULL)
        absences_note(&d->absences, namespace, name, now_s);
}

/* Since when a source is absent is known only if it is noted each time. */
static void note_absences(struct daemon *d, int64_t now_s) {
    absences_begin(&d->absences);
    for (size_t i = 0; i < d->n_requests; i++)
        note_if_absent(d, d->requests[i].source_namespace, d->requests[i].source_name, now_s);
    for (const struct feed *f = d->feeds.first; f != NULL; f = f->next)
        for (size_t i = 0; f->kind == FEED_COPIES && i < f->store.n; i++) {
            const struct sync_secret *s = f->store.v[i].secret;
            if (s->owner == SYNC_OURS)
                note_if_absent(d, s->source_namespace, s->source_name, now_s);
        }
    for (const struct feed *f = d->feeds.first; f != NULL; f = f->next)
        if (!feeds_is_known(f))
            absences_keep(&d->absences, str_of(f->namespace), str_of(f->name));
    absences_end(&d->absences);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static enum ec act(struct daemon *d, const struct sync_plan *plan, int64_t now_s,
                   struct err *err) {
    reports_begin(&d->reports);
    for (size_t i = 0; i < plan->n; i++) {
        const struct sync_action *a = &plan->v[i];
        if (a->verb == SYNC_REPORT)
            reports_note(d, a);
        else if (calls_act(d, a, now_s, err) != EC_OK)
            return err->code;
    }
    reports_end(&d->reports);
    return EC_OK;
}

static void note_time(struct daemon *d, int64_t begun_ns, const struct sync_plan *plan,
                      int64_t now_s) {
    int64_t now_ns = clock_mono_ns();
    int64_t wait_s = plan->next_s == INT64_MAX ? INT64_MAX : plan->next_s - now_s;
    d->plan_not_before_ns = now_ns + GROUP_MS * NS_PER_MS + REST_FACTOR * (now_ns - begun_ns);
    if (wait_s < INT32_MAX) {
        int64_t due_ns = now_ns + (wait_s < 1 ? 1 : wait_s) * NS_PER_S;
        d->plan_due_ns = due_ns < d->plan_due_ns ? due_ns : d->plan_due_ns;
    }
}

static enum ec plan_and_act(struct daemon *d, struct arena *arena, struct err *err) {
    struct sync_state state;
    struct sync_plan plan;
    struct gathering g = {.d = d, .arena = arena, .state = &state};
    int64_t begun_ns = clock_mono_ns();
    if (!gather(&g))
        return arena_fail(arena, err);
    if (sync_plan(&plan, &state, arena, err) != EC_OK)
        return err_wrap(err, "plan");
    d->dirty = d->more = false;
    d->plan_due_ns = INT64_MAX;
    enum ec ec = act(d, &plan, state.now_s, err);
    figures_note_plan(&d->figures, &plan, state.now_s);
    note_time(d, begun_ns, &plan, state.now_s);
    return ec;
}

static bool is_due(const struct daemon *d, int64_t now_ns) {
    const struct feed *f = feeds_find(&d->feeds, FEED_NAMESPACES, STR_NONE, STR_NONE);
    if (d->draining || f == NULL || !feeds_is_known(f) || now_ns < d->plan_not_before_ns)
        return false;
    if (d->more)
        return d->in_progress <= PLAN_CALLS_LOW;
    return d->dirty || now_ns >= d->plan_due_ns;
}

enum ec plan_run(struct daemon *d, struct err *err) {
    int64_t now_ns = clock_mono_ns(), now_s = clock_wall_s();
    if (!is_due(d, now_ns))
        return EC_OK;
    if (feeds_update(d, err) != EC_OK)
        return err->code;
    places_sweep(&d->places, now_ns, now_s);
    note_absences(d, now_s);
    struct arena arena = ARENA_INIT(PLAN_BLOCK, PLAN_MAX);
    enum ec ec = plan_and_act(d, &arena, err);
    bool large = arena.used_bytes > TRIM_BYTES;
    arena_done(&arena);
    if (large)
        malloc_trim(0);
    return ec;
}

int64_t plan_next_ns(const struct daemon *d) {
    if (d->draining)
        return INT64_MAX;
    if (d->dirty && !d->more)
        return d->plan_not_before_ns;
    if (d->more && d->in_progress <= PLAN_CALLS_LOW)
        return d->plan_not_before_ns;
    return d->plan_due_ns > d->plan_not_before_ns ? d->plan_due_ns : d->plan_not_before_ns;
}
