/* object/ignore - which files of a folder are left out: --exclude, and .pullgateignore in it and below.
 * Shape      a glob a line, as in a .gitignore: `#` begins a comment, `!` takes a file in again, a
 *            slash at the end means folders alone, one at the start or in the middle binds the glob to
 *            the folder of its file; without one it holds at any depth below. `*`, `?` and `[a-z]` stay
 *            within a name, `**` is any number of folders, `\` takes the meaning from what
 *            follows. The last line that matches decides; nothing comes back of a folder that is out
 * Ownership  globs of lines are copied, others borrowed
 * Limits     OBJECT_IGNORE_FILE_MAX bytes a file; a match takes time of path x glob at most
 * Threads    one at a time
 * Source     gitignore(5)                                                                    */
#ifndef PULLGATE_OBJECT_IGNORE_H
#define PULLGATE_OBJECT_IGNORE_H

#include "base/arena.h"

#define OBJECT_IGNORE_FILE ".pullgateignore"
enum { OBJECT_IGNORE_FILE_MAX = 1 << 20 };

struct object_ignore_rule {
    struct str glob; /* no slash at either end */
    size_t base;     /* bytes of a path before what the glob is held against */
    bool back;       /* it takes in again */
    bool folders;    /* it means folders alone */
    bool anywhere;   /* it holds at any depth */
};

struct object_ignore {
    struct object_ignore_rule *v;
    size_t n, cap;
    struct arena texts;
};

#define OBJECT_IGNORE_INIT                                                                     \
    { .texts = ARENA_INIT(4096, (size_t)1 << 28) }

void object_ignore_done(struct object_ignore *g);

/* Adds one glob, never as a comment and never as one that takes in again. Errors: EC_NOMEM. */
enum ec object_ignore_add(struct object_ignore *g, struct str glob, size_t base,
                          struct err *err) MUST_CHECK;
/* Adds the lines of a file. Errors: EC_NOMEM, EC_LIMIT. */
enum ec object_ignore_add_lines(struct object_ignore *g, struct str text, size_t base,
                                struct err *err) MUST_CHECK;
/* Forgets what was added after the first n. */
void object_ignore_cut(struct object_ignore *g, size_t n);

/* 1: left out, -1: taken in again, 0: no glob matches. */
int object_ignore_says(const struct object_ignore *g, struct str path, bool is_folder);

/* Does the glob match the whole path? */
bool object_ignore_glob(struct str glob, struct str path);

#endif
