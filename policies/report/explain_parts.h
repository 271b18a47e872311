/* report/explain_parts - what the text of an explanation consists of: steps, names, rules and their locations.
 *
 *      explain_text.c (rules, secrets, the whole) and explain_image.c (one image) --> explain_parts.c
 *
 * Shape      a step is a line with six blanks, its name in 16 columns, and the answer; patterns, mirrors and
 *            registries end with their location in the rule file: "quay.io" (rules.yaml:9)
 * Errors     those of the buf
 * Threads    pure functions                                                                  */
#ifndef PULLGATE_REPORT_EXPLAIN_PARTS_H
#define PULLGATE_REPORT_EXPLAIN_PARTS_H

#include "report/explain.h"

/* Escaped, between quotes. */
void report_explain_put_quoted(struct buf *out, struct str s);
/* The start of a step's line. */
void report_explain_put_step(struct buf *out, const char *step);

void report_explain_put_pattern(struct buf *out, const struct policy *p,
                                const struct policy_pattern *pattern);
void report_explain_put_mirror(struct buf *out, const struct policy *p,
                               const struct policy_mirror *mirror);
/* The registry of the rule that decided. */
void report_explain_put_registry(struct buf *out, const struct report_explained *e);

/* The reasons about one image, or about the object (-1): a line each. */
void report_explain_put_reasons(struct buf *out, const struct report_explained *e,
                                int32_t image);

/* All lines about an image. */
void report_explain_put_image(struct buf *out, const struct report_explained *e, size_t i);

#endif
