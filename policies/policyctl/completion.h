/* policyctl/completion - scripts for shells, made from the verbs' and options' own tables.
 *
 *      usage "IMAGE|FILE|-...", details, option rows --> what may stand next
 *
 * Operands   FILE or RULES in the usage: files; words joined by `|`: these; ACTION: the words that begin
 *            the indented lines of the details
 * Threads    pure functions                                                                  */
#ifndef PULLGATE_POLICYCTL_COMPLETION_H
#define PULLGATE_POLICYCTL_COMPLETION_H

#include "policyctl/verb.h"

typedef void completion_fn(struct buf *out);
completion_fn completion_bash, completion_zsh, completion_fish;

/* The words an operand of the verb may be, each with a blank behind it; nothing when there are
 * none. */
void completion_operands(struct buf *out, const struct verb *v);
bool completion_takes_files(const struct verb *v);

/* The option's value is a file or a folder. */
bool completion_is_path(const struct opt_row *row);

/* The first sentence of a help text, fit for single quotes of any shell and zsh's
 * brackets. */
void completion_brief(struct buf *out, const char *help);

#endif
