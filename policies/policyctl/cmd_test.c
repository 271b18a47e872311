/* policyctl test - what the webhook would do to manifests. */
#include "base/mem.h"
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

/* What --require-objects finds, in whatever format. */
struct empty {
    const struct opt_result *args;
    size_t n;
    size_t n_faults; /* of these; formats without faults have none */
};

static void put_empty(struct run_files *s, struct report *run, const char *operand) {
    struct err err = ERR_INIT;
    struct report file = REPORT_INIT(&s->look, s->format->writer, &report_objects_tool);
    const struct object_totals one = {.unreadable = 1};
    const struct object_fault fault = {.file = operand, .whole = true, .err = &err};
    err_set(&err, EC_SCHEMA, "no objects, and --require-objects is set");
    s->format->fault(&file, &fault);
    s->format->join(run, &file, operand, &one);
    s->totals.unreadable++;
    report_done(&file);
}

static void tell_empty(void *arg, struct run_files *s, struct report *run) {
    struct empty *empty = arg;
    for (size_t i = 0; i < empty->args->n_operands; i++) {
        if (s->operand_objects[i] != 0)
            continue;
        verb_tell("policyctl: %s: no objects", empty->args->operands[i]);
        empty->n++;
        if (s->format->fault == report_objects_no_fault)
            continue;
        put_empty(s, run, empty->args->operands[i]);
        empty->n_faults++;
    }
}

static void tell_summary(const struct run_files *s) {
    struct buf text = BUF_INIT(4096);
    report_objects_summary(&text, &s->totals);
    verb_tell("%.*s", STR_ARG(str_trim(buf_view(&text))));
    buf_done(&text);
}

static int status_of(const struct object_totals *t, const struct empty *empty,
                     const struct options_test *o) {
    if (t->unreadable > empty->n_faults)
        return EXIT_INPUT;
    if (t->denied_objects != 0 || empty->n != 0)
        return EXIT_DENIED;
    if (o->strict && t->unjudged_objects + t->unrendered != 0)
        return EXIT_DENIED;
    return o->fail_on_warn && t->warned_objects != 0 ? EXIT_WARNED : EXIT_ALLOWED;
}

static int finish_run(const struct options_test *o, const struct empty *empty,
                      const struct run_files *s) {
    if (o->summary && !s->format->sums_up)
        tell_summary(s);
    return s->unwritten ? EXIT_INPUT : status_of(&s->totals, empty, o);
}

static enum ec test_files(const struct options_test *o, const struct opt_result *args,
                          struct run_files *s, struct err *err) {
    const struct object_inputs_filter filter = {
        .wanted = object_inputs_is_manifest, .exclude = &o->exclude, .ignore_files = true};
    struct object_inputs inputs = {.v = NULL};
    s->operand_objects =
        mem_zalloc(mem_array_bytes(args->n_operands, sizeof *s->operand_objects));
    if (s->operand_objects == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
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
    struct empty empty = {.args = args};
    struct run_files run = {.request = &requester.request,
                            .before_end = o->require_objects ? tell_empty : NULL,
                            .arg = &empty,
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
    int status = err.code != EC_OK ? verb_fail(&err) : finish_run(o, &empty, &run);
    mem_free(run.operand_objects);
    engine_policy_free(policy);
    return status;
}
