#include "base/opts.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_LONG = 256 };

extern char **environ; /* POSIX: each program declares it for itself */

struct suffix {
    const char *name;
    uint64_t factor;
};

static bool parse_scaled(struct str s, const struct suffix *suffixes, size_t n_suffixes,
                         uint64_t bare, uint64_t *out) {
    size_t digits = 0;
    uint64_t v, factor = 0;
    while (digits < s.n && ascii_is_digit(s.p[digits]))
        digits++;
    if (!str_to_uint(str_slice(s, 0, digits), UINT64_MAX, &v))
        return false;
    struct str suffix = str_slice(s, digits, s.n);
    for (size_t i = 0; i < n_suffixes; i++)
        if (str_eq_nocase(suffix, str_of(suffixes[i].name)))
            factor = suffixes[i].factor;
    if (suffix.n == 0)
        factor = bare;
    if (factor == 0 || v > UINT64_MAX / factor)
        return false;
    *out = v * factor;
    return true;
}

static bool parse_size(struct str s, uint64_t *out) {
    static const struct suffix suffixes[] = {
        {"B", 1},          {"KiB", 1u << 10}, {"K", 1u << 10},   {"Ki", 1u << 10},
        {"Mi", 1u << 20},  {"Gi", 1u << 30},  {"MiB", 1u << 20}, {"M", 1u << 20},
        {"GiB", 1u << 30}, {"G", 1u << 30}};
    return parse_scaled(s, suffixes, sizeof suffixes / sizeof *suffixes, 1, out);
}

static bool parse_duration(struct str s, uint64_t *out_ms) {
    static const struct suffix suffixes[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    return parse_scaled(s, suffixes, sizeof suffixes / sizeof *suffixes, 1000, out_ms);
}

/* ---- values -------------------------------------------------------------------------- */

static enum ec bad_value(struct err *err, const struct opt_row *row, const char *value,
                         const char *expected) {
    return err_set(err, EC_USAGE, "--%s: found \"%.100s\", expected %s", row->name, value,
                   expected);
}

static enum ec set_word(const struct opt_row *row, int *target, const char *value,
                        struct err *err) {
    struct buf expected = BUF_INIT(512);
    for (int i = 0; row->words[i] != NULL; i++) {
        if (strcmp(value, row->words[i]) == 0) {
            *target = i;
            buf_done(&expected);
            return EC_OK;
        }
        buf_printf(&expected, "%s%s", i ? ", " : "", row->words[i]);
    }
    const char *words = buf_z(&expected);
    enum ec ec = bad_value(err, row, value, words ? words : "another word");
    buf_done(&expected);
    return ec;
}

static enum ec set_number(const struct opt_row *row, uint64_t *target, const char *value,
                          struct err *err) {
    static const char *const expected[] = {[OPT_NUMBER] = "a whole number",
                                           [OPT_SIZE] = "a size such as 64KiB or 32MiB",
                                           [OPT_DURATION] = "a duration such as 500ms or 30s"};
    struct str s = str_of(value);
    uint64_t v;
    bool ok = row->kind == OPT_NUMBER ? str_to_uint(s, UINT64_MAX, &v)
              : row->kind == OPT_SIZE ? parse_size(s, &v)
                                      : parse_duration(s, &v);
    if (!ok)
        return bad_value(err, row, value, expected[row->kind]);
    if (v < row->min || (row->max != 0 && v > row->max))
        return err_set(err, EC_USAGE, "--%s: %s is out of range, expected %llu to %llu%s",
                       row->name, value, (unsigned long long)row->min,
                       (unsigned long long)(row->max ? row->max : UINT64_MAX),
                       row->kind == OPT_DURATION ? " (milliseconds)" : "");
    *target = v;
    return EC_OK;
}

static enum ec set_flag(const struct opt_row *row, bool *target, const char *value,
                        struct err *err) {
    bool on = value == NULL || strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
    if (!on && strcmp(value, "0") != 0 && strcmp(value, "false") != 0 && *value != '\0')
        return bad_value(err, row, value, "true or false");
    *target = on;
    return EC_OK;
}

static enum ec add_item(const struct opt_row *row, struct opt_list *list, const char *value,
                        struct err *err) {
    if (list->of_environment)
        *list = (struct opt_list){.n = 0};
    if (list->n == OPT_LIST_MAX)
        return err_set(err, EC_USAGE, "--%s: more than %d values", row->name, OPT_LIST_MAX);
    list->v[list->n++] = value;
    return EC_OK;
}

static enum ec set_value(const struct opt_row *row, void *target, const char *value,
                         struct err *err) {
    void *field = (char *)target + row->offset;
    switch (row->kind) {
    case OPT_FLAG:
        return set_flag(row, field, value, err);
    case OPT_STRING:
        memcpy(field, &value, sizeof value);
        return EC_OK;
    case OPT_LIST:
        return add_item(row, field, value, err);
    case OPT_WORD:
        return set_word(row, field, value, err);
    case OPT_NUMBER:
    case OPT_SIZE:
    case OPT_DURATION:
        return set_number(row, field, value, err);
    case OPT_HELP:
        return EC_OK;
    }
    return err_set(err, EC_BUG, "option %s has no kind", row->name);
}

/* The option that a word is a misspelling of, or NULL. */
static const char *nearest(const struct opt_table *table, struct str word) {
    const char *names[OPT_ROWS_MAX];
    for (size_t i = 0; i < table->n_rows; i++)
        names[i] = table->rows[i].name;
    int near = str_nearest(word, names, table->n_rows);
    return near < 0 ? NULL : names[near];
}

/* ---- environment --------------------------------------------------------------------- */

static const char *from_environment(const char *prefix, const char *name) {
    char variable[128];
    int n = snprintf(variable, sizeof variable, "%s_%s", prefix, name);
    if (n < 0 || (size_t)n >= sizeof variable)
        return NULL;
    for (char *p = variable; *p != '\0'; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    return getenv(variable);
}

enum { NAME_MAX_BYTES = 64 }; /* longer than any option */

/* MAX_BODY to max-body. *exact is false for a name with lower-case letters, which is not an option's. */
static struct str option_of(struct str variable, char out[NAME_MAX_BYTES], bool *exact) {
    size_t n = variable.n < NAME_MAX_BYTES ? variable.n : NAME_MAX_BYTES;
    *exact = true;
    for (size_t i = 0; i < n; i++) {
        char c = variable.p[i];
        *exact &= c != '-' && !(c >= 'a' && c <= 'z');
        out[i] = c == '_' ? '-' : ascii_lower(c);
    }
    return (struct str){out, n};
}

static bool is_option(const struct opt_table *table, struct str name) {
    for (size_t i = 0; i < table->n_rows; i++)
        if (table->rows[i].kind != OPT_HELP && str_eq(name, str_of(table->rows[i].name)))
            return true;
    return false;
}

bool opts_unknown_variable(const struct opt_table *table, size_t *at, struct str *name,
                           const char **near) {
    struct str prefix = str_of(table->env_prefix);
    while (environ[*at] != NULL) {
        char text[NAME_MAX_BYTES];
        bool exact;
        struct str variable = str_of(environ[(*at)++]);
        variable = str_slice(variable, 0, str_find(variable, '='));
        struct str rest = str_slice(variable, prefix.n, variable.n);
        if (!str_starts(variable, prefix) || !str_starts(rest, STR("_")))
            continue;
        struct str option = option_of(str_slice(rest, 1, rest.n), text, &exact);
        if (exact && is_option(table, option))
            continue;
        *name = variable;
        *near = nearest(table, option);
        return true;
    }
    return false;
}

/* "a,b, c" to three items; they are copied into text, which has the room already. */
static enum ec set_list(const struct opt_row *row, void *target, const char *value,
                        struct buf *text, struct err *err) {
    struct str rest = str_of(value);
    size_t n_items = 0;
    while (rest.n != 0 && err->code == EC_OK) {
        size_t comma = str_find(rest, ',');
        struct str item = str_trim(str_slice(rest, 0, comma));
        rest = str_slice(rest, comma + 1, rest.n);
        if (item.n == 0)
            continue;
        char *copy = buf_room(text, item.n + 1);
        if (copy == NULL)
            return err_set(err, EC_NOMEM, "out of memory");
        memcpy(copy, item.p, item.n);
        copy[item.n] = '\0';
        text->n += item.n + 1;
        n_items++;
        set_value(row, target, copy, err);
    }
    /* A list left empty by mistake must not mean the same as none, such as "any client". */
    if (n_items == 0)
        return bad_value(err, row, value, "one or more names separated by commas");
    struct opt_list *list = (struct opt_list *)((char *)target + row->offset);
    list->of_environment = true;
    return err->code;
}

static size_t environment_bytes(const struct opt_table *table) {
    size_t n = 1;
    for (size_t i = 0; i < table->n_rows; i++) {
        const char *value =
            table->env_prefix ? from_environment(table->env_prefix, table->rows[i].name) : NULL;
        n += value ? strlen(value) * 2 + 2 : 0;
    }
    return n;
}

static enum ec set_defaults(const struct opt_table *table, void *target, struct opt_result *out,
                            struct buf *text, struct err *err) {
    /* Allocated once: items point into it and must not move. */
    if (buf_room(text, environment_bytes(table)) == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct opt_row *row = &table->rows[i];
        if (row->kind == OPT_HELP)
            continue;
        if (row->fallback != NULL && set_value(row, target, row->fallback, err) != EC_OK)
            return err->code;
        const char *value =
            table->env_prefix ? from_environment(table->env_prefix, row->name) : NULL;
        if (value == NULL)
            continue;
        out->given[i] = true;
        enum ec ec = row->kind == OPT_LIST ? set_list(row, target, value, text, err)
                                           : set_value(row, target, value, err);
        if (ec != EC_OK)
            return err_wrap(err, "environment");
    }
    return EC_OK;
}

/* ---- command line -------------------------------------------------------------------- */

static bool takes_value(const struct opt_row *row) {
    return row->kind != OPT_FLAG && row->kind != OPT_HELP;
}

static void list_for_getopt(const struct opt_table *table, struct option *longs,
                            char *letters) {
    size_t n = 0;
    letters[n++] = ':'; /* getopt returns ':' for a missing value */
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct opt_row *row = &table->rows[i];
        longs[i] =
            (struct option){.name = row->name,
                            .has_arg = takes_value(row) ? required_argument : no_argument,
                            .val = FIRST_LONG + (int)i};
        if (row->letter == 0)
            continue;
        letters[n++] = row->letter;
        if (takes_value(row))
            letters[n++] = ':';
    }
    longs[table->n_rows] = (struct option){.name = NULL};
    letters[n] = '\0';
}

static enum ec unknown(const struct opt_table *table, const char *given, struct err *err) {
    struct str word = str_of(given);
    while (word.n != 0 && *word.p == '-')
        word = str_slice(word, 1, word.n);
    const char *near = nearest(table, str_slice(word, 0, str_find(word, '=')));
    if (near == NULL)
        return err_set(err, EC_USAGE, "unknown option \"%.100s\"; try --help", given);
    return err_set(err, EC_USAGE, "unknown option \"%.100s\"; did you mean --%s?", given, near);
}

static const struct opt_row *row_of(const struct opt_table *table, int c) {
    if (c >= FIRST_LONG && (size_t)(c - FIRST_LONG) < table->n_rows)
        return &table->rows[c - FIRST_LONG];
    for (size_t i = 0; i < table->n_rows; i++)
        if (table->rows[i].letter != 0 && table->rows[i].letter == c)
            return &table->rows[i];
    return NULL;
}

static enum ec take_option(const struct opt_table *table, void *target, int c, char *given,
                           struct opt_result *out, struct err *err) {
    const struct opt_row *row = row_of(table, c == ':' || c == '?' ? optopt : c);
    if (c == ':' && row != NULL)
        return err_set(err, EC_USAGE, "--%s needs a value: %s", row->name,
                       row->value ? row->value : "VALUE");
    if (c == ':' || c == '?' || row == NULL)
        return row != NULL && c == '?'
                   ? err_set(err, EC_USAGE, "--%s takes no value", row->name)
                   : unknown(table, given, err);
    if (row->kind == OPT_HELP) {
        if (strcmp(row->name, "version") == 0)
            out->version = true;
        else
            out->help = true;
        return EC_OK;
    }
    out->given[row - table->rows] = true;
    return set_value(row, target, optarg, err);
}

bool opts_is_given(const struct opt_table *table, const struct opt_result *result,
                   const char *name) {
    for (size_t i = 0; i < table->n_rows; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return result->given[i];
    return false;
}

enum ec opts_parse(const struct opt_table *table, void *target, int argc, char **argv,
                   struct opt_result *out, struct buf *text, struct err *err) {
    struct option longs[OPT_ROWS_MAX + 1];
    char letters[2 * OPT_ROWS_MAX + 2];
    if (table->n_rows > OPT_ROWS_MAX)
        return err_set(err, EC_BUG, "more than %d options", OPT_ROWS_MAX);
    *out = (struct opt_result){.help = false};
    if (set_defaults(table, target, out, text, err) != EC_OK)
        return err->code;
    list_for_getopt(table, longs, letters);
    opterr = 0;
    optind = 0; /* GNU: start anew */
    for (;;) {
        int at = optind ? optind : 1;
        int c = getopt_long(argc, argv, letters, longs, NULL);
        if (c == -1)
            break;
        char *given = at < argc ? argv[at] : argv[argc - 1];
        /* operands are moved after the options: the one that failed is just before optind */
        if (c == '?' && optind >= 1 && optind <= argc && argv[optind - 1][0] == '-')
            given = argv[optind - 1];
        if (take_option(table, target, c, given, out, err) != EC_OK)
            return err->code;
    }
    out->operands = argv + optind;
    out->n_operands = (size_t)(argc - optind);
    return EC_OK;
}

/* ---- help ---------------------------------------------------------------------------- */

enum { HELP_INDENT = 28, HELP_WIDTH = 96 };

static void put_wrapped(struct buf *out, struct str text, size_t column) {
    while (text.n != 0) {
        size_t n = str_find(text, ' ');
        if (column + n + 1 > HELP_WIDTH) {
            buf_printf(out, "\n%*s", HELP_INDENT, "");
            column = HELP_INDENT;
        } else if (column > HELP_INDENT) {
            buf_putc(out, ' ');
            column++;
        }
        buf_str(out, str_slice(text, 0, n));
        column += n;
        text = str_slice(text, n + 1, text.n);
    }
    buf_putc(out, '\n');
}

static void put_default(struct buf *help, const struct opt_row *row) {
    if (row->kind == OPT_WORD) {
        buf_puts(help, " One of");
        for (int i = 0; row->words[i] != NULL; i++)
            buf_printf(help, "%s %s", i ? "," : "", row->words[i]);
        buf_putc(help, '.');
    }
    if (row->fallback != NULL && row->fallback[0] != '\0')
        buf_printf(help, " [default: %s]", row->fallback);
}

void opts_help(const struct opt_table *table, struct buf *out) {
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct opt_row *row = &table->rows[i];
        struct buf help = BUF_INIT(4096);
        size_t start = out->n;
        if (row->letter != 0)
            buf_printf(out, "  -%c, --%s", row->letter, row->name);
        else
            buf_printf(out, "      --%s", row->name);
        if (row->value != NULL)
            buf_printf(out, " %s", row->value);
        size_t column = out->n - start;
        if (column + 2 > HELP_INDENT) {
            buf_putc(out, '\n');
            column = 0;
        }
        buf_printf(out, "%*s", (int)(HELP_INDENT - column), "");
        buf_puts(&help, row->help);
        put_default(&help, row);
        put_wrapped(out, buf_view(&help), HELP_INDENT);
        buf_done(&help);
    }
}

/* ---- manual pages ------------------------------------------------------------------------- */

/* Escapes a control character of mdoc at the start of a line, and backslashes. */
static void put_mdoc_text(struct buf *out, struct str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\')
            buf_puts(out, "\\e");
        else
            buf_putc(out, s.p[i]);
        /* in mdoc each sentence begins a line */
        if (s.p[i] == '.' && i + 1 < s.n && s.p[i + 1] == ' ') {
            buf_putc(out, '\n');
            i++;
        }
    }
    buf_putc(out, '\n');
}

void opts_mdoc(const struct opt_table *table, struct buf *out) {
    buf_puts(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct opt_row *row = &table->rows[i];
        struct buf help = BUF_INIT(4096);
        buf_puts(out, ".It ");
        if (row->letter != 0)
            buf_printf(out, "Fl %c , ", row->letter);
        buf_printf(out, "Fl -%s", row->name);
        if (row->value != NULL)
            buf_printf(out, " Ar %s", row->value);
        buf_putc(out, '\n');
        buf_puts(&help, row->help);
        put_default(&help, row);
        put_mdoc_text(out, buf_view(&help));
        buf_done(&help);
    }
    buf_puts(out, ".El\n");
}
