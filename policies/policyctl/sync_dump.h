/* policyctl/sync_dump - Secrets and Namespaces of dumps, as sync_plan() takes them.
 * Shape      what kubectl get secrets,namespaces -A -o json prints: Lists, also several, also nested; other
 *            kinds are passed over
 * Ownership  owns all it holds; values of Secrets are wiped when it is done
 * Threads    one                                                                              */
#ifndef PULLGATE_POLICYCTL_SYNC_DUMP_H
#define PULLGATE_POLICYCTL_SYNC_DUMP_H

#include "sync/sync.h"

struct sync_dump {
    const struct sync_reader *reader;
    struct sync_secret **secrets;
    size_t n_secrets, cap_secrets;
    struct sync_namespace **namespaces;
    size_t n_namespaces, cap_namespaces;
    size_t n_faults; /* objects and documents that were reported and cannot be read */
};

/* Adds the objects of a file, or of standard input ("-"). Of what cannot be read in it, each is reported.
 * Errors: EC_IO, EC_LIMIT (the file), EC_NOMEM. */
enum ec sync_dump_read(struct sync_dump *d, const char *path, struct err *err) MUST_CHECK;

/* The lists, as sync_plan() wants them, in the arena. Errors: EC_SCHEMA: there is no Namespace;
 * EC_NOMEM. */
enum ec sync_dump_state(const struct sync_dump *d, struct sync_state *out, struct arena *arena,
                        struct err *err) MUST_CHECK;

void sync_dump_done(struct sync_dump *d);

#endif
