#include "base/clock.h"

#include <time.h>

enum { DAY_S = 86400 };

int64_t clock_wall_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_mono_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t days_from_civil(int64_t y, int64_t m, int64_t d) {
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *y, int64_t *m, int64_t *d) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *d = day_of_year - (153 * shifted + 2) / 5 + 1;
    *m = shifted + (shifted < 10 ? 3 : -9);
    *y = year_of_era + era * 400 + (*m <= 2);
}

static void put_digits(char *to, int64_t v, int width) {
    for (int i = width - 1; i >= 0; i--) {
        to[i] = (char)('0' + v % 10);
        v /= 10;
    }
}

/* Years outside 0000 to 9999 have no RFC 3339 form; they are printed as the nearest that has one. */
static int64_t clamp_s(int64_t s) {
    const int64_t first = -62167219200, last = 253402300799;
    return s < first ? first : s > last ? last : s;
}

static void print_date_time(char text[19], int64_t unix_s) {
    int64_t y, m, d;
    int64_t second = unix_s % DAY_S < 0 ? unix_s % DAY_S + DAY_S : unix_s % DAY_S;
    civil_from_days((unix_s - second) / DAY_S, &y, &m, &d);
    memcpy(text, "0000-00-00T00:00:00", 19);
    put_digits(text, y, 4);
    put_digits(text + 5, m, 2);
    put_digits(text + 8, d, 2);
    put_digits(text + 11, second / 3600, 2);
    put_digits(text + 14, second / 60 % 60, 2);
    put_digits(text + 17, second % 60, 2);
}

void clock_print_s(struct buf *out, int64_t unix_s) {
    char text[20];
    print_date_time(text, clamp_s(unix_s));
    text[19] = 'Z';
    buf_add(out, text, sizeof text);
}

void clock_print_us(struct buf *out, int64_t unix_us) {
    char text[27];
    int64_t us = unix_us % 1000000 < 0 ? unix_us % 1000000 + 1000000 : unix_us % 1000000;
    print_date_time(text, clamp_s((unix_us - us) / 1000000));
    text[19] = '.';
    put_digits(text + 20, us, 6);
    text[26] = 'Z';
    buf_add(out, text, sizeof text);
}

static bool two_digits(struct str s, size_t at, int64_t min, int64_t max, int64_t *out) {
    uint64_t v;
    if (s.n < at + 2 || !str_to_uint(str_slice(s, at, at + 2), (uint64_t)max, &v) ||
        (int64_t)v < min)
        return false;
    *out = (int64_t)v;
    return true;
}

static bool parse_date(struct str s, int64_t *out_s) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t y;
    int64_t m, d;
    if (s.n < 10 || s.p[4] != '-' || s.p[7] != '-')
        return false;
    if (!str_to_uint(str_slice(s, 0, 4), 9999, &y) || !two_digits(s, 5, 1, 12, &m))
        return false;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    int64_t length = lengths[m - 1] + (m == 2 && leap);
    if (!two_digits(s, 8, 1, length, &d))
        return false;
    *out_s = days_from_civil((int64_t)y, m, d) * DAY_S;
    return true;
}

/* "Z" or "+hh:mm" or "-hh:mm" to seconds east of UTC. */
static bool parse_offset(struct str s, int64_t *out_s) {
    int64_t h, m;
    if (str_eq(s, STR("Z")) || str_eq(s, STR("z"))) {
        *out_s = 0;
        return true;
    }
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':')
        return false;
    if (!two_digits(s, 1, 0, 23, &h) || !two_digits(s, 4, 0, 59, &m))
        return false;
    *out_s = (h * 3600 + m * 60) * (s.p[0] == '-' ? -1 : 1);
    return true;
}

bool clock_parse(struct str s, int64_t *out_s, bool *date_only) {
    int64_t date, h, m, sec, east;
    if (!parse_date(s, &date))
        return false;
    if (s.n == 10) {
        *out_s = date;
        *date_only = true;
        return true;
    }
    if (s.n < 20 || (s.p[10] != 'T' && s.p[10] != 't') || s.p[13] != ':' || s.p[16] != ':')
        return false;
    if (!two_digits(s, 11, 0, 23, &h) || !two_digits(s, 14, 0, 59, &m) ||
        !two_digits(s, 17, 0, 59, &sec))
        return false;
    if (!parse_offset(str_slice(s, 19, s.n), &east))
        return false;
    *out_s = date + h * 3600 + m * 60 + sec - east;
    *date_only = false;
    return true;
}

int64_t clock_wall_s(void) {
    return clock_wall_us() / 1000000;
}

enum ec clock_parse_now(int64_t *out_s, const char *what, struct str s, struct err *err) {
    bool date_only;
    *out_s = clock_wall_s();
    if (s.p == NULL || clock_parse(s, out_s, &date_only))
        return EC_OK;
    return err_set(err, EC_USAGE,
                   "%s: found \"%.*s\", expected a date such as 2027-01-31 or a time such as "
                   "2027-01-31T12:00:00Z",
                   what, STR_ARG(str_slice(s, 0, 100)));
}
