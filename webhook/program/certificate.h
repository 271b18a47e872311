/* program/certificate - certificate (or CA), key and client CA: read, check, put in force; on errors the last
 * valid ones are kept. With --tls-ca-cert the certificate is made here and renewed.
 * Threads    one: the main thread, at the start and on reload                               */
#ifndef PULLGATE_PROGRAM_CERTIFICATE_H
#define PULLGATE_PROGRAM_CERTIFICATE_H

#include "program/load.h"

/* Starts the server of TLS with the certificate; all else of the configuration is the caller's.
 * Errors: EC_USAGE, EC_IO, EC_CRYPTO, EC_NOMEM. */
enum ec certificate_listen(struct daemon *d, struct server_config *config, struct err *err)
    MUST_CHECK;

/* Reads certificate (or CA), key and client CA and puts them in force for new connections. On an
 * error, as load_rules(). */
enum ec certificate_load(struct daemon *d, bool again);

/* Makes the next certificate when it is due, with --tls-ca-cert. For the main loop. */
void certificate_renew(struct daemon *d, int64_t now_s);

/* The time until the main loop has to look again, at most --poll. */
int64_t certificate_idle_ms(const struct daemon *d);

/* The certificate on the disk was not valid yet when it was read, and now is. */
bool certificate_is_due(const struct daemon *d, int64_t now_s);

/* Warns of a certificate, or a CA, that expires soon. For the main loop. */
void certificate_remind(struct daemon *d, int64_t now_s);

#endif
