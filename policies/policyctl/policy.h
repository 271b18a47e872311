/* policyctl/policy - the rule file of a verb: -p FILE, --policy FILE or PULLGATE_POLICY. */
#ifndef PULLGATE_POLICYCTL_POLICY_H
#define PULLGATE_POLICYCTL_POLICY_H

#include "base/err.h"
#include "engine/policy.h"

/* A row for a verb's option table. */
#define POLICY_ROW(type)                                                                       \
    {                                                                                          \
        "policy", 'p', OPT_STRING, "FILE", NULL,                                               \
            "Rule file, or a folder of rule files; PULLGATE_POLICY when not given.",           \
            .offset = offsetof(type, policy)                                                   \
    }
#define HELP_ROW                                                                               \
    { "help", 'h', OPT_HELP, NULL, NULL, "Print this and end.", .offset = 0 }

/* Loads it; warnings go to standard error, and so do all errors but the last, which *err has. Errors: EC_USAGE when none is named, and
 * rules_load's. */
enum ec policy_load(struct policy **out, const char *path, int64_t now_s, struct err *err)
    MUST_CHECK;

/* The same from one file's bytes, for who needs them too: a pipe can be read once. */
enum ec policy_parse(struct policy **out, struct str text, const char *path, int64_t now_s,
                     struct err *err) MUST_CHECK;

/* EC_USAGE when no path is given. */
enum ec policy_named(const char *path, struct err *err) MUST_CHECK;

#endif
