#include "base/mem.h"
#include "object/messages.h"
#include "policyctl/bench.h"

/* A copy, followed by the padding that the reader needs. */
static char *padded(struct arena *arena, struct str bytes) {
    char *copy = arena_alloc(arena, bytes.n + JSON_PADDING);
    if (copy != NULL) {
        memcpy(copy, bytes.p, bytes.n);
        memset(copy + bytes.n, 0, JSON_PADDING);
    }
    return copy;
}

static struct bench_item *new_item(struct bench *b) {
    if ((b->n_items & (b->n_items - 1)) == 0) { /* full at each power of two */
        size_t cap = b->n_items ? b->n_items * 2 : 1;
        struct bench_item *more = mem_realloc(b->items, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return NULL;
        b->items = more;
    }
    b->items[b->n_items] = (struct bench_item){.json = JSON_INIT};
    return &b->items[b->n_items++];
}

static enum ec keep_workload(struct bench *b, struct bench_item *item, struct err *err) {
    struct object_judge judge;
    struct review review;
    struct review_fault fault = {.is = false};
    enum ec ec;
    if (item->is_review) {
        ec = review_decode(&review, &item->json, &b->arena, err);
        item->workload = review.workload;
        item->is_malformed = ec == EC_OK && review.fault.is;
        return ec;
    }
    object_judge_init(&judge, b->policy, b->request);
    ec = object_workload(&item->workload, &fault, &judge, &item->json, 0, &b->arena, err);
    item->workload.groups = NULL; /* they belong to the judge; bench has no groups */
    item->is_malformed = fault.is;
    object_judge_done(&judge);
    return ec;
}

static enum ec keep_item(struct bench *b, struct str bytes, bool is_review, struct err *err) {
    const struct json_limits limits = {.max_depth = 1024, .max_nodes = UINT32_MAX / 2};
    struct bench_item *item = new_item(b);
    char *copy = padded(&b->arena, bytes);
    if (item == NULL)
        return err_no_memory(err);
    item->is_review = is_review;
    b->n_reviews += is_review;
    if (copy == NULL || !arena_str(&b->arena, bytes, &item->bytes))
        return err_no_memory(err);
    if (json_parse(&item->json, copy, bytes.n, limits, err) != EC_OK)
        return err->code;
    return keep_workload(b, item, err);
}

/* What cannot be read is not one of the items. */
static enum ec keep_or_drop(struct bench *b, struct str bytes, bool is_review,
                            struct err *err) {
    size_t n = b->n_items;
    if (keep_item(b, bytes, is_review, err) == EC_OK)
        return EC_OK;
    for (; b->n_items > n; b->n_items--) {
        b->n_reviews -= is_review;
        json_done(&b->items[n].json);
    }
    return err->code;
}

static enum ec take_object(void *arg, const struct object *s, struct err *err) {
    struct bench *b = arg;
    struct buf text = BUF_INIT((size_t)1 << 30);
    if (s->is_review && s->doc->raw != NULL)
        return keep_or_drop(b, (struct str){s->doc->raw, s->doc->raw_bytes}, true, err);
    json_print(s->doc->json, s->is_review ? 0 : s->object, &text);
    enum ec ec = text.bad ? err_set(err, (enum ec)text.bad, "no room for an object")
                          : keep_or_drop(b, buf_view(&text), s->is_review, err);
    buf_done(&text);
    return ec;
}

static void take_fault(void *arg, const struct object_fault *f) {
    struct bench *b = arg;
    b->n_faults++;
    object_report_fault(NULL, f);
}

static void take_note(void *arg, const char *file, uint32_t line, const char *text) {
    (void)arg;
    (void)file;
    (void)line;
    (void)text;
}

enum ec bench_load(struct bench *b, const char *path, bool found, struct err *err) {
    struct object_judge judge;
    struct object_totals totals = {.objects = 0};
    const struct object_sink sink = {
        .object = take_object, .fault = take_fault, .note = take_note, .arg = b};
    object_judge_init(&judge, b->policy, b->request);
    enum ec ec = object_read_file(&judge, path, found, &sink, &totals, err);
    object_judge_done(&judge);
    return ec;
}

void bench_done(struct bench *b) {
    for (size_t i = 0; i < b->n_items; i++)
        json_done(&b->items[i].json);
    mem_free(b->items);
    arena_done(&b->arena);
}
