/* registry/docker_config - credentials in docker's config.json, found as docker finds them.
 *
 *      {"auths": {"harbor.corp": {"auth": "<base64 of user:password>", "identitytoken": "..."}}}
 *
 * Rules      by host: the key that is the host as written, else one whose host it is (https://HOST/v1/); for Docker
 *            Hub https://index.docker.io/v1/. Not by path: docker has none. credHelpers and credsStore are programs,
 *            which are not run
 * Ownership  the text is read in place, and logins borrow from it and from the arena: wipe both
 * Threads    one at a time
 * Source     docker/cli cli/config/configfile                                                        */
#ifndef PULLGATE_REGISTRY_DOCKER_CONFIG_H
#define PULLGATE_REGISTRY_DOCKER_CONFIG_H

#include "registry/registry.h"
#include "json/json.h"

struct registry_docker_config {
    struct json json;
    json_at auths;
    bool helpers; /* it names programs */
};

/* JSON_PADDING bytes behind the text must be there. Errors: json_parse's, EC_SCHEMA. done() in any case. */
enum ec registry_docker_config_read(struct registry_docker_config *out, char *text, size_t n,
                                    struct err *err) MUST_CHECK;
void registry_docker_config_done(struct registry_docker_config *c);

/* *found: there is an entry. Errors: EC_SCHEMA (the entry's auth is not base64 of user:password; the text holds
 * nothing of it), the arena's. */
enum ec registry_docker_config_find(const struct registry_docker_config *c, struct str host,
                                    struct registry_login *out, bool *found,
                                    struct arena *arena, struct err *err) MUST_CHECK;

#endif
