/* Digests of bytes. */
#include "certs/internal.h"

bool certs_digest(char hex[CERTS_DIGEST_MAX], enum certs_digest_kind kind, struct str bytes) {
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    const EVP_MD *md = kind == CERTS_SHA512 ? EVP_sha512() : EVP_sha256();
    if (EVP_Digest(bytes.n ? bytes.p : "", bytes.n, sum, &n, md, NULL) != 1)
        return false;
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digits[sum[i] >> 4];
        hex[2 * i + 1] = digits[sum[i] & 15];
    }
    hex[2 * (size_t)n] = '\0';
    return true;
}
