/* credentials/internal - what the files of the module share. */
#ifndef PULLGATE_CREDENTIALS_INTERNAL_H
#define PULLGATE_CREDENTIALS_INTERNAL_H

#include "credentials/credentials.h"

/* ---- memory.c: blocks that are wiped when they are freed ------------------------------ */

struct credentials_block;

/* n bytes, zeroed, aligned for any type; NULL: no memory. */
void *credentials_alloc(struct credentials_block **list, size_t n) MUST_CHECK;
bool credentials_keep(struct credentials_block **list, struct str s, struct str *out)
    MUST_CHECK;
void credentials_blocks_free(struct credentials_block **list);

/* ---- json.c: JSON as encoding/json of Go reads it -------------------------------------- */

/* Whether the text is one JSON value; else *position is the byte where it is not, *why the reason. All
 * below needs a text for which it is. */
bool credentials_json_check(struct str text, size_t *position, const char **why) MUST_CHECK;

struct credentials_member {
    struct str key;   /* as written, without its quotes */
    struct str value; /* without blanks around it */
};

/* The next member of an object; *at starts as 0. */
bool credentials_json_next(struct str object, size_t *at, struct credentials_member *out);

/* The text of a string (the bytes between its quotes), unescaped. false: no memory. */
bool credentials_json_text(struct credentials_block **list, struct str raw, struct str *out)
    MUST_CHECK;

/* Whether the key of a member names a field as encoding/json compares them. */
bool credentials_json_names(struct str raw, const char *field);

const char *credentials_json_type(struct str value); /* "a string" ... */

static inline bool credentials_json_is(struct str value, char first) {
    return value.n != 0 && value.p[0] == first;
}

/* ---- base64.c --------------------------------------------------------------------------- */

/* With padded: standard base64; else that without padding (RawStdEncoding). URL-safe: - and _. */
enum credentials_alphabet { CREDENTIALS_STD, CREDENTIALS_RAW, CREDENTIALS_RAW_URL };
bool credentials_unbase64(char *out, size_t *n_out, struct str text,
                          enum credentials_alphabet alphabet, size_t *position) MUST_CHECK;

/* ---- url.c: what url.Parse of Go makes of a key ------------------------------------------ */

struct credentials_url {
    struct str host; /* with its port */
    struct str path;
};

/* Parses "https://" + rest. Room at `room` for rest.n bytes. false: url.Parse refuses it. */
bool credentials_url_parse(struct credentials_url *out, struct str rest, char *room) MUST_CHECK;

/* net.SplitHostPort, and the whole host where that refuses it. */
void credentials_url_split(struct str host_port, struct str *host, struct str *port);

/* ---- glob.c -------------------------------------------------------------------------------- */

/* filepath.Match; a bad pattern does not match. */
bool credentials_glob(struct str pattern, struct str name);
bool credentials_glob_is_bad(struct str pattern);

/* Whether each dot-separated label of `host` matches the label of `glob` in its place. */
bool credentials_labels_match(struct str glob, struct str host);

/* The label at *at (which then is behind its dot); false: there are no more. *at starts as 0. */
bool credentials_label_next(struct str host, size_t *at, struct str *label);

/* ---- key.c --------------------------------------------------------------------------------- */

/* A normalised key as it is compared with images. */
struct credentials_pattern {
    bool valid; /* else it matches nothing */
    struct str host, port, path;
};

/* Fills in shown, normal, never and the notes about the key. false: no memory. */
bool credentials_key_read(struct credentials_entry *e, struct credentials_pattern *pattern,
                          struct credentials_block **list) MUST_CHECK;

bool credentials_pattern_matches(const struct credentials_pattern *glob,
                                 const struct credentials_pattern *target);

/* The pattern of host/path; room for text.n bytes. */
void credentials_pattern_parse(struct credentials_pattern *out, struct str text, char *room);

/* ---- expiry.c ------------------------------------------------------------------------------ */

/* Fills in kind, expires_s and issued_s. false: no memory. */
bool credentials_expiry_read(struct credentials_entry *e) MUST_CHECK;

/* ---- file.c: the value of a secret, decoded ------------------------------------------------ */

struct credentials_file {
    struct credentials_block **list;
    struct str text;
    struct credentials_set *set;       /* fault, faulty and shape are filled in */
    struct credentials_entry *entries; /* mem_alloc; user and password are in the list */
    size_t n, cap;
};

/* EC_OK, EC_SYNTAX or EC_SCHEMA (then set->fault has the reason), EC_NOMEM. */
enum ec credentials_file_read(struct credentials_file *f, bool is_cfg) MUST_CHECK;

#endif
