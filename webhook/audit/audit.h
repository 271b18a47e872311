/* audit - one decision, one JSON line, through a bounded queue to a descriptor.
 * Shape      {"time":"...","uid":"...","operation":"CREATE",...}\n
 * Never      a secret's value, env, or the object itself; image names, secret names and the
 *            user are in
 *
 *      workers --audit_write--> [ pending bytes, at most max ] --own thread--> write(2)
 *
 * Ownership  a line is copied; the entry borrows
 * Limits     max_bytes pending, and as many being written; when full: block the caller for as long as
 *            he says, or drop the line and count it. After a wait in vain nobody waits until bytes
 *            move again: each would be late, and those behind him
 *            a line waits at most five milliseconds for others to be written with it
 * Threads    audit_write from any thread; open and close from one
 * Errors     a closed pipe or full disk is counted, the bytes are dropped, decisions go on;
 *            whoever asks for audit_stats() tells of it */
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

/* The shortest limit of a line: uid, user, verdict, namespace, name and rule are in any. */
enum { AUDIT_LINE_MIN = 32 << 10, AUDIT_LINE_DEFAULT = 64 << 10 };
/* What is written and taken away again, where a line is full: room to have behind it. */
enum { AUDIT_LINE_ROOM = 32 << 10 };

/* Appends the line, with its line feed: at most max bytes, which is AUDIT_LINE_MIN or more. What is too
 * long is cut: "cut": true then says so, and "imagesOmitted" and its like say of what lists lack. */
void audit_line(struct buf *out, const struct audit_entry *e, size_t max);

enum audit_when_full { AUDIT_BLOCK, AUDIT_DROP };

struct audit;

struct audit_stats {
    uint64_t written, dropped, failed; /* lines */
    uint64_t unrecorded; /* of those dropped: AUDIT_BLOCK found no room for them in time */
    size_t pending_bytes;
    int64_t stalled_ns; /* since lines wait and no byte was written; 0: none waits */
    int last_errno;     /* of the last failed write; 0 while all is well */
    int failed_errno;   /* the same, but it stays */
};

/* Errors: EC_NOMEM, EC_IO (no thread). */
enum ec audit_open(struct audit **out, int fd, size_t max_bytes, enum audit_when_full when_full,
                   struct err *err) MUST_CHECK;

/* Queues one line (a whole number of lines); AUDIT_BLOCK waits for room until until_ns (monotonic).
 * False: AUDIT_BLOCK, and the line is lost; what it tells of must not happen. What AUDIT_DROP loses is
 * counted alone. */
bool audit_write(struct audit *a, struct str line, int64_t until_ns) MUST_CHECK;

/* From now on nobody waits, also those that do: what does not fit is lost. For an end while nobody
 * reads. NULL is fine. */
void audit_wait_no_more(struct audit *a);

/* Waits until all that is queued is written or lost, at most ms; true: it is. NULL is fine. */
bool audit_flush(struct audit *a, unsigned ms);

/* Writes what is pending, for at most deadline_ms, and ends; what is left then counts as
 * dropped. The last figures go to *last unless it is NULL. A thread that sits in a write(2) that never
 * returns is left there with its memory. */
void audit_close(struct audit *a, unsigned deadline_ms, struct audit_stats *last);

void audit_stats(struct audit *a, struct audit_stats *out);

#endif
