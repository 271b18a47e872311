/* policyctl/operand - what a word on the command line is, and its bytes when it is read twice.
 * Threads    one at a time: standard input is the process's                                  */
#ifndef PULLGATE_POLICYCTL_OPERAND_H
#define PULLGATE_POLICYCTL_OPERAND_H

#include "base/buf.h"
#include "base/err.h"

enum { OPERAND_MAX = 256 << 20 };

bool operand_is_folder(const char *path);
/* "-", something that exists, or at least has a manifest's name: all else is an image. */
bool operand_is_file(const char *word);

/* A file's bytes; those of standard input are there to be read again afterwards.
 * Errors: EC_IO, EC_LIMIT, EC_NOMEM. */
enum ec operand_read(struct buf *out, const char *path, struct err *err) MUST_CHECK;

/* A list of names, one a line, `#` begins a comment: no line is a key ("kind: Pod") and the
 * text does not begin as JSON does. */
bool operand_is_list(struct str text);
/* The next name of a list, from *at on; false at its end. Counts *line (start with 0). */
bool operand_next(struct str text, size_t *at, uint32_t *line, struct str *name);

#endif
