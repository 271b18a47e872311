#include "policyctl/certs_actions.h"

#include "base/clock.h"
#include "base/escape.h"
#include "certs/certs.h"

static const char *service_of(const struct options_certs *o) {
    return o->service ? o->service : "pullgate";
}

static const char *namespace_of(const struct options_certs *o) {
    return o->namespace ? o->namespace : "pullgate";
}

static uint64_t days_of(const struct options_certs *o) {
    return o->days ? o->days : 365;
}

static struct certs_request request_of(const struct options_certs *o, struct str *dns) {
    for (size_t i = 0; i < o->dns.n; i++)
        dns[i] = str_of(o->dns.v[i]);
    return (struct certs_request){.key = o->key < 0 ? CERTS_KEY_P256 : (enum certs_key)o->key,
                                  .service = str_of(service_of(o)),
                                  .namespace = str_of(namespace_of(o)),
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

int certs_actions_init(const struct options_certs *o, struct buf *out, struct err *err) {
    struct str dns[OPT_LIST_MAX];
    struct certs_files files = CERTS_FILES_INIT;
    const struct certs_request request = request_of(o, dns);
    if (certs_make(&files, &request, err) == EC_OK &&
        certs_save(&files, o->dir, o->force, err) == EC_OK) {
        uint64_t days = days_of(o);
        if (days > o->ca_days) /* it never outlives its CA */
            days = o->ca_days;
        escape_line(out, "%s: ca.crt ca.key tls.crt tls.key for %s.%s.svc", o->dir,
                    service_of(o), namespace_of(o));
        print_until(out, "tls.crt", request.now_s + (int64_t)days * 86400);
        print_until(out, "ca.crt", request.now_s + (int64_t)o->ca_days * 86400);
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

int certs_actions_rotate(const struct options_certs *o, struct buf *out, struct err *err) {
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
    print_until(out, "ca.crt", done.ca_not_after_s);
    if (done.ca_why != 0 && (done.leaf_why & CERTS_WHY_CA) && done.n_cas > 1)
        buf_puts(out,
                 "update the caBundle before the Secret: the CA before this one cannot sign "
                 "any more\n");
    else if (done.ca_why != 0 && done.n_cas > 1)
        buf_puts(out,
                 "the CA before this one signs for another day; run rotate again after that\n");
    return EXIT_ALLOWED;
}

/* ---- check, show, bundle ------------------------------------------------------------ */

/* The file given by flag, or one of the folder. */
static void put_file_path(struct buf *out, const struct options_certs *o, const char *given,
                          const char *name) {
    if (given == NULL)
        buf_printf(out, "%s/%s", o->dir, name);
    else
        buf_puts(out, given);
}

static enum ec read_pem(struct buf *out, const struct options_certs *o, const char *given,
                        const char *name, struct err *err) {
    struct buf path = BUF_INIT(65536);
    if (given == NULL && o->dir == NULL)
        return err_set(err, EC_USAGE, "--dir is missing: the folder with ca.crt and tls.crt");
    put_file_path(&path, o, given, name);
    const char *text = buf_z(&path);
    enum ec ec = text ? certs_read(out, text, err) : err_set(err, EC_NOMEM, "out of memory");
    buf_done(&path);
    return ec;
}

static bool print_problems(struct buf *out, unsigned problems, const char *name,
                           const struct certs_info *info) {
    static const struct {
        unsigned bit;
        const char *text;
    } texts[] = {
        {CERTS_EXPIRED, "the certificate has expired"},
        {CERTS_NOT_YET_VALID, "the certificate is not valid yet"},
        {CERTS_NOT_SERVER, "the certificate is not a server certificate (extended key usage)"},
        {CERTS_SOON, "a third of the lifetime or less remains"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (problems & texts[i].bit)
            buf_printf(out, "problem: %s\n", texts[i].text);
    if (problems & CERTS_NAME_MISSING)
        escape_line(out, "problem: the certificate lacks the name %s; it has %s", name,
                    info->names);
    if (problems & CERTS_UNFIT)
        escape_line(out, "problem: no client can use the certificate: %s", info->unfit);
    if (problems & CERTS_CA_SOON)
        buf_printf(out, "problem: the CA expires in %d days or less\n", CERTS_CA_SOON_DAYS);
    if (problems & CERTS_CHAIN)
        escape_line(out, "problem: no chain to ca.crt: %s", info->chain);
    return problems != 0;
}

static enum ec print_info(void *arg, const struct certs_info *info, struct err *err) {
    struct buf *out = arg;
    (void)err;
    escape_line(out, "subject:    %s", info->subject);
    escape_line(out, "issuer:     %s", info->issuer);
    escape_line(out, "kind:       %s, %s", info->is_ca ? "CA" : "serving certificate",
                info->key_type);
    buf_puts(out, "valid:      ");
    clock_print_s(out, info->not_before_s);
    buf_puts(out, " to ");
    clock_print_s(out, info->not_after_s);
    buf_printf(out, " (%lld days left)\n", (long long)certs_days_left(info, clock_wall_s()));
    if (info->names[0] != '\0')
        escape_line(out, "names:      %s", info->names);
    buf_printf(out, "serial:     %s\nsha256:     %s\n", info->serial, info->sha256);
    return EC_OK;
}

static bool print_mismatch(struct buf *out, const struct options_certs *o) {
    struct buf key = BUF_INIT(65536), cert = BUF_INIT(65536);
    put_file_path(&key, o, o->key_file, "tls.key");
    put_file_path(&cert, o, o->cert, "tls.crt");
    escape_line(out, "problem: the key %.*s does not match the certificate %.*s",
                STR_ARG(buf_view(&key)), STR_ARG(buf_view(&cert)));
    buf_done(&key);
    buf_done(&cert);
    return true;
}

/* A warning alone: the certificate is as good as before. */
static void print_exposed(struct buf *out, const struct options_certs *o, const char *given,
                          const char *name) {
    struct buf path = BUF_INIT(65536);
    unsigned mode;
    put_file_path(&path, o, given, name);
    const char *text = buf_z(&path);
    if (text != NULL && certs_key_is_exposed(text, &mode))
        buf_printf(out,
                   "warning: %s is a private key that others can read (mode %04o); run chmod "
                   "600 on it\n",
                   text, mode);
    buf_done(&path);
}

static void print_all_exposed(struct buf *out, const struct options_certs *o) {
    print_exposed(out, o, o->key_file, "tls.key");
    if (o->dir != NULL)
        print_exposed(out, o, NULL, "ca.key");
}

static void print_good(struct buf *out, const struct certs_info *info, int64_t now_s) {
    const struct certs_info ca = {.not_after_s = info->ca_not_after_s};
    escape_text(out, STR("ok: "));
    escape_text(out, str_of(info->names));
    buf_printf(out, ", %lld days left", (long long)certs_days_left(info, now_s));
    if (info->ca_not_after_s != 0)
        buf_printf(out, "; CA: %lld days left", (long long)certs_days_left(&ca, now_s));
    buf_putc(out, '\n');
}

int certs_actions_check(const struct options_certs *o, struct buf *out, struct err *err) {
    struct buf cert = BUF_INIT(CERTS_READ_ROOM), key = BUF_INIT(CERTS_READ_ROOM),
               ca = BUF_INIT(CERTS_READ_ROOM), name = BUF_INIT(1024);
    struct certs_info info;
    unsigned problems = 0;
    buf_printf(&name, "%s.%s.svc", service_of(o), namespace_of(o));
    const char *wanted = o->name ? o->name : buf_z(&name);
    if (wanted == NULL) /* it must not be taken for no name at all */
        err_set(err, EC_NOMEM, "out of memory");
    else if (read_pem(&cert, o, o->cert, "tls.crt", err) == EC_OK &&
             read_pem(&key, o, o->key_file, "tls.key", err) == EC_OK &&
             (o->dir == NULL || read_pem(&ca, o, NULL, "ca.crt", err) == EC_OK) &&
             certs_check(&info, &problems, buf_view(&cert), buf_view(&key), buf_view(&ca),
                         str_of(wanted), clock_wall_s(), err) == EC_OK &&
             !print_problems(out, problems, wanted, &info))
        print_good(out, &info, clock_wall_s());
    bool mismatch = err->code == EC_SCHEMA && print_mismatch(out, o);
    if (err->code == EC_OK || mismatch)
        print_all_exposed(out, o);
    if (mismatch)
        *err = (struct err)ERR_INIT; /* an answer, as the other problems are */
    certs_wipe(&cert);
    certs_wipe(&key);
    certs_wipe(&ca);
    buf_done(&name);
    return problems || mismatch ? EXIT_DENIED : EXIT_ALLOWED;
}

int certs_actions_show(const struct options_certs *o, struct buf *out, struct err *err) {
    struct buf pem = BUF_INIT(CERTS_READ_ROOM);
    if (read_pem(&pem, o, o->cert, "tls.crt", err) == EC_OK)
        (void)!certs_each(buf_view(&pem), print_info, out, err);
    certs_wipe(&pem);
    return EXIT_ALLOWED;
}

int certs_actions_bundle(const struct options_certs *o, struct buf *out, struct err *err) {
    struct buf pem = BUF_INIT(CERTS_READ_ROOM);
    if (read_pem(&pem, o, NULL, "ca.crt", err) == EC_OK &&
        certs_bundle(out, buf_view(&pem), err) == EC_OK)
        buf_putc(out, '\n');
    certs_wipe(&pem);
    return EXIT_ALLOWED;
}
