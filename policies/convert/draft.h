/* convert/draft - a rule file in the making.
 *
 *      draft      settings, rules, exemptions, and notes on what is not taken
 *      block      settings, a rule or an exemption: for each key of the rule file its items
 *      item       one value, on one line of the output, with the notes on where it is from
 *
 * Errors     sticky, as in a buf: after an allocation failed, `full` is set, and what follows has no
 *            effect. An item is never NULL: there is a spare one for that case
 * Ownership  all is in the draft's arena; texts that are added are copied
 * Threads    one at a time                                                                   */
#ifndef PULLGATE_CONVERT_DRAFT_H
#define PULLGATE_CONVERT_DRAFT_H

#include "base/arena.h"
#include "convert/convert.h"
#include "yaml/yaml.h"
#include "json/json.h"

/* In the order in which they are printed. */
enum convert_key {
    KEY_NAMESPACES,
    KEY_LABELS,
    KEY_EXPRESSIONS,
    KEY_MODE,
    KEY_TEMPLATES,
    KEY_REGISTRY,
    KEY_OFFICIAL,
    KEY_MIRRORS,
    KEY_APPROVED,
    KEY_DENIED,
    KEY_SECRETS,
    KEY_TAG,
    KEY_DIGEST,
    KEY_IMAGES, /* those of an exemption */
    KEY_SPACES,
    KEY_REASON,
    KEY_OWNER,
    N_CONVERT_KEYS
};

enum convert_mark {
    MARK_EXACT,
    MARK_NOTED,
    MARK_LEFT,
    MARK_REMARK /* is about no construct */
};

struct convert_note {
    struct convert_note *next;
    enum convert_mark mark;
    struct str where; /* "values.yaml:3:5: global.image.registry" */
    struct str text;
    struct convert_note *of; /* it is a copy: the original, for counting */
    bool counted;
};
struct convert_notes {
    struct convert_note *first, *last;
};

struct convert_item {
    struct convert_item *next;
    struct str key;   /* of a map's member; a pull secret's `for` */
    struct str value; /* quoted as needed when it is printed */
    struct convert_notes notes;
    const struct convert_items *field; /* that it is in */
    bool map;
    bool alias;    /* a mirror for a name without a registry */
    uint32_t line; /* of the output */
    bool gone;     /* the rule file does not load with it */
};
struct convert_items {
    struct convert_item *first, *last;
};

struct convert_block {
    struct convert_block *next;
    struct str name;
    struct convert_items field[N_CONVERT_KEYS];
    struct convert_notes notes;
    bool restricts; /* of a clause: what it does not approve is refused, even if that is all */
};
struct convert_blocks {
    struct convert_block *first, *last;
};

struct convert_place { /* of a node: its container, and its number there */
    json_at parent;
    uint32_t index;
};

struct convert {
    const struct convert_format *format;
    const struct convert_options *options;
    /* The document that is read. */
    const char *file;
    const struct json *json;
    const struct yaml_location *pos;
    struct convert_place *places;
    /* The draft. */
    struct arena arena;
    struct convert_block settings;
    struct convert_blocks rules, exemptions;
    struct convert_blocks clauses; /* clause.h */
    struct convert_notes left;
    struct convert_item **index; /* all items, by what makes them equal */
    size_t n_index, cap_index;
    struct convert_item spare;
    struct convert_block spare_block;
    bool full;
};

/* ---- text ---------------------------------------------------------------------------- */

/* EC_NOMEM or EC_LIMIT, when c->full. */
enum ec convert_full(const struct convert *c, struct err *err);

/* In the arena, NUL-terminated. */
struct str convert_text(struct convert *c, const char *format, ...) PRINTF(2, 3);

/* ---- the document -------------------------------------------------------------------- */

/* Reads the document's tree once, so that the path of a node costs its depth. */
void convert_take_document(struct convert *c, const struct json *json,
                           const struct yaml_location *pos);
/* The value at a path of keys ("spec.match.kinds"), or JSON_NONE. */
json_at convert_get(const struct convert *c, json_at from, const char *path);
/* Its text; empty when it is no string. */
struct str convert_string(const struct convert *c, json_at from, const char *path);
bool convert_is_true(const struct convert *c, json_at from, const char *path);
/* EC_SCHEMA at the node's location. */
enum ec convert_fail(const struct convert *c, json_at at, struct err *err, const char *format,
                     ...) PRINTF(4, 5);

/* For loops over a list's elements, and over a map's values: none when it is another type. */
json_at convert_first(const struct convert *c, json_at list);
json_at convert_next(const struct convert *c, json_at list, json_at element);
json_at convert_first_value(const struct convert *c, json_at map);
json_at convert_next_value(const struct convert *c, json_at map, json_at value);
/* The key of a map's value. */
struct str convert_key_of(const struct convert *c, json_at value);

/* ---- the draft ----------------------------------------------------------------------- */

struct convert_block *convert_add_block(struct convert *c, struct convert_blocks *to,
                                        struct str name);
/* The block of that name, added if there is none. */
struct convert_block *convert_block_of(struct convert *c, struct convert_blocks *in,
                                       struct str name);
/* Adds a value; of an equal one in the same field, it is that. */
struct convert_item *convert_add(struct convert *c, struct convert_block *b,
                                 enum convert_key key, struct str value);
/* The same for a member of a map (a mirror, a label), and a pull secret with a `for`. */
struct convert_item *convert_add_pair(struct convert *c, struct convert_block *b,
                                      enum convert_key key, struct str name, struct str value);

/* The one value of a field that is no list: an earlier one is left out. */
struct convert_item *convert_set(struct convert *c, struct convert_block *b,
                                 enum convert_key key, struct str value);
/* Leaves out an item: its notes become such of constructs that are not taken, for this reason. */
void convert_drop(struct convert *c, struct convert_item *item, struct str why);

/* Notes on the construct at a node. */
void convert_exact(struct convert *c, struct convert_notes *to, json_at at);
void convert_note(struct convert *c, struct convert_notes *to, json_at at, const char *format,
                  ...) PRINTF(4, 5);
void convert_left(struct convert *c, json_at at, const char *format, ...) PRINTF(3, 4);
/* A comment that is about no construct. */
void convert_remark(struct convert *c, struct convert_notes *to, const char *format, ...)
    PRINTF(3, 4);
/* Appends the notes of another list, which has no more of them then. */
void convert_move_notes(struct convert_notes *to, struct convert_notes *from);

/* ---- print.c ------------------------------------------------------------------------- */

/* The rule file; counts the marks, and notes the line of each item. */
void convert_print(struct convert *c, struct buf *out, struct convert_counts *counts);

#endif
