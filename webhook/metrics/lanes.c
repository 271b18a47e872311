#include "metrics/metrics.h"

#include "base/mem.h"

/* Two lines of 64 bytes: processors fetch lines in pairs. */
enum { APART = 128 };

enum ec metrics_lanes_init(struct metrics_lanes *l, unsigned n_lanes, size_t lane_bytes,
                           struct err *err) {
    size_t stride = (lane_bytes + APART - 1) / APART * APART;
    size_t bytes = mem_array_bytes(n_lanes, stride);
    char *memory = bytes == 0 ? NULL : mem_zalloc(bytes + APART);
    if (memory == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    *l = (struct metrics_lanes){.memory = memory,
                                .first = memory + APART - (uintptr_t)memory % APART,
                                .stride = stride,
                                .n = n_lanes};
    return EC_OK;
}

void metrics_lanes_done(struct metrics_lanes *l) {
    mem_free(l->memory);
    *l = (struct metrics_lanes){.memory = NULL};
}

uint64_t metrics_total(const struct metrics_lanes *l, const struct metrics_cell *cell) {
    size_t offset = (size_t)((const char *)cell - l->first);
    uint64_t sum = 0;
    for (unsigned i = 0; i < l->n; i++) {
        const void *same = (const char *)metrics_lane(l, i) + offset;
        sum += metrics_get(same);
    }
    return sum;
}
