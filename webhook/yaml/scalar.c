#include "yaml/internal.h"
#include "yaml/number.h"

#include <math.h>

enum kind { KIND_NULL, KIND_BOOL, KIND_INT, KIND_FLOAT, KIND_STRING, KIND_TIME };

struct resolved {
    enum kind kind;
    bool yes;      /* of a bool */
    bool negative; /* of an int */
    uint64_t magnitude;
    double number;
};

/* --- tags --- */

static const struct {
    struct str word;
    enum scalar_tag tag;
} tags[] = {
    {STR_INIT("str"), TAG_STR},       {STR_INIT("bool"), TAG_BOOL},
    {STR_INIT("int"), TAG_INT},       {STR_INIT("float"), TAG_FLOAT},
    {STR_INIT("null"), TAG_NULL},     {STR_INIT("timestamp"), TAG_TIMESTAMP},
    {STR_INIT("binary"), TAG_BINARY}, {STR_INIT("merge"), TAG_MERGE},
};

enum scalar_tag yaml_scalar_tag_of(struct str tag) {
    const struct str prefix = STR("tag:yaml.org,2002:");
    if (tag.n == 0)
        return TAG_NONE;
    if (!str_starts(tag, prefix))
        return TAG_OTHER;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (str_eq(str_slice(tag, prefix.n, tag.n), tags[i].word))
            return tags[i].tag;
    return TAG_OTHER;
}

static const char *tag_word(enum scalar_tag tag) {
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (tags[i].tag == tag)
            return tags[i].word.p;
    return "?";
}

/* --- words --- */

/* Each in three spellings: "yes", "Yes", "YES", but not "yEs". */
static const struct {
    struct str lower;
    struct resolved value;
} words[] = {
    {STR_INIT("y"), {.kind = KIND_BOOL, .yes = true}},
    {STR_INIT("yes"), {.kind = KIND_BOOL, .yes = true}},
    {STR_INIT("true"), {.kind = KIND_BOOL, .yes = true}},
    {STR_INIT("on"), {.kind = KIND_BOOL, .yes = true}},
    {STR_INIT("n"), {.kind = KIND_BOOL, .yes = false}},
    {STR_INIT("no"), {.kind = KIND_BOOL, .yes = false}},
    {STR_INIT("false"), {.kind = KIND_BOOL, .yes = false}},
    {STR_INIT("off"), {.kind = KIND_BOOL, .yes = false}},
    {STR_INIT(""), {.kind = KIND_NULL}},
    {STR_INIT("~"), {.kind = KIND_NULL}},
    {STR_INIT("null"), {.kind = KIND_NULL}},
    {STR_INIT(".inf"), {.kind = KIND_FLOAT, .number = INFINITY}},
    {STR_INIT("+.inf"), {.kind = KIND_FLOAT, .number = INFINITY}},
    {STR_INIT("-.inf"), {.kind = KIND_FLOAT, .number = -INFINITY}},
};

static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

/* Lower, Capital or UPPER; the capital is the first letter, which may follow a sign and a dot.
 */
static bool is_spelt_evenly(struct str s) {
    size_t letters = 0, upper = 0;
    bool first_upper = false;
    for (size_t i = 0; i < s.n; i++) {
        bool letter = is_upper(s.p[i]) || (s.p[i] >= 'a' && s.p[i] <= 'z');
        if (letter && letters == 0)
            first_upper = is_upper(s.p[i]);
        letters += letter;
        upper += is_upper(s.p[i]);
    }
    return upper == 0 || upper == letters || (upper == 1 && first_upper);
}

static bool is_nan_word(struct str s) {
    return str_eq(s, STR(".nan")) || str_eq(s, STR(".NaN")) || str_eq(s, STR(".NAN"));
}

static bool find_word(struct str s, struct resolved *out) {
    if (is_nan_word(s)) {
        *out = (struct resolved){.kind = KIND_FLOAT, .number = NAN};
        return true;
    }
    if (s.n > 5 || !is_spelt_evenly(s))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq_nocase(s, words[i].lower)) {
            *out = words[i].value;
            return true;
        }
    return false;
}

/* --- numbers --- */

/* Text without its underscores. */
static struct str drop_underscores(struct str s, struct buf *scratch) {
    if (str_find(s, '_') == s.n)
        return s;
    buf_reset(scratch);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '_')
            buf_putc(scratch, s.p[i]);
    return buf_view(scratch);
}

static bool find_int(struct str s, struct resolved *out) {
    bool negative;
    uint64_t v;
    if (!yaml_number_is_int(s, &negative, &v)) {
        /* For 0b, go-yaml has its own second rule that accepts a sign after the prefix. */
        if (!str_starts(s, STR("0b")) ||
            !yaml_number_is_binary(str_slice(s, 2, s.n), &negative, &v))
            return false;
    }
    *out = (struct resolved){.kind = KIND_INT, .negative = negative && v != 0, .magnitude = v};
    return true;
}

static bool find_float(struct str s, struct buf *scratch, struct resolved *out) {
    double v;
    if (!yaml_number_is_float(s) || !yaml_number_to_double(s, scratch, &v))
        return false;
    *out = (struct resolved){.kind = KIND_FLOAT, .number = v};
    return true;
}

/* In floats that begin with a dot, Go requires each underscore to be between two digits. */
static bool underscores_are_inside(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '_' && (i == 0 || i + 1 == s.n || !ascii_is_digit(s.p[i - 1]) ||
                              !ascii_is_digit(s.p[i + 1])))
            return false;
    return true;
}

/* --- timestamps: strings for Kubernetes, but !!timestamp requires one --- */

static bool take_digits(struct str *s, uint64_t min, uint64_t max, uint64_t *v) {
    size_t n = 0;
    while (n < s->n && n < 2 && ascii_is_digit(s->p[n]))
        n++;
    if (!str_to_uint(str_slice(*s, 0, n), max, v) || *v < min)
        return false;
    *s = str_slice(*s, n, s->n);
    return true;
}

static bool take_char(struct str *s, char c) {
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_slice(*s, 1, s->n);
    return true;
}

static uint64_t days_in(uint64_t year, uint64_t month) {
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

static bool is_offset(struct str s) {
    uint64_t v;
    if (str_eq(s, STR("Z")))
        return true;
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-'))
        return false;
    s = str_slice(s, 1, s.n);
    return take_digits(&s, 0, 24, &v) && take_char(&s, ':') && take_digits(&s, 0, 59, &v) &&
           s.n == 0;
}

static bool is_clock(struct str s, bool with_offset) {
    uint64_t v;
    if (!take_digits(&s, 0, 23, &v) || !take_char(&s, ':') || !take_digits(&s, 0, 59, &v) ||
        !take_char(&s, ':') || !take_digits(&s, 0, 59, &v))
        return false;
    if (s.n > 1 && (s.p[0] == '.' || s.p[0] == ',') && ascii_is_digit(s.p[1]))
        for (s = str_slice(s, 1, s.n); s.n > 0 && ascii_is_digit(s.p[0]);)
            s = str_slice(s, 1, s.n);
    return with_offset ? is_offset(s) : s.n == 0;
}

static bool is_timestamp(struct str s) {
    uint64_t year, month, day;
    if (s.n < 5 || !str_to_uint(str_slice(s, 0, 4), 9999, &year))
        return false;
    s = str_slice(s, 4, s.n);
    if (!take_char(&s, '-') || !take_digits(&s, 1, 12, &month) || !take_char(&s, '-') ||
        !take_digits(&s, 1, days_in(year, month), &day))
        return false;
    if (s.n == 0)
        return true;
    bool spaced = s.p[0] == ' ';
    if (!spaced && s.p[0] != 'T' && s.p[0] != 't')
        return false;
    do
        s = str_slice(s, 1, s.n);
    while (spaced && s.n > 0 && s.p[0] == ' ');
    return is_clock(s, !spaced);
}

/* --- resolution --- */

static bool find_number(struct str s, enum scalar_tag tag, struct buf *scratch,
                        struct resolved *out) {
    if (tag == TAG_TIMESTAMP && is_timestamp(s)) {
        *out = (struct resolved){.kind = KIND_TIME};
        return true;
    }
    AUTO(buf_done) struct buf bare = BUF_INIT(s.n);
    struct str plain = drop_underscores(s, &bare);
    if (bare.bad) {
        scratch->bad = bare.bad;
        return false;
    }
    if (s.p[0] == '.')
        return underscores_are_inside(s) && find_float(plain, scratch, out);
    return find_int(plain, out) || find_float(plain, scratch, out);
}

static struct resolved find_type(const struct scalar *s, struct buf *scratch) {
    struct resolved out;
    if (find_word(s->text, &out))
        return out;
    if (s->text.n > 0 && memchr("+-.0123456789", s->text.p[0], 13) != NULL &&
        find_number(s->text, s->tag, scratch, &out))
        return out;
    return (struct resolved){.kind = KIND_STRING};
}

/* !!float accepts integers below 2^63 as well. */
static void widen_number(struct resolved *r) {
    if (r->kind != KIND_INT || r->magnitude > (uint64_t)INT64_MAX + r->negative)
        return;
    double v = r->negative ? -(double)r->magnitude : (double)r->magnitude;
    *r = (struct resolved){.kind = KIND_FLOAT, .number = v};
}

static bool matches_tag(enum scalar_tag tag, enum kind kind) {
    static const enum kind wanted[] = {[TAG_BOOL] = KIND_BOOL,
                                       [TAG_INT] = KIND_INT,
                                       [TAG_FLOAT] = KIND_FLOAT,
                                       [TAG_NULL] = KIND_NULL,
                                       [TAG_TIMESTAMP] = KIND_TIME};
    return tag == TAG_NONE || kind == wanted[tag];
}

static enum ec resolve(const struct scalar *s, struct resolved *out, struct err *err) {
    *out = (struct resolved){.kind = KIND_STRING};
    if ((s->tag == TAG_NONE && !s->plain) || s->tag == TAG_STR || s->tag >= TAG_BINARY)
        return EC_OK;
    AUTO(buf_done) struct buf scratch = BUF_INIT(s->text.n + 1);
    *out = find_type(s, &scratch);
    if (scratch.bad)
        return err_set(err, EC_NOMEM, "no memory for a number");
    if (s->tag == TAG_FLOAT)
        widen_number(out);
    if (!matches_tag(s->tag, out->kind))
        return err_set(err, EC_SCHEMA, "value \"%.*s\" does not fit its tag !!%s",
                       STR_ARG(str_slice(s->text, 0, 60)), tag_word(s->tag));
    return EC_OK;
}

/* --- !!binary --- */

static int sextet(char c) {
    if (is_upper(c))
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Base64 with its padding; line ends are skipped. */
static bool from_base64(struct str s, struct buf *out) {
    uint32_t bits = 0;
    size_t n = 0, pads = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n' || s.p[i] == '\r')
            continue;
        int v = s.p[i] == '=' ? 0 : sextet(s.p[i]);
        pads += s.p[i] == '=';
        if (v < 0 || pads > 2 || (pads > 0 && s.p[i] != '=') || (pads == 1 && n % 4 < 2))
            return false;
        bits = bits << 6 | (uint32_t)v;
        if (++n % 4 == 0) {
            const char bytes[] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
            buf_add(out, bytes, 3 - pads);
        }
    }
    return n % 4 == 0;
}

/* --- printing --- */

static enum ec print_text(const struct scalar *s, struct buf *out, struct err *err) {
    if (s->tag != TAG_BINARY)
        return buf_json(out, s->text), EC_OK;
    AUTO(buf_done) struct buf bytes = BUF_INIT(s->text.n);
    bool ok = from_base64(s->text, &bytes);
    if (bytes.bad)
        return err_set(err, EC_NOMEM, "no memory for a !!binary value");
    if (!ok)
        return err_set(err, EC_SCHEMA, "!!binary value that is not base64");
    buf_json(out, buf_view(&bytes));
    return EC_OK;
}

static void print_int(const struct resolved *r, struct buf *out) {
    if (r->negative)
        buf_putc(out, '-');
    buf_uint(out, r->magnitude);
}

enum ec yaml_scalar_print(const struct scalar *s, struct buf *out, struct err *err) {
    struct resolved r;
    if (resolve(s, &r, err) != EC_OK)
        return err->code;
    switch (r.kind) {
    case KIND_NULL:
        buf_puts(out, "null");
        return EC_OK;
    case KIND_BOOL:
        buf_puts(out, r.yes ? "true" : "false");
        return EC_OK;
    case KIND_INT:
        print_int(&r, out);
        return EC_OK;
    case KIND_FLOAT:
        if (isnan(r.number) || isinf(r.number))
            return err_set(err, EC_SCHEMA, "number %.*s, which JSON cannot represent",
                           STR_ARG(str_slice(s->text, 0, 60)));
        yaml_number_print_json(r.number, out);
        return EC_OK;
    case KIND_TIME:
    case KIND_STRING:
        return print_text(s, out, err);
    }
    return err_set(err, EC_BUG, "a scalar of kind %d", (int)r.kind);
}

/* Go's type, and for floats the value itself: keys print only the digits of a float32. */
static uint64_t key_kind(const struct resolved *r) {
    uint64_t bits;
    _Static_assert(sizeof bits == sizeof r->number, "a double");
    if (r->kind == KIND_BOOL || r->kind == KIND_INT)
        return r->kind == KIND_BOOL ? 1 : 2;
    if (r->kind == KIND_STRING || r->kind == KIND_TIME)
        return 3;
    memcpy(&bits, &r->number, sizeof bits);
    return bits + 4;
}

enum ec yaml_scalar_print_key(const struct scalar *s, struct buf *out, uint64_t *kind,
                              struct err *err) {
    struct resolved r;
    if (resolve(s, &r, err) != EC_OK)
        return err->code;
    if (r.kind == KIND_NULL)
        return err_set(err, EC_SCHEMA, "null as a key, expected a string");
    if (r.kind == KIND_INT && !r.negative && r.magnitude > INT64_MAX)
        return err_set(err, EC_SCHEMA, "number %.*s is too large for a key",
                       STR_ARG(str_slice(s->text, 0, 60)));
    *kind = key_kind(&r);
    if (r.kind == KIND_STRING || r.kind == KIND_TIME)
        return print_text(s, out, err);
    buf_putc(out, '"');
    if (r.kind == KIND_BOOL)
        buf_puts(out, r.yes ? "true" : "false");
    else if (r.kind == KIND_INT)
        print_int(&r, out);
    else
        yaml_number_print_key(r.number, out);
    buf_putc(out, '"');
    return EC_OK;
}
