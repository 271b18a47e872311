/* engine/policy - a compiled rule file: plain data, immutable once built.
 * Built by   policies/rules (the loader); read by the engine, audit, policyctl
 * Ownership  everything lives in the policy's arena, compiled patterns in its list;
 *            engine_policy_free frees both. Users of a policy borrow.
 * Threads    immutable after building: any number of readers                              */
#ifndef PULLGATE_ENGINE_POLICY_H
#define PULLGATE_ENGINE_POLICY_H

#include "base/arena.h"
#include "base/str.h"
#include "engine/index.h"
#include "match/match.h"

enum engine_mode { MODE_ENFORCE, MODE_WARN, MODE_AUDIT };
enum engine_official { OFFICIAL_BARE, OFFICIAL_LIBRARY };
enum engine_templates { TEMPLATES_VALIDATE, TEMPLATES_WARN, TEMPLATES_IGNORE };
enum engine_unmatched { UNMATCHED_ALLOW, UNMATCHED_DENY };
enum engine_scope { SCOPE_FILE, SCOPE_ALL };

struct policy_pos {
    uint32_t file; /* index into policy.files */
    uint32_t line; /* 1-based */
    uint32_t col;  /* 1-based, bytes */
};

/* host[:port][/path], host in lower case; the place images come from or go to. */
struct policy_prefix {
    struct str text; /* "harbor.corp:5000/hub", without a slash at its end */
    struct str host; /* "harbor.corp:5000" */
    struct str path; /* "hub", or empty */
};

struct policy_mirror {
    struct policy_prefix from, to;
    struct policy_pos pos;
};

struct policy_pattern {
    const struct match_image *image;
    struct policy_pos pos;
};

struct policy_patterns {
    const struct policy_pattern *v;
    size_t n;
    bool aliased;       /* one of them writes its host as an alias (index.docker.io) */
    struct index index; /* by host */
};

struct policy_names { /* globs, any of; n = 0: no condition */
    const struct str *v;
    size_t n;
};

struct policy_secret {
    struct str name;
    bool always;                 /* for every selected pod */
    struct policy_prefix prefix; /* else only if an image of the pod comes from here */
    struct policy_pos pos;
};

/* Where the pull secrets of a name come from, for the rules of its file: what pullgate-sync copies. No
 * decision depends on it. */
struct policy_source {
    struct str name; /* of the copies, as in imagePullSecrets */
    struct str from_namespace, from_name;
    struct policy_pos pos; /* of the entry */
};

struct policy_match {
    struct policy_names namespaces, service_accounts, users, groups;
    struct match_selector pod_labels; /* no requirements: every pod */
};

struct policy_rule {
    struct str name; /* its own, or the policy's metadata.name for a file without rules */
    struct policy_pos pos;
    struct policy_match match;
    enum engine_mode mode;
    enum engine_templates templates;
    enum engine_official official;
    struct policy_prefix registry; /* text empty: none */
    struct policy_pos registry_pos;
    const struct policy_mirror *mirrors; /* sorted by length of from.path, longest first */
    size_t n_mirrors;
    struct policy_patterns approved, denied;
    const struct policy_secret *secrets;
    size_t n_secrets;
    struct str pull_policy; /* "Always", "IfNotPresent", "Never"; empty: leave alone */
    bool require_digest;
    bool require_tag;   /* a tag that is neither absent nor `latest`, or a digest */
    struct str message; /* for people, appended to a denial; may be empty */
};

struct policy_exemption {
    struct policy_patterns images;
    enum engine_scope scope;        /* of file: for the rules of its own file alone */
    struct policy_names namespaces; /* n = 0: everywhere */
    struct str reason, owner;
    struct str until; /* as written, or empty */
    int64_t until_s;  /* first second at which it no longer holds; INT64_MAX: no end. A date
                         alone  holds through that day in UTC */
    struct policy_pos pos;
};

/* Whether it may exempt images of the rule. */
static inline bool engine_exemption_holds_for(const struct policy_exemption *e,
                                              const struct policy_rule *rule) {
    return e->scope == SCOPE_ALL || e->pos.file == rule->pos.file;
}

/* The mirrors of all rules of a file, each once, by the folded host they lead to. */
struct policy_origins {
    const struct policy_mirror **v;
    size_t n;
};

struct policy {
    struct arena arena;      /* all of the below */
    const struct str *files; /* names as given, for messages */
    size_t n_files;
    struct str name; /* metadata.name of the first file, or "" */
    char sha256[65]; /* over all files' bytes, hex */
    enum engine_unmatched unmatched;
    struct str message; /* appended to denials that no rule decides; may be empty */
    const struct policy_rule *rules; /* in order: the first that selects a pod decides alone */
    size_t n_rules;
    struct index rule_index;        /* by one condition of each rule */
    struct policy_origins *origins; /* one per file; NULL: not built, each rule has its own */
    const struct policy_exemption *exemptions;
    size_t n_exemptions;
    const struct policy_source *sources; /* sorted by file, then name */
    size_t n_sources;
    struct match_image **owned; /* all compiled patterns, on the heap */
    size_t n_owned, cap_owned;
};

void engine_policy_free(struct policy *p); /* NULL is fine */

/* Builds the indexes of rules and of long lists of patterns. rules is the policy's own array. */
void engine_policy_build_indexes(struct policy *p, struct policy_rule *rules);

/* Gathers each file's mirrors. false: no memory. */
bool engine_policy_build_origins(struct policy *p) MUST_CHECK;

/* Where the pull secret of a rule of that file comes from; NULL: the file does not name a source. */
const struct policy_source *engine_policy_source(const struct policy *p, uint32_t file,
                                                 struct str name);

/* Name for messages: "rules.yaml". */
struct str engine_policy_file(const struct policy *p, struct policy_pos pos);

#endif
