#include "program/daemon.h"

#include "base/clock.h"
#include "base/log.h"
#include "host/sandbox.h"
#include "host/watch.h"
#include "program/certificate.h"
#include "program/load.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USABLE = 0, EXIT_CANNOT = 2, EXIT_BROKEN = 70 };
enum { TICK_MS = 100, SETTLE_MS = 100, SETTLE_MAX = 20 };
enum { FLUSH_MS = 2000 };
enum { AUDIT_LOOK_MS = 1000, AUDIT_TELL_MS = 10000 };
enum { MMAP_BYTES = 1 << 20, TRIM_CONNECTIONS = 64, ARENAS_BESIDE = 2 };
enum { LOOK_RULES = 1 << 0, LOOK_TLS = 1 << 1 | 1 << 2 | 1 << 3 }; /* bits of watch_files() */

enum audit_news { AUDIT_FAILING, AUDIT_DROPPING, AUDIT_RECOVERED, AUDIT_NEWS };

/* The audit lines whose loss has been logged. */
struct audit_told {
    uint64_t failed, dropped;       /* lines */
    int64_t not_before[AUDIT_NEWS]; /* ns: limits the rate of each event */
    bool trouble;
};

/* Descriptors other than the webhook's connections: probes, 64 or more; files, pipes; three per
 * worker. */
enum { FILES_BESIDE = 128, FILES_PER_WORKER = 4 };

struct life {
    struct options options; /* with the limits that the system grants */
    struct daemon daemon;
    struct host_watch watch;
    sigset_t signals;
    int signal_fd;
    unsigned again;         /* bits of files that could not be read, to be retried */
    uint64_t closed_before; /* connections, when memory was last given back */
    struct audit_told audit;
    struct memory_plan memory;
};

/* ---- life ---------------------------------------------------------------------------- */

/* The next signal within ms, or 0. */
static int next_signal(const struct life *l, unsigned ms) {
    const struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    int signal = sigtimedwait(&l->signals, NULL, &limit);
    return signal > 0 ? signal : 0;
}

static bool is_end(int signal) {
    return signal == SIGTERM || signal == SIGINT;
}

/* Memory of closed connections lies between blocks in use, some hundred kilobytes for each ten of
 * them: malloc keeps it until malloc_trim(). */
static void give_memory_back(struct life *l, bool loaded) {
    struct server_stats stats;
    server_stats(l->daemon.server, &stats);
    uint64_t closed = stats.connections_accepted - stats.connections_open;
    loaded |= atomic_exchange(&l->daemon.service.had_large, false);
    if (!loaded && closed - l->closed_before < TRIM_CONNECTIONS)
        return;
    l->closed_before = closed;
    malloc_trim(0);
}

static void reload(struct life *l, unsigned changed) {
    unsigned all = changed | l->again, again = 0;
    if ((all & LOOK_RULES) && load_may_mend(load_rules(&l->daemon, !(changed & LOOK_RULES))))
        again |= LOOK_RULES;
    if ((all & LOOK_TLS) && load_may_mend(certificate_load(&l->daemon, !(changed & LOOK_TLS))))
        again |= LOOK_TLS;
    l->again = again;
    give_memory_back(l, changed != 0);
}

static bool may_tell(struct audit_told *t, enum audit_news what) {
    int64_t now_ns = clock_mono_ns();
    if (now_ns < t->not_before[what])
        return false;
    t->not_before[what] = now_ns + (int64_t)AUDIT_TELL_MS * 1000000;
    return true;
}

static void tell_of_failing(struct audit_told *t, const struct audit_stats *now) {
    struct err err = ERR_INIT;
    if (now->failed == t->failed || !may_tell(t, AUDIT_FAILING))
        return;
    err_set_os(&err, now->failed_errno, "standard output");
    LOG(LOG_ERROR, "audit_failing", F_Z("error", err.msg),
        F_INT("lines", now->failed - t->failed), F_INT("auditFailed", now->failed), F_END);
    t->failed = now->failed;
    t->trouble = true;
}

static void tell_of_dropping(struct audit_told *t, const struct audit_stats *now) {
    if (now->dropped == t->dropped || !may_tell(t, AUDIT_DROPPING))
        return;
    LOG(LOG_ERROR, "audit_dropping", F_INT("lines", now->dropped - t->dropped),
        F_INT("auditDropped", now->dropped), F_INT("pendingBytes", now->pending_bytes), F_END);
    t->dropped = now->dropped;
    t->trouble = true;
}

/* Logs lost lines; the event "ended" has the sums. A queue that stays full has not recovered, even when
 * there are no requests. */
static void tell_of_audit(struct life *l) {
    struct audit_told *t = &l->audit;
    struct audit_stats now;
    audit_stats(l->daemon.service.audit, &now);
    bool well = now.failed == t->failed && now.dropped == t->dropped && now.last_errno == 0 &&
                now.pending_bytes <= l->daemon.options->audit_queue / 2;
    if (well && t->trouble && may_tell(t, AUDIT_RECOVERED)) {
        t->trouble = false;
        LOG(LOG_INFO, "audit_recovered", F_INT("auditFailed", now.failed),
            F_INT("auditDropped", now.dropped), F_END);
    }
    tell_of_failing(t, &now);
    tell_of_dropping(t, &now);
}

/* Waits for signals or changed files, at most until the next poll of them. */
static void wait_for_events(struct life *l) {
    struct pollfd fds[] = {{.fd = l->signal_fd, .events = POLLIN},
                           {.fd = l->watch.inotify, .events = POLLIN}};
    int64_t end_ns = clock_mono_ns() + certificate_idle_ms(&l->daemon) * 1000000, left_ms;
    do {
        tell_of_audit(l);
        give_memory_back(l, false);
        left_ms = (end_ns - clock_mono_ns() + 999999) / 1000000;
    } while (left_ms > 0 &&
             poll(fds, 2, (int)(left_ms < AUDIT_LOOK_MS ? left_ms : AUDIT_LOOK_MS)) == 0);
}

/* Files are often written in pieces and by several renames: checks again until nothing changes. */
static unsigned settled_changes(struct life *l) {
    unsigned all = 0, changed;
    for (int i = 0; i < SETTLE_MAX && (changed = host_watch_changed(&l->watch)) != 0; i++) {
        struct pollfd signal = {.fd = l->signal_fd, .events = POLLIN};
        all |= changed;
        if (poll(&signal, 1, SETTLE_MS) != 0)
            break;
    }
    return all;
}

static void serve(struct life *l) {
    give_memory_back(l, true); /* of the start */
    for (;;) {
        wait_for_events(l);
        int signal = next_signal(l, 0);
        if (is_end(signal))
            return;
        unsigned changed = settled_changes(l) | (signal == SIGHUP ? LOOK_RULES | LOOK_TLS : 0);
        int64_t now_s = clock_wall_us() / 1000000;
        if (certificate_is_due(&l->daemon, now_s))
            changed |= LOOK_TLS;
        reload(l, changed);
        certificate_renew(&l->daemon, now_s);
        certificate_remind(&l->daemon, now_s);
    }
}

/* Waits ms, or until a second TERM. */
static bool pause_for(const struct life *l, uint64_t ms) {
    int64_t end_ns = clock_mono_ns() + (int64_t)ms * 1000000;
    while (clock_mono_ns() < end_ns)
        if (is_end(next_signal(l, TICK_MS)))
            return false;
    return true;
}

/* False: a second TERM cut it short. */
static bool drain(struct life *l) {
    struct daemon *d = &l->daemon;
    const struct options *o = d->options;
    int64_t end_ns;
    atomic_store(&d->service.draining, true);
    LOG(LOG_INFO, "draining", F_INT("pauseMs", o->drain_pause_ms), F_END);
    server_close_after_answer(d->server);
    bool patient = pause_for(l, o->drain_pause_ms);
    end_ns = clock_mono_ns() + (int64_t)o->drain_timeout_ms * 1000000;
    bool done = server_drain(d->server, 0);
    while (patient && !done && clock_mono_ns() < end_ns) {
        done = server_drain(d->server, TICK_MS);
        patient = !is_end(next_signal(l, 0));
    }
    LOG(done ? LOG_INFO : LOG_WARN, "drained", F_BOOL("allAnswered", done), F_END);
    return patient;
}

static enum ec start_daemon(struct daemon *d, struct err *err) {
    const struct options *o = d->options;
    if (serve_init(&d->service, o, err) != EC_OK ||
        audit_open(&d->service.audit, STDOUT_FILENO, o->audit_queue,
                   (enum audit_when_full)o->audit_when_full, err) != EC_OK)
        return err->code;
    (void)load_rules(
        d, false); /* without valid rules it runs but is not ready until a reload finds some */
    return load_and_listen(d, err);
}

static void log_ready(const struct daemon *d) {
    LOG(LOG_INFO, live_has_policy(d->service.live) ? "ready" : "waiting_for_rules",
        F_Z("listen", server_address(d->server)), F_INT("port", server_port(d->server)),
        F_Z("metricsListen", d->probes ? server_address(d->probes) : ""),
        F_INT("metricsPort", d->probes ? server_port(d->probes) : 0), F_INT("pid", getpid()),
        F_END);
}

/* Flushes the last lines, unless there is a second TERM: the output may not be read. */
static bool flush_audit(const struct life *l, bool patient) {
    int64_t end_ns = clock_mono_ns() + (int64_t)FLUSH_MS * 1000000;
    while (patient && !audit_flush(l->daemon.service.audit, TICK_MS) &&
           clock_mono_ns() < end_ns)
        patient = !is_end(next_signal(l, 0));
    return patient;
}

static void finish_serving(struct life *l, bool patient) {
    struct daemon *d = &l->daemon;
    struct audit_stats last = {.dropped = 0};
    audit_wait_no_more(d->service.audit); /* or a worker might wait, and server_stop() for it */
    server_stop(d->probes); /* first: a scrape reads the figures of the other server */
    server_stop(d->server);
    patient = flush_audit(l, patient);
    audit_close(d->service.audit, 0, &last);
    serve_done(&d->service);
    load_done(d);
    LOG(last.dropped || last.failed ? LOG_WARN : LOG_INFO, "ended",
        F_INT("auditLines", last.written), F_INT("auditDropped", last.dropped),
        F_INT("auditFailed", last.failed), F_BOOL("cutShort", !patient), F_END);
}

/* Raises the limit on descriptors as far as permitted, and lowers the number of connections to it: without
 * a descriptor for the next connection none is accepted, and no idle one is closed for it. */
static void fit_connections(struct options *o, uint64_t *probes) {
    struct rlimit files;
    uint64_t others = FILES_BESIDE + FILES_PER_WORKER * o->workers, most = *probes;
    *probes = PROBES_MIN;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    rlim_t found = files.rlim_cur;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        files.rlim_cur = found;
    uint64_t granted = files.rlim_cur, wanted = o->max_connections; /* RLIM_INFINITY as well */
    if (granted >= wanted + others) {
        uint64_t left = granted - wanted - others;
        *probes = left < most - PROBES_MIN ? PROBES_MIN + left : most;
        return;
    }
    o->max_connections = granted > 2 * others ? granted - others : granted / 2 + (granted < 2);
    LOG(LOG_WARN, "few_descriptors", F_INT("nofile", granted), F_INT("maxConnections", wanted),
        F_INT("needed", wanted + others), F_INT("used", o->max_connections), F_END);
}

static void tell_of_memory(const struct life *l) {
    const struct memory_plan *p = &l->memory;
    const struct options *o = &l->options;
    LOG(LOG_INFO, "memory", F_INT("limitBytes", p->limit_bytes),
        F_Z("source", memory_sources[p->source]), F_INT("plannedBytes", memory_sum(p)),
        F_INT("memoryBudget", o->memory_budget), F_INT("maxConnections", o->max_connections),
        F_INT("maxNodes", o->max_nodes), F_INT("auditQueue", o->audit_queue), F_END);
}

/* Before any thread starts: they inherit the mask, and only the main thread gets signals.
 */
static bool catch_signals(struct life *l) {
    sigemptyset(&l->signals);
    sigaddset(&l->signals, SIGTERM);
    sigaddset(&l->signals, SIGINT);
    sigaddset(&l->signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &l->signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ,
           SIG_IGN); /* a size limit on the file of audit lines is an error of write(2) */
    /* Only to wake poll(): sigtimedwait reads the signals. */
    l->signal_fd = signalfd(-1, &l->signals, SFD_NONBLOCK | SFD_CLOEXEC);
    return l->signal_fd >= 0;
}

/* The bits of host_watch_changed(). */
static void watch_files(struct life *l) {
    const struct options *o = l->daemon.options;
    bool own = options_signs_itself(o);
    const char *const paths[] = {o->policy, own ? o->tls_ca_cert : o->tls_cert,
                                 own ? o->tls_ca_key : o->tls_key, o->client_ca};
    host_watch_open(&l->watch, paths, sizeof paths / sizeof *paths);
}

static enum ec enter_sandbox(const struct options *o, struct err *err) {
    static const char *const states[] = {"on", "off: not in a build with sanitizers"};
    enum host_sandbox_state state;
    if (o->no_sandbox)
        return EC_OK;
    if (host_sandbox_enter(&state, HOST_SANDBOX_SERVER, err) != EC_OK)
        return err_wrap(err, "sandbox (--no-sandbox turns it off)");
    LOG(LOG_INFO, "sandbox", F_Z("state", states[state]), F_END);
    return EC_OK;
}

int daemon_run(const struct options *options) {
    struct life l = {.options = *options,
                     .daemon = {.options = &l.options, .priorities = BUF_INIT(1024)},
                     .watch.inotify = -1};
    struct err err = ERR_INIT;
    bool patient = true;
    /* Otherwise the first large block freed raises the threshold, and later ones are kept. */
    mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, MMAP_BYTES);
    mallopt(M_ARENA_MAX, (int)options->workers + ARENAS_BESIDE);
    if (memory_divide(&l.memory, &l.options, "", &err) == EC_OK)
        tell_of_memory(&l);
    l.daemon.probe_connections = l.memory.probe_connections;
    l.daemon.service.memory = &l.memory;
    fit_connections(&l.options, &l.daemon.probe_connections);
    if (!catch_signals(&l) && err.code == EC_OK)
        err_set_os(&err, errno, "cannot make a signal descriptor");
    log_start();
    watch_files(&l); /* before loading, so that no change is missed */
    if (err.code != EC_OK || start_daemon(&l.daemon, &err) != EC_OK ||
        enter_sandbox(options, &err) != EC_OK) {
        log_err(LOG_ERROR, "cannot_start", &err);
    } else {
        log_ready(&l.daemon);
        serve(&l);
        patient = drain(&l);
    }
    finish_serving(&l, patient);
    host_watch_close(&l.watch);
    close(l.signal_fd);
    log_stop();
    if (err.code == EC_OK)
        return EXIT_USABLE;
    return err.code == EC_BUG ? EXIT_BROKEN : EXIT_CANNOT;
}
