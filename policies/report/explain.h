/* report/explain - how a decision was made, as text and as JSON.
 *
 *      engine_explain --> struct report_explained --> text or JSON
 *
 * Ownership  borrows all it names
 * Threads    pure functions                                                                  */
#ifndef PULLGATE_REPORT_EXPLAIN_H
#define PULLGATE_REPORT_EXPLAIN_H

#include "engine/explain.h"
#include "object/object.h"

struct report_explained {
    const struct policy *policy;
    const struct workload *workload;
    const struct decision *decision;
    const struct engine_explanation *how;
    const struct object *object; /* NULL: an image without an object */
};

/* "namespace", "service account" ... */
const char *report_explain_question_name(enum engine_explain_question q);
/* What the rule lists, and what the pod has; not escaped. */
void report_explain_put_asked(struct buf *out, const struct policy_match *m,
                              enum engine_explain_question q);
void report_explain_put_found(struct buf *out, const struct workload *w,
                              enum engine_explain_question q);

/* "rules.yaml:9", escaped for a text */
void report_explain_put_location(struct buf *out, const struct policy *p,
                                 struct policy_pos pos);
/* host/repository:tag@digest, not escaped */
void report_explain_put_normal(struct buf *out, const struct engine_explain_image *image);

/* Line and column of an image; zero for an image without an object. `scratch` gets its pointer. */
struct yaml_location report_explain_where(const struct report_explained *e, size_t image,
                                          struct buf *scratch);

/* `n` counts what was printed before. */
void report_explain_text(struct buf *out, const struct report_explained *e, size_t n);
void report_explain_json(struct buf *out, const struct report_explained *e, size_t n);

#endif
