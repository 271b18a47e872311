/* Any words, one a line, as a command line: values within their bounds, operands that were
 * given, or an error of usage that says which. */
#include "base/opts.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { WORDS_MAX = 100 };

struct target {
    bool flag;
    const char *string;
    struct opt_list list;
    int word;
    uint64_t number, size, duration;
};

static const char *const colours[] = {"red", "green", NULL};
#define AT(field) .offset = offsetof(struct target, field)
static const struct opt_row rows[] = {
    {"flag", 'f', OPT_FLAG, NULL, NULL, "", AT(flag)},
    {"string", 's', OPT_STRING, "S", "none", "", AT(string)},
    {"list", 'l', OPT_LIST, "L", NULL, "", AT(list)},
    {"word", 0, OPT_WORD, "W", "red", "", AT(word), .words = colours},
    {"number", 'n', OPT_NUMBER, "N", "5", "", AT(number), .min = 3, .max = 70000},
    {"size", 0, OPT_SIZE, "SIZE", "64KiB", "", AT(size), .min = 1024},
    {"sized-too", 0, OPT_FLAG, NULL, NULL, "", AT(flag)},
    {"duration", 'd', OPT_DURATION, "TIME", "30s", "", AT(duration), .max = 86400000},
    {"version", 'V', OPT_HELP, NULL, NULL, ""},
    {"help", 'h', OPT_HELP, NULL, NULL, ""},
};
static const struct opt_table table = {.rows = rows, .n_rows = sizeof rows / sizeof *rows};

static void hold(bool property, const char *name) {
    if (property)
        return;
    fprintf(stderr, "opts does not hold \"%s\"\n", name);
    abort();
}

static void check_values(const struct target *t) {
    hold(t->string != NULL && t->list.n <= OPT_LIST_MAX, "texts are there");
    hold(t->word == 0 || t->word == 1, "a word is one of its words");
    hold(t->number >= 3 && t->number <= 70000, "a number is within its bounds");
    hold(t->size >= 1024 && t->duration <= 86400000, "so are sizes and durations");
}

/* The words, each ended by a NUL in `text`. */
static int split(char *text, char **argv) {
    static char program[] = "program";
    int argc = 0;
    argv[argc++] = program;
    while (*text != '\0' && argc < WORDS_MAX) {
        argv[argc++] = text;
        text += strcspn(text, "\n");
        if (*text != '\0')
            *text++ = '\0';
    }
    argv[argc] = NULL;
    return argc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    char *argv[WORDS_MAX + 1];
    char *text = calloc(n + 1, 1);
    struct target target = {.flag = false};
    struct opt_result result;
    struct buf lists = BUF_INIT(1 << 20);
    struct err err = ERR_INIT;
    hold(text != NULL, "memory");
    if (n != 0)
        memcpy(text, data, n);
    int argc = split(text, argv);
    if (opts_parse(&table, &target, argc, argv, &result, &lists, &err) == EC_OK) {
        check_values(&target);
        hold(result.n_operands < (size_t)argc, "operands were given");
        for (size_t i = 0; i < result.n_operands; i++)
            hold(result.operands[i] != NULL, "an operand is a word");
    } else {
        hold(err.code == EC_USAGE && err.msg[0] != '\0', "an error is one of usage");
    }
    buf_done(&lists);
    free(text);
    return 0;
}
