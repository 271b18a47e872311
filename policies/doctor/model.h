/* doctor/model - what is kept of a dump, and what the checks share.
 *
 *   read_*.c   an object of the dump -> the structs below
 *   look.c     sorted by namespace and name; found by them
 *   need.c     which namespace needs which secret, and who
 *   find.c     findings
 *   check_*.c  the checks, a file each
 *
 * Ownership  all in the doctor's arena; sets of credentials are freed by doctor_free
 * Errors     d->bad is sticky: whoever finds no room sets it, and doctor_examine reports it
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_DOCTOR_MODEL_H
#define PULLGATE_DOCTOR_MODEL_H

#include "base/arena.h"
#include "credentials/credentials.h"
#include "doctor/doctor.h"
#include "match/match.h"

struct doctor_place { /* of an object */
    struct str kind, namespace, name;
    struct str file;
    uint32_t line, col;
};

struct doctor_names {
    struct str *v;
    size_t n;
};

struct doctor_labels {
    struct match_label *v;
    size_t n;
};

struct doctor_namespace {
    struct doctor_place at;
    struct doctor_labels labels;
    bool known; /* the Namespace object itself is in the dump */
};

struct doctor_secret {
    struct doctor_place at;
    struct str type;
    struct credentials_set *set; /* NULL: not read, as `broken` says */
    struct str broken; /* the value is not base64, as a text; empty: it is, or there is none */
    struct str tls_crt, ca_crt; /* of a certificate: PEM, not secret */
    bool pulls;                 /* of a type, or with a key, of pull secrets */
    bool needed;
    bool signs;     /* it has ca.key */
    bool has_worst; /* what was found about it first; an error before others */
    enum doctor_code worst;
    struct str worst_text;
};

struct doctor_account {
    struct doctor_place at;
    struct doctor_names secrets;
};

struct doctor_event {
    struct doctor_place at; /* of what it is about */
    struct str reason, message;
    int64_t last_s;
};

struct doctor_image {
    struct str container;
    struct str before, after;   /* as in the object; as the policy wants it */
    struct str reason, message; /* of the state waiting; empty: it is not */
    bool rewritten;
};

struct doctor_work { /* a pod or a pod template */
    struct doctor_place at;
    bool pod;
    bool
        ended; /* over, or of another namespace than the one asked for: it counts as ready alone */
    int64_t created_s; /* 0: unknown */
    struct str owner_kind, owner;
    struct str account;
    struct doctor_labels labels;
    const struct policy_rule *rule; /* NULL: none selects it */
    struct str denial;              /* the first reason; empty: it is allowed */
    struct doctor_image *images;
    size_t n_images;
    bool has_list;               /* imagePullSecrets as its author wrote them */
    struct doctor_names listed;  /* entries without a name are "" */
    struct doctor_names secrets; /* after the policy's */
    size_t n_added;
    struct str airbyte_secret, airbyte_registry;         /* values of its environment */
    struct str airbyte_secret_map, airbyte_registry_map; /* a ConfigMap that has them */
    struct str airbyte_namespace;                        /* JOB_KUBE_NAMESPACE, or its own */
    bool has_airbyte;
    bool ready;
};

struct doctor_config_map { /* one with Airbyte's variables */
    struct doctor_place at;
    struct str airbyte_secret, airbyte_registry;
    bool has_secret, has_registry;
};

struct doctor_service {
    struct doctor_place at;
    struct doctor_labels selector;
};

struct doctor_hook_rule {
    struct doctor_names operations, resources, groups;
};

struct doctor_hook {        /* one webhook of a configuration */
    struct doctor_place at; /* of the configuration */
    struct str name;
    bool mutating, ours;
    int64_t created_s;
    struct str service_namespace, service, path, url;
    struct str ca_pem;     /* of caBundle */
    struct str ca_problem; /* empty, or why there is no PEM */
    struct doctor_hook_rule *rules;
    size_t n_rules;
    struct match_selector namespaces, objects;
    bool conditions;
    bool ignore;     /* failurePolicy: Ignore */
    bool reinvoked;  /* reinvocationPolicy: IfNeeded */
    bool takes_pods; /* CREATE of pods */
};

struct doctor_values {
    struct str file;
    uint32_t line, col;
    bool given, has_secrets;
    struct doctor_names secrets;
};

/* A growing array: v[0..n), with room for the next power of two. */
#define DOCTOR_LIST(type)                                                                      \
    struct {                                                                                   \
        type *v;                                                                               \
        size_t n;                                                                              \
    }

struct doctor {
    struct doctor_options options;
    struct arena arena;
    int bad; /* an enum ec */
    struct object_judge judge;
    struct object_request request;
    struct opt_list no_groups;
    struct object_totals totals;
    struct str file; /* of the dump that is being read */
    DOCTOR_LIST(struct doctor_namespace) namespaces;
    DOCTOR_LIST(struct doctor_secret) secrets;
    DOCTOR_LIST(struct doctor_account) accounts;
    DOCTOR_LIST(struct doctor_event) events;
    DOCTOR_LIST(struct doctor_work) works;
    DOCTOR_LIST(struct doctor_config_map) config_maps;
    DOCTOR_LIST(struct doctor_service) services;
    DOCTOR_LIST(struct doctor_hook) hooks;
    DOCTOR_LIST(struct doctor_finding) findings;
    struct doctor_values values;
    bool seen_secret, seen_cluster, seen_hook, seen_service,
        seen_pod;                /* an object of the kind */
    bool given[32], refused[32]; /* by doctor_resources */
    struct doctor_finding spare; /* where there is no room for another */
};

/* ---- memory ------------------------------------------------------------------------------- */

/* The array with room for one more, at v[n]; NULL, and d->bad, when there is none. */
void *doctor_more(struct doctor *d, void *v, size_t n, size_t size);
/* Appends a value to a DOCTOR_LIST, if there is room. */
#define DOCTOR_ADD(d, list, ...)                                                               \
    do {                                                                                       \
        void *more_ = doctor_more((d), (list).v, (list).n, sizeof *(list).v);                  \
        if (more_ != NULL) {                                                                   \
            (list).v = more_;                                                                  \
            (list).v[(list).n++] = (__VA_ARGS__);                                              \
        }                                                                                      \
    } while (0)
/* A copy in the arena, with a NUL behind it; empty, and d->bad, when there is no room. */
struct str doctor_copy(struct doctor *d, struct str s);
void doctor_no_room(struct doctor *d);

/* ---- reading ------------------------------------------------------------------------------- */

/* Texts of an object of the dump, by RFC 6901; not copied, empty where there is none. */
struct str doctor_text(const struct object *o, const char *pointer);
struct str doctor_text_from(const struct object *o, json_at from, const char *pointer);
json_at doctor_at(const struct object *o, const char *pointer);
int64_t doctor_time(struct str text); /* 0: none */
/* Copies of an array of strings, and of a map. */
struct doctor_names doctor_strings(struct doctor *d, const struct object *o, json_at list);
struct doctor_labels doctor_map(struct doctor *d, const struct object *o, json_at map);
struct doctor_place doctor_place_of(struct doctor *d, const struct object *o);

void doctor_read_secret(struct doctor *d, const struct object *o);
void doctor_read_work(struct doctor *d, const struct object *o);
void doctor_read_hooks(struct doctor *d, const struct object *o);

/* ---- looking ------------------------------------------------------------------------------- */

/* Sorts all lists by namespace and name; adds the namespaces of objects that are not there themselves. */
void doctor_sort(struct doctor *d);
struct doctor_secret *doctor_secret_of(const struct doctor *d, struct str namespace,
                                       struct str name);
const struct doctor_account *doctor_account_of(const struct doctor *d, struct str namespace,
                                               struct str name);
const struct doctor_namespace *doctor_namespace_of(const struct doctor *d, struct str name);
const struct doctor_config_map *doctor_config_map_of(const struct doctor *d,
                                                     struct str namespace, struct str name);
const struct doctor_service *doctor_service_of(const struct doctor *d, struct str namespace,
                                               struct str name);
const struct doctor_work *doctor_pod_of(const struct doctor *d, struct str namespace,
                                        struct str name);
/* The pods and templates of a namespace: works.v[result ... result + *n). */
size_t doctor_works_of(const struct doctor *d, struct str namespace, size_t *n);
/* The index of the first event about the object, or where it would be. */
size_t doctor_first_event(const struct doctor *d, const struct doctor_place *at);
int doctor_compare(const struct doctor_place *a, const struct doctor_place *b);
int doctor_compare_names(const struct doctor_names *a, const struct doctor_names *b);
bool doctor_has_name(const struct doctor_names *names, struct str name);
bool doctor_selects(const struct match_selector *s, const struct doctor_labels *labels);
/* Does `match.namespaces` of the rule name it, or is there no such condition? */
bool doctor_rule_takes(const struct policy_rule *rule, struct str namespace);
/* Does the policy name the secret anywhere? */
bool doctor_policy_names(const struct policy *p, struct str secret);
/* The index of a resource by its name without group, or doctor_n_resources. */
size_t doctor_resource_of(const char *name);
/* Could objects of it not be read? */
bool doctor_is_refused(const struct doctor *d, const char *resource);

/* ---- findings ------------------------------------------------------------------------------ */

/* A new one about an object; its effect and mend are those of the code until they are set. Never NULL. */
struct doctor_finding *doctor_find(struct doctor *d, enum doctor_code code,
                                   const struct doctor_place *at,
                                   const struct policy_rule *rule);
void doctor_say(struct doctor *d, struct str *out, const char *format, ...) PRINTF(3, 4);
/* A word of a command, quoted for a shell where it needs it. */
struct str doctor_word(struct doctor *d, struct str s);
/* The bytes as a text of the finding. */
void doctor_say_buf(struct doctor *d, struct str *out, const struct buf *text);
void doctor_lower(struct doctor_finding *f, enum doctor_level level);
/* Appends names: "a, b and 3 more". */
void doctor_put_names(struct buf *out, const struct doctor_names *names);

/* ---- checks -------------------------------------------------------------------------------- */

void doctor_check_needs(struct doctor *d);
void doctor_check_secrets(struct doctor *d);
void doctor_check_entries(struct doctor *d, struct doctor_secret *s);
void doctor_check_cover(struct doctor *d);
void doctor_check_lists(struct doctor *d);
void doctor_check_airbyte(struct doctor *d);
void doctor_check_hooks(struct doctor *d);
void doctor_check_hook_certificate(struct doctor *d, const struct doctor_hook *h);
void doctor_check_scope(struct doctor *d);
void doctor_check_escaped(struct doctor *d);
void doctor_check_pulls(struct doctor *d);
void doctor_check_events(struct doctor *d);

/* ---- keyrings ------------------------------------------------------------------------------- */

/* The keyring of one list of secrets in one namespace; kept until another is asked for. */
struct doctor_ring {
    struct str namespace;
    struct doctor_names names;
    struct credentials_keyring *ring; /* NULL: none was made yet */
};
/* NULL, and d->bad, when there is no memory. */
const struct credentials_keyring *doctor_ring_of(struct doctor *d, struct doctor_ring *r,
                                                 struct str namespace,
                                                 const struct doctor_names *names);
void doctor_ring_done(struct doctor_ring *r);

/* What a pod has in the end: for a template without a list the ServiceAccount's, then the policy's. */
struct doctor_names doctor_effective(struct doctor *d, const struct doctor_work *w);
/* Would the policy change or refuse it, if it were created now? */
bool doctor_is_changed(const struct doctor_work *w);
/* Is the image below the place? */
bool doctor_is_from(const struct policy_prefix *prefix, struct str image);

/* What check_cover.c notices of one image, and cover.c tells once for all alike. */
struct doctor_miss {
    enum doctor_code code;
    struct str namespace, image;
    const struct doctor_place *who;
    const struct policy_rule *rule;
    const struct credentials_set *set, *other;
    const struct credentials_entry *entry;
    enum credentials_miss miss;
    bool switched_off; /* index.docker.io, by a key of docker.io */
};
void doctor_tell_misses(struct doctor *d, struct doctor_miss *v, size_t n);

/* The code for a text of the container runtime. */
enum doctor_code doctor_code_of_error(struct str text);
/* The text of the runtime in "Failed to pull image "X": E" and the like; empty: it has none. */
struct str doctor_error_part(struct str text);
/* The image in it; empty: it names none. */
struct str doctor_image_part(struct str text);
bool doctor_has_part(struct str text, const char *part);

#endif
