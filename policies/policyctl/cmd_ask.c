/* policyctl ask - a running webhook's answers, beside those of the rule file. */
#include "base/clock.h"
#include "base/escape.h"
#include "policyctl/ask.h"
#include "policyctl/ask_compare.h"
#include "policyctl/ask_link.h"
#include "policyctl/options.h"

#include <stdio.h>
#include <time.h>

enum { PAUSE_NS = 500000000 };

struct endpoint {
    const char *path;
    unsigned flags;
};
static const struct endpoint endpoints[] = {{"/mutate", 0}, {"/validate", ENGINE_VALIDATE}};
enum { N_ENDPOINTS = sizeof endpoints / sizeof *endpoints };

static const char *word_of(const struct decision *d) {
    if (d->verdict == VERDICT_DENY)
        return "refused";
    for (size_t i = 0; i < d->n_images; i++)
        if (!str_eq(d->images[i].before, d->images[i].after))
            return "rewritten";
    return d->verdict == VERDICT_WARN ? "warned" : "admitted";
}

/* "rewritten  busybox:1 in namespace airbyte": what /mutate does by the rule file. */
static void put_question(struct buf *out, const struct ask *a, const struct ask_question *q) {
    buf_printf(out, "%-9s  ", word_of(&a->session.decision));
    escape_text(out, q->name);
    buf_putc(out, '\n');
}

/* ---- one question at one endpoint ----------------------------------------------------------- */

struct round { /* all questions once */
    struct ask *ask;
    struct ask_link *link; /* NULL: only what is expected is printed */
    struct buf out;
    struct buf expected, found;
    size_t n_differ;
};

static enum ec compare_answers(struct round *r, const struct endpoint *e, struct err *err) {
    struct buf differences = BUF_INIT(16 << 20);
    bool equal = true;
    if (ask_compare(&equal, &differences, buf_view(&r->found), buf_view(&r->expected),
                    r->ask->policy, err) != EC_OK)
        err_wrap(err, "the answer of %s", e->path);
    else if (!equal)
        buf_printf(&r->out, "  %s answers otherwise:\n%.*s", e->path,
                   STR_ARG(buf_view(&differences)));
    r->n_differ += !equal;
    buf_done(&differences);
    return err->code;
}

static enum ec ask_one(struct round *r, const struct ask_question *q, const struct endpoint *e,
                       struct err *err) {
    buf_reset(&r->expected);
    buf_reset(&r->found);
    if (ask_engine(r->ask, q, e->flags, &r->expected, err) != EC_OK)
        return err->code;
    if (e->flags == 0)
        put_question(&r->out, r->ask, q);
    if (r->link == NULL)
        return EC_OK;
    if (ask_link_post(r->link, e->path, q->body, &r->found, err) != EC_OK)
        return err->code;
    return compare_answers(r, e, err);
}

static enum ec ask_all(struct round *r, struct err *err) {
    const struct ask *a = r->ask;
    buf_reset(&r->out);
    r->n_differ = 0;
    for (size_t i = 0; i < a->n_questions * N_ENDPOINTS; i++)
        if (ask_one(r, &a->questions[i / N_ENDPOINTS], &endpoints[i % N_ENDPOINTS], err) !=
            EC_OK)
            return err->code;
    buf_str(&r->out, buf_view(&a->missing));
    return EC_OK;
}

/* ---- until they are equal ------------------------------------------------------------------- */

/* A webhook that has just been installed is not reached at once, and the kubelet writes a changed ConfigMap to its
 * pods within a minute or so. */
static enum ec ask_until(struct round *r, uint64_t wait_ms, struct err *err) {
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    int64_t end_ns = clock_mono_ns() + (int64_t)wait_ms * 1000000;
    for (;;) {
        (void)!ask_all(r, err);
        bool over = clock_mono_ns() + PAUSE_NS > end_ns;
        if (over || (err->code != EC_OK && err->code != EC_IO))
            return err->code;
        if (err->code == EC_OK && r->n_differ == 0)
            return EC_OK;
        *err = (struct err)ERR_INIT;
        nanosleep(&pause, NULL);
    }
}

static void put_total(struct round *r) {
    size_t n = r->ask->n_questions * N_ENDPOINTS;
    if (r->link != NULL && r->n_differ == 0)
        buf_printf(&r->out, "%zu answers, all as the rule file has them\n", n);
    else if (r->link != NULL)
        buf_printf(&r->out, "%zu of %zu answers are not those of the rule file\n", r->n_differ,
                   n);
}

static enum ec ask_webhook(struct round *r, const struct options_ask *o, struct err *err) {
    const struct ask_target target = {.server = o->server,
                                      .ca = o->ca,
                                      .server_name = o->server_name,
                                      .timeout_ms = o->timeout_ms};
    if (!o->dry_run && ask_link_open(&r->link, &target, err) != EC_OK)
        return err->code;
    if (ask_until(r, o->dry_run ? 0 : o->wait_ms, err) == EC_OK)
        put_total(r);
    ask_link_close(r->link);
    return err->code;
}

static enum ec check_options(const struct options_ask *o, const struct opt_result *args,
                             struct err *err) {
    if (!o->dry_run && (o->server == NULL || o->ca == NULL))
        return err_set(err, EC_USAGE, "--%s is missing; try --help",
                       o->server == NULL ? "server" : "ca");
    if (args->n_operands == 0 && (o->namespace != NULL || o->user != NULL || o->groups.n != 0))
        return err_set(err, EC_USAGE,
                       "--namespace, --user and --group are for pods that are given");
    return EC_OK;
}

static enum ec find_questions(struct ask *a, const struct options_ask *o,
                              const struct opt_result *args, struct err *err) {
    a->namespace = o->namespace;
    a->user = o->user;
    a->groups = &o->groups;
    return args->n_operands != 0 ? ask_load(a, args, err) : ask_derive(a, err);
}

int cmd_ask(const union options *options, const struct opt_result *args) {
    const struct options_ask *o = &options->ask;
    struct err err = ERR_INIT;
    struct policy *policy = NULL;
    struct ask ask;
    struct round r = {.ask = &ask,
                      .out = BUF_INIT(64 << 20),
                      .expected = BUF_INIT(ASK_BODY_MAX),
                      .found = BUF_INIT(ASK_BODY_MAX)};
    int64_t now_s = clock_wall_s();
    ask_init(&ask, NULL, now_s);
    if (check_options(o, args, &err) == EC_OK &&
        verb_policy(&policy, o->policy, now_s, &err) == EC_OK) {
        ask.policy = policy;
        if (find_questions(&ask, o, args, &err) == EC_OK)
            (void)!ask_webhook(&r, o, &err);
    }
    size_t n_faults = ask.n_faults;
    ask_done(&ask);
    engine_policy_free(policy);
    buf_done(&r.expected);
    buf_done(&r.found);
    int status = n_faults != 0 ? EXIT_INPUT : r.n_differ != 0 ? EXIT_DENIED : EXIT_ALLOWED;
    return verb_end(&r.out, status, &err);
}
