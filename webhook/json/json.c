#include "json/json.h"

#include "base/buf.h"
#include "base/mem.h"

void json_done(struct json *j) {
    mem_free(j->nodes);
    *j = (struct json)JSON_INIT;
}

json_at json_get(const struct json *j, json_at object, struct str key) {
    if (!json_is(j, object, JSON_OBJECT))
        return JSON_NONE;
    const struct json_node *nodes = j->nodes;
    json_at end = nodes[object].next;
    for (json_at k = object + 1; k < end; k = nodes[k + 1].next)
        if (nodes[k].len == key.n &&
            (key.n == 0 || memcmp(j->text + nodes[k].off, key.p, key.n) == 0))
            return k + 1;
    return JSON_NONE;
}

/* Whether `token`, with ~0 for '~' and ~1 for '/', is the text `key`. */
static bool token_is(struct str token, struct str key) {
    size_t k = 0;
    for (size_t i = 0; i < token.n; i++, k++) {
        char c = token.p[i];
        if (c == '~') {
            if (++i == token.n || (token.p[i] != '0' && token.p[i] != '1'))
                return false;
            c = token.p[i] == '0' ? '~' : '/';
        }
        if (k == key.n || key.p[k] != c)
            return false;
    }
    return k == key.n;
}

static json_at member(const struct json *j, json_at object, struct str token) {
    for (json_at k = json_first(j, object); k != JSON_NONE; k = json_next(j, object, k + 1))
        if (token_is(token, json_str(j, k)))
            return k + 1;
    return JSON_NONE;
}

static json_at element(const struct json *j, json_at array, struct str token) {
    uint64_t index;
    if ((token.n > 1 && token.p[0] == '0') || !str_to_uint(token, UINT32_MAX, &index) ||
        index >= j->nodes[array].len)
        return JSON_NONE;
    json_at at = array + 1;
    while (index-- > 0)
        at = j->nodes[at].next;
    return at;
}

json_at json_find(const struct json *j, struct str pointer) {
    return json_find_from(j, 0, pointer);
}

json_at json_find_from(const struct json *j, json_at from, struct str pointer) {
    json_at at = from < j->n_nodes ? from : JSON_NONE;
    while (pointer.n > 0 && at != JSON_NONE) {
        if (pointer.p[0] != '/')
            return JSON_NONE;
        pointer = str_slice(pointer, 1, pointer.n);
        size_t end = str_find(pointer, '/');
        struct str token = str_slice(pointer, 0, end);
        pointer = str_slice(pointer, end, pointer.n);
        if (json_is(j, at, JSON_OBJECT))
            at = member(j, at, token);
        else
            at = json_is(j, at, JSON_ARRAY) ? element(j, at, token) : JSON_NONE;
    }
    return at;
}

/* ---- one element after the other ------------------------------------------------------ */

/* The start of the last token that is a number; the pointer's end, if there is none. */
static size_t last_index(struct str pointer) {
    for (size_t end = pointer.n; end > 0;) {
        size_t at = end;
        while (at > 0 && ascii_is_digit(pointer.p[at - 1]))
            at--;
        if (at < end && at > 0 && pointer.p[at - 1] == '/')
            return at;
        while (at > 0 && pointer.p[at - 1] != '/')
            at--;
        end = at ? at - 1 : 0;
    }
    return pointer.n;
}

static bool is_near_cursor(const struct json_cursor *c, json_at from, struct str prefix,
                           uint64_t index) {
    return c->at != JSON_NONE && c->from == from && c->index <= index &&
           str_eq((struct str){c->prefix, c->prefix_bytes}, prefix);
}

static void set_cursor(struct json_cursor *c, json_at from, struct str prefix, json_at array) {
    *c = (struct json_cursor){
        .prefix_bytes = prefix.n, .from = from, .array = array, .at = array + 1};
    if (prefix.n != 0)
        memcpy(c->prefix, prefix.p, prefix.n);
}

json_at json_find_next(const struct json *j, struct json_cursor *c, json_at from,
                       struct str pointer) {
    size_t at = last_index(pointer);
    struct str prefix = str_slice(pointer, 0, at ? at - 1 : 0);
    struct str rest = str_slice(pointer, at, pointer.n);
    struct str digits = str_slice(rest, 0, str_find(rest, '/'));
    uint64_t index;
    if (prefix.n > sizeof c->prefix || (digits.n > 1 && digits.p[0] == '0') ||
        !str_to_uint(digits, UINT32_MAX, &index))
        return json_find_from(j, from, pointer);
    if (!is_near_cursor(c, from, prefix, index)) {
        json_at array = json_find_from(j, from, prefix);
        if (!json_is(j, array, JSON_ARRAY) || index >= j->nodes[array].len)
            return json_find_from(j, from, pointer);
        set_cursor(c, from, prefix, array);
    }
    if (index >= j->nodes[c->array].len)
        return JSON_NONE;
    for (; c->index < index; c->index++)
        c->at = j->nodes[c->at].next;
    return json_find_from(j, c->at, str_slice(rest, digits.n, rest.n));
}

bool json_path(const struct json *j, json_at from, json_at at, struct buf *out) {
    const struct json_node *nodes = j->nodes;
    if (from == JSON_NONE || at == JSON_NONE || at < from || at >= nodes[from].next)
        return false;
    while (from != at) {
        json_at child = from + 1;
        size_t index = 0;
        bool is_object = nodes[from].type == JSON_OBJECT;
        for (child += is_object; at >= nodes[child].next; index++)
            child = nodes[child].next + is_object;
        buf_putc(out, '/');
        if (is_object)
            buf_pointer(out, json_str(j, child - 1));
        else
            buf_uint(out, index);
        from = child > at ? at : child; /* the path of a key is that of its value */
    }
    return true;
}

struct line_count {
    uint32_t line;
    size_t line_start;
};

static void pass_lines(struct line_count *lines, const char *text, size_t from, size_t to) {
    const char *p = text + from;
    while (from < to && (p = memchr(p, '\n', to - from)) != NULL) {
        lines->line++;
        p++;
        lines->line_start = from = (size_t)(p - text);
    }
}

void json_line_col(const struct json *j, size_t offset, uint32_t *line, uint32_t *col) {
    struct line_count lines = {.line = 1, .line_start = 0};
    size_t from = 0;
    if (offset > j->text_bytes)
        offset = j->text_bytes;
    /* Strings are left out: they had no line end, but unescaping may have made some. */
    for (uint32_t i = 0; i < j->n_nodes && j->nodes[i].off < offset; i++) {
        if (j->nodes[i].type != JSON_STRING)
            continue;
        pass_lines(&lines, j->text, from, j->nodes[i].off);
        from = (size_t)j->nodes[i].off + j->nodes[i].len;
    }
    if (from < offset)
        pass_lines(&lines, j->text, from, offset);
    *line = lines.line;
    *col = (uint32_t)(offset - lines.line_start) + 1;
}

const char *json_type_name(enum json_type type) {
    static const char *const names[] = {"null",     "false",    "true",     "a number",
                                        "a string", "an array", "an object"};
    return (size_t)type < sizeof names / sizeof *names ? names[type] : "nothing";
}
