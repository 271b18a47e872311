/* policyctl/completion - scripts for shells, made from the verbs' and options' own tables.
 *
 *      usage "IMAGE|FILE|-...", details, option rows --> what may come next
 *
 * Operands   FILE or RULES in the usage: files; words joined by `|`: these; ACTION: the words that begin
 *            the indented lines of the details
 * Threads    pure functions
 * Source     bash(1), Programmable Completion; zshcompsys(1), _arguments; fish's complete(1)      */
#ifndef PULLGATE_POLICYCTL_COMPLETION_H
#define PULLGATE_POLICYCTL_COMPLETION_H

#include "base/buf.h"

/* Appends the whole script. */
typedef void completion_fn(struct buf *out);
completion_fn completion_bash, completion_zsh, completion_fish;

#endif
