/* Events in, JSON and positions out, in one pass and without recursion. The state of a frame
 * says what the next event in it is:
 *
 *   mapping          KEY -> VALUE -> KEY ...      "<<" as a key: KEY -> MERGE -> KEY
 *   list             ITEM ...
 *   list behind <<   MERGE_ITEM ...
 *
 * A mapping behind "<<" (MERGE, MERGE_ITEM) is transparent: its members go into the object that
 * is open, without braces. Which member wins does not matter: an overlap leaves the object with
 * a key twice, which the JSON reader refuses (yaml.c). */
#include "yaml/anchors.h"

#include "base/mem.h"

#include <yaml.h>

enum state { ROOT, KEY, VALUE, ITEM, MERGE, MERGE_ITEM };

#define NO_ANCHOR UINT32_MAX

struct frame {
    enum state state;
    char closer;     /* '}' or ']', '\0' when transparent */
    bool flow;       /* written with brackets */
    uint32_t anchor; /* number of the definition that ends with this frame, or NO_ANCHOR */
    size_t steps;    /* counted before it began */
};

struct emitter {
    struct str text; /* up to the end of the document's bytes */
    struct source source;
    bool again; /* now that more quotes are known */
    struct place place;
    const struct yaml_limits *limits;
    struct emitted *out;
    struct frame *frames;
    uint32_t depth; /* frames in use */
    uint32_t flow;  /* brackets we are in */
    struct anchors anchors;
    size_t steps, alias_steps; /* of go-yaml's decoder, for its rule on aliases */
};

/* --- output --- */

static enum ec add_node(struct emitter *e, struct yaml_pos pos, struct err *err) {
    struct positions *to = e->out->pos;
    if (positions_room(to, 1, e->limits->max_nodes, err) != EC_OK)
        return place_err(err, pos);
    to->p[to->n++] = pos;
    return EC_OK;
}

/* The comma between members or elements: none behind an opening bracket or a key. */
static void separate(struct buf *json) {
    if (json->n > 0 && memchr("{[:", json->p[json->n - 1], 3) == NULL)
        buf_putc(json, ',');
}

static enum ec check_json(const struct emitter *e, struct yaml_pos pos, struct err *err) {
    const struct buf *json = e->out->json;
    if (json->bad == 0)
        return EC_OK;
    if (json->bad == EC_LIMIT)
        err_set(err, EC_LIMIT, "more than %zu bytes of JSON in one document", json->max);
    else
        err_set(err, EC_NOMEM, "no memory for a document");
    return place_err(err, pos);
}

/* Copies a part of what was written to its end. */
static enum ec copy_again(struct emitter *e, const struct anchor *a, struct err *err) {
    struct buf *json = e->out->json;
    struct positions *pos = e->out->pos;
    size_t from = a->from, n_nodes = a->after - a->first;
    /* Behind another member a transparent mapping begins with the comma between them. */
    if (from < a->to && json->p[from] == ',')
        from++;
    if (positions_room(pos, n_nodes, e->limits->max_nodes, err) != EC_OK)
        return place_err(err, a->pos);
    char *to = buf_room(json, a->to - from);
    if (to == NULL)
        return check_json(e, a->pos, err);
    if (n_nodes > 0)
        memcpy(pos->p + pos->n, pos->p + a->first, n_nodes * sizeof *pos->p);
    memcpy(to, json->p + from, a->to - from);
    pos->n += (uint32_t)n_nodes;
    json->n += a->to - from;
    return EC_OK;
}

/* --- go-yaml's rule on aliases --- */

static enum ec count_steps(struct emitter *e, size_t own, size_t of_alias, struct yaml_pos pos,
                           struct err *err) {
    e->steps += own + of_alias;
    e->alias_steps += of_alias;
    if (!anchors_are_too_much(e->steps, e->alias_steps))
        return EC_OK;
    err_set(err, EC_LIMIT, "nearly all of the document comes from aliases");
    return place_err(err, pos);
}

/* --- frames --- */

static enum state state_of(const struct emitter *e) {
    return e->depth == 0 ? ROOT : e->frames[e->depth - 1].state;
}

/* A value begins: behind it the mapping wants its next key. */
static void take_value(struct emitter *e) {
    if (state_of(e) == VALUE || state_of(e) == MERGE)
        e->frames[e->depth - 1].state = KEY;
}

static enum ec push(struct emitter *e, enum state state, char closer, struct yaml_pos pos,
                    struct err *err) {
    if (e->depth >= e->limits->max_depth) {
        err_set(err, EC_LIMIT, "more than %u levels of nesting", e->limits->max_depth);
        return place_err(err, pos);
    }
    e->frames[e->depth++] = (struct frame){
        .state = state, .closer = closer, .anchor = NO_ANCHOR, .steps = e->steps};
    return EC_OK;
}

/* The frame just pushed is written with brackets. */
static void set_flow(struct emitter *e, bool flow) {
    e->frames[e->depth - 1].flow = flow;
    e->flow += flow;
}

/* --- anchors --- */

static struct str str_of_yaml(const yaml_char_t *z) {
    return str_of((const char *)z);
}

static enum ec define(struct emitter *e, const yaml_char_t *name, struct yaml_pos pos,
                      enum anchor_kind kind, struct anchor **out, struct err *err) {
    if (anchors_define(&e->anchors, str_of_yaml(name), out, err) != EC_OK)
        return place_err(err, pos);
    (*out)->kind = kind;
    (*out)->pos = pos;
    return EC_OK;
}

static enum ec define_scalar(struct emitter *e, const yaml_char_t *name,
                             const struct scalar *scalar, struct yaml_pos pos,
                             struct err *err) {
    struct anchor *a;
    if (name == NULL)
        return EC_OK;
    if (define(e, name, pos, ANCHOR_SCALAR, &a, err) != EC_OK)
        return err->code;
    a->scalar = *scalar;
    a->steps = 1;
    if (!arena_str(&e->anchors.names, scalar->text, &a->scalar.text)) {
        arena_fail(&e->anchors.names, err);
        return place_err(err, pos);
    }
    return EC_OK;
}

/* The frame just pushed is what the anchor stands for. */
static enum ec define_container(struct emitter *e, const yaml_char_t *name,
                                enum anchor_kind kind, struct yaml_pos pos, struct err *err) {
    struct anchor *a;
    if (name == NULL)
        return EC_OK;
    if (define(e, name, pos, kind, &a, err) != EC_OK)
        return err->code;
    a->open = true;
    a->from = e->out->json->n;
    a->first = e->out->pos->n;
    e->frames[e->depth - 1].anchor = e->anchors.n - 1;
    return EC_OK;
}

static void close_anchor(struct emitter *e, const struct frame *frame) {
    if (frame->anchor == NO_ANCHOR)
        return;
    struct anchor *a = &e->anchors.defined[frame->anchor];
    a->open = false;
    a->to = e->out->json->n;
    a->after = e->out->pos->n;
    a->steps = e->steps - frame->steps;
}

/* --- positions of events --- */

/* libyaml starts a node at its anchor or tag; a person looks for the value behind them. */
static struct place behind_properties(const struct emitter *e, const yaml_event_t *event) {
    struct place end = e->place;
    place_to_index(&end, e->text, event->end_mark.index);
    size_t at = e->place.off;
    while (at < end.off && (e->text.p[at] == '&' || e->text.p[at] == '!'))
        source_skip_word(e->text, &at);
    struct place value = e->place;
    if (at <= end.off && at < e->text.n)
        place_to_offset(&value, e->text, at);
    return value;
}

static struct yaml_pos pos_of(struct emitter *e, const yaml_event_t *event,
                              bool has_properties) {
    place_to_index(&e->place, e->text, event->start_mark.index);
    struct place value = has_properties ? behind_properties(e, event) : e->place;
    return place_pos(&value);
}

/* --- scalars --- */

/* Between brackets any '?' begins a key in go-yaml; in libyaml it may be part of a word. */
static enum ec check_question(const struct emitter *e, const yaml_event_t *event,
                              struct err *err) {
    const char *text = (const char *)event->data.scalar.value;
    if (e->flow == 0 || event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
        event->data.scalar.length == 0 || memchr(text, '?', event->data.scalar.length) == NULL)
        return EC_OK;
    err_set(err, EC_SYNTAX, "'?' in a value between brackets, which has to be quoted then");
    return place_err(err, place_pos(&e->place));
}

/* go-yaml does not know the escape \/ , which libyaml has learnt from JSON; and the reverse. */
static enum ec check_escapes(const struct emitter *e, const yaml_event_t *event,
                             struct err *err) {
    if (event->data.scalar.style != YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        return EC_OK;
    struct place at = behind_properties(e, event), end = at;
    place_to_index(&end, e->text, event->end_mark.index);
    struct str source = str_slice(e->text, at.off, end.off);
    if (e->source.quotes->n > 0)
        quotes_restore(source, (char *)event->data.scalar.value, event->data.scalar.length);
    size_t slash;
    if (!dialect_find_slash(source, &slash))
        return EC_OK;
    place_to_offset(&at, e->text, at.off + slash);
    err_set(err, EC_SYNTAX, "found unknown escape character '/' (YAML has no \\/)");
    return place_err(err, place_pos(&at));
}

static enum ec emit_value(struct emitter *e, const struct scalar *s, struct yaml_pos pos,
                          struct err *err) {
    take_value(e);
    separate(e->out->json);
    if (add_node(e, pos, err) != EC_OK)
        return err->code;
    if (scalar_print(s, e->out->json, err) != EC_OK)
        return place_err(err, pos);
    return check_json(e, pos, err);
}

static enum ec emit_key(struct emitter *e, const struct scalar *s, struct yaml_pos pos,
                        struct err *err) {
    separate(e->out->json);
    if (add_node(e, pos, err) != EC_OK)
        return err->code;
    if (scalar_print_key(s, e->out->json, err) != EC_OK)
        return place_err(err, pos);
    buf_putc(e->out->json, ':');
    e->frames[e->depth - 1].state = VALUE;
    return check_json(e, pos, err);
}

static enum ec bad_merge(struct yaml_pos pos, struct err *err) {
    err_set(err, EC_SCHEMA, "the value of \"<<\" must be a mapping or a list of mappings");
    return place_err(err, pos);
}

static bool is_merge_key(const struct emitter *e, const struct scalar *s) {
    return state_of(e) == KEY && (s->plain || s->tag == TAG_MERGE) &&
           str_eq(s->text, STR("<<"));
}

static enum ec on_scalar(struct emitter *e, const yaml_event_t *event, struct err *err) {
    const struct scalar s = {
        .text = {(const char *)event->data.scalar.value, event->data.scalar.length},
        .tag = scalar_tag_of(str_of_yaml(event->data.scalar.tag)),
        .plain = event->data.scalar.plain_implicit != 0};
    const yaml_char_t *anchor = event->data.scalar.anchor;
    struct yaml_pos pos = pos_of(e, event, anchor != NULL || event->data.scalar.tag != NULL);
    if (check_escapes(e, event, err) != EC_OK || check_question(e, event, err) != EC_OK ||
        define_scalar(e, anchor, &s, pos, err) != EC_OK)
        return err->code;
    if (is_merge_key(e, &s)) {
        e->frames[e->depth - 1].state = MERGE;
        return EC_OK;
    }
    if (state_of(e) == MERGE || state_of(e) == MERGE_ITEM)
        return bad_merge(pos, err);
    if (count_steps(e, 1, 0, pos, err) != EC_OK)
        return err->code;
    return state_of(e) == KEY ? emit_key(e, &s, pos, err) : emit_value(e, &s, pos, err);
}

/* --- containers --- */

static enum ec bad_key(struct yaml_pos pos, const char *what, struct err *err) {
    err_set(err, EC_SCHEMA, "%s as a key, expected a string", what);
    return place_err(err, pos);
}

static enum ec open_container(struct emitter *e, bool map, struct yaml_pos pos,
                              struct err *err) {
    take_value(e);
    separate(e->out->json);
    if (add_node(e, pos, err) != EC_OK)
        return err->code;
    buf_putc(e->out->json, map ? '{' : '[');
    return push(e, map ? KEY : ITEM, map ? '}' : ']', pos, err);
}

static enum ec on_mapping(struct emitter *e, const yaml_event_t *event, struct err *err) {
    const yaml_char_t *anchor = event->data.mapping_start.anchor;
    struct yaml_pos pos =
        pos_of(e, event, anchor != NULL || event->data.mapping_start.tag != NULL);
    enum state state = state_of(e);
    if (state == KEY)
        return bad_key(pos, "a mapping", err);
    if (state == MERGE || state == MERGE_ITEM) {
        take_value(e);
        if (push(e, KEY, '\0', pos, err) != EC_OK)
            return err->code;
    } else if (open_container(e, true, pos, err) != EC_OK) {
        return err->code;
    }
    set_flow(e, event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
    if (count_steps(e, 1, 0, pos, err) != EC_OK)
        return err->code;
    return define_container(e, anchor, ANCHOR_MAP, pos, err);
}

static enum ec on_list(struct emitter *e, const yaml_event_t *event, struct err *err) {
    const yaml_char_t *anchor = event->data.sequence_start.anchor;
    struct yaml_pos pos =
        pos_of(e, event, anchor != NULL || event->data.sequence_start.tag != NULL);
    enum state state = state_of(e);
    if (state == KEY)
        return bad_key(pos, "a list", err);
    if (state == MERGE_ITEM)
        return bad_merge(pos, err);
    if (state == MERGE) {
        take_value(e);
        if (push(e, MERGE_ITEM, '\0', pos, err) != EC_OK)
            return err->code;
    } else if (open_container(e, false, pos, err) != EC_OK ||
               count_steps(e, 1, 0, pos, err) != EC_OK) {
        return err->code;
    }
    set_flow(e, event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
    return define_container(e, anchor, state == MERGE ? ANCHOR_MERGE_LIST : ANCHOR_LIST, pos,
                            err);
}

static enum ec on_end(struct emitter *e, const yaml_event_t *event, struct err *err) {
    const struct frame *frame = &e->frames[--e->depth];
    close_anchor(e, frame);
    e->flow -= frame->flow;
    if (frame->closer == '\0')
        return EC_OK;
    buf_putc(e->out->json, frame->closer);
    return check_json(e, pos_of(e, event, false), err);
}

/* --- aliases --- */

static enum ec find_anchor(struct emitter *e, const yaml_event_t *event, struct yaml_pos pos,
                           const struct anchor **out, struct err *err) {
    struct str name = str_of_yaml(event->data.alias.anchor);
    *out = anchors_find(&e->anchors, name);
    if (*out == NULL)
        err_set(err, EC_SCHEMA, "alias *%.*s, but no anchor &%.*s stands before it",
                STR_ARG(name), STR_ARG(name));
    else if ((*out)->open)
        err_set(err, EC_SCHEMA, "alias *%.*s stands inside its own anchor", STR_ARG(name));
    else if ((*out)->kind == ANCHOR_MERGE_LIST)
        err_set(err, EC_SCHEMA, "alias *%.*s names a list of \"<<\", expected a value",
                STR_ARG(name));
    else
        return EC_OK;
    return place_err(err, pos);
}

static enum ec merge_again(struct emitter *e, const struct anchor *a, struct yaml_pos pos,
                           struct err *err) {
    if (a->kind != ANCHOR_MAP)
        return bad_merge(pos, err);
    take_value(e);
    if (a->from == a->to)
        return EC_OK;
    separate(e->out->json);
    return copy_again(e, a, err);
}

static enum ec container_again(struct emitter *e, const struct anchor *a, struct err *err) {
    bool map = a->kind == ANCHOR_MAP;
    take_value(e);
    separate(e->out->json);
    if (add_node(e, a->pos, err) != EC_OK)
        return err->code;
    buf_putc(e->out->json, map ? '{' : '[');
    if (copy_again(e, a, err) != EC_OK)
        return err->code;
    buf_putc(e->out->json, map ? '}' : ']');
    return check_json(e, a->pos, err);
}

static enum ec on_alias(struct emitter *e, const yaml_event_t *event, struct err *err) {
    const struct anchor *a;
    struct yaml_pos pos = pos_of(e, event, false);
    enum state state = state_of(e);
    if (find_anchor(e, event, pos, &a, err) != EC_OK ||
        count_steps(e, 1, a->steps, pos, err) != EC_OK)
        return err->code;
    e->out->aliases = true;
    if (state == MERGE || state == MERGE_ITEM)
        return merge_again(e, a, pos, err);
    if (state == KEY && a->kind != ANCHOR_SCALAR)
        return bad_key(pos, a->kind == ANCHOR_MAP ? "a mapping" : "a list", err);
    if (a->kind != ANCHOR_SCALAR)
        return container_again(e, a, err);
    return state == KEY ? emit_key(e, &a->scalar, a->pos, err)
                        : emit_value(e, &a->scalar, a->pos, err);
}

/* --- the parser --- */

static int feed(void *data, unsigned char *to, size_t size, size_t *n) {
    *n = source_feed(data, to, size);
    return 1;
}

/* Errors need a second walk: their mark may lie before the last event's. */
static struct place mark_place(const struct emitter *e, const struct place *start,
                               yaml_mark_t mark) {
    struct place at = *start;
    place_to_index(&at, e->text, mark.index);
    return at;
}

/* False where it is another escape, or the text has been read too often. */
static bool learn_quotes(struct emitter *e, const struct place *start, yaml_mark_t mark,
                         struct err *err) {
    const size_t all_bytes = 16u << 20; /* of all readings, about a second */
    struct place at = mark_place(e, start, mark);
    if (!str_starts(str_slice(e->text, at.off, e->text.n), STR("\\'")) ||
        ++e->source.quotes->readings > all_bytes / (e->text.n - start->off))
        return false;
    e->again = quotes_add(e->source.quotes, e->text, at.off, err) == EC_OK;
    return true;
}

static enum ec parser_fail(struct emitter *e, const struct place *start,
                           const yaml_parser_t *parser, struct err *err) {
    const char *problem = parser->problem ? parser->problem : "this is no YAML";
    if (strcmp(problem, "found unknown escape character") == 0 &&
        learn_quotes(e, start, parser->problem_mark, err))
        return err->code;
    struct place at = mark_place(e, start, parser->problem_mark);
    if (parser->error == YAML_MEMORY_ERROR)
        return err_set(err, EC_NOMEM, "no memory to read YAML");
    if (parser->context == NULL || parser->context_mark.line == parser->problem_mark.line)
        err_set(err, EC_SYNTAX, "%s", problem);
    else
        err_set(err, EC_SYNTAX, "%s (%s that begins in line %u)", problem, parser->context,
                mark_place(e, start, parser->context_mark).line);
    return place_err(err, place_pos(&at));
}

static enum ec on_document(struct emitter *e, const yaml_event_t *event, struct err *err) {
    const yaml_version_directive_t *version = event->data.document_start.version_directive;
    struct yaml_pos pos = pos_of(e, event, false);
    if (version != NULL && (version->major != 1 || version->minor != 1)) {
        err_set(err, EC_SYNTAX, "YAML version %d.%d, expected 1.1", version->major,
                version->minor);
        return place_err(err, pos);
    }
    return count_steps(e, 1, 0, pos, err);
}

/* Text behind the document, where kubectl stops reading. */
static void note_ignored(struct emitter *e, const yaml_event_t *event) {
    place_to_index(&e->place, e->text, event->end_mark.index);
    size_t at = e->place.off;
    source_skip_gap(e->text, &at);
    if (at >= e->text.n)
        return;
    place_to_offset(&e->place, e->text, at);
    e->out->ignored = e->place;
}

static const yaml_char_t *tag_of(const yaml_event_t *event) {
    if (event->type == YAML_SCALAR_EVENT)
        return event->data.scalar.tag;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return event->data.sequence_start.tag;
    return event->type == YAML_MAPPING_START_EVENT ? event->data.mapping_start.tag : NULL;
}

/* What libyaml takes for the end of a tag can be part of it in go-yaml. */
static enum ec check_tag(struct emitter *e, const yaml_event_t *event, struct err *err) {
    if (tag_of(event) == NULL)
        return EC_OK;
    place_to_index(&e->place, e->text, event->start_mark.index);
    size_t at = e->place.off;
    if (!dialect_find_in_tag(e->text, &at))
        return EC_OK;
    place_to_offset(&e->place, e->text, at);
    err_set(err, EC_SYNTAX, "'%c' in or right behind a tag, expected a blank", e->text.p[at]);
    return place_err(err, place_pos(&e->place));
}

static enum ec on_event(struct emitter *e, const yaml_event_t *event, struct err *err) {
    if (check_tag(e, event, err) != EC_OK)
        return err->code;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(e, event, err);
    case YAML_SCALAR_EVENT:
        return on_scalar(e, event, err);
    case YAML_ALIAS_EVENT:
        return on_alias(e, event, err);
    case YAML_SEQUENCE_START_EVENT:
        return on_list(e, event, err);
    case YAML_MAPPING_START_EVENT:
        return on_mapping(e, event, err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_end(e, event, err);
    case YAML_DOCUMENT_END_EVENT:
        note_ignored(e, event);
        return EC_OK;
    default:
        return EC_OK;
    }
}

static enum ec run(struct emitter *e, yaml_parser_t *parser, struct err *err) {
    const struct place start = e->place;
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return parser_fail(e, &start, parser, err);
        enum ec ec = on_event(e, &event, err);
        more = event.type != YAML_DOCUMENT_END_EVENT && event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (ec != EC_OK)
            return ec;
    }
    return EC_OK;
}

static enum ec emit(struct emitter *e, struct err *err) {
    yaml_parser_t parser;
    e->frames = mem_alloc(mem_array_bytes(e->limits->max_depth + 1u, sizeof *e->frames));
    if (e->frames == NULL || !yaml_parser_initialize(&parser))
        return err_set(err, EC_NOMEM, "no memory to read YAML");
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input(&parser, feed, &e->source);
    enum ec ec = run(e, &parser, err);
    yaml_parser_delete(&parser);
    return ec;
}

/* *again: what was written is to be thrown away, and the text read once more. */
static enum ec emit_once(struct emitted *out, struct str text, struct place start,
                         const struct yaml_limits *limits, struct quotes *quotes, bool *again,
                         struct err *err) {
    struct emitter e = {.text = text,
                        .source = {.text = text, .at = start.off, .quotes = quotes},
                        .place = start,
                        .limits = limits,
                        .out = out};
    e.place.index = 0;
    anchors_init(&e.anchors, limits->max_bytes);
    enum ec ec = emit(&e, err);
    anchors_done(&e.anchors);
    mem_free(e.frames);
    *again = e.again;
    return ec;
}

enum ec emit_document(struct emitted *out, struct str text, const struct place *start,
                      size_t end, const struct yaml_limits *limits, struct err *err) {
    const size_t json = out->json->n;
    const uint32_t positions = out->pos->n;
    struct str bytes = str_slice(text, 0, end);
    struct quotes quotes = {.n = 0};
    enum ec ec = source_check(bytes, start, err);
    for (bool again = ec == EC_OK; again;) {
        out->json->n = json;
        out->pos->n = positions;
        ec = emit_once(out, bytes, *start, limits, &quotes, &again, err);
    }
    quotes_done(&quotes);
    return ec;
}
