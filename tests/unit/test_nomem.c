/* Out of memory, from end to end: the 1st, 2nd, 3rd ... allocation fails, alone and with all
 * after it, until the run needs no more. Each time the answer is EC_NOMEM, never another one,
 * and nothing is lost. What libyaml, OpenSSL and the C library take for themselves does not
 * come from base/mem.h and is not made to fail. */
#include "mem_fault.h"
#include "test.h"

#include "audit/audit.h"
#include "base/file.h"
#include "certs/certs.h"
#include "match/match.h"
#include "review/review.h"
#include "rules/rules.h"
#include "yaml/yaml.h"
#include "json/json.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX = 16 << 20, RUNS_MAX = 20000 };
static const int64_t now_s = 1800000000;

/* One run, from nothing to nothing. It compares what came out where the answer is EC_OK. */
typedef enum ec attempt(void *arg, struct err *err);

struct trial {
    const char *name;
    attempt *run;
    void *arg;
    enum ec expected; /* without a fault */
};

static void judge(const struct trial *t, size_t n, enum mem_fault_mode mode, bool hit,
                  enum ec ec, const struct err *err) {
    if (ec == (hit ? EC_NOMEM : t->expected))
        return;
    /* What is refused anyway may be so before memory is missed. */
    if (ec == t->expected && ec != EC_OK)
        return;
    fail_row("%s, allocation %zu %s: found %s (%s), expected %s", t->name, n,
             mode == MEM_FAULT_ON ? "and all behind it" : "alone", ec_name(ec), err->msg,
             ec_name(hit ? EC_NOMEM : t->expected));
}

/* The number of allocations that were made to fail. */
static size_t assert_survives_nomem(const struct trial *t, enum mem_fault_mode mode) {
    for (size_t n = 1; n < RUNS_MAX; n++) {
        struct err err = ERR_INIT;
        size_t live = mem_fault_live();
        mem_fault_arm(n, mode);
        enum ec ec = t->run(t->arg, &err);
        bool hit = mem_fault_disarm();
        judge(t, n, mode, hit, ec, &err);
        if (mem_fault_live() != live)
            fail_row("%s, allocation %zu: %zu blocks lost", t->name, n,
                     mem_fault_live() - live);
        if (!hit)
            return n - 1;
    }
    fail_row("%s: no end after %d runs", t->name, RUNS_MAX);
    return 0;
}

static void try_trial(struct trial t) {
    for (int mode = MEM_FAULT_ONCE; mode <= MEM_FAULT_ON; mode++)
        if (assert_survives_nomem(&t, (enum mem_fault_mode)mode) == 0)
            fail_row("%s allocates nothing: this test tests nothing", t.name);
}

static void try(const char *name, attempt *run, void *arg, enum ec expected) {
    try_trial((struct trial){.name = name, .run = run, .arg = arg, .expected = expected});
}

/* ---- files --------------------------------------------------------------------------- */

static struct buf read_test_file(const char *path) {
    struct buf b = BUF_INIT(FILE_MAX);
    struct err err = ERR_INIT;
    assert_ok(file_read(&b, path, FILE_MAX, &err), &err);
    return b;
}

/* Calls f with every file of the folder, in the order of their names. */
static void each_file(const char *folder, const char *ending,
                      void (*f)(const char *path, struct str text)) {
    struct dirent **entries;
    int found = 0, n = scandir(folder, &entries, NULL, alphasort);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        if (str_ends(str_of(entries[i]->d_name), str_of(ending))) {
            char path[1024];
            snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
            struct buf b = read_test_file(path);
            f(path, buf_view(&b));
            buf_done(&b);
            found++;
        }
        free(entries[i]);
    }
    free(entries);
    assert_true(found > 0);
}

static struct policy *load(const char *path) {
    struct policy *p = NULL;
    struct err err = ERR_INIT;
    struct rules_options options = {.warn = NULL};
    assert_ok(rules_load(&p, path, &options, &err), &err);
    return p;
}

/* ---- reviews ------------------------------------------------------------------------- */

struct review_case {
    const struct policy *policy;
    struct str body;
    unsigned flags;
    struct str expected; /* the reply when nothing fails; empty: not known yet */
};

static enum ec answer(void *arg, struct err *err) {
    struct review_case *c = arg;
    struct review_session s;
    struct buf reply = BUF_INIT(FILE_MAX), line = BUF_INIT(FILE_MAX);
    char *body = malloc(c->body.n + JSON_PADDING); /* the server's, not ours */
    assert_non_null(body);
    memcpy(body, c->body.p, c->body.n);
    memset(body + c->body.n, 0, JSON_PADDING);
    review_session_init(&s, REVIEW_LIMITS_DEFAULT);
    enum ec ec = review_answer(&s, c->policy, now_s, c->flags, body, c->body.n, &reply, err);
    if (ec == EC_OK && c->expected.n != 0)
        assert_str(buf_view(&reply), c->expected);
    else if (ec == EC_OK)
        c->expected = (struct str){memcpy(malloc(reply.n), reply.p, reply.n), reply.n};
    if (ec == EC_OK) {
        const struct audit_entry entry = {.uid = s.review.uid,
                                          .workload = &s.review.workload,
                                          .decision = &s.decision,
                                          .policy = c->policy};
        audit_line(&line, &entry, AUDIT_LINE_DEFAULT);
        if (line.bad)
            ec = err_set(err, (enum ec)line.bad, "no audit line");
    }
    buf_done(&reply);
    buf_done(&line);
    review_session_done(&s);
    free(body);
    return ec;
}

static const struct policy *review_policy;

static void review_survives(const char *path, struct str text) {
    for (unsigned flags = 0; flags <= ENGINE_VALIDATE; flags++) {
        struct err err = ERR_INIT;
        struct review_case c = {.policy = review_policy, .body = text, .flags = flags};
        enum ec ec = answer(&c, &err); /* learns the reply */
        try(path, answer, &c, ec);
        free((void *)(uintptr_t)c.expected.p);
    }
}

static void reviews_are_answered_or_not(void **state) {
    (void)state;
    static const char *const policies[] = {"airbyte", "allow-list", "astronomer", "audit-only"};
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        char path[1024];
        snprintf(path, sizeof path, TESTS_DIR "/../policies/examples/%s.yaml", policies[i]);
        struct policy *policy = load(path);
        review_policy = policy;
        each_file(TESTS_DIR "/fuzz/corpus/review", ".json", review_survives);
        engine_policy_free(policy);
    }
}

/* ---- rules --------------------------------------------------------------------------- */

static void hear_warning(void *arg, enum rules_lint lint, const char *file,
                         struct policy_pos pos, const char *text) {
    (void)arg, (void)lint, (void)file, (void)pos;
    assert_true(*text != '\0');
}

static enum ec parse_rules(void *arg, struct err *err) {
    const struct str *text = arg;
    struct policy *policy = NULL;
    struct rules_options options = {.warn = hear_warning, .now_s = now_s};
    enum ec ec = rules_parse(&policy, *text, "rules.yaml", &options, err);
    if ((policy != NULL) != (ec == EC_OK))
        fail_row("rules_parse: %s, and %s policy", ec_name(ec), policy ? "a" : "no");
    engine_policy_free(policy);
    return ec;
}

static void rules_survive(const char *path, struct str text) {
    try(path, parse_rules, &text, EC_OK);
}

#define HEAD "apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: x}\nspec:\n"

static void rules_load_or_do_not(void **state) {
    (void)state;
    static const char everything[] = HEAD
        "  registry: ghcr.io/acme-data\n"
        "  mirrors: {docker.io: harbor.corp/hub, quay.io/astronomer: harbor.corp/astronomer}\n"
        "  approved: [harbor.corp/**, {regex: 'localhost(:[0-9]+)?/.*'}]\n"
        "  denied: ['docker.io/**/evil*']\n"
        "  imagePullSecrets: [regcred, {name: harbor-cred, for: harbor.corp}]\n"
        "  require: {digest: true, tag: explicit}\n"
        "  rules:\n"
        "    - name: a\n"
        "      match: {namespaces: ['a-*'], users: [u], serviceAccounts: [s],\n"
        "              podLabels: {matchExpressions: [{key: k, operator: In, values: [v]}]}}\n"
        "  exemptions:\n"
        "    - {images: ['ghcr.io/x/**'], reason: r, owner: o, until: 2027-01-31}\n";
    each_file(TESTS_DIR "/../policies/examples", ".yaml", rules_survive);
    rules_survive("everything", str_of(everything));
}

static void bad_rules_stay_bad(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum ec ec;
    } rows[] = {{HEAD "  registri: ghcr.io/acme\n", EC_SCHEMA},
                {HEAD "  registry: ghcr.io/Acme\n", EC_SCHEMA},
                {HEAD "  registry: [\n", EC_SYNTAX},
                {HEAD "  approved: [{regex: '('}]\n", EC_SYNTAX},
                {HEAD "  registry: a.example/x\n  registry: b.example/x\n", EC_SCHEMA},
                {"", EC_SCHEMA}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str text = str_of(rows[i].text);
        try(rows[i].text, parse_rules, &text, rows[i].ec);
    }
}

static enum ec load_folder(void *arg, struct err *err) {
    struct policy *policy = NULL;
    struct rules_options options = {.warn = NULL};
    enum ec ec = rules_load(&policy, arg, &options, err);
    engine_policy_free(policy);
    return ec;
}

static void a_folder_loads_or_does_not(void **state) {
    (void)state;
    char folder[] = TESTS_DIR "/../policies/examples";
    char missing[] = TESTS_DIR "/no such folder";
    struct err err = ERR_INIT;
    enum ec ec = load_folder(folder, &err);
    assert_int_not_equal(ec, EC_NOMEM);
    try("a folder", load_folder, folder, ec);
    try("no folder", load_folder, missing, EC_IO);
}

/* ---- readers ------------------------------------------------------------------------- */

static enum ec parse_json(void *arg, struct err *err) {
    const struct str *text = arg;
    struct json j = JSON_INIT;
    char *copy = calloc(text->n + JSON_PADDING, 1);
    assert_non_null(copy);
    if (text->n != 0)
        memcpy(copy, text->p, text->n);
    enum ec ec = json_parse(&j, copy, text->n, JSON_LIMITS_DEFAULT, err);
    json_done(&j);
    free(copy);
    return ec;
}

static void json_survives(const char *path, struct str text) {
    struct err err = ERR_INIT;
    enum ec ec = parse_json(&text, &err);
    if (text.n != 0)
        try(path, parse_json, &text, ec);
}

static void json_parses_or_does_not(void **state) {
    (void)state;
    each_file(TESTS_DIR "/fuzz/corpus/json", ".json", json_survives);
}

/* The documents as they come; stops at the first error. */
static enum ec read_yaml(void *arg, struct err *err) {
    const struct str *text = arg;
    struct yaml *y = NULL;
    struct yaml_doc *doc = NULL;
    enum ec ec = yaml_open(&y, *text, YAML_LIMITS_DEFAULT, err);
    do {
        if (ec == EC_OK)
            ec = yaml_next(y, &doc, err);
    } while (ec == EC_OK && doc != NULL);
    yaml_close(y);
    return ec;
}

static void yaml_survives(const char *path, struct str text) {
    struct err err = ERR_INIT;
    try(path, read_yaml, &text, read_yaml(&text, &err));
}

static void yaml_reads_or_does_not(void **state) {
    (void)state;
    struct str anchors =
        STR("a: &a {x: [1, 2], y: 'z'}\nb: *a\nc: {<<: *a, y: 1}\n---\n- 0x1f\n");
    struct str merges =
        STR("a: &a {x: 1, r: &r {p: 2}}\nb: {x: 3, <<: [*a, &m {<<: *a, x: 4}]}\n"
            "c: {<<: *m, r: *r}\n");
    struct str quotes = STR("a: \"it\\'s\"\nb: [\"\\'\"]\n");
    struct str json = STR("{\"a\":[1,2,{\"b\":\"\\u00e9\"}]}{\"c\":null}");
    each_file(TESTS_DIR "/data/pods", ".yaml", yaml_survives);
    yaml_survives("anchors", anchors);
    yaml_survives("merges", merges);
    yaml_survives("quotes", quotes);
    yaml_survives("JSON", json);
}

/* ---- patterns ------------------------------------------------------------------------ */

struct pattern_case {
    struct str pattern;
    bool regex;
};

static enum ec compile(void *arg, struct err *err) {
    const struct pattern_case *c = arg;
    const struct match_target target = {
        .host = STR("harbor.corp"), .repository = STR("a/b"), .whole = STR("harbor.corp/a/b")};
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    struct match_image *m = NULL;
    enum ec ec = c->regex ? match_image_compile_regex(&m, c->pattern, err)
                          : match_image_compile(&m, c->pattern, err);
    assert_true((m != NULL) == (ec == EC_OK));
    if (m != NULL && match_image(m, &target, &meter) == MATCH_GAVE_UP)
        ec = EC_NOMEM; /* the interpreter's own memory: counted against the image */
    match_image_free(m);
    return ec;
}

static void patterns_compile_or_do_not(void **state) {
    (void)state;
    struct pattern_case rows[] = {{STR("harbor.corp"), false},
                                  {STR("harbor.corp/a"), false},
                                  {STR("harbor.corp/**/b*"), false},
                                  {STR("**"), false},
                                  {STR("harbor\\.corp/(a|b)+/.*"), true},
                                  {STR("(?:x{1,200}y?){1,20}|harbor.corp/.*"), true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        try(rows[i].pattern.p, compile, &rows[i], EC_OK);
}

/* ---- audit lines and certificates ---------------------------------------------------- */

/* A line that finds no memory is counted, and the next one is written. */
static enum ec write_audit(void *arg, struct err *err) {
    struct audit *a = NULL;
    struct audit_stats last;
    enum ec ec = audit_open(&a, *(int *)arg, 1 << 16, AUDIT_BLOCK, err);
    unsigned lost = 0;
    if (ec != EC_OK)
        return ec;
    for (int i = 0; i < 3; i++)
        lost += !audit_write(a, STR("{\"a\":\"line\"}\n"), 0);
    audit_close(a, 10000, &last);
    if (last.written + last.dropped != 3 || last.failed != 0 || lost != last.unrecorded)
        fail_row("audit: %d written, %d dropped, %d failed", (int)last.written,
                 (int)last.dropped, (int)last.failed);
    return last.dropped != 0 ? EC_NOMEM : EC_OK;
}

static void audit_lines_are_written_or_counted(void **state) {
    (void)state;
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    try("audit", write_audit, &fd, EC_OK);
    close(fd);
}

static enum ec make_certs(void *arg, struct err *err) {
    (void)arg;
    struct certs_files files = CERTS_FILES_INIT;
    const struct str dns[] = {STR("pullgate.example"), STR("10.0.0.1")};
    const struct certs_request request = {.key = CERTS_KEY_P256,
                                          .service = STR("pullgate"),
                                          .namespace = STR("pullgate"),
                                          .dns = dns,
                                          .n_dns = 2,
                                          .now_s = now_s,
                                          .days = 90,
                                          .ca_days = 900};
    enum ec ec = certs_make(&files, &request, err);
    certs_files_done(&files);
    return ec;
}

static void certificates_are_made_or_not(void **state) {
    (void)state;
    try("certs_make", make_certs, NULL, EC_OK);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reviews_are_answered_or_not),
    cmocka_unit_test(rules_load_or_do_not),
    cmocka_unit_test(bad_rules_stay_bad),
    cmocka_unit_test(a_folder_loads_or_does_not),
    cmocka_unit_test(json_parses_or_does_not),
    cmocka_unit_test(yaml_reads_or_does_not),
    cmocka_unit_test(patterns_compile_or_do_not),
    cmocka_unit_test(audit_lines_are_written_or_counted),
    cmocka_unit_test(certificates_are_made_or_not),
};
TEST_MAIN(tests)
