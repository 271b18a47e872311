/* credentials/keyring - the keyring's inside, which keyring.c and near.c share. */
#ifndef PULLGATE_CREDENTIALS_KEYRING_H
#define PULLGATE_CREDENTIALS_KEYRING_H

#include "credentials/internal.h"

struct credentials_slot {
    struct credentials_hit hit;
    const struct credentials_pattern *pattern;
    size_t order; /* in secrets and files */
};

struct credentials_keyring {
    struct credentials_slot *slots; /* by key, descending */
    size_t n;
    const struct credentials_set *broken;
};

/* host/repository of an image as a pod has it, in the arena; *is_image false: it is no reference. */
enum ec credentials_repository(struct str *out, bool *is_image, struct str image,
                               struct arena *arena, struct err *err) MUST_CHECK;

#endif
