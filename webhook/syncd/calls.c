#include "syncd/calls.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "syncd/plan.h"

enum { BODY_BESIDE = 8192, BODY_MAX = 8 << 20, KEY_BESIDE = 64 };
enum { CONFIRMED_S = 10, GOING_S = 5 };
#define NS_PER_S INT64_C(1000000000)

enum job_kind { JOB_APPLY, JOB_RECREATE, JOB_DELETE, JOB_LOOK_SOURCE, JOB_LOOK_NAMESPACE };

static const char *const job_words[] = {"apply", "recreate", "delete", "look_at_source",
                                        "look_at_namespace"};

struct job {
    struct daemon *daemon;
    struct place *place;
    enum job_kind kind;
    bool
        is_source_needed; /* gone by which the copy is deleted: one that is there is an objection */
    char content[SYNC_SHA256_BYTES];
    char *source_namespace, *source_name; /* of JOB_LOOK_SOURCE */
};

static void free_job(struct job *j) {
    mem_free(j->source_namespace);
    mem_free(j->source_name);
    mem_free(j);
}

static void wipe_buf(struct buf *b) {
    if (b->p != NULL)
        explicit_bzero(b->p, b->cap);
    buf_done(b);
}

/* ---- what answers change --------------------------------------------------------------------- */

/* The copy as the API server has it now, unless the watch has reported something since the call. */
static void keep_applied(struct job *j, const struct kube_object *o) {
    struct feed *f = feeds_find(&j->daemon->feeds, FEED_COPIES, STR_NONE, o->name);
    uint64_t version = store_version(o->resource_version);
    if (f == NULL)
        return;
    struct store_item *item = store_find(&f->store, o->namespace, o->name);
    uint64_t current = item != NULL ? item->version : 0;
    if (current != j->place->version || current == version || !feeds_put(f, o))
        return;
    item = store_find(&f->store, o->namespace, o->name);
    if (item != NULL)
        item->awaited = version;
}

static void drop_copy(struct job *j) {
    const struct place *p = j->place;
    for (struct feed *f = j->daemon->feeds.first; f != NULL; f = f->next)
        if (f->kind == FEED_COPIES || f->kind == FEED_MARKED)
            feeds_gone(f, str_of(p->namespace), str_of(p->name));
}

static void note_done(struct job *j) {
    bool is_apply = j->kind == JOB_APPLY;
    figures_note_done(&j->daemon->figures, job_words[j->kind]);
    LOG(is_apply ? LOG_DEBUG : LOG_INFO, is_apply ? "copy_applied" : "copy_deleted",
        F_Z("namespace", j->place->namespace), F_Z("name", j->place->name),
        F_Z("verb", job_words[j->kind]), F_END);
    places_succeeded(j->place);
}

/* The namespace is going, or gone: its watch reports that. */
static bool is_of_going(const struct kube_answer *a) {
    return a->status == 404 || str_eq(a->cause, STR("NamespaceTerminating"));
}

/* Something was written in between: the watch reports it. */
static bool is_of_race(const struct kube_answer *a) {
    return a->status == 409;
}

static void note_failed(struct job *j, const struct kube_answer *a) {
    struct daemon *d = j->daemon;
    int64_t now_ns = clock_mono_ns();
    bool is_expected = is_of_going(a) || is_of_race(a);
    places_failed(j->place, now_ns);
    if (is_of_going(a))
        j->place->due_ns = now_ns + GOING_S * NS_PER_S;
    LOG(is_expected ? LOG_INFO : LOG_WARN, "copy_failed", F_Z("namespace", j->place->namespace),
        F_Z("name", j->place->name), F_Z("verb", job_words[j->kind]), F_Z("error", a->err->msg),
        F_END);
    if (!is_expected)
        figures_note_error(&d->figures, a->status);
    if (j->place->due_ns < d->plan_due_ns)
        d->plan_due_ns = j->place->due_ns;
}

/* ---- answers --------------------------------------------------------------------------------- */

static bool is_good(const struct kube_answer *a) {
    return a->status >= 200 && a->status < 300;
}

static void applied(struct job *j, const struct kube_answer *a) {
    if (!is_good(a) || a->object == NULL) {
        note_failed(j, a);
        return;
    }
    keep_applied(j, a->object);
    memcpy(j->place->applied, j->content, sizeof j->content);
    j->place->applied_s = clock_wall_s();
    note_done(j);
}

/* With a finalizer the object is answered, and goes later. */
static void deleted(struct job *j, const struct kube_answer *a) {
    bool stays = is_good(a) && a->object != NULL && a->object->name.n != 0;
    if (!is_good(a) && a->status != 404) {
        note_failed(j, a);
        return;
    }
    if (!stays)
        drop_copy(j);
    j->place->confirmed_ns = 0;
    note_done(j);
}

static void end_look(struct job *j, const struct kube_answer *a) {
    struct place *p = j->place;
    if (--p->looks != 0)
        return;
    if (p->has_objection) {
        places_failed(p, clock_mono_ns());
        if (p->due_ns < j->daemon->plan_due_ns)
            j->daemon->plan_due_ns = p->due_ns;
    } else {
        places_succeeded(p);
        p->confirmed_ns = clock_mono_ns();
    }
    if (!is_good(a) && a->status != 404)
        figures_note_error(&j->daemon->figures, a->status);
}

static void looked_at_source(struct job *j, const struct kube_answer *a) {
    struct str namespace = str_of(j->source_namespace), name = str_of(j->source_name);
    struct feed *f = feeds_of_source(j->daemon, namespace, name);
    bool is_there = is_good(a) && a->object != NULL;
    if (is_there && f != NULL)
        (void)!feeds_put(f, a->object);
    if (a->status == 404 && f != NULL)
        feeds_gone(f, namespace, name);
    if (a->status != 404 && (!is_there || j->is_source_needed))
        j->place->has_objection = true;
    end_look(j, a);
}

static void looked_at_namespace(struct job *j, const struct kube_answer *a) {
    struct feed *f = feeds_find(&j->daemon->feeds, FEED_NAMESPACES, STR_NONE, STR_NONE);
    bool is_there = is_good(a) && a->object != NULL;
    if (is_there && !feeds_put(f, a->object))
        j->place->has_objection = true;
    if (a->status == 404)
        feeds_gone(f, STR_NONE, str_of(j->place->namespace));
    if (!is_there && a->status != 404)
        j->place->has_objection = true;
    end_look(j, a);
}

static void answer_job(void *arg, const struct kube_answer *a) {
    static void (*const answers[])(struct job *, const struct kube_answer *) = {
        applied, deleted, deleted, looked_at_source, looked_at_namespace};
    struct job *j = arg;
    j->daemon->in_progress--;
    j->daemon->dirty = true;
    answers[j->kind](j, a);
    free_job(j);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static struct job *new_job(struct daemon *d, struct place *p, enum job_kind kind) {
    struct job *j = mem_zalloc(sizeof *j);
    if (j == NULL)
        return NULL;
    *j = (struct job){.daemon = d, .place = p, .kind = kind};
    return j;
}

/* Takes the job, which may be NULL. */
static enum ec send_take(struct job *j, struct kube_call *call, struct err *err) {
    if (j == NULL)
        return err_set(err, EC_NOMEM, "no memory for a call");
    call->answer = answer_job;
    call->arg = j;
    if (kube_send(j->daemon->kube, call, err) != EC_OK) {
        free_job(j);
        return err->code;
    }
    j->place->in_progress = true;
    j->daemon->in_progress++;
    return EC_OK;
}

static size_t body_bytes(const struct sync_action *a) {
    size_t n = BODY_BESIDE;
    for (size_t i = 0; i < a->source->n_keys; i++)
        n += a->source->keys[i].key.n + a->source->keys[i].value.n + KEY_BESIDE;
    return n;
}

/* Room for all before writing: growing would leave the credential behind. */
static enum ec print_body(struct daemon *d, struct buf *body, const struct sync_action *a,
                          struct err *err) {
    struct sync_reader reader = daemon_reader(d, true);
    if (buf_room(body, body_bytes(a)) != NULL)
        sync_print_copy(body, &reader, a);
    return body->bad ? err_set(err, (enum ec)body->bad, "no room for the copy %.*s/%.*s",
                               STR_ARG(a->namespace), STR_ARG(a->name))
                     : EC_OK;
}

static struct kube_call call_of(const struct sync_action *a, enum kube_verb verb) {
    return (struct kube_call){.verb = verb,
                              .resource = STR("secrets"),
                              .namespace = a->namespace,
                              .name = a->name,
                              .manager = STR(SYNC_FIELD_MANAGER)};
}

static enum ec send_apply(struct daemon *d, struct place *p, const struct sync_action *a,
                          struct err *err) {
    AUTO(wipe_buf) struct buf body = BUF_INIT(BODY_MAX);
    if (print_body(d, &body, a, err) != EC_OK)
        return err->code;
    struct kube_call call = call_of(a, KUBE_APPLY);
    struct job *j = new_job(d, p, JOB_APPLY);
    call.body = buf_view(&body);
    call.force = a->copy != NULL;
    p->version = a->copy != NULL ? store_version(a->copy->resource_version) : 0;
    if (j != NULL)
        memcpy(j->content, a->source->content, sizeof j->content);
    return send_take(j, &call, err);
}

static enum ec send_delete(struct daemon *d, struct place *p, const struct sync_action *a,
                           struct err *err) {
    struct kube_call call = call_of(a, KUBE_DELETE);
    call.uid = a->copy->uid;
    call.resource_version = a->copy->resource_version;
    return send_take(new_job(d, p, a->verb == SYNC_RECREATE ? JOB_RECREATE : JOB_DELETE), &call,
                     err);
}

/* ---- looking again before a deletion --------------------------------------------------------- */

static bool is_annotated(const struct daemon *d, struct str namespace) {
    return feeds_find(&d->feeds, FEED_ANNOTATED, namespace, STR_NONE) != NULL;
}

static enum ec look_at_source(struct daemon *d, struct place *p, const struct sync_action *a,
                              struct err *err) {
    struct kube_call call = {.verb = KUBE_GET,
                             .resource = STR("secrets"),
                             .namespace = a->copy->source_namespace,
                             .name = a->copy->source_name};
    struct job *j = new_job(d, p, JOB_LOOK_SOURCE);
    if (j == NULL)
        return err_set(err, EC_NOMEM, "no memory for a call");
    j->is_source_needed = a->reason == SYNC_SOURCE_GONE;
    j->source_namespace = mem_strdup(a->copy->source_namespace);
    j->source_name = mem_strdup(a->copy->source_name);
    if (j->source_namespace == NULL || j->source_name == NULL) {
        free_job(j);
        return err_set(err, EC_NOMEM, "no memory for a call");
    }
    p->looks++;
    return send_take(j, &call, err);
}

static enum ec look_at_namespace(struct daemon *d, struct place *p, const struct sync_action *a,
                                 struct err *err) {
    struct kube_call call = {
        .verb = KUBE_GET, .resource = STR("namespaces"), .name = a->namespace};
    p->looks++;
    return send_take(new_job(d, p, JOB_LOOK_NAMESPACE), &call, err);
}

/* A watch may be behind: what the deletion rests on is read once more. */
static enum ec look(struct daemon *d, struct place *p, const struct sync_action *a,
                    struct err *err) {
    bool source = a->reason == SYNC_SOURCE_GONE || is_annotated(d, a->copy->source_namespace);
    p->looks = 0;
    p->has_objection = false;
    if (source && look_at_source(d, p, a, err) != EC_OK)
        return err->code;
    return look_at_namespace(d, p, a, err);
}

/* ---- acting ---------------------------------------------------------------------------------- */

/* Applied a moment ago, and changed since: by somebody else. */
static bool is_taken_back(const struct place *p, const struct sync_action *a, int64_t now_s) {
    return a->reason != SYNC_MOVED && p->applied[0] != '\0' &&
           now_s - p->applied_s <= SYNC_CONTEST_WINDOW_S &&
           memcmp(p->applied, a->source->content, sizeof p->applied) == 0;
}

/* True: it is left alone, and the next plan reports that. */
static bool is_contested(struct daemon *d, struct place *p, const struct sync_action *a,
                         int64_t now_s) {
    if (a->verb == SYNC_DELETE || !is_taken_back(p, a, now_s))
        return false;
    sync_contest_note(&p->contest, now_s);
    d->dirty |= p->contest.until_s > now_s;
    return p->contest.until_s > now_s;
}

static bool must_wait(struct daemon *d, const struct place *p, int64_t now_ns) {
    if (p->due_ns > now_ns) {
        d->plan_due_ns = p->due_ns < d->plan_due_ns ? p->due_ns : d->plan_due_ns;
        return true;
    }
    d->more |= !p->in_progress && d->in_progress >= PLAN_CALLS_MAX;
    return p->in_progress || d->in_progress >= PLAN_CALLS_MAX;
}

enum ec calls_act(struct daemon *d, const struct sync_action *a, int64_t now_s,
                  struct err *err) {
    int64_t now_ns = clock_mono_ns();
    struct place *p = places_get(&d->places, a->namespace, a->name, (uint64_t)now_ns);
    if (p == NULL)
        return err_set(err, EC_NOMEM, "no memory for a place");
    if (must_wait(d, p, now_ns) || is_contested(d, p, a, now_s))
        return EC_OK;
    if (a->verb == SYNC_APPLY)
        return send_apply(d, p, a, err);
    bool confirmed = p->confirmed_ns != 0 && now_ns - p->confirmed_ns < CONFIRMED_S * NS_PER_S;
    if (a->verb == SYNC_RECREATE || confirmed)
        return send_delete(d, p, a, err);
    return look(d, p, a, err);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void event_answered(void *arg, const struct kube_answer *a) {
    struct daemon *d = arg;
    if (is_good(a))
        return;
    if (a->status == 403 && !d->reports.events_refused)
        LOG(LOG_WARN, "events_refused", F_Z("error", a->err->msg), F_END);
    d->reports.events_refused |= a->status == 403;
}

static void put_member(struct buf *out, const char *key, struct str value, char end) {
    buf_printf(out, "\"%s\":", key);
    buf_json(out, value);
    buf_putc(out, end);
}

static void print_event(struct buf *out, const struct calls_subject *s, const char *reason,
                        struct str message) {
    char now[40];
    struct buf time = BUF_OVER(now, sizeof now);
    clock_print_s(&time, clock_wall_s());
    buf_puts(out, "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{");
    put_member(out, "generateName", STR("pullgate-sync."), ',');
    put_member(out, "namespace", s->namespace, '}');
    buf_puts(out, ",\"involvedObject\":{\"apiVersion\":\"v1\",\"kind\":\"Secret\",");
    put_member(out, "namespace", s->namespace, ',');
    if (s->uid.n != 0)
        put_member(out, "uid", s->uid, ',');
    put_member(out, "name", s->name, '}');
    buf_putc(out, ',');
    put_member(out, "reason", str_of(reason), ',');
    put_member(out, "message", str_slice(message, 0, 1000), ',');
    put_member(out, "type", STR("Warning"), ',');
    put_member(out, "firstTimestamp", buf_view(&time), ',');
    put_member(out, "lastTimestamp", buf_view(&time), ',');
    buf_puts(out, "\"count\":1,\"source\":{\"component\":\"pullgate-sync\"},"
                  "\"reportingComponent\":\"pullgate-sync\",\"reportingInstance\":\"\"}");
}

void calls_post_event(struct daemon *d, const struct calls_subject *source, const char *reason,
                      struct str message) {
    AUTO(buf_done) struct buf body = BUF_INIT(16 << 10);
    struct err err = ERR_INIT;
    print_event(&body, source, reason, message);
    struct kube_call call = {.verb = KUBE_CREATE,
                             .resource = STR("events"),
                             .namespace = source->namespace,
                             .body = buf_view(&body),
                             .manager = STR(SYNC_FIELD_MANAGER),
                             .attempts = 2,
                             .answer = event_answered,
                             .arg = d};
    if (body.bad || kube_send(d->kube, &call, &err) != EC_OK)
        LOG(LOG_WARN, "event_lost", F_STR("name", source->name), F_END);
}
