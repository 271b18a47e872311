/* edit/json_arena - jansson where memory may run out.
 * It must not see an allocation fail: its lexer loses a byte then and goes on, beyond the end of what
 * it has if that byte was a quote; and json_pack() loses what it made. Here all its memory comes
 * from an arena that ends with the call, and longjmp() leaves the call when there is no room.
 * Threads    one call in each thread at a time                                                  */
#ifndef PULLGATE_EDIT_JSON_ARENA_H
#define PULLGATE_EDIT_JSON_ARENA_H

#include "base/err.h"

/* May be left at any call of jansson: arg must name what it owns beside jansson's. */
typedef void edit_json_arena_fn(void *arg, struct err *err);

/* Runs it. Errors: its own; EC_NOMEM, EC_LIMIT. */
enum ec edit_json_arena(edit_json_arena_fn *work, void *arg, struct err *err);

#endif
