/* program/options - the daemon's options; each is also PULLGATE_<NAME> in the environment.
 * Certificate  by default of a file, --tls-cert and --tls-key with their defaults; with
 *              --tls-ca-cert and --tls-ca-key the daemon makes it itself. Both pairs, or half of
 *              one, are an error: options_check_certificate()                               */
#ifndef PULLGATE_PROGRAM_OPTIONS_H
#define PULLGATE_PROGRAM_OPTIONS_H

#include "base/opts.h"

struct options {
    const char *policy, *tls_cert, *tls_key, *tls_name, *listen, *metrics_listen, *client_ca;
    const char *tls_ca_cert, *tls_ca_key; /* both or none */
    uint64_t tls_leaf_lifetime_ms;
    struct opt_list client_names, tls_ciphers;
    int tls_min; /* enum priorities_min */
    bool no_sandbox, healthcheck;
    uint64_t poll_ms;
    uint64_t workers, max_body, memory, memory_budget, max_connections, max_handshakes;
    uint64_t max_in_flight;
    uint64_t max_per_address, max_header;
    uint64_t max_depth, max_nodes;
    uint64_t idle_timeout_ms, header_timeout_ms, request_timeout_ms;
    uint64_t drain_pause_ms, drain_timeout_ms;
    uint64_t audit_queue;
    uint64_t max_audit_line;
    int audit_when_full; /* enum audit_when_full */
    int log_level;       /* enum log_level */

    /* Options that memory.h must not change. */
    struct {
        bool memory_budget, max_connections, max_nodes, audit_queue;
    } given;
    struct {
        uint64_t arena_bytes, patch_bytes, reply_bytes;
    } large; /* of one review above MEMORY_LARGE_BODY; memory.h sets them. 0: the default of review.h */
};

/* Notes which of these options were given, on the command line or in the environment. */
void options_note_given(struct options *o, const struct opt_result *result);

/* The certificate is made here, with the CA of --tls-ca-cert. */
bool options_signs_itself(const struct options *o);

/* Errors: EC_USAGE. */
enum ec options_check_certificate(const struct options *o, const struct opt_result *result,
                                  struct err *err) MUST_CHECK;

extern const struct opt_table options_table;

#endif
