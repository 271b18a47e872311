/* clock - the time, and the notation of times.
 * Shape      wall: Unix time in seconds or microseconds; mono: nanoseconds since some start
 * Rules      only programs read the clock; below them times are parameters
 * Source     RFC 3339; days by Howard Hinnant's days_from_civil (public domain note)
 * Threads    pure functions and the system's clocks                                        */
#ifndef PULLGATE_BASE_CLOCK_H
#define PULLGATE_BASE_CLOCK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

int64_t clock_wall_us(void);
int64_t clock_mono_ns(void);

/* "2026-11-20T21:57:16.123456Z"; without the fraction for clock_print_s. */
void clock_print_us(struct buf *out, int64_t unix_us);
void clock_print_s(struct buf *out, int64_t unix_s);

/* "2027-01-31" or "2027-01-31T12:00:00Z" (also with an offset "+01:00") to Unix seconds. For a
 * date alone *out is its first second in UTC and *date_only is set. False, out untouched, for
 * anything else, such as 2027-02-30. */
bool clock_parse(struct str s, int64_t *out_s, bool *date_only);

int64_t clock_wall_s(void);

/* The time that an option or a key named `what` gives, or the clock's where s.p is NULL.
 * Errors: EC_USAGE: what was found, and how a time is written; *out_s is undefined then. */
enum ec clock_parse_now(int64_t *out_s, const char *what, struct str s, struct err *err)
    MUST_CHECK;

#endif
