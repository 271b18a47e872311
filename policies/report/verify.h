/* report/verify - how the results of suites are shown: the formats of `policyctl verify`, one row each.
 *
 *      case, case ... --> file --suite--> run.out, written and emptied by the caller after each suite
 *
 * Shape      text and JSON show cases in their own way; SARIF, GitHub and JUnit are the writers of report.h:
 *            a failure becomes a finding, or part of its case
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_REPORT_VERIFY_H
#define PULLGATE_REPORT_VERIFY_H

#include "report/report.h"
#include "suite/suite.h"

struct report_verify_format;

struct report_verify {
    const struct report_verify_format *format;
    bool verbose;
    struct report run;
    struct report file;          /* of the suite that is running */
    struct object_excerpt lines; /* of its text */
    size_t n_suites, n_run, n_failed, n_unreadable;
};

struct report_verify_suite {
    const char *path;
    size_t n_run, n_failed;
    double seconds;
    const struct err *err; /* why it could not be run (to its end); NULL */
};

struct report_verify_format {
    const struct report_writer *writer; /* NULL in text and JSON */
    void (*begin)(struct report_verify *v);
    void (*of_case)(struct report_verify *v, const struct suite *s, const struct suite_case *c);
    void (*of_suite)(struct report_verify *v, const struct report_verify_suite *of);
    void (*end)(struct report_verify *v);
};

extern const struct report_verify_format report_verify_text, report_verify_json,
    report_verify_junit, report_verify_sarif, report_verify_github;

void report_verify_init(struct report_verify *v, const struct report_verify_format *format,
                        bool verbose);
void report_verify_done(struct report_verify *v);

/* ---- what formats share; lines begin with so many blanks ---- */

/* "verdict: found "allow", expected "deny"" */
void report_verify_failure(struct buf *out, const struct suite_failure *f);
/* Lines: why a case that failed was decided as it was. */
void report_verify_reasons(struct buf *out, unsigned indent, const struct suite_case *c);
/* Lines: all failures of a case with their locations, then the reasons. */
void report_verify_lines(struct buf *out, unsigned indent, const struct suite *s,
                         const struct suite_case *c);

#endif
