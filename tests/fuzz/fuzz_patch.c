/* patch: worlds built from the fuzzer's bytes, a rule file and one review of it. The JSON Patch of the answer
 * applies, by a hand that is not pullgate's; nothing changes that may not; what comes of it needs no other
 * patch and passes /validate. The bytes after the world change the review's order, which changes nothing.
 * tests/property does the same, and more, with worlds that a seed makes. */
#include "hold.h"
#include "make.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct policy *policy, const json_t *rules, const json_t *review) {
    struct hold h;
    hold_init(&h);
    const char *broken = hold_answers(&h, policy, review);
    if (broken != NULL) {
        fprintf(stderr, "patch does not hold \"%s\"\n", broken);
        hold_show("rules ", rules);
        hold_show("review", review);
        abort();
    }
    hold_done(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static const uint8_t none[1] = {0};
    struct choose c = {.bytes = n != 0 ? bytes : none, .n = n};
    json_t *rules = make_rules(&c), *review = make_review(&c),
           *shuffled = make_shuffled(&c, review);
    struct policy *policy = hold_rules(rules);
    if (policy != NULL) {
        check(policy, rules, review);
        check(policy, rules, shuffled);
    }
    engine_policy_free(policy);
    json_decref(rules);
    json_decref(review);
    json_decref(shuffled);
    return 0;
}
