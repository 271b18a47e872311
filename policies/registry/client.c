/* Many questions at once: jobs on the connections of one libcurl. */
#include "base/clock.h"
#include "base/mem.h"
#include "imgref/imgref.h"
#include "registry/transfer.h"

enum { HOSTS_MAX = 4096, POLL_MS = 1000 };

enum slot_state {
    SLOT_FREE,
    SLOT_WAITING, /* until `until`, and for its host */
    SLOT_RUNNING
};

struct slot {
    enum slot_state state;
    struct registry_job job;
    struct registry_transfer *transfer;
    int64_t until; /* monotonic ns */
};

struct client {
    struct registry_library curl;
    const struct registry_options *options;
    const struct registry_question *questions;
    struct registry_answer *answers;
    size_t n, next, n_done;
    CURLM *multi;
    struct slot *slots;
    size_t n_slots;
    struct registry_host *hosts;
    size_t n_hosts;
    struct arena *arena;
};

/* ---- hosts --------------------------------------------------------------------------- */

static bool is_plain(const struct registry_options *o, struct str host) {
    for (size_t i = 0; i < o->n_plain_http; i++)
        if (str_eq_nocase(str_of(o->plain_http[i]), host))
            return true;
    return false;
}

static struct registry_host *find_host(struct client *c, struct str name) {
    for (size_t i = 0; i < c->n_hosts; i++)
        if (str_eq(c->hosts[i].name, name))
            return &c->hosts[i];
    return NULL;
}

static struct registry_host *add_host(struct client *c, struct str name, struct err *err) {
    if (c->n_hosts == HOSTS_MAX) {
        err_set(err, EC_LIMIT, "more than %d registries", HOSTS_MAX);
        return NULL;
    }
    struct registry_host *h = &c->hosts[c->n_hosts];
    if (!arena_str(c->arena, name, &h->name)) {
        arena_fail(c->arena, err);
        return NULL;
    }
    bool hub = str_eq(name, STR("docker.io"));
    h->authority = hub ? STR("registry-1.docker.io") : h->name;
    h->place = registry_where_place(registry_where_host(name));
    h->scheme = is_plain(c->options, name)      ? REGISTRY_HTTP
                : h->place == REGISTRY_LOOPBACK ? REGISTRY_UNKNOWN
                                                : REGISTRY_HTTPS;
    c->n_hosts++;
    return h;
}

static struct registry_host *host_of(struct client *c, struct str name, struct err *err) {
    struct registry_host *found = find_host(c, name);
    return found != NULL ? found : add_host(c, name, err);
}

/* ---- slots --------------------------------------------------------------------------- */

static void tell_progress(const struct client *c) {
    if (c->options->progress != NULL)
        c->options->progress(c->options->arg, c->n_done, c->n);
}

static void finish(struct client *c, struct slot *s) {
    registry_job_done(&s->job);
    s->state = SLOT_FREE;
    c->n_done++;
    tell_progress(c);
}

/* The next request of the job, or its end. */
static enum ec schedule(struct client *c, struct slot *s, bool more, struct err *err) {
    if (s->job.err.code != EC_OK) {
        *err = s->job.err;
        return err->code;
    }
    if (!more) {
        finish(c, s);
        return EC_OK;
    }
    int64_t pause = (int64_t)s->job.request.wait_ms * 1000000;
    s->until = clock_mono_ns() + pause;
    s->state = SLOT_WAITING;
    if (pause != 0 && s->job.step != STEP_TOKEN && s->job.host->not_before < s->until)
        s->job.host->not_before = s->until;
    return EC_OK;
}

/* No node pulls what is no reference. */
static enum ec answer_wrong(struct client *c, struct slot *s, const struct err *wrong,
                            struct err *err) {
    struct registry_answer *a = s->job.answer;
    *a = (struct registry_answer){.word = REGISTRY_CANNOT_TELL};
    if (!arena_str(c->arena, str_of(wrong->msg), &a->reason))
        return arena_fail(c->arena, err);
    finish(c, s);
    return EC_OK;
}

static enum ec take_question(struct client *c, struct slot *s, struct err *err) {
    size_t i = c->next++;
    s->job = (struct registry_job){.question = &c->questions[i],
                                   .options = c->options,
                                   .answer = &c->answers[i],
                                   .arena = c->arena};
    struct imgref ref;
    struct err wrong = ERR_INIT;
    if (imgref_parse(&ref, c->questions[i].image, &wrong) != EC_OK)
        return answer_wrong(c, s, &wrong, err);
    s->job.host = host_of(c, ref.host, err);
    if (s->job.host == NULL)
        return err->code;
    return schedule(c, s, registry_job_start(&s->job), err);
}

/* One that finds out a scheme is alone until it has. */
static bool may_start(struct slot *s, int64_t now) {
    struct registry_host *h = s->job.host;
    if (s->state != SLOT_WAITING || s->until > now || h->not_before > now)
        return false;
    if (h->scheme != REGISTRY_UNKNOWN)
        return true;
    if (h->probing)
        return false;
    h->probing = true;
    return true;
}

/* What was made while the scheme was not known. */
static bool make_again(struct slot *s) {
    bool stale = s->job.host->scheme == REGISTRY_HTTP && s->job.step == STEP_MANIFEST &&
                 !s->job.away && str_starts(str_of(s->job.request.url), STR("https:"));
    return !stale || registry_job_ask_manifest(&s->job);
}

static enum ec start_transfer(struct client *c, struct slot *s, struct err *err) {
    if (!make_again(s)) {
        *err = s->job.err;
        return err->code;
    }
    if (registry_transfer_start(s->transfer, &s->job.request, err) != EC_OK)
        return err->code;
    if (c->curl.multi_add_handle(c->multi, s->transfer->easy) != CURLM_OK)
        return err_set(err, EC_NOMEM, "out of memory");
    s->state = SLOT_RUNNING;
    return EC_OK;
}

static enum ec start_all(struct client *c, struct err *err) {
    int64_t now = clock_mono_ns();
    for (size_t i = 0; i < c->n_slots; i++) {
        struct slot *s = &c->slots[i];
        while (s->state == SLOT_FREE && c->next < c->n)
            if (take_question(c, s, err) != EC_OK)
                return err->code;
        if (may_start(s, now) && start_transfer(c, s, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

/* ---- what came back ------------------------------------------------------------------ */

static void trace(const struct client *c, const struct slot *s,
                  const struct registry_response *r) {
    char room[2048];
    struct buf line = BUF_OVER(room, sizeof room);
    const struct registry_request *q = &s->job.request;
    const struct registry_login *login = registry_job_login(&s->job);
    bool used = q->basic != NULL || q->bearer.n != 0 || q->form.n != 0;
    if (c->options->trace == NULL)
        return;
    buf_printf(&line, "%s %.*s: ",
               q->head          ? "HEAD"
               : q->form.n != 0 ? "POST"
                                : "GET",
               STR_ARG(registry_where_shown(str_of(q->url))));
    if (r->failure != REGISTRY_NO_FAILURE)
        buf_printf(&line, "%.*s", STR_ARG(r->detail.n ? r->detail : STR("stopped")));
    else
        buf_printf(&line, "%ld", r->status);
    if (used && login != NULL)
        buf_printf(&line, " (with %.*s)", STR_ARG(login->name));
    c->options->trace(c->options->arg, line.bad ? STR("...") : buf_view(&line));
}

static enum ec take_answer(struct client *c, struct slot *s, CURLcode code, struct err *err) {
    struct registry_response r;
    (void)c->curl.multi_remove_handle(c->multi, s->transfer->easy);
    if (registry_transfer_end(s->transfer, code, &r, err) != EC_OK)
        return err->code;
    trace(c, s, &r);
    bool probed = s->job.host->scheme == REGISTRY_UNKNOWN;
    bool more = registry_job_next(&s->job, &r);
    if (probed)
        s->job.host->probing = false;
    return schedule(c, s, more, err);
}

static struct slot *slot_of(struct client *c, const CURL *easy) {
    for (size_t i = 0; i < c->n_slots; i++)
        if (c->slots[i].transfer->easy == easy)
            return &c->slots[i];
    return NULL;
}

static enum ec take_answers(struct client *c, struct err *err) {
    int left;
    CURLMsg *message;
    while ((message = c->curl.multi_info_read(c->multi, &left)) != NULL) {
        struct slot *s = message->msg == CURLMSG_DONE ? slot_of(c, message->easy_handle) : NULL;
        if (s != NULL && take_answer(c, s, message->data.result, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

/* Until the next one that waits may go on; 0: at once. */
static int pause_ms(const struct client *c) {
    int64_t now = clock_mono_ns(), least = (int64_t)POLL_MS * 1000000;
    for (size_t i = 0; i < c->n_slots; i++) {
        const struct slot *s = &c->slots[i];
        if (s->state == SLOT_FREE && c->next < c->n)
            return 0;
        if (s->state != SLOT_WAITING ||
            (s->job.host->scheme == REGISTRY_UNKNOWN && s->job.host->probing))
            continue;
        int64_t until = s->until > s->job.host->not_before ? s->until : s->job.host->not_before;
        if (until - now < least)
            least = until > now ? until - now : 0;
    }
    return (int)((least + 999999) / 1000000);
}

static enum ec run(struct client *c, struct err *err) {
    int running;
    while (c->n_done < c->n) {
        if (start_all(c, err) != EC_OK)
            return err->code;
        if (c->curl.multi_perform(c->multi, &running) != CURLM_OK)
            return err_set(err, EC_NOMEM, "out of memory");
        size_t before = c->n_done;
        if (take_answers(c, err) != EC_OK)
            return err->code;
        int wait = c->n_done == before && c->n_done < c->n ? pause_ms(c) : 0;
        if (wait != 0 && c->curl.multi_poll(c->multi, NULL, 0, wait, NULL) != CURLM_OK)
            return err_set(err, EC_NOMEM, "out of memory");
    }
    return EC_OK;
}

/* ---- life ---------------------------------------------------------------------------- */

static enum ec open_slots(struct client *c, struct err *err) {
    size_t wanted = c->options->jobs < c->n ? c->options->jobs : c->n;
    c->slots = ARENA_ARRAY(c->arena, struct slot, wanted);
    c->hosts = ARENA_ARRAY(c->arena, struct registry_host, HOSTS_MAX);
    if (c->slots == NULL || c->hosts == NULL)
        return arena_fail(c->arena, err);
    for (; c->n_slots < wanted; c->n_slots++)
        if (registry_transfer_new(&c->slots[c->n_slots].transfer, &c->curl, c->options, err) !=
            EC_OK)
            return err->code;
    c->multi = c->curl.multi_init();
    if (c->multi == NULL ||
        c->curl.multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)(2 * wanted)) != CURLM_OK)
        return err_set(err, EC_NOMEM, "out of memory");
    return EC_OK;
}

static void close_slots(struct client *c) {
    for (size_t i = 0; i < c->n_slots; i++) {
        struct slot *s = &c->slots[i];
        if (s->state == SLOT_RUNNING)
            (void)c->curl.multi_remove_handle(c->multi, s->transfer->easy);
        registry_job_done(&s->job);
        registry_transfer_free(s->transfer);
    }
    if (c->multi != NULL)
        (void)c->curl.multi_cleanup(c->multi);
}

enum ec registry_ask(struct registry_answer *answers, const struct registry_question *questions,
                     size_t n, const struct registry_options *options, struct arena *arena,
                     struct err *err) {
    struct client c = {
        .options = options, .questions = questions, .answers = answers, .n = n, .arena = arena};
    if (n == 0)
        return EC_OK;
    if (registry_library_load(&c.curl, err) != EC_OK)
        return err->code;
    if (open_slots(&c, err) == EC_OK)
        (void)!run(&c, err);
    close_slots(&c);
    c.curl.global_cleanup();
    return err->code;
}

const char *registry_word_text(enum registry_word word) {
    static const char *const texts[REGISTRY_N_WORDS] = {[REGISTRY_EXISTS] = "exists",
                                                        [REGISTRY_MISSING] = "missing",
                                                        [REGISTRY_NO_ACCESS] = "no access",
                                                        [REGISTRY_CANNOT_TELL] = "cannot tell",
                                                        [REGISTRY_UNREACHABLE] = "unreachable"};
    return texts[word];
}
