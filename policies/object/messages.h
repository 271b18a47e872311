/* object/messages - what a person reads about objects: names, what is not judged, what cannot be judged.
 *
 *      object_put_...   appends to a buffer, on any thread
 *      object_report_...  writes to standard error; of the type of a sink's functions
 *
 * Shape      lines are "file:line:col: kind: message" with their line end; texts of an object or a path are
 *            escaped for a terminal
 * Errors     a buffer without room is marked bad, as everywhere; standard error that cannot be written
 *            is not reported
 * Threads    pure functions, but for standard error                                         */
#ifndef PULLGATE_OBJECT_MESSAGES_H
#define PULLGATE_OBJECT_MESSAGES_H

#include "object/object.h"

/* "Pod/airbyte/check": kind, namespace, name, as far as known. Not escaped: the caller's format does. */
void object_put_name(struct buf *out, const struct object *o);

/* "deny", "warn", "note" */
const char *object_weight_name(enum reason_weight weight);

/* Of an object that is not judged: the line of the text format; why, and what was seen; its position. */
void object_put_unjudged_line(struct buf *out, const struct object *o);
void object_put_unjudged(struct buf *out, const struct object *o);
struct yaml_location object_unjudged_where(const struct object *o);

/* "file:line:col: message", the line and a caret. */
void object_put_fault(struct buf *out, const struct object_fault *f);
void object_put_note(struct buf *out, const char *file, uint32_t line, const char *text);

/* For sinks; arg is not looked at. */
void object_report_fault(void *arg, const struct object_fault *f);
void object_report_note(void *arg, const char *file, uint32_t line, const char *text);
void object_report_reason(void *arg, const struct object *o, const struct reason *r);
void object_report_unjudged(void *arg, const struct object *o);
/* Pod templates get no pull secrets. */
void object_report_templates(void *arg);

/* Istio's "auto" is left out of a list of images. */
void object_report_placeholder(const struct object *o, const struct workload_image *image);

#endif
