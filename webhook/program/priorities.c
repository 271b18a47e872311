#include "program/priorities.h"

/* In order of preference: AES-128 is combined with SHA-256, for which CPUs have instructions; a
 * handshake with SHA-384 takes twice the time. */
static const char *const ciphers_known[] = {"AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305"};
enum { N_KNOWN = sizeof ciphers_known / sizeof *ciphers_known };

static enum ec check_cipher(const char *name, struct err *err) {
    for (size_t i = 0; i < N_KNOWN; i++)
        if (strcmp(name, ciphers_known[i]) == 0)
            return EC_OK;
    int near = str_nearest(str_of(name), ciphers_known, N_KNOWN);
    return err_set(err, EC_USAGE,
                   "--tls-ciphers: found \"%.100s\", expected AES-128-GCM, AES-256-GCM or "
                   "CHACHA20-POLY1305%s%s",
                   name, near < 0 ? "" : "; did you mean ",
                   near < 0 ? "" : ciphers_known[near]);
}

enum ec priorities_print(struct buf *out, enum priorities_min min, const char *const *ciphers,
                         size_t n, struct err *err) {
    const char *const *chosen = n ? ciphers : ciphers_known;
    buf_puts(out, "SECURE128:-VERS-ALL:+VERS-TLS1.3");
    if (min == PRIORITIES_TLS12)
        buf_puts(out, ":+VERS-TLS1.2");
    /* Finite-field groups, part of SECURE128, cost 8 to 450 ms per handshake. */
    buf_puts(out, ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:"
                  "+GROUP-SECP384R1:-MAC-ALL:+AEAD:-CIPHER-ALL");
    for (size_t i = 0; i < (n ? n : N_KNOWN); i++) {
        if (check_cipher(chosen[i], err) != EC_OK)
            return err->code;
        buf_printf(out, ":+%s", chosen[i]);
    }
    buf_puts(out, ":%SERVER_PRECEDENCE");
    if (buf_z(out) == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    return EC_OK;
}
