/* Questions: derived from the rules, or pods that are given. */
#include "policyctl/ask.h"

#include "base/mem.h"
#include "object/inputs.h"
#include "object/messages.h"

#include <stdio.h>

enum { ARENA_BLOCK_BYTES = 64 << 10, ARENA_MAX_BYTES = 1 << 30, LABELS_MAX = 64 };

void ask_init(struct ask *a, const struct policy *policy, int64_t now_s) {
    *a = (struct ask){.policy = policy,
                      .now_s = now_s,
                      .arena = ARENA_INIT(ARENA_BLOCK_BYTES, ARENA_MAX_BYTES),
                      .body = BUF_INIT((size_t)ASK_BODY_MAX + JSON_PADDING),
                      .missing = BUF_INIT(64 << 10)};
    review_session_init(&a->session, REVIEW_LIMITS_DEFAULT);
}

void ask_done(struct ask *a) {
    review_session_done(&a->session);
    arena_done(&a->arena);
    mem_free(a->questions);
    buf_done(&a->body);
    buf_done(&a->missing);
}

enum ec ask_engine(struct ask *a, const struct ask_question *q, unsigned flags,
                   struct buf *reply, struct err *err) {
    buf_reset(&a->body);
    buf_str(&a->body, q->body);
    char *padding = buf_room(&a->body, JSON_PADDING);
    if (padding == NULL)
        return err_set(err, (enum ec)a->body.bad, "no room for a review");
    memset(padding, 0, JSON_PADDING);
    return review_answer(&a->session, a->policy, a->now_s, flags, a->body.p, a->body.n, reply,
                         err);
}

static enum ec keep_question(struct ask *a, struct str name, struct str body, struct err *err) {
    struct ask_question q;
    if (a->n_questions == a->cap_questions) {
        size_t cap = a->cap_questions ? a->cap_questions * 2 : 8;
        struct ask_question *more = mem_realloc(a->questions, mem_array_bytes(cap, sizeof q));
        if (more == NULL)
            return err_no_memory(err);
        a->questions = more;
        a->cap_questions = cap;
    }
    if (!arena_str(&a->arena, name, &q.name) || !arena_str(&a->arena, body, &q.body))
        return arena_fail(&a->arena, err);
    a->questions[a->n_questions++] = q;
    return EC_OK;
}

/* ---- reviews ---------------------------------------------------------------------------- */

struct requester_of { /* who asks for what pod, and where */
    struct str namespace, user;
    const struct str *groups;
    size_t n_groups;
};

/* The object follows, and a brace for each of the two open objects. */
static void put_head(struct buf *out, const struct requester_of *r) {
    buf_puts(out, "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
                  "\"request\":{\"uid\":\"00000000-0000-4000-8000-000000000000\","
                  "\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
                  "\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
                  "\"operation\":\"CREATE\",\"dryRun\":true,\"namespace\":");
    buf_json(out, r->namespace);
    buf_puts(out, ",\"userInfo\":{\"username\":");
    buf_json(out, r->user);
    buf_puts(out, ",\"groups\":[");
    for (size_t i = 0; i < r->n_groups; i++) {
        buf_puts(out, i != 0 ? "," : "");
        buf_json(out, r->groups[i]);
    }
    buf_puts(out, "]},\"object\":");
}

/* ---- derived from a rule ------------------------------------------------------------------ */

/* A pod that a rule selects, unless an earlier one does. */
struct witness {
    struct requester_of who;
    struct str group, service_account;
    struct match_label labels[LABELS_MAX];
    size_t n_labels;
};

/* A name that the glob matches: each `*` is an x. */
static struct str name_like(struct ask *a, struct str glob, struct str fallback) {
    if (glob.n == 0 || str_eq(glob, STR("*")))
        return fallback;
    char *text = arena_alloc(&a->arena, glob.n);
    for (size_t i = 0; text != NULL && i < glob.n; i++)
        text[i] = glob.p[i] == '*' ? 'x' : glob.p[i];
    return (struct str){text, text != NULL ? glob.n : 0};
}

static struct str first_like(struct ask *a, const struct policy_names *names,
                             struct str fallback) {
    return name_like(a, names->n != 0 ? names->v[0] : STR_NONE, fallback);
}

static void add_labels(struct witness *w, const struct match_selector *s) {
    for (size_t i = 0; i < s->n_requirements && w->n_labels < LABELS_MAX; i++) {
        const struct match_requirement *r = &s->requirements[i];
        struct str value = r->op == MATCH_IN && r->n_values != 0 ? r->values[0] : STR("x");
        if (r->op == MATCH_IN || r->op == MATCH_EXISTS)
            w->labels[w->n_labels++] = (struct match_label){r->key, value};
    }
}

static struct witness witness_of(struct ask *a, const struct policy_match *m,
                                 struct str namespace) {
    struct witness w = {.group = first_like(a, &m->groups, STR("system:authenticated")),
                        .service_account = first_like(a, &m->service_accounts, STR("default"))};
    w.who = (struct requester_of){.namespace = namespace,
                                  .user = first_like(a, &m->users, STR("policyctl")),
                                  .n_groups = 1};
    add_labels(&w, &m->pod_labels);
    return w;
}

static void put_pod(struct buf *out, const struct witness *w, struct str image) {
    buf_puts(out, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":"
                  "\"policyctl-ask\",\"namespace\":");
    buf_json(out, w->who.namespace);
    buf_puts(out, ",\"labels\":{");
    for (size_t i = 0; i < w->n_labels; i++) {
        buf_puts(out, i != 0 ? "," : "");
        buf_json(out, w->labels[i].key);
        buf_putc(out, ':');
        buf_json(out, w->labels[i].value);
    }
    buf_puts(out, "}},\"spec\":{\"serviceAccountName\":");
    buf_json(out, w->service_account);
    buf_puts(out, ",\"containers\":[{\"name\":\"main\",\"image\":");
    buf_json(out, image);
    buf_puts(out, "}]}}");
}

static enum ec keep_derived(struct ask *a, const struct witness *w, struct str image,
                            struct err *err) {
    struct requester_of who = w->who;
    struct buf body = BUF_INIT(ASK_BODY_MAX), name = BUF_INIT(64 << 10);
    who.groups = &w->group;
    put_head(&body, &who);
    put_pod(&body, w, image);
    buf_puts(&body, "}}\n");
    buf_printf(&name, "%.*s in namespace %.*s", STR_ARG(image), STR_ARG(w->who.namespace));
    enum ec ec = body.bad || name.bad ? err_no_memory(err)
                                      : keep_question(a, buf_view(&name), buf_view(&body), err);
    buf_done(&body);
    buf_done(&name);
    return ec;
}

/* What a question is to show of a rule. */
typedef bool wanted_fn(const struct decision *d);

static bool is_rewritten(const struct decision *d) {
    return d->verdict != VERDICT_DENY && d->n_images == 1 &&
           !str_eq(d->images[0].before, d->images[0].after);
}

static bool is_refused(const struct decision *d) {
    for (size_t i = 0; i < d->n_reasons; i++)
        if (d->verdict == VERDICT_DENY && d->reasons[i].code == REASON_NOT_APPROVED)
            return true;
    return false;
}

struct search {
    struct ask *ask;
    const struct policy_rule *rule; /* NULL: any */
    wanted_fn *wanted;
    bool found;
};

/* Keeps the question when its answer shows what is wanted. */
static enum ec try_image(struct search *s, const struct witness *w, struct str image,
                         struct err *err) {
    struct ask *a = s->ask;
    struct buf reply = BUF_INIT(ASK_BODY_MAX);
    if (keep_derived(a, w, image, err) != EC_OK)
        return err->code;
    if (ask_engine(a, &a->questions[a->n_questions - 1], 0, &reply, err) == EC_OK)
        s->found = a->session.decision.rule == s->rule && s->wanted(&a->session.decision);
    a->n_questions -= !s->found;
    buf_done(&reply);
    return err->code;
}

static enum ec try_rewritten(struct search *s, const struct witness *w, struct err *err) {
    const struct policy_rule *rule = s->rule;
    if (try_image(s, w, STR("busybox:1"), err) != EC_OK)
        return err->code;
    for (size_t i = 0; i < rule->n_mirrors && !s->found; i++) {
        struct buf image = BUF_INIT(4096);
        buf_printf(&image, "%.*s/busybox:1", STR_ARG(rule->mirrors[i].from.text));
        enum ec ec = image.bad ? err_no_memory(err) : try_image(s, w, buf_view(&image), err);
        buf_done(&image);
        if (ec != EC_OK)
            return ec;
    }
    return EC_OK;
}

static enum ec try_refused(struct search *s, const struct witness *w, struct err *err) {
    static const struct str images[] = {STR_INIT("refused.example/busybox:1"),
                                        STR_INIT("policyctl-ask.invalid/refused/busybox:1")};
    for (size_t i = 0; i < sizeof images / sizeof *images && !s->found; i++)
        if (try_image(s, w, images[i], err) != EC_OK)
            return err->code;
    return EC_OK;
}

typedef enum ec try_fn(struct search *s, const struct witness *w, struct err *err);

/* In each namespace that the rule names: an earlier rule may select the pod in the first. */
static enum ec try_rule(struct search *s, try_fn *try, struct err *err) {
    const struct policy_match *m = &s->rule->match;
    size_t n = m->namespaces.n != 0 ? m->namespaces.n : 1;
    for (size_t i = 0; i < n && !s->found; i++) {
        struct str glob = m->namespaces.n != 0 ? m->namespaces.v[i] : STR_NONE;
        struct witness w = witness_of(s->ask, m, name_like(s->ask, glob, STR("default")));
        if (s->ask->arena.bad)
            return arena_fail(&s->ask->arena, err);
        if (try(s, &w, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

static enum ec derive(struct ask *a, wanted_fn *wanted, try_fn *try, const char *missing,
                      struct err *err) {
    struct search s = {.ask = a, .wanted = wanted};
    for (size_t i = 0; i < a->policy->n_rules && !s.found; i++) {
        s.rule = &a->policy->rules[i];
        if (try_rule(&s, try, err) != EC_OK)
            return err->code;
    }
    if (!s.found)
        buf_puts(&a->missing, missing);
    return a->missing.bad ? err_no_memory(err) : EC_OK;
}

enum ec ask_derive(struct ask *a, struct err *err) {
    static const struct policy_match any = {.namespaces = {.n = 0}};
    if (derive(a, is_rewritten, try_rewritten,
               "not asked  an image that is rewritten: no rule has one\n", err) != EC_OK ||
        derive(a, is_refused, try_refused,
               "not asked  an image that is refused: no rule refuses one of another host\n",
               err) != EC_OK)
        return err->code;
    if (a->n_questions != 0)
        return EC_OK;
    const struct witness w = witness_of(a, &any, STR("default"));
    return keep_derived(a, &w, STR("refused.example/busybox:1"), err);
}

/* ---- pods that are given ------------------------------------------------------------------ */

static enum ec put_review(struct ask *a, struct buf *out, const struct object *o,
                          struct err *err) {
    struct str groups[OPT_LIST_MAX];
    struct requester_of who = {.namespace = o->workload->namespace,
                               .user = str_of(a->user != NULL ? a->user : "policyctl"),
                               .groups = groups,
                               .n_groups = a->groups->n};
    for (size_t i = 0; i < a->groups->n; i++)
        groups[i] = str_of(a->groups->v[i]);
    if (o->is_review) {
        json_print(o->doc->json, 0, out);
        return EC_OK;
    }
    if (o->workload->shape != SHAPE_POD) {
        err_locate(err, o->file, o->line, 1);
        return err_set(err, EC_SCHEMA, "found a %.*s, expected a Pod or an AdmissionReview",
                       STR_ARG(str_slice(o->workload->kind, 0, 100)));
    }
    put_head(out, &who);
    json_print(o->doc->json, o->object, out);
    buf_puts(out, "}}\n");
    return EC_OK;
}

static enum ec take_object(void *arg, const struct object *o, struct err *err) {
    struct ask *a = arg;
    struct buf body = BUF_INIT(ASK_BODY_MAX), name = BUF_INIT(64 << 10);
    struct str own = object_name(o);
    buf_printf(&name, "%s:%u: %.*s", o->file, o->line, STR_ARG(own.n ? own : STR("(no name)")));
    if (put_review(a, &body, o, err) == EC_OK)
        (void)!(body.bad || name.bad ? err_set(err, body.bad ? (enum ec)body.bad : EC_NOMEM,
                                               "no room for a question")
                                     : keep_question(a, buf_view(&name), buf_view(&body), err));
    buf_done(&body);
    buf_done(&name);
    return err->code;
}

static void take_fault(void *arg, const struct object_fault *f) {
    struct ask *a = arg;
    a->n_faults++;
    object_report_fault(NULL, f);
}

static enum ec load_input(struct ask *a, const struct object_input *in, struct err *err) {
    const struct object_request request = {
        .namespace = a->namespace, .groups = a->groups, .undecided = true};
    const struct object_sink sink = {
        .object = take_object, .fault = take_fault, .note = object_report_note, .arg = a};
    struct object_totals totals = {.objects = 0};
    struct object_judge judge;
    if (in->os != 0)
        return object_inputs_fail(in, err);
    object_judge_init(&judge, a->policy, &request);
    enum ec ec = object_read_file(&judge, in->path, in->found, &sink, &totals, err);
    object_judge_done(&judge);
    return ec;
}

enum ec ask_load(struct ask *a, const struct opt_result *args, struct err *err) {
    const struct object_inputs_filter filter = {.wanted = object_inputs_is_manifest,
                                                .ignore_files = true};
    struct object_inputs in = {.v = NULL};
    if (object_inputs_find(&in, args->operands, args->n_operands, &filter, err) == EC_OK)
        for (size_t i = 0; i < in.n && err->code == EC_OK; i++)
            (void)!load_input(a, &in.v[i], err);
    object_inputs_done(&in);
    if (err->code == EC_OK && a->n_questions == 0)
        err_set(err, EC_USAGE, "no pods to ask about");
    return err->code;
}
