#include "certs_fixture.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/file.h>

static char folder[] = "/tmp/pullgate-certs-XXXXXX";

static int open_folder(void **state) {
    (void)state;
    memset(folder + sizeof folder - 7, 'X', 6);
    return mkdtemp(folder) == NULL;
}

static int close_folder(void **state) {
    (void)state;
    remove_all(folder);
    return 0;
}

static struct certs_files read_files(void) {
    struct certs_files f = {BUF_INIT(CERTS_READ_ROOM), BUF_INIT(CERTS_READ_ROOM),
                            BUF_INIT(CERTS_READ_ROOM), BUF_INIT(CERTS_READ_ROOM)};
    struct err err = ERR_INIT;
    assert_ok(certs_read(&f.ca_crt, in(folder, "ca.crt"), &err), &err);
    assert_ok(certs_read(&f.ca_key, in(folder, "ca.key"), &err), &err);
    assert_ok(certs_read(&f.tls_crt, in(folder, "tls.crt"), &err), &err);
    assert_ok(certs_read(&f.tls_key, in(folder, "tls.key"), &err), &err);
    return f;
}

static void put_file(const char *name, struct str text) {
    struct err err = ERR_INIT;
    assert_ok(file_replace(in(folder, name), 0600, text, &err), &err);
}

static void start(const struct certs_request *r) {
    struct certs_files f = CERTS_FILES_INIT;
    struct err err = ERR_INIT;
    assert_ok(certs_make(&f, r, &err), &err);
    assert_ok(certs_save(&f, folder, true, &err), &err);
    certs_files_done(&f);
}

static struct certs_outcome rotate(const struct certs_rotation *how) {
    struct certs_outcome out = {.n_cas = 77};
    struct err err = ERR_INIT;
    assert_ok(certs_rotate(&out, folder, how, &err), &err);
    return out;
}

/* The pair of `leaf` against the bundle of `ca`: its problems, and what it says. */
static unsigned judge(const struct certs_files *leaf, const struct certs_files *ca, int64_t at,
                      struct certs_info *info) {
    struct err err = ERR_INIT;
    unsigned problems = 0;
    assert_ok(certs_check(info, &problems, buf_view(&leaf->tls_crt), buf_view(&leaf->tls_key),
                          buf_view(&ca->ca_crt), STR("pullgate.image-policy.svc"), at, &err),
              &err);
    return problems;
}

static bool same(const struct buf *a, const struct buf *b) {
    return str_eq(buf_view(a), buf_view(b));
}

/* The pair before the step, the pair after it, the bundle before and the bundle after: all of
 * them fit together, whichever each one got. */
static void assert_step(const struct certs_files *before, const struct certs_files *after,
                        int64_t at, unsigned ignored) {
    struct certs_info old, new;
    unsigned old_new = judge(before, after, at, &old) & ~(unsigned)(CERTS_SOON | CERTS_CA_SOON);
    unsigned new_old = judge(after, before, at, &new) & ~(ignored | CERTS_CA_SOON);
    unsigned new_new = judge(after, after, at, &new) & ~(ignored | CERTS_CA_SOON);
    if (old_new || new_old || new_new)
        fail_row("day %lld: old leaf, new bundle %u; new leaf, old bundle %u; new, new %u: %s",
                 (long long)((at - now) / day), old_new, new_old, new_new, new.chain);
    assert_int_equal(count_entries(folder), 4);
}

struct tally {
    size_t leaves, cas, dropped, most_cas;
};

static struct tally live_through(struct certs_rotation how, int32_t days, int32_t step_days) {
    struct tally tally = {0};
    start(&how.request);
    for (int32_t d = 0; d <= days; d += step_days) {
        struct certs_files before = read_files();
        how.request.now_s = now + d * day;
        struct certs_outcome out = rotate(&how);
        struct certs_files after = read_files();
        assert_step(&before, &after, how.request.now_s, how.left_percent ? CERTS_SOON : 0);
        assert_int_equal(out.leaf_why == 0, same(&before.tls_crt, &after.tls_crt));
        assert_int_equal(out.leaf_why == 0, same(&before.tls_key, &after.tls_key));
        assert_int_equal(out.ca_why == 0 && out.n_dropped == 0,
                         same(&before.ca_key, &after.ca_key));
        assert_int_equal(out.ca_why == 0 && out.n_dropped == 0,
                         same(&before.ca_crt, &after.ca_crt));
        tally.leaves += out.leaf_why != 0;
        tally.cas += out.ca_why != 0;
        tally.dropped += out.n_dropped;
        tally.most_cas = out.n_cas > tally.most_cas ? out.n_cas : tally.most_cas;
        certs_files_done(&before);
        certs_files_done(&after);
    }
    return tally;
}

static void years_go_by_without_a_gap(void **state) {
    (void)state;
    // clang-format off
    static const struct {
        enum certs_key key;
        int32_t days, ca_days, percent, overlap, total, step;
        struct tally tally;
    } rows[] = {
        /* Leaves last 244 days (a third of 365 is left), CAs 2434 (a third of 3650). */
        {CERTS_KEY_P256, 365, 3650, 0, 0, 7500, 60, {27, 3, 3, 2}},
        /* The CA lives as long as its leaf: the first leaf of two is cut to its end. */
        {CERTS_KEY_P256, 90, 90, 0, 30, 400, 10, {7, 6, 6, 2}},
        /* A long overlap ends with the old CA's life. */
        {CERTS_KEY_P256, 30, 100, 50, 300, 500, 5, {39, 10, 8, 3}},
        {CERTS_KEY_RSA2048, 365, 1000, 20, 1, 1200, 100, {4, 1, 1, 2}},
    };
    // clang-format on
    for (size_t i = 0; i < N(rows); i++) {
        struct certs_rotation how = {.request = request(rows[i].key),
                                     .left_percent = rows[i].percent,
                                     .overlap_days = rows[i].overlap};
        how.request.days = rows[i].days;
        how.request.ca_days = rows[i].ca_days;
        struct tally t = live_through(how, rows[i].total, rows[i].step);
        const struct tally *want = &rows[i].tally;
        if (t.leaves != want->leaves || t.cas != want->cas || t.dropped != want->dropped ||
            t.most_cas != want->most_cas)
            fail_row("row %zu: %zu leaves, %zu CAs, %zu dropped, %zu at most", i, t.leaves,
                     t.cas, t.dropped, t.most_cas);
    }
}

struct change {
    const char *name;      /* of a file in the folder, or NULL */
    const struct buf *buf; /* its new text; NULL: it is removed */
};

static void change(const struct change *c) {
    if (c->name == NULL)
        return;
    if (c->buf != NULL)
        put_file(c->name, buf_view(c->buf));
    else
        unlink(in(folder, c->name));
}

static struct buf garbage = {.p = (char *)(uintptr_t) "garbage", .n = 7, .cap = 7, .max = 7};

static void decisions_come_with_their_reasons(void **state) {
    (void)state;
    const struct str dns[] = {STR("extra.example")};
    // clang-format off
    const struct {
        struct change changes[2];
        int32_t at_day;
        bool new_leaf, new_ca, more_names, no_service;
        unsigned leaf_why, ca_why;
    } rows[] = {
        {{{0}}, 0, false, false, false, false, 0, 0},
        {{{0}}, 0, false, false, false, true, 0, 0},
        {{{0}}, 243, false, false, false, false, 0, 0},
        {{{0}}, 244, false, false, false, false, CERTS_WHY_SOON, 0},
        {{{0}}, 400, false, false, false, false, CERTS_WHY_SOON, 0},
        {{{0}}, 244, false, false, false, true, CERTS_WHY_SOON, 0},
        /* The old CA signs for another day, unless it has less than 30 to live. */
        {{{0}}, 2434, false, false, false, false, CERTS_WHY_SOON, CERTS_WHY_SOON},
        {{{0}}, 3467, false, false, false, false, CERTS_WHY_SOON, CERTS_WHY_SOON},
        {{{0}}, 3468, false, false, false, false, CERTS_WHY_SOON, CERTS_WHY_SOON | CERTS_WHY_SHORT},
        {{{0}}, 3620, false, false, false, false, CERTS_WHY_SOON, CERTS_WHY_SOON | CERTS_WHY_SHORT},
        {{{0}}, 3621, false, false, false, false, CERTS_WHY_SOON | CERTS_WHY_CA,
         CERTS_WHY_SOON | CERTS_WHY_SHORT},
        {{{0}}, 5000, false, false, false, false, CERTS_WHY_SOON | CERTS_WHY_CA,
         CERTS_WHY_SOON | CERTS_WHY_SHORT},
        {{{0}}, 0, true, false, false, false, CERTS_WHY_ASKED, 0},
        {{{0}}, 0, false, true, false, false, 0, CERTS_WHY_ASKED},
        {{{0}}, 0, true, true, false, true, CERTS_WHY_ASKED, CERTS_WHY_ASKED},
        /* The CA does not permit other names than those it was made for. */
        {{{0}}, 0, false, false, true, false, CERTS_WHY_NAMES | CERTS_WHY_CA, CERTS_WHY_NAMES},
        {{{"tls.key", NULL}}, 0, false, false, false, false, CERTS_WHY_UNFIT, 0},
        {{{"tls.key", NULL}}, 0, false, false, false, true, CERTS_WHY_UNFIT, 0},
        {{{"tls.key", &garbage}}, 0, false, false, false, false, CERTS_WHY_UNFIT, 0},
        {{{"tls.key", &other.tls_key}}, 0, false, false, false, false, CERTS_WHY_UNFIT, 0},
        {{{"tls.crt", NULL}}, 0, false, false, false, false, CERTS_WHY_UNFIT, 0},
        {{{"tls.crt", &garbage}}, 0, false, false, false, false, CERTS_WHY_UNFIT, 0},
        {{{"tls.crt", NULL}, {"tls.key", NULL}}, 0, false, false, false, false, CERTS_WHY_UNFIT, 0},
        {{{"tls.crt", &other.tls_crt}, {"tls.key", &other.tls_key}}, 0, false, false, false, false,
         CERTS_WHY_CA, 0},
        {{{"ca.key", NULL}}, 0, false, true, false, false, CERTS_WHY_CA,
         CERTS_WHY_ASKED | CERTS_WHY_UNFIT},
        {{{"ca.key", &garbage}}, 0, false, true, false, false, CERTS_WHY_CA,
         CERTS_WHY_ASKED | CERTS_WHY_UNFIT},
        {{{"ca.key", &other.ca_key}}, 0, false, true, false, false, CERTS_WHY_CA,
         CERTS_WHY_ASKED | CERTS_WHY_UNFIT},
    };
    // clang-format on
    for (size_t i = 0; i < N(rows); i++) {
        struct err err = ERR_INIT;
        struct certs_info info;
        assert_ok(certs_save(&one, folder, true, &err), &err);
        change(&rows[i].changes[0]);
        change(&rows[i].changes[1]);
        struct certs_rotation how = {.request = request(CERTS_KEY_P256),
                                     .new_leaf = rows[i].new_leaf,
                                     .new_ca = rows[i].new_ca,
                                     .dry_run = true};
        how.request.now_s = now + rows[i].at_day * day;
        how.request.dns = dns;
        how.request.n_dns = rows[i].more_names ? 1 : 0;
        if (rows[i].no_service)
            how.request.service = how.request.namespace = STR_NONE;
        size_t n_files = count_entries(folder);
        struct certs_outcome plan = rotate(&how);
        assert_int_equal(count_entries(folder), n_files);
        how.dry_run = false;
        struct certs_outcome out = rotate(&how);
        if (out.leaf_why != rows[i].leaf_why || out.ca_why != rows[i].ca_why ||
            plan.leaf_why != out.leaf_why || plan.ca_why != out.ca_why ||
            plan.n_cas != out.n_cas || plan.n_dropped != out.n_dropped)
            fail_row("row %zu: leaf %u, CA %u; planned %u, %u", i, out.leaf_why, out.ca_why,
                     plan.leaf_why, plan.ca_why);
        struct certs_files after = read_files();
        unsigned found = judge(&after, &after, how.request.now_s, &info);
        if ((found & ~(unsigned)CERTS_CA_SOON) != 0 || out.leaf_not_after_s != info.not_after_s)
            fail_row("row %zu: %s", i, info.chain);
        if ((strstr(info.names, "extra.example") != NULL) != rows[i].more_names)
            fail_row("row %zu: names %s", i, info.names);
        assert_int_equal(count_entries(folder), 4);
        certs_files_done(&after);
    }
}

static void a_dry_run_changes_nothing(void **state) {
    (void)state;
    struct err err = ERR_INIT;
    struct certs_rotation how = {
        .request = request(CERTS_KEY_P256), .new_ca = true, .dry_run = true};
    assert_ok(certs_save(&one, folder, true, &err), &err);
    struct certs_outcome out = rotate(&how);
    assert_int_equal(out.n_cas, 2);
    assert_int_equal(out.ca_not_after_s, now + 3650 * day);
    assert_int_equal(out.leaf_not_after_s, now + 365 * day);
    assert_saved(folder, &one);
}

static void rotation_that_cannot_be_changes_nothing(void **state) {
    (void)state;
    const struct str dns[] = {STR("extra.example")};
    // clang-format off
    const struct {
        struct change change;
        int64_t at_s;
        int32_t days, percent, overlap;
        const char *service;
        size_t n_dns;
        enum ec ec;
        const char *text;
    } rows[] = {
        {{"ca.crt", NULL}, 0, 365, 0, 0, "s", 0, EC_IO, "ca.crt"},
        {{"ca.crt", &garbage}, 0, 365, 0, 0, "s", 0, EC_CRYPTO, "ca.crt: found no PEM block"},
        {{"ca.crt", &one.ca_key}, 0, 365, 0, 0, "s", 0, EC_CRYPTO, "ca.crt: found a private key"},
        {{"ca.crt", &other.ca_crt}, 0, 365, 0, 0, "s", 0, EC_CRYPTO, "matches no certificate"},
        {{"ca.key", NULL}, 0, 365, 0, 0, "s", 0, EC_IO, "ca.key"},
        {{"ca.key", &garbage}, 0, 365, 0, 0, "s", 0, EC_CRYPTO, "ca.key: found no PEM block"},
        {{"ca.key", &other.ca_key}, 0, 365, 0, 0, "s", 0, EC_CRYPTO, "matches no certificate"},
        {{0}, -301, 365, 0, 0, "s", 0, EC_CRYPTO, "not valid yet"},
        {{0}, 0, 0, 0, 0, "s", 0, EC_USAGE, "lifetime of 0 days"},
        {{0}, 0, 365, 100, 0, "s", 0, EC_USAGE, "100%"},
        {{0}, 0, 365, -1, 0, "s", 0, EC_USAGE, "-1%"},
        {{0}, 0, 365, 0, -1, "s", 0, EC_USAGE, "overlap of -1"},
        {{0}, 0, 365, 0, 36501, "s", 0, EC_USAGE, "overlap of 36501"},
        {{0}, 0, 365, 0, 0, "S", 0, EC_USAGE, "\"S\""},
        {{0}, 0, 365, 0, 0, "", 1, EC_USAGE, "names without a service"},
        {{"tls.crt", NULL}, 0, 365, 0, 0, "", 0, EC_USAGE, "give service and namespace"},
        {{"tls.crt", &garbage}, 0, 365, 0, 0, "", 0, EC_USAGE, "give service and namespace"},
    };
    // clang-format on
    for (size_t i = 0; i < N(rows); i++) {
        struct err err = ERR_INIT;
        struct certs_outcome out = {.n_cas = 77};
        assert_ok(certs_save(&one, folder, true, &err), &err);
        change(&rows[i].change);
        size_t n_files = count_entries(folder);
        struct certs_rotation how = {.request = request(CERTS_KEY_P256),
                                     .left_percent = rows[i].percent,
                                     .overlap_days = rows[i].overlap};
        how.request.now_s += rows[i].at_s;
        how.request.days = rows[i].days;
        how.request.service = str_of(rows[i].service);
        how.request.namespace = rows[i].service[0] ? STR("ns") : STR_NONE;
        how.request.dns = dns;
        how.request.n_dns = rows[i].n_dns;
        enum ec ec = certs_rotate(&out, folder, &how, &err);
        if (ec != rows[i].ec || !has(&err, rows[i].text) || out.n_cas != 77 ||
            count_entries(folder) != n_files)
            fail_row("row %zu: %s: %s", i, ec_name(ec), err.msg);
        change(&(struct change){rows[i].change.name, &garbage});
        const struct buf *bufs[] = {&one.ca_crt, &one.ca_key, &one.tls_crt, &one.tls_key};
        for (size_t k = 0; k < N(file_names); k++)
            if (rows[i].change.name && strcmp(rows[i].change.name, file_names[k]) == 0)
                put_file(file_names[k], buf_view(bufs[k]));
        for (size_t k = 0; k < N(file_names); k++)
            chmod(in(folder, file_names[k]),
                  str_ends(str_of(file_names[k]), STR("key")) ? 0600 : 0644);
        assert_saved(folder, &one);
    }
}

static void a_folder_in_use_or_missing_is_an_error(void **state) {
    (void)state;
    struct err err = ERR_INIT;
    struct certs_outcome out;
    struct certs_rotation how = {.request = request(CERTS_KEY_P256), .new_leaf = true};
    assert_int_equal(certs_rotate(&out, in(folder, "none"), &how, &err), EC_IO);
    assert_int_equal(err.os, ENOENT);
    err = (struct err)ERR_INIT;
    assert_ok(certs_save(&one, folder, true, &err), &err);
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(certs_rotate(&out, folder, &how, &err), EC_IO);
    assert_int_equal(err.os, EWOULDBLOCK);
    close(fd);
    assert_saved(folder, &one);
}

/* A crash after any of the renames: the next call leaves a whole set, and the pair that was
 * served at the time of the crash verifies all along. */
static void a_crash_between_renames_is_healed(void **state) {
    (void)state;
    static const char *const order[] = {"ca.crt", "ca.key", "tls.key", "tls.crt"};
    for (size_t done = 0; done <= N(order); done++) {
        struct err err = ERR_INIT;
        struct certs_rotation how = {.request = request(CERTS_KEY_P256), .new_ca = true};
        how.request.now_s += day;
        assert_ok(certs_save(&one, folder, true, &err), &err);
        rotate(&how);
        struct certs_files whole = read_files();
        const struct buf *old[] = {&one.ca_crt, &one.ca_key, &one.tls_key, &one.tls_crt};
        for (size_t k = done; k < N(order); k++)
            put_file(order[k], buf_view(old[k]));
        how.new_ca = false;
        how.request.now_s += day;
        rotate(&how);
        struct certs_files after = read_files();
        struct certs_info info;
        if (judge(&after, &after, how.request.now_s, &info) != 0 ||
            judge(&one, &after, how.request.now_s, &info) != 0 ||
            (done > 1 && judge(&whole, &after, how.request.now_s, &info) != 0))
            fail_row("crash after %zu renames: %s", done, info.chain);
        how.request.now_s += 60 * day;
        assert_int_equal(rotate(&how).n_cas, 1);
        certs_files_done(&whole);
        certs_files_done(&after);
    }
}

static void names_stay_when_none_are_given(void **state) {
    (void)state;
    const struct str dns[] = {STR("extra.example"), STR("10.9.8.7")};
    struct certs_rotation how = {.request = request(CERTS_KEY_RSA2048), .new_leaf = true};
    struct certs_info old, new;
    how.request.dns = dns;
    how.request.n_dns = 2;
    start(&how.request);
    struct certs_files before = read_files();
    how.request.service = how.request.namespace = STR_NONE;
    how.request.n_dns = 0;
    rotate(&how);
    struct certs_files after = read_files();
    judge(&before, &before, now, &old);
    assert_int_equal(judge(&after, &after, now, &new), 0);
    assert_string_equal(new.names, old.names);
    assert_string_equal(new.subject, old.subject);
    assert_string_equal(new.key_type, "RSA 2048");
    assert_string_not_equal(new.serial, old.serial);
    certs_files_done(&before);
    certs_files_done(&after);
}

static void check_succession(int seconds) {
    enum { STEPS = 5 };
    struct certs_files sets[STEPS + 1];
    struct certs_rotation how = {.request = request(CERTS_KEY_P256)};
    struct certs_info info;
    start(&how.request);
    sets[0] = read_files();
    for (int i = 1; i <= STEPS; i++) {
        how.new_leaf = true;
        how.new_ca = i % 2 == 1;
        how.request.now_s = now + (int64_t)i * seconds;
        rotate(&how);
        sets[i] = read_files();
        for (int k = 0; k <= i; k++)
            if (judge(&sets[k], &sets[i], how.request.now_s, &info) != 0)
                fail_row("leaf %d, bundle %d: %s", k, i, info.chain);
        /* Who has the bundle of the step before, or of the CA before, still follows. */
        for (int k = i > 2 ? i - 2 : 0; k < i; k++)
            if (judge(&sets[i], &sets[k], how.request.now_s, &info) != 0)
                fail_row("leaf %d, bundle %d: %s", i, k, info.chain);
    }
    for (int i = 0; i <= STEPS; i++)
        certs_files_done(&sets[i]);
}

static void changes_in_quick_succession_fit_all_bundles(void **state) {
    (void)state;
    check_succession(60);
    check_succession(0);
}

static size_t count_keys(const struct buf *pem) {
    static const char mark[] = "-----BEGIN ";
    size_t n = 0;
    for (const char *at = pem->p, *end = pem->p + pem->n;
         (at = memmem(at, (size_t)(end - at), mark, strlen(mark))) != NULL; n++)
        at += strlen(mark);
    return n;
}

static void replaced_ca_is_dropped_after_the_overlap(void **state) {
    (void)state;
    struct certs_rotation how = {.request = request(CERTS_KEY_P256), .overlap_days = 5};
    // clang-format off
    static const struct {
        int64_t at_s;
        bool new_ca;
        size_t n_cas, n_dropped;
        unsigned leaf_why;
    } rows[] = {
        {100 * 86400, true, 2, 0, 0},
        {101 * 86400 - 301, false, 2, 0, 0}, /* the old one signs for a day */
        {101 * 86400 - 300, false, 2, 0, CERTS_WHY_CA},
        {103 * 86400, true, 3, 0, 0},
        {105 * 86400 - 301, false, 3, 0, CERTS_WHY_CA},
        {105 * 86400 - 300, false, 2, 1, 0}, /* the first, replaced on day 100 */
        {108 * 86400 - 301, false, 2, 0, 0},
        {108 * 86400 - 300, false, 1, 1, 0}, /* the second, replaced on day 103 */
        {109 * 86400, false, 1, 0, 0},
    };
    // clang-format on
    start(&how.request);
    for (size_t i = 0; i < N(rows); i++) {
        struct certs_files before = read_files();
        how.request.now_s = now + rows[i].at_s;
        how.new_ca = rows[i].new_ca;
        struct certs_outcome out = rotate(&how);
        struct certs_files after = read_files();
        if (out.n_cas != rows[i].n_cas || out.n_dropped != rows[i].n_dropped ||
            out.leaf_why != rows[i].leaf_why ||
            out.ca_why != (rows[i].new_ca ? CERTS_WHY_ASKED : 0) ||
            same(&before.tls_crt, &after.tls_crt) != (rows[i].leaf_why == 0) ||
            count_keys(&after.ca_key) != rows[i].n_cas)
            fail_row("row %zu: %zu CAs, %zu keys, %zu dropped, %u, %u", i, out.n_cas,
                     count_keys(&after.ca_key), out.n_dropped, out.leaf_why, out.ca_why);
        certs_files_done(&before);
        certs_files_done(&after);
    }
}

/* The new CA came, its leaf did not, and no one looked for longer than the overlap: the old
 * leaf may still be serving when the next call finds it. */
static void ca_of_the_leaf_found_is_kept_however_old(void **state) {
    (void)state;
    struct err err = ERR_INIT;
    struct certs_info info;
    struct certs_rotation how = {.request = request(CERTS_KEY_P256), .new_ca = true};
    assert_ok(certs_save(&one, folder, true, &err), &err);
    rotate(&how);
    put_file("tls.key", buf_view(&one.tls_key));
    put_file("tls.crt", buf_view(&one.tls_crt));
    how.new_ca = false;
    how.request.now_s += 100 * day;
    struct certs_outcome out = rotate(&how);
    struct certs_files after = read_files();
    assert_int_equal(out.leaf_why, CERTS_WHY_CA);
    assert_int_equal(out.n_cas, 2);
    assert_int_equal(judge(&one, &after, how.request.now_s, &info), 0);
    assert_int_equal(judge(&after, &after, how.request.now_s, &info), 0);
    certs_files_done(&after);
}

/* A CA of another maker, with an extension that nobody here knows. */
static void nothing_is_written_that_does_not_verify(void **state) {
    (void)state;
    X509 *x = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"narrow", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_version(x, X509_VERSION_3);
    X509_set_pubkey(x, key);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    ASN1_TIME_set(X509_getm_notBefore(x), now - day);
    ASN1_TIME_set(X509_getm_notAfter(x), now + 3650 * day);
    const struct {
        int nid;
        const char *value;
    } rows[] = {{NID_basic_constraints, "critical,CA:TRUE"},
                {OBJ_create("1.3.6.1.4.1.99999.1", "odd", "odd"), "critical,DER:0500"}};
    for (size_t i = 0; i < N(rows); i++) {
        X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, &ctx, rows[i].nid, rows[i].value);
        assert_int_equal(X509_add_ext(x, e, -1), 1);
        X509_EXTENSION_free(e);
    }
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    struct err err = ERR_INIT;
    struct certs_outcome out;
    assert_ok(certs_save(&one, folder, true, &err), &err);
    FILE *f = fopen(in(folder, "ca.crt"), "w");
    PEM_write_X509(f, x);
    fclose(f);
    f = fopen(in(folder, "ca.key"), "w");
    PEM_write_PKCS8PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    X509_free(x);
    EVP_PKEY_free(key);
    struct certs_files before = read_files();
    struct certs_rotation how = {.request = request(CERTS_KEY_P256)};
    assert_int_equal(certs_rotate(&out, folder, &how, &err), EC_CRYPTO);
    assert_true(has(&err, "unhandled critical extension"));
    struct certs_files after = read_files();
    assert_true(same(&before.ca_crt, &after.ca_crt) && same(&before.tls_crt, &after.tls_crt) &&
                same(&before.ca_key, &after.ca_key) && same(&before.tls_key, &after.tls_key));
    assert_int_equal(count_entries(folder), 4);
    certs_files_done(&before);
    certs_files_done(&after);
}

static void out_of_memory_changes_nothing(void **state) {
    (void)state;
    struct certs_rotation how = {.request = request(CERTS_KEY_P256), .new_ca = true};
    struct certs_outcome out;
    struct err err = ERR_INIT;
    assert_ok(certs_save(&one, folder, true, &err), &err);
    enum ec ec = EC_NOMEM;
    for (long n = 0; ec != EC_OK; n++) {
        err = (struct err)ERR_INIT;
        mem_fail_at = n;
        ec = certs_rotate(&out, folder, &how, &err);
        mem_fail_at = -1;
        if ((ec != EC_OK && ec != EC_NOMEM) || n > 200)
            fail_row("allocation %ld: %s: %s", n, ec_name(ec), err.msg);
        if (ec != EC_OK)
            assert_saved(folder, &one);
    }
    assert_int_equal(mem_keys_seen, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(years_go_by_without_a_gap, open_folder, close_folder),
    cmocka_unit_test_setup_teardown(decisions_come_with_their_reasons, open_folder,
                                    close_folder),
    cmocka_unit_test_setup_teardown(a_dry_run_changes_nothing, open_folder, close_folder),
    cmocka_unit_test_setup_teardown(rotation_that_cannot_be_changes_nothing, open_folder,
                                    close_folder),
    cmocka_unit_test_setup_teardown(a_folder_in_use_or_missing_is_an_error, open_folder,
                                    close_folder),
    cmocka_unit_test_setup_teardown(a_crash_between_renames_is_healed, open_folder,
                                    close_folder),
    cmocka_unit_test_setup_teardown(names_stay_when_none_are_given, open_folder, close_folder),
    cmocka_unit_test_setup_teardown(changes_in_quick_succession_fit_all_bundles, open_folder,
                                    close_folder),
    cmocka_unit_test_setup_teardown(replaced_ca_is_dropped_after_the_overlap, open_folder,
                                    close_folder),
    cmocka_unit_test_setup_teardown(ca_of_the_leaf_found_is_kept_however_old, open_folder,
                                    close_folder),
    cmocka_unit_test_setup_teardown(nothing_is_written_that_does_not_verify, open_folder,
                                    close_folder),
    cmocka_unit_test_setup_teardown(out_of_memory_changes_nothing, open_folder, close_folder),
};

int main(void) {
    return cmocka_run_group_tests(tests, make_fixtures, free_fixtures);
}
