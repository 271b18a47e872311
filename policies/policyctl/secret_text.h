/* policyctl/secret_text - texts that may hold credentials: read without leaving copies in freed memory.
 * Ownership  the buffer is the caller's; secret_text_done wipes and frees it
 * Errors     EC_IO, EC_LIMIT, EC_NOMEM
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_POLICYCTL_SECRET_TEXT_H
#define PULLGATE_POLICYCTL_SECRET_TEXT_H

#include "base/buf.h"
#include "base/err.h"

enum { SECRET_TEXT_MAX = 1 << 30 };

/* Room for n more bytes, the old ones wiped where they move; NULL when there is none. */
char *secret_text_room(struct buf *text, size_t n);

/* Appends all of a file; "-" is standard input. */
enum ec secret_text_read(struct buf *text, const char *path, struct err *err) MUST_CHECK;

void secret_text_done(struct buf *text);

#endif
