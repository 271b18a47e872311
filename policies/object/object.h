/* object/object - one input to judged objects: streams, Lists, AdmissionReviews.
 *
 *      file --object_read_file--> documents --> objects --> struct object --> sink
 *                                 '--> fault, or skipped: what is in a folder and is not a manifest
 *
 * Order      objects as they are in the file
 * Errors     a document that cannot be judged goes to the sink as a fault, is counted, and the
 *            rest goes on
 * Ownership  an object lives during its callback
 * Threads    one struct object_judge per thread; policy and request are shared                        */
#ifndef PULLGATE_OBJECT_OBJECT_H
#define PULLGATE_OBJECT_OBJECT_H

#include "base/opts.h"
#include "object/excerpt.h"
#include "object/unjudged.h"
#include "review/review.h"
#include "yaml/yaml.h"

#define OBJECT_NAMESPACE "default" /* of pods without one, as kubectl has it */

struct object_request {    /* what flags say about objects that are not AdmissionReviews */
    const char *namespace; /* of objects that name none; NULL: OBJECT_NAMESPACE */
    const char *user;
    const char *service_account; /* of pods that name none */
    const struct opt_list *groups;
    enum workload_operation operation;
    unsigned engine_flags;
    int64_t now_s;
    bool
        undecided; /* no decision is made: it is NULL, unless the object is malformed, and totals
                       count neither objects nor images */
};

struct object_judge { /* one thread's */
    const struct policy *policy;
    const struct object_request *request;
    struct str groups[OPT_LIST_MAX];
    struct arena arena;
    struct str item_version, item_kind; /* of items that name none: a PodList's */
};

struct object {
    const char *file;
    struct str text;              /* the file's, in UTF-8; empty for UTF-16 */
    struct object_excerpt *lines; /* of that text */
    struct json_cursor *near;     /* where the image asked for last is in doc->json */
    size_t index;                 /* 0-based among the file's objects */
    uint32_t line;                /* where the object starts */
    const struct yaml_doc *doc;
    struct str prefix; /* JSON pointer of the object in its document: "", "/items/3" ... */
    json_at object;    /* node, or JSON_NONE (a review without one) */
    bool is_review;
    json_at malformed; /* the value why it cannot be judged, or JSON_NONE */
    const struct policy *policy;
    const struct workload *workload;
    const struct decision *decision;
    const struct object_unjudged *unjudged; /* what was not judged; NULL: all was judged */
};

struct object_fault { /* what cannot be judged */
    const char *file;
    struct object_excerpt *lines; /* of the file's text; NULL: there is none to show */
    bool whole;                   /* the input itself cannot be read; else a document of it */
    const struct err *err;
};

struct object_skip { /* a file of a folder that is not a manifest */
    const char *file;
    bool unrendered; /* a template */
};

struct object_totals {
    size_t objects, images, rewritten, denied, warned,
        unchanged; /* the last four add up to images and the objects denied without any */
    size_t denied_objects, warned_objects;
    size_t malformed_objects; /* of the denied ones; their images are not among `images` */
    size_t unjudged_objects;  /* of the others: not judged, or not all of them */
    size_t unreadable;        /* inputs and documents that could not be judged */
    size_t skipped;           /* files of folders that are not manifests ... */
    size_t unrendered;        /* ... or hold templates */
};

struct object_sink {
    enum ec (*object)(void *arg, const struct object *o, struct err *err); /* else: the end */
    void (*fault)(void *arg, const struct object_fault *f);
    void (*note)(void *arg, const char *file, uint32_t line, const char *text);
    void (*skip)(void *arg, const struct object_skip *skip); /* or NULL */
    void *arg;
};

void object_judge_init(struct object_judge *j, const struct policy *policy,
                       const struct object_request *request);
void object_judge_done(struct object_judge *j);

/* Judges a file's objects; "-" is standard input. Errors: EC_NOMEM and the sink's own; all else
 * is a fault, save for a file `found` in a folder that is not a manifest. Totals are added
 * to. */
enum ec object_read_file(struct object_judge *j, const char *path, bool found,
                         const struct object_sink *to, struct object_totals *totals,
                         struct err *err) MUST_CHECK;

/* The same with the file's bytes; `file` is its name in messages. */
enum ec object_read_text(struct object_judge *j, const char *file, struct str text,
                         const struct object_sink *to, struct object_totals *totals,
                         struct err *err) MUST_CHECK;

/* Judges one object, or list of objects, somewhere in a document. */
enum ec object_read_part(struct object_judge *j, const char *file, const struct yaml_doc *doc,
                         struct str prefix, json_at object, const struct object_sink *to,
                         struct object_totals *totals, struct err *err) MUST_CHECK;

void object_totals_add(struct object_totals *to, const struct object_totals *more);

/* The workload of a bare object. Errors: EC_SCHEMA (no Kubernetes object, or an apiVersion that its
 * kind never had), and the arena's. */
enum ec object_workload(struct workload *out, struct review_fault *fault,
                        const struct object_judge *j, const struct json *json, json_at object,
                        struct arena *arena, struct err *err) MUST_CHECK;

/* "allow", "warn", "deny", "not-judged" */
const char *object_verdict_name(const struct object *o);

/* The name, or the generateName; may be empty. */
struct str object_name(const struct object *o);

/* Of an object that has a decision: sets o->unjudged to *out, or to NULL where all was judged. */
void object_set_unjudged(struct object *o, struct object_unjudged *out);

/* Line and column of a pointer within the object. */
struct yaml_location object_where(const struct object *o, struct str pointer);
/* ... of an image of it; its pointer goes to *pointer (reset first). */
struct yaml_location object_image_where(const struct object *o,
                                        const struct workload_image *image,
                                        struct buf *pointer);
/* ... of what a reason is about: an image, or the object (then *pointer is empty). */
struct yaml_location object_reason_where(const struct object *o, const struct reason *r,
                                         struct buf *pointer);
/* ... of the pod spec's imagePullSecrets. */
struct yaml_location object_secrets_where(const struct object *o);

#endif
