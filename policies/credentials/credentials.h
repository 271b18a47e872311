/* credentials - pull secrets and the kubelet's keyring: which credentials an image is pulled with.
 *
 *   Secret --credentials_set_new--> set: does it count, does it decode, its entries, what is odd
 *   sets   --credentials_keyring_new--> keyring --credentials_lookup--> hits, in the kubelet's order
 *                                               '-credentials_near----> entries that miss by little
 *
 * Rules      a Secret counts as: type kubernetes.io/dockerconfigjson with a non-empty .dockerconfigjson,
 *            or kubernetes.io/dockercfg with a non-empty .dockercfg. The kubelet ignores all others
 *            without an event
 *            one Secret that does not decode fails every pull of the pod, of public images too
 *            no hit: one anonymous pull. Hits: each in turn, and never anonymous afterwards
 *            keys match by host labels, port as text, and path as a prefix of bytes without a border.
 *            A label may have stars; other globs of filepath.Match do not get through url.Parse.
 *            All matching keys are hits, sorted by the bytes of the key, descending; the credentials
 *            of one key in the order of the pod's imagePullSecrets. index.docker.io serves images of
 *            docker.io where nothing matched
 * Not seen   credentials of the node and of its credential providers, which come after those of the pod
 * Reads      JSON as encoding/json of Go does, with a reader of its own: keys without regard to case,
 *            the last of duplicates, a second `auths` merged into the first, bytes that are not UTF-8
 *            and halves of surrogate pairs as U+FFFD, any number, depth of 10000. jansson and json/
 *            refuse what the kubelet takes
 * Secrecy    what holds a user or a password is wiped when it is freed. Errors, faults and notes hold
 *            positions, keys and lengths, never content. Of an entry print `shown`: `key`, and `normal`
 *            where it has an @, may hold a password
 * Ownership  a set owns copies of all it has; a keyring borrows its sets; hits live in the caller's arena
 * Limits     a Secret of at most CREDENTIALS_BYTES_MAX bytes (the API server's limit is 1 MiB)
 * Threads    sets and keyrings are immutable: any number of readers
 * Source     k8s.io/kubernetes v1.36.3: pkg/credentialprovider (config.go, keyring.go) and .../secrets;
 *            Go 1.26: encoding/json, encoding/base64, net/url, path/filepath. tests/oracles/keyring
 *            compares with them                                                                  */
#ifndef PULLGATE_CREDENTIALS_CREDENTIALS_H
#define PULLGATE_CREDENTIALS_CREDENTIALS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { CREDENTIALS_BYTES_MAX = 4 << 20 };

#define CREDENTIALS_TYPE_JSON "kubernetes.io/dockerconfigjson"
#define CREDENTIALS_TYPE_CFG "kubernetes.io/dockercfg"
#define CREDENTIALS_KEY_JSON ".dockerconfigjson"
#define CREDENTIALS_KEY_CFG ".dockercfg"

/* ---- one Secret ---------------------------------------------------------------------- */

struct credentials_datum {
    struct str key;
    struct str value; /* as it is after base64: bytes of a file */
};

struct credentials_secret { /* what is read; borrowed */
    struct str namespace, name;
    struct str type;
    const struct credentials_datum *data;
    size_t n_data;
};

enum credentials_state {
    CREDENTIALS_COUNTS,      /* the kubelet uses it (it may hold no entry) */
    CREDENTIALS_WRONG_TYPE,  /* ignored: neither of the two types */
    CREDENTIALS_NO_KEY,      /* ignored: the type is right, the key that it needs is absent */
    CREDENTIALS_NO_BYTES,    /* ignored: the key is there and its value is empty */
    CREDENTIALS_UNDECODABLE, /* every pull of a pod with this secret fails */
};

/* Why no image, as images are written (host in lower case), is ever covered by a key. */
enum credentials_never {
    CREDENTIALS_CAN_MATCH,
    CREDENTIALS_NEVER_URL,     /* no URL as Go reads it; the kubelet logs and skips the entry */
    CREDENTIALS_NEVER_VERSION, /* path /v1 or /v2 without the slash at its end */
    CREDENTIALS_NEVER_HUB_PATH,   /* index.docker.io/path: only the bare host is an alias */
    CREDENTIALS_NEVER_UPPER_HOST, /* an upper-case letter in the host */
    CREDENTIALS_NEVER_UPPER_PATH, /* ... in the path */
    CREDENTIALS_NEVER_PATH,       /* the path is the start of no repository's name */
    CREDENTIALS_NEVER_WORD, /* a host without dot and port: "myregistry/x" is of docker.io */
    CREDENTIALS_NEVER_HOST, /* no host: empty, a label that no host has, a bad glob */
    CREDENTIALS_NEVER_IPV6, /* [::1] without a port is read as a glob */
    CREDENTIALS_N_NEVERS
};

/* Of an entry: bits.
 * CREDENTIALS_EMPTY           neither user nor password: a hit all the same
 * CREDENTIALS_TOKEN           identitytoken or registrytoken, which the kubelet ignores
 * CREDENTIALS_USER_BLANK      blank, tab or line end at an end of the user
 * CREDENTIALS_PASSWORD_BLANK  ... of the password
 * CREDENTIALS_REPEATED        the key is there more than once: the last one is used
 * CREDENTIALS_SPELT_TWICE     another key of this secret becomes the same: random order
 * CREDENTIALS_NO_BORDER       a path without `/` at its end: org covers org-evil too
 * CREDENTIALS_GLOB            the host has a glob
 * CREDENTIALS_USERINFO        the key holds user@ or user:password@
 * CREDENTIALS_NO_USER         a password without a user
 * CREDENTIALS_PASSWORD_LINES  a line end inside or at the end of the password */
enum credentials_note {
    CREDENTIALS_EMPTY = 1,
    CREDENTIALS_TOKEN = 2,
    CREDENTIALS_USER_BLANK = 4,
    CREDENTIALS_PASSWORD_BLANK = 8,
    CREDENTIALS_REPEATED = 16,
    CREDENTIALS_SPELT_TWICE = 32,
    CREDENTIALS_NO_BORDER = 64,
    CREDENTIALS_GLOB = 128,
    CREDENTIALS_USERINFO = 256,
    CREDENTIALS_NO_USER = 512,
    CREDENTIALS_PASSWORD_LINES = 1024
};

/* What the password is, as far as it can be seen. */
enum credentials_kind {
    CREDENTIALS_PLAIN,
    CREDENTIALS_ECR,           /* AWS ECR token: expires_s is set */
    CREDENTIALS_JWT,           /* expires_s is set if it has an `exp` */
    CREDENTIALS_GOOGLE_ACCESS, /* user oauth2accesstoken: about an hour, without a date */
    CREDENTIALS_GOOGLE_KEY,    /* user _json_key or _json_key_base64: long-lived */
};

struct credentials_entry {
    struct str key;    /* as written (after JSON's escapes); may hold user:password@ */
    struct str shown;  /* the same for messages: what is before `@` becomes `***` */
    struct str normal; /* host[:port][/path]: what images are compared with; NEVER_URL: empty */
    enum credentials_never never;
    unsigned notes;     /* bits of enum credentials_note */
    uint32_t line, col; /* of the key in the value of the secret, 1-based */
    size_t twin; /* SPELT_TWICE: index of another entry with the same normal; else own index */
    enum credentials_kind kind;
    int64_t expires_s;         /* Unix time; 0: unknown */
    int64_t issued_s;          /* `iat` of a JWT; 0: unknown */
    struct str user, password; /* never print or log either */
};

/* What the file has besides: bits. The kubelet ignores the first three.
 * CREDENTIALS_HELPERS  a credHelpers that is not empty
 * CREDENTIALS_STORE    a credsStore that is not empty
 * CREDENTIALS_FLAT     a .dockerconfigjson without auths, but with what looks like entries
 * CREDENTIALS_NESTED   a .dockercfg with an auths, which is an entry for the host "auths" */
enum credentials_shape {
    CREDENTIALS_HELPERS = 1,
    CREDENTIALS_STORE = 2,
    CREDENTIALS_FLAT = 4,
    CREDENTIALS_NESTED = 8
};

struct credentials_set {
    struct str namespace, name, type;
    enum credentials_state state;
    struct str key; /* what the type asks for; empty if WRONG_TYPE */
    struct str
        instead; /* not COUNTS: .dockerconfigjson or .dockercfg, if one is there; else empty */
    struct err
        fault; /* UNDECODABLE: msg without content; line, col and offset in the value of the key */
    struct str faulty; /* UNDECODABLE: `shown` of the entry it is in; empty: of none */
    unsigned shape;    /* bits of enum credentials_shape */
    const struct credentials_entry *entries; /* in the order of the file; each key once */
    size_t n_entries;
    const struct credentials_pattern
        *patterns;                    /* the module's own: the entries' keys, compiled */
    struct credentials_block *memory; /* wiped by credentials_set_free */
};

/* Reads a Secret. A secret that does not count or decode is no error: see state.
 * Errors: EC_NOMEM, EC_LIMIT (too large); *out untouched. */
enum ec credentials_set_new(struct credentials_set **out,
                            const struct credentials_secret *secret, struct err *err)
    MUST_CHECK;

/* The same for a file by itself, as if it were the value of a secret of that type. `name` is for
 * messages. */
enum ec credentials_set_of_file(struct credentials_set **out, struct str name, struct str type,
                                struct str bytes, struct err *err) MUST_CHECK;

void credentials_set_free(struct credentials_set *set); /* NULL is fine */

/* For messages, in lower case, without a dot: "the path /v1 has no slash at its end ..."; "" for
 * CREDENTIALS_CAN_MATCH. */
const char *credentials_never_text(enum credentials_never never);

/* ---- the keyring of a pod ------------------------------------------------------------ */

struct credentials_keyring;

/* Of the secrets of a pod in the order of its imagePullSecrets; those that do not count are skipped.
 * One secret twice is twice in it, as in the kubelet. Errors: EC_NOMEM; *out untouched. */
enum ec credentials_keyring_new(struct credentials_keyring **out,
                                const struct credentials_set *const *sets, size_t n_sets,
                                struct err *err) MUST_CHECK;
void credentials_keyring_free(struct credentials_keyring *keyring); /* NULL is fine */

enum credentials_outcome {
    CREDENTIALS_FOUND,     /* pulled with the hits, in order; never anonymously */
    CREDENTIALS_ANONYMOUS, /* no key matches */
    CREDENTIALS_BROKEN,    /* `broken` does not decode: no pull at all */
    CREDENTIALS_NO_IMAGE,  /* the image is no reference: InvalidImageName */
};

struct credentials_hit {
    const struct credentials_set *set;
    const struct credentials_entry *entry;
};

struct credentials_answer {
    enum credentials_outcome outcome;
    const struct credentials_set *broken; /* the first, or NULL */
    const struct credentials_hit *hits;   /* in the order of the kubelet */
    size_t n_hits;
    bool fallback; /* by index.docker.io, since no key matched */
};

/* `image` as a pod has it. Errors: the arena's; *out untouched. */
enum ec credentials_lookup(struct credentials_answer *out,
                           const struct credentials_keyring *keyring, struct str image,
                           struct arena *arena, struct err *err) MUST_CHECK;

/* The same for host/repository without tag and digest, as the kubelet's Lookup takes it: any bytes. */
enum ec credentials_lookup_repository(struct credentials_answer *out,
                                      const struct credentials_keyring *keyring,
                                      struct str repository, struct arena *arena,
                                      struct err *err) MUST_CHECK;

/* Whether an entry may be for images of a place, host[:port][/path]: below it, or with it below the entry's
 * path. index.docker.io is for docker.io. */
bool credentials_serves(const struct credentials_set *set, size_t entry, struct str place);

/* ---- near misses --------------------------------------------------------------------- */

enum credentials_miss {
    CREDENTIALS_MISS_PORT, /* the host, with another port or without one */
    CREDENTIALS_MISS_CASE, /* the same but for upper and lower case */
    CREDENTIALS_MISS_HUB, /* another name of Docker Hub (registry-1.docker.io, hub.docker.com ...) */
    CREDENTIALS_MISS_VERSION, /* the host, with /v1 or /v2 without a slash at its end */
    CREDENTIALS_MISS_PATH,    /* the host, with a path that the image is not below */
    CREDENTIALS_MISS_LABELS,  /* a glob of the host has another number of labels */
    CREDENTIALS_MISS_WWW,     /* the host but for www. */
};

struct credentials_near {
    struct credentials_hit at;
    enum credentials_miss miss;
};

/* Entries of the keyring that do not match `image` and nearly do, in the order of secrets and files; each
 * once. None where a lookup answers CREDENTIALS_BROKEN or CREDENTIALS_NO_IMAGE. Errors:
 * the arena's; *out, *n untouched. */
enum ec credentials_near(const struct credentials_near **out, size_t *n,
                         const struct credentials_keyring *keyring, struct str image,
                         struct arena *arena, struct err *err) MUST_CHECK;

/* For messages: "the same host with another port". */
const char *credentials_miss_text(enum credentials_miss miss);

/* ---- Secrets in manifests ------------------------------------------------------------ */

/* Standard base64 as encoding/base64 of Go reads it (CR and LF skipped, padding needed): what `data` of a
 * Secret in a manifest or dump holds. Room at `out` for text.n bytes; *n_out is how many were written. false:
 * not base64, and *position is the byte where. Wipe what it wrote with credentials_wipe. */
bool credentials_base64(char *out, size_t *n_out, struct str text, size_t *position) MUST_CHECK;

void credentials_wipe(void *bytes, size_t n);

#endif
