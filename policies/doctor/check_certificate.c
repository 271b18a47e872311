/* caBundle against the serving certificate: the one given, or that of a Secret of the dump. */
#include "base/clock.h"
#include "certs/certs.h"
#include "doctor/model.h"

enum { CA_SOON_S = CERTS_CA_SOON_DAYS * 86400 };

static struct str name_of(struct doctor *d, const struct doctor_hook *h) {
    struct str name = STR_NONE;
    if (h->service.n != 0)
        doctor_say(d, &name, "%.*s.%.*s.svc", STR_ARG(h->service),
                   STR_ARG(h->service_namespace));
    return name;
}

static void tell(struct doctor *d, const struct doctor_hook *h, enum doctor_code code,
                 const char *what) {
    struct doctor_finding *f = doctor_find(d, code, &h->at, NULL);
    doctor_say(d, &f->message, "webhook %.*s: %s", STR_ARG(h->name), what);
}

static void tell_end(struct doctor *d, const struct doctor_hook *h, const char *what,
                     int64_t end_s) {
    struct buf text = BUF_INIT(1 << 12);
    struct doctor_finding *f = doctor_find(d, DOCTOR_CERTIFICATE_ENDS, &h->at, NULL);
    bool over = end_s < d->options.now_s;
    int64_t days = (over ? d->options.now_s - end_s : end_s - d->options.now_s) / 86400;
    buf_printf(&text, "webhook %.*s: %s %s ", STR_ARG(h->name), what,
               over ? "expired at" : "expires at");
    clock_print_s(&text, end_s);
    buf_printf(&text, over ? ", %lld days ago" : ", in %lld days", (long long)days);
    doctor_say_buf(d, &f->message, &text);
    buf_done(&text);
    if (over)
        f->level = DOCTOR_ERROR;
}

/* ---- the bundle ------------------------------------------------------------------------------------- */

struct bundle {
    int64_t last_s; /* the end of the CA that lasts longest */
};

static enum ec see_ca(void *arg, const struct certs_info *info, struct err *err) {
    struct bundle *b = arg;
    (void)err;
    if (info->not_after_s > b->last_s)
        b->last_s = info->not_after_s;
    return EC_OK;
}

/* false: there is nothing to verify with. */
static bool check_bundle(struct doctor *d, const struct doctor_hook *h) {
    struct bundle b = {.last_s = 0};
    struct err err = ERR_INIT;
    if (h->ca_problem.n != 0) {
        struct doctor_finding *f = doctor_find(d, DOCTOR_CA_BUNDLE, &h->at, NULL);
        doctor_say(d, &f->message, "webhook %.*s: %.*s", STR_ARG(h->name),
                   STR_ARG(h->ca_problem));
        return false;
    }
    enum ec ec = certs_each(h->ca_pem, see_ca, &b, &err);
    if (ec == EC_NOMEM)
        doctor_no_room(d);
    else if (ec != EC_OK)
        tell(d, h, DOCTOR_CA_BUNDLE, "caBundle holds no certificates that can be read");
    else if (b.last_s - d->options.now_s < CA_SOON_S)
        tell_end(d, h, "the last CA of the caBundle", b.last_s);
    return ec == EC_OK;
}

/* ---- the certificate ------------------------------------------------------------------------------ */

static void tell_problems(struct doctor *d, const struct doctor_hook *h,
                          const struct certs_info *info, unsigned problems, struct str from) {
    if (problems & CERTS_CHAIN) {
        struct doctor_finding *f = doctor_find(d, DOCTOR_CA_BUNDLE, &h->at, NULL);
        doctor_say(d, &f->message,
                   "webhook %.*s: caBundle does not verify the certificate of %.*s: %s",
                   STR_ARG(h->name), STR_ARG(from), info->chain);
    }
    if (problems & (CERTS_EXPIRED | CERTS_SOON))
        tell_end(d, h, "the serving certificate", info->not_after_s);
    if (problems & CERTS_NAME_MISSING) {
        struct doctor_finding *f = doctor_find(d, DOCTOR_CERTIFICATE_ENDS, &h->at, NULL);
        struct str name = name_of(d, h);
        f->level = DOCTOR_ERROR;
        doctor_say(d, &f->message,
                   "webhook %.*s: the certificate of %.*s is not for %.*s (it is for %s)",
                   STR_ARG(h->name), STR_ARG(from), STR_ARG(name), info->names);
    }
    if (problems & CERTS_NOT_YET_VALID)
        tell(d, h, DOCTOR_CERTIFICATE_ENDS, "the serving certificate is not valid yet");
}

static void check_pair(struct doctor *d, const struct doctor_hook *h, struct str cert,
                       struct str from) {
    struct certs_info info;
    unsigned problems = 0;
    struct err err = ERR_INIT;
    enum ec ec = certs_check_public(&info, &problems, cert, h->ca_pem, name_of(d, h),
                                    d->options.now_s, &err);
    if (ec == EC_NOMEM)
        doctor_no_room(d);
    else if (ec != EC_OK)
        tell(d, h, DOCTOR_CA_BUNDLE, err.msg);
    else
        tell_problems(d, h, &info, problems, from);
}

/* A Secret of the webhook's namespace with a certificate for the Service. */
static const struct doctor_secret *find_pair(struct doctor *d, const struct doctor_hook *h) {
    const struct str name = name_of(d, h);
    for (size_t i = 0; i < d->secrets.n && name.n != 0; i++) {
        const struct doctor_secret *s = &d->secrets.v[i];
        struct certs_info info;
        unsigned problems = 0;
        struct err err = ERR_INIT;
        if (str_eq(s->at.namespace, h->service_namespace) && s->tls_crt.n != 0 &&
            certs_check_public(&info, &problems, s->tls_crt, STR_NONE, name, d->options.now_s,
                               &err) == EC_OK &&
            !(problems & CERTS_NAME_MISSING))
            return s;
    }
    return NULL;
}

/* Where each replica signs for itself, the Secret holds the CA: it must be in the bundle. */
static void check_authority(struct doctor *d, const struct doctor_hook *h,
                            const struct doctor_secret *s) {
    struct certs_info info;
    unsigned problems = 0;
    struct err err = ERR_INIT;
    enum ec ec = certs_check_public(&info, &problems, s->ca_crt, h->ca_pem, STR_NONE,
                                    d->options.now_s, &err);
    if (ec == EC_NOMEM)
        doctor_no_room(d);
    if (ec != EC_OK || !(problems & CERTS_CHAIN))
        return;
    struct doctor_finding *f = doctor_find(d, DOCTOR_CA_BUNDLE, &h->at, NULL);
    doctor_say(d, &f->message,
               "webhook %.*s: caBundle does not hold the CA of Secret %.*s/%.*s",
               STR_ARG(h->name), STR_ARG(s->at.namespace), STR_ARG(s->at.name));
}

static void check_authorities(struct doctor *d, const struct doctor_hook *h) {
    for (size_t i = 0; i < d->secrets.n && d->bad == 0; i++) {
        const struct doctor_secret *s = &d->secrets.v[i];
        if (str_eq(s->at.namespace, h->service_namespace) && s->ca_crt.n != 0 && s->signs)
            check_authority(d, h, s);
    }
}

void doctor_check_hook_certificate(struct doctor *d, const struct doctor_hook *h) {
    struct str from = STR_NONE;
    if (!check_bundle(d, h) || d->bad != 0)
        return;
    if (d->options.cert_pem.n != 0) {
        check_pair(d, h, d->options.cert_pem, STR("--tls-cert"));
        return;
    }
    const struct doctor_secret *s = find_pair(d, h);
    if (s == NULL) {
        check_authorities(d, h);
        return;
    }
    doctor_say(d, &from, "Secret %.*s/%.*s", STR_ARG(s->at.namespace), STR_ARG(s->at.name));
    check_pair(d, h, s->tls_crt, from);
}
