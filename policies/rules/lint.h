/* rules/lint - what is legal in a rule file but surely not meant: each kind has a stable id.
 *
 *      rules_load    says the first half of the table while it reads: no effect, no sense; when asked,
 *                    what single patterns of the second half match and miss
 *      rules_examine says the rest when asked: works as written, but may hurt
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
    LINT_UNREACHABLE_RULE,
    LINT_UNUSED_SECRET,
    /* said to linters alone: by rules_load where options->closely, and by rules_examine */
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
    bool note;               /* may well be meant */
    const char *about, *fix; /* a sentence each */
};

extern const struct rules_lint_row rules_lints[N_RULES_LINTS];

/* Something a person should know although the file loads. */
typedef void rules_warn_fn(void *arg, enum rules_lint lint, const char *file,
                           struct policy_pos pos, const char *text);

/* Checks that only warn compare rules and lists with one another: beyond so many comparisons of one
 * policy the rest of them is left off, with LINT_NOT_CHECKED. */
enum { RULES_STEPS_MAX = 40000000 };
#define RULES_NOT_CHECKED                                                                      \
    "not all checks are made from this rule on: the policy has too many rules and patterns"

struct rules_examine_options {
    rules_warn_fn *warn;
    void *arg;
    int64_t now_s;
    int64_t soon_s; /* exemptions that end within so many seconds are told */
};

/* In the order of rules; what rules inherit is examined once, for the first of them. */
void rules_examine(const struct policy *p, const struct rules_examine_options *options);

/* How a regex goes back: not far; over a text again and again (.*a.*b); in as many ways as its loops
 * can share out the same characters ((a+)+). */
enum rules_regex_cost { REGEX_CHEAP, REGEX_SEVERAL_LOOPS, REGEX_BACKTRACKS };
enum rules_regex_cost rules_regex_cost(struct str regex);

/* Appends a pattern that says what this regex probably means, and costs less. What to call it: "" for a
 * regex, "the glob "; NULL: there is none known. */
struct buf;
const char *rules_regex_better(struct str regex, struct buf *out);

/* Which hosts does a regex let in, by the worst of its alternatives? */
enum rules_regex_hosts {
    REGEX_HOSTS_NAMED,
    REGEX_HOSTS_LOOSE_DOT, /* a dot stands for any character */
    REGEX_HOSTS_OPEN,      /* it goes on as one likes behind what it begins with */
    REGEX_HOSTS_ANY,
};

enum rules_regex_hosts rules_regex_hosts(struct str regex);

#endif
