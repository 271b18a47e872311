/* Lists of pull secrets and of results. */
#include "edit/splice_scan.h"
#include "edit/splice_write.h"

/* ---- lists --------------------------------------------------------------------------- */

static json_at last_of(const struct json *j, json_at list) {
    json_at last = JSON_NONE;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at))
        last = at;
    return last;
}

/* Bytes of a scalar, down to where its last line ends; false where it is unknown. */
static bool is_measured(const struct edit_splice *s, json_at node, size_t at, size_t *n) {
    struct str rest = str_slice(edit_write_text_of(s), at, edit_write_text_of(s).n);
    struct str value = json_str(s->doc->json, node);
    char c = edit_write_byte_at(s, at);
    if (c == '|' || c == '>')
        *n = edit_scan_block(edit_write_text_of(s), at) - at;
    else if (c == '"' || c == '\'')
        *n = edit_scan_quoted(edit_write_text_of(s), at);
    else
        *n = value.n != 0 && str_starts(rest, value)
                 ? value.n
                 : edit_scan_null(edit_write_text_of(s), at);
    return value.n == 0 || *n != 0;
}

/* After an element; the text's length + 1 when it is unknown. */
static size_t end_of(const struct edit_splice *s, json_at element) {
    json_at last = s->doc->json->nodes[element].next - 1;
    size_t at = edit_write_begin_of(s, element), n = 0;
    if (edit_write_byte_at(s, at) == '{' || edit_write_byte_at(s, at) == '[')
        return edit_scan_bracket(edit_write_text_of(s), at) + 1;
    at = edit_write_begin_of(s, last);
    return is_measured(s, last, at, &n) ? at + n : edit_write_text_of(s).n + 1;
}

/* Where the line ends that an element ends in; the same. */
static size_t end_of_line(const struct edit_splice *s, json_at element) {
    size_t at = end_of(s, element);
    while (at < edit_write_text_of(s).n && edit_write_text_of(s).p[at] != '\n' &&
           edit_write_text_of(s).p[at] != '\r')
        at++;
    return at;
}

static enum ec insert_line(const struct edit_splice *s, json_at list, size_t at,
                           struct buf *text, struct err *err) {
    if (at <= edit_write_text_of(s).n)
        return edit_write_change(s, list, at, 0, text, err);
    buf_done(text);
    return edit_write_strange(s, list, "this list", err);
}

/* Flow: after the last element, whatever follows it: a comma, comments, the bracket. */
static enum ec extend_flow(const struct edit_splice *s, json_at list, struct str items,
                           bool compact, struct err *err) {
    size_t open = edit_write_begin_of(s, list),
           close = edit_scan_bracket(edit_write_text_of(s), open);
    json_at last = last_of(s->doc->json, list);
    size_t at = last == JSON_NONE ? open + 1 : end_of(s, last);
    struct buf text = BUF_INIT(64 << 20);
    if (close >= edit_write_text_of(s).n || at <= open || at > close)
        return edit_write_strange(s, list, "this list", err);
    buf_puts(&text, last == JSON_NONE ? "" : compact ? "," : ", ");
    buf_str(&text, items);
    return edit_write_change(s, list, at, 0, &text, err);
}

static struct edit_style style_of_list(const struct edit_splice *s, json_at list) {
    struct edit_style style = {.flow = true, .quoted = edit_write_is_json(s)};
    json_at first = json_first(s->doc->json, list);
    size_t open =
        first == JSON_NONE ? edit_write_begin_of(s, list) : edit_write_begin_of(s, first);
    if (edit_write_byte_at(s, open) == '{')
        edit_write_flow_style(s, open, &style);
    return style;
}

static enum ec append_names(const struct edit_splice *s, json_at list, const struct str *names,
                            size_t n, struct err *err) {
    struct buf text = BUF_INIT(1 << 20);
    struct edit_style style = style_of_list(s, list);
    size_t open = edit_write_begin_of(s, list);
    if (edit_write_byte_at(s, open) == '[') {
        edit_write_flow_names(&text, &style, names, n);
        enum ec ec = text.bad ? err_set(err, (enum ec)text.bad, "no room for a list of names")
                              : extend_flow(s, list, buf_view(&text), style.compact, err);
        buf_done(&text);
        return ec;
    }
    json_at last = last_of(s->doc->json, list);
    if (edit_write_byte_at(s, open) != '-' || last == JSON_NONE)
        return edit_write_strange(s, list, "this list", err);
    for (size_t i = 0; i < n; i++) {
        buf_puts(&text, s->text->eol);
        edit_write_blanks(&text, s->doc->pos[list].col - 1);
        buf_puts(&text, "- name: ");
        edit_write_name(&text, names[i], false);
    }
    return insert_line(s, list, end_of_line(s, last), &text, err);
}

static enum ec set_name(const struct edit_splice *s, json_at element, struct str name,
                        struct err *err) {
    const struct json *j = s->doc->json;
    json_at old = json_get(j, element, STR("name"));
    struct edit_style style = {.flow = true, .quoted = edit_write_is_json(s)};
    struct buf text = BUF_INIT(1 << 20);
    size_t at = edit_write_begin_of(s, element);
    if (old != JSON_NONE)
        return edit_write_set_scalar(s, old, name, edit_write_name, err);
    if (edit_write_byte_at(s, at) == '{')
        edit_write_flow_style(s, at, &style);
    edit_write_named(&text, &style, name);
    if (json_is(j, element, JSON_NULL)) {
        enum ec ec = edit_write_set_null(s, element, buf_view(&text), err);
        buf_done(&text);
        return ec;
    }
    if (edit_write_byte_at(s, at) == '{' && style.empty)
        return edit_write_change(
            s, element, at, edit_scan_bracket(edit_write_text_of(s), at) + 1 - at, &text, err);
    buf_done(&text);
    return edit_write_strange(s, element, "this entry", err);
}

static void put_line_break(const struct edit_splice *s, json_at list, struct buf *out) {
    buf_puts(out, s->text->eol);
    edit_write_blanks(out, s->doc->pos[list].col - 1);
}

/* The comments of what is taken out, each on its own line. */
static void keep_comments(const struct edit_splice *s, json_at list, struct str gone,
                          struct buf *out) {
    for (size_t at = 0, n; (n = edit_scan_comment(gone, &at)) != 0; at += n) {
        put_line_break(s, list, out);
        buf_str(out, str_slice(gone, at, at + n));
    }
}

/* Elements from `first` on, the last ones, are taken out; `before` is the one in front. */
static enum ec remove_tail(const struct edit_splice *s, json_at list, json_at before,
                           struct err *err) {
    struct buf kept = BUF_INIT(1 << 20);
    size_t open = edit_write_begin_of(s, list);
    if (edit_write_byte_at(s, open) == '[') {
        size_t from = end_of(s, before), close = edit_scan_bracket(edit_write_text_of(s), open);
        if (close >= edit_write_text_of(s).n || from > close)
            return edit_write_strange(s, list, "this list", err);
        keep_comments(s, list, str_slice(edit_write_text_of(s), from, close), &kept);
        if (kept.n != 0)
            put_line_break(s, list, &kept); /* for the bracket: a comment would hide it */
        return edit_write_change(s, list, from, close - from, &kept, err);
    }
    size_t from = end_of_line(s, before);
    size_t to = end_of_line(s, last_of(s->doc->json, list));
    if (edit_write_byte_at(s, open) != '-' || to < from || to > edit_write_text_of(s).n)
        return edit_write_strange(s, list, "this list", err);
    keep_comments(s, list, str_slice(edit_write_text_of(s), from, to), &kept);
    return edit_write_change(s, list, from, to - from, &kept, err);
}

/* What is more than a name would be lost in the list as it should be. */
static bool is_name_alone(const struct json *j, json_at element) {
    if (json_is(j, element, JSON_NULL))
        return true;
    if (!json_is(j, element, JSON_OBJECT))
        return false;
    return j->nodes[element].len == 0 ||
           (j->nodes[element].len == 1 && json_get(j, element, STR("name")) != JSON_NONE);
}

/* Only appended to: the list's own names are the first of these. */
static bool is_kept(const struct json *j, json_at list, const struct str *names, size_t n) {
    size_t i = 0;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at), i++)
        if (i >= n || !str_eq(json_str(j, json_get(j, at, STR("name"))), names[i]))
            return false;
    return true;
}

static enum ec check_secret_names(const struct edit_splice *s, json_at list,
                                  const struct str *names, size_t n, struct err *err) {
    const struct json *j = s->doc->json;
    if (is_kept(j, list, names, n))
        return EC_OK;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at))
        if (!is_name_alone(j, at))
            return err_locate(err, NULL, s->doc->pos[at].line, s->doc->pos[at].col),
                   err_set(err, EC_SCHEMA,
                           "this entry has more than a name, which the webhook would remove");
    return EC_OK;
}

static enum ec set_names(const struct edit_splice *s, json_at list, const struct str *names,
                         size_t n, struct err *err) {
    const struct json *j = s->doc->json;
    json_at before = JSON_NONE, at = json_first(j, list);
    size_t i = 0;
    if (check_secret_names(s, list, names, n, err) != EC_OK)
        return err->code;
    for (; at != JSON_NONE && i < n; before = at, at = json_next(j, list, at), i++)
        if (!str_eq(json_str(j, json_get(j, at, STR("name"))), names[i]) &&
            set_name(s, at, names[i], err) != EC_OK)
            return err->code;
    if (at != JSON_NONE)
        return remove_tail(s, list, before, err);
    return i < n ? append_names(s, list, names + i, n - i, err) : EC_OK;
}

enum ec edit_splice_name_list(const struct edit_splice *s, json_at list,
                              const struct str *names, size_t n, struct err *err) {
    const struct edit_style bare = {.flow = true};
    struct edit_style style = bare;
    if (!json_is(s->doc->json, list, JSON_NULL))
        return set_names(s, list, names, n, err);
    struct buf text = BUF_INIT(1 << 20);
    style.quoted = edit_write_is_json(s);
    buf_putc(&text, '[');
    edit_write_flow_names(&text, &style, names, n);
    buf_putc(&text, ']');
    enum ec ec = text.bad ? err_set(err, (enum ec)text.bad, "no room for a list of names")
                          : edit_write_set_null(s, list, buf_view(&text), err);
    buf_done(&text);
    return ec;
}

enum ec edit_splice_items(const struct edit_splice *s, json_at mapping, const char *key,
                          const struct str *items, size_t n, struct err *err) {
    const struct json *j = s->doc->json;
    json_at list = json_get(j, mapping, str_of(key));
    struct edit_style style = edit_write_style_of(s, mapping, STR_NONE);
    struct buf text = BUF_INIT(64 << 20);
    bool block = !style.flow;
    bool listed = json_is(j, list, JSON_ARRAY);
    if (listed)
        block = edit_write_byte_at(s, edit_write_begin_of(s, list)) == '-';
    if (list != JSON_NONE && !listed)
        return edit_write_strange(s, list, "this list", err);
    if (!listed) {
        edit_write_beginning(&text, s, &style);
        edit_write_key(&text, &style, key);
    }
    if (!listed && !block)
        buf_putc(&text, '[');
    if (!listed && block)
        text.n--; /* the blank after the colon */
    for (size_t i = 0; i < n; i++) {
        if (block) {
            buf_puts(&text, s->text->eol);
            edit_write_blanks(&text,
                              listed ? s->doc->pos[list].col - 1 : style.indent + style.dash);
            buf_puts(&text, "- ");
        } else if (i != 0) {
            buf_puts(&text, ", ");
        }
        buf_str(&text, items[i]);
    }
    if (listed && block)
        return insert_line(s, list, end_of_line(s, last_of(j, list)), &text, err);
    if (listed) {
        enum ec ec = extend_flow(s, list, buf_view(&text), style.compact, err);
        buf_done(&text);
        return ec;
    }
    if (!block)
        buf_putc(&text, ']');
    edit_write_separator(&text, s, &style);
    return edit_write_change(s, mapping, style.at, 0, &text, err);
}
