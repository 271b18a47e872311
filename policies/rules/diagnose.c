/* The part of walk.h that reports: locations, errors, warnings. */
#include "rules/check.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_BYTES = 100, MESSAGE_BYTES = 420 };

struct quoted rules_quote(struct str s) {
    struct quoted out;
    size_t n = 0, i = 0;
    out.z[n++] = '"';
    while (i < s.n && n < SHOWN_BYTES) {
        size_t length = utf8_length((const unsigned char *)s.p + i, s.n - i);
        unsigned char c = (unsigned char)s.p[i];
        if (length == 0 || c < 0x20 || c == 0x7f) {
            n += (size_t)snprintf(out.z + n, sizeof out.z - n, "\\x%02x", c);
            i++;
            continue;
        }
        memcpy(out.z + n, s.p + i, length);
        n += length;
        i += length;
    }
    snprintf(out.z + n, sizeof out.z - n, "%s\"", i < s.n ? "..." : "");
    return out;
}

/* ---- where ------------------------------------------------------------------------------- */

static struct policy_pos node_pos(const struct cursor *c, json_at node) {
    struct yaml_location pos = c->r->doc->pos[node];
    return (struct policy_pos){.file = c->r->file, .line = pos.line, .col = pos.col};
}

struct policy_pos rules_locate(const struct cursor *c) {
    return node_pos(c, c->value);
}

/* A key is the node before its value. */
struct policy_pos rules_locate_key(const struct cursor *c) {
    return node_pos(c, c->key.p != NULL ? c->value - 1 : c->value);
}

/* The text from the beginning of the line; ASCII line breaks as in YAML 1.1. Files are read from start to
 * end, so the search continues from the line found last, unless that is a later one. */
static struct str source_line(struct reader *r, uint32_t line) {
    struct str text = r->text;
    if (r->line.of != text.p || line < r->line.line)
        r->line = (struct reader_line){.of = text.p, .line = 1};
    size_t i = r->line.offset;
    for (; i < text.n && r->line.line < line; i++) {
        bool crlf = text.p[i] == '\r' && i + 1 < text.n && text.p[i + 1] == '\n';
        r->line.line += text.p[i] == '\n' || (text.p[i] == '\r' && !crlf);
    }
    r->line.offset = i;
    return str_slice(text, i, text.n);
}

/* A scalar that is written as it is read (plain, or quoted without escapes) has its bytes at known
 * columns; of any other only the beginning has. */
static struct policy_pos byte_pos(const struct cursor *c, size_t offset) {
    struct policy_pos pos = rules_locate(c);
    if (pos.col == 0)
        return pos;
    struct str value = rules_str(c);
    struct str at = source_line(c->r, pos.line);
    at = str_slice(at, pos.col - 1, at.n);
    size_t quotes = at.n != 0 && (at.p[0] == '"' || at.p[0] == '\'');
    if (str_starts(str_slice(at, quotes, at.n), value) && offset <= value.n)
        pos.col += (uint32_t)(quotes + offset);
    return pos;
}

struct rules_location rules_location(const struct reader *r, struct policy_pos pos,
                                     struct policy_pos from) {
    struct rules_location out;
    struct str file = r->policy->files[pos.file];
    if (pos.file == from.file)
        snprintf(out.z, sizeof out.z, " (line %u)", pos.line);
    else
        snprintf(out.z, sizeof out.z, " (%.*s:%u)", STR_ARG(str_slice(file, 0, 256)), pos.line);
    return out;
}

/* ---- errors ------------------------------------------------------------------------------ */

/* "approved[1]", "mirrors["quay.io"]"; nothing for the root. */
static size_t put_name(char *out, size_t room, const struct cursor *c) {
    if (c->up == NULL)
        return 0;
    bool member = c->field == c->up->field;
    if (!member)
        return (size_t)snprintf(out, room, "%s", c->field->key);
    size_t n = put_name(out, room, c->up);
    if (n >= room)
        return n;
    if (c->key.p == NULL)
        return n + (size_t)snprintf(out + n, room - n, "[%zu]", c->index);
    return n + (size_t)snprintf(out + n, room - n, "[%s]", rules_quote(c->key).z);
}

static void format_message(char out[MESSAGE_BYTES], const struct cursor *c, const char *format,
                           va_list args) PRINTF(3, 0);
static void format_message(char out[MESSAGE_BYTES], const struct cursor *c, const char *format,
                           va_list args) {
    size_t n = put_name(out, MESSAGE_BYTES, c);
    if (n != 0 && n < MESSAGE_BYTES)
        n += (size_t)snprintf(out + n, MESSAGE_BYTES - n, ": ");
    if (n < MESSAGE_BYTES)
        vsnprintf(out + n, MESSAGE_BYTES - n, format, args);
}

struct finding {
    struct finding *next;
    enum rules_lint lint; /* of a warning */
    enum ec code;         /* of an error */
    struct policy_pos pos;
    struct str text; /* followed by a NUL */
};

/* Prepends it to the list. */
static void keep_finding(struct reader *r, struct finding **list, struct finding one,
                         const char *text) {
    struct finding *t = ARENA_NEW(&r->scratch, struct finding);
    if (t == NULL || !arena_str(&r->scratch, (struct str){text, strlen(text) + 1}, &one.text)) {
        r->no_memory = true;
        return;
    }
    one.text.n--;
    one.next = *list;
    *t = one;
    *list = t;
}

static void keep_error(struct reader *r, struct policy_pos pos, enum ec code,
                       const char *message) {
    if (r->n_errors >= RULES_ERRORS_MAX)
        return;
    keep_finding(r, &r->errors, (struct finding){.code = code, .pos = pos}, message);
    r->n_errors++;
}

static enum ec fail_at(struct reader *r, struct policy_pos pos, enum ec code,
                       const char *message) {
    if (code != EC_NOMEM)
        keep_error(r, pos, code, message);
    return r->no_memory || code == EC_NOMEM ? err_set(r->err, EC_NOMEM, "out of memory") : code;
}

void rules_keep_error(struct reader *r, struct err *err) {
    if (err->code == EC_OK || err->code == EC_NOMEM)
        return;
    const struct policy_pos pos = {.file = r->file, .line = err->line, .col = err->col};
    keep_error(r, pos, err->code, err->msg);
    *err = (struct err)ERR_INIT;
}

bool rules_is_over(const struct reader *r, enum ec ec) {
    return ec != EC_OK &&
           (r->err->code != EC_OK || r->no_memory || r->n_errors >= RULES_ERRORS_MAX);
}

enum ec rules_fail(const struct cursor *c, enum ec code, const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    format_message(message, c, format, args);
    va_end(args);
    return fail_at(c->r, rules_locate(c), code, message);
}

enum ec rules_fail_name(const struct cursor *c, enum ec code, const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    format_message(message, c, format, args);
    va_end(args);
    return fail_at(c->r, rules_locate_key(c), code, message);
}

enum ec rules_fail_byte(const struct cursor *c, enum ec code, size_t offset, const char *format,
                        ...) {
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    format_message(message, c, format, args);
    va_end(args);
    return fail_at(c->r, byte_pos(c, offset), code, message);
}

enum ec rules_fail_key(const struct cursor *c, const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return fail_at(c->r, rules_locate_key(c), EC_SCHEMA, message);
}

enum ec rules_fail_at(struct reader *r, struct policy_pos pos, const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return fail_at(r, pos, EC_SCHEMA, message);
}

/* ---- warnings ---------------------------------------------------------------------------- */

static void keep_warning(struct reader *r, enum rules_lint lint, struct policy_pos pos,
                         const char *text) {
    keep_finding(r, &r->warnings, (struct finding){.lint = lint, .pos = pos}, text);
    r->n_warnings++;
}

void rules_warn(const struct cursor *c, enum rules_lint lint, const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    format_message(message, c, format, args);
    va_end(args);
    keep_warning(c->r, lint, rules_locate(c), message);
}

void rules_warn_name(const struct cursor *c, enum rules_lint lint, const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    format_message(message, c, format, args);
    va_end(args);
    keep_warning(c->r, lint, rules_locate_key(c), message);
}

void rules_warn_at(struct reader *r, enum rules_lint lint, struct policy_pos pos,
                   const char *format, ...) {
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    keep_warning(r, lint, pos, message);
}

/* "ask #platform": a comment is usually written with a space after its "#". */
void rules_warn_comment(const struct cursor *c) {
    struct policy_pos pos = rules_locate(c);
    struct str value = rules_str(c);
    if (pos.col == 0)
        return;
    struct str line = source_line(c->r, pos.line);
    line = str_slice(line, pos.col - 1, line.n);
    if (!str_starts(line, value))
        return;
    line = str_slice(line, value.n, line.n);
    size_t end = 0, hash = 0;
    while (end < line.n && line.p[end] != '\n' && line.p[end] != '\r')
        end++;
    while (hash < end && (line.p[hash] == ' ' || line.p[hash] == '\t'))
        hash++;
    struct str comment = str_trim(str_slice(line, hash, end));
    if (comment.n < 2 || comment.p[0] != '#' || strchr(" \t#!-=", comment.p[1]) != NULL ||
        (hash == 0 && value.n != 0))
        return;
    rules_warn(
        c, LINT_HIDDEN_TEXT,
        "the value ends before %s, which YAML reads as a comment; to keep the text, write "
        "\"%.*s%s%.*s\"",
        rules_quote(comment).z, STR_ARG(str_slice(value, 0, 100)), value.n ? " " : "",
        STR_ARG(str_slice(comment, 0, 100)));
}

bool rules_may_look(struct reader *r, uint64_t n, struct policy_pos pos) {
    bool before = r->n_looked <= RULES_STEPS_MAX;
    r->n_looked += n;
    if (r->n_looked <= RULES_STEPS_MAX)
        return true;
    if (before)
        rules_warn_at(r, LINT_NOT_CHECKED, pos, RULES_NOT_CHECKED);
    return false;
}

static int compare_u32(uint32_t a, uint32_t b) {
    return (a > b) - (a < b);
}

static int compare_findings(const void *pa, const void *pb) {
    const struct finding *a = *(const struct finding *const *)pa;
    const struct finding *b = *(const struct finding *const *)pb;
    int order = compare_u32(a->pos.file, b->pos.file);
    if (order == 0)
        order = compare_u32(a->pos.line, b->pos.line);
    if (order == 0)
        order = compare_u32(a->pos.col, b->pos.col);
    return order != 0 ? order : str_cmp(a->text, b->text);
}

/* Sorted by location, each once: the same setting may be checked for several rules that inherit it. */
static struct finding **sort_findings(struct reader *r, struct finding *list, size_t *n) {
    struct finding **all = ARENA_ARRAY(&r->scratch, struct finding *, *n);
    size_t kept = 0, i = 0;
    if (all == NULL)
        return NULL;
    for (struct finding *t = list; t != NULL; t = t->next)
        all[i++] = t;
    qsort(all, i, sizeof(struct finding *), compare_findings);
    for (size_t k = 0; k < i; k++)
        if (kept == 0 || compare_findings(&all[kept - 1], &all[k]) != 0)
            all[kept++] = all[k];
    *n = kept;
    return all;
}

enum ec rules_report_warnings(struct reader *r) {
    size_t n = r->n_warnings;
    if (n == 0 || r->options->warn == NULL)
        return EC_OK;
    struct finding **all = sort_findings(r, r->warnings, &n);
    if (all == NULL)
        return rules_no_room(r, &r->scratch);
    for (size_t i = 0; i < n; i++)
        r->options->warn(r->options->arg, all[i]->lint, r->policy->files[all[i]->pos.file].p,
                         all[i]->pos, all[i]->text.p);
    return EC_OK;
}

static enum ec put_error(struct reader *r, const struct finding *t, struct err *out) {
    err_locate(out, r->policy->files[t->pos.file].p, t->pos.line, t->pos.col);
    return err_set(out, t->code, "%s", t->text.p);
}

enum ec rules_report_errors(struct reader *r) {
    size_t n = r->n_errors;
    struct finding **all = sort_findings(r, r->errors, &n);
    if (all == NULL)
        return rules_no_room(r, &r->scratch);
    for (size_t i = 0; i < n && r->options->error != NULL; i++) {
        struct err one = ERR_INIT;
        put_error(r, all[i], &one);
        r->options->error(r->options->arg, &one, n);
    }
    return n == 0 ? EC_OK : put_error(r, all[0], r->err);
}

/* ---- memory ------------------------------------------------------------------------------ */

enum ec rules_no_room(struct reader *r, const struct arena *a) {
    if (a->bad == EC_LIMIT)
        return err_set(r->err, EC_LIMIT, "the rules need more than the %zu MiB allowed",
                       a->max_bytes >> 20);
    return err_set(r->err, EC_NOMEM, "out of memory");
}

enum ec rules_copy(struct reader *r, struct str text, struct str *out) {
    return arena_str(&r->policy->arena, text, out) ? EC_OK
                                                   : rules_no_room(r, &r->policy->arena);
}
