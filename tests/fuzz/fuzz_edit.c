/* apply: any bytes as manifests. They come out as the webhook would leave them, or are refused with
 * a reason; what came out is left alone by another turn.
 * Input   byte 0  bit 0: pod templates are rewritten too; bit 1: the rules set a pull policy
 *         then    the text                                                                   */
#include "edit/apply.h"
#include "rules/rules.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { OUT_MAX = 64 << 20 };

static const char rule_text[] =
    "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n"
    "  registry: ghcr.io/acme\n  imagePullSecrets: [regcred, second]\n"
    "  mirrors: {quay.io: ghcr.io/acme/quay}\n"
    "  denied: [ghcr.io/acme/bad]\n  approved: [ghcr.io/other]\n";
static const char pull_policy[] = "  imagePullPolicy: Always\n";

struct turn {
    enum ec ec;
    struct buf out;
    struct err err;
    struct object_totals totals;
};

static void hold(bool property, const char *name, const struct turn *t, struct str text) {
    if (property)
        return;
    fprintf(stderr, "apply does not hold \"%s\" (%d, %s:%u: %s) for\n%.*s\ncame\n%.*s\n", name,
            (int)t->ec, t->err.where, t->err.line, t->err.msg, STR_ARG(text),
            STR_ARG(buf_view(&t->out)));
    abort();
}

static struct policy *load(bool with_pull_policy) {
    const struct rules_options options = {.now_s = 1795000000};
    struct policy *p = NULL;
    struct err err = ERR_INIT;
    struct buf text = BUF_INIT(4096);
    buf_puts(&text, rule_text);
    buf_puts(&text, with_pull_policy ? pull_policy : "");
    if (rules_parse(&p, buf_view(&text), "rules.yaml", &options, &err) != EC_OK)
        abort();
    buf_done(&text);
    return p;
}

/* What a person would read of the text is not looked at. */
static void no_reason(void *arg, const struct object *o, const struct reason *r) {
    (void)arg;
    (void)o;
    (void)r;
}

static void no_unjudged(void *arg, const struct object *o) {
    (void)arg;
    (void)o;
}

static void no_templates(void *arg) {
    (void)arg;
}

static void no_fault(void *arg, const struct object_fault *f) {
    (void)arg;
    (void)f;
}

static void no_note(void *arg, const char *file, uint32_t line, const char *text) {
    (void)arg;
    (void)file;
    (void)line;
    (void)text;
}

static const struct edit_apply_sink quiet = {.reason = no_reason,
                                             .unjudged = no_unjudged,
                                             .templates = no_templates,
                                             .fault = no_fault,
                                             .note = no_note};

static void apply(struct turn *t, const struct policy *policy, bool templates,
                  struct str text) {
    static const struct opt_list no_groups = {.n = 0};
    const struct object_request request = {
        .user = "", .groups = &no_groups, .now_s = 1795000000};
    struct edit_apply a;
    *t = (struct turn){.out = BUF_INIT(OUT_MAX), .err = ERR_INIT};
    edit_apply_init(&a, policy, &request, &quiet);
    a.templates = templates;
    t->ec = edit_apply_text(&a, "fuzz.yaml", text, &t->out, &t->err);
    t->totals = a.totals;
    edit_apply_done(&a);
}

/* The results of a ResourceList are added to each time. */
static bool is_function_input(struct str text) {
    return text.n != 0 && memmem(text.p, text.n, "ResourceList", 12) != NULL;
}

static void check_again(const struct policy *policy, bool templates, const struct turn *first) {
    struct str text = buf_view(&first->out);
    struct turn t;
    apply(&t, policy, templates, text);
    hold(t.ec == EC_OK && t.totals.unreadable == 0, "what came out is read", &t, text);
    hold(t.totals.objects == first->totals.objects, "as many objects", &t, text);
    hold(t.totals.denied_objects == first->totals.denied_objects, "as many denied", &t, text);
    hold(is_function_input(text) || str_eq(buf_view(&t.out), text), "all is done at once", &t,
         text);
    buf_done(&t.out);
}

static bool says_where(const struct err *err) {
    return str_starts(str_of(err->where[0] ? err->where : err->msg), STR("fuzz.yaml"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static struct policy *policies[2];
    if (policies[0] == NULL) {
        policies[0] = load(false);
        policies[1] = load(true);
    }
    if (n == 0)
        return 0;
    struct str text = {(const char *)data + 1, n - 1};
    const struct policy *policy = policies[data[0] >> 1 & 1];
    bool templates = data[0] & 1;
    struct turn t;
    apply(&t, policy, templates, text);
    hold(t.ec == EC_OK || t.ec == EC_SCHEMA || t.ec == EC_LIMIT, "errors of the text", &t,
         text);
    hold(t.ec == EC_OK || says_where(&t.err), "an error says where", &t, text);
    if (t.ec == EC_OK && t.totals.unreadable == 0)
        check_again(policy, templates, &t);
    buf_done(&t.out);
    return 0;
}
