/* policyctl secrets - which namespace needs which pull secret, and the Secrets to apply. */
#include "object/each.h"
#include "object/messages.h"
#include "policyctl/emit.h"
#include "policyctl/options.h"

struct run {
    const struct options_secrets *options;
    const struct opt_result *args;
    struct policy *policy;
    struct requester requester;
    struct object_totals totals;
    struct needs needs;
    struct source source;
    struct str places[OPT_LIST_MAX];
    struct err err;
};

/* ---- options ------------------------------------------------------------------------- */

static bool makes_secrets(const struct options_secrets *o) {
    return o->from != NULL || o->username != NULL;
}

static bool makes_objects(const struct options_secrets *o) {
    return makes_secrets(o) || o->external_secrets != NULL;
}

static bool reads_stdin(const struct opt_result *args) {
    for (size_t i = 0; i < args->n_operands; i++)
        if (strcmp(args->operands[i], "-") == 0)
            return true;
    return false;
}

static enum ec check_login(const struct options_secrets *o, struct err *err) {
    if (o->username == NULL)
        return o->registries.n == 0 && !o->password_stdin
                   ? EC_OK
                   : err_set(err, EC_USAGE, "%s needs --username",
                             o->password_stdin ? "--password-stdin" : "--registry");
    if (!o->password_stdin)
        return err_set(err, EC_USAGE,
                       "--username needs --password-stdin, and the password on standard input");
    if (o->registries.n == 0)
        return err_set(err, EC_USAGE, "--username needs --registry: the host it is for");
    return source_check_user(o->username, err);
}

static enum ec check_sources(const struct options_secrets *o, struct err *err) {
    if (o->from != NULL && o->username != NULL)
        return err_set(err, EC_USAGE, "--from and --username exclude each other");
    if (o->external_secrets != NULL && makes_secrets(o))
        return err_set(err, EC_USAGE,
                       "--external-secrets takes no credentials: they come from the store");
    if (o->remote_key != NULL && o->external_secrets == NULL)
        return err_set(err, EC_USAGE, "--remote-key needs --external-secrets");
    if (o->sealed && !makes_secrets(o))
        return err_set(err, EC_USAGE, "--sealed needs --from or --username");
    return EC_OK;
}

static enum ec check_output(const struct options_secrets *o, bool given, struct err *err) {
    if (given && o->output == SECRETS_TABLE && makes_objects(o))
        return err_set(err, EC_USAGE,
                       "-o table shows needs, expected yaml or json for objects");
    if (o->output == SECRETS_YAML && !makes_objects(o))
        return err_set(err, EC_USAGE,
                       "-o yaml prints objects: give --from, --username or --external-secrets");
    return EC_OK;
}

static enum ec check_stdin(const struct options_secrets *o, const struct opt_result *args,
                           struct err *err) {
    bool from = o->from != NULL && strcmp(o->from, "-") == 0;
    if ((from || o->password_stdin) && reads_stdin(args))
        return err_set(
            err, EC_USAGE,
            "standard input cannot hold manifests and %s: give the manifests as files",
            from ? "--from" : "a password");
    return EC_OK;
}

static enum ec check_options(struct run *r) {
    const struct options_secrets *o = r->options;
    bool given = opts_is_given(&verb_secrets.options, r->args, "output");
    if (check_sources(o, &r->err) != EC_OK || check_login(o, &r->err) != EC_OK ||
        check_output(o, given, &r->err) != EC_OK)
        return r->err.code;
    return check_stdin(o, r->args, &r->err);
}

/* ---- input --------------------------------------------------------------------------- */

static enum ec take_object(void *arg, const struct object *o, struct err *err) {
    struct run *r = arg;
    if (o->unjudged != NULL)
        object_report_unjudged(NULL, o);
    return needs_add_object(&r->needs, o, r->requester.request.now_s, err);
}

static enum ec read_needs(struct run *r) {
    const struct options_secrets *o = r->options;
    if (requester_read(&r->requester, &o->requester, &r->err) != EC_OK ||
        verb_policy(&r->policy, o->policy, r->requester.request.now_s, &r->err) != EC_OK)
        return r->err.code;
    if (object_each(r->args->operands, r->args->n_operands, &o->exclude, r->policy,
                    &r->requester.request, take_object, r, &r->totals, &r->err) != EC_OK ||
        needs_add_rules(&r->needs, r->policy, &r->err) != EC_OK)
        return r->err.code;
    needs_sort(&r->needs);
    return EC_OK;
}

static enum ec read_source(struct run *r) {
    const struct options_secrets *o = r->options;
    source_guard();
    if (o->from != NULL)
        return source_read_file(&r->source, o->from, &r->err);
    for (size_t i = 0; i < o->registries.n; i++)
        r->places[i] = str_of(o->registries.v[i]);
    return source_read_password(&r->source, o->username, r->places, o->registries.n, &r->err);
}

/* ---- kubeseal ------------------------------------------------------------------------ */

static bool is_plain(struct str s) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:@%+=,";
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\0' || strchr(plain, s.p[i]) == NULL)
            return false;
    return s.n != 0;
}

/* For a shell. */
static void put_word(struct buf *out, const char *text) {
    struct str s = str_of(text);
    buf_putc(out, ' ');
    if (is_plain(s)) {
        buf_str(out, s);
        return;
    }
    buf_putc(out, '\'');
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\'')
            buf_puts(out, "'\\''");
        else
            buf_putc(out, s.p[i]);
    buf_putc(out, '\'');
}

static void put_option(struct buf *out, const char *name, const char *value) {
    if (value == NULL)
        return;
    buf_printf(out, " %s", name);
    put_word(out, value);
}

static void put_list(struct buf *out, const char *name, const struct opt_list *list) {
    for (size_t i = 0; i < list->n; i++)
        put_option(out, name, list->v[i]);
}

static void put_requester(struct buf *out, const struct requester_flags *f) {
    put_option(out, "-n", f->namespace);
    put_option(out, "--user", f->user);
    put_list(out, "--group", &f->groups);
    put_option(out, "--now", f->now);
}

static void put_kubeseal(struct buf *out, const struct run *r) {
    const struct options_secrets *o = r->options;
    verb_put_text(out, "policyctl secrets");
    put_option(out, "-p", verb_policy_path(o->policy));
    put_requester(out, &o->requester);
    put_list(out, "--exclude", &o->exclude);
    put_option(out, "--from", o->from);
    put_option(out, "--username", o->username);
    buf_puts(out, o->password_stdin ? " --password-stdin" : "");
    put_list(out, "--registry", &o->registries);
    buf_puts(out, r->args->n_operands != 0 ? " --" : "");
    for (size_t i = 0; i < r->args->n_operands; i++)
        put_word(out, r->args->operands[i]);
    buf_puts(out, " | kubeseal --format yaml >sealed-secrets.yaml\n");
}

/* ---- the answer ---------------------------------------------------------------------- */

static int print_needs(struct run *r) {
    struct buf out = BUF_INIT((size_t)1 << 30);
    if (r->options->output == SECRETS_JSON)
        needs_print_json(&out, &r->needs);
    else
        needs_print_table(&out, &r->needs);
    return verb_end(&out, verb_status(&r->totals, r->needs.n_denied != 0, r->options->strict),
                    &r->err);
}

static int print_objects(struct run *r) {
    const struct options_secrets *o = r->options;
    struct emit e = EMIT_INIT(o->output == SECRETS_JSON);
    int status = EXIT_INPUT;
    if (makes_secrets(o))
        (void)!emit_secrets(&e, &r->needs, &r->source, &r->err);
    else
        (void)!emit_external(&e, &r->needs, o->external_secrets, o->remote_key, &r->err);
    if (r->err.code != EC_OK) {
        (void)verb_fail(&r->err);
    } else if (verb_print(&e.out)) {
        bool wrong = r->needs.n_denied != 0 || e.n_uncovered != 0;
        status = verb_status(&r->totals, wrong, o->strict);
        if (status == EXIT_ALLOWED && e.n_globs != 0)
            status = EXIT_LEFT_OUT;
    }
    emit_done(&e);
    return status;
}

static int print_kubeseal(struct run *r) {
    struct buf out = BUF_INIT(1 << 20);
    put_kubeseal(&out, r);
    return verb_end(&out, EXIT_ALLOWED, &r->err);
}

static int answer(struct run *r) {
    if (check_options(r) != EC_OK)
        return verb_fail(&r->err);
    if (r->options->sealed)
        return print_kubeseal(r);
    if (read_needs(r) != EC_OK)
        return verb_fail(&r->err);
    if (!makes_objects(r->options))
        return print_needs(r);
    if (makes_secrets(r->options) && read_source(r) != EC_OK)
        return verb_fail(&r->err);
    return print_objects(r);
}

int cmd_secrets(const union options *options, const struct opt_result *args) {
    struct run r = {.options = &options->secrets, .args = args, .err = ERR_INIT};
    r.needs.arena = (struct arena)ARENA_INIT(64 << 10, (size_t)1 << 30);
    int status = answer(&r);
    needs_done(&r.needs);
    source_done(&r.source);
    engine_policy_free(r.policy);
    return status;
}
