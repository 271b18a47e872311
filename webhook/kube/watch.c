/* List and watch. A list is read in pages; a watch goes on from the version of the last event. */
#include "base/clock.h"
#include "base/mem.h"
#include "kube/internal.h"

enum { PAGE_FIRST = 500, PATH_BYTES = 4096, VERSION_MAX = 8192 };
enum { WATCH_MIN_S = 300, WATCH_GRACE_MS = 60000, SHORT_MS = 1000 };
enum {
    FAILURES_BEFORE_LIST = 3
}; /* of watches: the version may be one that the server does not have */

enum doing { IDLE, LISTING, WATCHING };

struct kube_watch {
    struct kube *k;
    struct kube_watch *next;
    kube_news_fn *news;
    void *arg;
    char *path, *selectors; /* "/api/v1/...", "?fieldSelector=..." or "" */
    bool metadata_only, stopped;
    enum doing doing;
    struct kube_exchange *exchange;
    int64_t due_ns, listed_ns, started_ns;
    struct kube_backoff backoff;
    unsigned page; /* objects of a page */
    /* the list */
    bool must_list, fresh, begun;
    struct buf more;    /* "continue" of the next page */
    struct buf version; /* of the list or of the last event */
    /* the watch */
    struct kube_lines lines;
    bool had_event, has_watched;
    unsigned failures; /* watches in a row */
    struct err err;
};

/* ---- news ---------------------------------------------------------------------------------- */

static void tell(struct kube_watch *w, enum kube_news news, const struct kube_object *object) {
    if (!w->stopped)
        w->news(w->arg, news, object);
}

static void note_good(struct kube_watch *w) {
    w->err = (struct err)ERR_INIT;
}

static void wait_for(struct kube_watch *w, uint64_t ms) {
    w->due_ns = clock_mono_ns() + (int64_t)ms * KUBE_NS_PER_MS;
}

/* Notes err, which may be that of the watch. */
static void fail(struct kube_watch *w, const struct err *err, uint64_t at_least_ms) {
    uint64_t ms = kube_backoff_next_ms(&w->backoff);
    struct err copy = *err;
    w->err = copy;
    wait_for(w, ms > at_least_ms ? ms : at_least_ms);
    tell(w, KUBE_TROUBLE, NULL);
}

static void want_list(struct kube_watch *w) {
    w->must_list = true;
    w->fresh = false;
    w->begun = false;
    buf_reset(&w->more);
}

static bool set_version(struct buf *out, struct str version) {
    buf_reset(out);
    buf_str(out, version);
    return !out->bad;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void tell_items(struct kube_watch *w, const struct json *j) {
    json_at items = json_get(j, 0, STR("items"));
    struct kube_object object;
    if (!w->begun)
        tell(w, KUBE_LIST_BEGINS, NULL);
    w->begun = true;
    for (json_at at = json_first(j, items); at != JSON_NONE; at = json_next(j, items, at))
        if (kube_object_of(&object, j, at) && object.name.n != 0)
            tell(w, KUBE_SET, &object);
}

static void end_list(struct kube_watch *w) {
    w->must_list = w->begun = false;
    w->fresh = true;
    w->listed_ns = clock_mono_ns();
    note_good(w);
    tell(w, KUBE_LIST_ENDS, NULL);
}

static enum ec read_page(struct kube_watch *w, const struct kube_bytes *body, struct err *err) {
    struct json *j = &w->k->json;
    if (kube_json(j, body->p, body->n, err) != EC_OK)
        return err->code;
    json_at meta = json_get(j, 0, STR("metadata"));
    struct str version = kube_text(j, meta, STR("resourceVersion"));
    json_at items = json_get(j, 0, STR("items"));
    bool is_list = json_is(j, items, JSON_ARRAY) || json_is(j, items, JSON_NULL);
    if (version.n == 0 || !is_list)
        return err_set(err, EC_SCHEMA, "not a list with metadata.resourceVersion and items");
    if (!set_version(&w->more, kube_text(j, meta, STR("continue"))) ||
        !set_version(&w->version, version))
        return err_set(err, EC_NOMEM, "no memory for the version of a list");
    tell_items(w, j);
    return EC_OK;
}

/* An answer that is too long is asked for in smaller pages. */
static void list_failed(struct kube_watch *w, const struct kube_outcome *o,
                        const struct err *err) {
    if (err->code == EC_LIMIT && w->page > 1)
        w->page /= 2;
    want_list(w);
    fail(w, err, o->retry_after_ms);
}

static void describe(struct kube_watch *w, const struct kube_outcome *o, struct err *err) {
    struct kube_status found = {.reason = STR_NONE};
    struct err ignored = ERR_INIT;
    if (o->status == 0) {
        *err = *o->err;
        return;
    }
    if (o->body->n != 0 && kube_json(&w->k->json, o->body->p, o->body->n, &ignored) == EC_OK)
        kube_status_of(&found, &w->k->json, 0);
    kube_describe(err, w->doing == WATCHING ? "watch" : "list", str_of(w->path), o->status,
                  &found, false);
}

static void list_ended(struct kube_watch *w, const struct kube_outcome *o) {
    struct err err = ERR_INIT;
    if (o->status != 200)
        describe(w, o, &err);
    else if (read_page(w, o->body, &err) != EC_OK)
        err_wrap(&err, "list %s", w->path);
    if (err.code != EC_OK) {
        list_failed(w, o, &err);
        return;
    }
    w->due_ns = 0;
    if (w->more.n == 0)
        end_list(w);
}

/* ---- watches ----------------------------------------------------------------------------------- */

/* Of the version, not of the watch: a 410, also as an event of a 200. */
static bool is_expired(unsigned status, struct str reason) {
    return status == 410 || str_eq(reason, STR("Expired")) || str_eq(reason, STR("Gone"));
}

static void take_error(struct kube_watch *w, const struct kube_line *line) {
    if (is_expired(line->status, line->reason)) {
        want_list(w);
        return;
    }
    err_set(&w->err, EC_IO, "watch %s: an ERROR event: HTTP %u %.*s", w->path, line->status,
            STR_ARG(line->reason));
}

/* False: the stream is of no use any more. */
static bool take_line(void *arg, char *text, size_t n) {
    struct kube_watch *w = arg;
    struct kube_line line;
    struct err err = ERR_INIT;
    if (w->stopped)
        return false;
    note_good(w);
    if (kube_line_parse(&line, &w->k->json, text, n, &err) != EC_OK) {
        err_wrap(&err, "watch %s", w->path);
        w->err = err;
        want_list(w);
        return false;
    }
    if (line.event == KUBE_EVENT_ERROR) {
        take_error(w, &line);
        return false;
    }
    if (!set_version(&w->version, line.object.resource_version)) {
        want_list(w);
        return false;
    }
    w->had_event = true;
    if (line.event != KUBE_EVENT_BOOKMARK)
        tell(w, line.event == KUBE_EVENT_SET ? KUBE_SET : KUBE_GONE, &line.object);
    return !w->stopped;
}

static bool feed(void *owner, struct str bytes) {
    struct kube_watch *w = owner;
    struct err err = ERR_INIT;
    if (kube_lines_add(&w->lines, bytes, take_line, w, &err) != EC_OK) {
        err_wrap(&err, "watch %s", w->path);
        w->err = err;
        want_list(w);
    }
    return w->err.code == EC_OK && !w->must_list && !w->stopped;
}

static void watch_failed(struct kube_watch *w, const struct kube_outcome *o,
                         const struct err *err) {
    if (++w->failures >= FAILURES_BEFORE_LIST)
        want_list(w);
    fail(w, err, o->retry_after_ms);
}

static bool was_short(const struct kube_watch *w) {
    return clock_mono_ns() - w->started_ns < (int64_t)SHORT_MS * KUBE_NS_PER_MS;
}

/* The end of a stream is normal. One that ends at once without an event would be asked for again and again. */
static void end_well(struct kube_watch *w, const struct kube_outcome *o) {
    struct err err = ERR_INIT;
    bool was = was_short(w);
    if (was && !w->had_event) {
        err_set(&err, EC_IO, "watch %s: ended at once", w->path);
        watch_failed(w, o, &err);
        return;
    }
    w->failures = w->backoff.failures = 0;
    wait_for(w, was ? SHORT_MS : 0);
}

static void watch_ended(struct kube_watch *w, const struct kube_outcome *o) {
    struct err err = w->err;
    w->lines.line.n = 0;
    if (w->had_event)
        w->failures = w->backoff.failures = 0;
    if (o->status == 410) {
        want_list(w);
        wait_for(w, kube_backoff_next_ms(&w->backoff));
    } else if (o->status == 200 && w->must_list && err.code == EC_OK) {
        wait_for(w, w->had_event ? 0 : kube_backoff_next_ms(&w->backoff));
    } else if (err.code != EC_OK) {
        watch_failed(w, o, &err);
    } else if (o->status != 200) {
        describe(w, o, &err);
        watch_failed(w, o, &err);
    } else {
        end_well(w, o);
    }
}

static void exchange_ended(void *owner, const struct kube_outcome *o) {
    struct kube_watch *w = owner;
    struct err ignored = ERR_INIT;
    enum doing was = w->doing;
    w->exchange = NULL;
    if (o->status == 401)
        (void)!kube_credentials_read(w->k, &ignored);
    if (o->has_retry_after)
        kube_pause(w->k, o->retry_after_ms);
    if (was == LISTING && !w->stopped)
        list_ended(w, o);
    else if (!w->stopped)
        watch_ended(w, o);
    w->doing = IDLE;
}

/* ---- starting ------------------------------------------------------------------------------------ */

static void put_query(struct kube_watch *w, struct buf *out) {
    buf_printf(out, "%s%s", w->path, w->selectors);
    char text[32];
    struct buf number = BUF_OVER(text, sizeof text);
    if (w->must_list) {
        buf_uint(&number, w->page);
        kube_query(out, "limit", buf_view(&number));
        kube_query(out, "continue", buf_view(&w->more));
        return;
    }
    buf_uint(&number, WATCH_MIN_S + kube_random(&w->k->random) % WATCH_MIN_S);
    kube_query(out, "watch", STR("1"));
    kube_query(out, "allowWatchBookmarks", STR("true"));
    kube_query(out, "resourceVersion", buf_view(&w->version));
    kube_query(out, "timeoutSeconds", buf_view(&number));
}

static void count_start(struct kube_watch *w) {
    struct kube_stats *s = &w->k->stats;
    bool starts_list = w->must_list && w->more.n == 0;
    s->relists += starts_list && w->listed_ns != 0;
    s->restarts += !w->must_list && w->has_watched;
    w->has_watched |= !w->must_list;
}

static enum ec start_watch(struct kube_watch *w, int64_t now_ns, struct err *err) {
    AUTO(buf_done) struct buf path = BUF_INIT(2 * VERSION_MAX + PATH_BYTES);
    const struct kube_config *c = &w->k->config;
    bool old = now_ns - w->listed_ns > (int64_t)c->relist_ms * KUBE_NS_PER_MS;
    if (old && !w->must_list) {
        want_list(w);
        w->fresh = true; /* it had no gap */
    }
    put_query(w, &path);
    if (buf_z(&path) == NULL)
        return err_set(err, EC_NOMEM, "no memory for a watch");
    bool lists = w->must_list;
    struct kube_request request = {
        .method = "GET",
        .path = path.p,
        .accept = kube_accepts[w->metadata_only],
        .timeout_ms = lists ? c->timeout_ms : 2 * WATCH_MIN_S * 1000 + WATCH_GRACE_MS,
        .stall_ms = lists ? 0 : c->stall_ms,
        .feed = lists ? NULL : feed,
        .ended = exchange_ended,
        .owner = w};
    if (kube_exchange_start(&w->exchange, w->k, &request, err) != EC_OK)
        return err->code;
    count_start(w);
    w->doing = lists ? LISTING : WATCHING;
    w->started_ns = now_ns;
    w->had_event = false;
    return EC_OK;
}

/* ---- life ------------------------------------------------------------------------------------------ */

static void free_watch(struct kube_watch *w) {
    if (w->exchange != NULL)
        kube_exchange_drop(w->exchange);
    kube_lines_done(&w->lines);
    buf_done(&w->more);
    buf_done(&w->version);
    mem_free(w->path);
    mem_free(w->selectors);
    mem_free(w);
}

static void free_stopped(struct kube *k) {
    for (struct kube_watch **at = &k->watches; *at != NULL;) {
        struct kube_watch *w = *at;
        if (w->stopped) {
            *at = w->next;
            free_watch(w);
        } else {
            at = &w->next;
        }
    }
}

enum ec kube_watches_start(struct kube *k, int64_t now_ns, int64_t *next_ns, struct err *err) {
    free_stopped(k);
    for (struct kube_watch *w = k->watches; w != NULL; w = w->next) {
        if (w->exchange != NULL)
            continue;
        if (w->due_ns > now_ns)
            *next_ns = w->due_ns < *next_ns ? w->due_ns : *next_ns;
        else if (start_watch(w, now_ns, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

void kube_watches_free(struct kube *k) {
    for (struct kube_watch *w = k->watches; w != NULL; w = w->next)
        w->stopped = true;
    free_stopped(k);
}

static bool fill(struct kube_watch *w, const struct kube_watch_config *c) {
    AUTO(buf_done) struct buf path = BUF_INIT(PATH_BYTES);
    AUTO(buf_done) struct buf selectors = BUF_INIT(PATH_BYTES);
    kube_path(&path, STR_NONE, c->resource, c->namespace, STR_NONE);
    kube_query(&selectors, "fieldSelector", c->field_selector);
    kube_query(&selectors, "labelSelector", c->label_selector);
    w->path = path.bad ? NULL : mem_strdup(buf_view(&path));
    w->selectors = selectors.bad ? NULL : mem_strdup(buf_view(&selectors));
    return w->path != NULL && w->selectors != NULL;
}

enum ec kube_watch_start(struct kube_watch **out, struct kube *k,
                         const struct kube_watch_config *config, struct err *err) {
    struct kube_watch *w = mem_zalloc(sizeof *w);
    if (w == NULL)
        return err_set(err, EC_NOMEM, "no memory for a watch");
    *w = (struct kube_watch){.k = k,
                             .news = config->news,
                             .arg = config->arg,
                             .metadata_only = config->metadata_only,
                             .page = PAGE_FIRST,
                             .must_list = true,
                             .more = BUF_INIT(VERSION_MAX),
                             .version = BUF_INIT(VERSION_MAX),
                             .lines = {.max = k->config.max_line},
                             .backoff = {.random = kube_random(&k->random)}};
    if (!fill(w, config)) {
        free_watch(w);
        return err_set(err, EC_NOMEM, "no memory for a watch");
    }
    w->next = k->watches;
    k->watches = w;
    *out = w;
    return EC_OK;
}

void kube_watch_stop(struct kube_watch *w) {
    if (w != NULL)
        w->stopped = true;
}

void kube_watch_relist(struct kube_watch *w) {
    want_list(w);
}

bool kube_watch_is_fresh(const struct kube_watch *w) {
    return w->fresh;
}

const struct err *kube_watch_error(const struct kube_watch *w) {
    return &w->err;
}
