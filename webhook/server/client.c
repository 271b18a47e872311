#include "server/internal.h"

#include <arpa/inet.h>
#include <gnutls/x509.h>

enum { NAME_BYTES = 1024 }; /* a longer name matches nothing */

/* `*` matches any bytes, also none; all others match themselves. */
static bool glob_matches(struct str glob, struct str text) {
    size_t g = 0, t = 0, star = SIZE_MAX, resume = 0;
    while (t < text.n) {
        if (g < glob.n && glob.p[g] == '*') {
            star = g++;
            resume = t;
        } else if (g < glob.n && glob.p[g] == text.p[t]) {
            g++;
            t++;
        } else if (star != SIZE_MAX) {
            g = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (g < glob.n && glob.p[g] == '*')
        g++;
    return g == glob.n;
}

static bool is_accepted(struct str name, const char *const *names, size_t n_names) {
    for (size_t i = 0; i < n_names; i++)
        if (glob_matches(str_of(names[i]), name))
            return true;
    return false;
}

/* GnuTLS prints a name as in RFC 4514, with a backslash before special characters such as `+`. */
static size_t unescape(char *name, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (name[i] == '\\' && i + 1 < n)
            i++;
        name[kept++] = name[i];
    }
    return kept;
}

static bool common_name_fits(gnutls_x509_crt_t crt, const char *const *names, size_t n_names) {
    char name[NAME_BYTES];
    for (unsigned i = 0;; i++) {
        size_t n = sizeof name;
        int rc =
            gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, i, 0, name, &n);
        if (rc == GNUTLS_E_SHORT_MEMORY_BUFFER)
            continue;
        if (rc < 0)
            return false;
        if (is_accepted((struct str){name, unescape(name, n)}, names, n_names))
            return true;
    }
}

/* An address is bytes in the certificate and text in the glob. */
static struct str san_text(int type, const char *name, size_t n, char out[INET6_ADDRSTRLEN]) {
    if (type != GNUTLS_SAN_IPADDRESS)
        return (struct str){name, n};
    if (n != 4 && n != 16)
        return STR_NONE;
    return str_of(inet_ntop(n == 4 ? AF_INET : AF_INET6, name, out, INET6_ADDRSTRLEN));
}

static bool san_fits(gnutls_x509_crt_t crt, const char *const *names, size_t n_names) {
    char name[NAME_BYTES], address[INET6_ADDRSTRLEN];
    for (unsigned i = 0;; i++) {
        size_t n = sizeof name;
        int type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &n, NULL);
        if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
            continue;
        if (type < 0)
            return false;
        if (type != GNUTLS_SAN_DNSNAME && type != GNUTLS_SAN_URI &&
            type != GNUTLS_SAN_RFC822NAME && type != GNUTLS_SAN_IPADDRESS)
            continue;
        if (is_accepted(san_text(type, name, n, address), names, n_names))
            return true;
    }
}

/* verify_peers2() does not check the certificate's purpose. */
static bool chain_is_good(gnutls_session_t session) {
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned status = 0;
    return gnutls_certificate_verify_peers(session, &purpose, 1, &status) == 0 && status == 0;
}

static bool has_accepted_name(gnutls_session_t session, const char *const *names,
                              size_t n_names) {
    unsigned n = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);
    gnutls_x509_crt_t crt;
    if (chain == NULL || n == 0 || gnutls_x509_crt_init(&crt) < 0)
        return false;
    bool fits = gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) == 0 &&
                (common_name_fits(crt, names, n_names) || san_fits(crt, names, n_names));
    gnutls_x509_crt_deinit(crt);
    return fits;
}

bool server_client_is_trusted(gnutls_session_t session, const char *const *names,
                              size_t n_names) {
    if (!chain_is_good(session))
        return false;
    return n_names == 0 || has_accepted_name(session, names, n_names);
}
