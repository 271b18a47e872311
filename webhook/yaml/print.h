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

/* The same piece by piece, for values that are not nodes of one document: open, one value (a scalar, a
 * node with all it holds, or begin, its members or elements, end; a key is a string), close. `seen`: no
 * string of it has a mark that the eye does not see (yaml_print_is_seen), else all that is not ASCII is
 * escaped. What fails is an error of close, which frees the printer. */
struct yaml_printer;
bool yaml_print_is_seen(const struct json *j, json_at at);
enum ec yaml_printer_open(struct yaml_printer **out, struct buf *text, bool seen,
                          struct err *err) MUST_CHECK;
void yaml_printer_begin(struct yaml_printer *p, bool object, bool empty);
void yaml_printer_end(struct yaml_printer *p, bool object);
void yaml_printer_string(struct yaml_printer *p, struct str s);
void yaml_printer_node(struct yaml_printer *p, const struct json *j, json_at at);
enum ec yaml_printer_close(struct yaml_printer *p, struct err *err) MUST_CHECK;

#endif
