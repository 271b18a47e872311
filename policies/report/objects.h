/* report/objects - how judged objects are shown: the formats of `policyctl test`, one row each.
 *
 *      object, fault --> a file's struct report    on any thread, without what is around it
 *      join          --> the run's struct report   in the order of the files
 *      begin, end        what is around all of it
 *
 * Shape      text, JSON, YAML, diff and TAP show objects in their own way; SARIF, GitHub and JUnit are the
 *            writers of report.h, and objects become findings or cases for them
 * Use        REPORT_INIT(look, format->writer, &report_objects_tool) for files and for the run
 * Threads    one struct report per thread                                                    */
#ifndef PULLGATE_REPORT_OBJECTS_H
#define PULLGATE_REPORT_OBJECTS_H

#include "object/messages.h"
#include "report/report.h"

struct report_format {
    bool sums_up;      /* a summary is part of it */
    bool in_parts;     /* a file may be joined in parts: report_flush */
    bool only_objects; /* no room for what is not judged: that goes to standard error */
    const struct report_writer *writer;
    void (*begin)(struct report *run);
    enum ec (*object)(struct report *file, const struct object *s, struct err *err);
    void (*fault)(struct report *file, const struct object_fault *f);
    void (*join)(struct report *run, struct report *file, const char *name,
                 const struct object_totals *of_file);
    void (*end)(struct report *run, const struct object_totals *t);
};

extern const struct report_format report_objects_text, report_objects_json, report_objects_yaml,
    report_objects_diff, report_objects_tap, report_objects_junit, report_objects_sarif,
    report_objects_github;

/* The rules are the engine's reason codes, the changes, and what is not judged. */
extern const struct report_tool report_objects_tool;

/* ---- for formats that show nothing there ---- */

void report_objects_no_begin(struct report *run);
void report_objects_no_fault(struct report *file, const struct object_fault *f);
void report_objects_no_end(struct report *run, const struct object_totals *t);
/* The texts one after the other; what `file` holds is then of no use until it is reset. */
void report_objects_append(struct report *run, struct report *file, const char *name,
                           const struct object_totals *of_file);

/* ---- what formats share ---- */

/* "2 objects, 4 images: 2 rewritten, ..." with its line end. */
void report_objects_summary(struct buf *out, const struct object_totals *t);

/* An image that is rewritten, or would be in another object: what it becomes; else empty.
 * *why is "" or why not here. */
struct str report_objects_rewrite(const struct object *s, const struct decision_image *d,
                                  const char **why);

/* The lines of the text format about an object. */
void report_objects_lines(struct report *p, struct buf *out, const struct object *s);

/* A unified diff of two texts of lines, three lines of context; nothing when they are equal. */
enum ec report_unified(struct report *to, const char *name_before, const char *name_after,
                       struct str before, struct str after, struct err *err) MUST_CHECK;

#endif
