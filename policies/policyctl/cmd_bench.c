/* policyctl bench - decisions per second, and how long one takes. */
#include "base/file.h"
#include "object/inputs.h"
#include "policyctl/bench.h"
#include "policyctl/options.h"

/* ---- measuring ----------------------------------------------------------------------- */

/* What cannot be read is reported, and the rest is measured. */
static enum ec load_objects(struct bench *b, const struct opt_result *args, struct err *err) {
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
        err_set(err, EC_USAGE, "no objects to measure");
    return err->code;
}

static enum ec measure_both(const struct bench *b, struct bench_figures *f, struct err *err) {
    for (size_t i = 0; i < b->n_items; i++)
        f->has_engine |= !b->items[i].is_malformed;
    f->has_review = b->n_reviews != 0;
    if (f->has_engine && bench_engine(b, &f->engine, err) != EC_OK)
        return err->code;
    return f->has_review ? bench_review(b, &f->review, err) : EC_OK;
}

/* With -o json the comparison is talk: standard output holds one document. */
static enum ec put_figures(const struct options_bench *o, const struct bench *b,
                           const struct bench_figures *f, struct buf *out, bool *slower,
                           struct err *err) {
    struct buf json = BUF_INIT(65536), talk = BUF_INIT(65536);
    struct bench_comparison c = {.path = o->compare,
                                 .threshold = o->threshold,
                                 .out = o->output == BENCH_TEXT ? out : &talk};
    bench_print_json(&json, b, f);
    if (o->output == BENCH_TEXT)
        bench_print_text(out, b, f);
    else
        buf_str(out, buf_view(&json));
    if (o->save != NULL && b->n_faults != 0)
        err_set(err, EC_USAGE, "%s is not written: some of the input could not be read",
                o->save);
    else if (o->save == NULL || file_replace(o->save, 0644, buf_view(&json), err) == EC_OK)
        if (o->compare != NULL)
            (void)!bench_compare(&c, b, f, err);
    verb_talk(buf_view(&talk));
    buf_done(&json);
    buf_done(&talk);
    *slower = c.slower;
    return err->code;
}

/* Makes its own objects. */
static int run_worst(const struct options_bench *o, const struct opt_result *args) {
    struct err err = ERR_INIT;
    struct policy *policy = NULL;
    struct bench_worst worst;
    struct buf out = BUF_INIT(1 << 20);
    unsigned flags = o->endpoint == ENDPOINT_VALIDATE ? ENGINE_VALIDATE : 0;
    int64_t now_s;
    if (args->n_operands != 0 || o->save != NULL || o->compare != NULL)
        err_set(&err, EC_USAGE,
                "--worst makes its own objects: give no files, no --save and no --compare");
    else if (requester_now(&now_s, o->now, &err) == EC_OK &&
             verb_policy(&policy, o->policy, now_s, &err) == EC_OK &&
             bench_worst_measure(&worst, policy, now_s, flags, &err) == EC_OK)
        (o->output == BENCH_TEXT ? bench_worst_text : bench_worst_json)(&out, &worst, policy);
    engine_policy_free(policy);
    return verb_end(&out, EXIT_ALLOWED, &err);
}

static int run_files(const struct options_bench *o, const struct opt_result *args) {
    static const struct opt_list no_groups = {.n = 0};
    struct err err = ERR_INIT;
    struct object_request request = {
        .namespace = o->namespace,
        .groups = &no_groups,
        .engine_flags = o->endpoint == ENDPOINT_VALIDATE ? ENGINE_VALIDATE : 0};
    struct bench b = {.request = &request,
                      .rounds = o->rounds,
                      .warmup = o->warmup,
                      .concurrency = (unsigned)o->concurrency,
                      .arena = ARENA_INIT(64 << 10, (size_t)1 << 32)};
    struct bench_figures f = {.has_engine = false};
    struct policy *policy = NULL;
    struct buf out = BUF_INIT(1 << 20);
    bool slower = false, printed = true;
    if (verb_operands(args, VERB_NO_INPUT, &err) == EC_OK &&
        requester_now(&request.now_s, o->now, &err) == EC_OK &&
        verb_policy(&policy, o->policy, request.now_s, &err) == EC_OK) {
        b.policy = policy;
        if (load_objects(&b, args, &err) == EC_OK && measure_both(&b, &f, &err) == EC_OK)
            (void)!put_figures(o, &b, &f, &out, &slower, &err);
        printed = verb_print(&out); /* the figures, when only the comparison failed */
    }
    size_t n_faults = b.n_faults;
    bench_done(&b);
    engine_policy_free(policy);
    buf_done(&out);
    if (err.code != EC_OK)
        return verb_fail(&err);
    return !printed || n_faults != 0 ? EXIT_INPUT : slower ? EXIT_DENIED : EXIT_ALLOWED;
}

int cmd_bench(const union options *options, const struct opt_result *args) {
    const struct options_bench *o = &options->bench;
    return o->worst ? run_worst(o, args) : run_files(o, args);
}
