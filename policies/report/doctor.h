/* report/doctor - findings about a cluster, shown by a writer: an object each, not a line of a file.
 * Shape      the rules of the tool are doctor_codes. Where cases are shown, a dump is a suite and a finding a case
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_REPORT_DOCTOR_H
#define PULLGATE_REPORT_DOCTOR_H

#include "doctor/doctor.h"
#include "report/report.h"

extern const struct report_tool report_doctor_tool;

/* Marks the codes of these ids or words. Errors: EC_USAGE. */
enum ec report_doctor_ignore(bool ignored[DOCTOR_N_CODES], const char *const *ids, size_t n,
                             struct err *err) MUST_CHECK;

/* All of it into run->out, by the writer of `run`; *sums counts what is shown. `v` is sorted by file; what could
 * not be read is sums->unread. */
void report_doctor_show(struct report *run, const struct doctor_finding *v, size_t n,
                        const bool ignored[DOCTOR_N_CODES], struct report_sums *sums);

#endif
