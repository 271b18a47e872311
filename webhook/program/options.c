#include "program/options.h"

#include "audit/audit.h"

static const char *const when_full_words[] = {"block", "drop", NULL};
static const char *const tls_words[] = {"1.2", "1.3", NULL};
static const char *const level_words[] = {"debug", "info", "warn", "error", NULL};

#define AT(field) .offset = offsetof(struct options, field)

static const struct opt_row rows[] = {
    {"policy", 'p', OPT_STRING, "FILE", NULL, "Rule file, or a folder of rule files. Required.",
     AT(policy)},
    {"tls-cert", 0, OPT_STRING, "FILE", "/etc/pullgate/tls/tls.crt",
     "Serving certificate and its chain (PEM).", AT(tls_cert)},
    {"tls-key", 0, OPT_STRING, "FILE", "/etc/pullgate/tls/tls.key",
     "Private key of the certificate (PEM).", AT(tls_key)},
    {"tls-ca-cert", 0, OPT_STRING, "FILE", NULL,
     "CA (PEM, one or more certificates), in place of --tls-cert: the webhook makes its own "
     "key and certificate in memory and renews it. The webhook's caBundle is this file.",
     AT(tls_ca_cert)},
    {"tls-ca-key", 0, OPT_STRING, "FILE", NULL,
     "Private keys of the CA (PEM), one or more: each certificate of --tls-ca-cert with a key "
     "can sign.",
     AT(tls_ca_key)},
    {"tls-leaf-lifetime", 0, OPT_DURATION, "TIME", "168h",
     "Lifetime of the certificate made with --tls-ca-cert, at most that of the CA. It is "
     "renewed when two thirds have passed, and is valid from an hour before it was made.",
     AT(tls_leaf_lifetime_ms), .min = 1000, .max = UINT64_C(1000) * 86400 * 3650},
    {"tls-name", 0, OPT_STRING, "NAME", NULL,
     "Name that the certificate must have, <service>.<namespace>.svc: the one the API server "
     "verifies. A certificate without it causes a warning in the log. Required with "
     "--tls-ca-cert, whose certificate is for this name alone.",
     AT(tls_name)},
    {"tls-min", 0, OPT_WORD, "VERSION", "1.2",
     "Lowest TLS version. API servers support 1.2 and 1.3.", AT(tls_min), .words = tls_words},
    {"tls-ciphers", 0, OPT_LIST, "NAME", NULL,
     "AES-128-GCM, AES-256-GCM or CHACHA20-POLY1305; may be repeated, in order of preference. "
     "By default all of them, in this order. Key exchange is always ECDHE with X25519, P-256 "
     "or "
     "P-384.",
     AT(tls_ciphers)},
    {"client-ca", 0, OPT_STRING, "FILE", NULL,
     "CA of client certificates (PEM). When given, --listen serves only clients with a valid "
     "certificate; API servers have one only if their administrator configured it.",
     AT(client_ca)},
    {"client-name", 0, OPT_LIST, "NAME", NULL,
     "Name (CN or SAN, a glob) that a client certificate must have; may be repeated, and one "
     "match is enough. By default any name is accepted.",
     AT(client_names)},
    {"listen", 0, OPT_STRING, "ADDR:PORT", "0.0.0.0:9443",
     "Address of the webhook (HTTPS), for the API server. Port 0 picks a free port.",
     AT(listen)},
    {"metrics-listen", 0, OPT_STRING, "ADDR:PORT", "0.0.0.0:8080",
     "Address for /healthz, /readyz and /metrics over plain HTTP, without certificates. Empty: "
     "no such listener.",
     AT(metrics_listen)},
    {"workers", 0, OPT_NUMBER, "N", "2",
     "Threads that serve requests. Two share the connections of two API servers evenly.",
     AT(workers), .min = 1, .max = 256},
    {"max-body", 0, OPT_SIZE, "SIZE", "32MiB",
     "Largest review. 300 kB of input have been seen to reach a webhook as 14 MB, and a pod "
     "must "
     "not bypass the webhook by being too large.",
     AT(max_body), .min = 1024, .max = 1u << 30},
    {"memory", 0, OPT_SIZE, "BYTES", NULL,
     "Limit on the resident memory of the process. All budgets are derived from it, and their "
     "sum stays below three quarters of it; requests beyond them get a 503. By default the "
     "limit of the container (cgroup memory.max), or 512MiB if there is none.",
     AT(memory), .min = 1 << 20},
    {"memory-budget", 0, OPT_SIZE, "SIZE", "256MiB",
     "Memory for the bodies and answers of all requests together. Requests beyond it get 503 "
     "with Retry-After, and the API server repeats them; to make room, connections are closed "
     "whose body has been arriving, or whose answer has not been read, for a second. If not "
     "given, it is what --memory leaves, at most the default: 98 MiB of the 512 MiB that the "
     "manifests give the container. A value below --max-body limits the size of a review.",
     AT(memory_budget), .min = 1 << 20},
    {"max-connections", 0, OPT_NUMBER, "N", "1024",
     "Open connections. Further ones wait in the backlog; to make room, connections are closed "
     "that have been idle, or whose request has been arriving, for a second. An API server "
     "keeps 25 idle connections.",
     AT(max_connections), .min = 1, .max = 1000000},
    {"max-handshakes", 0, OPT_NUMBER, "N", "128",
     "TLS handshakes in progress. Further ones wait; to make room, handshakes are aborted "
     "whose "
     "client has been silent for a quarter of a second. A request on an established connection "
     "waits for one step of each, half a millisecond with a P-256 certificate.",
     AT(max_handshakes), .min = 1, .max = 1000000},
    {"max-connections-per-address", 0, OPT_NUMBER, "N", "0",
     "Connections from one address; further ones are closed at once. 0: no limit, since all "
     "API "
     "servers may have the same address.",
     AT(max_per_address), .max = 1000000},
    {"max-header", 0, OPT_SIZE, "SIZE", "16KiB",
     "Size of a request's header, counting 64 bytes more for each field; a larger one gets "
     "431. "
     "An API server sends a few hundred bytes, and up to 8 KiB more when its clients send "
     "baggage for tracing. Each connection takes this much memory, and each request clears it.",
     AT(max_header), .min = 4096, .max = 1 << 20},
    {"max-in-flight", 0, OPT_NUMBER, "N", "512",
     "Concurrent requests whose body is complete; further ones get 503 with Retry-After. Two "
     "API "
     "servers with their default of 200 concurrent writes stay below it.",
     AT(max_in_flight), .min = 1, .max = 1000000},
    {"max-depth", 0, OPT_NUMBER, "N", "128",
     "Nesting depth of a review's JSON. Pods stay below 20, custom schemas below 60.",
     AT(max_depth), .min = 8, .max = 10000},
    {"max-nodes", 0, OPT_NUMBER, "N", "4000000",
     "JSON values kept per review, 16 bytes each. A pod has one or two hundred.", AT(max_nodes),
     .min = 100, .max = 100000000},
    {"idle-timeout", 0, OPT_DURATION, "TIME", "180s",
     "Keep-alive connections without a request are closed after this time. It must exceed the "
     "API server's own 90 s, or requests are lost when both ends act at once.",
     AT(idle_timeout_ms), .min = 1000, .max = 86400000},
    {"header-timeout", 0, OPT_DURATION, "TIME", "10s",
     "Time limit for the TLS handshake, and for the header of a request; the API server allows "
     "a handshake 10 s.",
     AT(header_timeout_ms), .min = 100, .max = 600000},
    {"request-timeout", 0, OPT_DURATION, "TIME", "30s",
     "Time limit for the whole request; the API server's ?timeout= may lower it. 30 s is the "
     "longest an API server waits.",
     AT(request_timeout_ms), .min = 100, .max = 600000},
    {"drain-pause", 0, OPT_DURATION, "TIME", "5s",
     "After SIGTERM: time during which new connections are still accepted while /readyz fails, "
     "so that the endpoint can be withdrawn.",
     AT(drain_pause_ms), .max = 600000},
    {"drain-timeout", 0, OPT_DURATION, "TIME", "20s",
     "After the pause: time limit for requests in progress. With the pause and the last audit "
     "lines it ends within the 35 s of grace that the manifests give.",
     AT(drain_timeout_ms), .max = 600000},
    {"poll", 0, OPT_DURATION, "TIME", "10s",
     "Interval at which rule file, certificate, key and client CA are checked for changes, in "
     "case inotify does not report them, as on some network file systems.",
     AT(poll_ms), .min = 100, .max = 3600000},
    {"no-sandbox", 0, OPT_FLAG, NULL, NULL,
     "Do not block the system calls that serving does not need (seccomp).", AT(no_sandbox)},
    {"audit-queue", 0, OPT_SIZE, "SIZE", "8MiB",
     "Queue of audit lines for standard output: some ten thousand lines, for a reader that "
     "stalls.",
     AT(audit_queue), .min = 65536, .max = 1u << 30},
    {"max-audit-line", 0, OPT_SIZE, "SIZE", "64KiB",
     "Longest audit line. Longer ones are cut and marked with \"cut\": true: texts at fixed "
     "lengths, lists of images, secrets and reasons where the line is full.",
     AT(max_audit_line), .min = AUDIT_LINE_MIN, .max = 16 << 20},
    {"audit-when-full", 0, OPT_WORD, "HOW", "block",
     "When the audit queue is full: block requests until shortly before their deadline, and "
     "then "
     "deny them (no admission without an audit line, except by rules in mode warn or audit); "
     "or "
     "drop lines and count them.",
     AT(audit_when_full), .words = when_full_words},
    {"log-level", 0, OPT_WORD, "LEVEL", "info", "Lowest level of messages on standard error.",
     AT(log_level), .words = level_words},
    {"healthcheck", 0, OPT_FLAG, NULL, NULL,
     "Check whether the pullgate that runs with these options is ready (/readyz at "
     "--metrics-listen) and exit: 0 if it is, 1 if not. For container engines; Kubernetes has "
     "its own probes.",
     AT(healthcheck)},
    {"help", 'h', OPT_HELP, NULL, NULL, "Print this help and exit."},
    {"version", 'V', OPT_HELP, NULL, NULL, "Print the version and the libraries, and exit."},
};

const struct opt_table options_table = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = "PULLGATE"};

static bool is_set(const char *value) {
    return value != NULL && *value != '\0';
}

bool options_signs_itself(const struct options *o) {
    return is_set(o->tls_ca_cert);
}

enum ec options_check_certificate(const struct options *o, const struct opt_result *result,
                                  struct err *err) {
    bool cert = opts_is_given(&options_table, result, "tls-cert"),
         key = opts_is_given(&options_table, result, "tls-key");
    bool ca_cert = is_set(o->tls_ca_cert), ca_key = is_set(o->tls_ca_key);
    if (ca_cert != ca_key)
        return err_set(err, EC_USAGE, "--tls-ca-%s is given without --tls-ca-%s",
                       ca_cert ? "cert" : "key", ca_cert ? "key" : "cert");
    if (ca_cert && (cert || key))
        return err_set(
            err, EC_USAGE,
            "found --tls-%s together with --tls-ca-cert, expected --tls-cert and "
            "--tls-key for a certificate that is made elsewhere, or --tls-ca-cert and "
            "--tls-ca-key for one that is made here",
            cert ? "cert" : "key");
    if (ca_cert && !is_set(o->tls_name))
        return err_set(err, EC_USAGE,
                       "--tls-name is missing: the name of the certificate that is made with "
                       "--tls-ca-cert, <service>.<namespace>.svc");
    if (cert != key)
        return err_set(err, EC_USAGE, "--tls-%s is given without --tls-%s",
                       cert ? "cert" : "key", cert ? "key" : "cert");
    return EC_OK;
}

void options_note_given(struct options *o, const struct opt_result *result) {
    o->given.memory_budget = opts_is_given(&options_table, result, "memory-budget");
    o->given.max_connections = opts_is_given(&options_table, result, "max-connections");
    o->given.max_nodes = opts_is_given(&options_table, result, "max-nodes");
    o->given.audit_queue = opts_is_given(&options_table, result, "audit-queue");
}
