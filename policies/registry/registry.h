/* registry - a client of the OCI distribution API: does an image exist, with this credential, and what is it?
 *
 *      questions --registry_ask--> answers: a word each, why, the credential, digest, platforms
 *
 * Asks       HEAD or GET of /v2/<repository>/manifests/<reference>; on a 401 the token flow (Bearer), else Basic; on
 *            a 404 tags/list, for the reason. By GET where a digest or platforms are wanted, or a digest is named
 *            (but for Docker Hub, which counts a GET as a pull)
 * Believes   digests that it computed over the bytes. What a header says of a digest can only make an image worse
 * Secrecy    a credential goes to the registry that it is for, and to its token server where that has the same host
 *            and port, is auth.docker.io for Docker Hub, or is among `token_hosts`; never elsewhere, after no
 *            redirect to elsewhere, and never by plain HTTP but to loopback and to `plain_http`. Traces and reasons
 *            hold none. What libcurl held of one is wiped when it frees it
 * Not asked  link-local addresses and those of metadata services, also where a name resolves to one; loopback and
 *            private addresses where a registry of elsewhere sends to one by redirect or realm
 * Scheme     https; a host on loopback that does not speak TLS is asked by plain HTTP, as crane does
 * Limits     4 MiB a manifest, 64 KiB a token or an error, 64 KiB of headers, 10 redirects, 3 retries, each after what
 *            Retry-After says and at most REGISTRY_WAIT_MAX_S
 * Library    libcurl 7.85 or later, loaded by the first call: linked, it takes three times as long to load as all other
 *            libraries of policyctl together
 * Ownership  answers are in the arena; logins are borrowed
 * Threads    one at a time
 * Source     opencontainers/distribution-spec; containerd core/remotes/docker; go-containerregistry pkg/v1/remote  */
#ifndef PULLGATE_REGISTRY_REGISTRY_H
#define PULLGATE_REGISTRY_REGISTRY_H

#include "base/arena.h"

enum { REGISTRY_WAIT_MAX_S = 60, REGISTRY_JOBS_MAX = 64 };

enum registry_word {
    REGISTRY_EXISTS,
    REGISTRY_MISSING,   /* 404 */
    REGISTRY_NO_ACCESS, /* 401 or 403; where a registry hides what is private, perhaps missing */
    REGISTRY_CANNOT_TELL, /* it answered, and not so that one can tell */
    REGISTRY_UNREACHABLE, /* no answer: name, connection, TLS, time */
    REGISTRY_N_WORDS
};
const char *registry_word_text(enum registry_word word); /* "no access" */

struct registry_login {
    struct str user, password; /* password or user empty: as if there were no login */
    struct str refresh_token;  /* docker's identitytoken; used instead of them */
    struct str name;           /* for messages: where the credential is from */
};

struct registry_question {
    struct str image;                    /* host/repository[:tag][@digest] */
    const struct registry_login *logins; /* each in turn until one can pull; none: anonymous */
    size_t n_logins;
    struct str broken; /* not empty: why nothing can be pulled, whatever the registry says */
    bool digest;       /* the digest is wanted */
    bool platforms;    /* the platforms are wanted */
};

struct registry_answer {
    enum registry_word word;
    struct str reason;                  /* empty: EXISTS */
    const struct registry_login *login; /* that was used; NULL: none */
    struct str digest;                  /* computed; empty: the bytes were not read */
    struct str media_type;
    bool index;
    const struct str
        *platforms; /* "linux/amd64"; of a single image the one of its configuration */
    size_t n_platforms;
    struct str
        limit; /* "100 in 21600 s, 3 left": the limit that the registry states; or empty */
    struct str warning; /* what the registry warns of (Warning: 299); or empty */
};

struct registry_options {
    const char *ca;                                  /* trusted besides the system's; or NULL */
    const char *client_cert, *client_key;            /* for registries; or NULL */
    const char *https_proxy, *http_proxy, *no_proxy; /* or NULL; none for loopback */
    const char *const *plain_http; /* host[:port] that are asked by plain HTTP */
    size_t n_plain_http;
    const char *const *token_hosts; /* host[:port] of token servers that may get credentials */
    size_t n_token_hosts;
    uint64_t timeout_ms; /* of one request */
    size_t jobs;         /* connections, at most REGISTRY_JOBS_MAX */
    void (*progress)(void *arg, size_t done, size_t total); /* or NULL */
    void (*trace)(void *arg, struct str line);              /* each request; or NULL */
    void *arg;
};

/* Of what is no image reference one cannot tell.
 * Errors: EC_IO (libcurl, or a file of the options), EC_NOMEM, EC_LIMIT; answers are undefined then. */
enum ec registry_ask(struct registry_answer *answers, const struct registry_question *questions,
                     size_t n, const struct registry_options *options, struct arena *arena,
                     struct err *err) MUST_CHECK;

#endif
