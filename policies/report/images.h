/* report/images - images and where the policy sends them, gathered, each pair once.
 *
 *      objects, names --report_images_add_...--> rows --report_images_sort--> printers
 *
 * Ownership  all texts are copied into the arena
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_REPORT_IMAGES_H
#define PULLGATE_REPORT_IMAGES_H

#include "object/object.h"

struct report_image_check { /* what registries say of a row; texts are the checker's */
    struct str status;      /* "exists", "missing", "no access", "cannot tell", "unreachable" */
    struct str reason;      /* empty: none */
    struct str credential;  /* where the credential is from that was used; empty: none was */
    struct str digest;      /* computed; empty: the bytes were not read */
    const struct str *platforms;
    size_t n_platforms;
    const struct str *lacking; /* platforms that are asked for and not there */
    size_t n_lacking;
    struct str source; /* "same", "differs", or why it is not known; empty: not compared */
    struct str source_digest;  /* computed; empty: not known */
    struct str limit, warning; /* of the registry; empty: none */
    bool good;                 /* it exists, for all platforms, and is the source's */
    bool copy;                 /* it is missing, or differs from its source */
};

struct report_image_row {
    struct str source; /* host/repository[:tag][@digest], the host always there */
    struct str target; /* the same; equal to source where it stays */
    struct str denied; /* why; empty when it is not */
    const char *file;
    struct yaml_location pos;
    size_t uses; /* how often it was found */
    struct str
        pull_secrets; /* "NAMESPACE/NAME ..." of its pod; rows that differ in it stay apart */
    const struct report_image_check *check; /* NULL: not checked */
};

struct report_images {
    struct arena arena;
    struct report_image_row *rows;
    size_t n, cap;
    const char *file;        /* named last */
    size_t n_unjudged;       /* objects with images that are not among the rows */
    struct str pull_secrets; /* of the rows that are added next; borrowed */
    bool checked;            /* each row that is not denied has a check */
    bool only_missing;       /* skopeo copies those alone that are to be copied */
};

/* What Istio's injector fills in: no image of Docker Hub. */
bool report_images_is_placeholder(const struct workload_image *image);

/* The images of an object but for placeholders; a denied row without an image where they cannot be read.
 * Errors: EC_NOMEM, EC_LIMIT. */
enum ec report_images_add_object(struct report_images *to, const struct object *o,
                                 struct err *err) MUST_CHECK;

/* The only image of a pod, in a line of a list of names. Errors: EC_NOMEM, EC_LIMIT. */
enum ec report_images_add_name(struct report_images *to, const struct policy *policy,
                               const struct workload *pod, int64_t now_s, const char *file,
                               uint32_t line, struct err *err) MUST_CHECK;

/* Sorted by bytes, each pair of source and target once; the first place found stays. */
void report_images_sort(struct report_images *m);
void report_images_done(struct report_images *m);

/* The denied ones, a line each, escaped for a terminal; false when there are none. */
bool report_images_put_denials(struct buf *out, const struct report_images *m);

/* Is it allowed, and pulled from elsewhere? */
bool report_images_moves(const struct report_image_row *row);

/* Does skopeo copy it? */
bool report_images_copies(const struct report_images *m, const struct report_image_row *row);

/* "missing: there is no repository x (Secret a/b, key c)" */
void report_images_put_check(struct buf *out, const struct report_image_check *check);

/* One per word of -o, in its order; each returns how many images it cannot show. */
typedef size_t report_images_print_fn(struct buf *out, const struct report_images *m);
report_images_print_fn report_images_print_table, report_images_print_json,
    report_images_print_sync, report_images_print_copy;

#endif
