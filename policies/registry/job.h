/* registry/job - one question, from the first request to the answer: which request is next, given what came back.
 *
 *      start --> request --(client)--> response --next--> request ... --> false: the answer is there
 *
 *      manifest --401--> token --200--> manifest --404--> tags
 *         '--200, a single image, platforms wanted--> configuration
 *
 * Rules      all decisions on where a credential may go are here. A request that leaves the registry's host has none,
 *            and neither have those after it
 * Bounds     redirects, retries and steps of a credential are counted
 * Ownership  the job owns its URL and token, and wipes the token; texts of the answer are in the arena
 * Threads    pure but for the arena                                                          */
#ifndef PULLGATE_REGISTRY_JOB_H
#define PULLGATE_REGISTRY_JOB_H

#include "registry/challenge.h"
#include "registry/manifest.h"
#include "registry/registry.h"
#include "registry/where.h"

enum registry_scheme { REGISTRY_UNKNOWN, REGISTRY_HTTPS, REGISTRY_HTTP };

enum { REGISTRY_FAILURES_MAX = 3 };

struct registry_host { /* of image references; shared by all jobs that ask it */
    struct str name;
    struct str authority; /* docker.io is registry-1.docker.io */
    enum registry_scheme scheme;
    enum registry_place place;
    bool probing;       /* a job finds out the scheme: the others wait */
    int64_t not_before; /* monotonic ns: it asked for patience */
    unsigned
        unreachable; /* failures in a row: after REGISTRY_FAILURES_MAX it is asked no more */
    struct str why;  /* of the last one */
};

struct registry_request {
    bool head;
    const char *url;
    struct str form;                    /* not empty: POST */
    const struct registry_login *basic; /* or NULL */
    struct str bearer;                  /* or empty */
    bool home;      /* to the registry's own host and port: with the client certificate */
    bool manifests; /* Accept: the media types of manifests */
    enum registry_place
        place; /* of the registry: LOOPBACK and PRIVATE may be asked from there alone */
    size_t max_bytes;
    uint64_t wait_ms; /* before it */
};

enum registry_failure {
    REGISTRY_NO_FAILURE,
    REGISTRY_NO_HOST,
    REGISTRY_NO_CONNECTION,
    REGISTRY_NO_TLS, /* what answers does not speak it */
    REGISTRY_UNTRUSTED,
    REGISTRY_BAD_TLS,
    REGISTRY_NO_TIME,
    REGISTRY_BLOCKED, /* an address that is not asked */
    REGISTRY_TOO_LARGE,
    REGISTRY_BROKEN_OFF
};

struct registry_response {
    enum registry_failure failure;
    struct str detail; /* of a failure, for people */
    long status;
    struct str challenges, content_type, digest, location, limit, warning;
    int64_t retry_after_s; /* 0: none */
    char *body;            /* with JSON_PADDING bytes behind it */
    size_t body_bytes;
};

enum registry_step { STEP_MANIFEST, STEP_TOKEN, STEP_TAGS, STEP_CONFIG };
enum registry_auth { AUTH_NONE, AUTH_BASIC, AUTH_BEARER };

struct registry_job {
    const struct registry_question *question;
    const struct registry_options *options;
    struct registry_host *host;
    struct registry_answer *answer; /* the best until now */
    struct arena *arena;
    struct str repository, reference;
    struct registry_request request;
    struct buf url, form, token;
    struct registry_challenge challenge;
    struct registry_answer seen; /* what the manifest was, before the configuration is read */
    struct str config;           /* digest of the configuration */
    enum registry_step step;
    enum registry_auth auth;
    size_t login;
    unsigned redirects, retries;
    bool get, away, answered;
    struct err err; /* EC_NOMEM, EC_LIMIT: the end of all */
};

/* The first request. The job was zeroed, and question .. arena are set. false: answered already. */
bool registry_job_start(struct registry_job *j) MUST_CHECK;
/* The next one; false: answered, or j->err. */
bool registry_job_next(struct registry_job *j, const struct registry_response *r) MUST_CHECK;
void registry_job_done(struct registry_job *j);

/* The credential of the request that is next, or NULL. */
const struct registry_login *registry_job_login(const struct registry_job *j);

/* job_token.c: after a 401 of the registry, and the token server's answer. */
bool registry_job_challenge(struct registry_job *j, const struct registry_response *r);
bool registry_job_token(struct registry_job *j, const struct registry_response *r);

/* job.c, for job_token.c: each is what registry_job_next returns. */
bool registry_job_ask_manifest(struct registry_job *j);
/* The end of this credential: the next one is tried. */
bool registry_job_reject(struct registry_job *j, const char *format, ...) PRINTF(2, 3);
/* The end. */
bool registry_job_give_up(struct registry_job *j, enum registry_word word, const char *format,
                          ...) PRINTF(3, 4);
/* ": CODE: message" of the body, or nothing; over `room`. */
struct str registry_job_reason(const struct registry_response *r, char *room, size_t n);

#endif
