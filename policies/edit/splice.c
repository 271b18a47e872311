#include "edit/splice.h"

#include "edit/splice_scan.h"
#include "edit/splice_write.h"

/* ---- places -------------------------------------------------------------------------- */

struct str edit_write_text_of(const struct edit_splice *s) {
    return s->text->text;
}

size_t edit_write_begin_of(const struct edit_splice *s, json_at node) {
    return edit_text_offset(s->text, s->doc->pos[node]);
}

char edit_write_byte_at(const struct edit_splice *s, size_t at) {
    return at < edit_write_text_of(s).n ? edit_write_text_of(s).p[at] : '\0';
}

enum ec edit_write_change(const struct edit_splice *s, json_at node, size_t at, size_t n,
                          struct buf *with, struct err *err) {
    enum ec ec = with->bad ? err_set(err, (enum ec)with->bad, "no room for the text")
                           : edit_text_add(s->text,
                                           (struct edit_text_change){.at = at,
                                                                     .n = n,
                                                                     .with = buf_view(with),
                                                                     .pos = s->doc->pos[node]},
                                           err);
    buf_done(with);
    return ec;
}

enum ec edit_write_strange(const struct edit_splice *s, json_at node, const char *what,
                           struct err *err) {
    err_locate(err, NULL, s->doc->pos[node].line, s->doc->pos[node].col);
    return err_set(err, EC_SCHEMA, "%s is written in a way that cannot be changed in place",
                   what);
}

/* ---- scalars ------------------------------------------------------------------------- */

/* Stays a string without quotes, wherever it is written: images with their slash, policies with
 * their capital. Words such as `yes`, numbers and dates have neither. */
static bool is_plain_scalar(struct str value) {
    char first = value.n ? value.p[0] : '\0';
    bool capital = first >= 'A' && first <= 'Z' && value.n > 4;
    for (size_t i = 0; i < value.n; i++) {
        char c = ascii_lower(value.p[i]);
        bool letter = (c >= 'a' && c <= 'z') || ascii_is_digit(c);
        if (!letter && (i == 0 || i + 1 == value.n || strchr("._/:@+-", c) == NULL))
            return false;
    }
    return capital || str_find(value, '/') < value.n;
}

static void put_scalar(struct buf *out, struct str value, bool quoted) {
    if (!quoted && is_plain_scalar(value))
        buf_str(out, value);
    else
        buf_json(out, value);
}

/* Names of secrets are bare where that is sure: `1`, `yes` and their kind are not. */
void edit_write_name(struct buf *out, struct str name, bool quoted) {
    static const char *const words[] = {"y",   "n",    "yes",   "no",  "on",
                                        "off", "true", "false", "null"};
    bool bare = !quoted && name.n != 0 && name.p[0] >= 'a' && name.p[0] <= 'z';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        bare = bare && !str_eq(name, str_of(words[i]));
    if (bare)
        buf_str(out, name);
    else
        buf_json(out, name);
}

static void put_single(struct buf *out, struct str value) {
    buf_putc(out, '\'');
    for (size_t i = 0; i < value.n; i++) {
        buf_putc(out, value.p[i]);
        if (value.p[i] == '\'')
            buf_putc(out, '\'');
    }
    buf_putc(out, '\'');
}

/* A document of JSON has all its strings in quotes, and must go on having them. */
bool edit_write_is_json(const struct edit_splice *s) {
    size_t open = edit_write_begin_of(s, 0);
    char first = edit_write_byte_at(s, edit_scan_blanks(edit_write_text_of(s), open + 1));
    return edit_write_byte_at(s, open) == '{' && (first == '"' || first == '}');
}

/* An implicit null comes after the indicator of a value; in {a} there is none. */
static bool is_announced(const struct edit_splice *s, size_t at) {
    while (at > 0 && strchr(" \t", edit_write_byte_at(s, at - 1)) != NULL)
        at--;
    return at > 0 && strchr(":-", edit_write_byte_at(s, at - 1)) != NULL;
}

enum ec edit_write_set_null(const struct edit_splice *s, json_at node, struct str with,
                            struct err *err) {
    size_t at = edit_write_begin_of(s, node), n = edit_scan_null(edit_write_text_of(s), at);
    struct buf text = BUF_INIT(1 << 20);
    if (n == 0 && !is_announced(s, at))
        return edit_write_strange(s, node, "this value", err);
    if (n == 0 && strchr(" \t", edit_write_byte_at(s, at - 1)) == NULL)
        buf_putc(&text, ' ');
    buf_str(&text, with);
    return edit_write_change(s, node, at, n, &text, err);
}

enum ec edit_write_set_scalar(const struct edit_splice *s, json_at node, struct str value,
                              edit_put_fn *put, struct err *err) {
    struct str old = json_str(s->doc->json, node);
    size_t at = edit_write_begin_of(s, node), n = 0;
    struct buf text = BUF_INIT(1 << 20);
    char c = edit_write_byte_at(s, at);
    if (json_is(s->doc->json, node, JSON_NULL)) {
        struct buf plain = BUF_INIT(1 << 20);
        put(&plain, value, edit_write_is_json(s));
        enum ec ec = edit_write_set_null(s, node, buf_view(&plain), err);
        buf_done(&plain);
        return ec;
    }
    if (c == '"' || c == '\'') {
        n = edit_scan_quoted(edit_write_text_of(s), at);
        c == '"' ? buf_json(&text, value) : put_single(&text, value);
    } else if (c == '|' || c == '>') {
        n = edit_scan_block_line(edit_write_text_of(s), &at, old);
        buf_str(&text, value);
    } else if (old.n != 0 &&
               str_starts(str_slice(edit_write_text_of(s), at, edit_write_text_of(s).n), old)) {
        n = old.n;
        put(&text, value, false);
    }
    if (n != 0)
        return edit_write_change(s, node, at, n, &text, err);
    buf_done(&text);
    return edit_write_strange(s, node, "this value", err);
}

enum ec edit_splice_scalar(const struct edit_splice *s, json_at node, struct str value,
                           struct err *err) {
    return edit_write_set_scalar(s, node, value, put_scalar, err);
}

/* ---- members ------------------------------------------------------------------------- */

enum ec edit_splice_member(const struct edit_splice *s, json_at mapping, struct str before,
                           const char *key, struct str value, struct err *err) {
    struct edit_style style = edit_write_style_of(s, mapping, before);
    struct buf text = BUF_INIT(1 << 20);
    edit_write_beginning(&text, s, &style);
    edit_write_key(&text, &style, key);
    put_scalar(&text, value, style.quoted);
    edit_write_separator(&text, s, &style);
    return edit_write_change(s, mapping, style.at, 0, &text, err);
}

enum ec edit_splice_names(const struct edit_splice *s, json_at mapping, const char *key,
                          const struct str *names, size_t n, struct err *err) {
    struct edit_style style = edit_write_style_of(s, mapping, STR_NONE);
    struct buf text = BUF_INIT(1 << 20);
    edit_write_beginning(&text, s, &style);
    if (style.flow) {
        edit_write_key(&text, &style, key);
        buf_putc(&text, '[');
        edit_write_flow_names(&text, &style, names, n);
        buf_putc(&text, ']');
    } else {
        buf_printf(&text, "%s:", key);
    }
    for (size_t i = 0; i < n && !style.flow; i++) {
        buf_puts(&text, s->text->eol);
        edit_write_blanks(&text, style.indent + style.dash);
        buf_puts(&text, "- name: ");
        edit_write_name(&text, names[i], false);
    }
    edit_write_separator(&text, s, &style);
    return edit_write_change(s, mapping, style.at, 0, &text, err);
}
