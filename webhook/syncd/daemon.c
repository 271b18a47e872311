#include "syncd/daemon.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "certs/certs.h"
#include "host/sandbox.h"
#include "host/watch.h"
#include "rules/rules.h"
#include "server/server.h"
#include "syncd/plan.h"
#include "version.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USABLE = 0, EXIT_CANNOT = 2, EXIT_BROKEN = 70 };
enum { TURN_MS = 1000, REST_MS = 1000, MMAP_BYTES = 1 << 20, ARENAS = 2 };
enum { REQUESTS_BLOCK = 16 << 10, REQUESTS_MAX = 64 << 20 };
enum { LISTEN_CONNECTIONS = 64, LISTEN_HEADER_MAX = 8 << 10, LISTEN_TIMEOUT_MS = 5000 };
#define NS_PER_MS INT64_C(1000000)

struct life {
    struct daemon daemon;
    struct server *server;
    struct host_watch files;
    sigset_t signals;
    int signal_fd, wake_fd; /* wake_fd: signals and changed files */
    int64_t look_ns;        /* when the files are looked at next */
    int signal;             /* TERM or INT; 0: none yet */
    bool hangup;            /* HUP: the rules are read again */
    bool rules_again;       /* they could not be read, and may be soon */
};

struct sync_reader daemon_reader(const struct daemon *d, bool keep_data) {
    return (struct sync_reader){.sha256 = certs_sha256_hex,
                                .instance = str_of(d->options->instance),
                                .keep_data = keep_data};
}

/* ---- rules ------------------------------------------------------------------------------------- */

static void warn_of_rules(void *arg, enum rules_lint lint, const char *file,
                          struct policy_pos pos, const char *text) {
    (void)arg;
    LOG(LOG_WARN, "rules_warning", F_Z("lint", rules_lints[lint].id), F_Z("warning", text),
        F_Z("file", file), F_INT("line", pos.line), F_INT("column", pos.col), F_END);
}

/* Takes the policy: all that is requested follows from it. */
static enum ec use_policy_take(struct daemon *d, struct policy *policy, struct err *err) {
    struct arena memory = ARENA_INIT(REQUESTS_BLOCK, REQUESTS_MAX);
    const struct sync_request *requests;
    size_t n;
    if (sync_requests(&requests, &n, policy, &memory, err) != EC_OK) {
        arena_done(&memory);
        engine_policy_free(policy);
        return err->code;
    }
    engine_policy_free(d->policy);
    arena_done(&d->request_memory);
    d->policy = policy;
    d->request_memory = memory;
    d->requests = requests;
    d->n_requests = n;
    d->dirty = true;
    return EC_OK;
}

/* Rules that cannot be read leave those in force that were. */
static void load_rules(struct life *l) {
    struct daemon *d = &l->daemon;
    const struct rules_options options = {
        .warn = warn_of_rules, .now_s = clock_wall_s(), .sha256 = certs_sha256_hex};
    struct policy *policy = NULL;
    struct err err = ERR_INIT;
    if (d->options->policy == NULL)
        return;
    if (rules_load(&policy, d->options->policy, &options, &err) == EC_OK)
        (void)!use_policy_take(d, policy, &err);
    d->figures.now.rules_old = err.code != EC_OK;
    l->rules_again = err.code == EC_IO || err.code == EC_NOMEM;
    if (err.code != EC_OK)
        log_err(LOG_ERROR, d->policy != NULL ? "rules_kept" : "rules_invalid", &err);
    else
        LOG(LOG_INFO, "rules_loaded", F_Z("policy", d->options->policy),
            F_INT("requests", d->n_requests), F_Z("sha256", d->policy->sha256), F_END);
}

/* ---- the client -------------------------------------------------------------------------------- */

static const char *or_account(const struct options *o, const char *given, const char *own) {
    return given != NULL || o->server != NULL ? given : own;
}

static enum ec start_client(struct daemon *d, struct err *err) {
    const struct options *o = d->options;
    AUTO(buf_done) struct buf server = BUF_INIT(1024);
    struct kube_config config = {.server = o->server,
                                 .token_file =
                                     o->cert_file != NULL
                                         ? o->token_file
                                         : or_account(o, o->token_file, KUBE_ACCOUNT "/token"),
                                 .ca_file = or_account(o, o->ca_file, KUBE_ACCOUNT "/ca.crt"),
                                 .cert_file = o->cert_file,
                                 .key_file = o->key_file,
                                 .user_agent = "pullgate-sync/" VERSION_NUMBER,
                                 .max_requests = (unsigned)o->max_requests,
                                 .relist_ms = o->relist_ms};
    if (getrandom(&config.seed, sizeof config.seed, 0) != sizeof config.seed)
        return err_set_os(err, errno, "cannot get random numbers");
    if (o->server == NULL) {
        if (kube_server_in_cluster(&server, getenv("KUBERNETES_SERVICE_HOST"),
                                   getenv("KUBERNETES_SERVICE_PORT"), err) != EC_OK)
            return err->code;
        config.server = buf_z(&server);
    }
    if (kube_new(&d->kube, &config, err) != EC_OK)
        return err->code;
    return feeds_update(d, err);
}

static void log_server(void *arg, const char *event, struct str detail) {
    (void)arg;
    LOG(LOG_WARN, event, F_STR("detail", detail), F_END);
}

static enum ec start_listener(struct life *l, struct err *err) {
    const struct options *o = l->daemon.options;
    const struct server_config config = {.listen = o->listen,
                                         .routes = figures_routes,
                                         .n_routes = figures_n_routes,
                                         .arg = &l->daemon.figures,
                                         .n_workers = 1,
                                         .max_connections = LISTEN_CONNECTIONS,
                                         .max_in_flight = LISTEN_CONNECTIONS,
                                         .memory_budget_bytes = 8 << 20,
                                         .max_header_bytes = LISTEN_HEADER_MAX,
                                         .idle_timeout_s = LISTEN_TIMEOUT_MS / 1000,
                                         .header_timeout_ms = LISTEN_TIMEOUT_MS,
                                         .request_timeout_ms = LISTEN_TIMEOUT_MS,
                                         .on_event = log_server};
    if (o->listen == NULL || o->listen[0] == '\0')
        return EC_OK;
    return server_start(&l->server, &config, err);
}

/* ---- signals and files ------------------------------------------------------------------------- */

static bool add_wake(const struct life *l, int fd) {
    struct epoll_event event = {.events = EPOLLIN};
    return fd < 0 || epoll_ctl(l->wake_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* Before any thread starts: they inherit the mask. */
static bool catch_events(struct life *l) {
    const char *const paths[] = {l->daemon.options->policy};
    sigemptyset(&l->signals);
    sigaddset(&l->signals, SIGTERM);
    sigaddset(&l->signals, SIGINT);
    sigaddset(&l->signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &l->signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    host_watch_open(&l->files, paths, 1);
    l->signal_fd = signalfd(-1, &l->signals, SFD_NONBLOCK | SFD_CLOEXEC);
    l->wake_fd = epoll_create1(EPOLL_CLOEXEC);
    return l->signal_fd >= 0 && l->wake_fd >= 0 && add_wake(l, l->signal_fd) &&
           add_wake(l, l->files.inotify);
}

/* HUP reads the rules again; a second TERM does not wait. */
static void take_signals(struct life *l) {
    const struct timespec at_once = {0};
    int signal;
    while ((signal = sigtimedwait(&l->signals, NULL, &at_once)) > 0)
        if (signal == SIGHUP)
            l->hangup = true;
        else
            l->signal = l->daemon.draining ? SIGKILL : signal;
}

static void look_at_files(struct life *l) {
    int64_t now_ns = clock_mono_ns();
    bool is_due = now_ns >= l->look_ns;
    unsigned changed = host_watch_changed(&l->files);
    if (is_due)
        l->look_ns = now_ns + (int64_t)l->daemon.options->poll_ms * NS_PER_MS;
    if (changed != 0 || l->hangup || (is_due && l->rules_again))
        load_rules(l);
    l->hangup = false;
}

/* ---- the loop ---------------------------------------------------------------------------------- */

static unsigned wait_of(const struct life *l) {
    int64_t now_ns = clock_mono_ns(), next_ns = plan_next_ns(&l->daemon);
    int64_t poll_ms = (int64_t)l->daemon.options->poll_ms;
    int64_t most_ms = poll_ms < TURN_MS ? poll_ms : TURN_MS;
    int64_t ms = next_ns == INT64_MAX ? most_ms : (next_ns - now_ns) / NS_PER_MS + 1;
    ms = ms < 0 ? 0 : ms;
    return (unsigned)(ms < most_ms ? ms : most_ms);
}

/* Out of memory it goes on a little later: what is missing is planned again. */
static void rest(struct life *l, const struct err *err) {
    const struct timespec pause = {.tv_sec = REST_MS / 1000};
    log_err(LOG_ERROR, "interrupted", err);
    l->daemon.dirty = true;
    nanosleep(&pause, NULL);
}

static void turn(struct life *l) {
    struct daemon *d = &l->daemon;
    struct err err = ERR_INIT;
    if (kube_run(d->kube, l->wake_fd, wait_of(l), &err) != EC_OK || plan_run(d, &err) != EC_OK)
        rest(l, &err);
    figures_publish(d);
    take_signals(l);
}

static void serve(struct life *l) {
    while (l->signal == 0) {
        turn(l);
        look_at_files(l);
    }
}

static void drain(struct life *l) {
    struct daemon *d = &l->daemon;
    int64_t end_ns = clock_mono_ns() + (int64_t)d->options->drain_timeout_ms * NS_PER_MS;
    d->draining = true;
    LOG(LOG_INFO, "draining", F_INT("inProgress", d->in_progress), F_END);
    while (d->in_progress != 0 && l->signal != SIGKILL && clock_mono_ns() < end_ns)
        turn(l);
    LOG(d->in_progress == 0 ? LOG_INFO : LOG_WARN, "ended",
        F_INT("leftInProgress", d->in_progress), F_END);
}

/* ---- life -------------------------------------------------------------------------------------- */

static enum ec enter_sandbox(const struct options *o, struct err *err) {
    static const char *const states[] = {"on", "off: not in a build with sanitizers"};
    enum host_sandbox_state state;
    if (o->no_sandbox)
        return EC_OK;
    if (host_sandbox_enter(&state, HOST_SANDBOX_CLIENT, err) != EC_OK)
        return err_wrap(err, "sandbox (--no-sandbox turns it off)");
    LOG(LOG_INFO, "sandbox", F_Z("state", states[state]), F_END);
    return EC_OK;
}

static enum ec start(struct life *l, struct err *err) {
    if (!catch_events(l))
        return err_set_os(err, errno, "cannot make a descriptor for signals");
    log_start();
    if (kube_init(err) != EC_OK)
        return err->code;
    load_rules(l);
    if (start_client(&l->daemon, err) != EC_OK || start_listener(l, err) != EC_OK)
        return err->code;
    return enter_sandbox(l->daemon.options, err);
}

static void log_ready(const struct life *l) {
    LOG(LOG_INFO, "started", F_Z("listen", l->server ? server_address(l->server) : ""),
        F_INT("port", l->server ? server_port(l->server) : 0), F_INT("pid", getpid()), F_END);
}

static void finish(struct life *l) {
    struct daemon *d = &l->daemon;
    server_stop(l->server);
    feeds_done(&d->feeds);
    kube_free(d->kube);
    kube_quit();
    places_done(&d->places);
    reports_done(&d->reports);
    absences_done(&d->absences);
    figures_done(&d->figures);
    engine_policy_free(d->policy);
    arena_done(&d->request_memory);
    host_watch_close(&l->files);
    close(l->signal_fd);
    close(l->wake_fd);
    log_stop();
}

int daemon_run(const struct options *options) {
    struct life l = {.daemon = {.options = options,
                                .dirty = true,
                                .plan_due_ns = INT64_MAX,
                                .request_memory = ARENA_INIT(REQUESTS_BLOCK, REQUESTS_MAX)},
                     .signal_fd = -1,
                     .wake_fd = -1,
                     .files.inotify = -1};
    struct err err = ERR_INIT;
    mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, MMAP_BYTES);
    mallopt(M_ARENA_MAX, ARENAS);
    figures_init(&l.daemon.figures, clock_wall_us());
    if (start(&l, &err) != EC_OK) {
        log_err(LOG_ERROR, "cannot_start", &err);
    } else {
        log_ready(&l);
        serve(&l);
        drain(&l);
    }
    finish(&l);
    if (err.code == EC_OK)
        return EXIT_USABLE;
    return err.code == EC_BUG ? EXIT_BROKEN : EXIT_CANNOT;
}
