/* policyctl/source - the credentials that Secrets are made of: Secret manifests, a docker config.json,
 * or a user with a password on standard input.
 * Secrecy    what held a password is wiped by source_done, but for what the reader of YAML keeps of a
 *            manifest while it reads; from source_guard on the process cannot be traced, nor dump core
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_POLICYCTL_SOURCE_H
#define PULLGATE_POLICYCTL_SOURCE_H

#include "base/opts.h"
#include "credentials/credentials.h"

struct source {
    const char *name; /* for messages: the file */
    struct credentials_set **sets;
    size_t n, cap;
    struct credentials_keyring *keyring;
};

/* No core, and no tracer without privilege. */
void source_guard(void);

/* Errors: EC_IO, EC_LIMIT, EC_NOMEM; EC_SCHEMA for a file without a Secret that counts, and for one that does
 * not decode. *out is to be freed in any case. */
enum ec source_read_file(struct source *out, const char *path, struct err *err) MUST_CHECK;

/* EC_USAGE: a name that cannot be in `auth`. */
enum ec source_check_user(const char *user, struct err *err) MUST_CHECK;

/* One credential for each place, host[:port][/path]; the password is standard input, without a line
 * end at its end. Errors: EC_IO, EC_LIMIT, EC_NOMEM; EC_USAGE for an empty password. */
enum ec source_read_password(struct source *out, const char *user, const struct str *places,
                             size_t n_places, struct err *err) MUST_CHECK;

void source_done(struct source *s);

#endif
