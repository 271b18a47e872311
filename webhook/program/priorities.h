/* program/priorities - --tls-min and --tls-ciphers as a GnuTLS priority string.
 * Default    TLS 1.2 and 1.3, only forward secrecy (ECDHE) and AEAD ciphers: no CBC, no RSA key
 *            exchange, no compression (GnuTLS has none)
 * Source     GnuTLS 3.7 manual, "Priority strings"                                          */
#ifndef PULLGATE_PROGRAM_PRIORITIES_H
#define PULLGATE_PROGRAM_PRIORITIES_H

#include "base/buf.h"
#include "base/err.h"

enum priorities_min { PRIORITIES_TLS12, PRIORITIES_TLS13 };

/* `ciphers` are names such as AES-256-GCM, best first; n = 0: all of them, in the default order. Errors:
 * EC_USAGE (an unknown name, with the nearest one), EC_NOMEM. */
enum ec priorities_print(struct buf *out, enum priorities_min min, const char *const *ciphers,
                         size_t n, struct err *err) MUST_CHECK;

#endif
