/* pullgate - the admission webhook's daemon. */
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "program/daemon.h"
#include "server/server.h"
#include "version.h"

#include <stdio.h>
#include <unistd.h>

static void print_help(void) {
    struct buf text = BUF_INIT(64 << 10);
    buf_puts(
        &text,
        "Usage: pullgate --policy FILE [OPTION...]\n\n"
        "Admission webhook that rewrites container images to the registries of a rule file, "
        "adds their\npull secrets, and denies images from other registries. It writes one JSON "
        "line per decision to\nstandard output, and messages to standard error.\n\n"
        "Every option can be set in the environment: --tls-cert as PULLGATE_TLS_CERT.\n\n");
    opts_help(&options_table, &text);
    fwrite(text.p, 1, text.n, stdout);
    buf_done(&text);
}

/* For the manual page, so that it lists the same options as --help. */
static int print_mdoc(void) {
    struct buf text = BUF_INIT(64 << 10);
    opts_mdoc(&options_table, &text);
    fwrite(text.p, 1, text.n, stdout);
    buf_done(&text);
    return 0;
}

/* It quotes the command line or the environment, so it is escaped. */
static void print_message(const char *text) {
    AUTO(buf_done) struct buf line = BUF_INIT(64 << 10);
    struct err ignored = ERR_INIT;
    escape_line(&line, "pullgate: %s", text);
    (void)!file_write_fd(STDERR_FILENO, buf_view(&line), &ignored);
}

static int usage_error(const struct err *err) {
    print_message(err->msg);
    return 2;
}

static int healthcheck(const struct options *options) {
    struct err err = ERR_INIT;
    unsigned status = 0;
    if (options->metrics_listen == NULL || options->metrics_listen[0] == '\0')
        err_set(&err, EC_USAGE, "--healthcheck needs --metrics-listen");
    else
        (void)!server_ask(&status, str_of(options->metrics_listen), "/readyz", 3, &err);
    if (err.code == EC_OK && status != 200)
        err_set(&err, EC_IO, "not ready (HTTP %u)", status);
    if (err.code != EC_OK)
        print_message(err.msg);
    return err.code == EC_USAGE ? 2 : status != 200;
}

/* Variables that are not meant as options: the manifests set one to the namespace, and Kubernetes sets
 * some for each Service called pullgate or pullgate-..., unless enableServiceLinks is false. */
static bool is_of_kubernetes(struct str name) {
    if (str_eq(name, STR("PULLGATE_NAMESPACE")))
        return true;
    for (size_t i = 0; i < name.n; i++) {
        struct str rest = str_slice(name, i, name.n);
        if (str_starts(rest, STR("_PORT")) || str_starts(rest, STR("_SERVICE_HOST")))
            return true;
    }
    return false;
}

static void tell_unknown_variables(void) {
    struct str name;
    const char *near;
    for (size_t at = 0; opts_unknown_variable(&options_table, &at, &name, &near);)
        if (!is_of_kubernetes(name))
            LOG(LOG_WARN, "unknown_variable", F_STR("name", name), F_Z("nearest", near), F_END);
}

int main(int argc, char **argv) {
    struct options options = {.policy = NULL};
    struct opt_result result;
    AUTO(buf_done) struct buf text = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    file_guard_standard();
    if (argc == 2 && strcmp(argv[1], "--help-mdoc") == 0)
        return print_mdoc();
    if (opts_parse(&options_table, &options, argc, argv, &result, &text, &err) != EC_OK)
        return usage_error(&err);
    if (result.help) {
        print_help();
        return 0;
    }
    if (result.version) {
        static const struct str version =
            STR_INIT("pullgate " VERSION_TEXT VERSION_PULLGATE_LIBRARIES);
        fwrite(version.p, 1, version.n, stdout);
        return 0;
    }
    if (result.n_operands != 0)
        err_set(&err, EC_USAGE, "unexpected argument \"%.100s\"; try --help",
                result.operands[0]);
    else if (options.healthcheck)
        return healthcheck(&options);
    else if (options.policy == NULL)
        err_set(&err, EC_USAGE, "--policy FILE is required; try --help");
    else if (options_check_certificate(&options, &result, &err) != EC_OK)
        return usage_error(&err);
    else if (options.max_audit_line > options.audit_queue)
        err_set(&err, EC_USAGE,
                "--max-audit-line: found %zu bytes, expected at most the %zu of --audit-queue, "
                "which has to hold one line; try --help",
                (size_t)options.max_audit_line, (size_t)options.audit_queue);
    if (err.code != EC_OK)
        return usage_error(&err);
    options_note_given(&options, &result);
    log_set_level((enum log_level)options.log_level);
    tell_unknown_variables();
    return daemon_run(&options);
}
