/* policyctl/run_files - all inputs judged and printed: each by a thread into its own buffers,
 * these written in the order of the inputs.
 *
 *      inputs --> [worker: read, judge, print] --> slot: out, talk --> stdout, stderr
 *
 * Threads    makes its own; call it from the main thread */
#ifndef PULLGATE_POLICYCTL_RUN_FILES_H
#define PULLGATE_POLICYCTL_RUN_FILES_H

#include "object/inputs.h"
#include "report/objects.h"

struct run_files {
    const struct policy *policy;
    const struct object_request *request;
    const struct report_format *format;
    struct report_look look;
    unsigned jobs;
    bool verbose;          /* each skipped file is reported */
    bool progress;         /* a bar on standard error, if there is much to do */
    char *const *operands; /* which the inputs were found by */
    size_t n_operands;
    bool require_objects; /* an operand without objects is reported, and a fault */

    /* out */
    struct object_totals totals;
    size_t n_empty;        /* operands without objects that are required */
    size_t n_empty_faults; /* of these, in totals.unreadable: some formats have no faults */
    bool unwritten;        /* standard output could not be written (reported) */
};

/* Errors: EC_NOMEM; EC_LIMIT, an object that cannot be printed. */
enum ec run_files_run(struct run_files *s, const struct object_inputs *in, struct err *err)
    MUST_CHECK;

#endif
