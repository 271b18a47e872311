/* policyctl/requester - who asks for what, where: by flags, for images that stand alone and for objects
 * that do not say it themselves.
 * Ownership  struct requester borrows from argv, its labels too
 * Limits     REQUESTER_LABELS_MAX labels                                                          */
#ifndef PULLGATE_POLICYCTL_REQUESTER_H
#define PULLGATE_POLICYCTL_REQUESTER_H

#include "base/opts.h"
#include "object/object.h"

enum { REQUESTER_LABELS_MAX = 64 };

struct requester_flags {
    const char *namespace, *labels, *service_account, *user, *now;
    struct opt_list groups;
    int operation;
};

extern const char *const requester_operations[];

/* Rows for a verb's option table; `member` is the struct requester_flags in its options. */
#define REQUESTER_AT(type, member, field)                                                      \
    .offset = offsetof(type, member) + offsetof(struct requester_flags, field)
/* clang-format off */
#define REQUESTER_WHERE_ROWS(type, member)                                                          \
    {"namespace", 'n', OPT_STRING, "NAME", NULL,                                               \
     "Namespace of images that stand alone, and of objects that name none; \"default\" when " \
     "not given.",                                                                             \
     REQUESTER_AT(type, member, namespace)},                                                        \
    {"labels", 'l', OPT_STRING, "KEY=VALUE,...", NULL,                                         \
     "Labels of the pod that an image standing alone is taken to be in.",                      \
     REQUESTER_AT(type, member, labels)},                                                           \
    {"service-account", 0, OPT_STRING, "NAME", "default",                                      \
     "Service account of that pod, and of pods that name none.",                               \
     REQUESTER_AT(type, member, service_account)}
#define REQUESTER_WHO_ROWS(type, member)                                                            \
    {"user", 0, OPT_STRING, "NAME", NULL,                                                      \
     "Who asks, as system:serviceaccount:airbyte:airbyte-admin; for rules that match users.",  \
     REQUESTER_AT(type, member, user)},                                                             \
    {"group", 0, OPT_LIST, "NAME", NULL, "A group of that user; may be given several times.",  \
     REQUESTER_AT(type, member, groups)},                                                           \
    {"now", 0, OPT_STRING, "TIME", NULL,                                                       \
     "Date (2027-01-31) or RFC 3339 time at which exemptions are looked at; the clock's when " \
     "not given.",                                                                             \
     REQUESTER_AT(type, member, now)}
#define REQUESTER_OPERATION_ROW(type, member)                                                       \
    {"operation", 0, OPT_WORD, "WORD", "CREATE",                                               \
     "What is asked. On UPDATE of a pod only images can still be rewritten.",                  \
     REQUESTER_AT(type, member, operation), .words = requester_operations}
/* clang-format on */

struct requester {
    struct object_request request;
    struct str service_account;
    struct str groups[OPT_LIST_MAX];
    struct match_label labels[REQUESTER_LABELS_MAX];
    size_t n_labels;
};

/* Errors: EC_USAGE for labels and times that are none. */
enum ec requester_read(struct requester *out, const struct requester_flags *flags,
                       struct err *err) MUST_CHECK;

/* --now, or the clock's time. Errors: EC_USAGE. */
enum ec requester_now(int64_t *out_s, const char *flag, struct err *err) MUST_CHECK;

/* A pod of one container with the image; borrows from all that is given. */
struct workload requester_pod(const struct requester *w, struct workload_image *room,
                              struct str image);

#endif
