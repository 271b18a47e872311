/* certs_fixture - two sets of files that have nothing in common, and a folder to put them in.
 * Use     include it in one test file; it includes mem_watch.h
 * Time    the sets were made at `now`                                                  */
#ifndef PULLGATE_TESTS_CERTS_FIXTURE_H
#define PULLGATE_TESTS_CERTS_FIXTURE_H

#include "mem_watch.h"
#include "test.h"

#include "certs/certs.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define N(array) (sizeof(array) / sizeof *(array))

static const int64_t now = 1800000000, day = 86400;

static inline struct certs_request request(enum certs_key key) {
    return (struct certs_request){.key = key,
                                  .service = STR("pullgate"),
                                  .namespace = STR("image-policy"),
                                  .now_s = now,
                                  .days = 365,
                                  .ca_days = 3650};
}

static struct certs_files one, other; /* two sets that have nothing in common */

static inline int make_fixtures(void **state) {
    (void)state;
    struct certs_request r = request(CERTS_KEY_P256);
    struct err err = ERR_INIT;
    one = other = (struct certs_files)CERTS_FILES_INIT;
    return certs_make(&one, &r, &err) != EC_OK || certs_make(&other, &r, &err) != EC_OK;
}

static inline int free_fixtures(void **state) {
    (void)state;
    certs_files_done(&one);
    certs_files_done(&other);
    return mem_keys_seen != 0;
}

static inline bool has(const struct err *err, const char *text) {
    return strstr(err->msg, text) != NULL;
}

static const char *const file_names[] = {"ca.crt", "ca.key", "tls.crt", "tls.key"};

static inline const char *in(const char *dir, const char *name) {
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static inline size_t count_entries(const char *dir) {
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

static inline void remove_all(const char *dir) {
    for (size_t i = 0; i < N(file_names); i++)
        unlink(in(dir, file_names[i]));
    rmdir(dir);
}

static inline void assert_saved(const char *dir, const struct certs_files *f) {
    const struct buf *bufs[] = {&f->ca_crt, &f->ca_key, &f->tls_crt, &f->tls_key};
    struct err err = ERR_INIT;
    struct stat st;
    assert_int_equal(count_entries(dir), 4);
    for (size_t i = 0; i < N(file_names); i++) {
        struct buf text = BUF_INIT(CERTS_READ_ROOM);
        assert_ok(certs_read(&text, in(dir, file_names[i]), &err), &err);
        assert_str(buf_view(&text), buf_view(bufs[i]));
        assert_int_equal(stat(in(dir, file_names[i]), &st), 0);
        assert_int_equal(st.st_mode & 07777,
                         str_ends(str_of(file_names[i]), STR("key")) ? 0600 : 0644);
        certs_wipe(&text);
    }
}

#endif
