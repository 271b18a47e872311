/* engine_fixture - what the tests of the engine share: a policy from a text, and a container.
 * Ownership  a policy is the caller's (engine_policy_free); a container borrows its text
 * Errors     a policy that does not load fails the test */
#ifndef PULLGATE_TESTS_ENGINE_FIXTURE_H
#define PULLGATE_TESTS_ENGINE_FIXTURE_H

#include "test.h"

#include "engine/engine.h"
#include "rules/rules.h"

enum { NOW_S = 1800000000 /* 2027-01-15 */ };

#define SPEC "apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: t}\nspec:\n"

static inline struct policy *load(const char *yaml) {
    struct policy *policy = NULL;
    struct err err = ERR_INIT;
    const struct rules_options options = {.warn = NULL};
    assert_ok(rules_parse(&policy, str_of(yaml), "t.yaml", &options, &err), &err);
    return policy;
}

static inline struct workload_image container(const char *text) {
    return (struct workload_image){.list = LIST_CONTAINER,
                                   .name = STR("main"),
                                   .text = str_of(text),
                                   .has_image = true,
                                   .changed = true};
}

#endif
