/* policyctl test - what the webhook would do to manifests. */
#include "base/clock.h"
#include "policyctl/policy.h"
#include "policyctl/print.h"
#include "policyctl/verb.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const output_words[] = {"text", "json", "yaml", "diff", NULL};
static const char *const operation_words[] = {"CREATE", "UPDATE", NULL};
static const char *const endpoint_words[] = {"mutate", "validate", NULL};

static void nothing(struct print *p) {
    (void)p;
}

static void no_summary(struct print *p, const struct subject_totals *t) {
    (void)p;
    (void)t;
}

const struct print_format print_formats[] = {
    {"text", print_text_begin, print_text_object, print_text_end},
    {"json", print_json_begin, print_json_object, print_json_end},
    {"yaml", nothing, print_yaml_object, no_summary},
    {"diff", nothing, print_diff_object, no_summary},
};

struct options {
    const char *policy, *namespace, *user, *service_account, *now;
    struct opt_list groups;
    int output, operation, endpoint;
    bool fail_on_warn;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct opt_row rows[] = {
    POLICY_ROW(struct options),
    {"output", 'o', OPT_WORD, "FORMAT", "text",
     "text: file:line:col lines and a summary. json: one document. yaml: the objects after the "
     "patch. diff: what the patch changes.",
     AT(output), .words = output_words},
    {"namespace", 'n', OPT_STRING, "NAME", NULL,
     "Namespace of objects that name none, as kubectl -n.", AT(namespace)},
    {"user", 0, OPT_STRING, "NAME", NULL,
     "Who asks, as system:serviceaccount:airbyte:airbyte-admin; for rules that match users.",
     AT(user)},
    {"group", 0, OPT_LIST, "NAME", NULL, "A group of that user; may be given several times.",
     AT(groups)},
    {"operation", 0, OPT_WORD, "WORD", "CREATE",
     "What is asked. On UPDATE of a pod only images can still be rewritten.", AT(operation),
     .words = operation_words},
    {"endpoint", 0, OPT_WORD, "WORD", "mutate",
     "mutate rewrites and refuses; validate refuses only, and takes objects as they stand.",
     AT(endpoint), .words = endpoint_words},
    {"now", 0, OPT_STRING, "TIME", NULL,
     "Date (2027-01-31) or RFC 3339 time at which exemptions are looked at; the clock's when "
     "not "
     "given.",
     AT(now)},
    {"fail-on-warn", 0, OPT_FLAG, NULL, NULL, "Exit with 3 when there are only warnings.",
     AT(fail_on_warn)},
    HELP_ROW,
};

const struct opt_table test_options = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = NULL};

struct run {
    const struct print_format *format;
    struct print print;
    struct err err;
    bool printed; /* false: standard output cannot be written, which was told already */
};

static bool show(void *arg, const struct subject *s) {
    struct run *r = arg;
    if (r->format->object(&r->print, s, &r->err) != EC_OK)
        return false;
    r->printed = verb_print(&r->print.out);
    return r->printed;
}

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

static int status_of(const struct subject_totals *t, bool fail_on_warn) {
    if (t->unreadable != 0)
        return EXIT_INPUT;
    if (t->denied_objects != 0)
        return EXIT_DENIED;
    return fail_on_warn && t->warned_objects != 0 ? EXIT_WARNED : EXIT_ALLOWED;
}

static int test(const struct options *o, const struct opt_result *args) {
    struct run run = {.format = &print_formats[o->output],
                      .print = {.out = BUF_INIT((size_t)1 << 30), .scratch = BUF_INIT(1 << 20)},
                      .err = ERR_INIT,
                      .printed = true};
    struct asked asked = {.namespace = o->namespace,
                          .user = o->user,
                          .groups = &o->groups,
                          .operation = o->operation ? OPERATION_UPDATE : OPERATION_CREATE,
                          .engine_flags = o->endpoint ? ENGINE_VALIDATE : 0};
    struct subject_totals totals = {.objects = 0};
    struct policy *policy = NULL;
    if (args->n_operands == 0)
        err_set(&run.err, EC_USAGE, "no input: give files, folders or - for standard input");
    else if (read_now(o->now, &asked.now_s, &run.err) == EC_OK &&
             policy_load(&policy, o->policy, asked.now_s, &run.err) == EC_OK) {
        run.format->begin(&run.print);
        (void)!subject_each(args->operands, args->n_operands, policy, &asked, show, &run,
                            &totals, &run.err);
        run.format->end(&run.print, &totals);
        run.printed = run.printed && verb_print(&run.print.out);
    }
    policy_free(policy);
    buf_done(&run.print.out);
    buf_done(&run.print.scratch);
    if (run.err.code != EC_OK)
        return verb_fail(&run.err);
    return run.printed ? status_of(&totals, o->fail_on_warn) : EXIT_INPUT;
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
