/* emitter - the state of emit.c and expand.c (anchors, aliases and "<<").
 *
 *   mapping          KEY -> VALUE -> KEY ...      "<<" as a key: KEY -> MERGE -> KEY
 *   list             ITEM ...
 *   list after <<    MERGE_ITEM ...
 *
 * A mapping after "<<" (MERGE, MERGE_ITEM) is transparent: its members go into the open object,
 * without braces. Which of them count is decided when the mapping ends (members.h).
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_YAML_EMITTER_H
#define PULLGATE_YAML_EMITTER_H

#include "yaml/members.h"

#include <yaml.h>

enum emit_state { ROOT, KEY, VALUE, ITEM, MERGE, MERGE_ITEM };

#define NO_ANCHOR UINT32_MAX

struct frame {
    enum emit_state state;
    char closer;     /* '}' or ']', '\0' when transparent */
    bool flow;       /* written with brackets */
    bool merges;     /* has a "<<" */
    uint32_t anchor; /* number of the definition that ends with this frame, or NO_ANCHOR */
    size_t steps;    /* counted before it began */
    uint32_t from;   /* its JSON begins here, and its members */
    uint32_t first_member;
    uint32_t id;                     /* of its node */
    uint32_t run, run_from;          /* of a list after "<<": items, members before the item */
    struct yaml_location merge, end; /* the last "<<", and the end of its value */
};

struct emitter {
    struct str text; /* up to the end of the document's bytes */
    struct yaml_feed source;
    bool again; /* the text has to be read again: more quotes are known */
    struct yaml_cursor cursor;
    const struct yaml_limits *limits;
    struct emitted *out;
    struct frame *frames;
    uint32_t depth;           /* frames in use */
    uint32_t flow;            /* depth of brackets */
    uint32_t transparent;     /* transparent frames */
    struct yaml_location end; /* of the last scalar, alias or container within a "<<" */
    struct anchors anchors;
    struct members members;
    size_t steps, alias_steps; /* of go-yaml's decoder, for its rule on aliases */
};

static inline enum emit_state emitter_state(const struct emitter *e) {
    return e->depth == 0 ? ROOT : e->frames[e->depth - 1].state;
}

static inline struct str emitter_str(const yaml_char_t *z) {
    return str_of((const char *)z);
}

/* --- emit.c --- */

/* The comma between members or elements: none after an opening bracket or a key. */
void yaml_emit_separate(struct buf *json);
enum ec yaml_emit_check_json(const struct emitter *e, struct yaml_location pos, struct err *err)
    MUST_CHECK;
enum ec yaml_emit_count(struct emitter *e, size_t own, size_t of_alias,
                        struct yaml_location pos, struct err *err) MUST_CHECK;
/* A value begins; the mapping expects a key next. */
void yaml_emit_take_value(struct emitter *e);
enum ec yaml_emit_bad_merge(struct yaml_location pos, struct err *err);
enum ec yaml_emit_bad_key(struct yaml_location pos, const char *what, struct err *err);
enum ec yaml_emit_put_key(struct emitter *e, const struct scalar *s, struct yaml_location pos,
                          uint32_t source, struct yaml_location alias, struct err *err)
    MUST_CHECK;
enum ec yaml_emit_put_value(struct emitter *e, const struct scalar *s, struct yaml_location pos,
                            uint32_t source, struct yaml_location alias, struct err *err)
    MUST_CHECK;

/* --- expand.c --- */

enum ec yaml_expand_define_scalar(struct emitter *e, const yaml_char_t *name,
                                  const struct scalar *scalar, struct yaml_location pos,
                                  struct err *err) MUST_CHECK;
/* The value of the anchor is the frame just pushed. */
enum ec yaml_expand_define_container(struct emitter *e, const yaml_char_t *name,
                                     enum anchor_kind kind, struct yaml_location pos,
                                     struct err *err) MUST_CHECK;
/* Whether the emitter is within the value of a "<<". */
bool yaml_expand_is_merging(const struct emitter *e);
enum ec yaml_expand_begin_merge(struct emitter *e, struct yaml_location key, struct err *err)
    MUST_CHECK;
/* The innermost frame ends; the caller pops it afterwards. */
enum ec yaml_expand_end(struct emitter *e, struct err *err) MUST_CHECK;
/* The frame that was pushed for the value of a "<<" has been popped. */
void yaml_expand_end_merge(struct emitter *e);
enum ec yaml_expand_alias(struct emitter *e, struct str name, struct yaml_location pos,
                          struct err *err) MUST_CHECK;

#endif
