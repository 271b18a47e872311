/* policyctl certs - keys and certificates of the webhook: make, rotate, check, show, bundle. */
#include "policyctl/certs_actions.h"

static const struct action {
    const char *name;
    bool needs_dir;
    certs_action_fn *run;
} actions[] = {{"init", true, certs_actions_init},
               {"rotate", true, certs_actions_rotate},
               {"check", false, certs_actions_check},
               {"show", false, certs_actions_show},
               {"bundle", true, certs_actions_bundle}};
enum { N_ACTIONS = sizeof actions / sizeof *actions };

static const struct action *find_action(const struct opt_result *args, struct err *err) {
    const char *names[N_ACTIONS];
    if (args->n_operands != 1) {
        err_set(err, EC_USAGE, "expected one action: init, rotate, check, show or bundle");
        return NULL;
    }
    for (size_t i = 0; i < N_ACTIONS; i++) {
        names[i] = actions[i].name;
        if (strcmp(args->operands[0], names[i]) == 0)
            return &actions[i];
    }
    int near = str_nearest(str_of(args->operands[0]), names, N_ACTIONS);
    err_set(err, EC_USAGE, "unknown action \"%.100s\"%s%s", args->operands[0],
            near < 0 ? "; try --help" : "; did you mean ", near < 0 ? "" : names[near]);
    return NULL;
}

int cmd_certs(const union options *options, const struct opt_result *args) {
    struct options_certs o = options->certs;
    struct err err = ERR_INIT;
    struct buf out = BUF_INIT(1 << 20);
    int status = EXIT_INPUT;
    const struct action *action = find_action(args, &err);
    if (!opts_is_given(&verb_certs.options, args, "key"))
        o.key = -1;
    if (action != NULL && action->needs_dir && o.dir == NULL)
        err_set(&err, EC_USAGE, "--dir is missing: the folder with ca.crt and tls.crt");
    else if (action != NULL)
        status = action->run(&o, &out, &err);
    return verb_end(&out, status, &err);
}
