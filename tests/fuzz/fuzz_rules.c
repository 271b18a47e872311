/* Any bytes are a policy that can be used, or an error that says where. */
#include "rules/rules.h"

#include "engine/engine.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text) {
    assert(*text != '\0');
    for (const char *p = text; *p != '\0'; p++)
        assert((unsigned char)*p >= 0x20 && *p != 0x7f);
}

static void check_warning(void *arg, enum rules_lint lint, const char *file,
                          struct policy_pos pos, const char *text) {
    assert((unsigned)lint < N_RULES_LINTS);
    struct policy_pos *last = arg;
    assert(str_eq(str_of(file), STR("fuzz.yaml")) && pos.line >= last->line && pos.file == 0);
    *last = pos;
    check_text(text);
}

/* Once rewritten, always rewritten: what the loader promises of a rule. */
static void check_fixed_point(const struct policy_rule *rule, struct str image) {
    struct arena arena = ARENA_INIT(4096, 1 << 20);
    struct err err = ERR_INIT;
    struct str once, twice;
    if (engine_rewrite(&once, rule, image, &arena, &err) == EC_OK &&
        engine_rewrite(&twice, rule, once, &arena, &err) == EC_OK)
        assert(str_eq(once, twice));
    arena_done(&arena);
}

static void check_below(const struct policy_rule *rule, const struct policy_prefix *place) {
    static const char *const below[] = {"", "/a:1", "/a/b", "/library/a"};
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        struct buf image = BUF_INIT(1 << 16);
        buf_str(&image, place->text);
        buf_puts(&image, below[i]);
        check_fixed_point(rule, buf_view(&image));
        buf_done(&image);
    }
}

static void check_rule(const struct policy_rule *rule) {
    assert(rule->name.n != 0 && rule->pos.line != 0);
    check_fixed_point(rule, STR("busybox"));
    check_fixed_point(rule, STR("a/b@sha256:0123456789abcdef0123456789abcdef"
                                "0123456789abcdef0123456789abcdef"));
    check_fixed_point(rule, STR("registry-1.docker.io/library/a"));
    check_below(rule, &rule->registry);
    for (size_t i = 0; i < rule->n_mirrors && i < 50; i++) {
        const struct policy_mirror *m = &rule->mirrors[i];
        assert(i == 0 || m->from.path.n <= rule->mirrors[i - 1].from.path.n);
        assert(str_eq(m->from.host, engine_fold_host(m->from.host)));
        check_below(rule, &m->from);
        check_below(rule, &m->to);
    }
    for (size_t i = 0; i < rule->n_secrets; i++)
        assert(rule->secrets[i].name.n != 0 &&
               rule->secrets[i].always == (rule->secrets[i].prefix.text.n == 0));
}

static void check_policy(const struct policy *p) {
    for (size_t i = 0; i < p->n_rules && i < 50; i++)
        check_rule(&p->rules[i]);
    for (size_t i = 0; i < p->n_exemptions; i++)
        assert(p->exemptions[i].images.n != 0 && p->exemptions[i].reason.n != 0 &&
               p->exemptions[i].owner.n != 0 && p->exemptions[i].pos.line != 0);
    for (size_t i = 0; i < p->n_owned; i++)
        assert(p->owned[i] != NULL);
}

/* Unlike the loader's warnings these come rule by rule. */
static void check_finding(void *arg, enum rules_lint lint, const char *file,
                          struct policy_pos pos, const char *text) {
    (void)arg;
    assert((unsigned)lint < N_RULES_LINTS && pos.line != 0);
    assert(str_eq(str_of(file), STR("fuzz.yaml")));
    check_text(text);
}

static void check_file(struct str text) {
    const struct rules_examine_options closer = {
        .warn = check_finding, .now_s = 1795000000, .soon_s = 30 * 86400};
    struct policy_pos last = {0};
    struct rules_options options = {.warn = check_warning, .arg = &last, .now_s = 1795000000};
    struct err err = ERR_INIT;
    struct policy *p = NULL;
    enum ec ec = rules_parse(&p, text, "fuzz.yaml", &options, &err);
    if (ec == EC_OK) {
        check_policy(p);
        rules_examine(p, &closer);
        engine_policy_free(p);
        return;
    }
    assert(p == NULL && err.code == ec);
    assert(ec == EC_SYNTAX || ec == EC_SCHEMA || ec == EC_LIMIT);
    assert(str_eq(str_of(err.where), STR("fuzz.yaml")));
    assert(ec == EC_LIMIT || err.line != 0);
    check_text(err.msg);
}

static void check_spec(struct str text, bool is_regex) {
    struct buf file = BUF_INIT(64 << 20);
    buf_puts(&file, "apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n");
    if (is_regex) {
        buf_puts(&file, "  approved: [{regex: ");
        buf_json(&file, text);
        buf_puts(&file, "}]\n");
    } else {
        buf_str(&file, text);
    }
    if (!file.bad)
        check_file(buf_view(&file));
    buf_done(&file);
}

/* The bytes are a file; and, so that not all of them fail at its first line, a spec; and a regex
 * of one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct str text = {(const char *)data, size};
    check_file(text);
    check_spec(text, false);
    check_spec(text, true);
    return 0;
}
