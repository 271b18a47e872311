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
    {"tls-name", 0, OPT_STRING, "NAME", NULL,
     "Name the certificate must carry, <service>.<namespace>.svc: what the API server asks "
     "for. A "
     "certificate without it is logged as a warning.",
     AT(tls_name)},
    {"tls-min", 0, OPT_WORD, "VERSION", "1.2",
     "Lowest TLS version. API servers speak 1.2 and 1.3.", AT(tls_min), .words = tls_words},
    {"tls-ciphers", 0, OPT_LIST, "NAME", NULL,
     "AES-128-GCM, AES-256-GCM, CHACHA20-POLY1305; given several times, the best first. All of "
     "them, in this order, when not given. Key exchange is always ECDHE, with X25519, P-256 or "
     "P-384.",
     AT(tls_ciphers)},
    {"client-ca", 0, OPT_STRING, "FILE", NULL,
     "CA of client certificates (PEM). With it only clients with a good one are answered on "
     "--listen; "
     "API servers have one only when their administrator gave it to them.",
     AT(client_ca)},
    {"client-name", 0, OPT_LIST, "NAME", NULL,
     "Name (CN or SAN, globs) that such a certificate must carry; may be given several times, "
     "one of them is enough then. Any when not given.",
     AT(client_names)},
    {"listen", 0, OPT_STRING, "ADDR:PORT", "0.0.0.0:9443",
     "Where the API server reaches the webhook (HTTPS). Port 0 picks a free one.", AT(listen)},
    {"metrics-listen", 0, OPT_STRING, "ADDR:PORT", "0.0.0.0:8080",
     "Plain HTTP for /healthz, /readyz and /metrics, which need no certificate here. Empty: "
     "none.",
     AT(metrics_listen)},
    {"workers", 0, OPT_NUMBER, "N", "2",
     "Threads that answer. Two share the connections of two API servers evenly.", AT(workers),
     .min = 1, .max = 256},
    {"max-body", 0, OPT_SIZE, "SIZE", "32MiB",
     "Largest review. 300 kB of input were seen to reach a webhook as 14 MB, and a pod too big "
     "for "
     "the webhook must not be a way round it.",
     AT(max_body), .min = 1024, .max = 1u << 30},
    {"memory", 0, OPT_SIZE, "BYTES", NULL,
     "Memory that the process may take, resident. All budgets are derived from it, so that "
     "their "
     "sum stays below three quarters; over them requests get a 503. When not given: the limit "
     "of "
     "the container (cgroup memory.max), or 512MiB where there is none.",
     AT(memory), .min = 1 << 20},
    {"memory-budget", 0, OPT_SIZE, "SIZE", "256MiB",
     "For the bodies and answers of all requests together. Over it requests get 503 with "
     "Retry-After, which the API server repeats; bodies that have been coming for a second, "
     "and "
     "answers that have waited so long to be read, make room. When not given it is what "
     "--memory "
     "leaves, at most the default: 98 MiB of the 512 MiB that the manifests allow the "
     "container. "
     "Below --max-body it is what limits a review.",
     AT(memory_budget), .min = 1 << 20},
    {"max-connections", 0, OPT_NUMBER, "N", "1024",
     "Connections open at once; further ones wait in the backlog, and those that have been "
     "idle, or whose request has been coming, for a second make room for them. An API server "
     "keeps 25 idle.",
     AT(max_connections), .min = 1, .max = 1000000},
    {"max-handshakes", 0, OPT_NUMBER, "N", "128",
     "TLS handshakes that clients have begun, at once; further ones wait, and those that have "
     "waited for their client for a quarter of a second make room. What is asked on a "
     "connection that is there already waits for one step of each, half a millisecond with a "
     "P-256 certificate.",
     AT(max_handshakes), .min = 1, .max = 1000000},
    {"max-connections-per-address", 0, OPT_NUMBER, "N", "0",
     "Connections of one address; further ones are closed at once. 0: any number, since all "
     "API servers "
     "may come from one address.",
     AT(max_per_address), .max = 1000000},
    {"max-header", 0, OPT_SIZE, "SIZE", "16KiB",
     "Header of a request, 64 bytes more for each field; a larger one gets 431. An API "
     "server's has a few hundred bytes, and up to 8 KiB more when its clients send baggage for "
     "tracing. Each connection holds so much memory, and each request clears it.",
     AT(max_header), .min = 4096, .max = 1 << 20},
    {"max-in-flight", 0, OPT_NUMBER, "N", "512",
     "Requests whose body is complete, at once; further ones get 503 with Retry-After. Two API "
     "servers with their default of 200 writes at once stay below it.",
     AT(max_in_flight), .min = 1, .max = 1000000},
    {"max-depth", 0, OPT_NUMBER, "N", "128",
     "Nesting of a review's JSON. Pods stay below 20; custom schemas below 60.", AT(max_depth),
     .min = 8, .max = 10000},
    {"max-nodes", 0, OPT_NUMBER, "N", "4000000",
     "JSON values kept of one review, 16 bytes each. A pod has a hundred or two.",
     AT(max_nodes), .min = 100, .max = 100000000},
    {"idle-timeout", 0, OPT_DURATION, "TIME", "180s",
     "Keep-alive connections without a request are closed after this. Must exceed the API "
     "server's own 90 s, or requests are lost when both ends act at once.",
     AT(idle_timeout_ms), .min = 1000, .max = 86400000},
    {"header-timeout", 0, OPT_DURATION, "TIME", "10s",
     "TLS handshake and request header must be complete by then; the API server gives a "
     "handshake "
     "10 s.",
     AT(header_timeout_ms), .min = 100, .max = 600000},
    {"request-timeout", 0, OPT_DURATION, "TIME", "30s",
     "The whole request; less when the API server's ?timeout= says so. 30 s is the most it "
     "waits.",
     AT(request_timeout_ms), .min = 100, .max = 600000},
    {"drain-pause", 0, OPT_DURATION, "TIME", "5s",
     "After SIGTERM: how long new connections are still taken while /readyz already fails, so "
     "that "
     "endpoints can be withdrawn.",
     AT(drain_pause_ms), .max = 600000},
    {"drain-timeout", 0, OPT_DURATION, "TIME", "20s",
     "After the pause: how long requests under way may take. With the pause and the last audit "
     "lines it ends before the 35 s of grace that the manifests give.",
     AT(drain_timeout_ms), .max = 600000},
    {"poll", 0, OPT_DURATION, "TIME", "10s",
     "How often rule file, certificate, key and client CA are looked at where inotify is "
     "silent, as on "
     "some network file systems.",
     AT(poll_ms), .min = 100, .max = 3600000},
    {"no-sandbox", 0, OPT_FLAG, NULL, NULL,
     "Do not give up system calls that serving does not need (seccomp).", AT(no_sandbox)},
    {"audit-queue", 0, OPT_SIZE, "SIZE", "8MiB",
     "Audit lines waiting for standard output. Some ten thousand of them, for a reader that "
     "stalls.",
     AT(audit_queue), .min = 65536, .max = 1u << 30},
    {"max-audit-line", 0, OPT_SIZE, "SIZE", "64KiB",
     "Longest audit line. What is longer is cut, and says so with \"cut\": true: texts at "
     "fixed lengths, "
     "lists of images, secrets and reasons where the line is full.",
     AT(max_audit_line), .min = AUDIT_LINE_MIN, .max = 16 << 20},
    {"audit-when-full", 0, OPT_WORD, "HOW", "block",
     "When that queue is full: block requests, until it is time to say no (no admission "
     "without "
     "its line, but by rules in mode warn or audit), or drop lines and count them.",
     AT(audit_when_full), .words = when_full_words},
    {"log-level", 0, OPT_WORD, "LEVEL", "info",
     "Lowest level that is logged to standard error.", AT(log_level), .words = level_words},
    {"healthcheck", 0, OPT_FLAG, NULL, NULL,
     "Ask the pullgate that runs with these options whether it is ready (/readyz at "
     "--metrics-listen), and end: 0 when it is, 1 when not. For container engines; Kubernetes "
     "asks by itself.",
     AT(healthcheck)},
    {"help", 'h', OPT_HELP, NULL, NULL, "Print this and end."},
    {"version", 'V', OPT_HELP, NULL, NULL, "Print version and libraries and end."},
};

const struct opt_table options_table = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = "PULLGATE"};

void options_note_given(struct options *o, const struct opt_result *result) {
    o->given.memory_budget = opts_is_given(&options_table, result, "memory-budget");
    o->given.max_connections = opts_is_given(&options_table, result, "max-connections");
    o->given.max_nodes = opts_is_given(&options_table, result, "max-nodes");
    o->given.audit_queue = opts_is_given(&options_table, result, "audit-queue");
}
