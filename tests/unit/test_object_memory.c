/* The most memory that one large object takes, in bytes allocated at a time, as times of its text: the
 * same on every machine. What the process takes in all: tests/bench/large.sh. */
#include "object_rules.h"

#include "base/mem.h"
#include "edit/apply.h"

#include <stdlib.h>

/* ---- a heap that counts ---------------------------------------------------------------- */

struct head {
    size_t n;
    size_t pad; /* the block after stays aligned */
};

static size_t now_bytes, peak_bytes;

static void count(size_t more, size_t less) {
    now_bytes += more;
    now_bytes -= less;
    peak_bytes = now_bytes > peak_bytes ? now_bytes : peak_bytes;
}

void *mem_realloc(void *p, size_t n) {
    struct head *old = p != NULL ? (struct head *)p - 1 : NULL;
    size_t before = old != NULL ? old->n : 0;
    struct head *h = n != 0 ? realloc(old, sizeof *h + n) : NULL;
    if (h == NULL)
        return NULL;
    h->n = n;
    count(n, before);
    return h + 1;
}

void *mem_alloc(size_t n) {
    return mem_realloc(NULL, n);
}

void *mem_zalloc(size_t n) {
    void *p = mem_alloc(n);
    return p != NULL ? memset(p, 0, n) : NULL;
}

void mem_free(void *p) {
    if (p == NULL)
        return;
    struct head *h = (struct head *)p - 1;
    count(0, h->n);
    free(h);
}

/* ---- one pod of many containers -------------------------------------------------------- */

enum { CONTAINERS = 20000 };

static void put_pod(struct buf *out) {
    buf_puts(out, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n");
    for (unsigned i = 0; i < CONTAINERS; i++)
        buf_printf(out,
                   "  - name: worker-%07u\n    image: acme/worker:1.%u\n"
                   "    args: [--queue, jobs, --verbose]\n    env:\n"
                   "    - {name: DATABASE_URL, value: \"postgres://db.team.svc:5432/jobs\"}\n"
                   "    resources: {limits: {cpu: 500m, memory: 512Mi}}\n",
                   i, i);
}

/* Peak bytes since the text was there, as tenths of its size. */
static size_t tenths(const struct buf *text, size_t before) {
    return (peak_bytes - before) * 10 / text->n;
}

static size_t begin(void) {
    peak_bytes = now_bytes;
    return now_bytes;
}

static enum ec print_object(void *arg, const struct object *o, struct err *err) {
    struct buf *out = arg;
    return out == NULL ? EC_OK
                       : edit_patch_yaml(o->doc->json, o->object, o->decision->edits,
                                         o->decision->n_edits, out, err);
}

static void no_fault(void *arg, const struct object_fault *f) {
    (void)arg;
    fail_row("%s", f->err->msg);
}

static void no_note(void *arg, const char *file, uint32_t line, const char *text) {
    (void)arg;
    (void)file;
    (void)line;
    (void)text;
}

static size_t read_pod(const struct policy *policy, const struct buf *text, struct buf *out) {
    const struct object_request request = plain_request();
    const struct object_sink sink = {
        .object = print_object, .fault = no_fault, .note = no_note, .arg = out};
    struct object_totals totals = {.objects = 0};
    struct object_judge judge;
    struct err err = ERR_INIT;
    size_t before = begin();
    object_judge_init(&judge, policy, &request);
    assert_ok(object_read_text(&judge, "f", buf_view(text), &sink, &totals, &err), &err);
    object_judge_done(&judge);
    assert_int_equal(totals.rewritten, CONTAINERS);
    return tenths(text, before);
}

static void no_reason(void *arg, const struct object *o, const struct reason *r) {
    (void)arg;
    (void)o;
    fail_row("%.*s", STR_ARG(r->message));
}

static size_t apply_pod(const struct policy *policy, const struct buf *text) {
    const struct object_request request = plain_request();
    const struct edit_apply_sink sink = {
        .reason = no_reason, .fault = no_fault, .note = no_note};
    struct buf out = BUF_INIT(64 << 20);
    struct edit_apply a;
    struct err err = ERR_INIT;
    size_t before = begin();
    edit_apply_init(&a, policy, &request, &sink);
    assert_ok(edit_apply_text(&a, "f", buf_view(text), &out, &err), &err);
    edit_apply_done(&a);
    buf_done(&out);
    return tenths(text, before);
}

static void memory_is_a_few_times_the_text(void **state) {
    struct policy *policy =
        load_rules("  registry: r.io\n  imagePullSecrets: [s]\n  imagePullPolicy: Always\n");
    struct buf text = BUF_INIT(64 << 20), yaml = BUF_INIT(64 << 20);
    (void)state;
    put_pod(&text);
    size_t read = read_pod(policy, &text, NULL);
    size_t printed = read_pod(policy, &text, &yaml);
    buf_done(&yaml);
    size_t applied = apply_pod(policy, &text);
    print_message("times the text: read %zu.%zu, printed %zu.%zu, applied %zu.%zu\n", read / 10,
                  read % 10, printed / 10, printed % 10, applied / 10, applied % 10);
    assert_true(read < 85);
    assert_true(printed < 110);
    assert_true(applied < 110);
    buf_done(&text);
    engine_policy_free(policy);
    assert_int_equal(now_bytes, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(memory_is_a_few_times_the_text),
};

TEST_MAIN(tests)
