/* edit/changes - members that the objects of a document should have, written where they belong.
 *
 *      (mapping, key, value)... --edit_changes_make--> splice
 *
 * Rules      where the member is written, it is changed there. What a "<<" merges is left alone where
 *            it is written, unless that mapping has to change itself; the mapping with the "<<" gets a
 *            separate member after it. So does one that would change along with its anchor and
 *            must not. A mapping or list that an alias repeats whole can only become what its
 *            anchor becomes: all else is an error
 * Ownership  borrows the document; keys and values are copied
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_EDIT_CHANGES_H
#define PULLGATE_EDIT_CHANGES_H

#include "edit/splice.h"

struct edit_change {
    json_at mapping;
    json_at value;      /* the member's, or JSON_NONE */
    const char *key;    /* a literal */
    const char *before; /* where it goes when it is not there; "" for the beginning */
    struct str string;
    const struct str *names; /* a list of {name: ...}, where is_list */
    size_t n_names;
    bool is_list;
};

struct edit_changes {
    struct arena arena;
    struct edit_change *v;
    size_t n, cap;
};

void edit_changes_init(struct edit_changes *c);
void edit_changes_done(struct edit_changes *c);
/* Forgets all: the document is over. */
void edit_changes_reset(struct edit_changes *c);

/* Errors: EC_NOMEM, EC_LIMIT. */
enum ec edit_changes_add(struct edit_changes *c, struct edit_change one, struct err *err)
    MUST_CHECK;

/* Errors: EC_SCHEMA, with line and column, at what cannot be changed in place; EC_NOMEM, EC_LIMIT. */
enum ec edit_changes_make(struct edit_changes *c, const struct edit_splice *s, struct err *err)
    MUST_CHECK;

#endif
