/* suite/suite - unit tests of rule files: one YAML file, its cases, what came of them.
 *
 *      apiVersion: pullgate/v1
 *      kind: PolicyTest
 *      policy: ../airbyte.yaml        a file or a folder, from the suite's own folder
 *      cases:
 *        - name: a custom connector from elsewhere is refused
 *          object: {...}              or file: pods.yaml, or review: review.json
 *          namespace: airbyte         also user, groups, serviceAccount, operation, endpoint, now
 *          expect:                    at least one of these
 *            verdict: deny            the heaviest of all objects: allow, not-judged, warn, deny
 *            code: not-approved       some reason's
 *            message: "quay\\.io"      some reason matches (POSIX, extended)
 *            rule: airbyte            by which it was decided
 *            images: {main: ...}      by container, or object/container: what will run
 *            secrets: [regcred]       imagePullSecrets afterwards, but for entries without a name
 *
 * Rules      strict: unknown keys, wrong types and impossible values are errors with
 *            file:line:column
 * Ownership  a suite owns all it holds until suite_close
 * Threads    one at a time                                                                  */
#ifndef PULLGATE_SUITE_SUITE_H
#define PULLGATE_SUITE_SUITE_H

#include "object/object.h"
#include "suite/form.h"

#include <regex.h>

struct suite_failure {
    struct suite_failure *next;
    struct yaml_location pos; /* of what was expected */
    const char *what;         /* "verdict", "images" ... */
    struct str found, expected;
};

struct suite_reason { /* why it was decided as it was */
    struct suite_reason *next;
    const char *code;   /* "" where nothing was held against it */
    struct str message; /* NUL-terminated */
};

struct suite_case {
    struct str name;
    struct yaml_location pos;
    json_at object;   /* inline, or JSON_NONE */
    size_t index;     /* in the suite's list */
    const char *file; /* of manifests or of a review; NULL when inline */
    bool is_review;
    struct opt_list groups;
    struct object_request request;
    json_at verdict, images, secrets, message, code, rule; /* expected, or JSON_NONE */
    regex_t regex;                                         /* of message, when there is one */

    /* what came of it */
    bool ran;
    double seconds;
    struct suite_failure *failures; /* in order; NULL: passed */
    struct suite_reason *reasons;   /* of all its objects, in order */
};

struct suite {
    struct suite_form form;
    struct buf text;
    struct yaml *yaml;
    struct arena arena;
    const char *policy_path;
    struct yaml_location policy_pos;
    struct suite_case *cases;
    size_t n_cases;
};

/* Reads a suite. Errors: EC_IO, EC_SYNTAX, EC_SCHEMA, EC_LIMIT, EC_NOMEM. *out needs suite_close
 * in any case. */
enum ec suite_open(struct suite *out, const char *path, struct err *err) MUST_CHECK;

/* The same from the file's bytes, which are copied; `path`, which is borrowed, is its name in errors,
 * and the paths in the suite are seen from its folder. */
enum ec suite_parse(struct suite *out, struct str text, const char *path, struct err *err)
    MUST_CHECK;

void suite_close(struct suite *s);

/* The cases to run: those whose name the regex (POSIX, extended) matches; all of them when it is NULL. */
struct suite_filter {
    const char *text; /* borrowed */
    regex_t regex;
};

/* Errors: EC_USAGE, not a regular expression. */
enum ec suite_filter_init(struct suite_filter *out, const char *text, struct err *err)
    MUST_CHECK;
void suite_filter_done(struct suite_filter *f);
bool suite_filter_has(const struct suite_filter *f, const struct suite_case *c);

/* Runs a case; its failures are in it. Errors: EC_NOMEM, EC_LIMIT. */
enum ec suite_run(struct suite *s, struct suite_case *c, const struct policy *policy,
                  struct err *err) MUST_CHECK;

#endif
