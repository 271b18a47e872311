/* edit/krm - the request and the answer of a KRM function of kustomize: a ResourceList.
 * Source     kustomize, cmd/config/docs/api-conventions/functions-spec.md: apiVersion
 *            config.kubernetes.io/v1, kind ResourceList, items, functionConfig, results
 * Threads    pure functions                                                                  */
#ifndef PULLGATE_EDIT_KRM_H
#define PULLGATE_EDIT_KRM_H

#include "object/object.h"

bool edit_krm_is_list(const struct json *j);

/* One result, in JSON: severity error for a denial, warning for a warning, info for
 * what is not judged. */
void edit_krm_result(struct buf *out, const struct object *o, const struct reason *r);

#endif
