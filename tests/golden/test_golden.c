/* The golden cases through the libraries: review in, answers and audit lines out, byte for byte.
 *
 *     <suite>/rules.yaml                     the rule file of all cases of the suite
 *     <suite>/<case>/review.json             absent: tests/data/reviews/<case>.json
 *                    mutate.json             the answer of /mutate
 *                    validate.json           the answer of /validate
 *                    mutate.audit.json       the audit line of the first, at time 0
 *                    mutate.error            in their place, where there is no review to answer:
 *                    validate.error          the message of the HTTP error
 *
 * Usage      test_golden FOLDER         compare
 *            test_golden --bless FOLDER  write what is answered now; read the difference
 * The working folder is the suite's while its cases run, so that messages name "rules.yaml". */
#include "audit/audit.h"
#include "base/clock.h"
#include "base/file.h"
#include "certs/certs.h"
#include "review/review.h"
#include "rules/rules.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 20, PATH_BYTES = 512 };
static const struct str now = STR_INIT("2026-11-20");

struct run {
    bool bless;
    int64_t now_s;
    struct policy *policy; /* of the suite under way */
    const char *suite;
    struct review_session session; /* kept from case to case, as in the daemon */
    struct buf review, body, answer, line, expected;
    unsigned n_cases, n_checks, n_failed, n_written;
};

static void complain(struct run *r, const char *name, const char *what, const char *why) {
    fprintf(stderr, "FAILED %s/%s %s: %s\n", r->suite, name, what, why);
    r->n_failed++;
}

/* ---- one expected file ------------------------------------------------------------------- */

static bool exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0;
}

static void show_difference(struct str found, struct str expected) {
    size_t at = 0, from;
    while (at < found.n && at < expected.n && found.p[at] == expected.p[at])
        at++;
    from = at > 60 ? at - 60 : 0;
    fprintf(stderr, "  first difference at byte %zu\n  found    ...%.*s\n  expected ...%.*s\n",
            at, STR_ARG(str_slice(found, from, at + 120)),
            STR_ARG(str_slice(expected, from, at + 120)));
}

static void bless(struct run *r, const char *name, const char *path, struct str found) {
    struct err err = ERR_INIT;
    if (file_replace(path, 0644, found, &err) != EC_OK)
        complain(r, name, path, err.msg);
    else
        r->n_written++;
}

static void compare(struct run *r, const char *name, const char *file, struct str found) {
    struct err err = ERR_INIT;
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", name, file);
    r->n_checks++;
    buf_reset(&r->expected);
    enum ec ec = exists(path) ? file_read(&r->expected, path, FILE_MAX, &err) : EC_OK;
    if (ec == EC_OK && str_eq(found, buf_view(&r->expected)))
        return;
    if (r->bless) {
        bless(r, name, path, found);
        return;
    }
    complain(r, name, file, ec != EC_OK ? err.msg : "other bytes than expected");
    show_difference(found, buf_view(&r->expected));
}

/* ---- one case ---------------------------------------------------------------------------- */

static enum ec read_review(struct run *r, const char *name, struct err *err) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/review.json", name);
    if (!exists(path))
        snprintf(path, sizeof path, TESTS_DIR "/data/reviews/%s.json", name);
    buf_reset(&r->review);
    return file_read(&r->review, path, FILE_MAX, err);
}

/* Reading a review changes its bytes: each endpoint gets a copy. */
static bool ask(struct run *r, const char *name, const char *endpoint, unsigned flags) {
    struct err err = ERR_INIT;
    char file[32];
    buf_reset(&r->body);
    buf_reset(&r->answer);
    buf_str(&r->body, buf_view(&r->review));
    char *padding = buf_room(&r->body, JSON_PADDING);
    if (padding == NULL)
        err_set(&err, EC_NOMEM, "out of memory");
    else
        memset(padding, 0, JSON_PADDING);
    if (err.code == EC_OK && review_answer(&r->session, r->policy, r->now_s, flags, r->body.p,
                                           r->body.n, &r->answer, &err) == EC_OK)
        return true;
    snprintf(file, sizeof file, "%s.error", endpoint);
    compare(r, name, file, str_of(err.msg));
    return false;
}

static void print_line(struct run *r) {
    const struct review *review = &r->session.review;
    const struct audit_entry entry = {.time_us = 0,
                                      .duration_ns = 0,
                                      .endpoint = STR("mutate"),
                                      .uid = review->uid,
                                      .group = review->group,
                                      .version = review->version,
                                      .kind = review->kind,
                                      .resource = review->resource,
                                      .subresource = review->subresource,
                                      .dry_run = review->dry_run,
                                      .workload = &review->workload,
                                      .decision = &r->session.decision,
                                      .policy = r->policy};
    buf_reset(&r->line);
    audit_line(&r->line, &entry, AUDIT_LINE_DEFAULT);
}

static void run_case(struct run *r, const char *name) {
    struct err err = ERR_INIT;
    r->n_cases++;
    if (read_review(r, name, &err) != EC_OK) {
        complain(r, name, "review", err.msg);
        return;
    }
    if (ask(r, name, "mutate", 0)) {
        compare(r, name, "mutate.json", buf_view(&r->answer));
        print_line(r);
        compare(r, name, "mutate.audit.json", buf_view(&r->line));
    }
    if (ask(r, name, "validate", ENGINE_VALIDATE))
        compare(r, name, "validate.json", buf_view(&r->answer));
}

/* ---- suites ------------------------------------------------------------------------------ */

static int is_folder(const struct dirent *entry) {
    struct stat st;
    return entry->d_name[0] != '.' && stat(entry->d_name, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Calls `each` for every folder in the working folder, by name; the number of them. */
static int each_folder(struct run *r, void (*each)(struct run *r, const char *name)) {
    struct dirent **entries = NULL;
    int n = scandir(".", &entries, is_folder, alphasort);
    for (int i = 0; i < n; i++) {
        each(r, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return n;
}

static void run_suite(struct run *r, const char *name) {
    const struct rules_options options = {.now_s = r->now_s, .sha256 = certs_sha256_hex};
    struct err err = ERR_INIT;
    r->suite = name;
    if (chdir(name) != 0) {
        complain(r, "", "chdir", name);
        return;
    }
    if (rules_load(&r->policy, "rules.yaml", &options, &err) != EC_OK)
        complain(r, "rules.yaml", "does not load", err.msg);
    else if (each_folder(r, run_case) <= 0)
        complain(r, "", "cases", "none");
    engine_policy_free(r->policy);
    r->policy = NULL;
    if (chdir("..") != 0)
        abort();
}

int main(int argc, char **argv) {
    struct run r = {.bless = argc == 3 && strcmp(argv[1], "--bless") == 0,
                    .review = BUF_INIT(FILE_MAX + 1),
                    .body = BUF_INIT(FILE_MAX + JSON_PADDING),
                    .answer = BUF_INIT(FILE_MAX),
                    .line = BUF_INIT(FILE_MAX),
                    .expected = BUF_INIT(FILE_MAX + 1)};
    bool date_only;
    if (argc != (r.bless ? 3 : 2) || chdir(argv[argc - 1]) != 0 ||
        !clock_parse(now, &r.now_s, &date_only)) {
        fprintf(stderr, "usage: test_golden [--bless] FOLDER\n");
        return 2;
    }
    review_session_init(&r.session, REVIEW_LIMITS_DEFAULT);
    int n_suites = each_folder(&r, run_suite);
    review_session_done(&r.session);
    buf_done(&r.review);
    buf_done(&r.body);
    buf_done(&r.answer);
    buf_done(&r.line);
    buf_done(&r.expected);
    printf("golden: %d suites, %u cases, %u checks, %u written, %u failed\n", n_suites,
           r.n_cases, r.n_checks, r.n_written, r.n_failed);
    return r.n_failed == 0 && r.n_checks != 0 ? 0 : 1;
}
