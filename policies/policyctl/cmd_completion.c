/* policyctl completion - a script for the shell, made from the tables of verbs and options. */
#include "policyctl/completion.h"
#include "policyctl/policy.h"

static const struct opt_row rows[] = {HELP_ROW};

const struct opt_table completion_options = {
    .rows = rows, .n_rows = sizeof rows / sizeof *rows, .env_prefix = NULL};

static const struct {
    const char *name;
    completion_fn *print;
} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};
enum { N_SHELLS = sizeof shells / sizeof *shells };

static int run(const struct opt_result *args) {
    struct err err = ERR_INIT;
    struct buf out = BUF_INIT(1 << 20);
    bool printed = false;
    const char *name = args->n_operands == 1 ? args->operands[0] : "";
    for (size_t i = 0; i < N_SHELLS; i++)
        if (strcmp(shells[i].name, name) == 0)
            shells[i].print(&out);
    if (out.n == 0 && !out.bad)
        err_set(&err, EC_USAGE, "expected one shell: bash, zsh or fish");
    else
        printed = verb_print(&out);
    buf_done(&out);
    if (err.code != EC_OK)
        return verb_fail(&err);
    return printed ? EXIT_ALLOWED : EXIT_INPUT;
}

int cmd_completion(const struct verb *self, int argc, char **argv) {
    char nothing;
    struct opt_result result;
    struct buf text = BUF_INIT(1 << 20);
    int status;
    if (verb_options(self, &nothing, argc, argv, &result, &text, &status))
        status = run(&result);
    buf_done(&text);
    return status;
}
