/* Calls: the queue, and which answers are worth another attempt. */
#include "base/clock.h"
#include "base/mem.h"
#include "kube/internal.h"

enum { ATTEMPTS = 4, PATH_MAX_BYTES = 4096 };

struct kube_task {
    struct kube *k;
    struct kube_task *next;
    struct kube_call call; /* its texts are in `path` and `body` */
    struct kube_exchange *exchange;
    char *path;
    struct kube_bytes body;
    struct kube_backoff backoff;
    unsigned attempts;
    bool was_rejected; /* 401: the token was read again */
    bool is_done;
    int64_t due_ns;
};

static const struct {
    const char *method, *content_type;
} verbs[] = {[KUBE_GET] = {"GET", NULL},
             [KUBE_CREATE] = {"POST", "application/json"},
             [KUBE_APPLY] = {"PATCH", "application/apply-patch+yaml"},
             [KUBE_DELETE] = {"DELETE", "application/json"}};

/* ---- making ------------------------------------------------------------------------------ */

static bool has_manager(const struct kube_call *c) {
    return c->verb == KUBE_CREATE || c->verb == KUBE_APPLY;
}

static void put_path(struct buf *out, const struct kube_call *c) {
    kube_path(out, c->group, c->resource, c->namespace,
              c->verb == KUBE_CREATE ? STR_NONE : c->name);
    if (has_manager(c))
        kube_query(out, "fieldManager", c->manager);
    if (c->verb == KUBE_APPLY && c->force)
        kube_query(out, "force", STR("true"));
}

static void put_precondition(struct buf *out, const char *key, struct str value, bool *any) {
    if (value.n == 0)
        return;
    buf_printf(out, "%s\"%s\":", *any ? "," : "", key);
    buf_json(out, value);
    *any = true;
}

static void put_delete_options(struct buf *out, const struct kube_call *c) {
    bool any = false;
    buf_puts(out, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{");
    put_precondition(out, "uid", c->uid, &any);
    put_precondition(out, "resourceVersion", c->resource_version, &any);
    buf_puts(out, "}}");
}

static enum ec fill(struct kube_task *t, const struct kube_call *call, struct err *err) {
    AUTO(buf_done) struct buf path = BUF_INIT(PATH_MAX_BYTES);
    AUTO(buf_done) struct buf options = BUF_INIT(PATH_MAX_BYTES);
    put_path(&path, call);
    if (call->verb == KUBE_DELETE)
        put_delete_options(&options, call);
    t->path = path.bad || options.bad ? NULL : mem_strdup(buf_view(&path));
    if (t->path == NULL)
        return err_set(err, EC_NOMEM, "no memory for a call");
    return kube_bytes_add(&t->body, call->verb == KUBE_DELETE ? buf_view(&options) : call->body,
                          SIZE_MAX / 2, err);
}

static void free_task(struct kube_task *t) {
    if (t->exchange != NULL)
        kube_exchange_drop(t->exchange);
    mem_free(t->path);
    kube_bytes_done(&t->body);
    mem_free(t);
}

enum ec kube_send(struct kube *k, const struct kube_call *call, struct err *err) {
    struct kube_task *t = mem_zalloc(sizeof *t);
    if (t == NULL)
        return err_set(err, EC_NOMEM, "no memory for a call");
    t->k = k;
    t->call = *call;
    t->call.attempts = call->attempts ? call->attempts : ATTEMPTS;
    t->backoff.random = kube_random(&k->random);
    if (fill(t, call, err) != EC_OK) {
        free_task(t);
        return err->code;
    }
    *k->tasks_end = t;
    k->tasks_end = &t->next;
    k->stats.queued++;
    return EC_OK;
}

/* ---- answers ----------------------------------------------------------------------------- */

static void read_answer(struct kube_task *t, const struct kube_outcome *o,
                        struct kube_answer *a, struct kube_object *object, struct err *err) {
    struct json *j = &t->k->json;
    struct kube_status found = {.reason = STR_NONE};
    struct err syntax = ERR_INIT;
    bool good = o->status >= 200 && o->status < 300;
    bool parsed = o->body->n != 0 && kube_json(j, o->body->p, o->body->n, &syntax) == EC_OK;
    if (parsed && good && kube_object_of(object, j, 0))
        a->object = object;
    if (parsed && !good)
        kube_status_of(&found, j, 0);
    a->reason = found.reason;
    a->cause = found.cause;
    if (!good)
        kube_describe(err, verbs[t->call.verb].method, str_of(t->path), o->status, &found,
                      has_manager(&t->call));
}

static void answer_task(struct kube_task *t, const struct kube_outcome *o) {
    struct kube_answer answer = {.status = o->status};
    struct kube_object object;
    struct err err = ERR_INIT;
    if (o->status == 0)
        err = *o->err;
    else
        read_answer(t, o, &answer, &object, &err);
    answer.err = &err;
    t->is_done = true;
    t->call.answer(t->call.arg, &answer);
}

static bool is_worth_another(unsigned status) {
    static const unsigned some[] = {0, 429, 500, 502, 503, 504};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        if (status == some[i])
            return true;
    return false;
}

/* Tokens are replaced before they expire, but the file may be newer than what was read. */
static bool renews_token(struct kube_task *t, unsigned status) {
    struct err ignored = ERR_INIT;
    if (status != 401 || t->was_rejected || t->k->token_file == NULL)
        return false;
    t->was_rejected = true;
    return kube_credentials_read(t->k, &ignored) == EC_OK;
}

static void retry(struct kube_task *t, uint64_t after_ms) {
    t->due_ns = clock_mono_ns() + (int64_t)after_ms * KUBE_NS_PER_MS;
    t->k->stats.retries++;
    t->k->stats.queued++;
}

static void task_ended(void *owner, const struct kube_outcome *o) {
    struct kube_task *t = owner;
    t->exchange = NULL;
    t->k->stats.running--;
    t->attempts++;
    if (o->has_retry_after)
        kube_pause(t->k, o->retry_after_ms);
    if (renews_token(t, o->status)) {
        retry(t, 0);
    } else if (is_worth_another(o->status) && t->attempts < t->call.attempts) {
        uint64_t ms = kube_backoff_next_ms(&t->backoff);
        retry(t, o->has_retry_after && o->retry_after_ms > ms ? o->retry_after_ms : ms);
    } else {
        answer_task(t, o);
    }
}

/* ---- the queue --------------------------------------------------------------------------- */

static enum ec start_task(struct kube_task *t, struct err *err) {
    struct kube_request request = {.method = verbs[t->call.verb].method,
                                   .path = t->path,
                                   .accept = kube_accepts[t->call.metadata_only],
                                   .content_type = verbs[t->call.verb].content_type,
                                   .body = {t->body.p, t->body.n},
                                   .timeout_ms = t->k->config.timeout_ms,
                                   .ended = task_ended,
                                   .owner = t};
    if (kube_exchange_start(&t->exchange, t->k, &request, err) != EC_OK)
        return err->code;
    t->k->stats.running++;
    t->k->stats.queued--;
    return EC_OK;
}

static void sweep(struct kube *k) {
    struct kube_task **at = &k->tasks;
    while (*at != NULL) {
        struct kube_task *t = *at;
        if (t->is_done) {
            *at = t->next;
            free_task(t);
        } else {
            at = &t->next;
        }
    }
    k->tasks_end = at;
}

enum ec kube_tasks_start(struct kube *k, int64_t now_ns, int64_t *next_ns, struct err *err) {
    sweep(k);
    for (struct kube_task *t = k->tasks; t != NULL; t = t->next) {
        if (t->exchange != NULL)
            continue;
        if (k->stats.running >= k->config.max_requests)
            return EC_OK;
        if (t->due_ns > now_ns)
            *next_ns = t->due_ns < *next_ns ? t->due_ns : *next_ns;
        else if (start_task(t, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

void kube_tasks_free(struct kube *k) {
    for (struct kube_task *t = k->tasks, *next; t != NULL; t = next) {
        next = t->next;
        free_task(t);
    }
    k->tasks = NULL;
}
