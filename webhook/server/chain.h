/* chain - the cost of a client's certificates, found before any of them is decoded or verified.
 * Shape      Certificate message of TLS 1.2 or 1.3, without its head
 * Limits     5 certificates, 200 parts (DER) in each and 400 in all; RSA up to 4096 bits with an exponent
 *            up to 32 bits, ECDSA with P-256, P-384 or P-521, Ed25519
 * Threads    pure functions
 * Source     RFC 8446, 4.4.2; RFC 5246, 7.4.2; RFC 5280, 4.1                              */
#ifndef PULLGATE_SERVER_CHAIN_H
#define PULLGATE_SERVER_CHAIN_H

#include "base/str.h"

/* Why the message is too expensive, a constant; NULL when it is not, also without any certificate. */
const char *server_chain_trouble(struct str message, bool is_1_3);

#endif
