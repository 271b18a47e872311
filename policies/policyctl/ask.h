/* policyctl/ask - questions for a running webhook, and its answers beside those of the engine.
 *
 *      rules --ask_derive--> question --ask_link_post--> found ----.
 *      PODs  --ask_load----^    '-----ask_engine-----> expected --ask_compare--> equal, or what differs
 *
 * A question is an AdmissionReview: CREATE of a pod, dry-run. It goes to /mutate and to /validate.
 * Parts      ask_link: a webhook over TLS; ask_compare: two answers
 * Ownership  questions live in the arena of struct ask; ask_done frees it
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_POLICYCTL_ASK_H
#define PULLGATE_POLICYCTL_ASK_H

#include "base/opts.h"
#include "review/review.h"

enum { ASK_BODY_MAX = 32 << 20 };

struct ask_question {
    struct str name; /* "pod.yaml:1: pod a", or the image of a derived question */
    struct str body; /* JSON */
};

struct ask {
    const struct policy *policy;
    int64_t now_s;
    const char *namespace, *user; /* of the request; NULL: not given */
    const struct opt_list *groups;
    struct review_session session;
    struct buf body; /* of the last question: the decision borrows from it */
    struct arena arena;
    struct ask_question *questions;
    size_t n_questions, cap_questions;
    size_t n_faults;    /* of PODs that could not be read, each reported on standard error */
    struct buf missing; /* a line for each question that the rules do not give */
};

void ask_init(struct ask *a, const struct policy *policy, int64_t now_s);
void ask_done(struct ask *a);

/* One question for the first rule that rewrites an image, one for the first that refuses an image of a
 * host that is not approved; at least one in any case. Errors: EC_NOMEM, EC_LIMIT. */
enum ec ask_derive(struct ask *a, struct err *err) MUST_CHECK;

/* The pods and AdmissionReviews of files and folders. Errors: EC_NOMEM, EC_LIMIT, EC_USAGE (none). */
enum ec ask_load(struct ask *a, const struct opt_result *args, struct err *err) MUST_CHECK;

/* What the engine says; it is appended to *reply, and a->session has the decision until the next call. */
enum ec ask_engine(struct ask *a, const struct ask_question *q, unsigned flags,
                   struct buf *reply, struct err *err) MUST_CHECK;

#endif
