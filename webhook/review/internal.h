/* review/internal - shared by review's own files. */
#ifndef PULLGATE_REVIEW_INTERNAL_H
#define PULLGATE_REVIEW_INTERNAL_H

#include "review/review.h"

/* A member's name, and its first eight bytes (padded with zeros) as a number, by which most names
 * differ. */
struct member_name {
    struct str text;
    uint64_t head;
};
#define NAME(z)                                                                                \
    { STR_INIT(z), NAME_HEAD(z) }
#define NAME_HEAD(z)                                                                           \
    (NAME_BYTE(z, 0) | NAME_BYTE(z, 1) | NAME_BYTE(z, 2) | NAME_BYTE(z, 3) | NAME_BYTE(z, 4) | \
     NAME_BYTE(z, 5) | NAME_BYTE(z, 6) | NAME_BYTE(z, 7))
/* In the byte order of the machine, like a load of eight bytes. */
#define NAME_BYTE(z, i)                                                                        \
    ((uint64_t)(unsigned char)((i) < sizeof(z) ? (z)[(i) < sizeof(z) ? (i) : 0] : 0)           \
     << 8 * (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? (i) : 7 - (i)))

/* Values of the members named in names[0..n): out[i] is JSON_NONE where the member is absent or
 * null. The order of names is a hint: members mostly come in the API's own order. */
void review_members(const struct json *j, json_at object, const struct member_name *names,
                    size_t n, json_at *out);

/* Notes the first fault, of the value `at` or of none. */
void review_fault_at(struct review_fault *f, json_at at, const char *format, ...) PRINTF(3, 4);

/* The pod spec of a kind of workload. */
struct shape_row {
    struct str group;
    struct str version; /* the apiVersion people should write */
    struct str resource, kind;
    struct str object; /* JSON pointer of the pod or the pod template within the object */
    struct str spec;   /* ... and of its pod spec */
};
/* NULL: a kind that runs no images. Versions do not matter: the shape is the same in all. */
const struct shape_row *review_shape_of_resource(struct str group, struct str resource);
struct str review_group_of(struct str api_version);
const struct shape_row *review_shape_of_kind(struct str group, struct str kind);

struct decoder {
    const struct json *j;
    struct arena *arena;
    struct review_fault *fault;
    struct workload *w;
    json_at object; /* what is judged: pointers in messages are relative to it */
    json_at old;    /* UPDATE: the old object; else JSON_NONE */
    struct review_fault
        *old_fault;        /* a fault that the old object has as well; NULL: not wanted */
    unsigned n_old_faults; /* faults compared with the old object so far */
    struct workload_image *images; /* the workload's, while they are written */
    struct workload_odd *odd;      /* likewise */
    bool full;                     /* the arena is full */
};

/* A fault of the value `at`: "what (/pointer): rest". */
void review_fault_value(struct decoder *d, json_at at, const char *what, const char *format,
                        ...) PRINTF(4, 5);
/* The same for an odd text. */
void review_fault_odd(struct decoder *d, json_at at, const char *what);
/* Notes a name that cannot be compared. key: of a label. */
void review_note_odd_name(struct decoder *d, json_at at, enum workload_odd_name what,
                          struct str key);
static inline void note_odd(struct decoder *d, json_at at, enum workload_odd_name what,
                            struct str key) {
    if (json_is_odd(d->j, at))
        review_note_odd_name(d, at, what, key);
}

/* Decodes the pod or template at `object`, pod spec and metadata, into d->w. old: its counterpart in
 * the old object, or JSON_NONE (then everything counts as changed). */
void review_decode_pod(struct decoder *d, json_at object, json_at old);
/* pods/ephemeralcontainers: a Pod, or EphemeralContainers of servers before 1.22. */
void review_decode_ephemeral(struct decoder *d, json_at object, json_at old);

/* Replaces any earlier error. */
enum ec review_refuse_long_uid(struct str uid, struct err *err);

/* The node at a JSON pointer (without escapes) below `at`; JSON_NONE where absent or null. */
json_at review_node_below(const struct json *j, json_at at, struct str pointer);

#endif
