/* How a mapping is written, and text of members in that style. */
#include "edit/splice_scan.h"
#include "edit/splice_write.h"

static json_at find_key(const struct json *j, json_at mapping, struct str key) {
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

/* Where a key's member begins: before its anchor and tag, and of the `?` that announces it. */
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

/* After its last "<<": what is before it would not count. */
static struct edit_style style_behind(const struct edit_splice *s, const struct yaml_merge *m,
                                      struct edit_style style) {
    struct str text = edit_write_text_of(s);
    size_t key = edit_text_offset(s->text, m->key);
    style.at = edit_text_offset(s->text, m->end);
    style.after = true;
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
    json_at key = merge ? JSON_NONE : find_key(s->doc->json, mapping, before);
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

/* The indentation before a member that begins its line, tabs and all. */
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

/* What is between the new member and the one before it. */
void edit_write_beginning(struct buf *out, const struct edit_splice *s,
                          const struct edit_style *style) {
    if (!style->after)
        return;
    buf_puts(out, style->flow ? ", " : s->text->eol);
    if (!style->flow)
        edit_write_blanks(out, style->indent);
}

/* What is between the new member and the one after it. */
void edit_write_separator(struct buf *out, const struct edit_splice *s,
                          const struct edit_style *style) {
    if (style->after || (style->flow && style->empty))
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
