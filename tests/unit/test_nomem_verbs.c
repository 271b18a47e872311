/* Out of memory in policyctl's verbs: the 1st, 2nd, 3rd ... allocation fails, alone and with all
 * after it. Each time the exit status is 2 and standard error says that there was no memory, or
 * all is as it would have been; nothing is lost, and no file is half written. */
#include "mem_fault.h"
#include "test.h"

#include "base/file.h"
#include "policyctl/options.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUT_MAX = 16 << 20, RUNS_MAX = 20000, WORDS_MAX = 16, FILES_MAX = 8 };

struct command {
    const char *words[WORDS_MAX]; /* from the verb's name on */
    bool
        loose; /* leaves out what needs memory alone (a position, a suggestion), or tells times */
};

/* In place of those of main.c, which has main() as well. */
#define VERB_ROW(word) &verb_##word,
const struct verb *const verb_list[] = {VERBS(VERB_ROW)};
const size_t verb_n = sizeof verb_list / sizeof *verb_list;

static const struct verb *find_verb(const char *name) {
    for (size_t i = 0; i < verb_n; i++)
        if (strcmp(verb_list[i]->name, name) == 0)
            return verb_list[i];
    fail_row("no verb %s", name);
    return NULL;
}

/* ---- a run ----------------------------------------------------------------------------- */

static int out_fd, err_fd, saved_out, saved_err;

struct run {
    int status;
    struct buf out, err;
    bool hit;
};

static int scratch(void) {
    FILE *f = tmpfile();
    assert_non_null(f);
    int fd = fcntl(fileno(f), F_DUPFD_CLOEXEC, 3);
    fclose(f);
    return fd;
}

static int open_streams(void **state) {
    (void)state;
    out_fd = scratch();
    err_fd = scratch();
    saved_out = dup(STDOUT_FILENO);
    saved_err = dup(STDERR_FILENO);
    return out_fd < 0 || err_fd < 0 || saved_out < 0 || saved_err < 0;
}

static int close_streams(void **state) {
    (void)state;
    return close(out_fd) | close(err_fd) | close(saved_out) | close(saved_err);
}

static struct buf text_of(int fd) {
    struct buf b = BUF_INIT(OUTPUT_MAX);
    char piece[4096];
    ssize_t n;
    lseek(fd, 0, SEEK_SET);
    while ((n = read(fd, piece, sizeof piece)) > 0)
        buf_add(&b, piece, (size_t)n);
    return b;
}

static void redirect(int out, int err) {
    fflush(stdout);
    assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
}

static void print_words(const struct command *c, size_t n, enum mem_fault_mode mode) {
    print_error("policyctl");
    for (const char *const *word = c->words; *word; word++)
        print_error(" %s", *word);
    print_error(", allocation %zu%s\n", n, mode == MEM_FAULT_ON ? " and all behind it" : "");
}

static struct run run_command(const struct command *c, size_t n, enum mem_fault_mode mode) {
    const struct verb *verb = find_verb(c->words[0]);
    char *argv[WORDS_MAX + 1] = {NULL};
    int argc = 0;
    struct run r = {.status = -1};
    for (const char *const *word = c->words; *word; word++)
        argv[argc++] = strdup(*word);
    assert_true(ftruncate(out_fd, 0) == 0 && ftruncate(err_fd, 0) == 0);
    lseek(out_fd, 0, SEEK_SET);
    lseek(err_fd, 0, SEEK_SET);
    redirect(out_fd, err_fd);
    size_t live = mem_fault_live();
    mem_fault_arm(n, mode);
    r.status = verb_main(verb, argc, argv);
    r.hit = mem_fault_disarm();
    redirect(saved_out, saved_err);
    if (mem_fault_live() != live) {
        print_words(c, n, mode);
        fail_row("%zu blocks lost", mem_fault_live() - live);
    }
    r.out = text_of(out_fd);
    r.err = text_of(err_fd);
    while (argc > 0)
        free(argv[--argc]);
    return r;
}

static void run_done(struct run *r) {
    buf_done(&r->out);
    buf_done(&r->err);
}

/* ---- what it comes to ------------------------------------------------------------------ */

/* The next byte that is not a digit, or s.n. */
static size_t skip_digits(struct str s, size_t at) {
    while (at < s.n && ascii_is_digit(s.p[at]))
        at++;
    return at;
}

/* As without the fault; but a line and column may be those of the object, where there was no
 * memory to look for the image within it. */
static bool is_same(const struct run *a, const struct run *b) {
    struct str x = buf_view(&a->out), y = buf_view(&b->out);
    size_t i = skip_digits(x, 0), k = skip_digits(y, 0);
    while (i < x.n && k < y.n && x.p[i] == y.p[k]) {
        i = skip_digits(x, i + 1);
        k = skip_digits(y, k + 1);
    }
    return a->status == b->status && i == x.n && k == y.n;
}

static bool is_said(const struct run *r) {
    struct str text = buf_view(&r->err);
    return r->status == EXIT_INPUT && text.n != 0 &&
           (memmem(text.p, text.n, "memory", 6) || memmem(text.p, text.n, "no room", 7));
}

struct around { /* one run; either may be NULL */
    void (*before)(void);
    void (*behind)(bool same); /* all went as without a fault */
};

/* With the n-th allocation failing; false when there is no n-th. */
static bool try_once(const struct command *c, const struct run *good, size_t n,
                     enum mem_fault_mode mode, struct around around) {
    if (around.before)
        around.before();
    struct run r = run_command(c, n, mode);
    bool hit = r.hit, same = is_same(&r, good) || (c->loose && r.status == good->status);
    if (!(hit && is_said(&r)) && !same) {
        print_words(c, n, mode);
        fail_row("status %d, expected %d or 2; \"%.*s\"\n%.*s\nexpected\n%.*s", r.status,
                 good->status, STR_ARG(buf_view(&r.err)), STR_ARG(buf_view(&r.out)),
                 STR_ARG(buf_view(&good->out)));
    }
    if (around.behind)
        around.behind(same);
    run_done(&r);
    return hit;
}

static struct run run_well(const struct command *c, struct around around) {
    if (around.before)
        around.before();
    struct run good = run_command(c, 0, MEM_FAULT_ONCE);
    if (good.status == EXIT_INPUT || good.status == EXIT_BROKEN ||
        (around.behind == NULL && good.out.n == 0)) {
        print_words(c, 0, MEM_FAULT_ONCE);
        fail_row("status %d, \"%.*s\": this tests nothing", good.status,
                 STR_ARG(buf_view(&good.err)));
    }
    return good;
}

/* Runs it once for each allocation, between the other two. */
static void try_command(const struct command *c, void (*before)(void), void (*behind)(bool)) {
    const struct around around = {before, behind};
    static const enum mem_fault_mode modes[] = {MEM_FAULT_ONCE, MEM_FAULT_ON};
    struct run good = run_well(c, around);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        size_t n = 1;
        while (n < RUNS_MAX && try_once(c, &good, n, modes[i], around))
            n++;
        assert_true(n < RUNS_MAX);
    }
    run_done(&good);
}

/* ---- its own folder --------------------------------------------------------------- */

static char folder[512];

static void in_folder(char *path, size_t bytes, const char *name) {
    assert_true((size_t)snprintf(path, bytes, "%s/%s", folder, name) < bytes);
}

static void empty_folder(void) {
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.')
            assert_int_equal(unlinkat(dirfd(dir), e->d_name, 0), 0);
    closedir(dir);
}

static int make_folder(void **state) {
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/pullgate-nomem-XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
    (void)state;
    empty_folder();
    return rmdir(folder);
}

static struct buf read_file(const char *path) {
    struct buf b = BUF_INIT(OUTPUT_MAX);
    struct err err = ERR_INIT;
    assert_ok(file_read(&b, path, OUTPUT_MAX, &err), &err);
    return b;
}

/* ---- verbs that print ------------------------------------------------------------------ */

static const char policy_path[] = TESTS_DIR "/../policies/examples/airbyte.yaml";
static const char check_path[] = TESTS_DIR "/unit/data/check/undecodable.yaml";
static const char pods_path[] = TESTS_DIR "/data/pods/airbyte-01-replication.yaml";
static const char more_path[] = TESTS_DIR "/data/pods/astronomer-02-scheduler.yaml";
static const char samples_path[] = TESTS_DIR "/../deploy/samples/pods.yaml";
static const char dump_path[] = TESTS_DIR "/cli/dumps/dump.json";
#define TEST(format, is_loose)                                                                 \
    ROW(is_loose, "test", "-p", policy_path, "-o", format, "--now=2026-11-01",                 \
        "--namespace=airbyte", pods_path, more_path)
#define ROW(is_loose, ...)                                                                     \
    { .words = {__VA_ARGS__}, .loose = is_loose }

static const struct command commands[] = {
    TEST("text", false),
    TEST("json", false),
    TEST("yaml", false),
    TEST("junit", false),
    TEST("sarif", true),
    TEST("github", false),
    TEST("tap", false),
    TEST("diff", true),
    ROW(false, "apply", "-p", policy_path, "-n", "airbyte", "-t", pods_path, more_path),
    ROW(true, "verify", TESTS_DIR "/../policies/examples/tests/audit-only.test.yaml"),
    ROW(true, "verify", "-o", "junit",
        TESTS_DIR "/../policies/examples/tests/audit-only.test.yaml"),
    ROW(true, "verify", "-o", "sarif", TESTS_DIR "/cli/field/suite/wrong.test.yaml"),
    ROW(true, "verify", "-o", "json",
        TESTS_DIR "/../policies/examples/tests/audit-only.test.yaml"),
    ROW(true, "bench", "-n", "1", "-p", policy_path, samples_path),
    ROW(true, "explain", "-p", policy_path, "-n", "airbyte", "quay.io/someone/x:1"),
    ROW(true, "explain", "-p", policy_path, "-n", "airbyte", samples_path),
    ROW(true, "explain", "-p", policy_path, "-o", "json", "-n", "airbyte",
        "quay.io/someone/x:1"),
    ROW(true, "images", "-p", policy_path, "-n", "airbyte", samples_path),
    ROW(true, "images", "-p", policy_path, "-n", "airbyte", "-o", "skopeo-copy", pods_path),
    ROW(true, "images", "-p", policy_path, "-n", "airbyte", "-o", "json", pods_path),
    ROW(true, "secrets", "-p", policy_path, "-n", "airbyte", samples_path, more_path),
    ROW(true, "secrets", "-p", policy_path, "-o", "json", "-n", "airbyte", pods_path),
    ROW(true, "secrets", "-p", policy_path, "-n", "airbyte", "--external-secrets", "vault",
        pods_path),
    ROW(true, "secrets", "-p", policy_path, "--from", "it's", "--sealed", pods_path),
    ROW(false, "doctor", "-p", TESTS_DIR "/cli/dumps/doctor.yaml", dump_path),
    ROW(false, "doctor", "-p", TESTS_DIR "/cli/dumps/doctor.yaml", "-o", "json", dump_path),
    ROW(false, "doctor", "-p", TESTS_DIR "/cli/dumps/doctor.yaml", "-o", "junit", dump_path),
    ROW(true, "doctor", "-p", TESTS_DIR "/cli/dumps/doctor.yaml", "-o", "sarif", dump_path),
    ROW(true, "images", "-p", policy_path, "-n", "airbyte", "--check", "--secrets", check_path,
        "-o", "json", check_path),
    ROW(true, "lint", TESTS_DIR "/../policies/examples/allow-list.yaml", policy_path),
    ROW(true, "lint", "-o", "json", policy_path),
    ROW(true, "lint", "-o", "junit", TESTS_DIR "/cli/rules/names.yaml"),
    ROW(true, "lint", "--schema"),
    ROW(false, "review", "-p", policy_path, TESTS_DIR "/data/reviews/pod-create-full.json"),
    ROW(false, "ask", "--dry-run", "-p", policy_path),
    ROW(false, "ask", "--dry-run", "-p", TESTS_DIR "/../policies/examples/audit-only.yaml"),
    ROW(false, "ask", "--dry-run", "-p", policy_path, "-n", "airbyte", pods_path),
    ROW(false, "import", "airbyte", TESTS_DIR "/cli/import/airbyte/all.yaml"),
    ROW(false, "import", "gatekeeper", TESTS_DIR "/cli/import/gatekeeper/several.yaml"),
    ROW(false, "import", "kyverno", TESTS_DIR "/cli/import/kyverno/registries.yaml"),
    ROW(false, "import", "openshift", TESTS_DIR "/cli/import/openshift/mirrors.yaml"),
    ROW(false, "import", "harbor-container-webhook",
        TESTS_DIR "/cli/import/harbor-container-webhook/config.yaml"),
    ROW(false, "import", "k8s-image-swapper",
        TESTS_DIR "/cli/import/k8s-image-swapper/ecr.yaml"),
    ROW(false, "import", "containerd", TESTS_DIR "/cli/import/containerd/docker.io/hosts.toml"),
    ROW(false, "import", "registries", TESTS_DIR "/cli/import/registries/mirrors.conf"),
    ROW(false, "parse", "nginx", "registry.corp.example:5000/data/x:1"),
    ROW(false, "parse", "-o", "json", "nginx", "quay.io/a/b@sha256:00"),
    ROW(false, "sync", "--dry-run", "-p", TESTS_DIR "/cli/sync/rules.yaml", "--annotated",
        "platform", TESTS_DIR "/cli/sync/dump.json"),
    ROW(false, "sync", "--dry-run", "-p", TESTS_DIR "/cli/sync/rules.yaml", "-o", "json",
        TESTS_DIR "/cli/sync/dump.json"),
    ROW(false, "render", "sync", "--image", "registry.example/pullgate-sync:1", "-p",
        TESTS_DIR "/cli/sync/rules.yaml", "--annotated", "platform", "--name", "harbor"),
    ROW(false, "completion", "bash"),
    ROW(false, "completion", "zsh"),
    ROW(false, "completion", "fish"),
};

static void verbs_print_or_do_not(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        try_command(&commands[i], NULL, NULL);
}

/* ---- Secrets ------------------------------------------------------------------------- */

/* base64 of user:pass */
#define AUTH "dXNlcjpwYXNz"

static void write_text(const char *path, const char *text) {
    struct err err = ERR_INIT;
    assert_ok(file_replace(path, 0600, str_of(text), &err), &err);
}

static void secrets_are_printed_or_not(void **state) {
    (void)state;
    char config[256], manifest[256];
    in_folder(config, sizeof config, "config.json");
    in_folder(manifest, sizeof manifest, "secret.yaml");
    write_text(config,
               "{\"auths\":{\"ghcr.io\":{\"auth\":\"" AUTH "\"},\"https://ghcr.io/\":"
               "{\"username\":\"u\",\"password\":\"p\"},\"quay.io\":{\"auth\":\"" AUTH "\"}}}");
    write_text(manifest, "kind: Secret\ntype: kubernetes.io/dockercfg\n"
                         "stringData: {.dockercfg: '{\"*.io\": {\"auth\": \"" AUTH "\"}}'}\n");
    const struct command from[] = {
        ROW(true, "secrets", "-p", policy_path, "-n", "airbyte", "--from", config, pods_path),
        ROW(true, "secrets", "-p", policy_path, "-n", "airbyte", "-o", "json", "--from",
            manifest, pods_path),
    };
    for (size_t i = 0; i < sizeof from / sizeof *from; i++)
        try_command(&from[i], NULL, NULL);
}

/* ---- certificates, and what is rendered from them -------------------------------------- */

static void certificates_are_written_or_not(void **state) {
    (void)state;
    const struct command init = ROW(true, "certs", "init", "--dir", folder, "--service",
                                    "pullgate", "--namespace", "pullgate");
    const struct command more[] = {
        ROW(true, "certs", "check", "--dir", folder),
        ROW(true, "certs", "show", "--dir", folder),
        ROW(true, "certs", "bundle", "--dir", folder),
        ROW(true, "render", "--image", "registry.example/pullgate:1", "--policy", policy_path,
            "--certs", folder),
    };
    try_command(&init, empty_folder, NULL);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        try_command(&more[i], NULL, NULL);
    empty_folder();
}

/* ---- files in place -------------------------------------------------------------------- */

static const char *const originals[] = {pods_path, samples_path};
enum { N_ORIGINALS = sizeof originals / sizeof *originals };
static char copies[N_ORIGINALS][600];
static struct buf was[N_ORIGINALS], becomes[N_ORIGINALS];

static void put_originals(void) {
    struct err err = ERR_INIT;
    for (size_t i = 0; i < N_ORIGINALS; i++)
        assert_ok(file_replace(copies[i], 0644, buf_view(&was[i]), &err), &err);
}

/* Each file is as it was or as it becomes, to the byte; there are no others. */
static void files_are_whole(bool all) {
    size_t found = 0;
    for (size_t i = 0; i < N_ORIGINALS; i++) {
        struct buf now = read_file(copies[i]);
        bool changed = str_eq(buf_view(&now), buf_view(&becomes[i]));
        if (!changed && (all || !str_eq(buf_view(&now), buf_view(&was[i]))))
            fail_row("%s is half written:\n%.*s", copies[i], STR_ARG(buf_view(&now)));
        buf_done(&now);
    }
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        found += e->d_name[0] != '.';
    closedir(dir);
    assert_int_equal(found, N_ORIGINALS);
}

static void files_are_changed_in_place_or_not(void **state) {
    (void)state;
    for (size_t i = 0; i < N_ORIGINALS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%zu.yaml", i);
        in_folder(copies[i], sizeof copies[i], name);
        was[i] = read_file(originals[i]);
    }
    const struct command apply = ROW(true, "apply", "-i", "-t", "-p", policy_path, "-n",
                                     "airbyte", copies[0], copies[1]);
    put_originals();
    struct run good = run_command(&apply, 0, MEM_FAULT_ONCE);
    run_done(&good);
    for (size_t i = 0; i < N_ORIGINALS; i++) {
        becomes[i] = read_file(copies[i]);
        assert_false(str_eq(buf_view(&becomes[i]), buf_view(&was[i])));
    }
    try_command(&apply, put_originals, files_are_whole);
    for (size_t i = 0; i < N_ORIGINALS; i++) {
        buf_done(&was[i]);
        buf_done(&becomes[i]);
    }
}

static int set_up(void **state) {
    return open_streams(state) | make_folder(state);
}

static int tear_down(void **state) {
    return close_streams(state) | remove_folder(state);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(verbs_print_or_do_not, set_up, tear_down),
    cmocka_unit_test_setup_teardown(secrets_are_printed_or_not, set_up, tear_down),
    cmocka_unit_test_setup_teardown(certificates_are_written_or_not, set_up, tear_down),
    cmocka_unit_test_setup_teardown(files_are_changed_in_place_or_not, set_up, tear_down),
};
TEST_MAIN(tests)
