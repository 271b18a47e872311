/* edit/text - changes to a text at its lines and columns, made all at once.
 *
 *      text --edit_text_offset--> bytes --edit_text_add--> changes --edit_text_apply--> new text
 *
 * Rules      a value is changed once; what is inserted at one byte comes in the order in which it was
 *            added
 * Ownership  borrows the text; replacements are copied
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_EDIT_TEXT_H
#define PULLGATE_EDIT_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "yaml/yaml.h"

struct edit_text_change {
    size_t at, n; /* bytes of the text that are replaced */
    struct str with;
    struct yaml_location pos; /* of the value, for errors */
    size_t order;             /* in which it was added */
};

struct edit_text {
    struct str text;
    const char *eol; /* as the first line ends */
    size_t *lines;   /* where each begins; LF, CRLF and a lone CR end one */
    size_t n_lines;
    struct edit_text_change *v;
    size_t n, cap;
    struct arena arena;
};

/* Errors: EC_NOMEM. *out needs edit_text_done in any case. */
enum ec edit_text_init(struct edit_text *out, struct str text, struct err *err) MUST_CHECK;
void edit_text_done(struct edit_text *t);

/* The byte at a place; the text's length for one that is none. */
size_t edit_text_offset(const struct edit_text *t, struct yaml_location pos);

/* Errors: EC_NOMEM, EC_LIMIT. */
enum ec edit_text_add(struct edit_text *t, struct edit_text_change change, struct err *err)
    MUST_CHECK;

/* Errors: EC_SCHEMA at a change that meets another one; EC_NOMEM, EC_LIMIT. */
enum ec edit_text_apply(struct edit_text *t, struct buf *out, struct err *err) MUST_CHECK;

#endif
