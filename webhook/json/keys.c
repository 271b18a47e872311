/* Duplicate keys: two readers of one text could see two values.
 *
 *   few members    a filter (read.c) passes nearly all keys; the rest are compared one by one
 *   many           when the object closes: keys are distributed into buckets by hash, each bucket
 *                  is sorted by bytes and neighbours are compared. Colliding keys make one large
 *                  bucket, which still costs no more than a sort. */
#include "json/internal.h"

#include "base/mem.h"

#include <stdio.h>

static struct str key_text(const struct json_reader *r, json_at key) {
    return (struct str){r->text + r->nodes[key].off, r->nodes[key].len};
}

static bool fail_twice(struct json_reader *r, json_at key) {
    char text[120], shown[64];
    struct str k = str_slice(key_text(r, key), 0, sizeof shown - 1);
    for (size_t i = 0; i < k.n; i++)
        shown[i] = (char)(k.p[i] >= ' ' && k.p[i] < 0x7f ? k.p[i] : '?');
    snprintf(text, sizeof text, "duplicate key \"%.*s%s\"", (int)k.n, shown,
             r->nodes[key].len > k.n ? "..." : "");
    json_read_fail(r, r->text + r->nodes[key].off, EC_SCHEMA, text);
    return false;
}

bool json_read_key_is_new(struct json_reader *r, json_at key) {
    const struct json_node *nodes = r->nodes;
    for (json_at k = r->open + 1; k != key; k = nodes[k + 1].next)
        if (((nodes[k].flags ^ nodes[key].flags) & ~JSON_ODD) == 0 &&
            str_eq(key_text(r, k), key_text(r, key)))
            return fail_twice(r, key);
    return true;
}

/* --- many members --- */

struct hashed_key {
    uint32_t hash;
    json_at key;
};

static int order(const struct json_reader *r, struct hashed_key a, struct hashed_key b) {
    if (a.hash != b.hash)
        return a.hash < b.hash ? -1 : 1;
    int bytes = str_cmp(key_text(r, a.key), key_text(r, b.key));
    if (bytes != 0)
        return bytes;
    return a.key < b.key ? -1 : a.key > b.key;
}

static void sift(const struct json_reader *r, struct hashed_key *e, size_t root, size_t n) {
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && order(r, e[child], e[child + 1]) < 0)
            child++;
        if (order(r, e[root], e[child]) >= 0)
            return;
        struct hashed_key swap = e[root];
        e[root] = e[child];
        e[child] = swap;
    }
}

/* Heapsort: in place, and never worse than n log n. */
static void sort_keys(const struct json_reader *r, struct hashed_key *e, size_t n) {
    for (size_t i = n / 2; i-- > 0;)
        sift(r, e, i, n);
    for (size_t left = n; left-- > 1;) {
        struct hashed_key swap = e[0];
        e[0] = e[left];
        e[left] = swap;
        sift(r, e, 0, left);
    }
}

/* The earliest duplicate in a bucket, or `found` if that is earlier. */
static json_at twice_in(const struct json_reader *r, struct hashed_key *e, size_t n,
                        json_at found) {
    sort_keys(r, e, n);
    for (size_t i = 1; i < n; i++)
        if (e[i].hash == e[i - 1].hash && e[i].key < found &&
            str_eq(key_text(r, e[i].key), key_text(r, e[i - 1].key)))
            found = e[i].key;
    return found;
}

/* Distributes the keys of an object into 2^bits buckets; starts[b] becomes the end of bucket b. */
static void distribute(const struct json_reader *r, json_at object, uint32_t *starts,
                       unsigned bits, struct hashed_key *entries) {
    const struct json_node *nodes = r->nodes;
    json_at end = nodes[object].next;
    uint32_t sum = 0;
    for (json_at k = object + 1; k < end; k = nodes[k + 1].next)
        starts[str_hash(key_text(r, k), 0) >> (32 - bits)]++;
    for (size_t b = 0; b < (size_t)1 << bits; b++) {
        uint32_t here = starts[b];
        starts[b] = sum;
        sum += here;
    }
    for (json_at k = object + 1; k < end; k = nodes[k + 1].next) {
        uint32_t hash = str_hash(key_text(r, k), 0);
        entries[starts[hash >> (32 - bits)]++] = (struct hashed_key){hash, k};
    }
}

bool json_read_keys_differ(struct json_reader *r, json_at object) {
    uint32_t members = r->nodes[object].len;
    unsigned bits = 4;
    while (bits < 28 && members >> (bits + 2) != 0)
        bits++;
    AUTO(mem_freep)
    uint32_t *ends = mem_zalloc(mem_array_bytes((size_t)1 << bits, sizeof *ends));
    AUTO(mem_freep)
    struct hashed_key *entries = mem_alloc(mem_array_bytes(members, sizeof *entries));
    if (ends == NULL || entries == NULL) {
        json_read_fail(r, r->text + r->nodes[object].off, EC_NOMEM,
                       "no memory to compare keys");
        return false;
    }
    distribute(r, object, ends, bits, entries);
    json_at found = JSON_NONE;
    for (size_t b = 0, from = 0; b < (size_t)1 << bits; from = ends[b++])
        found = twice_in(r, entries + from, ends[b] - from, found);
    return found == JSON_NONE || fail_twice(r, found);
}
