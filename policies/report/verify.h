/* report/verify - how the results of suites are shown; one row per output format.
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_REPORT_VERIFY_H
#define PULLGATE_REPORT_VERIFY_H

#include "suite/suite.h"

struct verify {
    const struct report_verify_format *format;
    bool verbose;
    struct buf out;   /* flushed by the caller after each suite */
    struct buf aside; /* the suite's cases, where something stands before them */
    struct buf done;  /* suites, where the document's sums stand before them */
    size_t n_aside;
    size_t n_suites, n_run, n_failed, n_unreadable;
};

struct report_verify_suite {
    const char *path;
    size_t n_run, n_failed;
    double seconds;
    const struct err *err; /* why it could not be run (to its end); NULL */
};

struct report_verify_format {
    void (*begin)(struct verify *v);
    void (*of_case)(struct verify *v, const struct suite *s, const struct suite_case *c);
    void (*of_suite)(struct verify *v, const struct report_verify_suite *of);
    void (*end)(struct verify *v);
};

extern const struct report_verify_format report_verify_text, report_verify_junit,
    report_verify_json;

#endif
