#include "policyctl/certs_actions.h"
#include "base/clock.h"
#include "base/escape.h"
#include "certs/certs.h"

/* The file given by flag, or one of the folder. */
static void put_path(struct buf *out, const struct options_certs *o, const char *given,
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
    put_path(&path, o, given, name);
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
    put_path(&key, o, o->key_file, "tls.key");
    put_path(&cert, o, o->cert, "tls.crt");
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
    put_path(&path, o, given, name);
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

int certs_actions_check(const struct options_certs *o, struct buf *out, struct err *err) {
    struct buf cert = BUF_INIT(CERTS_READ_ROOM), key = BUF_INIT(CERTS_READ_ROOM),
               ca = BUF_INIT(CERTS_READ_ROOM), name = BUF_INIT(1024);
    struct certs_info info;
    unsigned problems = 0;
    buf_printf(&name, "%s.%s.svc", certs_action_service(o), certs_action_namespace(o));
    const char *wanted = o->name ? o->name : buf_z(&name);
    if (wanted == NULL) /* it must not be taken for no name at all */
        err_set(err, EC_NOMEM, "out of memory");
    else if (read_pem(&cert, o, o->cert, "tls.crt", err) == EC_OK &&
             read_pem(&key, o, o->key_file, "tls.key", err) == EC_OK &&
             (o->dir == NULL || read_pem(&ca, o, NULL, "ca.crt", err) == EC_OK) &&
             certs_check(&info, &problems, buf_view(&cert), buf_view(&key), buf_view(&ca),
                         str_of(wanted), clock_wall_s(), err) == EC_OK &&
             !print_problems(out, problems, wanted, &info))
        escape_line(out, "ok: %s, %lld days left", info.names,
                    (long long)certs_days_left(&info, clock_wall_s()));
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
