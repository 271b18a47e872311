/* bench_json - how long a JSON text takes, beside jansson in the same run.
 *
 *   cc -std=c11 -D_GNU_SOURCE -O2 -Iwebhook -Itests/unit -o bench_json \
 *      tests/bench/bench_json.c $(ls webhook/json/[a-z]*.c webhook/base/[a-z]*.c) -ljansson
 *   ./bench_json tests/unit/data/json/[a-z]*.json
 *
 * Shows nanoseconds of CPU time per byte, the best of ROUNDS rounds that take turns and are
 * about equally long. Ours includes the copy of the text, which a webhook does not make: the
 * reader changes the text.                                                                  */
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "oracle.h"
#include "json/json.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 60 };

struct bench {
    struct str text;
    struct json j;
    char *copy; /* text.n + JSON_PADDING */
};

static bool ours(struct bench *b) {
    struct err err = ERR_INIT;
    memcpy(b->copy, b->text.p, b->text.n);
    return json_parse(&b->j, b->copy, b->text.n, JSON_LIMITS_DEFAULT, &err) == EC_OK;
}

static bool copy_alone(struct bench *b) {
    memcpy(b->copy, b->text.p, b->text.n);
    return b->copy[0] == b->text.p[0];
}

static bool theirs(struct bench *b) {
    json_error_t error;
    json_t *tree =
        json_loadb(b->text.p, b->text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    json_decref(tree);
    return tree != NULL;
}

static const struct parser {
    bool (*parse)(struct bench *);
    size_t round_bytes;
} parsers[] = {{ours, 2 << 20}, {theirs, 1 << 17}, {copy_alone, 2 << 20}};
enum { PARSERS = sizeof parsers / sizeof *parsers };

static double cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds per byte of one round; below 0 when the text was refused. */
static double round_of(struct bench *b, const struct parser *parser) {
    size_t times = parser->round_bytes / b->text.n + 1;
    double start = cpu_ns();
    for (size_t i = 0; i < times; i++)
        if (!parser->parse(b))
            return -1;
    return (cpu_ns() - start) / (double)times / (double)b->text.n;
}

static void compare(struct bench *b, const char *name) {
    double best[PARSERS] = {1e9, 1e9, 1e9};
    for (int i = 0; i < ROUNDS; i++)
        for (int k = 0; k < PARSERS; k++) {
            double ns = round_of(b, &parsers[k]);
            if (ns < best[k])
                best[k] = ns;
        }
    if (best[0] < 0 || best[1] < 0)
        printf("%-28s refused by %s\n", name, best[0] < 0 ? "json" : "jansson");
    else
        printf("%-28s %8zu B %7u nodes  json %6.3f ns/B (copy %5.3f)  jansson %6.2f ns/B  "
               "ratio %5.1f\n",
               name, b->text.n, b->j.n_nodes, best[0], best[2], best[1], best[1] / best[0]);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        struct err err = ERR_INIT;
        struct buf file = BUF_INIT(1u << 30);
        struct bench b = {.j = JSON_INIT};
        if (file_read(&file, argv[i], 1u << 30, &err) != EC_OK || file.n == 0) {
            fprintf(stderr, "%s\n", err.msg);
            return 1;
        }
        b.text = buf_view(&file);
        b.copy = mem_zalloc(file.n + JSON_PADDING);
        if (b.copy == NULL)
            return 1;
        const char *name = strrchr(argv[i], '/');
        compare(&b, name != NULL ? name + 1 : argv[i]);
        json_done(&b.j);
        mem_free(b.copy);
        buf_done(&file);
    }
    return 0;
}
