/* policyctl review - one AdmissionReview in, the webhook's answer out. */
#include "base/clock.h"
#include "base/file.h"
#include "policyctl/policy.h"
#include "policyctl/verb.h"
#include "review/review.h"
#include "yaml/yaml.h"

#include <stdlib.h>

enum { BODY_MAX = 32 << 20 };

static const char *const endpoint_words[] = {"mutate", "validate", NULL};

struct options {
    const char *policy, *now;
    int endpoint;
};

#define AT(field) .offset = offsetof(struct options, field)

static const struct opt_row rows[] = {
    POLICY_ROW(struct options),
    {"endpoint", 0, OPT_WORD, "WORD", "mutate", "Which of the webhook's paths answers.",
     AT(endpoint), .words = endpoint_words},
    {"now", 0, OPT_STRING, "TIME", NULL,
     "Date or RFC 3339 time at which exemptions are looked at; the clock's when not given.",
     AT(now)},
    HELP_ROW,
};

const struct opt_table review_options = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = NULL};

/* Of a review that is none the error knows a JSON pointer: which line and column is that? The
 * answer was read in place, hence a copy of the text. */
static void locate(const char *path, struct str copy, struct err *err) {
    struct yaml *y = NULL;
    struct yaml_doc *doc = NULL;
    struct err ignored = ERR_INIT;
    struct yaml_pos pos = {.line = 1, .col = 1};
    if (!str_starts(str_of(err->where), STR("/")))
        return;
    if (yaml_open(&y, copy, YAML_LIMITS_DEFAULT, &ignored) == EC_OK &&
        yaml_next(y, &doc, &ignored) == EC_OK && doc != NULL)
        pos = yaml_where(doc, str_of(err->where));
    yaml_close(y);
    err->where[0] = '\0';
    err_place(err, path, pos.line, pos.col);
}

static enum ec answer(const struct options *o, const char *path, struct buf *reply,
                      bool *denied, struct err *err) {
    struct review_session session;
    struct policy *policy = NULL;
    struct buf body = BUF_INIT((size_t)BODY_MAX * 2), copy = BUF_INIT(BODY_MAX + 1);
    int64_t now_s = clock_wall_us() / 1000000;
    bool date_only;
    review_session_init(&session, REVIEW_LIMITS_DEFAULT);
    if (o->now != NULL && !clock_parse(str_of(o->now), &now_s, &date_only))
        err_set(err, EC_USAGE, "--now: found \"%.100s\", expected a date such as 2027-01-31",
                o->now);
    else if (policy_load(&policy, o->policy, now_s, err) == EC_OK &&
             file_read_any(&body, path, BODY_MAX, err) == EC_OK) {
        buf_str(&copy, buf_view(&body));
        char *padding = buf_room(&body, JSON_PADDING);
        if (padding == NULL || copy.bad)
            err_set(err, EC_NOMEM, "out of memory");
        else {
            memset(padding, 0, JSON_PADDING);
            (void)!review_answer(&session, policy, now_s, o->endpoint ? ENGINE_VALIDATE : 0,
                                 body.p, body.n, reply, err);
            locate(path, buf_view(&copy), err);
            err_place(err, path, 0, 0);
        }
    }
    *denied = session.decision.verdict == VERDICT_DENY;
    engine_policy_free(policy);
    review_session_done(&session);
    buf_done(&copy);
    buf_done(&body);
    return err->code;
}

static int run(const struct options *o, const struct opt_result *args) {
    struct err err = ERR_INIT;
    struct buf reply = BUF_INIT((size_t)1 << 30);
    bool denied = false, printed = true;
    if (args->n_operands > 1)
        err_set(&err, EC_USAGE,
                "more than one review: give one FILE, or none for standard input");
    else if (answer(o, args->n_operands ? args->operands[0] : "-", &reply, &denied, &err) ==
             EC_OK)
        printed = verb_print(&reply);
    buf_done(&reply);
    if (err.code != EC_OK)
        return verb_fail(&err);
    return !printed ? EXIT_INPUT : denied ? EXIT_DENIED : EXIT_ALLOWED;
}

int cmd_review(const struct verb *self, int argc, char **argv) {
    struct options options = {.policy = getenv("PULLGATE_POLICY")};
    struct opt_result result;
    struct buf text = BUF_INIT(1 << 20);
    int status;
    if (verb_options(self, &options, argc, argv, &result, &text, &status))
        status = run(&options, &result);
    buf_done(&text);
    return status;
}
