/* report/json_text - members of JSON objects, as several formats write them.
 * Shape      each begins with its comma, but for report_json
 * Errors     those of the buf
 * Threads    pure functions                                                                  */
#ifndef PULLGATE_REPORT_JSON_TEXT_H
#define PULLGATE_REPORT_JSON_TEXT_H

#include "base/buf.h"

/* `before` as it is, then the value as a JSON string. */
void report_json(struct buf *out, const char *before, struct str value);

void report_json_string(struct buf *out, const char *key, struct str value);
void report_json_number(struct buf *out, const char *key, size_t value);
void report_json_bool(struct buf *out, const char *key, bool value);
/* "line" and "column" */
void report_json_position(struct buf *out, uint32_t line, uint32_t col);

#endif
