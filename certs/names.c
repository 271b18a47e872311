/* The names of a certificate: which texts are valid names, and the SAN made of them. */
#include "certs/internal.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { LABEL_MAX = 63, DNS_MAX = 253 };

static bool is_alnum(char c) {
    return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

/* RFC 1123: letters, digits and `-`, but not `-` at the start or the end. */
static bool is_label(struct str s) {
    if (s.n == 0 || s.n > LABEL_MAX || s.p[0] == '-' || s.p[s.n - 1] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_alnum(s.p[i]) && s.p[i] != '-')
            return false;
    return true;
}

/* Kubernetes accepts lower case only. */
static bool is_kubernetes_label(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (ascii_lower(s.p[i]) != s.p[i])
            return false;
    return is_label(s);
}

static bool is_number(struct str s) {
    size_t i = 0;
    while (i < s.n && ascii_is_digit(s.p[i]))
        i++;
    return i == s.n;
}

static bool is_dns(struct str s) {
    struct str label = STR_NONE;
    if (s.n > DNS_MAX)
        return false;
    if (str_starts(s, STR("*.")))
        s = str_slice(s, 2, s.n);
    for (size_t at = 0; at <= s.n; at += label.n + 1) {
        struct str rest = str_slice(s, at, s.n);
        label = str_slice(rest, 0, str_find(rest, '.'));
        if (!is_label(label))
            return false;
    }
    /* No top-level domain is a number: 10.0.0.256 is a misspelt address. */
    return !is_number(label);
}

/* In lower case and with a NUL; false when it is too long for a name or includes a NUL. */
static bool to_z(char z[DNS_MAX + 1], struct str name) {
    if (name.n > DNS_MAX || str_find(name, '\0') != name.n)
        return false;
    for (size_t i = 0; i < name.n; i++)
        z[i] = ascii_lower(name.p[i]);
    z[name.n] = '\0';
    return true;
}

bool certs_names_is_ip(struct str name) {
    char z[DNS_MAX + 1];
    unsigned char address[16];
    return to_z(z, name) &&
           (inet_pton(AF_INET, z, address) == 1 || inet_pton(AF_INET6, z, address) == 1);
}

bool certs_names_is_host(struct str name) {
    return !str_starts(name, STR("*")) && is_dns(name);
}

static enum ec check_request(const struct certs_request *r, struct err *err) {
    if (!is_kubernetes_label(r->service))
        return err_set(err, EC_USAGE,
                       "service \"%.*s\" is not a name of a Service: expected at most 63 "
                       "lower-case letters, digits and `-`",
                       STR_ARG(r->service));
    if (!is_kubernetes_label(r->namespace))
        return err_set(err, EC_USAGE,
                       "namespace \"%.*s\" is not a name of a namespace: expected at most 63 "
                       "lower-case letters, digits and `-`",
                       STR_ARG(r->namespace));
    for (size_t i = 0; i < r->n_dns; i++)
        if (!certs_names_is_ip(r->dns[i]) && !is_dns(r->dns[i]))
            return err_set(err, EC_USAGE, "\"%.*s\" is neither a DNS name nor an IP address",
                           STR_ARG(r->dns[i]));
    return EC_OK;
}

static bool has_name(const GENERAL_NAMES *names, GENERAL_NAME *name) {
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(names, i), name) == 0)
            return true;
    return false;
}

static enum ec add_name(GENERAL_NAMES *names, struct str text, struct err *err) {
    char z[DNS_MAX + 1];
    if (!to_z(z, text))
        return err_set(err, EC_USAGE, "\"%.*s\" is too long for a name", STR_ARG(text));
    GENERAL_NAME *name =
        a2i_GENERAL_NAME(NULL, NULL, NULL, certs_names_is_ip(text) ? GEN_IPADD : GEN_DNS, z, 0);
    if (name == NULL)
        return certs_crypto_fail(err, z);
    if (!has_name(names, name) && sk_GENERAL_NAME_push(names, name) > 0)
        return EC_OK;
    bool twice = has_name(names, name);
    GENERAL_NAME_free(name);
    return twice ? EC_OK : err_set(err, EC_NOMEM, "out of memory");
}

enum ec certs_names_new(GENERAL_NAMES **out, const struct certs_request *r, struct err *err) {
    char full[2 * LABEL_MAX + 8], half[2 * LABEL_MAX + 8];
    AUTO(names_freep) GENERAL_NAMES *names = NULL;
    if (check_request(r, err) != EC_OK)
        return err->code;
    snprintf(full, sizeof full, "%.*s.%.*s.svc", STR_ARG(r->service), STR_ARG(r->namespace));
    snprintf(half, sizeof half, "%.*s.%.*s", STR_ARG(r->service), STR_ARG(r->namespace));
    const struct str own[] = {str_of(full),     str_of(half),     r->service,
                              STR("localhost"), STR("127.0.0.1"), STR("::1")};
    if ((names = sk_GENERAL_NAME_new_null()) == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (add_name(names, own[i], err) != EC_OK)
            return err->code;
    for (size_t i = 0; i < r->n_dns; i++)
        if (add_name(names, r->dns[i], err) != EC_OK)
            return err->code;
    *out = names;
    names = NULL;
    return EC_OK;
}

bool certs_names_equal(const GENERAL_NAMES *a, const GENERAL_NAMES *b) {
    int n = sk_GENERAL_NAME_num(a);
    if (n != sk_GENERAL_NAME_num(b))
        return false;
    for (int i = 0; i < n; i++)
        if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, i)) != 0)
            return false;
    return true;
}
