/* fields - what the fields of a rule file are read into before there is a policy, and their readers.
 * Ownership  as the policy's own: what stays lives in the policy's arena
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_RULES_FIELDS_H
#define PULLGATE_RULES_FIELDS_H

#include "rules/walk.h"

/* A rule before it is one of the policy's. It starts as a copy of its file's settings; each
 * setting it names itself REPLACES the inherited one wholly, lists and maps too: what a rule
 * approves can be read in one place. */
struct draft {
    struct policy_rule rule;
    size_t index; /* among the rules of all files */
    struct draft *next;
};

struct draft_file {
    struct draft settings; /* first: the tables of settings serve files and rules alike */
    struct str name;
    bool has_rules;
};

struct draft_exemption {
    struct policy_exemption exemption;
    struct draft_exemption *next;
};

struct draft_source {
    struct policy_source source;
    struct draft_source *next;
};

struct draft_regex {
    struct policy_pattern pattern;
};

struct draft_secret {
    struct policy_secret secret;
    bool duplicate; /* of an earlier one */
};

struct draft_expression {
    struct match_requirement requirement;
    unsigned op; /* enum match_op */
};

/* A host with an optional path, as registry, mirror or `for` name it. */
enum prefix_use { PREFIX_REGISTRY, PREFIX_MIRROR_KEY, PREFIX_MIRROR_TARGET, PREFIX_FOR };
/* `text` is the value at c, or its key for PREFIX_MIRROR_KEY. */
enum ec rules_read_prefix(struct policy_prefix *out, const struct cursor *c, struct str text,
                          enum prefix_use use) MUST_CHECK;
/* true where everything under `inner` is under `outer` too. */
bool rules_prefix_holds(const struct policy_prefix *outer, const struct policy_prefix *inner);

/* Handlers; out is what the tables' offsets say. */
read_fn rules_read_registry;     /* struct draft */
read_fn rules_read_mirrors;      /* struct policy_rule */
read_fn rules_read_patterns;     /* struct policy_patterns */
read_fn rules_read_regex;        /* struct draft_regex */
read_fn rules_read_secrets;      /* struct draft */
read_fn rules_read_secret_name;  /* struct draft_secret */
read_fn rules_read_secret_for;   /* struct draft_secret */
read_fn rules_read_require;      /* struct policy_rule */
read_fn rules_read_tag;          /* bool */
read_fn rules_read_message;      /* struct str */
read_fn rules_read_name;         /* struct str */
read_fn rules_read_globs;        /* struct policy_names */
read_fn rules_read_namespaces;   /* struct policy_names */
read_fn rules_read_accounts;     /* struct policy_names */
read_fn rules_read_match_labels; /* struct match_selector */
read_fn rules_read_expressions;  /* struct match_selector */
read_fn rules_read_label_key;    /* struct str */
read_fn rules_read_label_values; /* struct match_requirement */
read_fn rules_read_spec;         /* struct draft_file */
read_fn rules_read_unmatched;    /* nothing: the policy's */
read_fn rules_read_rules;        /* struct draft_file */
read_fn rules_read_exemptions;   /* nothing: the policy's */
read_fn rules_read_until;        /* struct policy_exemption */
read_fn rules_read_sources;      /* nothing: the policy's */
read_fn rules_read_from;         /* struct policy_source */
read_fn rules_read_source_name;  /* struct str */
read_fn rules_read_namespace;    /* struct str */

/* A pull secret's name. Errors: EC_SCHEMA at the value. */
enum ec rules_check_secret_name(const struct cursor *c) MUST_CHECK;

#endif
