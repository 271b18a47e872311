/* file - whole files, with limits, replaced in one step.
 * Errors     EC_IO with the path in the text and errno in os; EC_LIMIT when larger than allowed
 * Threads    no shared state */
#ifndef PULLGATE_BASE_FILE_H
#define PULLGATE_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* Appends the file's bytes ("-" is standard input). A directory, FIFO or device is refused, so
 * that a reader cannot be made to wait; standard input may be anything.
 * Errors: EC_IO, EC_LIMIT (more than max_bytes), EC_NOMEM; out may then hold a part. */
enum ec file_read(struct buf *out, const char *path, size_t max_bytes, struct err *err)
    MUST_CHECK;

/* The same for tools: pipes and devices are read to their end, however long that takes. */
enum ec file_read_any(struct buf *out, const char *path, size_t max_bytes, struct err *err)
    MUST_CHECK;

/* Replaces the file: written beside it with the given permission bits, and with the owner and group
 * of the one that is there as far as we may, fsync'ed, renamed; the directory is fsync'ed too.
 * Readers see the old bytes or the new ones, never a mixture. */
enum ec file_replace(const char *path, unsigned mode, struct str bytes, struct err *err)
    MUST_CHECK;

/* Where standard input, output or error are closed, puts something in their place that fails: else the
 * next file to be opened would be written to as if it were one of them. First thing in main(). */
void file_guard_standard(void);

/* All bytes to a descriptor, through EINTR and short writes. */
enum ec file_write_fd(int fd, struct str bytes, struct err *err) MUST_CHECK;

#endif
