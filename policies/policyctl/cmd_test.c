/* policyctl test - what the webhook would do to manifests. */
#include "object/parallel.h"
#include "policyctl/options.h"
#include "policyctl/run_files.h"

#include <stdlib.h>
#include <unistd.h>

enum { JOBS_DEFAULT_MAX = 8 };

static const struct report_format *const formats[N_TEST_OUTPUTS] = {
    [TEST_TEXT] = &report_objects_text,     [TEST_JSON] = &report_objects_json,
    [TEST_YAML] = &report_objects_yaml,     [TEST_DIFF] = &report_objects_diff,
    [TEST_JUNIT] = &report_objects_junit,   [TEST_SARIF] = &report_objects_sarif,
    [TEST_GITHUB] = &report_objects_github, [TEST_TAP] = &report_objects_tap};

/* https://no-color.org: set and not empty. */
static bool wants_color(const struct options_test *o) {
    const char *no_color = getenv("NO_COLOR");
    if (o->output != TEST_TEXT || o->color == COLOR_NEVER)
        return false;
    return o->color == COLOR_ALWAYS ||
           ((no_color == NULL || *no_color == '\0') && isatty(STDOUT_FILENO));
}

static void tell_summary(const struct run_files *s) {
    struct buf text = BUF_INIT(4096);
    report_objects_summary(&text, &s->totals);
    verb_tell("%.*s", STR_ARG(str_trim(buf_view(&text))));
    buf_done(&text);
}

static int status_of(const struct run_files *s, const struct options_test *o) {
    const struct object_totals *t = &s->totals;
    if (t->unreadable > s->n_empty_faults)
        return EXIT_INPUT;
    if (t->denied_objects != 0 || s->n_empty != 0)
        return EXIT_DENIED;
    if (o->strict && t->unjudged_objects + t->unrendered != 0)
        return EXIT_DENIED;
    return o->fail_on_warn && t->warned_objects != 0 ? EXIT_WARNED : EXIT_ALLOWED;
}

static int finish(const struct options_test *o, const struct run_files *s) {
    if (o->summary && !s->format->sums_up)
        tell_summary(s);
    return s->unwritten ? EXIT_INPUT : status_of(s, o);
}

static enum ec test_files(const struct options_test *o, const struct opt_result *args,
                          struct run_files *s, struct err *err) {
    const struct object_inputs_filter filter = {
        .wanted = object_inputs_is_manifest, .exclude = &o->exclude, .ignore_files = true};
    struct object_inputs inputs = {.v = NULL};
    s->jobs = o->jobs ? (unsigned)o->jobs : object_parallel_processors(JOBS_DEFAULT_MAX);
    s->verbose = o->verbose;
    s->progress = !o->quiet && isatty(STDERR_FILENO);
    if (object_inputs_find(&inputs, args->operands, args->n_operands, &filter, err) == EC_OK)
        (void)!run_files_run(s, &inputs, err);
    object_inputs_done(&inputs);
    return err->code;
}

int cmd_test(const union options *options, const struct opt_result *args) {
    const struct options_test *o = &options->test;
    struct err err = ERR_INIT;
    struct requester requester;
    struct policy *policy = NULL;
    struct run_files run = {.request = &requester.request,
                            .operands = args->operands,
                            .n_operands = args->n_operands,
                            .require_objects = o->require_objects,
                            .format = formats[o->output],
                            .look = {.quiet = o->quiet,
                                     .color = wants_color(o),
                                     .terminal = isatty(STDOUT_FILENO),
                                     .summary = o->summary}};
    if (verb_operands(args, VERB_NO_INPUT, &err) == EC_OK &&
        requester_read(&requester, &o->requester, &err) == EC_OK &&
        verb_policy(&policy, o->policy, requester.request.now_s, &err) == EC_OK) {
        requester.request.engine_flags = o->endpoint == ENDPOINT_VALIDATE ? ENGINE_VALIDATE : 0;
        run.policy = policy;
        (void)!test_files(o, args, &run, &err);
    }
    int status = err.code != EC_OK ? verb_fail(&err) : finish(o, &run);
    engine_policy_free(policy);
    return status;
}
