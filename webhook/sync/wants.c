/* Requests, of rule files and of annotations, with the sources that they name. */
#include "sync/internal.h"

#include "credentials/credentials.h"

#include <stdlib.h>

/* ---- what is known of a source ---------------------------------------------------------- */

const struct sync_unknown *sync_find_unknown(const struct sync_work *w, struct str namespace,
                                             struct str name) {
    const struct str namespaces[] = {namespace, namespace, STR_NONE, STR_NONE},
                     names[] = {name, STR_NONE, name, STR_NONE};
    for (size_t i = 0; i < 4 && w->unknown.n != 0; i++) {
        const struct sync_spot *spot = sync_spots_find(&w->unknown, namespaces[i], names[i]);
        if (spot != NULL)
            return &w->state->unknown[spot->at];
    }
    return NULL;
}

static const struct sync_secret *find_source(const struct sync_work *w,
                                             const struct sync_request *r) {
    const struct sync_spot *spot =
        sync_spots_find(&w->secrets, r->source_namespace, r->source_name);
    return spot != NULL ? &w->state->secrets[spot->at] : NULL;
}

/* Why the source must not be spread; empty: it may. */
static struct str fault_of(const struct sync_secret *s, enum sync_origin origin) {
    if (origin == SYNC_BY_RULE && !sync_is_pull_secret(s->type))
        return STR("its type is neither " CREDENTIALS_TYPE_JSON " nor " CREDENTIALS_TYPE_CFG
                   ", and the kubelet ignores all others");
    if (str_eq(s->type, STR("kubernetes.io/service-account-token")))
        return STR("it is the token of a ServiceAccount");
    return s->fault;
}

static enum ec report(struct sync_work *w, const struct sync_request *r,
                      enum sync_reason reason, struct str text) {
    return sync_add_action(w, (struct sync_action){.verb = SYNC_REPORT,
                                                   .reason = reason,
                                                   .namespace = r->source_namespace,
                                                   .name = r->source_name,
                                                   .request = r,
                                                   .text = text});
}

static enum ec judge_source(struct sync_work *w, struct sync_want *want) {
    const struct sync_request *r = want->request;
    const struct sync_secret *s = find_source(w, r);
    const struct sync_unknown *unknown =
        sync_find_unknown(w, r->source_namespace, r->source_name);
    want->state = WANT_HELD;
    if (unknown != NULL)
        return EC_OK; /* which is reported by itself */
    if (s == NULL) {
        want->state = WANT_MISSING;
        return report(w, r, SYNC_SOURCE_MISSING, STR_NONE);
    }
    if (s->owner == SYNC_OURS)
        return report(w, r, SYNC_SOURCE_COPY, STR_NONE);
    struct str fault = fault_of(s, r->origin);
    if (fault.n != 0)
        return report(w, r, SYNC_SOURCE_REFUSED, fault);
    if (!s->has_data)
        return report(w, r, SYNC_NOT_READ, STR("its data was not read"));
    want->source = s;
    want->state = WANT_READY;
    return EC_OK;
}

/* ---- the list ------------------------------------------------------------------------- */

static enum ec add_want(struct sync_work *w, const struct sync_request *r, bool unclear) {
    if (w->n_wants == w->cap_wants) {
        size_t cap = w->cap_wants != 0 ? 2 * w->cap_wants : 16;
        struct sync_want *grown = ARENA_ARRAY(w->arena, struct sync_want, cap);
        if (grown == NULL)
            return arena_fail(w->arena, w->err);
        if (w->n_wants != 0)
            memcpy(grown, w->wants, w->n_wants * sizeof *grown);
        w->wants = grown;
        w->cap_wants = cap;
    }
    struct sync_want *want = &w->wants[w->n_wants++];
    *want = (struct sync_want){.request = r, .state = WANT_HELD, .unclear = unclear};
    return unclear ? EC_OK : judge_source(w, want);
}

static int compare_names(const void *a, const void *b) {
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Names without a star are searched, so that a rule may list thousands. */
static enum ec split_globs(struct sync_work *w, struct sync_want *want) {
    const struct sync_request *r = want->request;
    size_t n = r->everywhere ? 0 : r->n_globs;
    want->names = ARENA_ARRAY(w->arena, struct str, n);
    want->globs = ARENA_ARRAY(w->arena, struct str, n);
    if (want->names == NULL || want->globs == NULL)
        return arena_fail(w->arena, w->err);
    for (size_t i = 0; i < n; i++) {
        if (str_find(r->globs[i], '*') < r->globs[i].n)
            want->globs[want->n_globs++] = r->globs[i];
        else
            want->names[want->n_names++] = r->globs[i];
    }
    if (want->n_names != 0)
        qsort(want->names, want->n_names, sizeof *want->names, compare_names);
    return EC_OK;
}

static bool matches_glob(const struct sync_want *want, struct str name) {
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    if (want->n_names != 0 &&
        bsearch(&name, want->names, want->n_names, sizeof name, compare_names) != NULL)
        return true;
    for (size_t i = 0; i < want->n_globs; i++)
        if (match_name(want->globs[i], name, &meter))
            return true;
    return false;
}

bool sync_want_covers(const struct sync_want *want, const struct sync_namespace *namespace) {
    const struct sync_request *r = want->request;
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    if (want->unclear)
        return false;
    if (r->everywhere)
        return true;
    if (r->n_globs != 0)
        return matches_glob(want, namespace->name);
    return match_labels(&r->selector, namespace->labels, namespace->n_labels, &meter);
}

/* ---- annotations ------------------------------------------------------------------------ */

static bool may_ask(const struct sync_state *state, struct str namespace) {
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    for (size_t i = 0; i < state->n_annotated; i++)
        if (match_name(state->annotated[i], namespace, &meter))
            return true;
    return false;
}

/* Any value means every namespace, as for Commander; a selector is one if that was asked for. */
static enum ec read_value(struct sync_work *w, struct sync_request *r, struct str value) {
    r->everywhere = true;
    if (r->origin == SYNC_BY_COMMANDER &&
        (!w->state->respect_value || str_find(value, '=') == value.n))
        return EC_OK;
    r->everywhere = false;
    return sync_read_targets(r, value, w->arena, w->err);
}

static enum ec add_unclear(struct sync_work *w, const struct sync_request *r) {
    char text[sizeof w->err->msg + 32];
    struct buf b = BUF_OVER(text, sizeof text);
    struct str kept;
    buf_printf(&b, "byte %zu: %s", w->err->offset, w->err->msg);
    if (!arena_str(w->arena, buf_view(&b), &kept))
        return arena_fail(w->arena, w->err);
    *w->err = (struct err)ERR_INIT;
    enum ec ec = add_want(w, r, true);
    return ec != EC_OK ? ec : report(w, r, SYNC_BAD_ANNOTATION, kept);
}

static enum ec add_annotation(struct sync_work *w, const struct sync_secret *s,
                              enum sync_origin origin) {
    struct str value = origin == SYNC_BY_COMMANDER ? s->commander : s->sync_to;
    if (value.p == NULL)
        return EC_OK;
    struct sync_request *r = ARENA_NEW(w->arena, struct sync_request);
    if (r == NULL)
        return arena_fail(w->arena, w->err);
    *r = (struct sync_request){.source_namespace = s->namespace,
                               .source_name = s->name,
                               .name = s->name,
                               .origin = origin};
    if (!may_ask(w->state, s->namespace))
        return report(w, r, SYNC_NOT_COUNTED, STR_NONE);
    enum ec ec = read_value(w, r, value);
    if (ec == EC_SYNTAX)
        return add_unclear(w, r);
    return ec != EC_OK ? ec : add_want(w, r, false);
}

static int compare_wants(const void *pa, const void *pb) {
    const struct sync_request *a = ((const struct sync_want *)pa)->request,
                              *b = ((const struct sync_want *)pb)->request;
    int order = str_cmp(a->name, b->name);
    if (order == 0)
        order = (a->origin > b->origin) - (a->origin < b->origin);
    if (order == 0)
        order = str_cmp(a->source_namespace, b->source_namespace);
    return order != 0 ? order : str_cmp(a->source_name, b->source_name);
}

enum ec sync_find_wants(struct sync_work *w) {
    enum ec ec = EC_OK;
    for (size_t i = 0; i < w->state->n_requests && ec == EC_OK; i++)
        ec = add_want(w, &w->state->requests[i], false);
    for (size_t i = 0; i < w->secrets.n && ec == EC_OK; i++) {
        const struct sync_secret *s = &w->state->secrets[w->secrets.v[i].at];
        ec = add_annotation(w, s, SYNC_BY_ANNOTATION);
        if (ec == EC_OK)
            ec = add_annotation(w, s, SYNC_BY_COMMANDER);
    }
    for (size_t i = 0; i < w->n_wants && ec == EC_OK; i++)
        ec = split_globs(w, &w->wants[i]);
    if (ec == EC_OK && w->n_wants != 0)
        qsort(w->wants, w->n_wants, sizeof *w->wants, compare_wants);
    return ec;
}
