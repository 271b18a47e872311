/* rules/lint - what is legal in a rule file but probably not meant; each kind has a stable id.
 *
 *      rules_load    reports the first half of the table: settings without effect; with `closely` also
 *                    what single patterns match and miss
 *      rules_examine reports the rest: settings that work as written but may do harm
 *
 * Threads    pure functions                                                              */
#ifndef PULLGATE_RULES_LINT_H
#define PULLGATE_RULES_LINT_H

#include "base/err.h"
#include "engine/policy.h"

enum rules_lint {
    LINT_ALIAS_READ,
    LINT_APPROVES_NOTHING,
    LINT_DENIED_WINS,
    LINT_DUPLICATE_PATTERN,
    LINT_DUPLICATE_SECRET,
    LINT_EXEMPTS_NOTHING,
    LINT_EXPIRED_EXEMPTION,
    LINT_HIDDEN_TEXT,
    LINT_MERGE_WINS,
    LINT_NO_RULES,
    LINT_NOT_CHECKED,
    LINT_SCHEME_IGNORED,
    LINT_SECRET_WITHOUT_SOURCE,
    LINT_UNREACHABLE_RULE,
    LINT_UNUSED_SECRET,
    LINT_UNUSED_SOURCE,
    /* for linters only: by rules_load with options->closely, and by rules_examine */
    LINT_ACCOUNT_OPEN_END,
    LINT_APPROVED_ANYWAY,
    LINT_APPROVES_DOCKER_HUB,
    LINT_APPROVES_EVERYTHING,
    LINT_DENIED_ALIAS,
    LINT_DENIED_BESIDE_REGISTRY,
    LINT_DENIED_SHORT,
    LINT_EXEMPTION_ENDS_SOON,
    LINT_EXEMPTION_NOT_NEEDED,
    LINT_GLOB_ANY_HOST,
    LINT_GLOB_LAST_LEVEL,
    LINT_GLOB_NAME_ALONE,
    LINT_GLOB_ONE_LEVEL,
    LINT_GLOB_OPEN_END,
    LINT_GLOB_PORT,
    LINT_GLOB_WITHOUT_DOT,
    LINT_NO_PULL_SECRET,
    LINT_POD_LABELS_ONLY,
    LINT_REGEX_BACKTRACKS,
    LINT_REGEX_LOOSE_DOT,
    LINT_REGEX_OPEN_END,
    LINT_REGEX_UNANCHORED,
    LINT_SECRETS_ELSEWHERE,
    LINT_TWO_NAMES,
    LINT_UPPER_CASE_HOST,
    N_RULES_LINTS
};

struct rules_lint_row {
    const char *id;          /* "unreachable-rule": for scripts; never changes */
    bool note;               /* may be intended */
    const char *about, *fix; /* a sentence each */
};

extern const struct rules_lint_row rules_lints[N_RULES_LINTS];

/* A warning about a file that loads. */
typedef void rules_warn_fn(void *arg, enum rules_lint lint, const char *file,
                           struct policy_pos pos, const char *text);

/* Comparisons of rules and lists that the warnings of one policy may take; beyond them the remaining checks
 * are skipped and LINT_NOT_CHECKED is reported. */
enum { RULES_STEPS_MAX = 40000000 };
#define RULES_NOT_CHECKED                                                                      \
    "not all checks are made from this rule on: the policy has too many rules and patterns"

struct rules_examine_options {
    rules_warn_fn *warn;
    void *arg;
    int64_t now_s;
    int64_t soon_s; /* exemptions that end within so many seconds are reported */
};

/* In the order of rules; what rules inherit is examined once, for the first of them. */
void rules_examine(const struct policy *p, const struct rules_examine_options *options);

/* How far a regex backtracks: little; over a text repeatedly (.*a.*b); in every way in which its loops can
 * divide the same characters ((a+)+). */
enum rules_regex_cost { REGEX_CHEAP, REGEX_SEVERAL_LOOPS, REGEX_BACKTRACKS };
enum rules_regex_cost rules_regex_cost(struct str regex);

/* Appends a cheaper pattern with the probable meaning of the regex. Returns how to name it: "" for a regex,
 * "the glob " for a glob; NULL where none is known. */
struct buf;
const char *rules_regex_better(struct str regex, struct buf *out);

/* Which hosts a regex matches, by the worst of its alternatives. */
enum rules_regex_hosts {
    REGEX_HOSTS_NAMED,
    REGEX_HOSTS_LOOSE_DOT, /* a dot matches any character */
    REGEX_HOSTS_OPEN,      /* its end is open */
    REGEX_HOSTS_ANY,
};

enum rules_regex_hosts rules_regex_hosts(struct str regex);

#endif
