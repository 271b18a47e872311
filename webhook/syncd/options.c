#include "syncd/options.h"

static const char *const level_words[] = {"debug", "info", "warn", "error", NULL};

#define AT(field) .offset = offsetof(struct options, field)
#define DAY_MS (UINT64_C(1000) * 86400)

static const struct opt_row rows[] = {
    {"policy", 'p', OPT_STRING, "FILE", NULL,
     "Rule file, or a folder of rule files: spec.secrets says which Secrets to copy, and the "
     "rules to "
     "which namespaces. Read again when it changes.",
     AT(policy)},
    {"annotated", 0, OPT_LIST, "NAMESPACE", NULL,
     "Namespace whose Secrets may ask for copies by the annotations pullgate.dev/sync-to and "
     "astronomer.io/commander-sync; may be repeated. By default none: whoever can annotate a "
     "Secret "
     "decides where it goes.",
     AT(annotated)},
    {"respect-value", 0, OPT_FLAG, NULL, NULL,
     "Take a value KEY=VALUE of astronomer.io/commander-sync as a label selector of "
     "namespaces. By "
     "default the annotation asks for every namespace, whatever its value, as Astronomer does.",
     AT(respect_value)},
    {"name", 0, OPT_LIST, "NAME", NULL,
     "Name of copies that nothing asks for any more: they are found and deleted; may be "
     "repeated. Names "
     "in the rule file need not be given.",
     AT(names)},
    {"all-copies", 0, OPT_FLAG, NULL, NULL,
     "Find all copies by their labels, those of forgotten names too. Needs the right to list "
     "and watch "
     "every Secret of the cluster.",
     AT(all_copies)},
    {"instance", 0, OPT_STRING, "NAME", "pullgate",
     "Name in the mark of each copy. Another instance neither changes nor deletes them.",
     AT(instance)},
    {"grace", 0, OPT_DURATION, "TIME", "10m",
     "Copies stay this long after their source is gone: it may be being replaced.",
     AT(grace_ms), .max = DAY_MS * 365},
    {"server", 0, OPT_STRING, "URL", NULL,
     "API server, https://HOST:PORT. By default that of the cluster, from "
     "KUBERNETES_SERVICE_HOST and "
     "KUBERNETES_SERVICE_PORT.",
     AT(server)},
    {"token-file", 0, OPT_STRING, "FILE", NULL,
     "Bearer token, read again each minute. By default the ServiceAccount's when there is no "
     "--server.",
     AT(token_file)},
    {"certificate-authority", 0, OPT_STRING, "FILE", NULL,
     "CA of the API server (PEM), read again each minute. By default the ServiceAccount's when "
     "there is "
     "no --server, else the system's.",
     AT(ca_file)},
    {"client-certificate", 0, OPT_STRING, "FILE", NULL,
     "Client certificate (PEM), in place of a token.", AT(cert_file)},
    {"client-key", 0, OPT_STRING, "FILE", NULL, "Private key of --client-certificate (PEM).",
     AT(key_file)},
    {"listen", 0, OPT_STRING, "ADDR:PORT", "0.0.0.0:8080",
     "Address for /healthz, /readyz and /metrics over plain HTTP. Port 0 picks a free port. "
     "Empty: no "
     "listener.",
     AT(listen)},
    {"max-requests", 0, OPT_NUMBER, "N", "5",
     "Requests in progress at a time, besides the watches. API servers count them against all "
     "clients of "
     "low priority.",
     AT(max_requests), .min = 1, .max = 100},
    {"relist", 0, OPT_DURATION, "TIME", "1h",
     "Each watch is checked against a new list after this time.", AT(relist_ms), .min = 10000,
     .max = DAY_MS * 30},
    {"poll", 0, OPT_DURATION, "TIME", "10s",
     "Interval at which the rule file is checked for changes, in case inotify does not report "
     "them.",
     AT(poll_ms), .min = 100, .max = 3600000},
    {"drain-timeout", 0, OPT_DURATION, "TIME", "20s",
     "After SIGTERM: time limit for requests in progress.", AT(drain_timeout_ms),
     .max = 600000},
    {"no-events", 0, OPT_FLAG, NULL, NULL, "Do not post events about the sources.",
     AT(no_events)},
    {"no-sandbox", 0, OPT_FLAG, NULL, NULL,
     "Do not block the system calls that a client of the API does not need (seccomp).",
     AT(no_sandbox)},
    {"log-level", 0, OPT_WORD, "LEVEL", "info", "debug, info, warn or error.", AT(log_level),
     .words = level_words},
    {"help", 'h', OPT_HELP, NULL, NULL, "Print this help and exit."},
    {"version", 'V', OPT_HELP, NULL, NULL, "Print the version and the libraries, and exit."},
};

const struct opt_table options_table = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = "PULLGATE_SYNC"};

enum ec options_check(const struct options *o, struct err *err) {
    if (o->policy == NULL && o->annotated.n == 0 && o->names.n == 0 && !o->all_copies)
        return err_set(
            err, EC_USAGE,
            "nothing says what to copy: expected --policy FILE, --annotated NAMESPACE, or "
            "both; try --help");
    if ((o->cert_file == NULL) != (o->key_file == NULL))
        return err_set(err, EC_USAGE, "--client-%s is given without --client-%s",
                       o->cert_file ? "certificate" : "key",
                       o->cert_file ? "key" : "certificate");
    return EC_OK;
}
