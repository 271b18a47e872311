/* doctor - the state of a cluster and a policy: why images are not pulled, or will not be.
 *
 *   dumps --doctor_read--> model --doctor_examine--> findings: code, object, rule, what it leads to, mend
 *
 * Shape      a dump is what kubectl get -o json (or yaml) prints: Lists and objects, many and concatenated. Of
 *            each kind the parts that matter are kept; each pod and pod template is judged by the policy as if
 *            it were created now. Manifests that are not applied yet can be read as well
 * Absence    an object that is not in the dumps does not exist. Of kinds of which there is no object at all,
 *            webhook configurations count as not looked at (PG902) unless the dump has other objects of the
 *            cluster (namespaces, webhooks), or doctor_given was called for them
 * Pure       no files, no network, no clock: texts and the time are parameters
 * Secrecy    values of Secrets are wiped in the text's nodes as soon as they are read, and in the model by
 *            doctor_free; the caller wipes the text. Findings hold no content of a Secret
 * Ownership  a doctor owns copies of all that it keeps; findings live as long as the doctor
 * Errors     EC_NOMEM, EC_LIMIT; a document that cannot be read goes to `fault`, is counted, and the rest goes on
 * Threads    one at a time
 * Source     credentials/credentials.h for what the kubelet does with Secrets; Kubernetes API 1.36            */
#ifndef PULLGATE_DOCTOR_DOCTOR_H
#define PULLGATE_DOCTOR_DOCTOR_H

#include "doctor/codes.h"
#include "object/object.h"

struct doctor;

struct doctor_options {
    const struct policy *policy; /* borrowed */
    struct str namespace;        /* look at this one alone; empty: at all of them */
    int64_t now_s, soon_s;       /* what expires within soon_s is reported */
    struct str cert_pem; /* the serving certificate; empty: that of the dump's Secrets */
    void (*fault)(void *arg, const struct object_fault *f); /* without lines of the text */
    void (*note)(void *arg, const char *file, uint32_t line, const char *text);
    void *arg;
};

/* Options are copied, and what they point to is borrowed. */
enum ec doctor_new(struct doctor **out, const struct doctor_options *options, struct err *err)
    MUST_CHECK;
void doctor_free(struct doctor *d); /* NULL is fine */

/* One dump; `file` is its name in findings. */
enum ec doctor_read(struct doctor *d, const char *file, struct str text, struct err *err)
    MUST_CHECK;

/* Values of a Helm chart (Airbyte's): global.imagePullSecrets. Errors: also EC_SYNTAX, EC_SCHEMA. */
enum ec doctor_read_values(struct doctor *d, const char *file, struct str text, struct err *err)
    MUST_CHECK;

/* The resources that doctor looks at, as kubectl names them: "secrets" ... */
struct doctor_resource {
    const char *name; /* "deployments.apps" */
    bool of_cluster;  /* not namespaced */
    bool needed; /* without it a finding says what was not looked at; else it is optional */
};
extern const struct doctor_resource doctor_resources[];
extern const size_t doctor_n_resources;

/* All objects of doctor_resources[i] are in what was read, none or more. */
void doctor_given(struct doctor *d, size_t i);
/* They could not be read, and why: a finding. */
enum ec doctor_refused(struct doctor *d, size_t i, struct str why, struct err *err) MUST_CHECK;

/* The number of documents that could not be read. */
size_t doctor_n_unreadable(const struct doctor *d);

/* ---- findings ---------------------------------------------------------------------------- */

struct doctor_finding {
    enum doctor_code code;
    enum doctor_level level;    /* that of the code, or lower */
    struct str namespace;       /* empty: of the cluster */
    struct str object;          /* "Secret/airbyte/regcred" */
    struct str file;            /* the dump that has the object, or the one that needs it */
    uint32_t line, col;         /* in it; 0: unknown */
    struct str rule, rule_file; /* empty: none */
    uint32_t rule_line, rule_col;
    struct str message; /* what was found */
    struct str effect;  /* what it leads to */
    struct str mend;    /* a command or a text; NUL-terminated */
};

/* Looks at all that was read; once. */
enum ec doctor_examine(struct doctor *d, struct err *err) MUST_CHECK;

/* Sorted: by file, namespace, object, code. */
const struct doctor_finding *doctor_findings(const struct doctor *d, size_t *n);

#endif
