/* walk - over a file's nodes: a cursor with its location, tables of the fields that are allowed there.
 *
 *      root "" <- "spec" <- "rules" <- [0] <- "approved" <- [2]        cursors, each on the C
 *      its node -> line 9, column 11                                   stack of its reader
 *
 * Rules      unknown keys, wrong types, words that are not allowed and missing
 *            keys are found here, by the table; a handler gets a value of a type it accepts.
 *            Errors and warnings are kept until all files are read, then reported in the order of
 *            their locations: an error ends its own value only, and the next one is read
 * Ownership  what is stored lives in the policy's arena, what only loading needs in scratch
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_WALK_H
#define PULLGATE_RULES_WALK_H

#include "base/err.h"
#include "engine/policy.h"
#include "rules/rules.h"
#include "rules/source.h"
#include "json/json.h"

/* ---- tables ------------------------------------------------------------------------------ */

enum type {
    TYPE_STRING = 1,
    TYPE_BOOL = 2,
    TYPE_LIST = 4,
    TYPE_MAP = 8,
    TYPE_NULL = 16, /* allowed: "none", which also turns an inherited setting off */
    TYPE_NUMBER = 32
};

enum field_flag {
    FIELD_REQUIRED = 1,
    FIELD_FIRST = 2 /* read before the other keys: identifies the file */
};

struct cursor;
struct object;
typedef enum ec read_fn(const struct cursor *c, void *out);

/* One key of a map: for the reader and for the printers in docs.c. */
struct field {
    const char *key;
    unsigned types; /* enum type, of the value */
    unsigned flags;
    unsigned items;              /* types of a list's elements, or of the values of free keys */
    const struct object *object; /* keys of the map or of the list's maps; NULL with TYPE_MAP:
                                    free keys */
    const char *const *words;    /* the only strings allowed, NULL after the last; or NULL */
    const char *fallback;        /* what holds when the key is absent; NULL: nothing */
    const char *about;
    read_fn *read; /* stores at out + offset */
    size_t offset;
};

struct object {
    const char *name;         /* "rule": for messages */
    const struct object *too; /* its fields belong here as well, and come first; or NULL */
    const struct field *fields;
    size_t n_fields;
};

/* ---- the walk ---------------------------------------------------------------------------- */

struct finding;
struct draft;
struct draft_exemption;
struct draft_source;

struct reader_line {
    const char *of; /* the text it is in */
    uint32_t line;
    size_t offset;
};

struct reader {
    struct policy *policy;
    const struct rules_options *options;
    struct arena scratch;
    struct err *err;

    const struct yaml_doc *doc; /* the file being read */
    struct str text;
    struct reader_line line; /* the line found last */
    uint32_t file;

    struct draft *first_rule, *last_rule;
    size_t n_rules;
    struct draft_exemption *first_exemption, *last_exemption;
    size_t n_exemptions;
    struct draft_source *first_source, *last_source;
    size_t n_sources;
    struct policy_pos unmatched_pos; /* line 0: not set yet */
    bool has_deniers_message; /* the policy's message is that of a file with unmatched: deny */

    struct finding *warnings, *errors;
    size_t n_warnings, n_errors;
    uint64_t n_looked; /* comparisons so far: rules_may_look */
    bool no_memory;    /* found where no error can be returned */
};

struct cursor {
    struct reader *r;
    const struct cursor *up;
    struct str key; /* p is NULL for an element of a list, and for the root */
    size_t index;
    const struct field *field; /* by which it is read; of the list for its elements */
    json_at value;
};

static inline bool rules_is(const struct cursor *c, enum json_type type) {
    return json_is(c->r->doc->json, c->value, type);
}

/* Every key of the map into out, by the table. */
enum ec rules_read_object(const struct cursor *c, const struct object *object, void *out)
    MUST_CHECK;

/* Elements of a list, or members of a map with free keys: checks the types the field names,
 * calls back for each. `each` gets element i's out as base + i * size. */
enum ec rules_read_each(const struct cursor *c, read_fn *each, void *base, size_t size)
    MUST_CHECK;
size_t rules_count(const struct cursor *c);

/* Handlers for plain values: a struct str (one line, copied), an unsigned (index of the word),
 * a struct str (the word itself, empty for null), nothing (the word is checked), a bool, a map
 * by field->object at the same base. */
read_fn rules_read_text, rules_read_word, rules_read_word_text, rules_read_word_only,
    rules_read_bool, rules_read_map;

/* The bytes of a string; borrowed from the document. */
struct str rules_str(const struct cursor *c);

/* ---- complaints -------------------------------------------------------------------------- */

struct policy_pos rules_locate(const struct cursor *c);
struct policy_pos rules_locate_key(const struct cursor *c);

/* "approved[1]: ..." at the value; at its key (in rules_fail_key without "approved[1]: "); at a
 * byte of a string, where its column is known; anywhere. All return the code. */
enum ec rules_fail(const struct cursor *c, enum ec code, const char *format, ...) PRINTF(3, 4);
enum ec rules_fail_name(const struct cursor *c, enum ec code, const char *format, ...)
    PRINTF(3, 4);
enum ec rules_fail_key(const struct cursor *c, const char *format, ...) PRINTF(2, 3);
enum ec rules_fail_byte(const struct cursor *c, enum ec code, size_t offset, const char *format,
                        ...) PRINTF(4, 5);
enum ec rules_fail_at(struct reader *r, struct policy_pos pos, const char *format, ...)
    PRINTF(3, 4);

void rules_warn(const struct cursor *c, enum rules_lint lint, const char *format, ...)
    PRINTF(3, 4);
void rules_warn_name(const struct cursor *c, enum rules_lint lint, const char *format, ...)
    PRINTF(3, 4);
void rules_warn_at(struct reader *r, enum rules_lint lint, struct policy_pos pos,
                   const char *format, ...) PRINTF(4, 5);
/* Warns where free text continues in what YAML reads as a comment. */
void rules_warn_comment(const struct cursor *c);
/* Keeps an error of a whole file, with its location, and clears it; EC_NOMEM stays. */
void rules_keep_error(struct reader *r, struct err *err);
/* Must reading end here? If not, the error was kept and reading goes on. */
bool rules_is_over(const struct reader *r, enum ec ec);
/* Reports the warnings, sorted, each once. */
enum ec rules_report_warnings(struct reader *r) MUST_CHECK;
/* Reports the errors likewise; r->err is the first of them. */
enum ec rules_report_errors(struct reader *r) MUST_CHECK;

/* " (line 9)", or " (base.yaml:9)" when that is another file than `from`'s. */
struct rules_location {
    char z[300];
};
struct rules_location rules_location(const struct reader *r, struct policy_pos pos,
                                     struct policy_pos from);

/* The text in quotes, cut to a bounded length, control characters escaped: rules_quote(s).z */
struct quoted {
    char z[140];
};
struct quoted rules_quote(struct str s);

/* ---- memory ------------------------------------------------------------------------------ */

/* The error of an arena without room. */
enum ec rules_no_room(struct reader *r, const struct arena *a);
enum ec rules_copy(struct reader *r, struct str text, struct str *out) MUST_CHECK;

#endif
