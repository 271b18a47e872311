/* policyctl review - one AdmissionReview in, the webhook's answer out. */
#include "base/file.h"
#include "policyctl/options.h"
#include "review/review.h"
#include "yaml/yaml.h"

enum { BODY_MAX = 32 << 20 };

/* The error of a malformed review has a JSON pointer; this finds its line and column. The review was
 * parsed in place, hence the copy of its text. */
static void locate_error(const char *path, struct str copy, struct err *err) {
    struct yaml *y = NULL;
    struct yaml_doc *doc = NULL;
    struct err ignored = ERR_INIT;
    struct yaml_location pos = {.line = 1, .col = 1};
    if (!str_starts(str_of(err->where), STR("/")))
        return;
    if (yaml_open(&y, copy, YAML_LIMITS_DEFAULT, &ignored) == EC_OK &&
        yaml_next(y, &doc, &ignored) == EC_OK && doc != NULL)
        pos = yaml_where(doc, str_of(err->where));
    yaml_close(y);
    err->where[0] = '\0';
    err_locate(err, path, pos.line, pos.col);
}

/* The error of a malformed review has file, line and column. */
static enum ec answer_file(struct review_session *session, const struct options_review *o,
                           const struct policy *policy, int64_t now_s, const char *path,
                           struct buf *reply, struct err *err) {
    struct buf body = BUF_INIT((size_t)BODY_MAX * 2), copy = BUF_INIT(BODY_MAX + 1);
    unsigned flags = o->endpoint == ENDPOINT_VALIDATE ? ENGINE_VALIDATE : 0;
    if (file_read_any(&body, path, BODY_MAX, err) == EC_OK) {
        buf_str(&copy, buf_view(&body));
        char *padding = buf_room(&body, JSON_PADDING);
        if (padding == NULL || copy.bad) {
            err_set(err, EC_NOMEM, "out of memory");
        } else {
            memset(padding, 0, JSON_PADDING);
            (void)!review_answer(session, policy, now_s, flags, body.p, body.n, reply, err);
            locate_error(path, buf_view(&copy), err);
            err_locate(err, path, 0, 0);
        }
    }
    buf_done(&copy);
    buf_done(&body);
    return err->code;
}

int cmd_review(const union options *options, const struct opt_result *args) {
    const struct options_review *o = &options->review;
    struct err err = ERR_INIT;
    struct buf reply = BUF_INIT((size_t)1 << 30);
    struct review_session session;
    struct policy *policy = NULL;
    int64_t now_s;
    review_session_init(&session, REVIEW_LIMITS_DEFAULT);
    if (args->n_operands > 1)
        err_set(&err, EC_USAGE,
                "more than one review: give one FILE, or none for standard input");
    else if (requester_now(&now_s, o->now, &err) == EC_OK &&
             verb_policy(&policy, o->policy, now_s, &err) == EC_OK)
        (void)!answer_file(&session, o, policy, now_s,
                           args->n_operands ? args->operands[0] : "-", &reply, &err);
    bool denied = session.decision.verdict == VERDICT_DENY;
    engine_policy_free(policy);
    review_session_done(&session);
    return verb_end(&reply, denied ? EXIT_DENIED : EXIT_ALLOWED, &err);
}
