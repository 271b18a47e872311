/* yaml/print - JSON nodes as YAML text, as kubectl prints it and reads it back.
 * Shape      block style, indented by two, sequences at the level of their key; strings plain when
 *            they stay strings by the rules of yaml.h, as a block when they have several lines,
 *            else double-quoted
 * Errors     EC_NOMEM, EC_LIMIT (out is full)
 * Threads    no shared state
 * Source     libyaml 0.2.5's emitter                                                        */
#ifndef PULLGATE_YAML_PRINT_H
#define PULLGATE_YAML_PRINT_H

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

/* Appends the value at `at` as one document, without "---". */
enum ec yaml_print(const struct json *j, json_at at, struct buf *out, struct err *err)
    MUST_CHECK;

#endif
