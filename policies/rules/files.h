/* files - the rule files' bytes: one file, or all of a folder in the order of their names.
 * Ownership  struct rules_files owns what rules_read_files put there until rules_files_done
 * Limits     FILES_MAX files, each at most RULES_FILE_MAX bytes, together FILES_BYTES_MAX
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_FILES_H
#define PULLGATE_RULES_FILES_H

#include "base/buf.h"
#include "base/err.h"

enum { FILES_MAX = 1000, FILES_BYTES_MAX = 64 << 20 };

struct rules_file_text {
    struct str name; /* the path, for messages */
    struct str text;
    char *path;       /* what name borrows from, and ... */
    struct buf bytes; /* ... text; both unused where these are borrowed from elsewhere */
};

struct rules_files {
    struct rules_file_text *v;
    size_t n, cap;
};

/* `pipes`: a file that is named itself may be a pipe; else that is an error, so that a reader cannot
 * be made to wait. Errors: EC_IO, EC_LIMIT, EC_SCHEMA (a folder without rule files), EC_NOMEM. `out` has to be
 * given back in any case. */
enum ec rules_read_files(struct rules_files *out, const char *path, bool pipes, struct err *err)
    MUST_CHECK;
void rules_files_done(struct rules_files *f);

#endif
