/* convert/kubernetes - what formats that are Kubernetes objects share: lists, label selectors,
 * namespaces.
 * Threads    one at a time                                                                   */
#ifndef PULLGATE_CONVERT_KUBERNETES_H
#define PULLGATE_CONVERT_KUBERNETES_H

#include "convert/draft.h"

typedef void convert_object_fn(struct convert *c, json_at object, struct str kind);

/* Calls it for the document's object, or for each of a List. Errors: EC_SCHEMA, it is none. */
enum ec convert_each_object(struct convert *c, convert_object_fn *each, struct err *err)
    MUST_CHECK;

/* The group of an object's apiVersion begins with this text. */
bool convert_in_group(const struct convert *c, json_at object, const char *group);

/* What a selection cannot be expressed for, or NULL: then it is in the clause. */
typedef const char *convert_why;

/* A list of names or globs of namespaces into KEY_NAMESPACES or KEY_SPACES. */
convert_why convert_namespaces(struct convert *c, struct convert_block *clause,
                               enum convert_key key, json_at list);
/* A label selector of pods. */
convert_why convert_pod_labels(struct convert *c, struct convert_block *clause,
                               json_at selector);
/* A label selector of namespaces, if it is by kubernetes.io/metadata.name, which is their name. */
convert_why convert_namespace_labels(struct convert *c, struct convert_block *clause,
                                     json_at selector);

/* A key that is none of these (NULL after the last), or JSON_NONE: its value. */
json_at convert_other_key(const struct convert *c, json_at map, const char *const *words);

#endif
