/* doctor/codes - what can be wrong: one row for each code, which help, the page of codes and every output read.
 * Shape      PG1xx pull secrets, PG2xx the policy and who else names secrets, PG3xx the webhook, PG4xx pods
 *            and events, PG9xx what was not looked at
 * Stable     a code and its word never change their meaning; a new one is added at the end of its hundred
 * Threads    constant data; pure functions                                                        */
#ifndef PULLGATE_DOCTOR_CODES_H
#define PULLGATE_DOCTOR_CODES_H

#include "base/buf.h"

enum doctor_level { DOCTOR_NOTE, DOCTOR_WARNING, DOCTOR_ERROR };

enum doctor_code {
    DOCTOR_SECRET_MISSING,
    DOCTOR_SECRET_TYPE,
    DOCTOR_SECRET_KEY,
    DOCTOR_SECRET_BROKEN,
    DOCTOR_SECRET_EMPTY,
    DOCTOR_ENTRY_EMPTY,
    DOCTOR_HELPERS_ONLY,
    DOCTOR_KEY_NEVER,
    DOCTOR_KEY_NEAR,
    DOCTOR_KEY_OPEN,
    DOCTOR_BLANK_ENDS,
    DOCTOR_KEY_TWICE,
    DOCTOR_EXPIRED,
    DOCTOR_EXPIRES_SOON,
    DOCTOR_UNCOVERED,
    DOCTOR_SECRET_UNNEEDED,
    DOCTOR_ACCOUNT_SHADOWED,
    DOCTOR_ACCOUNT_FIRST,
    DOCTOR_ENTRY_WITHOUT_NAME,
    DOCTOR_ENTRY_ODD_NAME,
    DOCTOR_AIRBYTE_SECRET,
    DOCTOR_AIRBYTE_REGISTRY,
    DOCTOR_VALUES_SECRET,
    DOCTOR_NOT_REGISTERED,
    DOCTOR_CA_BUNDLE,
    DOCTOR_CERTIFICATE_ENDS,
    DOCTOR_FAILURE_IGNORED,
    DOCTOR_NAMESPACE_ESCAPES,
    DOCTOR_PODS_ESCAPE,
    DOCTOR_RULES_MISSING,
    DOCTOR_OTHER_WEBHOOK,
    DOCTOR_NOT_REINVOKED,
    DOCTOR_POD_BEFORE,
    DOCTOR_POD_ESCAPED,
    DOCTOR_NOT_VALIDATED,
    DOCTOR_NOT_READY,
    DOCTOR_CALL_FAILED,
    DOCTOR_PULL_DENIED,
    DOCTOR_IMAGE_NOT_FOUND,
    DOCTOR_REGISTRY_UNREACHABLE,
    DOCTOR_IMAGE_NAME_INVALID,
    DOCTOR_NEVER_PULLED,
    DOCTOR_SECRET_NOT_RETRIEVED,
    DOCTOR_PULL_FAILED,
    DOCTOR_INSPECT_FAILED,
    DOCTOR_SIGNATURE_FAILED,
    DOCTOR_POD_REFUSED,
    DOCTOR_RATE_LIMITED,
    DOCTOR_FORBIDDEN,
    DOCTOR_NOT_GIVEN,
    DOCTOR_N_CODES
};

struct doctor_code_row {
    const char *id;   /* "PG101" */
    const char *word; /* "secret-missing" */
    enum doctor_level level;
    const char *about;  /* what is wrong: a sentence */
    const char *effect; /* what it leads to: a sentence */
    const char *mend;   /* what to do: sentences */
};

extern const struct doctor_code_row doctor_codes[DOCTOR_N_CODES];

/* The row of an id, in upper or lower case, or of a word; NULL when there is none. */
const struct doctor_code_row *doctor_code_find(struct str id);

/* All codes, or one, as text of at most 96 columns; all of them as the page deploy/CODES.md. */
void doctor_codes_text(struct buf *out);
void doctor_code_text(struct buf *out, const struct doctor_code_row *row);
void doctor_codes_markdown(struct buf *out);

#endif
