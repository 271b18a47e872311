/* policyctl/excerpt - lines of a text that people wrote: shown under an error, counted for
 * editors.
 * Shape      lines end at LF, CRLF and a lone CR, as in YAML; columns are 1-based bytes
 * Threads    pure functions                                                                 */
#ifndef PULLGATE_POLICYCTL_EXCERPT_H
#define PULLGATE_POLICYCTL_EXCERPT_H

#include "base/buf.h"

struct excerpt_cursor { /* the line found last: asking in order costs one walk */
    const char *text;   /* NULL at the start */
    size_t off;
    uint32_t line;
};

/* A line without its end; empty when there is none of that number. */
struct str excerpt_line(struct excerpt_cursor *at, struct str text, uint32_t line);

/* The text with '?' for control characters (but tabs) and bytes that are not UTF-8. */
void excerpt_safe(struct buf *out, struct str s);

/* The line and a caret below the column; behind the last word of the text, that line and a caret behind
 * the word. Nothing when the line is empty. */
void excerpt_print(struct buf *out, struct str text, uint32_t line, uint32_t col);

/* The column counted in UTF-16 units, as SARIF has it. */
uint32_t excerpt_utf16_column(struct str line, uint32_t col);

/* Where a scalar with this value stands as it reads (plain, or quoted without escapes): the
 * byte columns [*from, *to) of the value itself, without its quotes. False when it is written
 * in another way and cannot be replaced blindly. */
bool excerpt_value(struct str line, uint32_t col, struct str value, uint32_t *from,
                   uint32_t *to);

#endif
