/* match - patterns of the rule file against what they may name.
 * Shape      image patterns over host and repository, name globs, label selectors
 * Rules      hosts are compared whole, lower-cased, with their port; a path prefix ends at a
 *            `/`; tags and digests are never matched
 * Ownership  a compiled pattern owns itself (match_image_free); the rest borrows
 * Limits     a pattern is at most MATCH_PATTERN_MAX bytes; globs take time by the length of the
 *            text, a regex stops at its limits (MATCH_GAVE_UP); each call has a meter, and all
 *            calls with one meter together cost at most what it had at first
 * Threads    compiled patterns are immutable and shared, a meter is its caller's; no lock
 * Source     Kubernetes apimachinery labels/selector.go, util/validation; PCRE2 10.42      */
#ifndef PULLGATE_MATCH_MATCH_H
#define PULLGATE_MATCH_MATCH_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { MATCH_PATTERN_MAX = 1024 };

/* ---- what it costs ------------------------------------------------------------------- */

/* What all calls together may cost, in steps: one for a literal pattern, one for four
 * bytes that a glob reads, and for each step of a regex as many as it can take time at most, by the
 * length of the text and of the regex. A step takes between 1 and 20 ns on a machine of 2020. */
struct match_meter {
    uint64_t left;
    bool spent;          /* something would have cost more than was left: it has no answer */
    struct arena *arena; /* what a regex writes while it matches; NULL: the heap, each time */
    struct match_room *room; /* there once a regex was matched */
};
#define MATCH_METER(steps, memory)                                                             \
    { .left = (steps), .arena = (memory) }

/* Takes the steps from the meter; false: it has run out, now or before. */
static inline bool match_charge(struct match_meter *m, uint64_t steps) {
    m->spent |= steps > m->left;
    m->left = m->spent ? 0 : m->left - steps;
    return !m->spent;
}

/* ---- images -------------------------------------------------------------------------- */

struct match_image; /* compiled, immutable */

/* What is matched: the normal form, host in lower case with its port, repository with library/.
 */
struct match_target {
    struct str host;       /* "docker.io", "harbor.corp:5000" */
    struct str repository; /* "library/nginx" */
    struct str whole;      /* host "/" repository, contiguous: what globs and regexes see */
};

/* Compiles one pattern:
 *   host[:port]        that host alone, every repository
 *   host[:port]/path   that repository and all below it, border at `/`
 *   with `*`           glob over host/repository, matched whole: `*` is any run of bytes but `/`
 *                      (and, in the host, but `:`); `**` as a whole component is any number of
 *                      components, also none; `**` alone matches everything
 * Upper case in the host is folded. Errors: EC_LIMIT (too long), EC_NOMEM, and EC_SYNTAX with
 * err->offset in the pattern for what can never match an image: a first component that is not a
 * host (`airbyte/x`; the message suggests one), a tag or digest, upper case or bytes outside the
 * grammar in the path, empty components, a scheme, `index.docker.io` (normal form: docker.io), a
 * glob of a host alone (`*.corp`) or of one component of docker.io; and for `**` beside other
 * bytes in a component. */
enum ec match_image_compile(struct match_image **out, struct str pattern, struct err *err)
    MUST_CHECK;

/* Compiles {regex: ...}: matched against host/repository, anchored at both ends, UTF off, with
 * match, depth and heap limits. By the interpreter: PCRE2's JIT does not count all of its steps (not those of
 * `(a|a)`, whose number is a power of two), and counts otherwise, so that a verdict would depend on the machine.
 * Errors: EC_LIMIT (too long), EC_NOMEM, EC_SYNTAX with offset and PCRE2's reason. */
enum ec match_image_compile_regex(struct match_image **out, struct str regex, struct err *err)
    MUST_CHECK;

void match_image_free(struct match_image *m); /* NULL is fine */

/* MATCH_GAVE_UP: a regex hit its limits. When the meter has run out, the result is void. */
enum match_result { MATCH_NO, MATCH_YES, MATCH_GAVE_UP };
enum match_result match_image(const struct match_image *m, const struct match_target *t,
                              struct match_meter *meter);

/* For indexes and linters: the host the pattern is about when it is literal (host or host/path,
 * or a glob whose host part has no `*`), else empty; and the literal path prefix of a
 * host/path. */
struct str match_image_host(const struct match_image *m);
struct str match_image_path(const struct match_image *m);
/* host or host/path, no glob, no regex */
bool match_image_is_prefix(const struct match_image *m);
bool match_image_is_regex(const struct match_image *m);
struct str match_image_text(const struct match_image *m); /* as it was written */

/* true when `prefix` ("" , "a", "a/b") is `path` or a parent of it at a `/`. */
bool match_path_prefix(struct str prefix, struct str path);

/* ---- names: namespaces, users, groups, service accounts ------------------------------ */

/* `*` is any run of bytes, also none and also with `:` and `/`; all else is literal. A
 * pattern beyond MATCH_PATTERN_MAX matches nothing. */
bool match_name(struct str pattern, struct str name, struct match_meter *meter);

/* ---- labels -------------------------------------------------------------------------- */

struct match_label {
    struct str key, value;
};

enum match_op { MATCH_IN, MATCH_NOT_IN, MATCH_EXISTS, MATCH_DOES_NOT_EXIST };

struct match_requirement { /* matchLabels k: v is {k, MATCH_IN, [v]} */
    struct str key;
    enum match_op op;
    const struct str *values;
    size_t n_values;
};

struct match_selector { /* all requirements must hold; none at all selects everything */
    const struct match_requirement *requirements;
    size_t n_requirements;
};

/* As Kubernetes reads it: NotIn and DoesNotExist hold for an absent key. */
bool match_labels(const struct match_selector *s, const struct match_label *labels,
                  size_t n_labels, struct match_meter *meter);

/* Syntax of a label key ([dns-subdomain/]name, 63 and 253 bytes) and of a value; EC_SYNTAX. */
enum ec match_check_label_key(struct str key, struct err *err) MUST_CHECK;
enum ec match_check_label_value(struct str value, struct err *err) MUST_CHECK;

#endif
