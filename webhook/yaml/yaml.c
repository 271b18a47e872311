#include "yaml/internal.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 1024, RAW_LARGE = 4 << 20 };

struct yaml {
    struct str text;         /* UTF-8 without BOM at its start */
    struct buf utf8;         /* the text, when it was UTF-16 */
    struct yaml_cursor next; /* where the next document begins */
    struct yaml_limits limits;
    bool json;             /* the rest is read as JSON */
    size_t n_json;         /* values read as JSON */
    struct err json_error; /* why it is not JSON; kept until YAML has been tried */
    size_t n_documents;
    struct yaml_doc doc;
    struct json nodes;
    struct buf raw;
    char *copy; /* what json/ unescapes in place */
    size_t copy_bytes;
    struct locations locations;
    struct merges merges;
};

/* --- opening --- */

static enum ec set_text(struct yaml *y, struct str text, struct err *err) {
    y->text = text;
    if (utf8_is_utf16(text)) {
        if (yaml_stream_from_utf16(&y->utf8, text, err) != EC_OK)
            return err->code;
        y->text = buf_view(&y->utf8);
    } else {
        y->text = str_slice(text, utf8_mark_bytes(text), text.n);
    }
    y->json = yaml_stream_looks_json(y->text);
    return EC_OK;
}

enum ec yaml_open(struct yaml **out, struct str text, struct yaml_limits limits,
                  struct err *err) {
    /* Node offsets of json/ have 32 bits, and the JSON of a document is hardly larger than it. */
    if (text.n > INT32_MAX)
        return err_set(err, EC_LIMIT, "file of %zu bytes, expected at most 2 GiB", text.n);
    struct yaml *y = mem_zalloc(sizeof *y);
    if (y == NULL)
        return err_set(err, EC_NOMEM, "no memory to read YAML");
    if (limits.max_depth > DEPTH_MAX)
        limits.max_depth = DEPTH_MAX;
    if (limits.max_bytes > INT32_MAX)
        limits.max_bytes = INT32_MAX;
    y->limits = limits;
    y->next = (struct yaml_cursor){.line = 1};
    y->raw = (struct buf)BUF_INIT(limits.max_bytes);
    /* No UTF-16 unit needs more than three bytes. */
    y->utf8 = (struct buf)BUF_INIT(text.n / 2 * 3);
    y->nodes = (struct json)JSON_INIT;
    y->doc.json = &y->nodes;
    if (set_text(y, text, err) != EC_OK) {
        yaml_close(y);
        return err->code;
    }
    *out = y;
    return EC_OK;
}

void yaml_close(struct yaml *y) {
    if (y == NULL)
        return;
    json_done(&y->nodes);
    buf_done(&y->utf8);
    buf_done(&y->raw);
    mem_free(y->copy);
    yaml_locations_done(&y->locations);
    mem_free(y->merges.v);
    mem_free(y->merges.lost);
    mem_free(y);
}

/* --- from JSON text to a document --- */

static enum ec copy_raw(struct yaml *y, struct str raw, struct err *err) {
    if (raw.n + JSON_PADDING > y->copy_bytes) {
        char *copy = mem_realloc(y->copy, raw.n + JSON_PADDING);
        if (copy == NULL)
            return err_set(err, EC_NOMEM, "no memory for a document");
        y->copy = copy;
        y->copy_bytes = raw.n + JSON_PADDING;
    }
    memcpy(y->copy, raw.p, raw.n);
    memset(y->copy + raw.n, 0, JSON_PADDING);
    return EC_OK;
}

/* Reads raw; *at is the offset of an error in it. */
static enum ec read_raw(struct yaml *y, struct str raw, size_t *at, struct err *err) {
    struct err e = ERR_INIT;
    struct json_limits limits = {.max_depth = y->limits.max_depth,
                                 .max_nodes = y->limits.max_nodes};
    if (copy_raw(y, raw, err) != EC_OK)
        return err->code;
    if (json_parse(&y->nodes, y->copy, raw.n, limits, &e) == EC_OK)
        return EC_OK;
    *at = e.offset;
    /* The grammar has been checked: what is left is a duplicate key or a limit. */
    return err_set(err, e.code == EC_SYNTAX ? EC_SCHEMA : e.code, "%s", e.msg);
}

/* "duplicate key "a", first on line 3" */
static void note_first(struct err *err, struct yaml_location first) {
    size_t n = strlen(err->msg);
    snprintf(err->msg + n, sizeof err->msg - n, ", first on line %u", first.line);
}

/* ---- merges ---- */

static int compare_merges(const void *pa, const void *pb) {
    const struct yaml_merge *a = pa, *b = pb;
    return (a->mapping > b->mapping) - (a->mapping < b->mapping);
}

/* Turns ids into nodes and drops those of removed nodes. */
static void set_merges(struct yaml *y) {
    struct merges *m = &y->merges;
    uint32_t n = 0, n_lost = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        m->v[n] = m->v[i];
        m->v[n].mapping = yaml_locations_find(&y->locations, m->v[i].mapping);
        n += m->v[n].mapping != NODE_NONE;
    }
    for (uint32_t i = 0; i < m->n_lost; i++) {
        m->lost[n_lost] = m->lost[i];
        m->lost[n_lost].mapping = yaml_locations_find(&y->locations, m->lost[i].mapping);
        n_lost += m->lost[n_lost].mapping != NODE_NONE;
    }
    if (n != 0)
        qsort(m->v, n, sizeof *m->v, compare_merges);
    y->doc.merges = m->v;
    y->doc.n_merges = m->n = n;
    y->doc.lost = m->lost;
    y->doc.n_lost = m->n_lost = n_lost;
    if (n_lost == 0 || y->doc.note != NULL)
        return;
    y->doc.note = "\"<<\" overrides this key in kubectl, while other readers keep the value "
                  "written here: move the key after the \"<<\"";
    y->doc.note_line = m->lost[0].pos.line;
}

static void set_document(struct yaml *y, struct str raw, struct yaml_doc **doc) {
    y->doc.index = y->n_documents++;
    y->doc.line = y->locations.p[0].line;
    y->doc.raw = raw.p;
    y->doc.raw_bytes = raw.n;
    y->doc.pos = y->locations.p;
    y->doc.locations = &y->locations;
    set_merges(y);
    *doc = &y->doc;
}

/* One document too many ends the stream. */
static enum ec check_document_count(struct yaml *y, struct err *err) {
    if (y->n_documents < y->limits.max_documents)
        return EC_OK;
    y->next.off = y->text.n;
    err_set(err, EC_LIMIT, "more than %zu documents", y->limits.max_documents);
    return yaml_err_at(err, y->locations.p[0]);
}

/* --- YAML --- */

static enum ec fail_yaml(struct yaml *y, struct str raw, size_t at, struct err *err) {
    struct str token;
    uint32_t first, node = yaml_duplicate_node(raw, at, &token);
    size_t off;
    if (err->code == EC_NOMEM || node >= y->locations.n)
        return err->code;
    if (err->code == EC_SCHEMA &&
        yaml_duplicate_find(raw, at, y->limits.max_depth, &first, &off))
        note_first(err, y->locations.p[first]);
    return yaml_err_at(err, y->locations.p[node]);
}

static enum ec finish_yaml(struct yaml *y, struct err *err) {
    struct str raw = buf_view(&y->raw);
    size_t at = 0;
    if (read_raw(y, raw, &at, err) != EC_OK)
        return fail_yaml(y, raw, at, err);
    if (y->nodes.n_nodes != y->locations.n)
        return err_set(err, EC_BUG, "%u nodes with %u locations", y->nodes.n_nodes,
                       y->locations.n);
    if (y->limits.drops_raw && raw.n >= RAW_LARGE)
        buf_done(&y->raw);
    return EC_OK;
}

/* The document that begins at `start` and ends before byte `end`; *found is false for an empty one. */
static enum ec read_yaml(struct yaml *y, struct yaml_cursor start, size_t end, bool *found,
                         struct err *err) {
    struct emitted out = {.json = &y->raw, .locations = &y->locations, .merges = &y->merges};
    size_t mark = utf8_mark_bytes(str_slice(y->text, start.off, end));
    if (mark != 0) {
        yaml_cursor_to_offset(&start, y->text, start.off + mark);
        start.line_at = start.off;
    }
    if (yaml_emit_document(&out, y->text, &start, end, &y->limits, err) != EC_OK)
        return err->code;
    y->doc.aliases = out.aliases;
    *found = y->raw.n > 0 && !str_eq(buf_view(&y->raw), STR("null"));
    if (out.ignored.off == 0)
        return *found ? finish_yaml(y, err) : EC_OK;
    y->doc.note = "text after the end of the document is ignored, up to the next \"---\"";
    y->doc.note_line = out.ignored.line;
    y->doc.ignored = true;
    if (*found)
        return finish_yaml(y, err);
    err_set(err, EC_SCHEMA, "text after the end of an empty document, which kubectl ignores");
    return yaml_err_at(err, yaml_cursor_location(&out.ignored));
}

/* At an offset after the start of the document. */
static enum ec fail_at_byte(struct yaml *y, size_t bad, struct err *err) {
    struct yaml_cursor at = y->next;
    yaml_cursor_to_offset(&at, y->text, bad);
    return yaml_err_at(err, yaml_cursor_location(&at));
}

static enum ec lost_line(struct yaml *y, size_t bad, struct err *err) {
    err_set(err, EC_SYNTAX,
            "last line of %zu bytes without a line end, which kubectl does not read: add one",
            y->text.n - bad);
    return fail_at_byte(y, bad, err);
}

static bool is_earlier(const struct err *a, const struct err *b) {
    return a->line != b->line ? a->line < b->line : a->col < b->col;
}

/* Text that began like JSON and is neither JSON nor YAML: the error further on is reported. */
static enum ec choose_error(struct yaml *y, struct err *err) {
    if (y->json_error.code != EC_OK && is_earlier(err, &y->json_error))
        *err = y->json_error;
    y->json_error = (struct err)ERR_INIT;
    return err->code;
}

static enum ec next_yaml(struct yaml *y, bool *found, struct err *err) {
    struct str chunk = STR_NONE;
    size_t next = y->text.n, bad = 0;
    struct yaml_cursor start = y->next;
    struct err e = ERR_INIT;
    if (yaml_stream_cut(y->text, start.off, &chunk, &next, &bad, &e) != EC_OK)
        fail_at_byte(y, bad, &e);
    else if (next == y->text.n && yaml_stream_loses_line(y->text, start.off, &bad))
        lost_line(y, bad, &e);
    else
        read_yaml(y, start, start.off + chunk.n, found, &e);
    yaml_cursor_to_offset(&y->next, y->text, next);
    if (e.code != EC_OK) {
        choose_error(y, &e);
        *err = err->code == EC_OK ? e : *err;
        return err->code;
    }
    y->json_error = (struct err)ERR_INIT;
    return EC_OK;
}

/* --- JSON --- */

static struct yaml_location pos_at(struct yaml *y, struct yaml_cursor from, size_t off) {
    yaml_cursor_to_offset(&from, y->text, off);
    return yaml_cursor_location(&from);
}

/* One location per node; nodes are in the order of the text, so this is one pass. */
static enum ec json_locations(struct yaml *y, struct yaml_cursor start, struct err *err) {
    const struct json *j = &y->nodes;
    size_t base = start.off;
    if (yaml_locations_room(&y->locations, j->n_nodes, y->limits.max_nodes, err) != EC_OK)
        return err->code;
    for (uint32_t i = 0; i < j->n_nodes; i++) {
        size_t quote = j->nodes[i].type == JSON_STRING;
        yaml_cursor_to_offset(&start, y->text, base + j->nodes[i].off - quote);
        y->locations.p[y->locations.n++] = yaml_cursor_location(&start);
    }
    return EC_OK;
}

static void skip_json_blanks(struct yaml *y) {
    size_t at = y->next.off;
    while (at < y->text.n && memchr(" \t\r\n", y->text.p[at], 4) != NULL)
        at++;
    yaml_cursor_to_offset(&y->next, y->text, at);
}

/* Switches to YAML after blanks up to and including the next line end, as kubectl does. It reads
 * four bytes at a time and gives up when fewer are left, and at U+FFFD. */
static bool turn_to_yaml(struct yaml *y, size_t at) {
    const size_t looked_at = 4;
    size_t n = 1;
    for (bool line_end = false; n != 0 && !line_end; at += n) {
        struct str rest = str_slice(y->text, at, y->text.n);
        if (rest.n < looked_at || str_starts(rest, STR("\xef\xbf\xbd")))
            return false;
        n = yaml_stream_blank(rest);
        line_end = rest.p[0] == '\n';
    }
    yaml_cursor_to_offset(&y->next, y->text, at);
    y->json = false;
    return true;
}

static enum ec fail_json(struct yaml *y, struct yaml_cursor start, struct str raw, size_t at,
                         struct err *err) {
    uint32_t node;
    size_t first;
    if (err->code == EC_SCHEMA &&
        yaml_duplicate_find(raw, at, y->limits.max_depth, &node, &first))
        note_first(err, pos_at(y, start, start.off + first));
    return yaml_err_at(err, pos_at(y, start, start.off + at));
}

static enum ec read_json(struct yaml *y, size_t end, bool *found, struct err *err) {
    struct yaml_cursor start = y->next;
    struct str raw = str_slice(y->text, start.off, end);
    size_t at = 0;
    yaml_cursor_to_offset(&y->next, y->text, end);
    if (raw.n > y->limits.max_bytes) {
        err_set(err, EC_LIMIT, "JSON document of %zu bytes, expected at most %zu", raw.n,
                y->limits.max_bytes);
        return yaml_err_at(err, yaml_cursor_location(&start));
    }
    *found = !str_eq(raw, STR("null"));
    if (!*found)
        return EC_OK;
    if (read_raw(y, raw, &at, err) != EC_OK)
        return fail_json(y, start, raw, at, err);
    return json_locations(y, start, err);
}

static enum ec next_json(struct yaml *y, bool *found, struct str *raw, struct err *err) {
    struct err e = ERR_INIT;
    struct yaml_cursor before = y->next;
    size_t end;
    skip_json_blanks(y);
    if (y->next.off == y->text.n)
        return EC_OK;
    size_t from = y->next.off;
    if (yaml_stream_json_end(y->text, from, y->limits.max_depth, &end, &e) == EC_OK) {
        y->n_json++;
        *raw = str_slice(y->text, from, end);
        return read_json(y, end, found, err);
    }
    yaml_err_at(&e, pos_at(y, y->next, end));
    if (e.code == EC_SYNTAX && y->n_json <= 1) {
        const struct yaml_cursor failed = y->next;
        y->next = before;
        if (turn_to_yaml(y, before.off)) {
            y->json_error = e;
            return EC_OK;
        }
        y->next = failed;
    }
    yaml_cursor_to_offset(&y->next, y->text, y->text.n);
    if (err->code == EC_OK)
        *err = e;
    return err->code;
}

/* --- the public functions --- */

enum ec yaml_next(struct yaml *y, struct yaml_doc **doc, struct err *err) {
    *doc = NULL;
    while (y->next.off < y->text.n) {
        bool found = false;
        struct str raw = STR_NONE;
        buf_reset(&y->raw);
        yaml_locations_reset(&y->locations);
        y->merges.n = y->merges.n_lost = 0;
        y->doc.note = NULL;
        y->doc.note_line = 0;
        y->doc.ignored = y->doc.aliases = false;
        enum ec ec = y->json ? next_json(y, &found, &raw, err) : next_yaml(y, &found, err);
        if (ec != EC_OK)
            return ec;
        if (!found)
            continue;
        if (check_document_count(y, err) != EC_OK)
            return err->code;
        set_document(y, raw.p != NULL ? raw : buf_view(&y->raw), doc);
        return EC_OK;
    }
    return EC_OK;
}

/* The node at a pointer, or its nearest existing ancestor. */
static json_at nearest_node(const struct json *j, struct json_cursor *near, json_at from,
                            struct str pointer, bool *exact) {
    json_at at = json_find_next(j, near, from, pointer);
    *exact = at != JSON_NONE;
    while (at == JSON_NONE && pointer.n > 0) {
        do
            pointer.n--;
        while (pointer.n > 0 && pointer.p[pointer.n] != '/');
        at = json_find_next(j, near, from, pointer);
    }
    return at;
}

int64_t yaml_source(const struct yaml_doc *doc, uint32_t node) {
    const struct locations *p = doc->locations;
    if (!p->tracked || p->origin[node].source == ORIGIN_NONE)
        return YAML_WRITTEN;
    uint32_t source = yaml_locations_find(p, p->origin[node].source);
    return source == NODE_NONE ? YAML_GONE : (int64_t)source;
}

struct yaml_location yaml_alias(const struct yaml_doc *doc, uint32_t node) {
    return doc->locations->tracked ? doc->locations->origin[node].alias : doc->pos[node];
}

const struct yaml_merge *yaml_merge_of(const struct yaml_doc *doc, uint32_t mapping) {
    const struct yaml_merge key = {.mapping = mapping};
    return doc->n_merges == 0
               ? NULL
               : bsearch(&key, doc->merges, doc->n_merges, sizeof key, compare_merges);
}

struct yaml_location yaml_where(const struct yaml_doc *doc, struct str pointer) {
    struct json_cursor near = JSON_CURSOR_INIT;
    return yaml_where_from(doc, &near, 0, pointer);
}

struct yaml_location yaml_where_from(const struct yaml_doc *doc, struct json_cursor *near,
                                     json_at from, struct str pointer) {
    bool exact;
    json_at at = nearest_node(doc->json, near, from, pointer, &exact);
    return at == JSON_NONE ? (struct yaml_location){0, 0} : doc->pos[at];
}

/* The container of the node at a pointer. */
static json_at parent(const struct json *j, struct str pointer) {
    while (pointer.n > 0 && pointer.p[pointer.n - 1] != '/')
        pointer.n--;
    return pointer.n == 0 ? JSON_NONE : json_find(j, str_slice(pointer, 0, pointer.n - 1));
}

struct yaml_location yaml_where_key(const struct yaml_doc *doc, struct str pointer) {
    struct json_cursor near = JSON_CURSOR_INIT;
    bool exact;
    json_at at = nearest_node(doc->json, &near, 0, pointer, &exact);
    if (at == JSON_NONE)
        return (struct yaml_location){0, 0};
    /* A key is the node before its value. */
    if (exact && json_is(doc->json, parent(doc->json, pointer), JSON_OBJECT))
        at--;
    return doc->pos[at];
}

enum ec yaml_require_plain(const struct yaml_doc *doc, struct err *err) {
    const struct json *j = doc->json;
    for (uint32_t i = 0; i < j->n_nodes; i++) {
        if (!json_is_odd(j, i))
            continue;
        err_locate(err, NULL, doc->pos[i].line, doc->pos[i].col);
        return err_set(err, EC_SCHEMA,
                       "a string with the character U+0000 or half a surrogate pair, which no "
                       "field may hold");
    }
    return EC_OK;
}
