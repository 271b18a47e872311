#include "yaml/print.h"

#include "base/escape.h"
#include "base/mem.h"
#include "yaml/internal.h"
#include "yaml/lay.h"

#include <yaml.h>

enum { WIDTH_NONE = -1, PLAIN_MAX = 64 << 10 }; /* longer strings are always quoted */

struct yaml_printer {
    struct lay *lay; /* NULL: the emitter is used */
    yaml_emitter_t emitter;
    struct buf *out;
    struct buf probe; /* the meaning of a plain scalar */
    struct err err;
};

static int write_text(void *data, unsigned char *bytes, size_t n) {
    struct buf *out = data;
    buf_add(out, bytes, n);
    return out->bad == 0;
}

/* The emitter takes the event, also on failure. */
static void emit_event(struct yaml_printer *p, int made, yaml_event_t *event) {
    if (made && p->err.code != EC_OK)
        yaml_event_delete(event);
    else if (!made || !yaml_emitter_emit(&p->emitter, event))
        err_set(&p->err, p->out->bad ? (enum ec)p->out->bad : EC_NOMEM,
                "no room for the YAML text");
}

static bool is_one_of(char c, struct str set) {
    return str_find(set, c) != set.n;
}

/* Strings for kubectl that other readers of YAML 1.1 read as a time (2026-11-20, 12:30:00) or a
 * default key (=). kubectl quotes times as well. */
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

/* Most strings: a letter begins them, and they are longer than "false", or begin as no word of YAML
 * does. */
static bool is_no_word(struct str s) {
    char c = s.n != 0 ? ascii_lower(s.p[0]) : '\0';
    return c >= 'a' && c <= 'z' && s.n <= PLAIN_MAX && (s.n > 5 || !is_one_of(c, STR("yntfo")));
}

/* Reading it back plain must give the same string. */
static bool stays_string(struct yaml_printer *p, struct str s) {
    const struct scalar plain = {.text = s, .tag = TAG_NONE, .plain = true};
    struct err err = ERR_INIT;
    if (is_no_word(s))
        return true;
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

static void print_string(struct yaml_printer *p, struct str s) {
    yaml_event_t event;
    if (p->lay != NULL) {
        bool plain = !escape_is_command(s) && stays_string(p, s); /* of one line */
        plain ? yaml_lay_plain(p->lay, s) : yaml_lay_quoted(p->lay, s);
        return;
    }
    yaml_scalar_style_t style = has_command(s)       ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
                                : has_lines(s)       ? YAML_LITERAL_SCALAR_STYLE
                                : stays_string(p, s) ? YAML_PLAIN_SCALAR_STYLE
                                                     : YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    /* The emitter changes a style that cannot represent the bytes. */
    int made = yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)s.p,
                                            (int)s.n, 1, 1, style);
    emit_event(p, made, &event);
}

static void print_plain_scalar(struct yaml_printer *p, struct str s) {
    yaml_event_t event;
    if (p->lay != NULL) {
        yaml_lay_plain(p->lay, s);
        return;
    }
    int made = yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)s.p,
                                            (int)s.n, 1, 1, YAML_PLAIN_SCALAR_STYLE);
    emit_event(p, made, &event);
}

static void print_node(struct yaml_printer *p, const struct json *j, json_at at);

static void print_container(struct yaml_printer *p, const struct json *j, json_at at) {
    bool object = json_is(j, at, JSON_OBJECT);
    yaml_printer_begin(p, object, j->nodes[at].len == 0);
    for (json_at i = json_first(j, at); i != JSON_NONE && p->err.code == EC_OK;
         i = json_next(j, at, i)) {
        if (object)
            print_string(p, json_str(j, i++));
        print_node(p, j, i);
    }
    yaml_printer_end(p, object);
}

/* Depth is bounded by the limits with which the nodes were read. */
static void print_node(struct yaml_printer *p, const struct json *j, json_at at) {
    switch (json_type_of(j, at)) {
    case JSON_NULL:
        print_plain_scalar(p, STR("null"));
        return;
    case JSON_TRUE:
        print_plain_scalar(p, STR("true"));
        return;
    case JSON_FALSE:
        print_plain_scalar(p, STR("false"));
        return;
    case JSON_NUMBER:
        print_plain_scalar(p, json_str(j, at));
        return;
    case JSON_STRING:
        print_string(p, json_str(j, at));
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        print_container(p, j, at);
        return;
    }
}

/* ---- what strings need --------------------------------------------------------------- */

/* To libyaml, bidirectional marks are printable. With one in the text, all that is not ASCII is
 * escaped. */
void yaml_print_look_at(enum yaml_print_strings *strings, struct str s) {
    if (*strings == YAML_PRINT_EASY && !yaml_lay_is_easy(s))
        *strings = YAML_PRINT_SEEN;
    if (*strings == YAML_PRINT_SEEN && !escape_is_seen(s))
        *strings = YAML_PRINT_ANY;
}

void yaml_print_look_at_key(enum yaml_print_strings *strings, struct str key) {
    if (*strings == YAML_PRINT_EASY && key.n > YAML_LAY_KEY_MAX)
        *strings = YAML_PRINT_SEEN;
    yaml_print_look_at(strings, key);
}

static void look_at_keys(enum yaml_print_strings *strings, const struct json *j, json_at at) {
    for (json_at i = json_first(j, at); i != JSON_NONE; i = json_next(j, at, i + 1))
        yaml_print_look_at_key(strings, json_str(j, i));
}

void yaml_print_look(enum yaml_print_strings *strings, const struct json *j, json_at at) {
    for (json_at i = at; i < j->nodes[at].next && *strings != YAML_PRINT_ANY; i++) {
        if (json_is(j, i, JSON_STRING))
            yaml_print_look_at(strings, json_str(j, i));
        else if (json_is(j, i, JSON_OBJECT))
            look_at_keys(strings, j, i);
    }
}

/* ---- piece by piece ------------------------------------------------------------------ */

static bool open_lay(struct yaml_printer *p) {
    p->lay = mem_alloc(sizeof *p->lay);
    if (p->lay == NULL)
        return false;
    p->lay->out = p->out;
    p->lay->after = LAY_START;
    p->lay->depth = 0;
    return true;
}

static bool open_emitter(struct yaml_printer *p, bool seen) {
    yaml_event_t event;
    if (!yaml_emitter_initialize(&p->emitter))
        return false;
    yaml_emitter_set_output(&p->emitter, write_text, p->out);
    yaml_emitter_set_unicode(&p->emitter, seen);
    yaml_emitter_set_width(&p->emitter, WIDTH_NONE);
    emit_event(p, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event);
    emit_event(p, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1), &event);
    return true;
}

enum ec yaml_printer_open(struct yaml_printer **out, struct buf *text,
                          enum yaml_print_strings strings, struct err *err) {
    struct yaml_printer *p = mem_zalloc(sizeof *p);
    if (p == NULL) {
        err_set(err, EC_NOMEM, "out of memory");
        return EC_NOMEM;
    }
    p->out = text;
    p->probe = (struct buf)BUF_INIT(1 << 20);
    p->err = (struct err)ERR_INIT;
    bool ok =
        strings == YAML_PRINT_EASY ? open_lay(p) : open_emitter(p, strings == YAML_PRINT_SEEN);
    if (!ok) {
        mem_free(p);
        err_set(err, EC_NOMEM, "out of memory");
        return EC_NOMEM;
    }
    *out = p;
    return EC_OK;
}

void yaml_printer_begin(struct yaml_printer *p, bool object, bool empty) {
    yaml_event_t event;
    if (p->lay != NULL)
        yaml_lay_begin(p->lay, object, empty);
    else if (object)
        emit_event(p,
                   yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                       empty ? YAML_FLOW_MAPPING_STYLE
                                                             : YAML_BLOCK_MAPPING_STYLE),
                   &event);
    else
        emit_event(p,
                   yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                        empty ? YAML_FLOW_SEQUENCE_STYLE
                                                              : YAML_BLOCK_SEQUENCE_STYLE),
                   &event);
}

void yaml_printer_end(struct yaml_printer *p, bool object) {
    yaml_event_t event;
    if (p->lay != NULL) {
        yaml_lay_end(p->lay);
        return;
    }
    emit_event(p,
               object ? yaml_mapping_end_event_initialize(&event)
                      : yaml_sequence_end_event_initialize(&event),
               &event);
}

void yaml_printer_string(struct yaml_printer *p, struct str s) {
    print_string(p, s);
}

void yaml_printer_node(struct yaml_printer *p, const struct json *j, json_at at) {
    print_node(p, j, at);
}

static void close_lay(struct yaml_printer *p) {
    yaml_lay_close(p->lay);
    if (p->out->bad)
        err_set(&p->err, (enum ec)p->out->bad, "no room for the YAML text");
    mem_free(p->lay);
}

static void close_emitter(struct yaml_printer *p) {
    yaml_event_t event;
    emit_event(p, yaml_document_end_event_initialize(&event, 1), &event);
    emit_event(p, yaml_stream_end_event_initialize(&event), &event);
    yaml_emitter_delete(&p->emitter);
}

enum ec yaml_printer_close(struct yaml_printer *p, struct err *err) {
    p->lay != NULL ? close_lay(p) : close_emitter(p);
    if (p->err.code != EC_OK && err->code == EC_OK)
        *err = p->err;
    buf_done(&p->probe);
    mem_free(p);
    return err->code;
}

enum ec yaml_print(const struct json *j, json_at at, struct buf *out, struct err *err) {
    struct yaml_printer *p = NULL;
    enum yaml_print_strings strings = YAML_PRINT_EASY;
    yaml_print_look(&strings, j, at);
    if (yaml_printer_open(&p, out, strings, err) != EC_OK)
        return err->code;
    yaml_printer_node(p, j, at);
    return yaml_printer_close(p, err);
}
