/* policyctl/subject - inputs to judged objects: files, folders, streams, Lists,
 * AdmissionReviews.
 *
 *      paths --subject_each--> documents --> objects --> struct subject --> callback
 *
 * Order      as given; within a folder by name, depth first; within a file as they stand
 * Errors     an input that cannot be read is told on standard error, counted, and the rest goes
 * on Ownership  a subject lives during its callback */
#ifndef PULLGATE_POLICYCTL_SUBJECT_H
#define PULLGATE_POLICYCTL_SUBJECT_H

#include "base/opts.h"
#include "review/review.h"
#include "yaml/yaml.h"

struct asked { /* what flags say about objects that are no AdmissionReviews */
    const char *namespace, *user;
    const struct opt_list *groups;
    enum workload_operation operation;
    unsigned engine_flags;
    int64_t now_s;
};

struct subject {
    const char *file;
    size_t index;  /* 0-based among the file's objects */
    uint32_t line; /* where the object starts */
    const struct yaml_doc *doc;
    struct str prefix; /* JSON pointer of the object in its document: "", "/items/3" ... */
    json_at object;    /* node, or JSON_NONE (a review without one) */
    const struct policy *policy;
    const struct workload *workload;
    const struct decision *decision;
};

struct subject_totals {
    size_t objects, images, rewritten, denied, warned,
        unchanged; /* the last four add up to images */
    size_t denied_objects, warned_objects;
    size_t unreadable; /* inputs and documents that could not be judged */
};

/* false ends the walk (output cannot be written). */
typedef bool subject_fn(void *arg, const struct subject *s);

/* Errors: EC_NOMEM. All else is told and counted in totals->unreadable. */
enum ec subject_each(char *const *paths, size_t n_paths, const struct policy *policy,
                     const struct asked *asked, subject_fn *each, void *arg,
                     struct subject_totals *totals, struct err *err) MUST_CHECK;

/* Line and column of a pointer within the object. */
struct yaml_pos subject_where(const struct subject *s, struct str pointer);
/* ... of an image of it; its pointer goes to *pointer (reset first). */
struct yaml_pos subject_image_where(const struct subject *s, const struct workload_image *image,
                                    struct buf *pointer);

#endif
