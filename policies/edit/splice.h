/* edit/splice - YAML and JSON text changed value by value; all around it stays as it was.
 *
 *      node of a document --its line and column--> bytes in the text --text--> new text
 *
 * Rules      a scalar keeps its quotes; what is added is written as its neighbours are, block or
 *            flow, bare or quoted. What is written in a way that is not understood is an error:
 *            the caller reads the result again and compares
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_EDIT_SPLICE_H
#define PULLGATE_EDIT_SPLICE_H

#include "edit/text.h"
#include "json/json.h"

struct edit_splice {
    struct edit_text *text;
    const struct yaml_doc *doc;
};

/* All: EC_SCHEMA, with line and column, for what cannot be changed in place; EC_NOMEM, EC_LIMIT. */

/* A string, or null, becomes another string. */
enum ec edit_splice_scalar(const struct edit_splice *s, json_at node, struct str value,
                           struct err *err) MUST_CHECK;

/* A member is added to a mapping, before the member whose key is `before` (of the first,
 * when there is none). */
enum ec edit_splice_member(const struct edit_splice *s, json_at mapping, struct str before,
                           const char *key, struct str value, struct err *err) MUST_CHECK;

/* The same with a list of {name: ...}. */
enum ec edit_splice_names(const struct edit_splice *s, json_at mapping, const char *key,
                          const struct str *names, size_t n, struct err *err) MUST_CHECK;

/* A list of {name: ...}, or null, becomes one of these names; those in front that are right
 * stay as they are. */
enum ec edit_splice_name_list(const struct edit_splice *s, json_at list,
                              const struct str *names, size_t n, struct err *err) MUST_CHECK;

/* Items, each in JSON, after the last one of a list; or a member with a new list. */
enum ec edit_splice_items(const struct edit_splice *s, json_at mapping, const char *key,
                          const struct str *items, size_t n, struct err *err) MUST_CHECK;

#endif
