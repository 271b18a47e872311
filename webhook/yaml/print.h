/* yaml/print - JSON nodes as YAML text, as kubectl prints it and reads it back.
 * Shape      block style, indented by two, sequences at the level of their key; strings plain when
 *            they stay strings by the rules of yaml.h, as a block when they have several lines,
 *            else double-quoted
 * Errors     EC_NOMEM, EC_LIMIT (out is full)
 * Threads    no shared state
 * Cost       strings that are all easy are laid out here (yaml/lay.h); of any other text libyaml's emitter does
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
 * node with all it holds, or begin, its members or elements, end; a key is a string), close. `strings`:
 * the most that a string of it needs. What fails is an error of close, which frees the printer. */
enum yaml_print_strings {
    YAML_PRINT_EASY, /* printable ASCII; keys of at most 128 bytes */
    YAML_PRINT_SEEN, /* each mark is one that the eye sees */
    YAML_PRINT_ANY   /* not so: all that is not ASCII is escaped */
};
struct yaml_printer;
/* Raises *strings to what a node with all it holds, a value, or a key needs. */
void yaml_print_look(enum yaml_print_strings *strings, const struct json *j, json_at at);
void yaml_print_look_at(enum yaml_print_strings *strings, struct str s);
void yaml_print_look_at_key(enum yaml_print_strings *strings, struct str key);
enum ec yaml_printer_open(struct yaml_printer **out, struct buf *text,
                          enum yaml_print_strings strings, struct err *err) MUST_CHECK;
void yaml_printer_begin(struct yaml_printer *p, bool object, bool empty);
void yaml_printer_end(struct yaml_printer *p, bool object);
void yaml_printer_string(struct yaml_printer *p, struct str s);
void yaml_printer_node(struct yaml_printer *p, const struct json *j, json_at at);
enum ec yaml_printer_close(struct yaml_printer *p, struct err *err) MUST_CHECK;

#endif
