#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void str_slices_stay_inside(void **state) {
    (void)state;
    struct str s = STR("hello");
    assert_str(str_slice(s, 1, 3), STR("el"));
    assert_str(str_slice(s, 3, 99), STR("lo"));
    assert_str(str_slice(s, 9, 2), STR(""));
    assert_int_equal(str_find(s, 'l'), 2);
    assert_int_equal(str_find(s, 'z'), 5);
    assert_str(str_trim(STR(" \ta b\n")), STR("a b"));
    assert_true(str_cmp(STR("a"), STR("ab")) < 0);
    assert_true(str_cmp(STR("b"), STR("ab")) > 0);
}

/* One bit anywhere, the length and the seed count; where the bytes lie does not. */
static void str_hashes_every_byte(void **state) {
    (void)state;
    char at[2][24] = {"-registry.example/app:1", "registry.example/app:1"};
    struct str odd = {at[0] + 1, 22}, even = {at[1], 22};
    uint32_t hash = str_hash(odd, 7);
    assert_int_equal(str_hash(even, 7), hash);
    assert_int_not_equal(str_hash(even, 8), hash);
    for (size_t i = 0; i < even.n; i++) {
        assert_int_not_equal(str_hash(str_slice(even, 0, i), 7), hash);
        at[1][i] ^= 1;
        assert_int_not_equal(str_hash(even, 7), hash);
        at[1][i] ^= 1;
    }
    assert_int_not_equal(str_hash(STR("\0"), 0), str_hash(STR("\0\0"), 0));
}

static void str_reads_numbers_strictly(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } rows[] = {{"0", true, 0},      {"65535", true, 65535},
                {"65536", false, 0}, {"", false, 0},
                {"+1", false, 0},    {"1 ", false, 0},
                {"00080", true, 80}, {"99999999999999999999999", false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t v = 7;
        if (str_to_uint(str_of(rows[i].text), 65535, &v) != rows[i].ok)
            fail_row("row \"%s\"", rows[i].text);
        assert_int_equal(v, rows[i].ok ? rows[i].value : 7);
    }
}

static void str_suggests_only_what_is_near(void **state) {
    (void)state;
    static const char *const keys[] = {"registry", "mirrors", "approved", "denied"};
    assert_int_equal(str_nearest(STR("registery"), keys, 4), 0);
    assert_int_equal(str_nearest(STR("Mirror"), keys, 4), 1);
    assert_int_equal(str_nearest(STR("aproved"), keys, 4), 2);
    assert_int_equal(str_nearest(STR("secrets"), keys, 4), -1);
    static const char *const swapped[] = {"test", "now", "bench"};
    assert_int_equal(str_nearest(STR("tset"), swapped, 3), 0);
    assert_int_equal(str_nearest(STR("ETST"), swapped, 3), 0);
    assert_int_equal(str_nearest(STR("tste"), swapped, 3), -1);
    assert_int_equal(str_nearest(STR("nwo"), swapped, 3), 1);
    assert_int_equal(str_nearest(STR("bnehc"), swapped, 3), -1);
    assert_int_equal(str_nearest(STR(""), keys, 4), -1);
}

static void buf_keeps_its_maximum(void **state) {
    (void)state;
    struct buf b = BUF_INIT(300);
    for (int i = 0; i < 30; i++)
        buf_puts(&b, "0123456789");
    assert_int_equal(b.bad, EC_OK);
    buf_putc(&b, 'x');
    assert_int_equal(b.bad, EC_LIMIT);
    assert_int_equal(b.n, 300);
    buf_reset(&b);
    buf_printf(&b, "%d-%s", 7, "seven");
    buf_int(&b, INT64_MIN);
    buf_uint(&b, UINT64_MAX);
    assert_str(buf_view(&b), STR("7-seven-922337203685477580818446744073709551615"));
    buf_done(&b);
}

static void buf_escapes_json(void **state) {
    (void)state;
    struct buf b = BUF_INIT(1000);
    buf_json(&b, (struct str){"a\"\\\n\0\x1f\x7f\xc3\xa9\xff\xe2\x80\xa8<", 14});
    assert_str(buf_view(&b),
               STR("\"a\\\"\\\\\\n\\u0000\\u001f\\u007f\xc3\xa9\xef\xbf\xbd\\u2028<\""));
    buf_reset(&b);
    /* the first and last of what is not seen, and their neighbours */
    buf_json(&b,
             STR("\x7e\xc2\x80\xc2\x9f\xc2\xa0\xe2\x80\x8a\xe2\x80\x8b\xe2\x80\x8f\xe2\x80\x90"
                 "\xe2\x80\xa7\xe2\x80\xae\xe2\x80\xaf\xe2\x81\x9f\xe2\x81\xa0\xe2\x81\xaf"
                 "\xe2\x81\xb0\xef\xbb\xbe\xef\xbb\xbf\xef\xbc\x80\xf0\x90\x80\x8b"));
    assert_str(buf_view(&b),
               STR("\"\x7e\\u0080\\u009f\xc2\xa0\xe2\x80\x8a\\u200b\\u200f\xe2\x80\x90"
                   "\xe2\x80\xa7\\u202e\xe2\x80\xaf\xe2\x81\x9f\\u2060\\u206f"
                   "\xe2\x81\xb0\xef\xbb\xbe\\ufeff\xef\xbc\x80\xf0\x90\x80\x8b\""));
    buf_done(&b);
}

static void utf8_is_cut_between_characters(void **state) {
    (void)state;
    static const struct {
        struct str text;
        size_t max, n;
    } rows[] = {{STR_INIT("abc"), 3, 3},
                {STR_INIT("abc"), 2, 2},
                {STR_INIT("abc"), 0, 0},
                {STR_INIT("a\xc3\xa9"), 3, 3},
                {STR_INIT("a\xc3\xa9"), 2, 1},
                {STR_INIT("\xe2\x82\xac."), 3, 3},
                {STR_INIT("\xe2\x82\xac."), 2, 0},
                {STR_INIT("\xe2\x82\xac."), 1, 0},
                {STR_INIT("a\xf0\x9f\x98\x80."), 5, 5},
                {STR_INIT("a\xf0\x9f\x98\x80."), 4, 1},
                {STR_INIT("a\xf0\x9f\x98\x80."), 2, 1},
                /* no character is so long: bytes that are no UTF-8 */
                {STR_INIT("\x80\x80\x80\x80\x80\x80"), 5, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (utf8_cut(rows[i].text, rows[i].max).n != rows[i].n)
            fail_row("row %zu: %zu bytes", i, utf8_cut(rows[i].text, rows[i].max).n);
}

static void buf_writes_base64(void **state) {
    (void)state;
    static const struct {
        struct str in, out;
    } rows[] = {{STR_INIT(""), STR_INIT("")},
                {STR_INIT("f"), STR_INIT("Zg==")},
                {STR_INIT("fo"), STR_INIT("Zm8=")},
                {STR_INIT("foo"), STR_INIT("Zm9v")},
                {STR_INIT("foob"), STR_INIT("Zm9vYg==")},
                {STR_INIT("\xff\xfe\xfd\xfb"), STR_INIT("//79+w==")}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_INIT(100);
        buf_base64(&b, rows[i].in);
        assert_str(buf_view(&b), rows[i].out);
        buf_done(&b);
    }
}

/* Of every length, so that each way of copying meets every border: plain text alone, then with each
 * byte in each place. What a byte becomes alone it becomes among others. */
static void buf_escapes_every_byte_everywhere(void **state) {
    (void)state;
    enum { LONGEST = 70 };
    for (size_t n = 0; n <= LONGEST; n++) {
        for (size_t at = 0; at < (n ? n : 1); at++) {
            for (unsigned c = 0; c < 0x80; c++) {
                struct buf in = BUF_INIT(LONGEST), out = BUF_INIT(1000);
                struct buf alone = BUF_INIT(10), expected = BUF_INIT(1000);
                char byte = (char)c;
                for (size_t i = 0; i < n; i++)
                    buf_putc(&in, i == at ? byte : (char)('a' + i % 26));
                buf_json(&alone, (struct str){&byte, 1});
                buf_putc(&expected, '"');
                buf_str(&expected, str_slice(buf_view(&in), 0, at));
                if (n != 0)
                    buf_str(&expected, str_slice(buf_view(&alone), 1, alone.n - 1));
                buf_str(&expected, str_slice(buf_view(&in), at + 1, n));
                buf_putc(&expected, '"');
                buf_json(&out, buf_view(&in));
                assert_str(buf_view(&out), buf_view(&expected));
                buf_done(&in);
                buf_done(&out);
                buf_done(&alone);
                buf_done(&expected);
            }
        }
    }
}

static void buf_escapes_each_byte(void **state) {
    (void)state;
    for (unsigned c = 0; c < 0x80; c++) {
        char byte = (char)c;
        struct buf out = BUF_INIT(10), expected = BUF_INIT(10);
        static const char *const shorts[0x80] = {
            ['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};
        buf_putc(&expected, '"');
        if (shorts[c] != NULL)
            buf_puts(&expected, shorts[c]);
        else if (c < 0x20 || c == 0x7f)
            buf_printf(&expected, "\\u%04x", c);
        else
            buf_putc(&expected, byte);
        buf_putc(&expected, '"');
        buf_json(&out, (struct str){&byte, 1});
        assert_str(buf_view(&out), buf_view(&expected));
        buf_done(&out);
        buf_done(&expected);
    }
}

/* What is not ASCII, after and before so many plain bytes. */
static void buf_keeps_utf8_everywhere(void **state) {
    (void)state;
    static const struct {
        struct str in, out;
    } rows[] = {{STR_INIT("\xc3\xa9"), STR_INIT("\xc3\xa9")},
                {STR_INIT("\xff"), STR_INIT("\xef\xbf\xbd")},
                {STR_INIT("\x80"), STR_INIT("\xef\xbf\xbd")},
                {STR_INIT("\xe2\x80\xa9"), STR_INIT("\\u2029")},
                {STR_INIT("\xf0\x9f\x90\xb3"), STR_INIT("\xf0\x9f\x90\xb3")}};
    struct str plain = STR("the quick brown fox jumps over the lazy dog");
    for (size_t i = 0; i < sizeof rows / sizeof *rows * plain.n * plain.n; i++) {
        struct str before = str_slice(plain, 0, i % plain.n);
        struct str after = str_slice(plain, 0, i / plain.n % plain.n);
        size_t row = i / plain.n / plain.n;
        struct buf in = BUF_INIT(200), out = BUF_INIT(200), expected = BUF_INIT(200);
        buf_str(&in, before);
        buf_str(&in, rows[row].in);
        buf_str(&in, after);
        buf_putc(&expected, '"');
        buf_str(&expected, before);
        buf_str(&expected, rows[row].out);
        buf_str(&expected, after);
        buf_putc(&expected, '"');
        buf_json(&out, buf_view(&in));
        assert_str(buf_view(&out), buf_view(&expected));
        buf_done(&in);
        buf_done(&out);
        buf_done(&expected);
    }
}

/* Every byte in every place of a block, whatever its neighbours: read back. */
static void buf_writes_base64_of_all_bytes(void **state) {
    (void)state;
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 37 + i / 7);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct buf out = BUF_INIT(1000);
        uint32_t bits = 0;
        size_t n_bits = 0, read = 0;
        /* A separate allocation, so that a sanitizer sees a read past its end. */
        char *in = mem_alloc(n != 0 ? n : 1);
        assert_non_null(in);
        memcpy(in, bytes, n);
        buf_base64(&out, (struct str){in, n});
        assert_int_equal(out.n, (n + 2) / 3 * 4);
        for (size_t i = 0; i < out.n && out.p[i] != '='; i++) {
            const char *digit = memchr(digits, out.p[i], 64);
            assert_non_null(digit);
            bits = bits << 6 | (uint32_t)(digit - digits);
            n_bits += 6;
            if (n_bits >= 8)
                assert_int_equal((unsigned char)(bits >> (n_bits -= 8)), bytes[read++]);
        }
        assert_int_equal(read, n);
        mem_free(in);
        buf_done(&out);
    }
}

static void utf8_is_strict(void **state) {
    (void)state;
    static const struct str good[] = {STR_INIT("a"), STR_INIT("\xc3\xa9"),
                                      STR_INIT("\xe2\x82\xac"), STR_INIT("\xf0\x9f\x98\x80"),
                                      STR_INIT("\xf4\x8f\xbf\xbf")};
    static const struct str bad[] = {STR_INIT("\xc0\x80"),
                                     STR_INIT("\x80"),
                                     STR_INIT("\xe0\x80\x80"),
                                     STR_INIT("\xed\xa0\x80"),
                                     STR_INIT("\xf4\x90\x80\x80"),
                                     STR_INIT("\xf8\x88\x80\x80\x80"),
                                     STR_INIT("\xc3"),
                                     STR_INIT("\xf0\x80\x80\x80")};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!utf8_is_valid(good[i]))
            fail_row("good row %zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (utf8_is_valid(bad[i]))
            fail_row("bad row %zu", i);
    for (uint32_t c = 0; c <= 0x110000; c += 0x55) {
        char text[4];
        size_t n = utf8_put(text, c);
        assert_int_equal(utf8_length((const unsigned char *)text, n), n);
    }
}

static void arena_is_capped_and_reusable(void **state) {
    (void)state;
    struct arena a = ARENA_INIT(1024, 4096);
    struct err err = ERR_INIT;
    for (int round = 0; round < 3; round++) {
        char *p = arena_zalloc(&a, 2000);
        assert_non_null(p);
        assert_int_equal(p[1999], 0);
        memset(p, 0xff, 2000);
        assert_null(arena_alloc(&a, 4000));
        assert_int_equal(a.bad, EC_LIMIT);
        arena_reset(&a);
    }
    assert_non_null(arena_alloc(&a, 0));
    assert_null(ARENA_ARRAY(&a, uint64_t, SIZE_MAX / 4));
    assert_int_equal(arena_fail(&a, &err), EC_LIMIT);
    arena_done(&a);
}

static void clock_prints_and_reads_times(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool ok, date_only;
        int64_t s;
    } rows[] = {{"1970-01-01", true, true, 0},
                {"2027-01-31", true, true, 1801353600},
                {"2024-02-29", true, true, 1709164800},
                {"2023-02-29", false, false, 0},
                {"2027-13-01", false, false, 0},
                {"2027-1-1", false, false, 0},
                {"2027-01-31T12:00:00Z", true, false, 1801396800},
                {"2027-01-31T12:00:00+01:00", true, false, 1801393200},
                {"2027-01-31T24:00:00Z", false, false, 0},
                {"2027-01-31 12:00:00Z", false, false, 0},
                {"tomorrow", false, false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t s = -1;
        bool date_only = false;
        if (clock_parse(str_of(rows[i].text), &s, &date_only) != rows[i].ok ||
            (rows[i].ok && (s != rows[i].s || date_only != rows[i].date_only)))
            fail_row("row \"%s\": %lld", rows[i].text, (long long)s);
    }
    struct buf b = BUF_INIT(100);
    clock_print_us(&b, 1801396800123456);
    clock_print_s(&b, -1);
    assert_str(buf_view(&b), STR("2027-01-31T12:00:00.123456Z1969-12-31T23:59:59Z"));
    buf_done(&b);
}

static void clock_reads_now_or_takes_its_own(void **state) {
    (void)state;
    struct err err = ERR_INIT;
    int64_t s = -1, before_s = clock_wall_s();
    assert_ok(clock_parse_now(&s, "--now", STR_NONE, &err), &err);
    assert_true(s >= before_s);
    assert_ok(clock_parse_now(&s, "--now", STR("2027-01-31T12:00:00Z"), &err), &err);
    assert_int_equal(s, 1801396800);
    assert_int_equal(clock_parse_now(&s, "--now", STR(""), &err), EC_USAGE);
    assert_string_equal(err.msg, "--now: found \"\", expected a date such as 2027-01-31 or a "
                                 "time such as 2027-01-31T12:00:00Z");
}

static void err_keeps_the_first_and_wraps(void **state) {
    (void)state;
    struct err e = ERR_INIT;
    struct buf b = BUF_INIT(1000);
    assert_int_equal(err_set(&e, EC_SYNTAX, "tag is %s", "empty"), EC_SYNTAX);
    assert_int_equal(err_set(&e, EC_BUG, "later"), EC_SYNTAX);
    err_wrap(&e, "container %d", 2);
    err_locate(&e, "pod.yaml", 3, 7);
    err_locate(&e, "other", 9, 9);
    err_print(&e, &b);
    assert_str(buf_view(&b), STR("pod.yaml:3:7: container 2: tag is empty"));
    buf_done(&b);
}

static void file_is_replaced_whole(void **state) {
    (void)state;
    char dir[] = "/tmp/pullgate-base-XXXXXX";
    char path[64];
    struct err err = ERR_INIT;
    struct buf b = BUF_INIT(1 << 20);
    struct stat st;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/key", dir);
    assert_ok(file_replace(path, 0600, STR("one"), &err), &err);
    assert_ok(file_replace(path, 0600, STR("two"), &err), &err);
    assert_ok(file_read(&b, path, 100, &err), &err);
    assert_str(buf_view(&b), STR("two"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_read(&b, path, 2, &err), EC_LIMIT);
    err = (struct err)ERR_INIT;
    assert_int_equal(file_read(&b, dir, 100, &err), EC_IO);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    err = (struct err)ERR_INIT;
    assert_int_equal(file_read(&b, path, 100, &err), EC_IO);
    unlink(path);
    rmdir(dir);
    buf_done(&b);
}

/* Only root may give a file away; a group of ours we may give to ourselves. */
static void file_keeps_its_owner(void **state) {
    (void)state;
    char dir[] = "/tmp/pullgate-base-XXXXXX";
    char path[64];
    struct err err = ERR_INIT;
    struct stat st;
    bool root = geteuid() == 0;
    uid_t owner = root ? 1234 : geteuid();
    gid_t group = root ? 2345 : getegid();
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/key", dir);
    assert_ok(file_replace(path, 0600, STR("one"), &err), &err);
    assert_int_equal(chown(path, owner, group), 0);
    assert_ok(file_replace(path, 02640, STR("two"), &err), &err);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_uid, owner);
    assert_int_equal(st.st_gid, group);
    assert_int_equal(st.st_mode & 07777, 02640);
    unlink(path);
    rmdir(dir);
}

/* A terminal that no one reads: it polls writable, and the write(2) blocks. */
static int stopped_terminal(void) {
    struct termios raw;
    int far = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(far >= 0 && grantpt(far) == 0 && unlockpt(far) == 0);
    int near = open(ptsname(far), O_RDWR | O_NOCTTY);
    assert_true(near >= 0 && tcgetattr(near, &raw) == 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(near, TCSANOW, &raw), 0);
    return near;
}

static void log_does_not_wait_for_readers(void **state) {
    (void)state;
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60); /* only a hang reaches it */
        if (dup2(stopped_terminal(), STDERR_FILENO) < 0)
            _exit(2);
        log_start();
        for (int i = 0; i < 10000; i++)
            LOG(LOG_WARN, "a_line_that_is_not_read", F_INT("number", i), F_END);
        log_flush();
        log_stop();
        LOG(LOG_WARN, "one_more", F_END);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int64_t wall_step_s; /* of the wall clock, against the true one */

/* In place of the C library's; the kernel, which waits, has the true time. */
int clock_gettime(clockid_t clock, struct timespec *out) {
    int status = (int)syscall(SYS_clock_gettime, clock, out);
    out->tv_sec += clock == CLOCK_REALTIME ? wall_step_s : 0;
    return status;
}

static void expect_flushed_lines(int64_t step_s) {
    int ends[2], stderr_was = dup(STDERR_FILENO);
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    wall_step_s = step_s;
    log_start();
    int missing = 0;
    for (int i = 0; i < 200; i++) {
        char line[512];
        LOG(LOG_INFO, "a_line", F_INT("number", i), F_END);
        log_flush();
        missing += read(ends[0], line, sizeof line) <= 0;
    }
    log_stop();
    wall_step_s = 0;
    dup2(stderr_was, STDERR_FILENO);
    close(stderr_was);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(missing, 0);
}

static void log_flush_ignores_the_wall_clock(void **state) {
    (void)state;
    expect_flushed_lines(0);
    expect_flushed_lines(3600);
    expect_flushed_lines(-3600);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(str_slices_stay_inside),
    cmocka_unit_test(str_hashes_every_byte),
    cmocka_unit_test(str_reads_numbers_strictly),
    cmocka_unit_test(str_suggests_only_what_is_near),
    cmocka_unit_test(buf_keeps_its_maximum),
    cmocka_unit_test(buf_escapes_json),
    cmocka_unit_test(buf_escapes_each_byte),
    cmocka_unit_test(buf_escapes_every_byte_everywhere),
    cmocka_unit_test(buf_keeps_utf8_everywhere),
    cmocka_unit_test(utf8_is_cut_between_characters),
    cmocka_unit_test(buf_writes_base64),
    cmocka_unit_test(buf_writes_base64_of_all_bytes),
    cmocka_unit_test(utf8_is_strict),
    cmocka_unit_test(arena_is_capped_and_reusable),
    cmocka_unit_test(clock_prints_and_reads_times),
    cmocka_unit_test(clock_reads_now_or_takes_its_own),
    cmocka_unit_test(err_keeps_the_first_and_wraps),
    cmocka_unit_test(file_is_replaced_whole),
    cmocka_unit_test(file_keeps_its_owner),
    cmocka_unit_test(log_does_not_wait_for_readers),
    cmocka_unit_test(log_flush_ignores_the_wall_clock),
};

TEST_MAIN(tests)
