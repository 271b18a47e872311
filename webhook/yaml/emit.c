/* Events in, JSON and locations out, in one pass and without recursion. The state of a frame
 * determines the meaning of its next event (emitter.h). */
#include "yaml/emitter.h"

#include "base/mem.h"

/* --- output --- */

static enum ec add_location(struct emitter *e, struct yaml_location pos, uint32_t source,
                            struct yaml_location alias, struct err *err) {
    if (yaml_locations_room(e->out->locations, 1, e->limits->max_nodes, err) != EC_OK)
        return yaml_err_at(err, pos);
    yaml_locations_add(e->out->locations, pos, source, alias);
    return EC_OK;
}

/* The comma between members or elements: none after an opening bracket or a key. */
void yaml_emit_separate(struct buf *json) {
    if (json->n > 0 && memchr("{[:", json->p[json->n - 1], 3) == NULL)
        buf_putc(json, ',');
}

enum ec yaml_emit_check_json(const struct emitter *e, struct yaml_location pos,
                             struct err *err) {
    const struct buf *json = e->out->json;
    if (json->bad == 0)
        return EC_OK;
    if (json->bad == EC_LIMIT)
        err_set(err, EC_LIMIT, "more than %zu bytes of JSON in one document", json->max);
    else
        err_set(err, EC_NOMEM, "no memory for a document");
    return yaml_err_at(err, pos);
}

/* --- go-yaml's rule on aliases --- */

enum ec yaml_emit_count(struct emitter *e, size_t own, size_t of_alias,
                        struct yaml_location pos, struct err *err) {
    e->steps += own + of_alias;
    e->alias_steps += of_alias;
    if (!yaml_anchors_are_too_much(e->steps, e->alias_steps))
        return EC_OK;
    err_set(err, EC_LIMIT, "nearly all of the document comes from aliases");
    return yaml_err_at(err, pos);
}

/* --- frames --- */

/* A value begins; the mapping expects a key next. */
void yaml_emit_take_value(struct emitter *e) {
    if (emitter_state(e) == VALUE || emitter_state(e) == MERGE)
        e->frames[e->depth - 1].state = KEY;
}

static enum ec push_state(struct emitter *e, enum emit_state state, char closer,
                          struct yaml_location pos, struct err *err) {
    if (e->depth >= e->limits->max_depth) {
        err_set(err, EC_LIMIT, "more than %u levels of nesting", e->limits->max_depth);
        return yaml_err_at(err, pos);
    }
    e->frames[e->depth++] = (struct frame){
        .state = state,
        .closer = closer,
        .anchor = NO_ANCHOR,
        .steps = e->steps,
        .from = (uint32_t)e->out->json->n,
        .first_member = e->members.n,
        .run_from = e->members.n,
        .id = closer == '\0' ? ORIGIN_GONE : yaml_locations_next_id(e->out->locations) - 1};
    e->transparent += closer == '\0';
    return EC_OK;
}

/* The frame just pushed is written with brackets. */
static void set_flow(struct emitter *e, bool flow) {
    e->frames[e->depth - 1].flow = flow;
    e->flow += flow;
}

/* --- positions of events --- */

/* libyaml starts a node at its anchor or tag; a person looks for the value after them. */
static struct yaml_cursor behind_properties(const struct emitter *e,
                                            const yaml_event_t *event) {
    struct yaml_cursor end = e->cursor;
    yaml_cursor_to_index(&end, e->text, event->end_mark.index);
    size_t at = e->cursor.off;
    while (at < end.off && (e->text.p[at] == '&' || e->text.p[at] == '!'))
        yaml_source_skip_word(e->text, &at);
    struct yaml_cursor value = e->cursor;
    if (at <= end.off && at < e->text.n)
        yaml_cursor_to_offset(&value, e->text, at);
    return value;
}

static struct yaml_location event_location(struct emitter *e, const yaml_event_t *event,
                                           bool has_properties) {
    yaml_cursor_to_index(&e->cursor, e->text, event->start_mark.index);
    struct yaml_cursor value = has_properties ? behind_properties(e, event) : e->cursor;
    return yaml_cursor_location(&value);
}

/* Only within a "<<": ends are not used elsewhere. */
static void note_end(struct emitter *e, const yaml_event_t *event) {
    if (!yaml_expand_is_merging(e))
        return;
    struct yaml_cursor end = e->cursor;
    yaml_cursor_to_index(&end, e->text, event->end_mark.index);
    e->end = yaml_cursor_location(&end);
}

/* --- scalars --- */

/* Between brackets any '?' begins a key in go-yaml; in libyaml it may be part of a word. */
static enum ec check_question(const struct emitter *e, const yaml_event_t *event,
                              struct err *err) {
    const char *text = (const char *)event->data.scalar.value;
    if (e->flow == 0 || event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
        event->data.scalar.length == 0 || memchr(text, '?', event->data.scalar.length) == NULL)
        return EC_OK;
    err_set(err, EC_SYNTAX,
            "'?' in a plain value between brackets, expected the value in quotes");
    return yaml_err_at(err, yaml_cursor_location(&e->cursor));
}

/* go-yaml has no escape \/ , which libyaml accepts as JSON does; and the reverse. */
static enum ec check_escapes(const struct emitter *e, const yaml_event_t *event,
                             struct err *err) {
    if (event->data.scalar.style != YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        return EC_OK;
    struct yaml_cursor at = behind_properties(e, event), end = at;
    yaml_cursor_to_index(&end, e->text, event->end_mark.index);
    struct str source = str_slice(e->text, at.off, end.off);
    if (e->source.quotes->n > 0)
        yaml_quotes_restore(source, (char *)event->data.scalar.value,
                            event->data.scalar.length);
    size_t slash;
    if (!yaml_dialect_find_slash(source, &slash))
        return EC_OK;
    yaml_cursor_to_offset(&at, e->text, at.off + slash);
    err_set(err, EC_SYNTAX, "found unknown escape character '/' (YAML has no \\/)");
    return yaml_err_at(err, yaml_cursor_location(&at));
}

enum ec yaml_emit_put_value(struct emitter *e, const struct scalar *s, struct yaml_location pos,
                            uint32_t source, struct yaml_location alias, struct err *err) {
    yaml_emit_take_value(e);
    yaml_emit_separate(e->out->json);
    if (add_location(e, pos, source, alias, err) != EC_OK)
        return err->code;
    if (yaml_scalar_print(s, e->out->json, err) != EC_OK)
        return yaml_err_at(err, pos);
    return yaml_emit_check_json(e, pos, err);
}

enum ec yaml_emit_put_key(struct emitter *e, const struct scalar *s, struct yaml_location pos,
                          uint32_t source, struct yaml_location alias, struct err *err) {
    struct buf *json = e->out->json;
    struct member one = {.node = e->out->locations->n, .own = true};
    yaml_emit_separate(json);
    one.at = (uint32_t)json->n;
    if (add_location(e, pos, source, alias, err) != EC_OK)
        return err->code;
    if (yaml_scalar_print_key(s, json, &one.kind, err) != EC_OK)
        return yaml_err_at(err, pos);
    one.len = (uint32_t)json->n - one.at;
    buf_putc(json, ':');
    e->frames[e->depth - 1].state = VALUE;
    if (yaml_members_add(&e->members, one, err) != EC_OK)
        return err->code;
    return yaml_emit_check_json(e, pos, err);
}

enum ec yaml_emit_bad_merge(struct yaml_location pos, struct err *err) {
    err_set(err, EC_SCHEMA, "the value of \"<<\" must be a mapping or a list of mappings");
    return yaml_err_at(err, pos);
}

static bool is_merge_key(const struct emitter *e, const struct scalar *s) {
    return emitter_state(e) == KEY && (s->plain || s->tag == TAG_MERGE) &&
           str_eq(s->text, STR("<<"));
}

static enum ec on_scalar(struct emitter *e, const yaml_event_t *event, struct err *err) {
    const struct scalar s = {
        .text = {(const char *)event->data.scalar.value, event->data.scalar.length},
        .tag = yaml_scalar_tag_of(emitter_str(event->data.scalar.tag)),
        .plain = event->data.scalar.plain_implicit != 0};
    const yaml_char_t *anchor = event->data.scalar.anchor;
    struct yaml_location pos =
        event_location(e, event, anchor != NULL || event->data.scalar.tag != NULL);
    if (check_escapes(e, event, err) != EC_OK || check_question(e, event, err) != EC_OK ||
        yaml_expand_define_scalar(e, anchor, &s, pos, err) != EC_OK)
        return err->code;
    note_end(e, event);
    if (is_merge_key(e, &s))
        return yaml_expand_begin_merge(e, pos, err);
    if (emitter_state(e) == MERGE || emitter_state(e) == MERGE_ITEM)
        return yaml_emit_bad_merge(pos, err);
    if (yaml_emit_count(e, 1, 0, pos, err) != EC_OK)
        return err->code;
    return emitter_state(e) == KEY ? yaml_emit_put_key(e, &s, pos, ORIGIN_NONE, pos, err)
                                   : yaml_emit_put_value(e, &s, pos, ORIGIN_NONE, pos, err);
}

/* --- containers --- */

enum ec yaml_emit_bad_key(struct yaml_location pos, const char *what, struct err *err) {
    err_set(err, EC_SCHEMA, "%s as a key, expected a string", what);
    return yaml_err_at(err, pos);
}

static enum ec open_container(struct emitter *e, bool map, struct yaml_location pos,
                              struct err *err) {
    yaml_emit_take_value(e);
    yaml_emit_separate(e->out->json);
    if (add_location(e, pos, ORIGIN_NONE, pos, err) != EC_OK)
        return err->code;
    buf_putc(e->out->json, map ? '{' : '[');
    return push_state(e, map ? KEY : ITEM, map ? '}' : ']', pos, err);
}

static enum ec on_mapping(struct emitter *e, const yaml_event_t *event, struct err *err) {
    const yaml_char_t *anchor = event->data.mapping_start.anchor;
    struct yaml_location pos =
        event_location(e, event, anchor != NULL || event->data.mapping_start.tag != NULL);
    enum emit_state state = emitter_state(e);
    if (state == KEY)
        return yaml_emit_bad_key(pos, "a mapping", err);
    if (state == MERGE || state == MERGE_ITEM) {
        yaml_emit_take_value(e);
        if (push_state(e, KEY, '\0', pos, err) != EC_OK)
            return err->code;
    } else if (open_container(e, true, pos, err) != EC_OK) {
        return err->code;
    }
    set_flow(e, event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
    if (yaml_emit_count(e, 1, 0, pos, err) != EC_OK)
        return err->code;
    return yaml_expand_define_container(e, anchor, ANCHOR_MAP, pos, err);
}

static enum ec on_list(struct emitter *e, const yaml_event_t *event, struct err *err) {
    const yaml_char_t *anchor = event->data.sequence_start.anchor;
    struct yaml_location pos =
        event_location(e, event, anchor != NULL || event->data.sequence_start.tag != NULL);
    enum emit_state state = emitter_state(e);
    if (state == KEY)
        return yaml_emit_bad_key(pos, "a list", err);
    if (state == MERGE_ITEM)
        return yaml_emit_bad_merge(pos, err);
    if (state == MERGE) {
        yaml_emit_take_value(e);
        if (push_state(e, MERGE_ITEM, '\0', pos, err) != EC_OK)
            return err->code;
    } else if (open_container(e, false, pos, err) != EC_OK ||
               yaml_emit_count(e, 1, 0, pos, err) != EC_OK) {
        return err->code;
    }
    set_flow(e, event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
    return yaml_expand_define_container(
        e, anchor, state == MERGE ? ANCHOR_MERGE_LIST : ANCHOR_LIST, pos, err);
}

static enum ec on_end(struct emitter *e, const yaml_event_t *event, struct err *err) {
    const struct frame frame = e->frames[e->depth - 1];
    if (frame.flow)
        note_end(e, event);
    if (yaml_expand_end(e, err) != EC_OK)
        return err->code;
    e->depth--;
    e->flow -= frame.flow;
    if (frame.closer == '\0') {
        yaml_expand_end_merge(e);
        return EC_OK;
    }
    buf_putc(e->out->json, frame.closer);
    return yaml_emit_check_json(e, event_location(e, event, false), err);
}

static enum ec on_alias(struct emitter *e, const yaml_event_t *event, struct err *err) {
    struct yaml_location pos = event_location(e, event, false);
    note_end(e, event);
    return yaml_expand_alias(e, emitter_str(event->data.alias.anchor), pos, err);
}

/* --- the parser --- */

static int feed(void *data, unsigned char *to, size_t size, size_t *n) {
    *n = yaml_feed_bytes(data, to, size);
    return 1;
}

/* Errors need a second walk: their mark may lie before the last event's. */
static struct yaml_cursor cursor_at_mark(const struct emitter *e,
                                         const struct yaml_cursor *start, yaml_mark_t mark) {
    struct yaml_cursor at = *start;
    yaml_cursor_to_index(&at, e->text, mark.index);
    return at;
}

/* False where it is another escape, or the text has been read too often. */
static bool learn_quotes(struct emitter *e, const struct yaml_cursor *start, yaml_mark_t mark,
                         struct err *err) {
    const size_t all_bytes = 16u << 20; /* of all readings, about a second */
    struct yaml_cursor at = cursor_at_mark(e, start, mark);
    if (!str_starts(str_slice(e->text, at.off, e->text.n), STR("\\'")) ||
        ++e->source.quotes->readings > all_bytes / (e->text.n - start->off))
        return false;
    e->again = yaml_quotes_add(e->source.quotes, e->text, at.off, err) == EC_OK;
    return true;
}

static enum ec parser_fail(struct emitter *e, const struct yaml_cursor *start,
                           const yaml_parser_t *parser, struct err *err) {
    const char *problem = parser->problem ? parser->problem : "not valid YAML";
    if (strcmp(problem, "found unknown escape character") == 0 &&
        learn_quotes(e, start, parser->problem_mark, err))
        return err->code;
    struct yaml_cursor at = cursor_at_mark(e, start, parser->problem_mark);
    if (parser->error == YAML_MEMORY_ERROR)
        return err_set(err, EC_NOMEM, "no memory to read YAML");
    if (parser->context == NULL || parser->context_mark.line == parser->problem_mark.line)
        err_set(err, EC_SYNTAX, "%s", problem);
    else
        err_set(err, EC_SYNTAX, "%s (%s that begins on line %u)", problem, parser->context,
                cursor_at_mark(e, start, parser->context_mark).line);
    return yaml_err_at(err, yaml_cursor_location(&at));
}

static enum ec on_document(struct emitter *e, const yaml_event_t *event, struct err *err) {
    const yaml_version_directive_t *version = event->data.document_start.version_directive;
    struct yaml_location pos = event_location(e, event, false);
    if (version != NULL && (version->major != 1 || version->minor != 1)) {
        err_set(err, EC_SYNTAX, "YAML version %d.%d, expected 1.1", version->major,
                version->minor);
        return yaml_err_at(err, pos);
    }
    return yaml_emit_count(e, 1, 0, pos, err);
}

/* Text after the document, where kubectl stops reading. */
static void note_ignored(struct emitter *e, const yaml_event_t *event) {
    yaml_cursor_to_index(&e->cursor, e->text, event->end_mark.index);
    size_t at = e->cursor.off;
    yaml_source_skip_gap(e->text, &at);
    if (at >= e->text.n)
        return;
    yaml_cursor_to_offset(&e->cursor, e->text, at);
    e->out->ignored = e->cursor;
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
    yaml_cursor_to_index(&e->cursor, e->text, event->start_mark.index);
    size_t at = e->cursor.off;
    if (!yaml_dialect_find_in_tag(e->text, &at))
        return EC_OK;
    yaml_cursor_to_offset(&e->cursor, e->text, at);
    err_set(err, EC_SYNTAX, "'%c' in or directly after a tag, expected a blank", e->text.p[at]);
    return yaml_err_at(err, yaml_cursor_location(&e->cursor));
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

static enum ec run_parser(struct emitter *e, yaml_parser_t *parser, struct err *err) {
    const struct yaml_cursor start = e->cursor;
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
    enum ec ec = run_parser(e, &parser, err);
    yaml_parser_delete(&parser);
    return ec;
}

/* *again: the output has to be discarded, and the text read again. */
static enum ec emit_once(struct emitted *out, struct str text, struct yaml_cursor start,
                         const struct yaml_limits *limits, struct quotes *quotes, bool *again,
                         struct err *err) {
    struct emitter e = {.text = text,
                        .source = {.text = text, .at = start.off, .quotes = quotes},
                        .cursor = start,
                        .limits = limits,
                        .out = out};
    e.cursor.index = 0;
    yaml_anchors_init(&e.anchors, limits->max_bytes);
    enum ec ec = emit(&e, err);
    yaml_anchors_done(&e.anchors);
    mem_free(e.members.v);
    mem_free(e.frames);
    *again = e.again;
    return ec;
}

enum ec yaml_emit_document(struct emitted *out, struct str text,
                           const struct yaml_cursor *start, size_t end,
                           const struct yaml_limits *limits, struct err *err) {
    const size_t json = out->json->n;
    const uint32_t first = out->locations->n;
    struct str bytes = str_slice(text, 0, end);
    struct quotes quotes = {.n = 0};
    enum ec ec = yaml_source_check(bytes, start, err);
    for (bool again = ec == EC_OK; again;) {
        out->json->n = json;
        yaml_locations_reset(out->locations);
        out->locations->n = first;
        out->merges->n = out->merges->n_lost = 0;
        ec = emit_once(out, bytes, *start, limits, &quotes, &again, err);
    }
    yaml_quotes_done(&quotes);
    return ec;
}
