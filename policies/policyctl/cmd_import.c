/* policyctl import - a rule file of what other tools are configured with. */
#include "base/file.h"
#include "base/mem.h"
#include "convert/convert.h"
#include "policyctl/options.h"

struct run {
    const struct opt_result *args;
    const struct convert_format *format;
    struct convert_input *inputs;
    struct buf *texts; /* of the inputs */
    size_t n;
    struct err err;
};

static enum ec find_format(struct run *r) {
    size_t n = 0;
    while (convert_words[n] != NULL)
        n++;
    if (r->args->n_operands == 0)
        return err_set(&r->err, EC_USAGE, "no format: give its name and files");
    const char *word = r->args->operands[0];
    r->format = convert_find(word);
    if (r->format != NULL)
        return EC_OK;
    int near = str_nearest(str_of(word), convert_words, n);
    if (near >= 0)
        return err_set(&r->err, EC_USAGE, "unknown format \"%.100s\"; did you mean %s?", word,
                       convert_words[near]);
    return err_set(&r->err, EC_USAGE,
                   "unknown format \"%.100s\"; policyctl import --help lists them", word);
}

static enum ec read_files(struct run *r) {
    char *const *files = r->args->operands + 1;
    size_t n = r->args->n_operands - 1;
    if (n == 0)
        return err_set(&r->err, EC_USAGE, "no input: give files, or - for standard input");
    r->inputs = mem_zalloc(mem_array_bytes(n, sizeof *r->inputs));
    r->texts = mem_zalloc(mem_array_bytes(n, sizeof *r->texts));
    if (r->inputs == NULL || r->texts == NULL)
        return err_set(&r->err, EC_NOMEM, "out of memory");
    for (; r->n < n && r->err.code == EC_OK; r->n++) {
        r->texts[r->n] = (struct buf)BUF_INIT(CONVERT_FILE_MAX + 1);
        (void)!file_read_any(&r->texts[r->n], files[r->n], CONVERT_FILE_MAX, &r->err);
        bool standard = strcmp(files[r->n], "-") == 0;
        r->inputs[r->n] = (struct convert_input){standard ? "<stdin>" : files[r->n],
                                                 buf_view(&r->texts[r->n])};
    }
    return r->err.code;
}

static void run_done(struct run *r) {
    for (size_t i = 0; i < r->n; i++)
        buf_done(&r->texts[i]);
    mem_free(r->texts);
    mem_free(r->inputs);
}

int cmd_import(const union options *options, const struct opt_result *args) {
    const struct opt_list *spaces = &options->import.namespaces;
    const struct convert_options convert = {spaces->v, spaces->n};
    struct convert_counts counts = {0, 0, 0};
    struct run r = {.args = args, .err = ERR_INIT};
    struct buf out = BUF_INIT((size_t)1 << 30);
    if (find_format(&r) == EC_OK && read_files(&r) == EC_OK)
        (void)!convert_rules(&out, &counts, r.format, r.inputs, r.n, &convert, &r.err);
    run_done(&r);
    bool exact = counts.noted == 0 && counts.left == 0;
    return verb_end(&out, exact ? EXIT_ALLOWED : EXIT_INEXACT, &r.err);
}
