/* Out of memory in the daemon: the 1st, 2nd, 3rd ... allocation of its start, of a request from
 * the socket to the audit line, and of a reload fails, alone and with all after it. An error is
 * answered or the last good state holds; the next request is answered as ever; nothing is lost.
 * What libmicrohttpd, GnuTLS and OpenSSL take for themselves does not come from base/mem.h. */
#include "mem_fault.h"
#include "server_client.h"
#include "test.h"

#include "base/file.h"
#include "base/log.h"
#include "certs/certs.h"
#include "program/certificate.h"
#include "program/live.h"
#include "program/load.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 20000, FILE_MAX = 1 << 20 };

static char folder[512], policy_path[600], cert_path[600], key_path[600], ca_path[600],
    ca_key_path[600];
static int null_fd;
static struct buf body, expected;

/* ---- files ----------------------------------------------------------------------------- */

static void path_in(char path[600], const char *name) {
    assert_in_range(snprintf(path, 600, "%s/%s", folder, name), 1, 599);
}

static void write_certs(void) {
    struct certs_files files = CERTS_FILES_INIT;
    const struct certs_request request = {.service = STR("pullgate"),
                                          .namespace = STR("pullgate"),
                                          .now_s = time(NULL),
                                          .days = 30,
                                          .ca_days = 30};
    struct err err = ERR_INIT;
    assert_ok(certs_make(&files, &request, &err), &err);
    assert_ok(certs_save(&files, folder, true, &err), &err);
    certs_files_done(&files);
}

static void write_policy(void) {
    static const char text[] =
        "apiVersion: pullgate/v1\nkind: ImagePolicy\nmetadata: {name: x}\nspec:\n"
        "  registry: ghcr.io/acme-data\n"
        "  imagePullSecrets: [regcred]\n"
        "  mirrors: {quay.io: harbor.corp/quay}\n"
        "  approved: [harbor.corp/**, {regex: 'localhost(:[0-9]+)?/.*'}]\n";
    struct err err = ERR_INIT;
    assert_ok(file_replace(policy_path, 0644, str_of(text), &err), &err);
}

static int set_up(void **state) {
    (void)state;
    const char *tmp = getenv("TMPDIR");
    struct err err = ERR_INIT;
    log_set_level((enum log_level)(LOG_ERROR + 1)); /* all that fails here is meant to */
    snprintf(folder, sizeof folder, "%s/pullgate-nomem-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    path_in(policy_path, "rules.yaml");
    path_in(cert_path, "tls.crt");
    path_in(key_path, "tls.key");
    path_in(ca_path, "ca.crt");
    path_in(ca_key_path, "ca.key");
    write_certs();
    write_policy();
    null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    body = (struct buf)BUF_INIT(FILE_MAX);
    expected = (struct buf)BUF_INIT(FILE_MAX);
    assert_ok(file_read(&body, TESTS_DIR "/data/reviews/pod-create-full.json", FILE_MAX, &err),
              &err);
    return null_fd < 0;
}

static int tear_down(void **state) {
    (void)state;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.')
            unlinkat(dirfd(dir), e->d_name, 0);
    closedir(dir);
    buf_done(&body);
    buf_done(&expected);
    return rmdir(folder) | close(null_fd);
}

/* ---- a daemon without its signals ------------------------------------------------------- */

static struct options options;
static struct buf option_texts = BUF_INIT(1 << 20);

static void read_options(char *cert, char *cert_file, char *key, char *key_file) {
    /* they borrow their words */
    char *argv[] = {"pullgate",
                    "--policy",
                    policy_path,
                    cert,
                    cert_file,
                    key,
                    key_file,
                    "--listen",
                    "127.0.0.1:0",
                    "--workers",
                    "1",
                    "--tls-name",
                    "pullgate.pullgate.svc",
                    "--metrics-listen",
                    "127.0.0.1:0",
                    NULL};
    struct opt_result result;
    struct err err = ERR_INIT;
    assert_ok(opts_parse(&options_table, &options, sizeof argv / sizeof *argv - 1, argv,
                         &result, &option_texts, &err),
              &err);
}

static void read_files_of_pair(void) {
    read_options("--tls-cert", cert_path, "--tls-key", key_path);
}

static void read_files_of_ca(void) {
    read_options("--tls-ca-cert", ca_path, "--tls-ca-key", ca_key_path);
}

static enum ec start(struct daemon *d, struct err *err) {
    *d = (struct daemon){.options = &options, .priorities = BUF_INIT(1024)};
    if (serve_init(&d->service, &options, err) != EC_OK ||
        audit_open(&d->service.audit, null_fd, 1 << 16, AUDIT_BLOCK, err) != EC_OK)
        return err->code;
    (void)load_rules(d, false);
    return load_and_listen(d, err);
}

static void finish(struct daemon *d) {
    audit_wait_no_more(d->service.audit);
    server_stop(d->probes);
    server_stop(d->server);
    audit_close(d->service.audit, 10000, NULL);
    serve_done(&d->service);
    load_done(d);
}

static void start_well(struct daemon *d) {
    struct err err = ERR_INIT;
    assert_ok(start(d, &err), &err);
}

/* The status; 0: there was no connection to be had. */
static unsigned ask(const struct daemon *d) {
    struct reply r;
    struct client *c = client_try_tls(server_port(d->server), NULL, NULL);
    if (c == NULL)
        return 0;
    client_post(c, "/mutate", "application/json", body.p, body.n, &r);
    if (r.status == 503)
        assert_string_equal(reply_header(&r, "Retry-After"), "1");
    if (r.status == 200 && expected.n == 0)
        buf_add(&expected, r.body, r.body_bytes);
    if (r.status == 200)
        assert_str(((struct str){r.body, r.body_bytes}), buf_view(&expected));
    unsigned status = r.status;
    reply_done(&r);
    client_free(c);
    return status;
}

/* ---- trials ---------------------------------------------------------------------------- */

static void try_all(const char *name, void (*run)(size_t n, enum mem_fault_mode, bool *hit)) {
    for (int mode = MEM_FAULT_ONCE; mode <= MEM_FAULT_ON; mode++) {
        bool hit = true;
        size_t n = 0;
        while (hit && n++ < RUNS_MAX)
            run(n, (enum mem_fault_mode)mode, &hit);
        print_message("%s: %zu allocations failed%s\n", name, n - 1,
                      mode == MEM_FAULT_ON ? ", with all behind them" : "");
        assert_false(hit);
        assert_true(n > 1);
    }
}

static void request_once(size_t n, enum mem_fault_mode mode, bool *hit) {
    struct daemon d;
    size_t live = mem_fault_live();
    start_well(&d);
    mem_fault_arm(n, mode);
    unsigned status = ask(&d);
    *hit = mem_fault_disarm();
    if (status != 200 && !(*hit && (status == 503 || status == 0)))
        fail_row("allocation %zu: status %u, expected 200 or 503", n, status);
    assert_int_equal(ask(&d), 200);
    finish(&d);
    assert_int_equal(mem_fault_live(), live);
}

static void requests_are_answered(void **state) {
    (void)state;
    try_all("a request", request_once);
}

static void start_once(size_t n, enum mem_fault_mode mode, bool *hit) {
    struct daemon d;
    struct err err = ERR_INIT;
    size_t live = mem_fault_live();
    mem_fault_arm(n, mode);
    enum ec ec = start(&d, &err);
    *hit = mem_fault_disarm();
    if (ec != EC_OK && !(*hit && ec == EC_NOMEM))
        fail_row("allocation %zu: %s: %s, expected EC_NOMEM", n, ec_name(ec), err.msg);
    if (ec == EC_OK && load_rules(&d, false) == EC_OK) /* which the start does without */
        assert_int_equal(ask(&d), 200);
    finish(&d);
    assert_int_equal(mem_fault_live(), live);
}

static void it_starts_or_says_why_not(void **state) {
    (void)state;
    try_all("a start", start_once);
}

/* ---- reload ---------------------------------------------------------------------------- */

static struct daemon running;

static void reload_with(enum ec (*load)(struct daemon *, bool), size_t n,
                        enum mem_fault_mode mode, bool *hit) {
    mem_fault_arm(n, mode);
    enum ec ec = load(&running, false);
    *hit = mem_fault_disarm();
    if (ec != EC_OK && !(*hit && ec == EC_NOMEM))
        fail_row("allocation %zu: %s, expected EC_NOMEM", n, ec_name(ec));
    assert_int_equal(ask(&running), 200);
}

static void rules_once(size_t n, enum mem_fault_mode mode, bool *hit) {
    reload_with(load_rules, n, mode, hit);
}

static void certificate_once(size_t n, enum mem_fault_mode mode, bool *hit) {
    reload_with(certificate_load, n, mode, hit);
}

static void reloads_leave_what_was_there(void **state) {
    (void)state;
    size_t live = mem_fault_live();
    start_well(&running);
    try_all("a reload of rules", rules_once);
    try_all("a reload of certificates", certificate_once);
    finish(&running);
    assert_int_equal(mem_fault_live(), live);
}

static void renew_once(size_t n, enum mem_fault_mode mode, bool *hit) {
    running.self.due_s = 0; /* it is due */
    int64_t now_s = time(NULL);
    mem_fault_arm(n, mode);
    certificate_renew(&running, now_s);
    *hit = mem_fault_disarm();
    if (running.self.due_s <= now_s || (running.self.due_s < now_s + 86400 && !*hit))
        fail_row("allocation %zu: due in %lld s", n, (long long)(running.self.due_s - now_s));
    assert_int_equal(ask(&running), 200);
}

static void a_certificate_of_its_own_is_made_or_kept(void **state) {
    (void)state;
    size_t live = mem_fault_live();
    read_files_of_ca();
    try_all("a start with a CA", start_once);
    start_well(&running);
    try_all("a reload of the CA", certificate_once);
    try_all("a renewal", renew_once);
    finish(&running);
    read_files_of_pair();
    assert_int_equal(mem_fault_live(), live);
}

static void rules_without_memory_are_not_in_force(void **state) {
    (void)state;
    size_t before = mem_fault_live();
    struct live *live = live_new();
    assert_non_null(live);
    mem_fault_arm(1, MEM_FAULT_ON);
    bool taken = live_set_take(live, (struct live_rules){.policy = NULL});
    assert_true(mem_fault_disarm());
    assert_false(taken);
    assert_false(live_has_policy(live));
    live_free(live);
    assert_int_equal(mem_fault_live(), before);
}

static int group_set_up(void **state) {
    int bad = set_up(state);
    read_files_of_pair();
    start_well(&running);
    assert_int_equal(ask(&running), 200); /* learns the answer */
    finish(&running);
    return bad;
}

static int group_tear_down(void **state) {
    buf_done(&option_texts);
    return tear_down(state);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_answered),
        cmocka_unit_test(it_starts_or_says_why_not),
        cmocka_unit_test(reloads_leave_what_was_there),
        cmocka_unit_test(a_certificate_of_its_own_is_made_or_kept),
        cmocka_unit_test(rules_without_memory_are_not_in_force),
    };
    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
