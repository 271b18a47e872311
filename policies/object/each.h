/* object/each - the objects of all operands, one after the other, for verbs that use one thread.
 * Errors     an input or document that cannot be read is reported on standard error and counted
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_OBJECT_EACH_H
#define PULLGATE_OBJECT_EACH_H

#include "object/object.h"

/* What is not EC_OK ends the walk. */
typedef enum ec object_each_fn(void *arg, const struct object *o, struct err *err);

/* Files, folders, "-". Templates in folders are reported, other files that are not manifests only
 * counted.
 * Errors: EC_NOMEM, and the callback's. */
enum ec object_each(char *const *operands, size_t n, const struct opt_list *exclude,
                    const struct policy *policy, const struct object_request *request,
                    object_each_fn *take, void *arg, struct object_totals *totals,
                    struct err *err) MUST_CHECK;

/* The same with one text. */
enum ec object_each_in_text(const char *file, struct str text, const struct policy *policy,
                            const struct object_request *request, object_each_fn *take,
                            void *arg, struct object_totals *totals, struct err *err)
    MUST_CHECK;

#endif
