/* policyctl/requester - the user, namespace and operation of a request, from options: for standalone
 * images and for objects that do not specify them.
 * Ownership  struct requester borrows from argv, its labels too
 * Limits     REQUESTER_LABELS_MAX labels                                                          */
#ifndef PULLGATE_POLICYCTL_REQUESTER_H
#define PULLGATE_POLICYCTL_REQUESTER_H

#include "base/opts.h"
#include "object/object.h"

enum { REQUESTER_LABELS_MAX = 64 };

struct requester_flags { /* as the options give it; NULL and 0: not given */
    const char *namespace, *labels, *service_account, *user, *now;
    struct opt_list groups;
    int operation; /* 0 CREATE, 1 UPDATE */
};

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

/* --now, or the clock's time when it is NULL. Errors: EC_USAGE. */
enum ec requester_now(int64_t *out_s, const char *flag, struct err *err) MUST_CHECK;

/* A pod of one container with the image; borrows from all that is given. */
struct workload requester_pod(const struct requester *w, struct workload_image *room,
                              struct str image);

#endif
