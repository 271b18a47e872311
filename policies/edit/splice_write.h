/* edit/splice_write - what splice.c and splice_lists.c share: how a mapping is written, and
 * pieces of text in that style.
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_EDIT_SPLICE_WRITE_H
#define PULLGATE_EDIT_SPLICE_WRITE_H

#include "edit/splice.h"

/* How a mapping is written, and where a member goes. */
struct edit_style {
    size_t at;     /* where to insert */
    size_t indent; /* of a block's keys; of the keys of a flow mapping of several lines */
    size_t dash;   /* blanks between a key and the dash of its list */
    bool flow, quoted, compact, empty, lines;
    bool after; /* the member before, a "<<", ends at `at`: no other begins there */
};

struct str edit_write_text_of(const struct edit_splice *s);
size_t edit_write_begin_of(const struct edit_splice *s, json_at node);
char edit_write_byte_at(const struct edit_splice *s, size_t at);

/* Replaces n bytes at `at` by the text, which is done then. */
enum ec edit_write_change(const struct edit_splice *s, json_at node, size_t at, size_t n,
                          struct buf *with, struct err *err) MUST_CHECK;
enum ec edit_write_strange(const struct edit_splice *s, json_at node, const char *what,
                           struct err *err) MUST_CHECK;

/* A document of JSON has all its strings in quotes, and must go on having them. */
bool edit_write_is_json(const struct edit_splice *s);
void edit_write_flow_style(const struct edit_splice *s, size_t open, struct edit_style *out);
/* For a member before the one with key `before`, or of the first; after the last "<<" where there
 * is one. */
struct edit_style edit_write_style_of(const struct edit_splice *s, json_at mapping,
                                      struct str before);

typedef void edit_put_fn(struct buf *out, struct str value, bool quoted);
/* A null, or a string, becomes another value. */
enum ec edit_write_set_null(const struct edit_splice *s, json_at node, struct str with,
                            struct err *err) MUST_CHECK;
enum ec edit_write_set_scalar(const struct edit_splice *s, json_at node, struct str value,
                              edit_put_fn *put, struct err *err) MUST_CHECK;

void edit_write_name(struct buf *out, struct str name, bool quoted);
void edit_write_blanks(struct buf *out, size_t n);
void edit_write_key(struct buf *out, const struct edit_style *style, const char *key);
void edit_write_beginning(struct buf *out, const struct edit_splice *s,
                          const struct edit_style *style);
void edit_write_separator(struct buf *out, const struct edit_splice *s,
                          const struct edit_style *style);
/* {name: x}, and several of them. */
void edit_write_named(struct buf *out, const struct edit_style *style, struct str name);
void edit_write_flow_names(struct buf *out, const struct edit_style *style,
                           const struct str *names, size_t n);

#endif
