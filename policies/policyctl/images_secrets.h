/* policyctl/images_secrets - credentials for the images that are checked: pull secrets of a dump, docker's config.json.
 *
 *      dump --images_secrets_read--> Secrets, ServiceAccounts
 *      an object --images_secrets_of--> "NAMESPACE/NAME ...": the pull secrets of its pod, after the policy's
 *      those, an image --images_secrets_ask--> the credentials of the question, in the kubelet's order
 *
 * Secrecy    what holds a credential is wiped by images_secrets_done
 * Ownership  logins borrow from it and from the arena that is given
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_POLICYCTL_IMAGES_SECRETS_H
#define PULLGATE_POLICYCTL_IMAGES_SECRETS_H

#include "object/object.h"
#include "registry/registry.h"

struct images_secrets;

/* Either path may be NULL; the policy is used during the call. Errors: EC_IO, EC_SYNTAX, EC_SCHEMA, EC_LIMIT, EC_NOMEM; *out untouched. */
enum ec images_secrets_new(struct images_secrets **out, const char *dump,
                           const char *docker_config, const char *namespace,
                           const struct policy *policy, struct err *err) MUST_CHECK;
void images_secrets_free(struct images_secrets *s); /* NULL is fine */

/* The pull secrets of the workload's pod if it were created now; valid until the next call. Empty without a dump.
 * Errors: EC_NOMEM, EC_LIMIT. */
enum ec images_secrets_of(struct images_secrets *s, const struct workload *w,
                          const struct policy *policy, int64_t now_s, struct str *out,
                          struct err *err) MUST_CHECK;

/* Fills logins and broken. `source`: docker's config.json comes first.
 * Errors: EC_SCHEMA (an entry of docker's config.json), EC_NOMEM, EC_LIMIT. */
enum ec images_secrets_ask(const struct images_secrets *s, struct registry_question *question,
                           struct str pull_secrets, bool source, struct arena *arena,
                           struct err *err) MUST_CHECK;

/* Names of `pull_secrets` that the dump does not have, ", " between them. */
void images_secrets_put_absent(const struct images_secrets *s, struct str pull_secrets,
                               struct buf *out);

#endif
