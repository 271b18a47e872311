/* policyctl test - what the webhook would do to manifests. */
#include "base/clock.h"
#include "base/mem.h"
#include "object/parallel.h"
#include "policyctl/policy.h"
#include "policyctl/run_files.h"
#include "policyctl/verb.h"

#include <stdlib.h>
#include <unistd.h>

enum { JOBS_DEFAULT_MAX = 8 };

/* In the order of the words. */
static const struct report_format *const formats[] = {
    &report_objects_text,  &report_objects_json,  &report_objects_yaml,   &report_objects_diff,
    &report_objects_junit, &report_objects_sarif, &report_objects_github, &report_objects_tap};
static const char *const output_words[] = {"text",  "json",   "yaml", "diff", "junit",
                                           "sarif", "github", "tap",  NULL};
static const char *const operation_words[] = {"CREATE", "UPDATE", NULL};
static const char *const endpoint_words[] = {"mutate", "validate", NULL};
static const char *const color_words[] = {"auto", "always", "never", NULL};
enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
    const char *policy, *namespace, *user, *service_account, *now;
    struct opt_list groups;
    uint64_t jobs;
    int output, operation, endpoint, color;
    struct opt_list exclude;
    bool fail_on_warn, require_objects, quiet, summary, strict, verbose;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct opt_row rows[] = {
    POLICY_ROW(struct options),
    {"output", 'o', OPT_WORD, "FORMAT", "text",
     "text: file:line:col lines and a summary; when all is well silence, and the summary on a "
     "terminal alone. json: one document. yaml: the objects after the patch. diff: what the "
     "patch changes. junit, sarif, github, tap: for CI systems.",
     AT(output), .words = output_words},
    {"namespace", 'n', OPT_STRING, "NAME", NULL,
     "Namespace of objects that name none, as kubectl -n; \"default\" when not given.",
     AT(namespace)},
    {"user", 0, OPT_STRING, "NAME", NULL,
     "Who asks, as system:serviceaccount:airbyte:airbyte-admin; for rules that match users.",
     AT(user)},
    {"group", 0, OPT_LIST, "NAME", NULL, "A group of that user; may be given several times.",
     AT(groups)},
    {"service-account", 0, OPT_STRING, "NAME", NULL,
     "Service account of pods that name none; \"default\" when not given.",
     AT(service_account)},
    {"operation", 0, OPT_WORD, "WORD", "CREATE",
     "What is asked. On UPDATE of a pod only images can still be rewritten.", AT(operation),
     .words = operation_words},
    {"endpoint", 0, OPT_WORD, "WORD", "mutate",
     "mutate rewrites and refuses; validate refuses only, and takes objects as they stand.",
     AT(endpoint), .words = endpoint_words},
    {"now", 0, OPT_STRING, "TIME", NULL,
     "Date (2027-01-31) or RFC 3339 time at which exemptions are looked at; the clock's when "
     "not given.",
     AT(now)},
    EXCLUDE_ROW(struct options),
    STRICT_ROW(struct options),
    {"fail-on-warn", 0, OPT_FLAG, NULL, NULL, "Exit with 3 when there are only warnings.",
     AT(fail_on_warn)},
    {"require-objects", 0, OPT_FLAG, NULL, NULL,
     "Exit with 1 when a FILE or folder has no object: a CI job that tests nothing is no test.",
     AT(require_objects)},
    {"quiet", 'q', OPT_FLAG, NULL, NULL,
     "Denials, warnings and what is not judged: no rewrites, no summary, no progress.",
     AT(quiet)},
    {"verbose", 'v', OPT_FLAG, NULL, NULL,
     "Name each file of a folder that is skipped, being no manifest.", AT(verbose)},
    {"summary", 0, OPT_FLAG, NULL, NULL,
     "Print the summary in any case; of formats that have none on standard error.",
     AT(summary)},
    {"color", 0, OPT_WORD, "WHEN", "auto",
     "Colours in text: auto is when standard output is a terminal and NO_COLOR is not set.",
     AT(color), .words = color_words},
    {"jobs", 'j', OPT_NUMBER, "N", NULL,
     "Files read at a time; as many as there are processors, at most 8, when not given.",
     AT(jobs), .min = 1, .max = OBJECT_PARALLEL_JOBS_MAX},
    HELP_ROW,
};

const struct opt_table test_options = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = NULL};

static enum ec read_now(const char *text, int64_t *now_s, struct err *err) {
    bool date_only;
    *now_s = clock_wall_us() / 1000000;
    if (text == NULL || clock_parse(str_of(text), now_s, &date_only))
        return EC_OK;
    return err_set(
        err, EC_USAGE,
        "--now: found \"%.100s\", expected a date such as 2027-01-31 or a time such as "
        "2027-01-31T12:00:00Z",
        text);
}

/* https://no-color.org: set and not empty. */
static bool wants_color(const struct options *o) {
    const char *no_color = getenv("NO_COLOR");
    if (formats[o->output] != &report_objects_text || o->color == COLOR_NEVER)
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
    err_set(&err, EC_SCHEMA, "no objects, and --require-objects wants one");
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
                     const struct options *o) {
    if (t->unreadable > empty->n_faults)
        return EXIT_INPUT;
    if (t->denied_objects != 0 || empty->n != 0)
        return EXIT_DENIED;
    if (o->strict && t->unjudged_objects + t->unrendered != 0)
        return EXIT_DENIED;
    return o->fail_on_warn && t->warned_objects != 0 ? EXIT_WARNED : EXIT_ALLOWED;
}

static int finish(const struct options *o, const struct empty *empty,
                  const struct run_files *s) {
    if (o->summary && !s->format->sums_up)
        tell_summary(s);
    return s->unwritten ? EXIT_INPUT : status_of(&s->totals, empty, o);
}

static enum ec run_all(const struct options *o, const struct opt_result *args,
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

static int test(const struct options *o, const struct opt_result *args) {
    struct err err = ERR_INIT;
    struct object_request request = {.namespace = o->namespace,
                                     .user = o->user,
                                     .service_account = o->service_account,
                                     .groups = &o->groups,
                                     .operation =
                                         o->operation ? OPERATION_UPDATE : OPERATION_CREATE,
                                     .engine_flags = o->endpoint ? ENGINE_VALIDATE : 0};
    struct empty empty = {.args = args};
    struct run_files run = {.request = &request,
                            .before_end = o->require_objects ? tell_empty : NULL,
                            .arg = &empty,
                            .format = formats[o->output],
                            .look = {.quiet = o->quiet,
                                     .color = wants_color(o),
                                     .terminal = isatty(STDOUT_FILENO),
                                     .summary = o->summary}};
    struct policy *policy = NULL;
    if (args->n_operands == 0)
        err_set(&err, EC_USAGE, "no input: give files, folders or - for standard input");
    else if (read_now(o->now, &request.now_s, &err) == EC_OK &&
             policy_load(&policy, o->policy, request.now_s, &err) == EC_OK) {
        run.policy = policy;
        (void)!run_all(o, args, &run, &err);
    }
    int status = err.code != EC_OK ? verb_fail(&err) : finish(o, &empty, &run);
    mem_free(run.operand_objects);
    engine_policy_free(policy);
    return status;
}

int cmd_test(const struct verb *self, int argc, char **argv) {
    struct options options = {.policy = getenv("PULLGATE_POLICY")};
    struct opt_result result;
    struct buf text = BUF_INIT(1 << 20);
    int status;
    if (verb_options(self, &options, argc, argv, &result, &text, &status))
        status = test(&options, &result);
    buf_done(&text);
    return status;
}
