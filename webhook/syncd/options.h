/* syncd/options - the options of pullgate-sync; each is also PULLGATE_SYNC_<NAME> in the environment. */
#ifndef PULLGATE_SYNCD_OPTIONS_H
#define PULLGATE_SYNCD_OPTIONS_H

#include "base/opts.h"

struct options {
    const char *policy; /* or NULL */
    struct opt_list annotated, names;
    bool respect_value, all_copies, no_events, no_sandbox;
    const char *instance;
    const char *server, *token_file, *ca_file, *cert_file, *key_file;
    const char *listen;
    uint64_t grace_ms, max_requests, relist_ms, poll_ms, drain_timeout_ms;
    int log_level; /* enum log_level */
};

extern const struct opt_table options_table;

/* Errors: EC_USAGE: nothing says what to copy, or half of a certificate is given. */
enum ec options_check(const struct options *o, struct err *err) MUST_CHECK;

#endif
