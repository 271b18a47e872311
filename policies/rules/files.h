/* files - the rule files' bytes: one file, or all of a folder in the order of their names.
 * Ownership  struct files owns what rules_read_files put there until rules_files_done
 * Limits     FILES_MAX files, each at most RULES_FILE_MAX bytes, together FILES_BYTES_MAX
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_FILES_H
#define PULLGATE_RULES_FILES_H

#include "base/buf.h"
#include "base/err.h"

enum { FILES_MAX = 1000, FILES_BYTES_MAX = 64 << 20 };

struct file_text {
    struct str name; /* as people should read it: the path */
    struct str text;
    char *path;       /* what name borrows from, and ... */
    struct buf bytes; /* ... text; both unused where these are borrowed from elsewhere */
};

struct files {
    struct file_text *v;
    size_t n, cap;
};

/* `pipes`: a file that is named itself may be a pipe; else that is an error, so that a reader cannot
 * be made to wait. Errors: EC_IO, EC_LIMIT, EC_SCHEMA (a folder without rule files), EC_NOMEM. `out` has to be
 * given back in any case. */
enum ec rules_read_files(struct files *out, const char *path, bool pipes, struct err *err)
    MUST_CHECK;
void rules_files_done(struct files *f);

#endif
