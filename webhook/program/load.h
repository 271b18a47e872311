/* program/load - what the daemon has loaded; rules: read, check, put in force, and on errors the last valid
 * ones are kept. The same for the certificate: program/certificate.
 * Threads    one: the main thread, at the start and on reload                               */
#ifndef PULLGATE_PROGRAM_LOAD_H
#define PULLGATE_PROGRAM_LOAD_H

#include "program/options.h"
#include "program/selfsigned.h"
#include "program/serve.h"

enum { PROBE_MEMORY = 4 << 20 }; /* for answers to probes, waiting to be read */
enum { PROBES_MIN = 64, PROBES_MAX = 1024 };

/* When a date comes near: logged once after each load, and once a day. */
struct reminder {
    int64_t low_s;  /* from then on; 0: never */
    int64_t next_s; /* not before */
};

struct daemon {
    const struct options *options;
    struct service service;
    struct server *server, *probes;
    uint64_t probe_connections; /* at once; 0: PROBES_MIN */
    struct buf priorities;      /* GnuTLS, NUL-terminated */
    struct selfsigned self;     /* with --tls-ca-cert */
    struct reminder
        certificate;    /* a third of its life or less is left; a sixth with --tls-ca-cert */
    struct reminder ca; /* of --tls-ca-cert: 30 days, or the life of a certificate */
    int64_t
        certificate_due_s; /* the one on the disk is valid from then on; 0: none is waiting */
};

/* Reads the rules and puts them in force. On an error the old ones are kept and the error is logged,
 * unless `again`: then it is a retry after the same error. */
enum ec load_rules(struct daemon *d, bool again);

/* No file, no descriptor or no memory: a retry may succeed although the files do not change. */
bool load_may_mend(enum ec ec);

/* Starts both listeners. Errors: EC_USAGE, EC_IO, EC_CRYPTO, EC_NOMEM. */
enum ec load_and_listen(struct daemon *d, struct err *err) MUST_CHECK;

/* Frees what loading has made, but not the servers. */
void load_done(struct daemon *d);

#endif
