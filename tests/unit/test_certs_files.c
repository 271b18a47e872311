#include "certs_fixture.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

/* -- Each, bundle, digest ------------------------------------------------------------------ */

struct seen {
    size_t n, stop_at;
    struct certs_info infos[4];
};

static enum ec see(void *arg, const struct certs_info *info, struct err *err) {
    struct seen *seen = arg;
    if (seen->n == seen->stop_at)
        return err_set(err, EC_LIMIT, "enough");
    seen->infos[seen->n++] = *info;
    return EC_OK;
}

static void each_certificate_is_shown_in_order(void **state) {
    (void)state;
    struct buf pem = BUF_INIT(CERTS_PEM_MAX);
    struct err err = ERR_INIT;
    struct seen seen = {.stop_at = 4};
    buf_str(&pem, buf_view(&one.tls_crt));
    buf_str(&pem, buf_view(&one.ca_crt));
    assert_ok(certs_each(buf_view(&pem), see, &seen, &err), &err);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.infos[0].n_certs, 2);
    assert_false(seen.infos[0].is_ca);
    assert_true(seen.infos[1].is_ca);
    assert_string_equal(seen.infos[0].issuer, seen.infos[1].subject);
    assert_true(str_starts(str_of(seen.infos[1].subject), STR("CN=pullgate CA ")));
    assert_int_equal(strlen(seen.infos[0].sha256), 64);
    assert_string_not_equal(seen.infos[0].sha256, seen.infos[1].sha256);
    seen = (struct seen){.stop_at = 1};
    assert_int_equal(certs_each(buf_view(&pem), see, &seen, &err), EC_LIMIT);
    assert_int_equal(seen.n, 1);
    buf_str(&pem, buf_view(&one.ca_key));
    seen = (struct seen){.stop_at = 4};
    err = (struct err)ERR_INIT;
    assert_int_equal(certs_each(buf_view(&pem), see, &seen, &err), EC_CRYPTO);
    assert_int_equal(seen.n, 0);
    certs_wipe(&pem);
}

static void bundle_is_certificates_alone_on_one_line(void **state) {
    (void)state;
    struct buf pem = BUF_INIT(CERTS_PEM_MAX), want = BUF_INIT(CERTS_PEM_MAX),
               found = BUF_INIT(CERTS_PEM_MAX), tight = BUF_INIT(100);
    struct err err = ERR_INIT;
    const struct str ca = buf_view(&one.ca_crt);
    buf_puts(&pem, "subject=CN = something\r\n");
    for (size_t i = 0; i < ca.n; i++) {
        buf_puts(&pem, ca.p[i] == '\n' ? "\r\n" : "");
        if (ca.p[i] != '\n')
            buf_putc(&pem, ca.p[i]);
    }
    buf_puts(&pem, "trailing words, no line end");
    buf_puts(&found, "caBundle: ");
    buf_puts(&want, "caBundle: ");
    buf_base64(&want, ca);
    assert_ok(certs_bundle(&found, buf_view(&pem), &err), &err);
    assert_str(buf_view(&found), buf_view(&want));
    buf_puts(&tight, "x");
    assert_int_equal(certs_bundle(&tight, ca, &err), EC_LIMIT);
    assert_str(buf_view(&tight), STR("x"));
    const struct str bad[] = {STR_NONE, STR("LS0tLS1CRUdJTg=="), buf_view(&one.ca_key),
                              str_slice(ca, 0, ca.n / 2)};
    for (size_t i = 0; i < N(bad); i++) {
        err = (struct err)ERR_INIT;
        if (certs_bundle(&found, bad[i], &err) != EC_CRYPTO || found.n != want.n)
            fail_row("row %zu", i);
    }
    buf_str(&pem, buf_view(&one.ca_key));
    err = (struct err)ERR_INIT;
    assert_int_equal(certs_bundle(&found, buf_view(&pem), &err), EC_CRYPTO);
    certs_wipe(&pem);
    buf_done(&want);
    buf_done(&found);
    buf_done(&tight);
}

static void sha256_is_the_known_one(void **state) {
    (void)state;
    static const struct {
        struct str bytes;
        const char *hex;
    } rows[] = {
        {STR_INIT(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {STR_INIT("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {STR_INIT("a\0b"), "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138"}};
    char hex[65];
    for (size_t i = 0; i < N(rows); i++) {
        certs_sha256_hex(rows[i].bytes, hex);
        assert_string_equal(hex, rows[i].hex);
    }
    certs_sha256_hex(STR_NONE, hex);
    assert_string_equal(hex, rows[0].hex);
}

/* -- Save ---------------------------------------------------------------------------------- */

static void files_are_saved_with_their_modes(void **state) {
    (void)state;
    char dir[] = "/tmp/pullgate-certs-XXXXXX", made[64];
    struct err err = ERR_INIT;
    struct stat st;
    mode_t mask = umask(0);
    assert_non_null(mkdtemp(dir));
    snprintf(made, sizeof made, "%s/made", dir);
    assert_ok(certs_save(&one, made, false, &err), &err);
    umask(mask);
    assert_int_equal(stat(made, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_saved(made, &one);
    assert_int_equal(chmod(in(made, "tls.key"), 0666), 0);
    assert_ok(certs_save(&other, made, true, &err), &err);
    assert_saved(made, &other);
    remove_all(made);
    rmdir(dir);
}

static void existing_files_are_kept_unless_forced(void **state) {
    (void)state;
    char dir[] = "/tmp/pullgate-certs-XXXXXX";
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < N(file_names); i++) {
        struct err err = ERR_INIT;
        struct buf text = BUF_INIT(CERTS_READ_ROOM);
        assert_ok(file_replace(in(dir, file_names[i]), 0640, STR("mine"), &err), &err);
        assert_int_equal(certs_save(&one, dir, false, &err), EC_IO);
        assert_int_equal(err.os, EEXIST);
        if (!has(&err, file_names[i]) || count_entries(dir) != 1)
            fail_row("%s: %s", file_names[i], err.msg);
        err = (struct err)ERR_INIT;
        assert_ok(file_read(&text, in(dir, file_names[i]), 10, &err), &err);
        assert_str(buf_view(&text), STR("mine"));
        buf_done(&text);
        unlink(in(dir, file_names[i]));
    }
    rmdir(dir);
}

static void saving_that_cannot_be_leaves_nothing(void **state) {
    (void)state;
    char dir[] = "/tmp/pullgate-certs-XXXXXX";
    struct err err = ERR_INIT;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(certs_save(&one, in(dir, "no/such"), false, &err), EC_IO);
    err = (struct err)ERR_INIT;
    assert_ok(file_replace(in(dir, "ca.key"), 0600, STR("x"), &err), &err);
    assert_int_equal(certs_save(&one, in(dir, "ca.key"), true, &err), EC_IO);
    assert_int_equal(err.os, ENOTDIR);
    unlink(in(dir, "ca.key"));
    err = (struct err)ERR_INIT;
    struct certs_files none = CERTS_FILES_INIT;
    assert_int_equal(certs_save(&none, dir, true, &err), EC_BUG);
    assert_int_equal(count_entries(dir), 0);
    /* A folder where ca.crt belongs: all are staged, the first rename fails. */
    assert_int_equal(mkdir(in(dir, "ca.crt"), 0700), 0);
    err = (struct err)ERR_INIT;
    assert_int_equal(certs_save(&one, dir, true, &err), EC_IO);
    assert_int_equal(count_entries(dir), 1);
    rmdir(in(dir, "ca.crt"));
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    err = (struct err)ERR_INIT;
    assert_int_equal(certs_save(&one, dir, true, &err), EC_IO);
    assert_int_equal(err.os, EWOULDBLOCK);
    assert_int_equal(count_entries(dir), 0);
    close(fd);
    rmdir(dir);
}

static void long_files_are_refused(void **state) {
    (void)state;
    char path[] = "/tmp/pullgate-certs-XXXXXX";
    struct buf text = BUF_INIT(CERTS_READ_ROOM), tight = BUF_INIT(CERTS_PEM_MAX);
    struct err err = ERR_INIT;
    int fd = mkstemp(path);
    assert_int_equal(ftruncate(fd, CERTS_PEM_MAX + 1), 0);
    assert_int_equal(certs_read(&text, path, &err), EC_LIMIT);
    err = (struct err)ERR_INIT;
    assert_int_equal(ftruncate(fd, CERTS_PEM_MAX), 0);
    buf_reset(&text);
    assert_ok(certs_read(&text, path, &err), &err);
    assert_int_equal(text.n, CERTS_PEM_MAX);
    assert_int_equal(certs_read(&tight, path, &err), EC_LIMIT);
    certs_wipe(&text);
    close(fd);
    unlink(path);
}

static void out_of_memory_is_an_error_and_leaves_no_key(void **state) {
    (void)state;
    char dir[] = "/tmp/pullgate-certs-XXXXXX";
    assert_non_null(mkdtemp(dir));
    struct certs_request r = request(CERTS_KEY_P256);
    enum ec ec = EC_NOMEM;
    for (long n = 0; ec != EC_OK; n++) {
        struct certs_files f = CERTS_FILES_INIT;
        struct buf bundle = BUF_INIT(CERTS_PEM_MAX), text = BUF_INIT(CERTS_READ_ROOM);
        struct certs_info info;
        struct err err = ERR_INIT;
        unsigned problems;
        mem_fail_at = n;
        ec = certs_make(&f, &r, &err);
        if (ec == EC_OK)
            ec = certs_check(&info, &problems, buf_view(&f.tls_crt), buf_view(&f.tls_key),
                             buf_view(&f.ca_crt), STR("pullgate"), now, &err);
        if (ec == EC_OK)
            ec = certs_bundle(&bundle, buf_view(&f.ca_crt), &err);
        if (ec == EC_OK)
            ec = certs_save(&f, dir, true, &err);
        if (ec == EC_OK)
            ec = certs_read(&text, in(dir, "tls.key"), &err);
        mem_fail_at = -1;
        if ((ec != EC_OK && ec != EC_NOMEM) || n > 200)
            fail_row("allocation %ld: %s: %s", n, ec_name(ec), err.msg);
        certs_files_done(&f);
        certs_wipe(&text);
        buf_done(&bundle);
    }
    assert_int_equal(count_entries(dir), 4);
    assert_int_equal(mem_keys_seen, 0);
    remove_all(dir);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_certificate_is_shown_in_order),
    cmocka_unit_test(bundle_is_certificates_alone_on_one_line),
    cmocka_unit_test(sha256_is_the_known_one),
    cmocka_unit_test(files_are_saved_with_their_modes),
    cmocka_unit_test(existing_files_are_kept_unless_forced),
    cmocka_unit_test(saving_that_cannot_be_leaves_nothing),
    cmocka_unit_test(long_files_are_refused),
    cmocka_unit_test(out_of_memory_is_an_error_and_leaves_no_key),
};

int main(void) {
    return cmocka_run_group_tests(tests, make_fixtures, free_fixtures);
}
