#include "policyctl/bench.h"

#include "imgref/imgref.h"
#include "review/review.h"
#include "rules/slow_name.h"

#include <stdio.h>
#include <time.h>

/* The default of --max-body. */
enum { BODY_MAX = 32 << 20, NAMES_MAX = 100000, REPLY_MAX = 1 << 30, ROOM = 1024 };
enum { REGEXES_MAX = 5, TEXT_MAX = 320 };

/* ---- a review ------------------------------------------------------------------------ */

struct making {
    const struct policy *policy;
    const struct policy_rule *rule; /* that should select the object */
    int64_t now_s;
    unsigned flags;
    struct review_session session;
    struct buf body, reply;
    struct bench_worst *out;
    struct err *err;
};

/* A name that the first of the globs matches. */
static void put_matching_name(struct buf *b, const struct policy_names *globs,
                              const char *otherwise) {
    struct str glob = globs->n ? globs->v[0] : str_of(otherwise);
    for (size_t i = 0; i < glob.n; i++)
        if (glob.p[i] != '*')
            buf_putc(b, glob.p[i]);
    if (glob.n == 1 && glob.p[0] == '*')
        buf_puts(b, otherwise);
}

static void put_labels(struct buf *b, const struct match_selector *s) {
    const char *comma = "";
    for (size_t i = 0; i < s->n_requirements; i++) {
        const struct match_requirement *r = &s->requirements[i];
        if (r->op != MATCH_IN && r->op != MATCH_EXISTS)
            continue;
        buf_puts(b, comma);
        buf_json(b, r->key);
        buf_putc(b, ':');
        buf_json(b, r->n_values ? r->values[0] : STR_NONE);
        comma = ",";
    }
}

enum more { MORE_NOTHING, MORE_GROUPS, MORE_LABELS, MORE_USER };

static void put_review_head(struct making *m, enum more more) {
    struct buf *b = &m->body;
    const struct policy_match *match = &m->rule->match;
    buf_reset(b);
    buf_puts(
        b, "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
           "\"uid\":\"worst\",\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
           "\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
           "\"operation\":\"CREATE\",\"namespace\":\"");
    put_matching_name(b, &match->namespaces, "default");
    buf_puts(b, "\",\"userInfo\":{\"username\":\"");
    put_matching_name(b, &match->users, "user");
    for (size_t i = 0; more == MORE_USER && i < BODY_MAX / 2; i++)
        buf_putc(b, 'a');
    buf_puts(b, "\",\"groups\":[");
    for (size_t i = 0; more == MORE_GROUPS && b->n < BODY_MAX - ROOM; i++)
        buf_printf(b, "\"group-%zu\",", i);
    buf_putc(b, '"');
    put_matching_name(b, &match->groups, "group");
    buf_puts(b,
             "\"]},\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
             "\"worst\",\"labels\":{");
    put_labels(b, &match->pod_labels);
    bool comma = b->p != NULL && b->p[b->n - 1] != '{';
    for (size_t i = 0; more == MORE_LABELS && b->n < BODY_MAX - ROOM; i++, comma = true)
        buf_printf(b, "%s\"label-%zu\":\"\"", comma ? "," : "", i);
    buf_puts(b, "}},\"spec\":{\"serviceAccountName\":\"");
    put_matching_name(b, &match->service_accounts, "default");
    buf_puts(b, "\",\"containers\":[");
}

static bool has_limit(const struct decision *d) {
    for (size_t i = 0; i < d->n_reasons; i++)
        if (d->reasons[i].code == REASON_PATTERN_LIMIT)
            return true;
    return false;
}

/* Ends the review, has it answered, and keeps the cost. */
static void measure_review(struct making *m, const char *what, size_t n_images,
                           const struct policy_pattern *regex) {
    struct bench_worst_row *row = &m->out->rows[m->out->n_rows];
    if (m->err->code != EC_OK || m->out->n_rows == BENCH_WORST_ROWS_MAX)
        return;
    buf_puts(&m->body, "]}}}}");
    size_t n = m->body.n;
    char *padding = buf_room(&m->body, JSON_PADDING);
    if (padding == NULL) {
        err_set(m->err, EC_NOMEM, "out of memory");
        return;
    }
    memset(padding, 0, JSON_PADDING);
    buf_reset(&m->reply);
    clock_t start = clock();
    if (review_answer(&m->session, m->policy, m->now_s, m->flags, m->body.p, n, &m->reply,
                      m->err) != EC_OK)
        return;
    clock_t end = clock();
    const struct decision *d = &m->session.decision;
    *row =
        (struct bench_worst_row){.regex = regex,
                                 .n_images = n_images,
                                 .n_bytes = n,
                                 .steps = d->n_steps,
                                 .is_limited = has_limit(d),
                                 .verdict = engine_verdict_name(d->verdict),
                                 .ns = (int64_t)(end - start) * (1000000000 / CLOCKS_PER_SEC)};
    snprintf(row->what, sizeof row->what, "%s", what);
    m->out->n_rows++;
}

static size_t put_costly_images(struct making *m, struct str name, const char *between,
                                size_t max) {
    size_t i = 0;
    for (; i < max && m->body.n < BODY_MAX - ROOM; i++)
        buf_printf(&m->body, "%s{\"image\":\"%.*s%s%zu\"}", i ? "," : "", STR_ARG(name),
                   between, i);
    return i;
}

/* ---- all of them --------------------------------------------------------------------- */

static size_t size_of(const struct policy_rule *r) {
    return r->approved.n + 3 * r->denied.n + r->n_mirrors + r->n_secrets;
}

static const struct policy_rule *largest_rule(const struct policy *p) {
    const struct policy_rule *largest = &p->rules[0];
    for (size_t i = 1; i < p->n_rules; i++)
        if (size_of(&p->rules[i]) > size_of(largest))
            largest = &p->rules[i];
    return largest;
}

struct costly {
    const struct policy_pattern *pattern;
    struct rules_slow_name name;
};

struct regexes {
    struct costly v[REGEXES_MAX]; /* the costliest first */
    const struct policy_rule *rules[REGEXES_MAX];
    size_t n;
};

static void rank(struct regexes *all, const struct policy_rule *rule,
                 const struct policy_pattern *pattern) {
    struct costly one = {.pattern = pattern};
    if (!match_image_is_regex(pattern->image))
        return;
    rules_slow_name_find(&one.name, pattern->image);
    size_t at = all->n < REGEXES_MAX ? all->n++ : REGEXES_MAX;
    for (; at > 0 && all->v[at - 1].name.steps < one.name.steps; at--)
        if (at < REGEXES_MAX) {
            all->v[at] = all->v[at - 1];
            all->rules[at] = all->rules[at - 1];
        }
    if (at == REGEXES_MAX)
        return;
    all->v[at] = one;
    all->rules[at] = rule;
}

static void rank_all(struct regexes *all, const struct policy_rule *rule,
                     const struct policy_patterns *patterns) {
    for (size_t i = 0; i < patterns->n; i++)
        rank(all, rule, &patterns->v[i]);
}

static void measure_regexes(struct making *m) {
    struct regexes all = {.n = 0};
    const struct policy *p = m->policy;
    for (size_t i = 0; i < p->n_rules; i++) {
        rank_all(&all, &p->rules[i], &p->rules[i].denied);
        rank_all(&all, &p->rules[i], &p->rules[i].approved);
    }
    for (size_t i = 0; i < p->n_exemptions; i++)
        rank_all(&all, &p->rules[0], &p->exemptions[i].images);
    for (size_t i = 0; i < all.n && all.v[i].name.steps != 0; i++) {
        m->rule = all.rules[i];
        put_review_head(m, MORE_NOTHING);
        size_t n = put_costly_images(m, str_of(all.v[i].name.text), ":", NAMES_MAX);
        measure_review(m, "regex", n, all.v[i].pattern);
    }
}

/* As many as fit into the memory of a request: a review that is refused unread costs less. */
static void measure_many(struct making *m, const char *what, struct str name,
                         const char *between, size_t max) {
    for (size_t n = SIZE_MAX; m->err->code == EC_OK; n /= 2, m->out->n_rows--) {
        put_review_head(m, MORE_NOTHING);
        n = put_costly_images(m, name, between, n < max ? n : max);
        measure_review(m, what, n, NULL);
        const struct decision *d = &m->session.decision;
        if (d->n_reasons == 0 || d->reasons[0].code != REASON_MALFORMED)
            return;
    }
}

static void measure_names(struct making *m) {
    char name[TEXT_MAX];
    struct buf b = BUF_OVER(name, sizeof name - 1);
    buf_puts(&b, "quay.io/");
    while (b.n < IMGREF_PATH_MAX)
        buf_puts(&b, "a/");
    buf_puts(&b, "a");
    m->rule = largest_rule(m->policy);
    measure_many(m, "many images", STR("a"), "", SIZE_MAX);
    measure_many(m, "foreign images", STR("x.io/"), "", SIZE_MAX);
    measure_many(m, "one image, many times", STR("x.io/a\",\"name\":\""), "", SIZE_MAX);
    measure_many(m, "long names", buf_view(&b), ":", NAMES_MAX);
}

static void measure_selection(struct making *m) {
    static const char *const whats[] = {[MORE_GROUPS] = "many groups",
                                        [MORE_LABELS] = "many labels",
                                        [MORE_USER] = "long user name"};
    bool matched[] = {false, false, false, false};
    for (size_t i = 0; i < m->policy->n_rules; i++) {
        const struct policy_match *match = &m->policy->rules[i].match;
        matched[MORE_GROUPS] |= match->groups.n != 0;
        matched[MORE_LABELS] |= match->pod_labels.n_requirements != 0;
        matched[MORE_USER] |= match->users.n != 0;
    }
    m->rule = &m->policy->rules[m->policy->n_rules - 1];
    for (enum more more = MORE_GROUPS; more <= MORE_USER; more++) {
        if (!matched[more])
            continue;
        put_review_head(m, more);
        measure_review(m, whats[more], put_costly_images(m, STR("a"), "", 1), NULL);
    }
}

enum ec bench_worst_measure(struct bench_worst *out, const struct policy *policy, int64_t now_s,
                            unsigned engine_flags, struct err *err) {
    struct making m = {.policy = policy,
                       .now_s = now_s,
                       .flags = engine_flags,
                       .body = BUF_INIT(BODY_MAX + ROOM * ROOM),
                       .reply = BUF_INIT(REPLY_MAX),
                       .out = out,
                       .err = err};
    out->n_rows = 0;
    if (policy->n_rules == 0)
        return EC_OK;
    review_session_init(&m.session, REVIEW_LIMITS_DEFAULT);
    measure_names(&m);
    measure_regexes(&m);
    measure_selection(&m);
    review_session_done(&m.session);
    buf_done(&m.body);
    buf_done(&m.reply);
    return err->code;
}
