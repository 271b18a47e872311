/* program/selfsigned - a serving certificate made here, with the CA of --tls-ca-cert: kept, renewed, made
 * anew.
 * Kept       on a reload, while the CA that signed it is still in the file and its renewal is not due.
 *            So it does not matter whether the Secret or the webhook's caBundle is updated first
 * Renewed    after two thirds of --tls-leaf-lifetime; at once when the clock was set back by more than
 *            the hour that it is backdated. One that was cut to the end of its CA is made again daily:
 *            another CA may sign by then
 * Broken     files change nothing: renewal goes on with the CA that was last read
 * Files      none are written; the key exists in memory alone
 * Threads    one: the main thread                                                          */
#ifndef PULLGATE_PROGRAM_SELFSIGNED_H
#define PULLGATE_PROGRAM_SELFSIGNED_H

#include "certs/certs.h"
#include "program/options.h"

struct selfsigned {
    struct certs_authority *authority; /* NULL: nothing is in force */
    struct certs_leaf leaf;
    struct buf client_ca; /* PEM; for renewals: the file may be broken by then */
    int64_t due_s;        /* renewal */
    bool failed;          /* the last renewal did */
};

/* What is to be put in force. */
struct selfsigned_offer {
    struct certs_authority *authority;
    struct certs_leaf leaf;
    bool keeps; /* the leaf in force; `leaf` is empty */
};
void selfsigned_offer_done(struct selfsigned_offer *o);

/* From the texts of both files. Errors: those of certs_authority_new() and _sign(). */
enum ec selfsigned_read(struct selfsigned_offer *out, struct selfsigned *s,
                        const struct options *o, struct str ca_pem, struct str key_pem,
                        int64_t now_s, struct err *err) MUST_CHECK;

/* Takes the offer and a copy of the client CA. Errors: EC_NOMEM; the offer is then untouched. */
enum ec selfsigned_take(struct selfsigned *s, struct selfsigned_offer *offer,
                        struct str client_ca_pem, const struct options *o, struct err *err)
    MUST_CHECK;

/* A leaf of the CA in force, to be taken. */
enum ec selfsigned_renew(struct selfsigned_offer *out, const struct selfsigned *s,
                         const struct options *o, int64_t now_s, struct err *err) MUST_CHECK;

bool selfsigned_is_due(const struct selfsigned *s, int64_t now_s);
/* The next attempt is a quarter of the remaining time away: a minute at least, a day at most. */
void selfsigned_postpone(struct selfsigned *s, int64_t now_s);

void selfsigned_done(struct selfsigned *s);

#endif
