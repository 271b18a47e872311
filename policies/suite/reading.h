/* suite/reading - private to suite: a suite while it is read, between suite.c and case.c.
 * Errors     EC_SCHEMA with file:line:column, EC_NOMEM                                      */
#ifndef PULLGATE_SUITE_READING_H
#define PULLGATE_SUITE_READING_H

#include "suite/suite.h"

struct suite_reading {
    struct suite *s;
    struct err *err;
};

/* The path that a string names, seen from the suite's folder; NULL on errors. */
const char *suite_read_path(struct suite_reading *r, json_at at);

/* All cases of a list, each with its expectations. */
enum ec suite_read_cases(struct suite_reading *r, json_at list) MUST_CHECK;

#endif
