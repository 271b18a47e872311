#include "server/internal.h"

/* Units of Go's time.ParseDuration; "ms" before "m", since the first match is used. */
static const struct {
    struct str name;
    double ns;
} units[] = {
    {STR_INIT("ns"), 1},          {STR_INIT("us"), 1e3},
    {STR_INIT("\xc2\xb5s"), 1e3}, /* U+00B5 micro sign */
    {STR_INIT("\xce\xbcs"), 1e3}, /* U+03BC greek mu */
    {STR_INIT("ms"), 1e6},        {STR_INIT("s"), 1e9},
    {STR_INIT("m"), 60e9},        {STR_INIT("h"), 3600e9},
};

static const double longest_ns = 1e18; /* 31 years */

/* "12", "1.5", "1.", ".5"; false without a digit. */
static bool take_decimal(struct str *s, double *out) {
    double value = 0, scale = 1;
    size_t n = 0, digits = 0;
    bool is_fraction = false;
    for (; n < s->n; n++) {
        char ch = s->p[n];
        if (ch == '.' && !is_fraction) {
            is_fraction = true;
            continue;
        }
        if (!ascii_is_digit(ch))
            break;
        digits++;
        if (is_fraction)
            value += (ch - '0') * (scale /= 10);
        else
            value = value * 10 + (ch - '0');
    }
    *s = str_slice(*s, n, s->n);
    *out = value;
    return digits > 0;
}

static bool take_unit(struct str *s, double *ns) {
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!str_starts(*s, units[i].name))
            continue;
        *ns = units[i].ns;
        *s = str_slice(*s, units[i].name.n, s->n);
        return true;
    }
    return false;
}

int64_t server_http_parse_timeout(struct str text) {
    double sum = 0;
    if (text.n > 64)
        return 0;
    while (text.n > 0) {
        double number, unit;
        if (!take_decimal(&text, &number) || !take_unit(&text, &unit))
            return 0;
        sum += number * unit;
    }
    return sum < longest_ns ? (int64_t)sum : (int64_t)longest_ns;
}
