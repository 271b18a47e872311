/* policyctl/ask_compare - two answers to one AdmissionReview: that of a webhook, and that of the rule file.
 * Threads    one call in each thread at a time (edit/json_arena)                             */
#ifndef PULLGATE_POLICYCTL_ASK_COMPARE_H
#define PULLGATE_POLICYCTL_ASK_COMPARE_H

#include "base/buf.h"
#include "base/err.h"

struct policy;

/* Whether two answers are equal; the folders of rule files in their texts are not compared. Appends a line to
 * *out for each field that differs.
 * Errors: EC_SCHEMA, `found` is no AdmissionReview with a response; EC_NOMEM */
enum ec ask_compare(bool *equal, struct buf *out, struct str found, struct str expected,
                    const struct policy *policy, struct err *err) MUST_CHECK;

#endif
