/* object/walk - what the steps from a file to its objects share with each other and no one else.
 *
 *      file.c      a file -> documents; what is in a folder and is not a manifest is skipped
 *      document.c  a document -> objects: reviews, items of lists; faults
 *      judge.c     an object -> workload -> decision -> sink
 *      totals.c    what is counted
 *
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_OBJECT_WALK_H
#define PULLGATE_OBJECT_WALK_H

#include "object/object.h"

struct object_walk { /* one file's */
    struct object_judge *j;
    const struct object_sink *to;
    struct object_totals *totals;
    const char *file;
    struct str raw;              /* as read */
    struct str text;             /* as shown */
    struct object_excerpt lines; /* of the text as shown */
    struct json_cursor near;
    size_t index;
    bool stop;        /* the sink failed: its error holds */
    bool found;       /* in a folder: it need not be a manifest ... */
    bool is_manifest; /* ... and is one */
    bool skipped;     /* ... and is none: the rest of it is not looked at */
    bool unrendered;  /* holds a template */
};

/* A fault, counted and given to the sink; EC_OK, unless there is no going on. `whole`: of the file. */
enum ec object_walk_fault(struct object_walk *w, bool whole, struct err *err) MUST_CHECK;
enum ec object_walk_fault_at(struct object_walk *w, struct err *err, uint32_t line,
                             uint32_t col) MUST_CHECK;

/* What is at `object`: one object, a review, or a list within `depth` others. */
enum ec object_walk_take(struct object_walk *w, const struct yaml_doc *doc, struct str prefix,
                         json_at object, unsigned depth, struct err *err) MUST_CHECK;

/* A review, and any other object: judged, counted and given to the sink. */
enum ec object_walk_review(struct object_walk *w, struct object *o, struct err *err) MUST_CHECK;
enum ec object_walk_object(struct object_walk *w, struct object *o, struct err *err) MUST_CHECK;

void object_totals_count(struct object_totals *t, const struct decision *d);

#endif
