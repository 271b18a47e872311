#include "syncd/feeds.h"

#include "base/log.h"
#include "base/mem.h"
#include "syncd/daemon.h"

/* What one object may take while it is read. */
enum { READ_BLOCK = 64 << 10, READ_MAX = 64 << 20 };

/* Releases of Helm are large, many, and never pull secrets. */
#define NO_RELEASES "type!=helm.sh/release.v1"

/* ---- reading ------------------------------------------------------------------------------- */

static bool may_be_source(const struct feed *f, const struct sync_secret *s) {
    return f->kind == FEED_SOURCE ||
           (f->kind == FEED_ANNOTATED && (s->sync_to.p != NULL || s->commander.p != NULL));
}

static enum ec read_secret(const struct feed *f, struct sync_secret **out,
                           const struct kube_object *o, struct arena *arena, struct err *err) {
    struct sync_secret secret;
    struct sync_reader reader = daemon_reader(f->daemon, false);
    enum ec ec = sync_read_secret(&secret, &reader, o->json, o->at, arena, err);
    if (ec == EC_OK && may_be_source(f, &secret)) {
        reader.keep_data = true;
        ec = sync_read_secret(&secret, &reader, o->json, o->at, arena, err);
    }
    if (ec != EC_OK)
        return ec;
    *out = sync_secret_new(&secret);
    return *out != NULL ? EC_OK : err_set(err, EC_NOMEM, "no memory for a Secret");
}

static enum ec read_namespace(struct sync_namespace **out, const struct kube_object *o,
                              struct arena *arena, struct err *err) {
    struct sync_namespace namespace;
    if (sync_read_namespace(&namespace, o->json, o->at, arena, err) != EC_OK)
        return err->code;
    *out = sync_namespace_new(&namespace);
    return *out != NULL ? EC_OK : err_set(err, EC_NOMEM, "no memory for a Namespace");
}

static enum ec put(struct feed *f, const struct kube_object *o, struct err *err) {
    AUTO(arena_done) struct arena arena = ARENA_INIT(READ_BLOCK, READ_MAX);
    struct sync_secret *secret = NULL;
    struct sync_namespace *namespace = NULL;
    enum ec ec = f->kind == FEED_NAMESPACES ? read_namespace(&namespace, o, &arena, err)
                                            : read_secret(f, &secret, o, &arena, err);
    if (ec != EC_OK)
        return ec;
    uint64_t version = store_version(o->resource_version);
    return store_put_take(&f->store, secret, namespace, version)
               ? EC_OK
               : err_set(err, EC_NOMEM, "no memory for the store");
}

static void log_unread(const struct kube_object *o, const struct err *err) {
    LOG(LOG_WARN, "object_unread", F_STR("namespace", o->namespace), F_STR("name", o->name),
        F_Z("error", err->msg), F_END);
}

bool feeds_put(struct feed *f, const struct kube_object *o) {
    struct err err = ERR_INIT;
    if (put(f, o, &err) == EC_OK) {
        f->daemon->dirty = true;
        return true;
    }
    log_unread(o, &err);
    return err.code != EC_NOMEM;
}

void feeds_gone(struct feed *f, struct str namespace, struct str name) {
    struct store_item *item = store_find(&f->store, namespace, name);
    if (item == NULL)
        return;
    store_drop(&f->store, item);
    f->daemon->dirty = true;
}

/* ---- news ------------------------------------------------------------------------------------ */

static struct str namespace_of(const struct feed *f, const struct kube_object *o) {
    return f->kind == FEED_NAMESPACES ? STR_NONE : o->namespace;
}

/* Without memory the state would have a hole: the watch begins again. */
static void take_set(struct feed *f, const struct kube_object *o) {
    struct store_item *item = store_find(&f->store, namespace_of(f, o), o->name);
    uint64_t version = store_version(o->resource_version);
    if (item != NULL) {
        item->mark = f->store.mark;
        if (item->awaited == version)
            item->awaited = 0;
        if (item->version == version || item->awaited != 0)
            return;
    }
    if (!feeds_put(f, o))
        kube_watch_relist(f->watch);
}

static void take_gone(struct feed *f, const struct kube_object *o) {
    const struct store_item *item = store_find(&f->store, namespace_of(f, o), o->name);
    bool is_older = item != NULL && item->awaited != 0 && item->secret != NULL &&
                    !str_eq(item->secret->uid, o->uid);
    if (!is_older)
        feeds_gone(f, namespace_of(f, o), o->name);
}

static void log_trouble(struct feed *f) {
    char text[512];
    struct buf what = BUF_OVER(text, sizeof text);
    feeds_describe(f, &what);
    LOG(LOG_WARN, "watch_failed", F_STR("watch", buf_view(&what)),
        F_Z("error", kube_watch_error(f->watch)->msg), F_END);
    f->troubled = true;
}

static void end_list(struct feed *f) {
    char text[512];
    struct buf what = BUF_OVER(text, sizeof text);
    store_end(&f->store);
    feeds_describe(f, &what);
    if (!f->listed || f->troubled)
        LOG(LOG_INFO, "watch_listed", F_STR("watch", buf_view(&what)),
            F_INT("objects", f->store.n), F_END);
    f->listed = true;
    f->troubled = false;
    f->daemon->dirty = true;
}

static void take_news(void *arg, enum kube_news news, const struct kube_object *object) {
    struct feed *f = arg;
    switch (news) {
    case KUBE_LIST_BEGINS:
        store_begin(&f->store);
        return;
    case KUBE_SET:
        take_set(f, object);
        return;
    case KUBE_GONE:
        take_gone(f, object);
        return;
    case KUBE_LIST_ENDS:
        end_list(f);
        return;
    default:
        log_trouble(f);
        f->daemon->dirty = true;
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

void feeds_describe(const struct feed *f, struct buf *out) {
    static const char *const words[] = {[FEED_NAMESPACES] = "namespaces",
                                        [FEED_COPIES] = "secrets named ",
                                        [FEED_MARKED] = "secrets with the labels of copies",
                                        [FEED_ANNOTATED] = "secrets of ",
                                        [FEED_SOURCE] = "secret "};
    buf_printf(out, "%s%s%s%s", words[f->kind], f->namespace, f->kind == FEED_SOURCE ? "/" : "",
               f->name);
}

static void free_feed(struct feed *f) {
    kube_watch_stop(f->watch);
    store_done(&f->store);
    mem_free(f->namespace);
    mem_free(f->name);
    mem_free(f);
}

static enum ec start_watch(struct feed *f, struct err *err) {
    AUTO(buf_done) struct buf field = BUF_INIT(1024);
    struct kube_watch_config config = {
        .resource = f->kind == FEED_NAMESPACES ? STR("namespaces") : STR("secrets"),
        .namespace = str_of(f->namespace),
        .label_selector = f->kind == FEED_MARKED ? STR(SYNC_COPIES_SELECTOR) : STR_NONE,
        .news = take_news,
        .arg = f};
    if (f->name[0] != '\0')
        buf_printf(&field, "metadata.name=%s", f->name);
    else if (f->kind == FEED_ANNOTATED)
        buf_puts(&field, NO_RELEASES);
    config.field_selector = buf_view(&field);
    if (field.bad)
        return err_set(err, EC_NOMEM, "no memory for a watch");
    return kube_watch_start(&f->watch, f->daemon->kube, &config, err);
}

static enum ec add(struct daemon *d, enum feed_kind kind, struct str namespace, struct str name,
                   struct err *err) {
    struct feed *f = mem_zalloc(sizeof *f);
    if (f == NULL)
        return err_set(err, EC_NOMEM, "no memory for a watch");
    f->daemon = d;
    f->kind = kind;
    f->wanted = true;
    f->namespace = mem_strdup(namespace);
    f->name = mem_strdup(name);
    bool kept = f->namespace != NULL && f->name != NULL;
    enum ec ec = kept ? start_watch(f, err) : err_set(err, EC_NOMEM, "no memory for a watch");
    if (ec != EC_OK) {
        free_feed(f);
        return ec;
    }
    struct feed **at = &d->feeds.first;
    while (*at != NULL && (*at)->kind <= kind)
        at = &(*at)->next;
    f->next = *at;
    *at = f;
    d->dirty = true;
    return EC_OK;
}

struct feed *feeds_find(const struct feeds *f, enum feed_kind kind, struct str namespace,
                        struct str name) {
    for (struct feed *feed = f->first; feed != NULL; feed = feed->next)
        if (feed->kind == kind && str_eq(str_of(feed->namespace), namespace) &&
            str_eq(str_of(feed->name), name))
            return feed;
    return NULL;
}

struct feed *feeds_of_source(const struct daemon *d, struct str namespace, struct str name) {
    struct feed *f = feeds_find(&d->feeds, FEED_SOURCE, namespace, name);
    return f != NULL ? f : feeds_find(&d->feeds, FEED_ANNOTATED, namespace, STR_NONE);
}

bool feeds_is_known(const struct feed *f) {
    return f->listed && kube_watch_is_fresh(f->watch);
}

static enum ec want(struct daemon *d, enum feed_kind kind, struct str namespace,
                    struct str name, struct err *err) {
    struct feed *f = feeds_find(&d->feeds, kind, namespace, name);
    if (f == NULL)
        return add(d, kind, namespace, name, err);
    f->wanted = true;
    return EC_OK;
}

/* ---- what is wanted -------------------------------------------------------------------------- */

static enum ec want_requested(struct daemon *d, struct err *err) {
    for (size_t i = 0; i < d->n_requests; i++) {
        const struct sync_request *r = &d->requests[i];
        if (want(d, FEED_SOURCE, r->source_namespace, r->source_name, err) != EC_OK ||
            want(d, FEED_COPIES, STR_NONE, r->name, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

/* Copies of an annotated Secret have its name. */
static enum ec want_copies_of(struct daemon *d, const struct feed *annotated, struct err *err) {
    for (size_t i = 0; i < annotated->store.n; i++) {
        const struct sync_secret *s = annotated->store.v[i].secret;
        if (s->sync_to.p == NULL && s->commander.p == NULL)
            continue;
        if (want(d, FEED_COPIES, STR_NONE, s->name, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

static enum ec want_optional(struct daemon *d, struct err *err) {
    const struct options *o = d->options;
    if (want(d, FEED_NAMESPACES, STR_NONE, STR_NONE, err) != EC_OK)
        return err->code;
    if (o->all_copies && want(d, FEED_MARKED, STR_NONE, STR_NONE, err) != EC_OK)
        return err->code;
    for (size_t i = 0; i < o->names.n; i++)
        if (want(d, FEED_COPIES, STR_NONE, str_of(o->names.v[i]), err) != EC_OK)
            return err->code;
    for (size_t i = 0; i < o->annotated.n; i++)
        if (want(d, FEED_ANNOTATED, str_of(o->annotated.v[i]), STR_NONE, err) != EC_OK)
            return err->code;
    return EC_OK;
}

/* Until the last copy of a name is deleted, its watch shows what is left. */
static bool has_copies(const struct feed *f) {
    if (f->kind != FEED_COPIES)
        return false;
    for (size_t i = 0; i < f->store.n; i++)
        if (f->store.v[i].secret->owner == SYNC_OURS)
            return true;
    return !feeds_is_known(f);
}

static void end_unwanted(struct daemon *d) {
    for (struct feed **at = &d->feeds.first; *at != NULL;) {
        struct feed *f = *at;
        if (f->wanted || has_copies(f)) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        free_feed(f);
        d->dirty = true;
    }
}

enum ec feeds_update(struct daemon *d, struct err *err) {
    for (struct feed *f = d->feeds.first; f != NULL; f = f->next)
        f->wanted = false;
    if (want_optional(d, err) != EC_OK || want_requested(d, err) != EC_OK)
        return err->code;
    for (struct feed *f = d->feeds.first; f != NULL; f = f->next)
        if (f->kind == FEED_ANNOTATED && want_copies_of(d, f, err) != EC_OK)
            return err->code;
    end_unwanted(d);
    return EC_OK;
}

void feeds_done(struct feeds *f) {
    for (struct feed *feed = f->first, *next; feed != NULL; feed = next) {
        next = feed->next;
        free_feed(feed);
    }
    f->first = NULL;
}
