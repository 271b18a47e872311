/* report/report - how judged objects are shown; one row per output format.
 *
 *      object, fault --> a file's struct print    on any thread, without what is around it
 *      join          --> the run's struct print   in the order of the files
 *      begin, end        what stands around all of it
 *
 * Threads    one struct print per thread                                                    */
#ifndef PULLGATE_REPORT_REPORT_H
#define PULLGATE_REPORT_REPORT_H

#include "base/escape.h"
#include "object/object.h"

struct print_look { /* as flags have it */
    bool quiet;     /* denials and warnings alone */
    bool color;
    bool terminal; /* it goes to one */
    bool summary;  /* wanted even so */
};

struct print {
    struct buf out;
    struct buf aside;      /* what belongs to another place of the document */
    struct buf scratch;    /* a pointer, a patch ... */
    size_t n_out, n_aside; /* pieces in them, for what stands between pieces */
    const struct print_look *look;
};

#define PRINT_INIT(looks)                                                                      \
    {                                                                                          \
        .out = BUF_INIT((size_t)1 << 30), .aside = BUF_INIT((size_t)1 << 30),                  \
        .scratch = BUF_INIT(1 << 20), .look = (looks)                                          \
    }

struct print_format {
    bool sums_up;      /* a summary is part of it */
    bool only_objects; /* no place for what is not judged: that goes to standard error */
    void (*begin)(struct print *run);
    enum ec (*object)(struct print *file, const struct subject *s, struct err *err);
    void (*fault)(struct print *file, const struct subject_fault *f);
    void (*join)(struct print *run, struct print *file, const char *name,
                 const struct subject_totals *of_file);
    void (*end)(struct print *run, const struct subject_totals *t);
};

void print_done(struct print *p);
/* A text that found no memory must not be shown as a shorter one: the output then fails. */
void print_carry(struct print *p, const struct buf *text);
/* The scratch buffer, empty; carries what was in it. */
struct buf *print_scratch(struct print *p);
/* Empty, as for a next file; much memory is given back. */
void print_reset(struct print *p);

/* The formats, one file each. */
extern const struct print_format print_text, print_json, print_yaml, print_diff, print_junit,
    print_sarif, print_github, print_tap;

/* For formats that have nothing to say. */
void print_nothing(struct print *run);
void print_no_fault(struct print *file, const struct subject_fault *f);
void print_no_end(struct print *run, const struct subject_totals *t);
/* The pieces one behind the other; what `file` holds is then of no use. */
void print_append(struct print *run, struct print *file, const char *name,
                  const struct subject_totals *of_file);
/* The pieces of both buffers as elements of two JSON arrays. */
void print_join_lists(struct print *run, struct print *file, const char *name,
                      const struct subject_totals *of_file);

/* ---- what formats share -------------------------------------------------------------- */

/* "2 objects, 4 images: 2 rewritten, ..." with its line end. */
void print_summary(struct buf *out, const struct subject_totals *t);

/* "Pod/airbyte/check": kind, namespace, name, as far as known and as they are: for an escaper. */
void print_object_name(struct buf *out, const struct subject *s);

/* Of what is not judged: the line of the text format; why, and what was seen; its place. */
void print_unjudged_line(struct buf *out, const struct subject *s);
void print_unjudged(struct buf *out, const struct subject *s);
struct yaml_pos print_unjudged_where(const struct subject *s);

/* "deny", "warn", "note" */
const char *print_weight_name(enum reason_weight weight);

/* An image that is rewritten, or would be in another place: what it becomes; else empty.
 * *why is "" or why not here. */
struct str print_rewrite(const struct subject *s, const struct decision_image *d,
                         const char **why);

/* The lines of the text format about an object. */
void print_text_lines(struct print *p, struct buf *out, const struct subject *s);

#define XML_HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

/* A path below the working directory relative to it, without "./": as pull requests have it. */
struct str print_path(struct str path);

/* A path as a URI reference (RFC 3986): below the working directory relative to it, outside of
 * it a file: URI. */
void print_uri(struct buf *out, const char *path);

/* A unified diff of two texts of lines, three lines of context; nothing when they are equal. */
enum ec print_unified(struct buf *out, const char *name_before, const char *name_after,
                      struct str before, struct str after, struct err *err) MUST_CHECK;

#endif
