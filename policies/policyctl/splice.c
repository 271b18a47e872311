#include "policyctl/splice.h"

#include "policyctl/splice_scan.h"

/* ---- places -------------------------------------------------------------------------- */

static struct str text_of(const struct splice *s) {
    return s->text->text;
}

static size_t begin_of(const struct splice *s, json_at node) {
    return textedit_offset(s->text, s->doc->pos[node]);
}

static char byte_at(const struct splice *s, size_t at) {
    return at < text_of(s).n ? text_of(s).p[at] : '\0';
}

/* Aliases give several values one place. */
static size_t uses_of(const struct splice *s, json_at node) {
    const struct yaml_pos *pos = s->doc->pos;
    size_t uses = 0;
    if (!s->doc->aliases)
        return 1;
    for (json_at i = 0; i < s->doc->json->n_nodes; i++)
        uses += pos[i].line == pos[node].line && pos[i].col == pos[node].col &&
                s->doc->json->nodes[i].type == s->doc->json->nodes[node].type;
    return uses;
}

static enum ec change(const struct splice *s, json_at node, size_t at, size_t n,
                      struct buf *with, struct err *err) {
    enum ec ec = with->bad ? err_set(err, (enum ec)with->bad, "no room for the text")
                           : textedit_add(s->text,
                                          (struct textedit_change){.at = at,
                                                                   .n = n,
                                                                   .with = buf_view(with),
                                                                   .pos = s->doc->pos[node],
                                                                   .uses = uses_of(s, node)},
                                          err);
    buf_done(with);
    return ec;
}

static enum ec strange(const struct splice *s, json_at node, const char *what,
                       struct err *err) {
    err_place(err, NULL, s->doc->pos[node].line, s->doc->pos[node].col);
    return err_set(err, EC_SCHEMA, "%s is written in a way that cannot be changed in place",
                   what);
}

/* ---- scalars ------------------------------------------------------------------------- */

/* Stays a string without quotes, wherever it stands: images with their slash, policies with
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
static void put_name(struct buf *out, struct str name, bool quoted) {
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
static bool is_json(const struct splice *s) {
    size_t open = begin_of(s, 0);
    char first = byte_at(s, scan_blanks(text_of(s), open + 1));
    return byte_at(s, open) == '{' && (first == '"' || first == '}');
}

typedef void put_fn(struct buf *out, struct str value, bool quoted);

/* A null that is not written stands behind what announces a value; in {a} nothing does. */
static bool is_announced(const struct splice *s, size_t at) {
    while (at > 0 && strchr(" \t", byte_at(s, at - 1)) != NULL)
        at--;
    return at > 0 && strchr(":-", byte_at(s, at - 1)) != NULL;
}

static enum ec set_null(const struct splice *s, json_at node, struct str with,
                        struct err *err) {
    size_t at = begin_of(s, node), n = scan_null(text_of(s), at);
    struct buf text = BUF_INIT(1 << 20);
    if (n == 0 && !is_announced(s, at))
        return strange(s, node, "this value", err);
    if (n == 0 && strchr(" \t", byte_at(s, at - 1)) == NULL)
        buf_putc(&text, ' ');
    buf_str(&text, with);
    return change(s, node, at, n, &text, err);
}

static enum ec set_scalar(const struct splice *s, json_at node, struct str value, put_fn *put,
                          struct err *err) {
    struct str old = json_str(s->doc->json, node);
    size_t at = begin_of(s, node), n = 0;
    struct buf text = BUF_INIT(1 << 20);
    char c = byte_at(s, at);
    if (json_is(s->doc->json, node, JSON_NULL)) {
        struct buf plain = BUF_INIT(1 << 20);
        put(&plain, value, is_json(s));
        enum ec ec = set_null(s, node, buf_view(&plain), err);
        buf_done(&plain);
        return ec;
    }
    if (c == '"' || c == '\'') {
        n = scan_quoted(text_of(s), at);
        c == '"' ? buf_json(&text, value) : put_single(&text, value);
    } else if (c == '|' || c == '>') {
        n = scan_block_line(text_of(s), &at, old);
        buf_str(&text, value);
    } else if (old.n != 0 && str_starts(str_slice(text_of(s), at, text_of(s).n), old)) {
        n = old.n;
        put(&text, value, false);
    }
    if (n != 0)
        return change(s, node, at, n, &text, err);
    buf_done(&text);
    return strange(s, node, "this value", err);
}

enum ec splice_scalar(const struct splice *s, json_at node, struct str value, struct err *err) {
    return set_scalar(s, node, value, put_value, err);
}

/* ---- style --------------------------------------------------------------------------- */

/* How a mapping is written, and where a member goes. */
struct style {
    size_t at;     /* where to insert */
    size_t indent; /* of a block's keys; of the keys of a flow mapping of several lines */
    size_t dash;   /* blanks between a key and the dash of its list */
    bool flow, quoted, compact, empty, lines;
};

static json_at key_of(const struct json *j, json_at mapping, struct str key) {
    json_at first = json_first(j, mapping);
    for (json_at k = first; k != JSON_NONE; k = json_next(j, mapping, k + 1))
        if (str_eq(json_str(j, k), key))
            return k;
    return first;
}

/* As lists beside it have their dashes; two blanks where there is none. */
static size_t dash_of(const struct splice *s, json_at mapping) {
    const struct json *j = s->doc->json;
    for (json_at k = json_first(j, mapping); k != JSON_NONE; k = json_next(j, mapping, k + 1)) {
        uint32_t key = s->doc->pos[k].col, value = s->doc->pos[k + 1].col;
        if (json_is(j, k + 1, JSON_ARRAY) && byte_at(s, begin_of(s, k + 1)) == '-' &&
            value >= key)
            return value - key;
    }
    return 2;
}

static void flow_style(const struct splice *s, size_t open, struct style *out) {
    struct str text = text_of(s);
    size_t first = scan_blanks(text, open + 1);
    size_t colon = first;
    out->flow = true;
    out->empty = byte_at(s, first) == '}';
    out->quoted = byte_at(s, first) == '"';
    out->lines = str_find(str_slice(text, open, first), '\n') < first - open;
    if (out->quoted)
        colon = first + scan_quoted(text, first);
    out->compact = out->quoted && byte_at(s, colon) == ':' && byte_at(s, colon + 1) != ' ';
    if (out->empty) /* {} in a text of JSON */
        out->quoted = is_json(s);
}

/* Where a key's member begins: in front of its anchor and tag, and of the `?` that announces it. */
static size_t member_of(const struct splice *s, json_at key) {
    struct str text = text_of(s);
    size_t at = begin_of(s, key);
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

static struct style style_of(const struct splice *s, json_at mapping, struct str before) {
    json_at key = key_of(s->doc->json, mapping, before);
    size_t open = begin_of(s, mapping);
    struct style style = {.at = open};
    if (byte_at(s, open) == '{') {
        flow_style(s, open, &style);
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

static void put_blanks(struct buf *out, size_t n) {
    while (n-- > 0)
        buf_putc(out, ' ');
}

static void put_key(struct buf *out, const struct style *style, const char *key) {
    if (style->quoted)
        buf_json(out, str_of(key));
    else
        buf_puts(out, key);
    buf_puts(out, style->compact ? ":" : ": ");
}

/* The indentation in front of a member that begins its line, tabs and all. */
static bool put_indentation(struct buf *out, const struct splice *s, size_t at) {
    size_t from = at;
    while (from > 0 && (byte_at(s, from - 1) == ' ' || byte_at(s, from - 1) == '\t'))
        from--;
    if (from > 0 && byte_at(s, from - 1) != '\n' && byte_at(s, from - 1) != '\r')
        return false;
    buf_str(out, str_slice(text_of(s), from, at));
    return true;
}

/* What stands between the new member and the one behind it. */
static void put_separator(struct buf *out, const struct splice *s, const struct style *style) {
    if (style->flow && style->empty)
        return;
    if (style->flow)
        buf_putc(out, ',');
    if (style->flow && !style->lines) {
        buf_puts(out, style->compact ? "" : " ");
        return;
    }
    buf_puts(out, s->text->eol);
    if (!put_indentation(out, s, style->at))
        put_blanks(out, style->indent);
}

/* {name: x} */
static void put_named(struct buf *out, const struct style *style, struct str name) {
    buf_putc(out, '{');
    put_key(out, style, "name");
    put_name(out, name, style->quoted);
    buf_putc(out, '}');
}

static void put_flow_names(struct buf *out, const struct style *style, const struct str *names,
                           size_t n) {
    for (size_t i = 0; i < n; i++) {
        buf_puts(out, i == 0 ? "" : style->compact ? "," : ", ");
        put_named(out, style, names[i]);
    }
}

/* ---- members ------------------------------------------------------------------------- */

enum ec splice_member(const struct splice *s, json_at mapping, struct str before,
                      const char *key, struct str value, struct err *err) {
    struct style style = style_of(s, mapping, before);
    struct buf text = BUF_INIT(1 << 20);
    put_key(&text, &style, key);
    put_value(&text, value, style.quoted);
    put_separator(&text, s, &style);
    return change(s, mapping, style.at, 0, &text, err);
}

enum ec splice_names(const struct splice *s, json_at mapping, const char *key,
                     const struct str *names, size_t n, struct err *err) {
    struct style style = style_of(s, mapping, STR_NONE);
    struct buf text = BUF_INIT(1 << 20);
    if (style.flow) {
        put_key(&text, &style, key);
        buf_putc(&text, '[');
        put_flow_names(&text, &style, names, n);
        buf_putc(&text, ']');
    } else {
        buf_printf(&text, "%s:", key);
    }
    for (size_t i = 0; i < n && !style.flow; i++) {
        buf_puts(&text, s->text->eol);
        put_blanks(&text, style.indent + style.dash);
        buf_puts(&text, "- name: ");
        put_name(&text, names[i], false);
    }
    put_separator(&text, s, &style);
    return change(s, mapping, style.at, 0, &text, err);
}

/* ---- lists --------------------------------------------------------------------------- */

static json_at last_of(const struct json *j, json_at list) {
    json_at last = JSON_NONE;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at))
        last = at;
    return last;
}

/* Bytes of a scalar, down to where its last line ends; false where that cannot be told. */
static bool is_measured(const struct splice *s, json_at node, size_t at, size_t *n) {
    struct str rest = str_slice(text_of(s), at, text_of(s).n);
    struct str value = json_str(s->doc->json, node);
    char c = byte_at(s, at);
    if (c == '|' || c == '>')
        *n = scan_block(text_of(s), at) - at;
    else if (c == '"' || c == '\'')
        *n = scan_quoted(text_of(s), at);
    else
        *n = value.n != 0 && str_starts(rest, value) ? value.n : scan_null(text_of(s), at);
    return value.n == 0 || *n != 0;
}

/* Behind an element; the text's length + 1 when that cannot be told. */
static size_t end_of(const struct splice *s, json_at element) {
    json_at last = s->doc->json->nodes[element].next - 1;
    size_t at = begin_of(s, element), n = 0;
    if (byte_at(s, at) == '{' || byte_at(s, at) == '[')
        return scan_bracket(text_of(s), at) + 1;
    at = begin_of(s, last);
    return is_measured(s, last, at, &n) ? at + n : text_of(s).n + 1;
}

/* Where the line ends that an element ends in; the same. */
static size_t end_of_line(const struct splice *s, json_at element) {
    size_t at = end_of(s, element);
    while (at < text_of(s).n && text_of(s).p[at] != '\n' && text_of(s).p[at] != '\r')
        at++;
    return at;
}

static enum ec insert_line(const struct splice *s, json_at list, size_t at, struct buf *text,
                           struct err *err) {
    if (at <= text_of(s).n)
        return change(s, list, at, 0, text, err);
    buf_done(text);
    return strange(s, list, "this list", err);
}

/* Flow: behind the last element, whatever follows it: a comma, comments, the bracket. */
static enum ec extend_flow(const struct splice *s, json_at list, struct str items, bool compact,
                           struct err *err) {
    size_t open = begin_of(s, list), close = scan_bracket(text_of(s), open);
    json_at last = last_of(s->doc->json, list);
    size_t at = last == JSON_NONE ? open + 1 : end_of(s, last);
    struct buf text = BUF_INIT(64 << 20);
    if (close >= text_of(s).n || at <= open || at > close)
        return strange(s, list, "this list", err);
    buf_puts(&text, last == JSON_NONE ? "" : compact ? "," : ", ");
    buf_str(&text, items);
    return change(s, list, at, 0, &text, err);
}

static struct style style_of_list(const struct splice *s, json_at list) {
    struct style style = {.flow = true, .quoted = is_json(s)};
    json_at first = json_first(s->doc->json, list);
    size_t open = first == JSON_NONE ? begin_of(s, list) : begin_of(s, first);
    if (byte_at(s, open) == '{')
        flow_style(s, open, &style);
    return style;
}

static enum ec append_names(const struct splice *s, json_at list, const struct str *names,
                            size_t n, struct err *err) {
    struct buf text = BUF_INIT(1 << 20);
    struct style style = style_of_list(s, list);
    size_t open = begin_of(s, list);
    if (byte_at(s, open) == '[') {
        put_flow_names(&text, &style, names, n);
        enum ec ec = text.bad ? err_set(err, (enum ec)text.bad, "no room for a list of names")
                              : extend_flow(s, list, buf_view(&text), style.compact, err);
        buf_done(&text);
        return ec;
    }
    json_at last = last_of(s->doc->json, list);
    if (byte_at(s, open) != '-' || last == JSON_NONE)
        return strange(s, list, "this list", err);
    for (size_t i = 0; i < n; i++) {
        buf_puts(&text, s->text->eol);
        put_blanks(&text, s->doc->pos[list].col - 1);
        buf_puts(&text, "- name: ");
        put_name(&text, names[i], false);
    }
    return insert_line(s, list, end_of_line(s, last), &text, err);
}

static enum ec set_name(const struct splice *s, json_at element, struct str name,
                        struct err *err) {
    const struct json *j = s->doc->json;
    json_at old = json_get(j, element, STR("name"));
    struct style style = {.flow = true, .quoted = is_json(s)};
    struct buf text = BUF_INIT(1 << 20);
    size_t at = begin_of(s, element);
    if (old != JSON_NONE)
        return set_scalar(s, old, name, put_name, err);
    if (byte_at(s, at) == '{')
        flow_style(s, at, &style);
    put_named(&text, &style, name);
    if (json_is(j, element, JSON_NULL)) {
        enum ec ec = set_null(s, element, buf_view(&text), err);
        buf_done(&text);
        return ec;
    }
    if (byte_at(s, at) == '{' && style.empty)
        return change(s, element, at, scan_bracket(text_of(s), at) + 1 - at, &text, err);
    buf_done(&text);
    return strange(s, element, "this entry", err);
}

static void put_line(const struct splice *s, json_at list, struct buf *out) {
    buf_puts(out, s->text->eol);
    put_blanks(out, s->doc->pos[list].col - 1);
}

/* The comments of what is taken out, each on a line of its own. */
static void keep_comments(const struct splice *s, json_at list, struct str gone,
                          struct buf *out) {
    for (size_t at = 0, n; (n = scan_comment(gone, &at)) != 0; at += n) {
        put_line(s, list, out);
        buf_str(out, str_slice(gone, at, at + n));
    }
}

/* Elements from `first` on, the last ones, are taken out; `before` is the one in front. */
static enum ec remove_tail(const struct splice *s, json_at list, json_at before,
                           struct err *err) {
    struct buf kept = BUF_INIT(1 << 20);
    size_t open = begin_of(s, list);
    if (byte_at(s, open) == '[') {
        size_t from = end_of(s, before), close = scan_bracket(text_of(s), open);
        if (close >= text_of(s).n || from > close)
            return strange(s, list, "this list", err);
        keep_comments(s, list, str_slice(text_of(s), from, close), &kept);
        if (kept.n != 0)
            put_line(s, list, &kept); /* for the bracket: a comment would hide it */
        return change(s, list, from, close - from, &kept, err);
    }
    size_t from = end_of_line(s, before);
    size_t to = end_of_line(s, last_of(s->doc->json, list));
    if (byte_at(s, open) != '-' || to < from || to > text_of(s).n)
        return strange(s, list, "this list", err);
    keep_comments(s, list, str_slice(text_of(s), from, to), &kept);
    return change(s, list, from, to - from, &kept, err);
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

static enum ec check_names(const struct splice *s, json_at list, const struct str *names,
                           size_t n, struct err *err) {
    const struct json *j = s->doc->json;
    if (is_kept(j, list, names, n))
        return EC_OK;
    for (json_at at = json_first(j, list); at != JSON_NONE; at = json_next(j, list, at))
        if (!is_name_alone(j, at))
            return err_place(err, NULL, s->doc->pos[at].line, s->doc->pos[at].col),
                   err_set(
                       err, EC_SCHEMA,
                       "this entry has more than a name, which the webhook would take away");
    return EC_OK;
}

static enum ec set_names(const struct splice *s, json_at list, const struct str *names,
                         size_t n, struct err *err) {
    const struct json *j = s->doc->json;
    json_at before = JSON_NONE, at = json_first(j, list);
    size_t i = 0;
    if (check_names(s, list, names, n, err) != EC_OK)
        return err->code;
    for (; at != JSON_NONE && i < n; before = at, at = json_next(j, list, at), i++)
        if (!str_eq(json_str(j, json_get(j, at, STR("name"))), names[i]) &&
            set_name(s, at, names[i], err) != EC_OK)
            return err->code;
    if (at != JSON_NONE)
        return remove_tail(s, list, before, err);
    return i < n ? append_names(s, list, names + i, n - i, err) : EC_OK;
}

enum ec splice_name_list(const struct splice *s, json_at list, const struct str *names,
                         size_t n, struct err *err) {
    const struct style bare = {.flow = true};
    struct style style = bare;
    if (!json_is(s->doc->json, list, JSON_NULL))
        return set_names(s, list, names, n, err);
    struct buf text = BUF_INIT(1 << 20);
    style.quoted = is_json(s);
    buf_putc(&text, '[');
    put_flow_names(&text, &style, names, n);
    buf_putc(&text, ']');
    enum ec ec = text.bad ? err_set(err, (enum ec)text.bad, "no room for a list of names")
                          : set_null(s, list, buf_view(&text), err);
    buf_done(&text);
    return ec;
}

enum ec splice_items(const struct splice *s, json_at mapping, const char *key,
                     const struct str *items, size_t n, struct err *err) {
    const struct json *j = s->doc->json;
    json_at list = json_get(j, mapping, str_of(key));
    struct style style = style_of(s, mapping, STR_NONE);
    struct buf text = BUF_INIT(64 << 20);
    bool block = !style.flow;
    bool listed = json_is(j, list, JSON_ARRAY);
    if (listed)
        block = byte_at(s, begin_of(s, list)) == '-';
    if (list != JSON_NONE && !listed)
        return strange(s, list, "this list", err);
    if (!listed)
        put_key(&text, &style, key);
    if (!listed && !block)
        buf_putc(&text, '[');
    if (!listed && block)
        text.n--; /* the blank behind the colon */
    for (size_t i = 0; i < n; i++) {
        if (block) {
            buf_puts(&text, s->text->eol);
            put_blanks(&text, listed ? s->doc->pos[list].col - 1 : style.indent + style.dash);
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
    put_separator(&text, s, &style);
    return change(s, mapping, style.at, 0, &text, err);
}
