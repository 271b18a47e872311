/* policyctl/options - the options of each verb, as structs, and the rows that several verbs have.
 * Shape      options_manifests.c: the verbs that read manifests; options_tools.c: all others. Each
 *            holds, verb by verb, the words of its options, their rows and its struct verb
 * Rules      words are in the order of the enum that belongs to them
 * Ownership  strings borrow from argv and the environment                                    */
#ifndef PULLGATE_POLICYCTL_OPTIONS_H
#define PULLGATE_POLICYCTL_OPTIONS_H

#include "policyctl/requester.h"
#include "policyctl/verb.h"
#include "policyctl/verbs.h"

enum options_endpoint { ENDPOINT_MUTATE, ENDPOINT_VALIDATE };
enum options_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

enum test_output {
    TEST_TEXT,
    TEST_JSON,
    TEST_YAML,
    TEST_DIFF,
    TEST_JUNIT,
    TEST_SARIF,
    TEST_GITHUB,
    TEST_TAP,
    N_TEST_OUTPUTS
};
struct options_test {
    const char *policy;
    struct requester_flags requester;
    struct opt_list exclude;
    uint64_t jobs; /* 0: not given */
    int output, endpoint, color;
    bool fail_on_warn, require_objects, quiet, summary, strict, verbose;
};

struct options_apply {
    const char *policy;
    struct requester_flags requester;
    struct opt_list exclude;
    bool templates, in_place, strict;
};

enum explain_output { EXPLAIN_TEXT, EXPLAIN_JSON };
struct options_explain {
    const char *policy;
    struct requester_flags requester;
    struct opt_list exclude;
    int output;
    bool strict;
};

enum images_output { IMAGES_TABLE, IMAGES_JSON, IMAGES_SYNC, IMAGES_COPY };
struct options_images {
    const char *policy, *platforms, *secrets, *docker_config, *ca, *client_cert, *client_key;
    struct requester_flags requester;
    struct opt_list exclude, plain_http, token_hosts;
    uint64_t connections, timeout_ms;
    int output;
    bool strict, check, missing, against_source, verbose;
};

enum secrets_output { SECRETS_TABLE, SECRETS_JSON, SECRETS_YAML };
struct options_secrets {
    const char *policy, *from, *username, *external_secrets, *remote_key;
    struct requester_flags requester;
    struct opt_list exclude, registries;
    int output; /* table, or yaml for objects, where it is not given */
    bool password_stdin, sealed, strict;
};

enum bench_output { BENCH_TEXT, BENCH_JSON };
struct options_bench {
    const char *policy, *namespace, *now, *save, *compare;
    uint64_t rounds, warmup, concurrency, threshold;
    int output, endpoint;
    bool worst;
};

struct options_review {
    const char *policy, *now;
    int endpoint;
};

struct options_ask {
    const char *policy, *server, *ca, *server_name, *namespace, *user;
    struct opt_list groups;
    uint64_t timeout_ms, wait_ms;
    bool dry_run;
};

enum lint_output { LINT_TEXT, LINT_JSON, LINT_JUNIT, LINT_SARIF, LINT_GITHUB };
struct options_lint {
    const char *now;
    struct opt_list ignored;
    uint64_t soon_days;
    int output;
    bool schema, strict;
};

enum doctor_output { DOCTOR_TEXT, DOCTOR_JSON, DOCTOR_JUNIT, DOCTOR_SARIF, DOCTOR_GITHUB };
struct options_doctor {
    const char *policy, *namespace, *cert, *values, *context, *kubeconfig, *now;
    struct opt_list ignored;
    uint64_t soon_ms;
    int output;
    bool cluster, strict, verbose;
};

enum verify_output { VERIFY_TEXT, VERIFY_JSON, VERIFY_JUNIT, VERIFY_SARIF, VERIFY_GITHUB };
struct options_verify {
    const char *run; /* a regex, or NULL */
    int output;
    bool verbose;
};

enum parse_output { PARSE_TEXT, PARSE_JSON };
struct options_parse {
    int output;
};

enum sync_output { SYNC_OUTPUT_TEXT, SYNC_OUTPUT_JSON };
struct options_sync {
    const char *policy, *instance;
    struct opt_list annotated;
    int output;
    bool dry_run, respect_value;
};

struct options_certs {
    const char *dir, *service, *namespace, *cert, *key_file, *name;
    struct opt_list dns;
    uint64_t days, ca_days, overlap_days; /* days 0: not given */
    int key; /* enum certs_key; -1: not given, as cmd_certs sets it */
    bool force, new_ca, dry_run;
};

enum render_failure { RENDER_IGNORE, RENDER_FAIL };
enum render_mode { RENDER_EXISTING, RENDER_SELF_SIGNED };
enum render_only { RENDER_ALL, RENDER_CERTS };
struct options_render {
    const char *namespace, *image, *policy, *certs;
    uint64_t replicas;
    int failure_policy;               /* enum render_failure */
    int certificate_mode;             /* enum render_mode */
    int only;                         /* enum render_only */
    struct opt_list annotated, names; /* sync: namespaces whose annotations count; copies */
    bool respect_value, wide;
};

struct options_import {
    struct opt_list namespaces;
};

/* Of one verb. All bytes are zero before options are parsed. */
union options {
    struct options_test test;
    struct options_apply apply;
    struct options_explain explain;
    struct options_images images;
    struct options_secrets secrets;
    struct options_bench bench;
    struct options_review review;
    struct options_ask ask;
    struct options_lint lint;
    struct options_doctor doctor;
    struct options_verify verify;
    struct options_parse parse;
    struct options_sync sync;
    struct options_certs certs;
    struct options_render render;
    struct options_import import;
};

extern const char *const options_endpoints[];        /* "mutate", "validate" */
extern const char *const options_failure_policies[]; /* "Ignore", "Fail" */

/* ---- rows ---------------------------------------------------------------------------- */

/* clang-format off */
#define OPTIONS_AT(verb, field) .offset = offsetof(struct options_##verb, field)
#define OPTIONS_TABLE(table_rows)                                                              \
    {.rows = (table_rows), .n_rows = sizeof(table_rows) / sizeof *(table_rows), .env_prefix = NULL}
#define OPTIONS_POLICY_ROW(verb)                                                               \
    {"policy", 'p', OPT_STRING, "FILE", NULL,                                                  \
     "Rule file, or a folder of rule files. Defaults to PULLGATE_POLICY.",                     \
     OPTIONS_AT(verb, policy)}
#define OPTIONS_HELP_ROW                                                                       \
    {"help", 'h', OPT_HELP, NULL, NULL, "Print this help and exit.", .offset = 0}
/* clang-format on */

#endif
