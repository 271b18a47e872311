/* From a state to actions: each namespace's Secrets beside what is wanted there, both sorted by name. */
#include "sync/internal.h"

#include <stdlib.h>

/* ---- actions -------------------------------------------------------------------------- */

enum ec sync_add_action(struct sync_work *w, struct sync_action action) {
    if (w->n_actions == w->cap_actions) {
        size_t cap = w->cap_actions != 0 ? 2 * w->cap_actions : 64;
        struct sync_action *grown = ARENA_ARRAY(w->arena, struct sync_action, cap);
        if (grown == NULL)
            return arena_fail(w->arena, w->err);
        if (w->n_actions != 0)
            memcpy(grown, w->actions, w->n_actions * sizeof *grown);
        w->actions = grown;
        w->cap_actions = cap;
    }
    w->actions[w->n_actions++] = action;
    return EC_OK;
}

static void wake_at(struct sync_work *w, int64_t at_s) {
    if (at_s < w->plan->next_s)
        w->plan->next_s = at_s;
}

static int compare_requests(const struct sync_request *a, const struct sync_request *b) {
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    int order = str_cmp(a->source_namespace, b->source_namespace);
    if (order == 0)
        order = str_cmp(a->source_name, b->source_name);
    return order != 0 ? order : (int)a->origin - (int)b->origin;
}

/* The order of a plan, and what is one thing to do or to mend. */
static int compare_things(const struct sync_action *a, const struct sync_action *b) {
    int order = str_cmp(a->namespace, b->namespace);
    if (order == 0)
        order = str_cmp(a->name, b->name);
    if (order == 0)
        order = (int)a->verb - (int)b->verb;
    if (order == 0)
        order = (int)a->reason - (int)b->reason;
    if (order == 0)
        order = str_cmp(a->text, b->text);
    return order != 0 ? order : compare_requests(a->other, b->other);
}

/* Of one thing, the first request stays. */
static int compare_actions(const void *pa, const void *pb) {
    const struct sync_action *a = pa, *b = pb;
    int order = compare_things(a, b);
    if (order == 0)
        order = compare_requests(a->request, b->request);
    if (order == 0 && a->request != NULL && b->request != NULL)
        order = str_cmp(a->request->name, b->request->name);
    return order;
}

/* One for each thing to mend: two requests may have the same source. */
static void end_actions(struct sync_work *w) {
    size_t kept = 0;
    if (w->n_actions != 0)
        qsort(w->actions, w->n_actions, sizeof *w->actions, compare_actions);
    for (size_t i = 0; i < w->n_actions; i++)
        if (kept == 0 || compare_things(&w->actions[kept - 1], &w->actions[i]) != 0)
            w->actions[kept++] = w->actions[i];
    w->plan->v = w->actions;
    w->plan->n = kept;
    for (size_t i = 0; i < kept; i++)
        w->plan->counts[w->actions[i].reason]++;
}

/* ---- a copy that is wanted ------------------------------------------------------------- */

struct place { /* of a copy */
    const struct sync_namespace *namespace;
    struct str name;
    const struct sync_secret *there; /* NULL: nothing */
};

static enum ec act(struct sync_work *w, const struct place *at, const struct sync_want *want,
                   enum sync_verb verb, enum sync_reason reason) {
    return sync_add_action(
        w, (struct sync_action){.verb = verb,
                                .reason = reason,
                                .namespace = at->namespace->name,
                                .name = at->name,
                                .copy = at->there,
                                .source = want != NULL ? want->source : NULL,
                                .request = want != NULL ? want->request : NULL});
}

/* Whether it has all keys of the source with their values, and no other that is ours. */
static bool has_content(const struct sync_secret *copy, const struct sync_secret *source) {
    size_t i = 0, k = 0;
    if (strcmp(copy->content, source->content) == 0)
        return true;
    while (i < copy->n_keys || k < source->n_keys) {
        int order = i == copy->n_keys     ? 1
                    : k == source->n_keys ? -1
                                          : str_cmp(copy->keys[i].key, source->keys[k].key);
        if (order > 0 || (order < 0 && copy->keys[i].ours) ||
            (order == 0 && strcmp(copy->keys[i].sha256, source->keys[k].sha256) != 0))
            return false;
        i += order <= 0;
        k += order >= 0;
    }
    return true;
}

static bool is_of(const struct sync_secret *copy, const struct sync_request *r) {
    return str_eq(copy->source_namespace, r->source_namespace) &&
           str_eq(copy->source_name, r->source_name);
}

struct step {
    enum sync_verb verb;
    enum sync_reason reason;
    bool is_none;
};

static struct step step_of(const struct sync_secret *copy, const struct sync_want *want) {
    const struct sync_secret *source = want->source;
    if (copy == NULL)
        return (struct step){SYNC_APPLY, SYNC_MISSING, false};
    if (copy->owner != SYNC_OURS)
        return (struct step){SYNC_REPORT, SYNC_FOREIGN_SECRET, false};
    if (copy->deleting)
        return (struct step){SYNC_REPORT, SYNC_DELETING, false};
    if (!str_eq(copy->type, source->type))
        return (struct step){SYNC_RECREATE, SYNC_TYPE, false};
    if (!has_content(copy, source))
        return copy->immutable ? (struct step){SYNC_RECREATE, SYNC_IMMUTABLE, false}
                               : (struct step){SYNC_APPLY, SYNC_CONTENT, false};
    if (!is_of(copy, want->request))
        return (struct step){SYNC_APPLY, SYNC_MOVED, false};
    if (!copy->labelled || !str_eq(copy->noted, str_of(source->content)))
        return (struct step){SYNC_APPLY, SYNC_MARKS, false};
    return (struct step){.is_none = true};
}

static int64_t contested_until(const struct sync_work *w, const struct place *at) {
    const struct sync_spot *spot = sync_spots_find(&w->contests, at->namespace->name, at->name);
    return spot != NULL ? w->state->contests[spot->at].until_s : INT64_MIN;
}

static enum ec wait_until(struct sync_work *w, const struct place *at,
                          const struct sync_want *want, enum sync_reason reason,
                          int64_t until_s) {
    enum ec ec = act(w, at, want, SYNC_REPORT, reason);
    if (ec == EC_OK)
        w->actions[w->n_actions - 1].until_s = until_s;
    wake_at(w, until_s);
    return ec;
}

static enum ec fill(struct sync_work *w, const struct place *at, const struct sync_want *want) {
    struct step step = step_of(at->there, want);
    int64_t until_s = contested_until(w, at);
    w->plan->n_wanted += !at->namespace->terminating;
    if (step.is_none) {
        w->plan->n_current += !at->namespace->terminating;
        return EC_OK;
    }
    if (step.verb != SYNC_REPORT && at->namespace->terminating)
        return act(w, at, want, SYNC_REPORT, SYNC_TERMINATING);
    if (step.verb != SYNC_REPORT && until_s > w->state->now_s)
        return wait_until(w, at, want, SYNC_CONTESTED, until_s);
    return act(w, at, want, step.verb, step.reason);
}

/* ---- a copy that is not wanted, or whose source is not there ----------------------------- */

/* Of a source that is absent: kept for a while, since it may be made anew. */
static enum ec let_go(struct sync_work *w, const struct place *at,
                      const struct sync_want *want) {
    const struct sync_secret *copy = at->there;
    const struct sync_spot *spot =
        sync_spots_find(&w->absent, copy->source_namespace, copy->source_name);
    int64_t since_s = spot != NULL ? w->state->absent[spot->at].since_s : w->state->now_s;
    int64_t until_s = since_s + w->state->grace_s;
    if (w->state->now_s < until_s)
        return wait_until(w, at, want, SYNC_KEPT, until_s);
    return act(w, at, want, SYNC_DELETE, SYNC_SOURCE_GONE);
}

static enum ec leave(struct sync_work *w, const struct place *at) {
    const struct sync_secret *copy = at->there;
    if (copy->owner != SYNC_OURS || copy->deleting || at->namespace->terminating)
        return EC_OK;
    if (sync_find_unknown(w, copy->namespace, copy->name) != NULL ||
        sync_find_unknown(w, copy->source_namespace, copy->source_name) != NULL ||
        sync_spots_find(&w->unclear, copy->source_namespace, copy->source_name) != NULL)
        return EC_OK;
    if (sync_spots_find(&w->secrets, copy->source_namespace, copy->source_name) == NULL)
        return let_go(w, at, NULL);
    return act(w, at, NULL, SYNC_DELETE, SYNC_UNREQUESTED);
}

/* Its source cannot be spread: what is there stays, unless it was that source's and it is gone. */
static enum ec hold(struct sync_work *w, const struct place *at, const struct sync_want *want) {
    const struct sync_secret *there = at->there;
    if (want->state != WANT_MISSING || there == NULL || there->owner != SYNC_OURS ||
        there->deleting || at->namespace->terminating || !is_of(there, want->request))
        return EC_OK;
    return let_go(w, at, want);
}

/* ---- one namespace ---------------------------------------------------------------------- */

static bool is_source_itself(const struct place *at, const struct sync_request *r) {
    return str_eq(r->source_namespace, at->namespace->name) && str_eq(r->source_name, at->name);
}

static enum ec report_conflict(struct sync_work *w, const struct place *at,
                               const struct sync_want *first, const struct sync_want *other) {
    const struct sync_request *a = first->request, *b = other->request;
    if (str_eq(a->source_namespace, b->source_namespace) &&
        str_eq(a->source_name, b->source_name))
        return EC_OK;
    enum ec ec = act(w, at, first, SYNC_REPORT, SYNC_CONFLICT);
    if (ec == EC_OK)
        w->actions[w->n_actions - 1].other = b;
    return ec;
}

static enum ec satisfy(struct sync_work *w, const struct place *at,
                       const struct sync_want *want) {
    if (is_source_itself(at, want->request) ||
        sync_find_unknown(w, at->namespace->name, at->name) != NULL)
        return EC_OK;
    return want->state == WANT_READY ? fill(w, at, want) : hold(w, at, want);
}

/* The first that covers the namespace; one whose source is absent only if there is no other. */
static const struct sync_want *choose_want(const struct sync_work *w, const struct place *at,
                                           size_t from, size_t to) {
    const struct sync_want *absent = NULL;
    for (size_t i = from; i < to; i++) {
        const struct sync_want *want = &w->wants[i];
        if (!sync_want_covers(want, at->namespace))
            continue;
        if (want->state != WANT_MISSING)
            return want;
        absent = absent == NULL ? want : absent;
    }
    return absent;
}

/* Wants of one name. */
static enum ec take_name(struct sync_work *w, const struct place *at, size_t from, size_t to) {
    const struct sync_want *chosen = choose_want(w, at, from, to);
    if (chosen == NULL)
        return at->there != NULL ? leave(w, at) : EC_OK;
    enum ec ec = satisfy(w, at, chosen);
    for (size_t i = from; i < to && ec == EC_OK; i++)
        if (&w->wants[i] != chosen && w->wants[i].state != WANT_MISSING &&
            sync_want_covers(&w->wants[i], at->namespace))
            ec = report_conflict(w, at, chosen, &w->wants[i]);
    return ec;
}

struct range { /* of sorted Secrets */
    size_t at, end;
};

static const struct sync_secret *secret_at(const struct sync_work *w, size_t i) {
    return &w->state->secrets[w->secrets.v[i].at];
}

/* Those before the name are wanted by nobody; *there is the one of the name. */
static enum ec pass_to(struct sync_work *w, const struct sync_namespace *ns, struct range *r,
                       const struct str *name, const struct sync_secret **there) {
    *there = NULL;
    for (; r->at < r->end; r->at++) {
        const struct sync_secret *s = secret_at(w, r->at);
        int order = name != NULL ? str_cmp(s->name, *name) : -1;
        if (order > 0)
            return EC_OK;
        if (order == 0) {
            *there = s;
            r->at++;
            return EC_OK;
        }
        const struct place at = {ns, s->name, s};
        enum ec ec = leave(w, &at);
        if (ec != EC_OK)
            return ec;
    }
    return EC_OK;
}

static size_t end_of_name(const struct sync_work *w, size_t from) {
    size_t to = from + 1;
    while (to < w->n_wants && str_eq(w->wants[to].request->name, w->wants[from].request->name))
        to++;
    return to;
}

static enum ec take_namespace(struct sync_work *w, const struct sync_namespace *ns,
                              struct range range) {
    const struct sync_secret *there;
    for (size_t from = 0, to; from < w->n_wants; from = to) {
        struct str name = w->wants[from].request->name;
        to = end_of_name(w, from);
        enum ec ec = pass_to(w, ns, &range, &name, &there);
        const struct place at = {ns, name, there};
        if (ec == EC_OK)
            ec = take_name(w, &at, from, to);
        if (ec != EC_OK)
            return ec;
    }
    return pass_to(w, ns, &range, NULL, &there);
}

/* ---- all of them ------------------------------------------------------------------------ */

static struct range secrets_of(const struct sync_work *w, struct str namespace, size_t from) {
    struct range r = {from, from};
    while (r.at < w->secrets.n && str_cmp(w->secrets.v[r.at].namespace, namespace) < 0)
        r.at++;
    r.end = r.at;
    while (r.end < w->secrets.n && str_eq(w->secrets.v[r.end].namespace, namespace))
        r.end++;
    return r;
}

static bool make_spots(struct sync_work *w, struct sync_spots *out, size_t n) {
    out->v = ARENA_ARRAY(w->arena, struct sync_spot, n);
    out->n = n;
    return out->v != NULL;
}

#define SORT_BY_PLACE(w, spots, list, count)                                                   \
    do {                                                                                       \
        for (size_t i = 0; i < (count); i++)                                                   \
            (spots)->v[i] = (struct sync_spot){(list)[i].namespace, (list)[i].name, i};        \
        sync_spots_sort(spots);                                                                \
    } while (0)

static enum ec sort_state(struct sync_work *w) {
    const struct sync_state *s = w->state;
    if (!make_spots(w, &w->secrets, s->n_secrets) || !make_spots(w, &w->absent, s->n_absent) ||
        !make_spots(w, &w->contests, s->n_contests) ||
        !make_spots(w, &w->unknown, s->n_unknown))
        return arena_fail(w->arena, w->err);
    SORT_BY_PLACE(w, &w->secrets, s->secrets, s->n_secrets);
    SORT_BY_PLACE(w, &w->absent, s->absent, s->n_absent);
    SORT_BY_PLACE(w, &w->contests, s->contests, s->n_contests);
    SORT_BY_PLACE(w, &w->unknown, s->unknown, s->n_unknown);
    return EC_OK;
}

/* Sources whose annotation cannot be read: it may ask for any copy of theirs. */
static enum ec sort_unclear(struct sync_work *w) {
    if (!make_spots(w, &w->unclear, w->n_wants))
        return arena_fail(w->arena, w->err);
    w->unclear.n = 0;
    for (size_t i = 0; i < w->n_wants; i++) {
        const struct sync_request *r = w->wants[i].request;
        if (w->wants[i].unclear)
            w->unclear.v[w->unclear.n++] =
                (struct sync_spot){r->source_namespace, r->source_name, i};
    }
    sync_spots_sort(&w->unclear);
    return EC_OK;
}

static enum ec take_namespaces(struct sync_work *w) {
    struct sync_spots sorted;
    size_t from = 0;
    if (!make_spots(w, &sorted, w->state->n_namespaces))
        return arena_fail(w->arena, w->err);
    for (size_t i = 0; i < sorted.n; i++)
        sorted.v[i] = (struct sync_spot){w->state->namespaces[i].name, STR_NONE, i};
    sync_spots_sort(&sorted);
    for (size_t i = 0; i < sorted.n; i++) {
        struct range range = secrets_of(w, sorted.v[i].namespace, from);
        from = range.end;
        enum ec ec = take_namespace(w, &w->state->namespaces[sorted.v[i].at], range);
        if (ec != EC_OK)
            return ec;
    }
    return EC_OK;
}

static enum ec report_unknown(struct sync_work *w) {
    for (size_t i = 0; i < w->unknown.n; i++) {
        const struct sync_unknown *u = &w->state->unknown[w->unknown.v[i].at];
        enum ec ec = sync_add_action(w, (struct sync_action){.verb = SYNC_REPORT,
                                                             .reason = SYNC_NOT_READ,
                                                             .namespace = u->namespace,
                                                             .name = u->name,
                                                             .text = u->why});
        if (ec != EC_OK)
            return ec;
    }
    return EC_OK;
}

enum ec sync_plan(struct sync_plan *out, const struct sync_state *state, struct arena *arena,
                  struct err *err) {
    struct sync_work w = {.state = state, .arena = arena, .err = err, .plan = out};
    *out = (struct sync_plan){.next_s = INT64_MAX};
    enum ec ec = sort_state(&w);
    if (ec == EC_OK)
        ec = sync_find_wants(&w);
    if (ec == EC_OK)
        ec = sort_unclear(&w);
    if (ec == EC_OK)
        ec = report_unknown(&w);
    if (ec == EC_OK)
        ec = take_namespaces(&w);
    if (ec == EC_OK)
        end_actions(&w);
    return ec;
}

size_t sync_plan_n_open(const struct sync_plan *p) {
    static const enum sync_reason waiting[] = {SYNC_TERMINATING, SYNC_DELETING, SYNC_KEPT};
    size_t n = p->n;
    for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++)
        n -= p->counts[waiting[i]];
    return n;
}
