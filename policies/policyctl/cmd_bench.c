/* policyctl bench - decisions per second, and how long one takes. */
#include "base/clock.h"
#include "base/file.h"
#include "object/inputs.h"
#include "policyctl/bench.h"
#include "policyctl/policy.h"
#include "policyctl/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BASE_MAX = 1 << 20, CONCURRENCY_MAX = 256 };

static const char *const output_words[] = {"text", "json", NULL};
static const char *const endpoint_words[] = {"mutate", "validate", NULL};

struct options {
    const char *policy, *namespace, *now, *save, *compare;
    uint64_t rounds, warmup, concurrency, threshold;
    int output, endpoint;
    bool worst;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct opt_row rows[] = {
    POLICY_ROW(struct options),
    {"iterations", 0, OPT_NUMBER, "N", "1000", "Times that each object is decided over.",
     AT(rounds), .min = 1, .max = 1000000000},
    {"warmup", 0, OPT_NUMBER, "N", "100", "Times before that, which are not measured.",
     AT(warmup), .max = 1000000000},
    {"concurrency", 'c', OPT_NUMBER, "N", "1", "Threads that share the iterations.",
     AT(concurrency), .min = 1, .max = CONCURRENCY_MAX},
    {"save", 0, OPT_STRING, "FILE", NULL, "Keep the figures, for a later --compare.", AT(save)},
    {"compare", 0, OPT_STRING, "FILE", NULL,
     "Figures that were kept; exit with 1 when the median of now is slower by more than the "
     "threshold.",
     AT(compare)},
    {"worst", 0, OPT_FLAG, NULL, NULL,
     "No files: make the worst reviews for the rule file, of 32 MiB at most, and tell what "
     "each takes.",
     AT(worst)},
    {"threshold", 0, OPT_NUMBER, "PERCENT", "10", "How much slower is too slow.", AT(threshold),
     .max = 1000000},
    {"namespace", 'n', OPT_STRING, "NAME", NULL,
     "Namespace of objects that name none; \"default\" when not given.", AT(namespace)},
    {"endpoint", 0, OPT_WORD, "WORD", "mutate", "Which of the webhook's paths is asked.",
     AT(endpoint), .words = endpoint_words},
    {"now", 0, OPT_STRING, "TIME", NULL,
     "Date or RFC 3339 time at which exemptions are looked at; the clock's when not given.",
     AT(now)},
    {"output", 'o', OPT_WORD, "FORMAT", "text", "json: the document that --save keeps.",
     AT(output), .words = output_words},
    HELP_ROW,
};

const struct opt_table bench_options = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = NULL};

struct figures { /* of one run */
    struct bench_result engine, review;
    bool has_engine, has_review;
};

/* ---- telling ------------------------------------------------------------------------- */

static void put_time(struct buf *out, uint64_t ns) {
    char text[32];
    if (ns < 10000)
        snprintf(text, sizeof text, "%llu ns", (unsigned long long)ns);
    else if (ns < 10000000)
        snprintf(text, sizeof text, "%.1f us", (double)ns / 1e3);
    else
        snprintf(text, sizeof text, "%.1f ms", (double)ns / 1e6);
    buf_printf(out, " %10s", text);
}

static void put_row(struct buf *out, const char *name, const struct bench_result *r) {
    buf_printf(out, "%-8s %10llu %12.0f", name, (unsigned long long)r->decisions,
               r->per_second);
    put_time(out, r->mean_ns);
    put_time(out, r->p50_ns);
    put_time(out, r->p95_ns);
    put_time(out, r->p99_ns);
    put_time(out, r->max_ns);
    buf_putc(out, '\n');
}

static void put_text(struct buf *out, const struct bench *b, const struct figures *f) {
    buf_printf(out, "%zu objects, %zu of them reviews; each %llu times, %u at a time\n",
               b->n_items, b->n_reviews, (unsigned long long)b->rounds, b->concurrency);
    buf_printf(out, "%-8s %10s %12s %10s %10s %10s %10s %10s\n", "", "decisions", "per second",
               "mean", "p50", "p95", "p99", "max");
    if (f->has_engine)
        put_row(out, "engine", &f->engine);
    if (f->has_review)
        put_row(out, "review", &f->review);
}

static void put_figures(struct buf *out, const char *name, const struct bench_result *r) {
    buf_printf(out,
               ",\"%s\":{\"decisions\":%llu,\"perSecond\":%.0f,\"meanNs\":%llu,\"p50Ns\":%llu,"
               "\"p95Ns\":%llu,\"p99Ns\":%llu,\"maxNs\":%llu}",
               name, (unsigned long long)r->decisions, r->per_second,
               (unsigned long long)r->mean_ns, (unsigned long long)r->p50_ns,
               (unsigned long long)r->p95_ns, (unsigned long long)r->p99_ns,
               (unsigned long long)r->max_ns);
}

static void put_json(struct buf *out, const struct bench *b, const struct figures *f) {
    buf_printf(out,
               "{\"objects\":%zu,\"reviews\":%zu,\"iterations\":%llu,\"warmup\":%llu,"
               "\"concurrency\":%u",
               b->n_items, b->n_reviews, (unsigned long long)b->rounds,
               (unsigned long long)b->warmup, b->concurrency);
    if (f->has_engine)
        put_figures(out, "engine", &f->engine);
    if (f->has_review)
        put_figures(out, "review", &f->review);
    buf_puts(out, "}\n");
}

/* ---- comparing ----------------------------------------------------------------------- */

static enum ec base_number(const struct json *j, json_at object, const char *key, uint64_t *out,
                           struct err *err) {
    json_at at = json_get(j, object, str_of(key));
    if (json_is(j, at, JSON_NUMBER) && str_to_uint(json_str(j, at), UINT64_MAX, out))
        return EC_OK;
    return err_set(err, EC_SCHEMA, "no figures of policyctl bench --save: %s is missing", key);
}

struct comparison {
    const struct options *o;
    struct buf *out;
    bool slower;
};

/* One decimal; the median, since a busy machine moves it least. */
static enum ec compare_one(struct comparison *c, const struct json *j, const char *name,
                           const struct bench_result *now, struct err *err) {
    json_at at = json_get(j, 0, str_of(name));
    uint64_t before;
    if (at == JSON_NONE)
        return EC_OK;
    if (base_number(j, at, "p50Ns", &before, err) != EC_OK)
        return err->code;
    double percent = before ? ((double)now->p50_ns / (double)before - 1) * 100 : 0;
    bool slower = percent > (double)c->o->threshold;
    buf_printf(c->out, "%s: p50", name);
    put_time(c->out, before);
    buf_puts(c->out, " ->");
    put_time(c->out, now->p50_ns);
    buf_printf(c->out, ", %+.1f %%%s\n", percent, slower ? ": too slow" : "");
    c->slower |= slower;
    return EC_OK;
}

/* Figures over other objects, or with other threads, would say nothing. */
static enum ec same_ground(const struct bench *b, const struct json *j, struct err *err) {
    const struct {
        const char *key;
        uint64_t now;
    } ground[] = {
        {"objects", b->n_items}, {"reviews", b->n_reviews}, {"concurrency", b->concurrency}};
    for (size_t i = 0; i < sizeof ground / sizeof *ground; i++) {
        uint64_t before;
        if (base_number(j, 0, ground[i].key, &before, err) != EC_OK)
            return err->code;
        if (before != ground[i].now)
            return err_set(err, EC_USAGE, "%s: %llu then and %llu now: not to be compared",
                           ground[i].key, (unsigned long long)before,
                           (unsigned long long)ground[i].now);
    }
    return EC_OK;
}

static enum ec compare(struct comparison *c, const struct bench *b, const struct figures *f,
                       struct err *err) {
    struct buf text = BUF_INIT((size_t)BASE_MAX * 2);
    struct json j = JSON_INIT;
    if (file_read_any(&text, c->o->compare, BASE_MAX, err) != EC_OK) {
        buf_done(&text);
        return err->code;
    }
    char *padding = buf_room(&text, JSON_PADDING);
    if (padding == NULL)
        err_set(err, EC_NOMEM, "out of memory");
    else {
        memset(padding, 0, JSON_PADDING);
        if (json_parse(&j, text.p, text.n, JSON_LIMITS_DEFAULT, err) == EC_OK &&
            same_ground(b, &j, err) == EC_OK &&
            compare_one(c, &j, "engine", &f->engine, err) == EC_OK)
            (void)!compare_one(c, &j, "review", &f->review, err);
    }
    if (err->code != EC_OK)
        err_place(err, c->o->compare, 0, 0);
    json_done(&j);
    buf_done(&text);
    return err->code;
}

/* ---- measuring ----------------------------------------------------------------------- */

/* What cannot be read is told, and the rest is measured. */
static enum ec load(struct bench *b, const struct opt_result *args, struct err *err) {
    const struct object_inputs_filter filter = {.wanted = object_inputs_is_manifest,
                                                .ignore_files = true};
    struct object_inputs in = {.v = NULL};
    if (object_inputs_find(&in, args->operands, args->n_operands, &filter, err) == EC_OK)
        for (size_t i = 0; i < in.n; i++) {
            struct err e = ERR_INIT;
            if ((in.v[i].os != 0 ? object_inputs_fail(&in.v[i], &e)
                                 : bench_load(b, in.v[i].path, in.v[i].found, &e)) == EC_OK)
                continue;
            b->n_faults++;
            verb_fail(&e);
        }
    object_inputs_done(&in);
    if (err->code == EC_OK && b->n_items == 0)
        err_set(err, EC_USAGE, "no objects to decide over");
    return err->code;
}

static enum ec measure(const struct bench *b, struct figures *f, struct err *err) {
    for (size_t i = 0; i < b->n_items; i++)
        f->has_engine |= !b->items[i].is_malformed;
    f->has_review = b->n_reviews != 0;
    if (f->has_engine && bench_engine(b, &f->engine, err) != EC_OK)
        return err->code;
    return f->has_review ? bench_review(b, &f->review, err) : EC_OK;
}

static enum ec tell(const struct options *o, const struct bench *b, const struct figures *f,
                    struct buf *out, bool *slower, struct err *err) {
    struct buf json = BUF_INIT(65536), talk = BUF_INIT(65536);
    struct err ignored = ERR_INIT;
    struct comparison c = {.o = o, .out = o->output == 0 ? out : &talk};
    put_json(&json, b, f);
    if (o->output == 0)
        put_text(out, b, f);
    else
        buf_str(out, buf_view(&json));
    if (o->save != NULL && b->n_faults != 0)
        err_set(err, EC_USAGE, "%s is not written: the figures are not of all that was given",
                o->save);
    else if (o->save == NULL || file_replace(o->save, 0644, buf_view(&json), err) == EC_OK)
        if (o->compare != NULL)
            (void)!compare(&c, b, f, err);
    (void)!file_write_fd(STDERR_FILENO, buf_view(&talk), &ignored);
    buf_done(&json);
    buf_done(&talk);
    *slower = c.slower;
    return err->code;
}

static enum ec read_now(const char *text, int64_t *now_s, struct err *err) {
    bool date_only;
    *now_s = clock_wall_us() / 1000000;
    if (text == NULL || clock_parse(str_of(text), now_s, &date_only))
        return EC_OK;
    return err_set(err, EC_USAGE, "--now: found \"%.100s\", expected a date such as 2027-01-31",
                   text);
}

/* Makes its own objects. */
static int bench_worst(const struct options *o, const struct opt_result *args) {
    struct err err = ERR_INIT;
    struct policy *policy = NULL;
    struct bench_worst worst;
    struct buf out = BUF_INIT(1 << 20);
    int64_t now_s;
    bool printed = true;
    if (args->n_operands != 0 || o->save != NULL || o->compare != NULL)
        err_set(&err, EC_USAGE,
                "--worst makes its own objects: give no files, no --save and no --compare");
    else if (read_now(o->now, &now_s, &err) == EC_OK &&
             policy_load(&policy, o->policy, now_s, &err) == EC_OK &&
             bench_worst_measure(&worst, policy, now_s, o->endpoint ? ENGINE_VALIDATE : 0,
                                 &err) == EC_OK) {
        (o->output ? bench_worst_json : bench_worst_text)(&out, &worst, policy);
        printed = verb_print(&out);
    }
    engine_policy_free(policy);
    buf_done(&out);
    if (err.code != EC_OK)
        return verb_fail(&err);
    return printed ? EXIT_ALLOWED : EXIT_INPUT;
}

static int bench(const struct options *o, const struct opt_result *args) {
    static const struct opt_list nobody = {.n = 0};
    struct err err = ERR_INIT;
    struct object_request request = {.namespace = o->namespace,
                                     .groups = &nobody,
                                     .engine_flags = o->endpoint ? ENGINE_VALIDATE : 0};
    struct bench b = {.request = &request,
                      .rounds = o->rounds,
                      .warmup = o->warmup,
                      .concurrency = (unsigned)o->concurrency,
                      .arena = ARENA_INIT(64 << 10, (size_t)1 << 32)};
    struct figures f = {.has_engine = false};
    struct policy *policy = NULL;
    struct buf out = BUF_INIT(1 << 20);
    bool slower = false, printed = true;
    if (args->n_operands == 0)
        err_set(&err, EC_USAGE, "no input: give files, folders or - for standard input");
    else if (read_now(o->now, &request.now_s, &err) == EC_OK &&
             policy_load(&policy, o->policy, request.now_s, &err) == EC_OK) {
        b.policy = policy;
        if (load(&b, args, &err) == EC_OK && measure(&b, &f, &err) == EC_OK)
            (void)!tell(o, &b, &f, &out, &slower, &err);
        printed = verb_print(&out);
    }
    size_t n_faults = b.n_faults;
    bench_done(&b);
    engine_policy_free(policy);
    buf_done(&out);
    if (err.code != EC_OK)
        return verb_fail(&err);
    return !printed || n_faults != 0 ? EXIT_INPUT : slower ? EXIT_DENIED : EXIT_ALLOWED;
}

int cmd_bench(const struct verb *self, int argc, char **argv) {
    struct options options = {.policy = getenv("PULLGATE_POLICY")};
    struct opt_result result;
    struct buf text = BUF_INIT(1 << 20);
    int status;
    if (verb_options(self, &options, argc, argv, &result, &text, &status))
        status = options.worst ? bench_worst(&options, &result) : bench(&options, &result);
    buf_done(&text);
    return status;
}
