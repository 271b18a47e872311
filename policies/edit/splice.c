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
static bool is_plain(struct str value) {
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

static void put_value(struct buf *out, struct str value, bool quoted) {
    if (!quoted && is_plain(value))
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

/* A null that is not written comes behind what announces a value; in {a} nothing does. */
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
    return edit_write_set_scalar(s, node, value, put_value, err);
}

/* ---- style --------------------------------------------------------------------------- */

static json_at key_of(const struct json *j, json_at mapping, struct str key) {
    json_at first = json_first(j, mapping);
    for (json_at k = first; k != JSON_NONE; k = json_next(j, mapping, k + 1))
        if (str_eq(json_str(j, k), key))
            return k;
    return first;
}

/* As lists beside it have their dashes; two blanks where there is none. */
static size_t dash_of(const struct edit_splice *s, json_at mapping) {
    const struct json *j = s->doc->json;
    for (json_at k = json_first(j, mapping); k != JSON_NONE; k = json_next(j, mapping, k + 1)) {
        uint32_t key = s->doc->pos[k].col, value = s->doc->pos[k + 1].col;
        if (json_is(j, k + 1, JSON_ARRAY) &&
            edit_write_byte_at(s, edit_write_begin_of(s, k + 1)) == '-' && value >= key)
            return value - key;
    }
    return 2;
}

void edit_write_flow_style(const struct edit_splice *s, size_t open, struct edit_style *out) {
    struct str text = edit_write_text_of(s);
    size_t first = edit_scan_blanks(text, open + 1);
    size_t colon = first;
    out->flow = true;
    out->empty = edit_write_byte_at(s, first) == '}';
    out->quoted = edit_write_byte_at(s, first) == '"';
    out->lines = str_find(str_slice(text, open, first), '\n') < first - open;
    if (out->quoted)
        colon = first + edit_scan_quoted(text, first);
    out->compact = out->quoted && edit_write_byte_at(s, colon) == ':' &&
                   edit_write_byte_at(s, colon + 1) != ' ';
    if (out->empty) /* {} in a text of JSON */
        out->quoted = edit_write_is_json(s);
}

/* Where a key's member begins: in front of its anchor and tag, and of the `?` that announces it. */
static size_t member_of(const struct edit_splice *s, json_at key) {
    struct str text = edit_write_text_of(s);
    size_t at = edit_write_begin_of(s, key);
    for (;;) {
        size_t end = at, word;
        while (end > 0 && (text.p[end - 1] == ' ' || text.p[end - 1] == '\t'))
            end--;
        for (word = end; word > 0 && strchr(" \t\r\n{,[", text.p[word - 1]) == NULL;)
            word--;
        bool announces = end == word + 1 && text.p[word] == '?';
        if (word == end || end == at || (!announces && strchr("&!", text.p[word]) == NULL))
            return at;
        at = word;
    }
}

/* Behind its last "<<": what is in front of it would not count. */
static struct edit_style style_behind(const struct edit_splice *s, const struct yaml_merge *m,
                                      struct edit_style style) {
    struct str text = edit_write_text_of(s);
    size_t key = edit_text_offset(s->text, m->key);
    style.at = edit_text_offset(s->text, m->end);
    style.behind = true;
    style.indent = m->key.col - 1;
    if (style.flow)
        return style;
    while (style.at > key && strchr("\r\n", text.p[style.at - 1]) != NULL)
        style.at--;
    while (style.at < text.n && text.p[style.at] != '\n' && text.p[style.at] != '\r')
        style.at++;
    return style;
}

struct edit_style edit_write_style_of(const struct edit_splice *s, json_at mapping,
                                      struct str before) {
    const struct yaml_merge *merge = yaml_merge_of(s->doc, mapping);
    json_at key = merge ? JSON_NONE : key_of(s->doc->json, mapping, before);
    size_t open = edit_write_begin_of(s, mapping);
    struct edit_style style = {.at = open};
    if (merge != NULL) {
        style.flow = edit_write_byte_at(s, open) == '{';
        style.dash = dash_of(s, mapping);
        return style_behind(s, merge, style);
    }
    if (edit_write_byte_at(s, open) == '{') {
        edit_write_flow_style(s, open, &style);
        style.at = style.empty ? open + 1 : member_of(s, key);
        style.indent = style.empty ? 0 : s->doc->pos[key].col - 1;
        return style;
    }
    if (before.n != 0 && key != JSON_NONE)
        style.at = member_of(s, key);
    style.indent = s->doc->pos[mapping].col - 1;
    style.dash = dash_of(s, mapping);
    return style;
}

void edit_write_blanks(struct buf *out, size_t n) {
    while (n-- > 0)
        buf_putc(out, ' ');
}

void edit_write_key(struct buf *out, const struct edit_style *style, const char *key) {
    if (style->quoted)
        buf_json(out, str_of(key));
    else
        buf_puts(out, key);
    buf_puts(out, style->compact ? ":" : ": ");
}

/* The indentation in front of a member that begins its line, tabs and all. */
static bool put_indentation(struct buf *out, const struct edit_splice *s, size_t at) {
    size_t from = at;
    while (from > 0 &&
           (edit_write_byte_at(s, from - 1) == ' ' || edit_write_byte_at(s, from - 1) == '\t'))
        from--;
    if (from > 0 && edit_write_byte_at(s, from - 1) != '\n' &&
        edit_write_byte_at(s, from - 1) != '\r')
        return false;
    buf_str(out, str_slice(edit_write_text_of(s), from, at));
    return true;
}

/* What is between the new member and the one in front of it. */
void edit_write_beginning(struct buf *out, const struct edit_splice *s,
                          const struct edit_style *style) {
    if (!style->behind)
        return;
    buf_puts(out, style->flow ? ", " : s->text->eol);
    if (!style->flow)
        edit_write_blanks(out, style->indent);
}

/* What is between the new member and the one behind it. */
void edit_write_separator(struct buf *out, const struct edit_splice *s,
                          const struct edit_style *style) {
    if (style->behind || (style->flow && style->empty))
        return;
    if (style->flow)
        buf_putc(out, ',');
    if (style->flow && !style->lines) {
        buf_puts(out, style->compact ? "" : " ");
        return;
    }
    buf_puts(out, s->text->eol);
    if (!put_indentation(out, s, style->at))
        edit_write_blanks(out, style->indent);
}

/* {name: x} */
void edit_write_named(struct buf *out, const struct edit_style *style, struct str name) {
    buf_putc(out, '{');
    edit_write_key(out, style, "name");
    edit_write_name(out, name, style->quoted);
    buf_putc(out, '}');
}

void edit_write_flow_names(struct buf *out, const struct edit_style *style,
                           const struct str *names, size_t n) {
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, i == 0 ? "" : style->compact ? "," : ", ");
        edit_write_named(out, style, names[i]);
    }
}

/* ---- members ------------------------------------------------------------------------- */

enum ec edit_splice_member(const struct edit_splice *s, json_at mapping, struct str before,
                           const char *key, struct str value, struct err *err) {
    struct edit_style style = edit_write_style_of(s, mapping, before);
    struct buf text = BUF_INIT(1 << 20);
    edit_write_beginning(&text, s, &style);
    edit_write_key(&text, &style, key);
    put_value(&text, value, style.quoted);
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
