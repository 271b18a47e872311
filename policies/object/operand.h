/* object/operand - what a word on the command line is: a file, a folder, an image, a list of them.
 * Threads    pure functions                                                                  */
#ifndef PULLGATE_OBJECT_OPERAND_H
#define PULLGATE_OBJECT_OPERAND_H

#include "base/buf.h"
#include "base/err.h"

enum { OBJECT_OPERAND_MAX = 256 << 20 };

bool object_operand_is_folder(const char *path);
/* "-", something that exists, or at least has a manifest's name: all else is an image. */
bool object_operand_is_file(const char *word);

/* A list of names, one a line, `#` begins a comment: the file has no manifest's name, no line is a
 * key ("kind: Pod"), no byte a control character, and the text does not begin as JSON does. */
bool object_operand_is_list(const char *name, struct str text);
/* The next name of a list, from *at on; false at its end. Counts *line (start with 0). */
bool object_operand_next(struct str text, size_t *at, uint32_t *line, struct str *name);

#endif
