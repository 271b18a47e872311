#include "yaml/print.h"

#include "base/escape.h"
#include "yaml/internal.h"

#include <yaml.h>

enum { WIDTH_NONE = -1, PLAIN_MAX = 64 << 10 }; /* longer strings are always quoted */

struct printer {
    const struct json *j;
    yaml_emitter_t emitter;
    struct buf *out;
    struct buf probe; /* the meaning of a plain scalar */
    struct err *err;
};

static int write_text(void *data, unsigned char *bytes, size_t n) {
    struct buf *out = data;
    buf_add(out, bytes, n);
    return out->bad == 0;
}

/* The emitter takes the event, also on failure. */
static bool emit(struct printer *p, int made, yaml_event_t *event) {
    if (made && yaml_emitter_emit(&p->emitter, event))
        return true;
    err_set(p->err, p->out->bad ? (enum ec)p->out->bad : EC_NOMEM, "no room for the YAML text");
    return false;
}

static bool is_one_of(char c, struct str set) {
    return str_find(set, c) != set.n;
}

/* Strings for kubectl that other readers of YAML 1.1 read as a time (2026-11-20, 12:30:00) or a
 * default key (=). kubectl quotes times, too. */
static bool is_special_elsewhere(struct str s) {
    bool divided = false;
    if (s.n == 0 || !is_one_of(s.p[0], STR("0123456789+-=")))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        divided |= is_one_of(s.p[i], STR(":-="));
        if (!is_one_of(s.p[i], STR("0123456789:-=+._ TtZz")))
            return false;
    }
    return divided;
}

/* Reading it back plain must give the same string. */
static bool stays_string(struct printer *p, struct str s) {
    const struct scalar plain = {.text = s, .tag = TAG_NONE, .plain = true};
    struct err err = ERR_INIT;
    buf_reset(&p->probe);
    if (s.n == 0 || s.n > PLAIN_MAX || is_special_elsewhere(s))
        return false;
    bool reads = yaml_scalar_print(&plain, &p->probe, &err) == EC_OK;
    if ((p->probe.bad || err.code == EC_NOMEM) && !p->out->bad)
        p->out->bad = EC_NOMEM; /* not to be taken for "needs quotes" */
    return reads && p->probe.n != 0 && p->probe.p[0] == '"';
}

static bool has_lines(struct str s) {
    return str_find(s, '\n') != s.n;
}

/* Whether a line of it, printed as it is, would be a workflow command of a CI system ("::error::"). */
static bool has_command(struct str s) {
    for (size_t end; s.n != 0; s = str_slice(s, end + 1, s.n)) {
        end = str_find(s, '\n');
        if (escape_is_command(str_slice(s, 0, end)))
            return true;
    }
    return false;
}

static bool print_string(struct printer *p, struct str s) {
    yaml_event_t event;
    yaml_scalar_style_t style = has_command(s)       ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
                                : has_lines(s)       ? YAML_LITERAL_SCALAR_STYLE
                                : stays_string(p, s) ? YAML_PLAIN_SCALAR_STYLE
                                                     : YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    /* The emitter changes a style that cannot represent the bytes. */
    int made = yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)s.p,
                                            (int)s.n, 1, 1, style);
    return emit(p, made, &event);
}

static bool print_plain(struct printer *p, struct str s) {
    yaml_event_t event;
    int made = yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)s.p,
                                            (int)s.n, 1, 1, YAML_PLAIN_SCALAR_STYLE);
    return emit(p, made, &event);
}

static bool print_node(struct printer *p, json_at at);

static bool print_members(struct printer *p, json_at object) {
    for (json_at key = json_first(p->j, object); key != JSON_NONE;
         key = json_next(p->j, object, key + 1))
        if (!print_string(p, json_str(p->j, key)) || !print_node(p, key + 1))
            return false;
    return true;
}

static bool print_items(struct printer *p, json_at array) {
    for (json_at at = json_first(p->j, array); at != JSON_NONE; at = json_next(p->j, array, at))
        if (!print_node(p, at))
            return false;
    return true;
}

static bool print_container(struct printer *p, json_at at) {
    yaml_event_t event;
    bool flow = p->j->nodes[at].len == 0;
    if (json_is(p->j, at, JSON_OBJECT)) {
        int made = yaml_mapping_start_event_initialize(
            &event, NULL, NULL, 1, flow ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE);
        return emit(p, made, &event) && print_members(p, at) &&
               emit(p, yaml_mapping_end_event_initialize(&event), &event);
    }
    int made = yaml_sequence_start_event_initialize(
        &event, NULL, NULL, 1, flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE);
    return emit(p, made, &event) && print_items(p, at) &&
           emit(p, yaml_sequence_end_event_initialize(&event), &event);
}

/* Depth is bounded by the limits with which the nodes were read. */
static bool print_node(struct printer *p, json_at at) {
    switch (json_type_of(p->j, at)) {
    case JSON_NULL:
        return print_plain(p, STR("null"));
    case JSON_TRUE:
        return print_plain(p, STR("true"));
    case JSON_FALSE:
        return print_plain(p, STR("false"));
    case JSON_NUMBER:
        return print_plain(p, json_str(p->j, at));
    case JSON_STRING:
        return print_string(p, json_str(p->j, at));
    case JSON_ARRAY:
    case JSON_OBJECT:
        return print_container(p, at);
    }
    return false;
}

/* To libyaml, bidirectional marks are printable. With one in the text, all that is not ASCII is
 * escaped. */
static bool is_seen(const struct json *j, json_at at) {
    for (json_at i = at; i < j->nodes[at].next; i++)
        if (json_is(j, i, JSON_STRING) && !escape_is_seen(json_str(j, i)))
            return false;
    return true;
}

static void print_document(struct printer *p, json_at at) {
    yaml_event_t event;
    (void)!(
        emit(p, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event) &&
        emit(p, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1), &event) &&
        print_node(p, at) && emit(p, yaml_document_end_event_initialize(&event, 1), &event) &&
        emit(p, yaml_stream_end_event_initialize(&event), &event));
}

enum ec yaml_print(const struct json *j, json_at at, struct buf *out, struct err *err) {
    struct printer p = {.j = j, .out = out, .probe = BUF_INIT(1 << 20), .err = err};
    if (!yaml_emitter_initialize(&p.emitter))
        return err_set(err, EC_NOMEM, "out of memory");
    yaml_emitter_set_output(&p.emitter, write_text, out);
    yaml_emitter_set_unicode(&p.emitter, is_seen(j, at));
    yaml_emitter_set_width(&p.emitter, WIDTH_NONE);
    print_document(&p, at);
    yaml_emitter_delete(&p.emitter);
    buf_done(&p.probe);
    return err->code;
}
