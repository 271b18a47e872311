/* audit - one decision, one JSON line, through a bounded queue to a descriptor.
 * Shape      {"time":"...","uid":"...","operation":"CREATE",...}\n
 * Never      a secret's value, env, or the object itself; image names, secret names and the user are
 *            included
 *
 *      workers --audit_write--> [ pending bytes, at most max ] --own thread--> write(2)
 *
 * Ownership  a line is copied; the entry borrows
 * Limits     max_bytes pending, and as many being written; when full: block the caller up to its
 *            deadline, or drop the line and count it. After a wait that timed out no caller waits
 *            until bytes are written again: each would be late, and those after it;
 *            a line waits at most twenty milliseconds for others to be written with it, and not
 *            at all when none was written in the twenty before
 * Threads    audit_write from any thread; open and close from one
 * Errors     on a closed pipe or full disk the lines are dropped and counted, and decisions continue;
 *            audit_stats() has the counts, the program reports them */
#ifndef PULLGATE_AUDIT_AUDIT_H
#define PULLGATE_AUDIT_AUDIT_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/engine.h"

struct audit_entry {
    int64_t time_us; /* wall clock at arrival */
    int64_t duration_ns;
    struct str endpoint; /* "mutate", "validate" */
    struct str uid, group, version, kind, resource, subresource;
    struct str traceparent; /* may be empty */
    bool dry_run;
    const struct workload *workload;
    const struct decision *decision;
    const struct policy *policy;
};

/* The lowest limit of a line: uid, user, verdict, namespace, name and rule always fit. */
enum { AUDIT_LINE_MIN = 32 << 10, AUDIT_LINE_DEFAULT = 64 << 10 };
/* Bytes that are written and removed again when a line is full: extra room to have after it. */
enum { AUDIT_LINE_ROOM = 32 << 10 };

/* Appends the line, with its line feed: at most max bytes, which is AUDIT_LINE_MIN or more. What is too
 * long is cut and marked with "cut": true; "imagesOmitted" and the like count what lists lack. */
void audit_line(struct buf *out, const struct audit_entry *e, size_t max);

enum audit_when_full { AUDIT_BLOCK, AUDIT_DROP };

struct audit;

struct audit_stats {
    uint64_t written, dropped, failed; /* lines */
    uint64_t writes;                   /* calls of write(2) for them */
    uint64_t unrecorded;               /* of those dropped: no room in time with AUDIT_BLOCK */
    size_t pending_bytes;
    int64_t stalled_ns; /* for which lines have waited and no byte was written; 0: none waits */
    int last_errno;     /* of the last write; 0 if it succeeded */
    int failed_errno;   /* of the last failed write */
};

/* Errors: EC_NOMEM, EC_IO (no thread). */
enum ec audit_open(struct audit **out, int fd, size_t max_bytes, enum audit_when_full when_full,
                   struct err *err) MUST_CHECK;

/* Queues one line (a whole number of lines); AUDIT_BLOCK waits for room until until_ns (monotonic).
 * False: AUDIT_BLOCK, and the line is lost; what it records must not happen. With AUDIT_DROP, lost lines
 * are only counted. */
bool audit_write(struct audit *a, struct str line, int64_t until_ns) MUST_CHECK;

/* From now on no caller waits, and waiting ones return: lines that do not fit are lost. For ending while
 * the output is not read. NULL is fine. */
void audit_wait_no_more(struct audit *a);

/* Waits at most ms until all queued lines are written or lost; true: they are. NULL is fine. */
bool audit_flush(struct audit *a, unsigned ms);

/* Writes what is pending, for at most deadline_ms, and ends; the rest counts as dropped. *last gets the
 * final figures unless it is NULL. A thread that hangs in write(2) is left there with its memory. */
void audit_close(struct audit *a, unsigned deadline_ms, struct audit_stats *last);

void audit_stats(struct audit *a, struct audit_stats *out);

#endif
