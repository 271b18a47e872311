/* pullgate-sync - keeps copies of pull secrets where they are needed. */
#include "base/escape.h"
#include "base/file.h"
#include "base/log.h"
#include "syncd/daemon.h"
#include "version.h"

#include <stdio.h>
#include <unistd.h>

static int print_help(void) {
    struct buf text = BUF_INIT(64 << 10);
    buf_puts(&text,
             "Usage: pullgate-sync [--policy FILE] [--annotated NAMESPACE] [OPTION...]\n\n"
             "Keeps copies of pull secrets in the namespaces that need them: those that "
             "spec.secrets of a "
             "rule\nfile names, and those that ask for it by annotation. Messages go to "
             "standard error.\n\n"
             "Every option can be set in the environment: --token-file as "
             "PULLGATE_SYNC_TOKEN_FILE.\n\n");
    opts_help(&options_table, &text);
    fwrite(text.p, 1, text.n, stdout);
    buf_done(&text);
    return 0;
}

/* For the manual page, so that it lists the same options as --help. */
static int print_mdoc(void) {
    struct buf text = BUF_INIT(64 << 10);
    opts_mdoc(&options_table, &text);
    fwrite(text.p, 1, text.n, stdout);
    buf_done(&text);
    return 0;
}

static int print_version(void) {
    static const struct str version =
        STR_INIT("pullgate-sync " VERSION_TEXT VERSION_SYNC_LIBRARIES);
    fwrite(version.p, 1, version.n, stdout);
    return 0;
}

/* It quotes the command line or the environment, so it is escaped. */
static int usage_error(const struct err *err) {
    AUTO(buf_done) struct buf line = BUF_INIT(64 << 10);
    struct err ignored = ERR_INIT;
    escape_line(&line, "pullgate-sync: %s", err->msg);
    (void)!file_write_fd(STDERR_FILENO, buf_view(&line), &ignored);
    return 2;
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
    if (result.help)
        return print_help();
    if (result.version)
        return print_version();
    if (result.n_operands != 0)
        err_set(&err, EC_USAGE, "unexpected argument \"%.100s\"; try --help",
                result.operands[0]);
    else
        (void)!options_check(&options, &err);
    if (err.code != EC_OK)
        return usage_error(&err);
    log_set_level((enum log_level)options.log_level);
    return daemon_run(&options);
}
