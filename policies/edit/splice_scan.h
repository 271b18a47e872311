/* edit/splice_scan - how far a piece of YAML or JSON text reaches, for splice alone.
 * Threads    pure functions                                                                  */
#ifndef PULLGATE_EDIT_SPLICE_SCAN_H
#define PULLGATE_EDIT_SPLICE_SCAN_H

#include "base/str.h"

/* Bytes of the quoted scalar that begins at `at`, quotes included; 0 when it does not end. */
size_t edit_scan_quoted(struct str text, size_t at);
/* Bytes of a null written at `at`: `null`, `~` ... or nothing at all. */
size_t edit_scan_null(struct str text, size_t at);
/* The bracket that closes the one at `at`; text.n when there is none. */
size_t edit_scan_bracket(struct str text, size_t at);
/* After blanks, line ends and comments. */
size_t edit_scan_blanks(struct str text, size_t at);
/* Of a block scalar (`|`, `>`) whose header is at *at: its one line of text, if that is `value`;
 * *at moves there. 0 when it is not. */
size_t edit_scan_block_line(struct str text, size_t *at, struct str value);
/* After the last line of text of the block scalar whose header is at `at`. */
size_t edit_scan_block(struct str text, size_t at);
/* The next comment from *at on, to the end of its line: its bytes; *at moves to its `#`. 0 when there
 * is none. */
size_t edit_scan_comment(struct str text, size_t *at);

#endif
