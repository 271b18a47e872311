/* file - whole files, with limits, replaced in one step.
 * Errors     EC_IO with the path in the text and errno in os; EC_LIMIT when larger than allowed
 * Threads    no shared state */
#ifndef PULLGATE_BASE_FILE_H
#define PULLGATE_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* Appends the file's bytes ("-" is standard input). A directory, FIFO or device is refused, since
 * reading it may block; standard input may be anything.
 * Errors: EC_IO, EC_LIMIT (more than max_bytes), EC_NOMEM; out may then hold a part. */
enum ec file_read(struct buf *out, const char *path, size_t max_bytes, struct err *err)
    MUST_CHECK;

/* The same for tools: pipes and devices are read to their end, however long that takes. */
enum ec file_read_any(struct buf *out, const char *path, size_t max_bytes, struct err *err)
    MUST_CHECK;

/* Replaces the file: a new one is written in its folder with the given permission bits, and with the
 * owner and group of the old one as far as permitted, fsync'ed and renamed; the folder is fsync'ed as well.
 * Readers see the old bytes or the new ones, never a mixture. */
enum ec file_replace(const char *path, unsigned mode, struct str bytes, struct err *err)
    MUST_CHECK;

/* Opens standard input, output and error if they are closed, so that using them fails: otherwise the next
 * file opened would take their place. First call in main(). */
void file_guard_standard(void);

/* All bytes to a descriptor, through EINTR and short writes. */
enum ec file_write_fd(int fd, struct str bytes, struct err *err) MUST_CHECK;

#endif
