#include "kube/internal.h"

enum { FIRST_MS = 800, LAST_MS = 30000, RETRY_AFTER_MAX_S = 300 };

uint64_t kube_random(uint64_t *state) {
    uint64_t x = *state ? *state : UINT64_C(0x9e3779b97f4a7c15);
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

uint64_t kube_backoff_next_ms(struct kube_backoff *b) {
    uint64_t ms = FIRST_MS;
    for (unsigned i = 0; i < b->failures && ms < LAST_MS; i++)
        ms *= 2;
    if (ms > LAST_MS)
        ms = LAST_MS;
    if (b->failures < 100)
        b->failures++;
    return ms + kube_random(&b->random) % ms;
}

bool kube_retry_after(struct str value, uint64_t *out_ms) {
    uint64_t s;
    if (!str_to_uint(str_trim(value), UINT32_MAX, &s))
        return false;
    *out_ms = (s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : s) * 1000;
    return true;
}
