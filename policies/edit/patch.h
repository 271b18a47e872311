/* edit/patch - a decision's edits applied to an object, as a walk over what it becomes.
 *
 *      nodes of the object + edits --edit_patch_walk--> begin, key, string, node, end ...
 *                                                         |--edit_patch_digest--> 128 bits
 *                                                         '--edit_patch_yaml----> YAML text
 *
 * Why        the object as it will be is never held: an object of 50 MB would be kept twice
 * Shape      keys stay in their order, a new one comes last; numbers stay as they are written
 * Cost       one walk over the object, and a look-up per edit
 * Threads    pure functions                                                                 */
#ifndef PULLGATE_EDIT_PATCH_H
#define PULLGATE_EDIT_PATCH_H

#include "base/buf.h"
#include "base/err.h"
#include "engine/engine.h"
#include "json/json.h"

struct edit_patch_sink {
    void (*begin)(void *arg, enum json_type type, size_t n); /* n members or elements follow */
    void (*end)(void *arg, enum json_type type);
    void (*key)(void *arg, struct str key);
    void (*string)(void *arg, struct str s); /* a new value */
    void (*node)(void *arg, const struct json *j,
                 json_at at); /* unchanged, with all it holds */
    void *arg;
};

/* All: `edits` point into the object, at values and lists that exist, in an order that makes each
 * independent of those before. Errors: EC_NOMEM; EC_BUG for an edit whose pointer names nothing. */

enum ec edit_patch_walk(const struct json *j, json_at object, const struct engine_edit *edits,
                        size_t n_edits, const struct edit_patch_sink *to, struct err *err)
    MUST_CHECK;

/* Two values with the same digest say the same, whatever the order of their keys; numbers are compared
 * as written. A guard against mistakes of our own: no one gains by a collision, and none is prevented. */
struct edit_digest {
    uint64_t v[2];
};
enum ec edit_patch_digest(struct edit_digest *out, const struct json *j, json_at object,
                          const struct engine_edit *edits, size_t n_edits, struct err *err)
    MUST_CHECK;
bool edit_digest_equal(const struct edit_digest *a, const struct edit_digest *b);

/* Appends the object with its edits as one document of YAML (yaml/print.h). Errors: also EC_LIMIT. */
enum ec edit_patch_yaml(const struct json *j, json_at object, const struct engine_edit *edits,
                        size_t n_edits, struct buf *out, struct err *err) MUST_CHECK;

#endif
