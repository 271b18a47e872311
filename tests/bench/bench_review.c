/* bench_review - what one request costs, stage by stage, beside a copy of the body and beside
 * jansson's parse of it in the same run.
 *
 *   bench_review REVIEW.json...      (cmake --build --preset release --target bench)
 *   bench_review --stage NAME COUNT REVIEW.json      COUNT requests up to a stage, nothing measured:
 *                                                    for a tool that counts instructions
 *
 * Shows      nanoseconds of CPU time: the best of ROUNDS rounds for each stage together with all
 *            before it; a stage is the difference. The body is copied before each request, which
 *            a webhook does not do: the server's bytes are the reader's own
 * Also       a pod of about 12 kB, made of the last file by repeating its containers
 * Allocated  calls of base/mem.h per request once a session is warm                           */
#include "mem_fault.h"
#include "oracle.h"

#include "audit/audit.h"
#include "base/file.h"
#include "review/review.h"
#include "rules/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 25, ROUND_NS = 4000000, BIG = 12000, REPLY_MAX = 1 << 20, FILE_MAX = 1 << 24 };
static const int64_t now_s = 1800000000;

static const char policy_text[] =
    "apiVersion: pullgate/v1\n"
    "kind: ImagePolicy\n"
    "metadata: {name: airbyte}\n"
    "spec:\n"
    "  registry: ghcr.io/acme-data\n"
    "  mirrors: {quay.io/astronomer: harbor.corp/astronomer}\n"
    "  imagePullSecrets: [regcred]\n"
    "  approved: [registry.corp.example:5000/data]\n"
    "  rules:\n"
    "    - name: elsewhere\n"
    "      match: {namespaces: [astronomer, 'astronomer-*']}\n"
    "    - name: jobs\n"
    "      match: {podLabels: {matchLabels: {airbyte: job-pod}}}\n"
    "    - name: rest\n";

struct bench {
    struct str body;
    char *copy; /* body.n + JSON_PADDING */
    const struct policy *policy;
    struct json j;
    struct arena arena;
    struct buf reply, patch, line;
    struct review review;
    struct decision decision;
    struct review_session session;
};

/* ---- stages: each does all before it, too -------------------------------------------- */

enum stage { COPY, PARSE, DECODE, DECIDE, ENCODE, AUDIT, N_STAGES };
static const char *const stage_names[] = {"copy",   "parse",  "decode",
                                          "decide", "encode", "audit"};

static void put_audit(struct bench *b, const struct review *r, const struct decision *d) {
    const struct audit_entry entry = {.time_us = now_s * 1000000,
                                      .duration_ns = 4000,
                                      .endpoint = STR("mutate"),
                                      .uid = r->uid,
                                      .group = r->group,
                                      .version = r->version,
                                      .kind = r->kind,
                                      .resource = r->resource,
                                      .subresource = r->subresource,
                                      .dry_run = r->dry_run,
                                      .workload = &r->workload,
                                      .decision = d,
                                      .policy = b->policy};
    buf_reset(&b->line);
    audit_line(&b->line, &entry, AUDIT_LINE_DEFAULT);
}

static enum ec request(struct bench *b, enum stage last, struct err *err) {
    memcpy(b->copy, b->body.p, b->body.n);
    if (last == COPY)
        return EC_OK;
    arena_reset(&b->arena);
    enum ec ec = json_parse(&b->j, b->copy, b->body.n, REVIEW_LIMITS_DEFAULT.json, err);
    if (last >= DECODE && ec == EC_OK)
        ec = review_decode(&b->review, &b->j, &b->arena, err);
    if (last >= DECIDE && ec == EC_OK)
        ec = engine_decide(&b->decision, b->policy, &b->review.workload, now_s, 0, &b->arena,
                           err);
    if (last >= ENCODE && ec == EC_OK) {
        buf_reset(&b->reply);
        review_encode(&b->reply, &b->review, b->policy, &b->decision, &b->patch);
        ec = (enum ec)b->reply.bad;
    }
    if (last >= AUDIT && ec == EC_OK) {
        put_audit(b, &b->review, &b->decision);
        ec = (enum ec)b->line.bad;
    }
    return ec;
}

/* The same by the one call that the daemon makes. */
static enum ec whole(struct bench *b, enum stage unused, struct err *err) {
    (void)unused;
    memcpy(b->copy, b->body.p, b->body.n);
    buf_reset(&b->reply);
    enum ec ec =
        review_answer(&b->session, b->policy, now_s, 0, b->copy, b->body.n, &b->reply, err);
    if (ec == EC_OK)
        put_audit(b, &b->session.review, &b->session.decision);
    return ec;
}

static enum ec by_jansson(struct bench *b, enum stage unused, struct err *err) {
    json_error_t why;
    json_t *tree = json_loadb(b->body.p, b->body.n, JSON_REJECT_DUPLICATES, &why);
    (void)unused;
    json_decref(tree);
    return tree != NULL ? EC_OK : err_set(err, EC_SYNTAX, "%s", why.text);
}

/* ---- measuring ----------------------------------------------------------------------- */

typedef enum ec run_fn(struct bench *b, enum stage last, struct err *err);

static double cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double time_of(struct bench *b, run_fn *run, enum stage last, size_t times) {
    struct err err = ERR_INIT;
    double start = cpu_ns();
    for (size_t i = 0; i < times; i++)
        if (run(b, last, &err) != EC_OK) {
            fprintf(stderr, "bench_review: %s\n", err.msg);
            exit(1);
        }
    return (cpu_ns() - start) / (double)times;
}

struct figures {
    double stage[N_STAGES], whole, jansson;
};

static void keep_best(double *best, double ns) {
    if (*best <= 0 || ns < *best)
        *best = ns;
}

/* All of them take turns, so that what else the machine does hits them alike. */
static struct figures measure(struct bench *b) {
    struct figures f = {.whole = 0};
    size_t times[N_STAGES + 2];
    for (int k = 0; k < N_STAGES + 2; k++) {
        run_fn *run = k < N_STAGES ? request : k == N_STAGES ? whole : by_jansson;
        double ns = time_of(b, run, (enum stage)(k % N_STAGES), 200);
        times[k] = (size_t)(ROUND_NS / (ns + 1)) + 1;
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int k = 0; k < N_STAGES; k++)
            keep_best(&f.stage[k], time_of(b, request, (enum stage)k, times[k]));
        keep_best(&f.whole, time_of(b, whole, COPY, times[N_STAGES]));
        keep_best(&f.jansson, time_of(b, by_jansson, COPY, times[N_STAGES + 1]));
    }
    return f;
}

static size_t allocations(struct bench *b) {
    struct err err = ERR_INIT;
    mem_fault_arm(0, MEM_FAULT_ONCE);
    for (int i = 0; i < 100; i++)
        (void)!whole(b, COPY, &err);
    return mem_fault_count();
}

static void show(struct bench *b, void *arg) {
    const char *name = arg;
    struct figures f = measure(b);
    size_t allocated = allocations(b);
    double copy = f.stage[COPY], sum = f.stage[AUDIT] - copy;
    printf("%-44s %6zu B  reply %zu B, audit line %zu B\n", name, b->body.n, b->reply.n,
           b->line.n);
    for (int k = PARSE; k < N_STAGES; k++) {
        double ns = f.stage[k] - f.stage[k - 1];
        printf("  %-8s %8.0f ns  %5.1f %%\n", stage_names[k], ns, 100 * ns / sum);
    }
    printf("  %-8s %8.0f ns  (with review_answer %.0f ns)\n", "all", sum, f.whole - copy);
    printf("  copy %.0f ns: all is %.0f copies; jansson's parse alone %.0f ns: all is %.2f of "
           "it\n",
           copy, sum / copy, f.jansson, sum / f.jansson);
    printf("  allocations in 100 requests: %zu\n", allocated);
}

/* ---- bodies -------------------------------------------------------------------------- */

typedef void use_fn(struct bench *b, void *arg);

static void with_body(const struct policy *policy, struct str body, use_fn *use, void *arg) {
    struct bench b = {.body = body,
                      .policy = policy,
                      .copy = calloc(body.n + JSON_PADDING, 1),
                      .j = JSON_INIT,
                      .arena = ARENA_INIT(16 << 10, 64 << 20),
                      .reply = BUF_INIT(REPLY_MAX),
                      .patch = BUF_INIT(REPLY_MAX),
                      .line = BUF_INIT(REPLY_MAX)};
    if (b.copy == NULL)
        exit(1);
    review_session_init(&b.session, REVIEW_LIMITS_DEFAULT);
    use(&b, arg);
    review_session_done(&b.session);
    json_done(&b.j);
    arena_done(&b.arena);
    buf_done(&b.reply);
    buf_done(&b.patch);
    buf_done(&b.line);
    free(b.copy);
}

/* The pod with its containers again and again, each under its own name. */
static char *enlarge(struct str body) {
    json_error_t why;
    json_t *tree = json_loadb(body.p, body.n, 0, &why);
    json_t *containers = json_object_get(
        json_object_get(json_object_get(json_object_get(tree, "request"), "object"), "spec"),
        "containers");
    size_t own = json_array_size(containers);
    char *text = json_dumps(tree, JSON_COMPACT);
    for (size_t i = 0; own != 0 && text != NULL && strlen(text) < BIG; i++) {
        char name[32];
        json_t *more = json_deep_copy(json_array_get(containers, i % own));
        snprintf(name, sizeof name, "container-%zu", i);
        json_object_set_new(more, "name", json_string(name));
        json_array_append_new(containers, more);
        free(text);
        text = json_dumps(tree, JSON_COMPACT);
    }
    json_decref(tree);
    return text;
}

static struct policy *load(void) {
    struct policy *policy = NULL;
    struct rules_options options = {.warn = NULL};
    struct err err = ERR_INIT;
    struct str text = {policy_text, sizeof policy_text - 1};
    if (rules_parse(&policy, text, "bench.yaml", &options, &err) != EC_OK) {
        fprintf(stderr, "bench.yaml:%u:%u: %s\n", err.line, err.col, err.msg);
        exit(1);
    }
    return policy;
}

static struct buf load_file(const char *path) {
    struct buf file = BUF_INIT(FILE_MAX);
    struct err err = ERR_INIT;
    if (file_read(&file, path, FILE_MAX, &err) != EC_OK) {
        fprintf(stderr, "bench_review: %s\n", err.msg);
        exit(1);
    }
    return file;
}

static void run_file(const struct policy *policy, char *path, bool last) {
    struct buf file = load_file(path);
    char *slash = strrchr(path, '/');
    with_body(policy, buf_view(&file), show, slash != NULL ? slash + 1 : path);
    char *big = last ? enlarge(buf_view(&file)) : NULL;
    if (big != NULL)
        with_body(policy, str_of(big), show, (char[]){"the same, more containers"});
    free(big);
    buf_done(&file);
}

struct order {
    enum stage last;
    size_t times;
};

static void obey(struct bench *b, void *arg) {
    const struct order *order = arg;
    (void)time_of(b, request, order->last, order->times);
}

static void run_stage(const struct policy *policy, const char *name, const char *times,
                      const char *path) {
    struct buf file = load_file(path);
    struct order order = {.last = COPY, .times = strtoul(times, NULL, 10)};
    while (order.last < AUDIT && strcmp(stage_names[order.last], name) != 0)
        order.last++;
    with_body(policy, buf_view(&file), obey, &order);
    buf_done(&file);
}

int main(int argc, char **argv) {
    struct policy *policy = load();
    json_set_alloc_funcs(malloc,
                         free); /* the loader's own is slower here: mem_fault.c counts */
    if (argc == 5 && strcmp(argv[1], "--stage") == 0)
        run_stage(policy, argv[2], argv[3], argv[4]);
    else
        for (int i = 1; i < argc; i++)
            run_file(policy, argv[i], i == argc - 1);
    engine_policy_free(policy);
    return argc > 1 ? 0 : 2;
}
