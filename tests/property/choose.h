/* choose - one choice after the other: by a seed, or by the bytes of a fuzzer.
 * Rules      the same source gives the same choices; bytes that ran out give 0 for ever, so a caller that
 *            chooses how many there are of something stops there                              */
#ifndef PULLGATE_TESTS_PROPERTY_CHOOSE_H
#define PULLGATE_TESTS_PROPERTY_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct choose {
    const uint8_t *bytes; /* NULL: by the seed */
    size_t n;
    uint64_t state;
};

/* 0 to n - 1 */
static inline uint32_t choose(struct choose *c, uint32_t n) {
    if (c->bytes != NULL) {
        if (c->n == 0)
            return 0;
        c->n--;
        return *c->bytes++ % n;
    }
    uint64_t z = c->state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

/* true once in n times; never where the bytes ran out */
static inline bool chance(struct choose *c, uint32_t n) {
    return choose(c, n) == n - 1;
}

#define ONE_OF(c, list) ((list)[choose((c), sizeof(list) / sizeof *(list))])

#endif
