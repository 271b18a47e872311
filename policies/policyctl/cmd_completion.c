/* policyctl completion - a script for the shell, made from the tables of verbs and options. */
#include "policyctl/completion.h"
#include "policyctl/options.h"

static const struct shell {
    const char *name;
    completion_fn *print;
} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

static const struct shell *find_shell(const struct opt_result *args) {
    for (size_t i = 0; i < sizeof shells / sizeof *shells && args->n_operands == 1; i++)
        if (strcmp(shells[i].name, args->operands[0]) == 0)
            return &shells[i];
    return NULL;
}

int cmd_completion(const union options *options, const struct opt_result *args) {
    struct err err = ERR_INIT;
    struct buf out = BUF_INIT(1 << 20);
    const struct shell *shell = find_shell(args);
    (void)options;
    if (shell != NULL)
        shell->print(&out);
    else
        err_set(&err, EC_USAGE, "expected one shell: bash, zsh or fish");
    return verb_end(&out, EXIT_ALLOWED, &err);
}
