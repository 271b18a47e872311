#include "program/memory.h"

#include "audit/audit.h"
#include "program/cgroup.h"
#include "program/load.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)

static const uint64_t assumed_bytes = 512 * MIB; /* what the manifests give the container */
static const uint64_t program_bytes = 24 * MIB;
static const uint64_t connection_bytes =
    64 * KIB; /* TLS both ways, a record each, and the rest */
static const uint64_t probe_bytes = 8 * KIB;
static const uint64_t small_nodes_bytes = 512 * KIB;
static const uint64_t large_most = 128 * MIB, large_least = 8 * MIB;
static const uint64_t requests_most = 256 * MIB, requests_least = 4 * MIB;
enum { NODE_BYTES = 16, CONNECTIONS_MIN = 64 };

const char *const memory_sources[] = {"assumed", "--memory", "cgroup"};
const char *const memory_parts[MEMORY_PARTS] = {"program", "connections", "probes",  "audit",
                                                "workers", "large",       "requests"};

static uint64_t clamp(uint64_t v, uint64_t least, uint64_t most) {
    return v < least ? least : v > most ? most : v;
}

uint64_t memory_sum(const struct memory_plan *p) {
    uint64_t sum = 0;
    for (size_t i = 0; i < MEMORY_PARTS; i++)
        sum += p->parts[i];
    return sum;
}

static uint64_t usable_of(const struct memory_plan *p) {
    return p->limit_bytes / 4 * 3;
}

static void find_limit(struct memory_plan *p, const struct options *o, const char *root,
                       struct buf *where) {
    *p = (struct memory_plan){.source = MEMORY_ASSUMED, .limit_bytes = assumed_bytes};
    if (o->memory != 0) {
        p->source = MEMORY_OPTION;
        p->limit_bytes = o->memory;
        buf_puts(where, "--memory");
    } else if (cgroup_memory_limit(root, &p->limit_bytes, where)) {
        p->source = MEMORY_CGROUP;
    }
}

/* All but the last two, which share the rest. */
static void divide_fixed(struct memory_plan *p, struct options *o) {
    uint64_t usable = usable_of(p), each = connection_bytes + o->max_header;
    uint64_t worker = small_nodes_bytes + MEMORY_SMALL_ARENA + MEMORY_SMALL_PATCH +
                      MEMORY_SMALL_REPLY + SERVER_AHEAD_BYTES + o->max_audit_line +
                      AUDIT_LINE_ROOM;
    uint64_t queue = o->max_audit_line > 512 * KIB ? o->max_audit_line : 512 * KIB;
    if (!o->given.max_connections)
        o->max_connections = clamp(usable / 4 / each, CONNECTIONS_MIN, o->max_connections);
    if (!o->given.audit_queue)
        o->audit_queue = clamp(usable / 48, queue, o->audit_queue);
    p->probe_connections = clamp(usable / 24 / (2 * probe_bytes), PROBES_MIN, PROBES_MAX);
    p->parts[MEMORY_PROGRAM] = program_bytes;
    p->parts[MEMORY_CONNECTIONS] = o->max_connections * (each + SERVER_SMALL_REPLY);
    p->parts[MEMORY_PROBES] =
        p->probe_connections * (2 * probe_bytes + SERVER_SMALL_REPLY) + PROBE_MEMORY;
    p->parts[MEMORY_AUDIT] = 2 * o->audit_queue;
    p->parts[MEMORY_WORKERS] = o->workers * worker;
}

/* Half of `large` is for the values of a review, which are freed before the answer; the other half is for
 * the decision and the answer together. */
static void divide_large(struct memory_plan *p, struct options *o, uint64_t large) {
    if (!o->given.max_nodes)
        o->max_nodes = clamp(large / 2 / NODE_BYTES, 1, o->max_nodes);
    o->large.arena_bytes = large / 2;
    o->large.patch_bytes = large / 6;
    o->large.reply_bytes = large / 4;
    uint64_t reading = o->max_nodes * NODE_BYTES + large / 2;
    p->parts[MEMORY_LARGE] = reading > large ? reading : large;
}

static void divide_rest(struct memory_plan *p, struct options *o) {
    uint64_t fixed = memory_sum(p), usable = usable_of(p);
    uint64_t rest = usable > fixed ? usable - fixed : 0;
    uint64_t large = rest / 9 * 5;
    if (o->given.memory_budget)
        large = rest > o->memory_budget ? rest - o->memory_budget : 0;
    divide_large(p, o, clamp(large, large_least, large_most));
    large = p->parts[MEMORY_LARGE];
    if (!o->given.memory_budget)
        o->memory_budget =
            clamp(rest > large ? rest - large : 0, requests_least, requests_most);
    p->parts[MEMORY_REQUESTS] = o->memory_budget;
}

static void divide(struct memory_plan *p, struct options *o) {
    divide_fixed(p, o);
    divide_rest(p, o);
}

/* With more memory some parts take more: repeats until they fit. */
static uint64_t least_limit(const struct options *o) {
    struct memory_plan p = {.limit_bytes = MIB};
    enum { TRIES_MAX = 64 };
    for (int i = 0; i < TRIES_MAX; i++) {
        struct options tried = *o;
        divide(&p, &tried);
        if (memory_sum(&p) <= usable_of(&p))
            break;
        p = (struct memory_plan){.limit_bytes =
                                     (memory_sum(&p) / 3 * 4 + 2 * MIB - 1) / MIB * MIB};
    }
    return p.limit_bytes;
}

enum ec memory_divide(struct memory_plan *out, struct options *o, const char *root,
                      struct err *err) {
    struct buf where = BUF_INIT(4096);
    const struct options given = *o;
    find_limit(out, o, root, &where);
    divide(out, o);
    uint64_t sum = memory_sum(out);
    if (out->source != MEMORY_ASSUMED && sum > usable_of(out))
        err_set(
            err, EC_USAGE,
            "memory: %zu MiB (%s) is too little for %zu workers, %zu connections and budgets "
            "of %zu MiB: expected %zu MiB or more; raise the limit, or lower --workers, "
            "--max-connections, --memory-budget, --max-nodes or --audit-queue",
            (size_t)(out->limit_bytes / MIB), buf_z(&where) ? where.p : "?", (size_t)o->workers,
            (size_t)o->max_connections, (size_t)(sum / MIB),
            (size_t)(least_limit(&given) / MIB));
    buf_done(&where);
    return err->code;
}
