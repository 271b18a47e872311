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

static bool has_general_name(const GENERAL_NAMES *names, GENERAL_NAME *name) {
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
    if (!has_general_name(names, name) && sk_GENERAL_NAME_push(names, name) > 0)
        return EC_OK;
    bool twice = has_general_name(names, name);
    GENERAL_NAME_free(name);
    return twice ? EC_OK : err_set(err, EC_NOMEM, "out of memory");
}

enum ec certs_names_new(GENERAL_NAMES **out, const struct certs_request *r, struct err *err) {
    char full[2 * LABEL_MAX + 8];
    AUTO(names_freep) GENERAL_NAMES *names = NULL;
    if (check_request(r, err) != EC_OK)
        return err->code;
    snprintf(full, sizeof full, "%.*s.%.*s.svc", STR_ARG(r->service), STR_ARG(r->namespace));
    const struct str own[] = {str_of(full), STR("localhost"), STR("127.0.0.1"), STR("::1")};
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

enum ec certs_names_one(GENERAL_NAMES **out, struct str name, struct err *err) {
    AUTO(names_freep) GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    if (names == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    if (!certs_names_is_ip(name) && !certs_names_is_host(name))
        return err_set(err, EC_USAGE, "\"%.*s\" is neither a DNS name nor an IP address",
                       STR_ARG(name));
    if (add_name(names, name, err) != EC_OK)
        return err->code;
    *out = names;
    names = NULL;
    return EC_OK;
}

struct str certs_names_first(const GENERAL_NAMES *names) {
    int type = 0;
    const ASN1_STRING *s = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, 0), &type);
    if (type != GEN_DNS)
        return STR_NONE;
    return (struct str){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
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

/* -- Constraints --------------------------------------------------------------------------- */

/* The address and a mask of as many bytes, all of them set: RFC 5280, 4.2.1.10. */
static bool widen_address(GENERAL_NAME *name) {
    unsigned char both[32];
    int n = ASN1_STRING_length(name->d.iPAddress);
    if (n != 4 && n != 16)
        return false;
    memcpy(both, ASN1_STRING_get0_data(name->d.iPAddress), (size_t)n);
    memset(both + n, 0xff, (size_t)n);
    return ASN1_OCTET_STRING_set(name->d.iPAddress, both, 2 * n);
}

/* A constraint has no wildcards: it covers a name and all below it. */
static bool strip_wildcard(GENERAL_NAME *name) {
    struct str s = {(const char *)ASN1_STRING_get0_data(name->d.dNSName),
                    (size_t)ASN1_STRING_length(name->d.dNSName)};
    if (!str_starts(s, STR("*.")))
        return true;
    char z[DNS_MAX + 1];
    return to_z(z, str_slice(s, 2, s.n)) && ASN1_STRING_set(name->d.dNSName, z, (int)(s.n - 2));
}

static GENERAL_SUBTREE *subtree_of(const GENERAL_NAME *name) {
    GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
    if (tree == NULL)
        return NULL;
    GENERAL_NAME_free(tree->base);
    tree->base = GENERAL_NAME_dup(name);
    if (tree->base != NULL && (tree->base->type == GEN_IPADD
                                   ? widen_address(tree->base)
                                   : tree->base->type != GEN_DNS || strip_wildcard(tree->base)))
        return tree;
    GENERAL_SUBTREE_free(tree);
    return NULL;
}

enum ec certs_names_permit(NAME_CONSTRAINTS **out, const GENERAL_NAMES *names,
                           struct err *err) {
    AUTO(constraints_freep) NAME_CONSTRAINTS *all = NAME_CONSTRAINTS_new();
    if (all == NULL || (all->permittedSubtrees = sk_GENERAL_SUBTREE_new_null()) == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        GENERAL_SUBTREE *tree = subtree_of(sk_GENERAL_NAME_value(names, i));
        if (tree == NULL)
            return certs_crypto_fail(err, "cannot constrain the CA to the certificate's names");
        if (sk_GENERAL_SUBTREE_push(all->permittedSubtrees, tree) > 0)
            continue;
        GENERAL_SUBTREE_free(tree);
        return err_set(err, EC_NOMEM, "out of memory");
    }
    *out = all;
    all = NULL;
    return EC_OK;
}
