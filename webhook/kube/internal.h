/* kube/internal - what the files of this module share.
 *
 *      client.c    the loop: exchanges, what is due, tokens         global.c   memory of the libraries
 *      exchange.c  one HTTP request and its answer                  object.c   JSON -> objects, Status, events
 *      call.c      kube_send(): the queue, retries                  lines.c    bytes, lines
 *      watch.c     list and watch                                   backoff.c  pauses
 * Threads    those of the client                                                            */
#ifndef PULLGATE_KUBE_INTERNAL_H
#define PULLGATE_KUBE_INTERNAL_H

#include "kube/kube.h"
#include "json/json.h"

#include <curl/curl.h>

#define KUBE_NS_PER_MS INT64_C(1000000)

enum { KUBE_READ_AHEAD = 64 << 10, KUBE_TOKEN_MAX = 64 << 10, KUBE_CA_MAX = 1 << 20 };

/* ---- memory: wiped when freed ------------------------------------------------------------- */

void *kube_alloc(size_t n);
void kube_release(void *p);

/* ---- one HTTP request ---------------------------------------------------------------------- */

struct kube_exchange;

/* How it ended. */
struct kube_outcome {
    unsigned status;         /* 0: no answer, err has why */
    struct kube_bytes *body; /* what no feed function took */
    uint64_t retry_after_ms;
    bool has_retry_after;
    bool was_fed_enough; /* feed() returned false */
    const struct err *err;
};

struct kube_request {
    const char *method;
    const char *path; /* with the query */
    const char *accept;
    const char *content_type; /* NULL: no body */
    struct str body;          /* borrowed until the end */
    uint64_t timeout_ms;
    uint64_t stall_ms;                           /* 0: none */
    bool (*feed)(void *owner, struct str bytes); /* of a 200; NULL: all bytes are the body */
    void (*ended)(void *owner, const struct kube_outcome *outcome);
    void *owner;
};

/* Errors: EC_NOMEM, EC_BUG. */
enum ec kube_exchange_start(struct kube_exchange **out, struct kube *k,
                            const struct kube_request *request, struct err *err) MUST_CHECK;
/* Calls ended() and frees it. */
void kube_exchange_end(struct kube_exchange *x, CURLcode result);
/* Without ended(); not inside a function that libcurl calls. */
void kube_exchange_drop(struct kube_exchange *x);

/* ---- the client ---------------------------------------------------------------------------- */

struct kube_task; /* a call and where it stands */

struct kube {
    CURLM *multi;
    char *server, *token_file, *ca_file, *cert_file, *key_file, *user_agent;
    struct kube_config config; /* with the defaults filled in */
    struct kube_bytes token;   /* "Authorization: Bearer ...", a NUL */
    struct kube_bytes ca;
    int64_t reread_ns; /* when both are read again */
    int64_t paused_ns; /* nothing is sent before */
    struct kube_task *tasks, **tasks_end;
    struct kube_watch *watches;
    struct json json; /* of the answer or line in hand */
    uint64_t random;
    struct kube_stats stats;
};

/* Errors: EC_IO, EC_LIMIT, EC_NOMEM; what was read before stays. */
enum ec kube_credentials_read(struct kube *k, struct err *err) MUST_CHECK;

/* No more requests before now + ms. */
void kube_pause(struct kube *k, uint64_t ms);

/* A path below the server, percent-encoded: /api/v1/namespaces/NAMESPACE/RESOURCE/NAME. */
void kube_path(struct buf *out, struct str group, struct str resource, struct str namespace,
               struct str name);
/* "?key=value", or "&key=value" after one; nothing for an empty value. */
void kube_query(struct buf *out, const char *key, struct str value);

extern const char *const kube_accepts[2]; /* by metadata_only */

/* Starts what is due; the time at which the next one is. Errors: EC_NOMEM, EC_BUG. */
enum ec kube_tasks_start(struct kube *k, int64_t now_ns, int64_t *next_ns, struct err *err)
    MUST_CHECK;
void kube_tasks_free(struct kube *k);
enum ec kube_watches_start(struct kube *k, int64_t now_ns, int64_t *next_ns, struct err *err)
    MUST_CHECK;
void kube_watches_free(struct kube *k);

uint64_t kube_random(uint64_t *state);

/* ---- objects -------------------------------------------------------------------------------- */

/* Borrows from the document; false: not an object of the API. */
bool kube_object_of(struct kube_object *out, const struct json *j, json_at at);

/* The text of a member, or empty. */
struct str kube_text(const struct json *j, json_at object, struct str key);

struct kube_status {
    struct str reason, cause, message;
};

/* Of a Status; what is missing is empty. */
void kube_status_of(struct kube_status *out, const struct json *j, json_at at);

/* Errors: EC_SYNTAX, EC_SCHEMA, EC_LIMIT (position, not the text), EC_NOMEM. */
enum ec kube_json(struct json *out, char *text, size_t n, struct err *err) MUST_CHECK;

/* "GET /api/v1/...: HTTP 403 Forbidden: ..."; the Status's message only where it cannot quote a body. */
void kube_describe(struct err *err, const char *method, struct str path, unsigned status,
                   const struct kube_status *found, bool has_body);

#endif
