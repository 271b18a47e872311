/* The first CA and its first serving certificate. */
#include "certs/internal.h"

/* Borrowed objects; only the texts are new. */
static enum ec write_all(struct certs_files *out, struct issuer ca, struct issuer leaf,
                         struct err *err) {
    struct certs_files f = CERTS_FILES_INIT;
    if (certs_pem_put_cert(&f.ca_crt, ca.cert, err) != EC_OK ||
        certs_pem_put_key(&f.ca_key, ca.key, err) != EC_OK ||
        certs_pem_put_cert(&f.tls_crt, leaf.cert, err) != EC_OK ||
        certs_pem_put_key(&f.tls_key, leaf.key, err) != EC_OK) {
        certs_files_done(&f);
        return err->code;
    }
    certs_files_done(out);
    *out = f;
    return EC_OK;
}

enum ec certs_make(struct certs_files *out, const struct certs_request *request,
                   struct err *err) {
    AUTO(names_freep) GENERAL_NAMES *names = NULL;
    AUTO(key_freep) EVP_PKEY *ca_key = NULL;
    AUTO(key_freep) EVP_PKEY *key = NULL;
    AUTO(x509_freep) X509 *ca = NULL;
    AUTO(x509_freep) X509 *leaf = NULL;
    if (certs_issue_check_life(request, err) != EC_OK ||
        certs_names_new(&names, request, err) != EC_OK ||
        certs_issue_key(&ca_key, request->key, err) != EC_OK ||
        certs_issue_key(&key, request->key, err) != EC_OK ||
        certs_issue_ca(&ca, ca_key, names, request, err) != EC_OK)
        return err->code;
    const struct leaf_request wanted = {.names = names,
                                        .name = certs_names_first(names),
                                        .life =
                                            certs_issue_life(request->now_s, request->days)};
    if (certs_issue_leaf(&leaf, key, (struct issuer){ca, ca_key}, &wanted, err) != EC_OK)
        return err->code;
    return write_all(out, (struct issuer){ca, ca_key}, (struct issuer){leaf, key}, err);
}
