/* report/report - how judged objects are shown; one row per output format.
 *
 *      object, fault --> a file's struct report    on any thread, without what is around it
 *      join          --> the run's struct report   in the order of the files
 *      begin, end        what stands around all of it
 *
 * Threads    one struct report per thread                                                    */
#ifndef PULLGATE_REPORT_REPORT_H
#define PULLGATE_REPORT_REPORT_H

#include "base/escape.h"
#include "object/messages.h"

struct report_look { /* as flags have it */
    bool quiet;      /* denials and warnings alone */
    bool color;
    bool terminal; /* it goes to one */
    bool summary;  /* wanted even so */
};

struct report {
    struct buf out;
    struct buf aside;      /* what belongs to another place of the document */
    struct buf scratch;    /* a pointer, a patch ... */
    size_t n_out, n_aside; /* pieces in them, for what stands between pieces */
    const struct report_look *look;
};

#define REPORT_INIT(looks)                                                                     \
    {                                                                                          \
        .out = BUF_INIT((size_t)1 << 30), .aside = BUF_INIT((size_t)1 << 30),                  \
        .scratch = BUF_INIT(1 << 20), .look = (looks)                                          \
    }

struct report_format {
    bool sums_up;      /* a summary is part of it */
    bool only_objects; /* no place for what is not judged: that goes to standard error */
    void (*begin)(struct report *run);
    enum ec (*object)(struct report *file, const struct object *s, struct err *err);
    void (*fault)(struct report *file, const struct object_fault *f);
    void (*join)(struct report *run, struct report *file, const char *name,
                 const struct object_totals *of_file);
    void (*end)(struct report *run, const struct object_totals *t);
};

void report_done(struct report *p);
/* A text that found no memory must not be shown as a shorter one: the output then fails. */
void report_carry(struct report *p, const struct buf *text);
/* The scratch buffer, empty; carries what was in it. */
struct buf *report_scratch(struct report *p);
/* Empty, as for a next file; much memory is given back. */
void report_reset(struct report *p);

/* The formats, one file each. */
extern const struct report_format report_text, report_json, report_yaml, report_diff,
    report_junit, report_sarif, report_github, report_tap;

/* For formats that have nothing to say. */
void report_nothing(struct report *run);
void report_no_fault(struct report *file, const struct object_fault *f);
void report_no_end(struct report *run, const struct object_totals *t);
/* The pieces one behind the other; what `file` holds is then of no use. */
void report_append(struct report *run, struct report *file, const char *name,
                   const struct object_totals *of_file);
/* The pieces of both buffers as elements of two JSON arrays. */
void report_join_lists(struct report *run, struct report *file, const char *name,
                       const struct object_totals *of_file);

/* ---- what formats share -------------------------------------------------------------- */

/* "2 objects, 4 images: 2 rewritten, ..." with its line end. */
void report_summary(struct buf *out, const struct object_totals *t);

/* An image that is rewritten, or would be in another place: what it becomes; else empty.
 * *why is "" or why not here. */
struct str report_rewrite(const struct object *s, const struct decision_image *d,
                          const char **why);

/* The lines of the text format about an object. */
void report_text_lines(struct report *p, struct buf *out, const struct object *s);

#define XML_HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

/* A path below the working directory relative to it, without "./": as pull requests have it. */
struct str report_path(struct str path);

/* A path as a URI reference (RFC 3986): below the working directory relative to it, outside of
 * it a file: URI. */
void report_uri(struct buf *out, const char *path);

/* A unified diff of two texts of lines, three lines of context; nothing when they are equal. */
enum ec report_unified(struct buf *out, const char *name_before, const char *name_after,
                       struct str before, struct str after, struct err *err) MUST_CHECK;

#endif
