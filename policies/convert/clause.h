/* convert/clause - rules of which all apply that select a pod, as rules of which the first applies.
 *
 *      clauses     A: all namespaces but kube-*        B: team-a
 *      rules       team-a: A and B, kube-*: nothing is judged, all others: A
 *
 * Shape      a clause is a block whose KEY_NAMESPACES are those it is for (none: all) and whose
 *            KEY_SPACES are those it is not for; its mode, templates, labels and requirements are the
 *            block's. Approvals of several clauses are intersected
 * Limits     64 clauses, 1000 namespaces
 * Threads    one at a time                                                                   */
#ifndef PULLGATE_CONVERT_CLAUSE_H
#define PULLGATE_CONVERT_CLAUSE_H

#include "convert/draft.h"

struct convert_block *convert_add_clause(struct convert *c, struct str name);
/* Leaves out a clause: all its constructs are not taken, for this reason. */
void convert_drop_clause(struct convert *c, struct convert_block *clause, const char *why);
/* Makes rules of the clauses. */
void convert_combine(struct convert *c);

#endif
