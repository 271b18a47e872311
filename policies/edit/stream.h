/* edit/stream - files joined to one stream of documents, as kubectl reads it.
 * Rules      a line `---` goes between two files, unless the second begins with one; a byte order
 *            mark is kept at the start of the stream alone. In a stream of several files each JSON
 *            value gets a separate document: kubectl reads no `---` after two values in a row
 * Ownership  the caller frees `out` (buf_done)
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_EDIT_STREAM_H
#define PULLGATE_EDIT_STREAM_H

#include "base/buf.h"
#include "base/err.h"

struct edit_stream {
    struct buf out;
    size_t n_files; /* in it */
    bool several;   /* more than one file is expected */
};
#define EDIT_STREAM_INIT                                                                       \
    { .out = BUF_INIT((size_t)1 << 30) }

/* What `file` holds afterwards is of no use. Errors: EC_SYNTAX of a text that begins as JSON does and is none, EC_LIMIT, EC_NOMEM. */
enum ec edit_stream_add(struct edit_stream *s, struct buf *file, struct err *err) MUST_CHECK;

#endif
