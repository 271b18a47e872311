#include "yaml/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- reading --- */

static int digit_of(char c) {
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static bool to_magnitude(struct str s, unsigned base, uint64_t *out) {
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)digit_of(s.p[i]);
        if (digit >= base || v > (UINT64_MAX - digit) / base)
            return false;
        v = v * base + digit;
    }
    *out = v;
    return true;
}

/* Removes the sign; a signed number has one bit less. */
static bool take_sign(struct str *s, bool *negative) {
    *negative = s->n > 0 && s->p[0] == '-';
    bool is_signed = *negative || (s->n > 0 && s->p[0] == '+');
    if (is_signed)
        *s = str_slice(*s, 1, s->n);
    return is_signed;
}

static bool integer_fits(bool is_signed, bool negative, uint64_t v) {
    return !is_signed || v <= (uint64_t)INT64_MAX + negative;
}

static unsigned take_base(struct str *s) {
    static const struct {
        char letter;
        unsigned char base;
    } prefixes[] = {{'x', 16}, {'b', 2}, {'o', 8}};
    if (s->p[0] != '0')
        return 10;
    for (size_t i = 0; s->n > 2 && i < sizeof prefixes / sizeof *prefixes; i++)
        if (ascii_lower(s->p[1]) == prefixes[i].letter) {
            *s = str_slice(*s, 2, s->n);
            return prefixes[i].base;
        }
    *s = str_slice(*s, 1, s->n);
    return 8;
}

bool yaml_number_is_int(struct str s, bool *negative, uint64_t *magnitude) {
    bool is_signed = take_sign(&s, negative);
    if (s.n == 0)
        return false;
    unsigned base = take_base(&s);
    return to_magnitude(s, base, magnitude) && integer_fits(is_signed, *negative, *magnitude);
}

bool yaml_number_is_binary(struct str s, bool *negative, uint64_t *magnitude) {
    bool is_signed = take_sign(&s, negative);
    return s.n > 0 && to_magnitude(s, 2, magnitude) &&
           integer_fits(is_signed, *negative, *magnitude);
}

static size_t digits_at(struct str s, size_t at) {
    size_t i = at;
    while (i < s.n && ascii_is_digit(s.p[i]))
        i++;
    return i - at;
}

static bool is_at(struct str s, size_t at, char a, char b) {
    return at < s.n && (s.p[at] == a || s.p[at] == b);
}

bool yaml_number_is_float(struct str s) {
    size_t i = is_at(s, 0, '+', '-');
    size_t whole = digits_at(s, i), part = 0;
    i += whole;
    if (is_at(s, i, '.', '.')) {
        part = digits_at(s, ++i);
        i += part;
    }
    if (whole + part == 0)
        return false;
    if (is_at(s, i, 'e', 'E')) {
        i += is_at(s, i + 1, '+', '-') ? 2 : 1;
        size_t exponent = digits_at(s, i);
        if (exponent == 0)
            return false;
        i += exponent;
    }
    return i == s.n;
}

bool yaml_number_to_double(struct str s, struct buf *scratch, double *v) {
    buf_reset(scratch);
    buf_str(scratch, s);
    const char *z = buf_z(scratch);
    if (z == NULL)
        return false;
    *v = strtod(z, NULL);
    return !isinf(*v);
}

/* --- printing --- */

/* 0.d1d2d3... * 10^point */
struct decimal {
    bool negative;
    char digits[20];
    int n;
    int point;
};

static bool reads_back(const char *text, double v, bool single) {
    return single ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v;
}

/* The fewest digits that read back as v. */
static struct decimal shortest(double v, bool single) {
    char text[40];
    struct decimal d = {.negative = signbit(v) != 0};
    int precision = 0;
    do {
        snprintf(text, sizeof text, "%.*e", precision, fabs(v));
    } while (!reads_back(text, fabs(v), single) && precision++ < 17);
    const char *p = text;
    for (; *p != 'e' && *p != '\0'; p++)
        if (ascii_is_digit(*p) && d.n < (int)sizeof d.digits)
            d.digits[d.n++] = *p;
    d.point = *p == 'e' ? (int)strtol(p + 1, NULL, 10) + 1 : 1;
    while (d.n > 1 && d.digits[d.n - 1] == '0')
        d.n--;
    if (d.n == 1 && d.digits[0] == '0')
        d.point = 1;
    return d;
}

static void print_decimal(const struct decimal *d, struct buf *out) {
    if (d->point <= 0)
        buf_puts(out, "0.");
    for (int i = d->point; i < 0; i++)
        buf_putc(out, '0');
    for (int i = 0; i < d->n; i++) {
        if (i > 0 && i == d->point)
            buf_putc(out, '.');
        buf_putc(out, d->digits[i]);
    }
    for (int i = d->n; i < d->point; i++)
        buf_putc(out, '0');
}

static void print_exponent(const struct decimal *d, int min_digits, struct buf *out) {
    int exponent = d->point - 1;
    buf_putc(out, d->digits[0]);
    if (d->n > 1)
        buf_putc(out, '.');
    buf_add(out, d->digits + 1, (size_t)d->n - 1);
    buf_printf(out, "e%c%0*d", exponent < 0 ? '-' : '+', min_digits, abs(exponent));
}

void yaml_number_print_json(double v, struct buf *out) {
    struct decimal d = shortest(v, false);
    double size = fabs(v);
    if (d.negative)
        buf_putc(out, '-');
    if (size != 0 && (size < 1e-6 || size >= 1e21))
        print_exponent(&d, 1, out);
    else
        print_decimal(&d, out);
}

void yaml_number_print_key(double v, struct buf *out) {
    float single = (float)v;
    if (isnan(single) || isinf(single)) {
        buf_puts(out, isnan(single) ? ".nan" : signbit(single) ? "-.inf" : ".inf");
        return;
    }
    struct decimal d = shortest((double)single, true);
    if (d.negative)
        buf_putc(out, '-');
    if (d.point < -3 || d.point > 6)
        print_exponent(&d, 2, out);
    else
        print_decimal(&d, out);
}
