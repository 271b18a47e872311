/* kube - a small client of the Kubernetes API: get, create, apply, delete; list and watch kept alive.
 *
 *      kube_send() ----> [ queue ] ---> at most max_requests at a time ---> answer(arg, answer)
 *                                         |  429, 5xx, no connection: again after a pause
 *                                         |  401: once more with the token read again
 *
 *      kube_watch_start()
 *           |                    410, ERROR 410, relist_ms
 *           v             +-----------------------------------+
 *        LISTING  --------+--> WATCHING --- end of stream -----+--> WATCHING from the last version
 *      (pages of 500)         (one line per event)  back-off when it ends early or fails
 *
 *      news of a watch:  LIST_BEGINS SET* LIST_ENDS (SET | GONE)* [LIST_BEGINS SET* LIST_ENDS ...]
 *
 * Knows      HTTP, JSON, the shapes of Status, lists and watch events; not what the objects mean
 * State      a watch keeps no objects. Its user marks all objects at LIST_BEGINS, unmarks those of SET, and drops
 *            at LIST_ENDS what is still marked: deletions that no event has reported. Without LIST_ENDS nothing
 *            is known to be gone
 * Versions   resourceVersion is opaque: passed on and compared for equality, nothing else
 * Ownership  the client owns calls and watches; bytes of objects and answers live until the function that gets
 *            them returns; configurations and calls are copied
 * Secrets    all memory of libcurl is wiped when it is freed, as are the buffers of answers; OpenSSL keeps what it
 *            has decrypted until it reads again. The token and bodies are in no error text
 * Limits     an answer of at most max_answer bytes, a line of a watch of at most max_line bytes: beyond it the watch
 *            lists again
 * Errors     of calls: in the answer. kube_send() and kube_watch_start() fail for lack of memory only
 * Threads    one client, one thread; kube_init() before other threads start
 * Source     kubernetes.io/docs/reference/using-api/api-concepts; client-go tools/cache/reflector.go,
 *            transport/token_source.go, rest/with_retry.go; apiserver endpoints/handlers              */
#ifndef PULLGATE_KUBE_KUBE_H
#define PULLGATE_KUBE_KUBE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct kube;
struct kube_watch;

/* ---- the client ------------------------------------------------------------------------- */

/* Prepares libcurl, for the whole process. Errors: EC_NOMEM, EC_BUG. */
enum ec kube_init(struct err *err) MUST_CHECK;
void kube_quit(void);

struct kube_config {
    const char *server;     /* "https://10.96.0.1:443"; "http://..." only for 127.0.0.0/8 */
    const char *token_file; /* NULL: no token */
    const char *ca_file;    /* NULL: the system's */
    const char *cert_file, *key_file; /* client certificate; NULL: none */
    const char *user_agent;           /* "pullgate-sync/1.0" */
    uint64_t reread_ms;    /* token and CA are read again after so long; 0: a minute */
    unsigned max_requests; /* at a time, watches not counted; 0: 5 */
    uint64_t timeout_ms;   /* of a request, from its start to its last byte; 0: 30 s */
    uint64_t relist_ms;    /* a watch lists again after so long; 0: an hour */
    uint64_t
        stall_ms; /* a watch without a byte for so long is dead; 0: 150 s: the API server sends a
                                        * bookmark each minute */
    size_t max_answer, max_line; /* 0: 16 MiB; 4 MiB */
    uint64_t seed;               /* of the jitter */
};

/* The address that KUBERNETES_SERVICE_HOST and _PORT name: "https://[fd00::1]:443".
 * Errors: EC_USAGE: a variable is missing, with what to do. */
enum ec kube_server_in_cluster(struct buf *out, const char *host, const char *port,
                               struct err *err) MUST_CHECK;
/* Where the kubelet puts the credentials of the ServiceAccount. */
#define KUBE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

/* Reads token and CA. Errors: EC_IO, EC_LIMIT, EC_USAGE (server), EC_NOMEM. */
enum ec kube_new(struct kube **out, const struct kube_config *config, struct err *err)
    MUST_CHECK;
/* Ends all calls and watches without an answer; NULL is fine. */
void kube_free(struct kube *k);

/* Does what is due, waits until something happens, at most wait_ms or until wake_fd (-1: none) can be read, and
 * calls the functions of what happened. They may send and start, and may stop any watch.
 * Errors: EC_NOMEM, EC_BUG. */
enum ec kube_run(struct kube *k, int wake_fd, unsigned wait_ms, struct err *err) MUST_CHECK;

struct kube_stats {
    uint64_t requests; /* sent, retries and watches counted */
    uint64_t retries;
    uint64_t throttled;         /* 429 */
    uint64_t relists, restarts; /* of watches: lists after the first; watches after the first */
    unsigned queued, running;   /* calls */
};
void kube_stats(const struct kube *k, struct kube_stats *out);

/* ---- objects ------------------------------------------------------------------------------ */

struct json; /* json/json.h */

struct kube_object {
    struct str namespace, name, uid, resource_version; /* empty: there is none */
    const struct json *json; /* the document that holds it: a list, an event, an answer */
    uint32_t at;             /* its node there */
};

/* ---- calls -------------------------------------------------------------------------------- */

enum kube_verb {
    KUBE_GET,
    KUBE_CREATE, /* POST to the collection */
    KUBE_APPLY,  /* server-side apply; makes what is not there */
    KUBE_DELETE  /* with preconditions */
};

struct kube_answer {
    unsigned status;          /* HTTP; 0: none came, see err */
    struct str reason, cause; /* of a Status: "Forbidden", "NamespaceTerminating"; else empty */
    const struct kube_object *object; /* of a 2xx that holds one, else NULL */
    const struct err *err; /* what failed, in words fit for a log; code EC_OK on 2xx */
};

typedef void kube_answer_fn(void *arg, const struct kube_answer *answer);

struct kube_call {
    enum kube_verb verb;
    struct str group;                 /* empty: /api/v1; "apps/v1": /apis/apps/v1 */
    struct str resource;              /* "secrets" */
    struct str namespace, name;       /* namespace may be empty; name is not used by CREATE */
    struct str body;                  /* JSON; of CREATE and APPLY */
    struct str manager;               /* fieldManager; of CREATE and APPLY */
    bool force;                       /* APPLY: takes fields from other managers */
    struct str uid, resource_version; /* DELETE: preconditions; empty: none */
    bool metadata_only;               /* of the answer */
    unsigned attempts;                /* at most; 0: 4 */
    kube_answer_fn *answer;           /* called once; never from kube_send() */
    void *arg;
};

/* Queues a call. Errors: EC_NOMEM; answer is not called then. */
enum ec kube_send(struct kube *k, const struct kube_call *call, struct err *err) MUST_CHECK;

/* ---- watches ------------------------------------------------------------------------------ */

enum kube_news {
    KUBE_LIST_BEGINS,
    KUBE_SET,       /* object: new, changed, or in the list */
    KUBE_GONE,      /* object: its last state */
    KUBE_LIST_ENDS, /* all objects have been SET; from now on changes */
    KUBE_TROUBLE    /* kube_watch_error() has it; the watch goes on after a pause */
};

typedef void kube_news_fn(void *arg, enum kube_news news, const struct kube_object *object);

struct kube_watch_config {
    struct str resource;       /* of /api/v1: "secrets" */
    struct str namespace;      /* empty: all */
    struct str field_selector; /* "metadata.name=regcred" */
    struct str label_selector;
    bool metadata_only;
    kube_news_fn *news;
    void *arg;
};

/* Errors: EC_NOMEM. */
enum ec kube_watch_start(struct kube_watch **out, struct kube *k,
                         const struct kube_watch_config *config, struct err *err) MUST_CHECK;
/* No news any more; NULL is fine. */
void kube_watch_stop(struct kube_watch *w);

/* Lists again, as after a gap. */
void kube_watch_relist(struct kube_watch *w);

/* A list has been read to its end, and the watch since then has no gap. */
bool kube_watch_is_fresh(const struct kube_watch *w);
/* The last failure; code EC_OK since the last list or event. */
const struct err *kube_watch_error(const struct kube_watch *w);

/* ---- parts, for tests ---------------------------------------------------------------------- */

/* Bytes that are wiped when they move or go; JSON_PADDING bytes follow them. */
struct kube_bytes {
    char *p;
    size_t n, cap;
};

/* Errors: EC_LIMIT (more than max), EC_NOMEM; the bytes are then as they were. */
enum ec kube_bytes_add(struct kube_bytes *b, struct str more, size_t max, struct err *err)
    MUST_CHECK;
void kube_bytes_done(struct kube_bytes *b);

/* Splits a stream into lines of at most max bytes. */
struct kube_lines {
    struct kube_bytes line; /* that has not ended */
    size_t max;
};

/* Calls fn for each line that ends within the bytes, without its end; empty ones are skipped. The text may be changed,
 * as json_parse() does. A false of fn stops.
 * Errors: EC_LIMIT (a line is too long), EC_NOMEM; EC_OK when fn stopped. */
enum ec kube_lines_add(struct kube_lines *l, struct str bytes,
                       bool (*fn)(void *arg, char *line, size_t n), void *arg, struct err *err)
    MUST_CHECK;
void kube_lines_done(struct kube_lines *l);

/* One event of a watch. */
enum kube_event { KUBE_EVENT_SET, KUBE_EVENT_GONE, KUBE_EVENT_BOOKMARK, KUBE_EVENT_ERROR };

struct kube_line {
    enum kube_event event;
    struct kube_object object; /* of a bookmark: resource_version alone */
    unsigned status;           /* of ERROR: Status.code */
    struct str reason;         /* of ERROR */
};

/* Texts borrow from the document, which is parsed from the line (see json_parse).
 * Errors: EC_SYNTAX, EC_SCHEMA, EC_LIMIT, EC_NOMEM; *out is untouched. */
enum ec kube_line_parse(struct kube_line *out, struct json *json, char *line, size_t n,
                        struct err *err) MUST_CHECK;

/* 800 ms, doubled up to 30 s, each plus up to its own length at random. */
struct kube_backoff {
    unsigned failures;
    uint64_t random; /* state of a xorshift generator */
};

uint64_t kube_backoff_next_ms(struct kube_backoff *b);

/* Retry-After in seconds, at most 300. False: anything else, such as a date, which API servers do not send. */
bool kube_retry_after(struct str value, uint64_t *out_ms);

#endif
