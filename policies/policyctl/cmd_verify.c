/* policyctl verify - unit tests of rule files, in the manner of go test. */
#include "base/clock.h"
#include "object/inputs.h"
#include "policyctl/options.h"
#include "report/verify.h"

static const struct report_verify_format *const formats[] = {
    [VERIFY_TEXT] = &report_verify_text,
    [VERIFY_JSON] = &report_verify_json,
    [VERIFY_JUNIT] = &report_verify_junit,
    [VERIFY_SARIF] = &report_verify_sarif,
    [VERIFY_GITHUB] = &report_verify_github};

struct run {
    struct suite_filter filter;
    struct report_verify v;
};

static enum ec run_cases(struct run *r, struct suite *s, const struct policy *policy,
                         struct report_verify_suite *of, struct err *err) {
    for (size_t i = 0; i < s->n_cases; i++) {
        struct suite_case *c = &s->cases[i];
        if (!suite_filter_has(&r->filter, c))
            continue;
        if (suite_run(s, c, policy, err) != EC_OK)
            return err->code;
        of->n_run++;
        of->n_failed += c->failures != NULL;
        r->v.format->of_case(&r->v, s, c);
    }
    return EC_OK;
}

/* When the rule file cannot be opened, the error is located where the suite names it. */
static enum ec load_suite_rules(struct policy **out, const struct suite *s, struct err *err) {
    enum ec ec = verb_policy(out, s->policy_path, 0, err);
    if (ec != EC_OK && err->where[0] == '\0')
        err_locate(err, s->form.file, s->policy_pos.line, s->policy_pos.col);
    return ec;
}

/* A suite that cannot be read is reported and counted, and the next one follows. No warnings of
 * expired exemptions: a case has its own time. */
static void run_suite(struct run *r, const struct object_input *in) {
    int64_t start_ns = clock_mono_ns();
    struct report_verify_suite of = {.path = in->path};
    struct err err = ERR_INIT;
    struct policy *policy = NULL;
    struct suite suite = {.n_cases = 0};
    if (in->os != 0)
        object_inputs_fail(in, &err);
    else if (suite_open(&suite, in->path, &err) == EC_OK &&
             load_suite_rules(&policy, &suite, &err) == EC_OK)
        (void)!run_cases(r, &suite, policy, &of, &err);
    of.seconds = (double)(clock_mono_ns() - start_ns) / 1e9;
    if (err.code != EC_OK) {
        of.err = &err;
        r->v.n_unreadable++;
    }
    r->v.n_suites++;
    r->v.n_run += of.n_run;
    r->v.n_failed += of.n_failed;
    r->v.format->of_suite(&r->v, &of);
    if (err.code != EC_OK)
        verb_fail(&err);
    engine_policy_free(policy);
    suite_close(&suite);
}

static int status_of(const struct report_verify *v) {
    if (v->n_unreadable != 0)
        return EXIT_INPUT;
    return v->n_failed != 0 ? EXIT_DENIED : EXIT_ALLOWED;
}

static int run_all(struct run *r, const struct object_inputs *in) {
    bool printed = true;
    r->v.format->begin(&r->v);
    for (size_t i = 0; i < in->n && printed; i++) {
        run_suite(r, &in->v[i]);
        printed = verb_print(&r->v.run.out);
    }
    r->v.format->end(&r->v);
    printed = printed && verb_print(&r->v.run.out);
    return printed ? status_of(&r->v) : EXIT_INPUT;
}

static enum ec find(struct object_inputs *in, const struct opt_result *args, struct err *err) {
    const struct object_inputs_filter filter = {.wanted = object_inputs_is_suite};
    if (verb_operands(args, "no suite: give files, or folders with *.test.yaml", err) != EC_OK)
        return err->code;
    if (object_inputs_find(in, args->operands, args->n_operands, &filter, err) != EC_OK)
        return err->code;
    return in->n != 0
               ? EC_OK
               : err_set(err, EC_USAGE, "no suite: no *.test.yaml in %s", args->operands[0]);
}

int cmd_verify(const union options *options, const struct opt_result *args) {
    const struct options_verify *o = &options->verify;
    struct err err = ERR_INIT;
    struct object_inputs inputs = {.v = NULL};
    struct run r = {.filter = {.text = NULL}};
    int status = EXIT_ALLOWED;
    report_verify_init(&r.v, formats[o->output], o->verbose);
    if (find(&inputs, args, &err) == EC_OK &&
        suite_filter_init(&r.filter, o->run, &err) != EC_OK)
        err_wrap(&err, "--run");
    if (err.code == EC_OK) {
        status = run_all(&r, &inputs);
        if (r.v.n_run == 0 && r.v.n_unreadable == 0)
            err_set(&err, EC_USAGE, "--run: no case name matches \"%.100s\"", o->run);
        suite_filter_done(&r.filter);
    }
    object_inputs_done(&inputs);
    report_verify_done(&r.v);
    return err.code == EC_OK ? status : verb_fail(&err);
}
