/* policyctl certs - keys and certificates of the webhook: make, rotate, check, show, bundle. */
#include "base/clock.h"
#include "base/escape.h"
#include "certs/certs.h"
#include "policyctl/certs_actions.h"

const char *certs_action_service(const struct options_certs *o) {
    return o->service ? o->service : "pullgate";
}

const char *certs_action_namespace(const struct options_certs *o) {
    return o->namespace ? o->namespace : "pullgate";
}

static uint64_t days_of(const struct options_certs *o) {
    return o->days ? o->days : 365;
}

static struct certs_request request_of(const struct options_certs *o, struct str *dns) {
    for (size_t i = 0; i < o->dns.n; i++)
        dns[i] = str_of(o->dns.v[i]);
    return (struct certs_request){.key = o->key < 0 ? CERTS_KEY_P256 : (enum certs_key)o->key,
                                  .service = str_of(certs_action_service(o)),
                                  .namespace = str_of(certs_action_namespace(o)),
                                  .dns = dns,
                                  .n_dns = o->dns.n,
                                  .now_s = clock_wall_s(),
                                  .days = (int32_t)days_of(o),
                                  .ca_days = (int32_t)o->ca_days};
}

static void print_until(struct buf *out, const char *what, int64_t not_after_s) {
    buf_printf(out, "%s valid until ", what);
    clock_print_s(out, not_after_s);
    buf_putc(out, '\n');
}

/* ---- init, rotate -------------------------------------------------------------------- */

static int make_certs(const struct options_certs *o, struct buf *out, struct err *err) {
    struct str dns[OPT_LIST_MAX];
    struct certs_files files = CERTS_FILES_INIT;
    const struct certs_request request = request_of(o, dns);
    if (certs_make(&files, &request, err) == EC_OK &&
        certs_save(&files, o->dir, o->force, err) == EC_OK) {
        uint64_t days = days_of(o);
        if (days > o->ca_days) /* it never outlives its CA */
            days = o->ca_days;
        escape_line(out, "%s: ca.crt ca.key tls.crt tls.key for %s.%s.svc", o->dir,
                    certs_action_service(o), certs_action_namespace(o));
        print_until(out, "tls.crt", request.now_s + (int64_t)days * 86400);
    }
    certs_files_done(&files);
    return EXIT_ALLOWED;
}

static void print_why(struct buf *out, const char *what, unsigned why) {
    static const struct {
        unsigned bit;
        const char *text;
    } reasons[] = {{CERTS_WHY_ASKED, "requested"},
                   {CERTS_WHY_UNFIT, "missing or unusable"},
                   {CERTS_WHY_SOON, "close to expiry"},
                   {CERTS_WHY_SHORT, "it would shorten the lifetime of a new certificate"},
                   {CERTS_WHY_NAMES, "names changed"},
                   {CERTS_WHY_CA, "CA changed"}};
    const char *separator = ": ";
    buf_printf(out, "%s %s", what, why ? "renewed" : "kept");
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (!(why & reasons[i].bit))
            continue;
        buf_printf(out, "%s%s", separator, reasons[i].text);
        separator = ", ";
    }
    buf_putc(out, '\n');
}

static int rotate(const struct options_certs *o, struct buf *out, struct err *err) {
    struct str dns[OPT_LIST_MAX];
    struct certs_rotation how = {.request = request_of(o, dns),
                                 .new_leaf = o->force,
                                 .new_ca = o->new_ca,
                                 .dry_run = o->dry_run,
                                 .keep_key = o->key < 0,
                                 .keep_days = o->days == 0,
                                 .overlap_days = (int32_t)o->overlap_days};
    if (o->service == NULL && o->namespace == NULL && o->dns.n == 0)
        how.request.service = how.request.namespace =
            STR_NONE; /* the names it has, --dns too */
    struct certs_outcome done;
    if (certs_rotate(&done, o->dir, &how, err) != EC_OK)
        return EXIT_INPUT;
    print_why(out, "certificate", done.leaf_why);
    print_why(out, "CA", done.ca_why);
    buf_printf(out, "ca.crt contains %zu CA%s, %zu dropped\n", done.n_cas,
               done.n_cas == 1 ? "" : "s", done.n_dropped);
    if (done.leaf_not_after_s != 0)
        print_until(out, "tls.crt", done.leaf_not_after_s);
    return EXIT_ALLOWED;
}

/* ---- the verb ------------------------------------------------------------------------ */

static const struct action {
    const char *name;
    bool needs_dir;
    certs_action_fn *run;
} actions[] = {{"init", true, make_certs},
               {"rotate", true, rotate},
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
