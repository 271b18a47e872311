/* registry/challenge - what a registry asks for: the values of WWW-Authenticate.
 *
 *      Bearer realm="https://auth.example/token",service="r",scope="repository:a/b:pull", Basic realm="r"
 *
 * Rules      several challenges in one header, and several headers joined with ", "; names without regard to case;
 *            values are tokens or quoted strings with escapes; of two challenges of one kind the first counts.
 *            What cannot be read ends the reading; what was read before it counts
 * Ownership  the texts are in the arena
 * Threads    pure functions
 * Source     RFC 9110 section 11.6.1; distribution.github.io, "Token authentication specification"      */
#ifndef PULLGATE_REGISTRY_CHALLENGE_H
#define PULLGATE_REGISTRY_CHALLENGE_H

#include "base/arena.h"

struct registry_challenge {
    bool basic;
    bool
        bearer; /* with a realm that is a URL of http or https; else it is as if it were not there */
    struct str realm, service, scope, error; /* of the Bearer challenge; empty: absent */
};

/* Errors: the arena's; *out is undefined then. */
enum ec registry_challenge_read(struct registry_challenge *out, struct str header,
                                struct arena *arena, struct err *err) MUST_CHECK;

#endif
