/* imgref - container image references: split, normalise, print; the kubelet's grammar exactly.
 * Shape      [host[:port]/]path[:tag][@algorithm:hex]
 * Uses       bytes only; no JSON, YAML, network or Kubernetes
 * Ownership  struct imgref borrows from the text it was parsed from (host may be a constant)
 * Limits     path (with library/) at most 255 bytes; host and port of any length
 * Refuses    beyond the grammar: a host with `_` (the Go parser answers an empty domain),
 *            spellings that containerd takes for a local image id (`sha256:8`), ports above
 *            65535
 * Threads    pure functions
 * Source     github.com/distribution/reference v0.6.0 (ParseNormalizedNamed), go-digest;
 *            containerd CRI's LocalResolve for image ids                                     */
#ifndef PULLGATE_IMGREF_IMGREF_H
#define PULLGATE_IMGREF_IMGREF_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { IMGREF_PATH_MAX = 255, IMGREF_TAG_MAX = 128 };

/* Valid, but not all pullers read it alike (kubelet, containerd, CRI-O).
 * IMGREF_UPPER_HOST  the host has an upper-case letter
 * IMGREF_UPPER_WORD  ... and neither `.` nor `:`, nor is it "localhost" but for case: CRI-O
 *                    refuses it, and in lower case it is not a host
 * IMGREF_IPV6        the host is an IPv6 literal: CRI-O refuses it
 * IMGREF_LONG        host "/" path exceeds 255 bytes: CRI-O refuses it                      */
enum imgref_quirk {
    IMGREF_UPPER_HOST = 1,
    IMGREF_UPPER_WORD = 2,
    IMGREF_IPV6 = 4,
    IMGREF_LONG = 8
};

struct imgref {
    struct str host;   /* with its port; "docker.io" for none and for index.docker.io */
    struct str port;   /* digits, or empty */
    struct str path;   /* the repository as written, without an implied library/ */
    struct str tag;    /* as written; empty when absent */
    struct str digest; /* algorithm:hex, as written; empty when absent */
    bool library;      /* the repository is "library/" path */
    bool qualified;    /* the text itself names a host */
    unsigned quirks;   /* bits of enum imgref_quirk */
};

/* Errors: EC_SYNTAX with a reason for people and err->offset, the byte it is about; *out
 * untouched. */
enum ec imgref_parse(struct imgref *out, struct str text, struct err *err) MUST_CHECK;

/* host "/" [library/] path [:tag] [@digest]: the canonical spelling, all pullers read it alike
 * unless quirks are set. With_latest: `:latest` where neither tag nor digest is given. */
enum imgref_print_flag { IMGREF_PLAIN = 0, IMGREF_WITH_LATEST = 1 };
void imgref_print(const struct imgref *r, enum imgref_print_flag flag, struct buf *out);

/* [library/] path */
void imgref_print_repository(const struct imgref *r, struct buf *out);

/* true where `text` is a host as the grammar has it (host[:port], port at most 65535), and, in
 * front of a `/`, would be read as one. */
bool imgref_is_host(struct str text);
/* true where `text` is one or more path components joined by `/`. */
bool imgref_is_path(struct str text);

#endif
