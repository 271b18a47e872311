/* CAs whose keys are at hand, and which of them signs. */
#include "certs/internal.h"

void certs_signers_done(struct signers *s) {
    for (size_t i = 0; i < s->n; i++)
        EVP_PKEY_free(s->v[i].ca.key);
    s->n = 0;
}

static enum ec add_signer(struct signers *s, X509 *cert, EVP_PKEY *key, struct err *err) {
    struct signer one = {.ca = {cert, key}};
    if (s->n == SIGNERS_MAX)
        return err_set(err, EC_LIMIT, "more than %d CAs with their keys", SIGNERS_MAX);
    if (certs_info_span(&one.life, cert, err) != EC_OK)
        return err->code;
    if (!EVP_PKEY_up_ref(key))
        return err_set(err, EC_NOMEM, "out of memory");
    s->v[s->n++] = one;
    return EC_OK;
}

/* A CA that was renewed with its key is there twice. */
static enum ec add_signers(struct signers *s, const STACK_OF(X509) * bundle, EVP_PKEY *key,
                           struct err *err) {
    for (int i = 0; i < sk_X509_num(bundle); i++) {
        X509 *cert = sk_X509_value(bundle, i);
        if (X509_check_private_key(cert, key) && add_signer(s, cert, key, err) != EC_OK)
            return err->code;
    }
    return certs_crypto_settle(err);
}

enum ec certs_signers_read(struct signers *out, const STACK_OF(X509) * bundle,
                           struct str key_pem, struct err *err) {
    EVP_PKEY *keys[SIGNERS_MAX];
    struct signers found = {.n = 0};
    size_t n = 0;
    (void)!certs_pem_read_keys(keys, &n, SIGNERS_MAX, key_pem, err);
    for (size_t i = 0; i < n; i++) {
        if (err->code == EC_OK)
            (void)!add_signers(&found, bundle, keys[i], err);
        EVP_PKEY_free(keys[i]);
    }
    if (err->code != EC_OK) {
        certs_signers_done(&found);
        return err->code;
    }
    *out = found;
    return EC_OK;
}

/* Old enough for the bundle with it to have reached all clients. */
static bool is_settled(const struct signer *s, int64_t now_s) {
    return now_s - s->life.from_s >= CERTS_SETTLE_S;
}

/* The newest of those that are settled; else the oldest, which most clients have. Of two CAs of the same second
 * the one whose key comes later in ca.key is the older: pick_of() asks in that order. */
static bool signs_before(const struct signer *a, const struct signer *b, int64_t now_s) {
    bool settled = is_settled(a, now_s);
    if (settled != is_settled(b, now_s))
        return settled;
    return settled ? a->life.from_s > b->life.from_s : a->life.from_s <= b->life.from_s;
}

static const struct signer *pick_of(const struct signers *s, int64_t now_s, int64_t left_s) {
    const struct signer *best = NULL;
    for (size_t i = 0; i < s->n; i++) {
        const struct signer *one = &s->v[i];
        if (one->life.to_s - now_s >= left_s &&
            (best == NULL || signs_before(one, best, now_s)))
            best = one;
    }
    return best;
}

const struct signer *certs_signers_pick(const struct signers *s, int64_t now_s,
                                        int64_t left_s) {
    const struct signer *best = pick_of(s, now_s, left_s);
    if (best != NULL)
        return best;
    best = certs_signers_newest(s);
    return best != NULL && best->life.to_s > now_s ? best : pick_of(s, now_s, 1);
}

const struct signer *certs_signers_newest(const struct signers *s) {
    const struct signer *best = NULL;
    for (size_t i = 0; i < s->n; i++)
        if (best == NULL || s->v[i].life.from_s > best->life.from_s)
            best = &s->v[i];
    return best;
}

static bool has_signed(X509 *ca, X509 *cert) {
    EVP_PKEY *key = X509_get0_pubkey(ca);
    return key != NULL && X509_check_issued(ca, cert) == X509_V_OK &&
           X509_verify(cert, key) == 1;
}

X509 *certs_signer_of(const STACK_OF(X509) * bundle, X509 *cert) {
    for (int i = 0; i < sk_X509_num(bundle); i++)
        if (has_signed(sk_X509_value(bundle, i), cert))
            return sk_X509_value(bundle, i);
    return NULL;
}
