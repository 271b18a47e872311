/* policyctl sync - what pullgate-sync would do, from dumps of a cluster. */
#include "base/clock.h"
#include "base/escape.h"
#include "certs/certs.h"
#include "policyctl/options.h"
#include "policyctl/sync_dump.h"

enum { ARENA_MAX = 1 << 30, OUT_MAX = 1 << 30 };

struct run {
    const struct options_sync *options;
    struct policy *policy;
    struct sync_reader reader;
    struct sync_dump dump;
    struct arena arena;
    struct str annotated[OPT_LIST_MAX];
    struct sync_state state;
    struct sync_plan plan;
};

/* ---- output ------------------------------------------------------------------------------- */

static void put_summary(struct buf *out, const struct sync_plan *p) {
    if (p->n != 0)
        buf_printf(out, "%zu action%s; ", p->n, p->n == 1 ? "" : "s");
    else
        buf_puts(out, "nothing to do: ");
    buf_printf(out, "%zu of %zu cop%s current\n", p->n_current, p->n_wanted,
               p->n_wanted == 1 ? "y is" : "ies are");
}

static void print_text(struct buf *out, const struct run *r) {
    struct buf line = BUF_INIT(1 << 20);
    for (size_t i = 0; i < r->plan.n; i++) {
        buf_reset(&line);
        sync_explain(&r->plan.v[i], r->policy, &line);
        escape_text(out, buf_view(&line));
        buf_putc(out, '\n');
        out->bad = out->bad ? out->bad : line.bad;
    }
    put_summary(out, &r->plan);
    buf_done(&line);
}

static void put_member(struct buf *out, const char *key, struct str value) {
    buf_printf(out, ",\"%s\":", key);
    buf_json(out, value);
}

static void put_request(struct buf *out, const struct run *r, const struct sync_request *q) {
    static const char *const origins[] = {[SYNC_BY_RULE] = "rule",
                                          [SYNC_BY_ANNOTATION] = "sync-to",
                                          [SYNC_BY_COMMANDER] = "commander-sync"};
    buf_puts(out, ",\"source\":{\"namespace\":");
    buf_json(out, q->source_namespace);
    put_member(out, "name", q->source_name);
    put_member(out, "by", str_of(origins[q->origin]));
    if (q->origin == SYNC_BY_RULE) {
        put_member(out, "file", engine_policy_file(r->policy, q->pos));
        buf_printf(out, ",\"line\":%u", q->pos.line);
    }
    buf_putc(out, '}');
}

static void put_action(struct buf *out, const struct run *r, const struct sync_action *a) {
    struct buf line = BUF_INIT(1 << 20);
    sync_explain(a, r->policy, &line);
    buf_puts(out, "{\"verb\":");
    buf_json(out, str_of(sync_verb_name(a->verb)));
    put_member(out, "reason", str_of(sync_reason_name(a->reason)));
    put_member(out, "namespace", a->namespace);
    put_member(out, "name", a->name);
    if (a->request != NULL)
        put_request(out, r, a->request);
    put_member(out, "message", buf_view(&line));
    buf_putc(out, '}');
    out->bad = out->bad ? out->bad : line.bad;
    buf_done(&line);
}

static void print_json(struct buf *out, const struct run *r) {
    buf_puts(out, "{\"actions\":[");
    for (size_t i = 0; i < r->plan.n; i++) {
        buf_puts(out, i != 0 ? ",\n" : "\n");
        put_action(out, r, &r->plan.v[i]);
    }
    buf_printf(out, "%s],\"wanted\":%zu,\"current\":%zu}\n", r->plan.n != 0 ? "\n" : "",
               r->plan.n_wanted, r->plan.n_current);
}

/* ---- input -------------------------------------------------------------------------------- */

static enum ec check_usage(const struct options_sync *o, const struct opt_result *args,
                           struct err *err) {
    if (!o->dry_run)
        return err_set(err, EC_USAGE,
                       "--dry-run is missing: policyctl shows what would be done and changes "
                       "nothing");
    return verb_operands(args,
                         "no input: give the output of kubectl get secrets,namespaces "
                         "-A -o json, or - for standard input",
                         err);
}

static enum ec read_dumps(struct run *r, const struct opt_result *args, struct err *err) {
    enum ec ec = EC_OK;
    r->dump.reader = &r->reader;
    for (size_t i = 0; i < args->n_operands && ec == EC_OK; i++)
        ec = sync_dump_read(&r->dump, args->operands[i], err);
    if (ec == EC_OK && r->dump.n_faults != 0)
        ec =
            err_set(err, EC_SCHEMA, "%zu object%s of the input cannot be read: no plan is made",
                    r->dump.n_faults, r->dump.n_faults == 1 ? "" : "s");
    return ec != EC_OK ? ec : sync_dump_state(&r->dump, &r->state, &r->arena, err);
}

static enum ec make_plan(struct run *r, const struct opt_result *args, struct err *err) {
    const struct options_sync *o = r->options;
    r->reader = (struct sync_reader){
        .sha256 = certs_sha256_hex, .instance = str_of(o->instance), .keep_data = true};
    r->state.now_s = clock_wall_s();
    r->state.respect_value = o->respect_value;
    for (size_t i = 0; i < o->annotated.n; i++)
        r->annotated[i] = str_of(o->annotated.v[i]);
    r->state.annotated = r->annotated;
    r->state.n_annotated = o->annotated.n;
    if (verb_policy(&r->policy, o->policy, r->state.now_s, err) != EC_OK ||
        sync_requests(&r->state.requests, &r->state.n_requests, r->policy, &r->arena, err) !=
            EC_OK ||
        read_dumps(r, args, err) != EC_OK)
        return err->code;
    return sync_plan(&r->plan, &r->state, &r->arena, err);
}

int cmd_sync(const union options *options, const struct opt_result *args) {
    static void (*const printers[])(struct buf * out, const struct run *r) = {
        [SYNC_OUTPUT_TEXT] = print_text, [SYNC_OUTPUT_JSON] = print_json};
    struct run r = {.options = &options->sync, .arena = ARENA_INIT(1 << 16, ARENA_MAX)};
    struct buf out = BUF_INIT(OUT_MAX);
    struct err err = ERR_INIT;
    int status = EXIT_INPUT;
    if (check_usage(r.options, args, &err) == EC_OK && make_plan(&r, args, &err) == EC_OK) {
        status = sync_plan_n_open(&r.plan) != 0 ? EXIT_DENIED : EXIT_ALLOWED;
        printers[r.options->output](&out, &r);
    }
    status = verb_end(&out, status, &err);
    sync_dump_done(&r.dump);
    arena_done(&r.arena);
    engine_policy_free(r.policy);
    return status;
}
