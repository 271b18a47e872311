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
    bool verbose;  /* each skipped file is reported */
    bool progress; /* a bar on standard error, if there is much to do */
    void (*before_end)(void *arg, struct run_files *s,
                       struct report *run); /* or NULL: adds to it */
    void *arg;

    /* out */
    struct object_totals totals;
    size_t *operand_objects; /* objects per operand; the caller's, zeroed */
    bool unwritten;          /* standard output could not be written (reported) */
};

/* Errors: EC_NOMEM; EC_LIMIT, an object that cannot be printed. */
enum ec run_files_run(struct run_files *s, const struct object_inputs *in, struct err *err)
    MUST_CHECK;

#endif
