/* strings - image references and what is nearly one, and what imgref makes of each.
 * Use     strings COUNT SEED [FILE]     FILE: imageref.tsv, whose first column joins in
 * Writes  pairs of length (four bytes, little-endian) and bytes to standard output; tests/oracles/reference says more
 *
 * A third is put together by the grammar, from parts near its borders; a third is that with some bytes
 * changed; a sixth has any bytes of a reference's alphabet; a sixth is a line of the file, changed. */
#include "base/file.h"
#include "imgref/imgref.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_ROOM = 2048, LINES_MAX = 4096 };

struct maker {
    uint64_t state;
    char text[TEXT_ROOM];
    size_t n;
    struct str lines[LINES_MAX];
    size_t n_lines;
};

static uint32_t any(struct maker *m, uint32_t n) { /* splitmix64; 0 to n - 1 */
    uint64_t z = m->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

static void put(struct maker *m, char c) {
    if (m->n < TEXT_ROOM)
        m->text[m->n++] = c;
}

static void put_text(struct maker *m, const char *text) {
    while (*text != '\0')
        put(m, *text++);
}

#define ONE_OF(m, list) ((list)[any(m, sizeof(list) / sizeof *(list))])

static void put_run(struct maker *m, const char *alphabet, size_t n) {
    size_t size = strlen(alphabet);
    while (n-- > 0)
        put(m, alphabet[any(m, (uint32_t)size)]);
}

/* Mostly a few; now and then a length near a border of the grammar. */
static size_t some(struct maker *m) {
    static const uint16_t borders[] = {31,  32,  63,  64,  65,  127, 128,
                                       129, 246, 247, 248, 254, 255, 256};
    return any(m, 24) == 0 ? ONE_OF(m, borders) : 1 + any(m, 6);
}

/* ---- by the grammar ---------------------------------------------------------------------- */

static void put_host(struct maker *m) {
    static const char *const known[] = {
        "docker.io", "index.docker.io", "localhost",  "ghcr.io",
        "Docker.io", "LOCALHOST",       "quay.io",    "registry-1.docker.io",
        "EVIL",      "127.0.0.1",       "foo_bar.io", "a_b",
        "[::1]",     "[fe80::1]",       "xn--a.b",    "a-.b",
        "x..y"};
    if (any(m, 2) == 0) {
        put_text(m, ONE_OF(m, known));
        return;
    }
    for (uint32_t labels = 1 + any(m, 3); labels-- > 0;) {
        put_run(m, "abcdefXYZ0189", some(m));
        if (any(m, 4) == 0) {
            put_run(m, "-", 1 + any(m, 2));
            put_run(m, "ab9", 1);
        }
        if (labels > 0)
            put(m, '.');
    }
}

static void put_port(struct maker *m) {
    static const char *const ports[] = {"443",   "80",    "5000", "0",
                                        "65535", "65536", "0443", "99999999999999999999"};
    put(m, ':');
    put_text(m, ONE_OF(m, ports));
}

static void put_path(struct maker *m) {
    static const char *const separators[] = {".", "_", "__", "-", "--", "---", ".", "-"};
    static const char *const known[] = {"library", "nginx",     "sha256", "sha512",
                                        "sha384",  "localhost", "auto"};
    for (uint32_t components = 1 + any(m, 3); components-- > 0;) {
        if (any(m, 4) == 0)
            put_text(m, ONE_OF(m, known));
        else
            put_run(m, "abcdef0189", some(m));
        if (any(m, 3) == 0) {
            put_text(m, ONE_OF(m, separators));
            put_run(m, "xyz789", 1 + any(m, 3));
        }
        if (components > 0)
            put(m, '/');
    }
}

static void put_digest(struct maker *m) {
    static const struct {
        const char *name;
        uint16_t digits;
    } known[] = {{"sha256", 64},  {"sha256", 64},      {"sha512", 128}, {"sha384", 96},
                 {"sha256", 63},  {"sha256", 65},      {"sha512", 64},  {"md5", 32},
                 {"sha1", 40},    {"sha256+b64u", 64}, {"SHA256", 64},  {"blake3", 64},
                 {"a.b-c_d", 33}, {"1a", 64}};
    uint32_t i = any(m, sizeof known / sizeof *known);
    put(m, '@');
    put_text(m, known[i].name);
    put(m, ':');
    put_run(m, any(m, 8) == 0 ? "0123456789abcdefABCDEF" : "0123456789abcdef", known[i].digits);
}

static void by_grammar(struct maker *m) {
    if (any(m, 2) == 0) {
        put_host(m);
        if (any(m, 3) == 0)
            put_port(m);
        put(m, '/');
    }
    put_path(m);
    if (any(m, 2) == 0) {
        put(m, ':');
        put_run(m, any(m, 3) ? "0123456789abcdef" : "abcXYZ019_.-", some(m));
    }
    if (any(m, 4) == 0)
        put_digest(m);
}

/* An id of an image, or one digit more or less; names that containerd takes for one. */
static void by_id(struct maker *m) {
    static const char *const prefixes[] = {
        "", "sha256:", "sha512:", "sha384:", "library/sha256:", "sha1:"};
    put_text(m, ONE_OF(m, prefixes));
    put_run(m, any(m, 4) ? "0123456789abcdef" : "0123456789abcdefAG",
            any(m, 2) ? 63 + any(m, 3) : some(m));
}

/* ---- by chance --------------------------------------------------------------------------- */

static void change(struct maker *m) {
    static const char alphabet[] = "abz019ABZ._-:/@[]%+ \n\t\\#?~";
    char c =
        any(m, 8) ? alphabet[any(m, sizeof alphabet)] /* its NUL as well */ : (char)any(m, 256);
    size_t at = m->n != 0 ? any(m, (uint32_t)m->n) : 0;
    switch (any(m, 4)) {
    case 0: /* another byte */
        if (m->n != 0)
            m->text[at] = c;
        break;
    case 1: /* one more */
        if (m->n < TEXT_ROOM) {
            memmove(m->text + at + 1, m->text + at, m->n++ - at);
            m->text[at] = c;
        }
        break;
    case 2: /* one less */
        if (m->n != 0)
            memmove(m->text + at, m->text + at + 1, --m->n - at);
        break;
    default: /* a piece twice */
        for (size_t end = at + any(m, 8); at < end && at < m->n; at++)
            put(m, m->text[at]);
    }
}

static void make(struct maker *m) {
    m->n = 0;
    switch (any(m, 12)) {
    case 0:
    case 1:
        put_run(m, "aaabbbccc001122zzzABZ...---___:::///@@[]", any(m, 40));
        return;
    case 2:
    case 3:
        if (m->n_lines != 0) {
            struct str line = m->lines[any(m, (uint32_t)m->n_lines)];
            for (size_t i = 0; i < line.n; i++)
                put(m, line.p[i]);
        }
        break;
    case 4:
        by_id(m);
        return;
    case 5:
    case 6:
    case 7:
        by_grammar(m);
        return;
    default:
        by_grammar(m);
    }
    for (uint32_t changes = any(m, 4); changes-- > 0;)
        change(m);
}

/* ---- what imgref says -------------------------------------------------------------------- */

static void write_field(const void *bytes, size_t n) {
    const unsigned char size[4] = {(unsigned char)n, (unsigned char)(n >> 8),
                                   (unsigned char)(n >> 16), 0};
    if (fwrite(size, 1, sizeof size, stdout) != sizeof size ||
        fwrite(bytes, 1, n, stdout) != n) {
        perror("strings");
        exit(2);
    }
}

static void answer(struct str text, struct buf *out) {
    struct imgref r;
    struct err err = ERR_INIT;
    buf_reset(out);
    if (imgref_parse(&r, text, &err) != EC_OK) {
        buf_putc(out, '-');
    } else {
        buf_str(out, r.host);
        buf_putc(out, '\n');
        imgref_print_repository(&r, out);
        buf_putc(out, '\n');
        buf_str(out, r.tag);
        buf_putc(out, '\n');
        buf_str(out, r.digest);
        buf_putc(out, '\n');
    }
}

static void read_lines(struct maker *m, struct buf *file, const char *path) {
    struct err err = ERR_INIT;
    if (file_read(file, path, 1 << 20, &err) != EC_OK) {
        fprintf(stderr, "strings: %s\n", err.msg);
        exit(2);
    }
    for (struct str rest = buf_view(file); rest.n != 0 && m->n_lines < LINES_MAX;) {
        size_t end = str_find(rest, '\n');
        struct str line = str_slice(rest, 0, end);
        m->lines[m->n_lines++] = str_slice(line, 0, str_find(line, '\t'));
        rest = str_slice(rest, end + 1, rest.n);
    }
}

int main(int argc, char **argv) {
    static struct maker m;
    struct buf out = BUF_INIT(1 << 16), file = BUF_INIT(1 << 20);
    uint64_t count = 0, seed = 0;
    if (argc < 3 || !str_to_uint(str_of(argv[1]), UINT64_MAX, &count) ||
        !str_to_uint(str_of(argv[2]), UINT64_MAX, &seed)) {
        fprintf(stderr, "usage: strings COUNT SEED [FILE]\n");
        return 2;
    }
    m.state = seed;
    if (argc > 3)
        read_lines(&m, &file, argv[3]);
    for (uint64_t i = 0; i < count; i++) {
        make(&m);
        const struct str text = {m.text, m.n};
        answer(text, &out);
        write_field(text.p, text.n);
        write_field(out.p, out.n);
    }
    buf_done(&out);
    buf_done(&file);
    return fflush(stdout) == 0 ? 0 : 2;
}
