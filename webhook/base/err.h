/* err - what went wrong, in the user's words, on the caller's stack.
 * Shape      a code (for HTTP status, exit status, log level), a location, a text
 * Use        struct err err = ERR_INIT;
 *            if (f(..., &err) != EC_OK) return err_wrap(&err, "...");
 * Rules      last parameter, never NULL, allocates nothing; the first error wins
 * Text       what was found and what was expected; no "failed to", no final dot
 * Threads    no shared state                                                                */
#ifndef PULLGATE_BASE_ERR_H
#define PULLGATE_BASE_ERR_H

#include "base/attrs.h"
#include "base/buf.h"
#include "base/str.h"

enum ec {
    EC_OK = 0,
    EC_SYNTAX, /* bytes that are not of the language (JSON, YAML, image reference, PEM ...) */
    EC_SCHEMA, /* well-formed, but not of the expected shape or value */
    EC_LIMIT,  /* larger, deeper or more than allowed */
    EC_NOMEM,  /* an allocation failed */
    EC_IO,     /* a file, socket or process; os is errno */
    EC_USAGE,  /* command line or environment */
    EC_CRYPTO, /* key or certificate unfit for its purpose */
    EC_BUG     /* cannot happen; if it does, it is a bug here */
};

struct err {
    enum ec code;
    int os;          /* errno, or 0 */
    uint32_t line;   /* 1-based, in the input; 0 when unknown */
    uint32_t col;    /* 1-based, in bytes */
    size_t offset;   /* 0-based byte position in the input; for one-line inputs */
    const char *src; /* source file that set the error */
    int src_line;
    char where[256]; /* "rules.yaml" or "/spec/containers/0/image"; "" when unknown */
    char msg[512];
};

/* Clears all that is read; of the text buffers, the first byte is enough. */
#define ERR_INIT                                                                               \
    { .code = EC_OK }

/* Each returns the code of err, for `return err_set(...)`. */
#define err_set(e, code, ...) err_set_at(e, __FILE__, __LINE__, code, __VA_ARGS__)
#define err_set_os(e, os, ...) err_set_os_at(e, __FILE__, __LINE__, os, __VA_ARGS__)

#define err_no_memory(e) err_set(e, EC_NOMEM, "out of memory")
enum ec err_set_at(struct err *e, const char *src, int src_line, enum ec code,
                   const char *format, ...) PRINTF(5, 6);
/* EC_IO with ": <text of errno>" after the message (EC_NOMEM for ENOMEM). */
enum ec err_set_os_at(struct err *e, const char *src, int src_line, int os, const char *format,
                      ...) PRINTF(5, 6);

/* Prepends "context: " to the message; the code is unchanged. */
enum ec err_wrap(struct err *e, const char *format, ...) PRINTF(2, 3);

/* Sets the location in the input, unless it is set already. */
void err_locate(struct err *e, const char *where, uint32_t line, uint32_t col);

/* "where:line:col: msg", leaving out what is unknown; one line of text, escaped (base/escape.h). */
void err_print(const struct err *e, struct buf *out);

/* "syntax", "limit" ... : the word for logs and metrics. */
const char *ec_name(enum ec code);

#endif
