/* object/excerpt - lines of a text that people wrote: shown under an error, counted for
 * editors.
 *
 *      text   |.....512.....|.....512.....|...      a mark for every 512 bytes: the line there, and
 *      marks  ^             ^             ^         what it takes in UTF-16
 *
 * Shape      lines end at LF, CRLF and a lone CR, as in YAML; columns are 1-based bytes
 *            A text in UTF-16 has no lines here: nothing of it is shown, and its columns are 1
 * Cost       the marks are made once, when the first line is asked for; then every question costs a
 *            few hundred bytes, wherever the line is and however long
 * Ownership  borrows the text; owns its marks until object_excerpt_done
 * Errors     without memory for marks all is found from the start of the text: slower
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_OBJECT_EXCERPT_H
#define PULLGATE_OBJECT_EXCERPT_H

#include "base/buf.h"

struct object_excerpt_mark;

struct object_excerpt {
    struct str text;
    struct object_excerpt_mark *marks; /* NULL: none are made yet */
    size_t n;
    size_t words; /* bytes up to the end of the last word */
    struct {      /* the line found last; 0: none */
        uint32_t line;
        size_t from, to, saved;
    } last;
};
#define OBJECT_EXCERPT_INIT(of)                                                                \
    { .text = (of) }

void object_excerpt_done(struct object_excerpt *e);

/* A line without its end; empty when there is not a line of that number. */
struct str object_excerpt_line(struct object_excerpt *e, uint32_t line);

/* The line and a caret below the column; of a long line what is around the column. What a terminal or
 * a CI system would take for a command is shown as '?'. After the last word of the text, that line and
 * a caret after the word. Nothing when the line is empty. */
void object_excerpt_print(struct buf *out, struct object_excerpt *e, uint32_t line,
                          uint32_t col);

/* The column counted in UTF-16 units, as SARIF has it. */
uint32_t object_excerpt_utf16_column(struct object_excerpt *e, uint32_t line, uint32_t col);

/* Where a scalar with this value is written as it reads (plain, or quoted without escapes): the
 * byte columns [*from, *to) of the value itself, without its quotes. False when it is written
 * in another way and cannot be replaced blindly. */
bool object_excerpt_value(struct object_excerpt *e, uint32_t line, uint32_t col,
                          struct str value, uint32_t *from, uint32_t *to);

#endif
