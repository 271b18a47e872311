/* program/load - rules, certificate and client CA: read, check, put in force; on errors the last
 * valid ones are kept.
 * Threads    one: the main thread, at the start and on reload                               */
#ifndef PULLGATE_PROGRAM_LOAD_H
#define PULLGATE_PROGRAM_LOAD_H

#include "program/options.h"
#include "program/serve.h"

enum { PROBE_MEMORY = 4 << 20 }; /* for answers to probes, waiting to be read */
enum { PROBES_MIN = 64, PROBES_MAX = 1024 };

struct daemon {
    const struct options *options;
    struct service service;
    struct server *server, *probes;
    uint64_t probe_connections; /* at once; 0: PROBES_MIN */
    struct buf priorities;      /* GnuTLS, NUL behind */
    int64_t certificate_low_s;  /* from then on a third of its life or less is left */
    int64_t next_reminder_s;    /* of that */
    int64_t
        certificate_due_s; /* the one on the disk is valid from then on; 0: none is waiting */
};

/* Reads the rules and puts them in force. On an error the old ones are kept and the error is logged,
 * unless `again`: then it is a retry after the same error. */
enum ec load_rules(struct daemon *d, bool again);

/* Reads certificate, key and client CA and puts them in force for new connections. On an error, as
 * load_rules(). */
enum ec load_certificate(struct daemon *d, bool again);

/* The certificate on the disk was not valid yet when it was read, and now is. */
bool load_certificate_is_due(const struct daemon *d, int64_t now_s);

/* No file, no descriptor or no memory: a retry may succeed although the files do not change. */
bool load_may_mend(enum ec ec);

/* Warns of a certificate with a third of its lifetime or less left: once after each load, and once a
 * day. For the main loop. */
void load_remind_of_certificate(struct daemon *d, int64_t now_s);

/* Starts both listeners. Errors: EC_USAGE, EC_IO, EC_CRYPTO, EC_NOMEM. */
enum ec load_and_listen(struct daemon *d, struct err *err) MUST_CHECK;

#endif
