/* policyctl/print - how judged objects are shown; one row per output format. */
#ifndef PULLGATE_POLICYCTL_PRINT_H
#define PULLGATE_POLICYCTL_PRINT_H

#include "policyctl/subject.h"

struct print {          /* state of one run */
    struct buf out;     /* flushed by the caller after each call */
    struct buf scratch; /* a pointer, a patch ... */
    size_t n_objects;
};

/* Where an image stands, with its pointer in p->scratch. A pointer that found no memory must not
 * be shown as an empty one: the output then fails. */
static inline struct yaml_pos print_where(struct print *p, const struct subject *s,
                                          const struct workload_image *image) {
    struct yaml_pos pos = subject_image_where(s, image, &p->scratch);
    if (p->scratch.bad && !p->out.bad)
        p->out.bad = p->scratch.bad;
    return pos;
}

struct print_format {
    const char *name;
    void (*begin)(struct print *p);
    enum ec (*object)(struct print *p, const struct subject *s, struct err *err);
    void (*end)(struct print *p, const struct subject_totals *t);
};

/* In the order of the words of -o. */
extern const struct print_format print_formats[];

void print_text_begin(struct print *p);
enum ec print_text_object(struct print *p, const struct subject *s, struct err *err);
void print_text_end(struct print *p, const struct subject_totals *t);
void print_json_begin(struct print *p);
enum ec print_json_object(struct print *p, const struct subject *s, struct err *err);
void print_json_end(struct print *p, const struct subject_totals *t);
enum ec print_yaml_object(struct print *p, const struct subject *s, struct err *err);
enum ec print_diff_object(struct print *p, const struct subject *s, struct err *err);

/* The object's JSON before and after the decision's edits, compact. */
enum ec print_patched(const struct subject *s, struct buf *before, struct buf *after,
                      struct err *err) MUST_CHECK;

/* A unified diff of two texts of lines, three lines of context; nothing when they are equal. */
enum ec print_unified(struct buf *out, const char *name_before, const char *name_after,
                      struct str before, struct str after, struct err *err) MUST_CHECK;

#endif
