/* log - the daemon's own messages: one JSON object per line on standard error.
 * Shape      {"time":"...","level":"info","event":"ready","port":9443}
 * Rules      the event is a constant word, values are fields; the code that handles an error logs
 *            it, once; never specs, env, tokens or keys; below the programs nothing logs
 * Errors     when standard error blocks, is closed or full, lines are lost; their number is logged
 *            as the event log_lines_lost as soon as a line can be written
 * Threads    any; lines of threads do not mix                                               */
#ifndef PULLGATE_BASE_LOG_H
#define PULLGATE_BASE_LOG_H

#include "base/err.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *key; /* NULL ends the list */
    enum { LOG_KIND_STR, LOG_KIND_INT, LOG_KIND_BOOL } kind;
    struct str s;
    int64_t i;
};

#define F_STR(k, v) ((struct log_field){.key = (k), .kind = LOG_KIND_STR, .s = (v)})
#define F_Z(k, v) ((struct log_field){.key = (k), .kind = LOG_KIND_STR, .s = str_of(v)})
#define F_INT(k, v) ((struct log_field){.key = (k), .kind = LOG_KIND_INT, .i = (int64_t)(v)})
#define F_BOOL(k, v) ((struct log_field){.key = (k), .kind = LOG_KIND_BOOL, .i = (v)})
#define F_END ((struct log_field){.key = NULL})

/* LOG(LOG_INFO, "ready", F_INT("port", port), F_END) */
#define LOG(level, event, ...) log_event(level, event, (const struct log_field[]){__VA_ARGS__})

/* Lines below this level are dropped; LOG_INFO at the start. */
void log_set_level(enum log_level level);

/* From now on a separate thread writes the lines, and logging never waits. Without the thread, as before
 * this call, they are written at once. */
void log_start(void);
/* Waits until all lines are written, at most two seconds. */
void log_flush(void);
/* The same, and ends the thread; if it hangs in write(2) it is left there, and nothing is written
 * any more. */
void log_stop(void);

void log_event(enum log_level level, const char *event, const struct log_field *fields);
/* An error with its code, text and location. */
void log_err(enum log_level level, const char *event, const struct err *e);

#endif
