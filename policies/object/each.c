#include "object/each.h"
#include "policyctl/verb.h"

#include "base/file.h"
#include "object/inputs.h"
#include "object/skip.h"
#include "policyctl/run_files.h"

#include <unistd.h>

struct each {
    each_fn *take;
    void *arg;
    struct skip_told told;
};

static enum ec take_object(void *arg, const struct subject *s, struct err *err) {
    struct each *e = arg;
    return e->take(e->arg, s, err);
}

void each_fault(void *arg, const struct subject_fault *f) {
    struct buf text = BUF_INIT(64 << 10);
    struct err ignored = ERR_INIT;
    (void)arg;
    sweep_print_fault(&text, f);
    (void)!file_write_fd(STDERR_FILENO, buf_view(&text), &ignored);
    buf_done(&text);
}

void each_note(void *arg, const char *file, uint32_t line, const char *text) {
    (void)arg;
    verb_tell("%s:%u: note: %s", file, line, text);
}

static void tell_skip(void *arg, const struct subject_skip *s) {
    struct each *e = arg;
    struct buf text = BUF_INIT(64 << 10);
    struct err ignored = ERR_INIT;
    skip_tell(&e->told, &text, s->file, s->unrendered);
    (void)!file_write_fd(STDERR_FILENO, buf_view(&text), &ignored);
    buf_done(&text);
}

static void tell_folder(const struct input *in, struct subject_totals *totals) {
    struct err why = ERR_INIT;
    inputs_fail(in, &why);
    const struct subject_fault fault = {.file = in->path, .whole = true, .err = &why};
    totals->unreadable++;
    each_fault(NULL, &fault);
}

enum ec each_in_text(const char *file, struct str text, const struct policy *policy,
                     const struct asked *asked, each_fn *take, void *arg,
                     struct subject_totals *totals, struct err *err) {
    struct each each = {.take = take, .arg = arg};
    const struct subject_sink sink = {
        .object = take_object, .fault = each_fault, .note = each_note, .arg = &each};
    struct judge judge;
    judge_init(&judge, policy, asked);
    enum ec ec = subject_text(&judge, file, text, &sink, totals, err);
    judge_done(&judge);
    return ec;
}

enum ec each_subject(char *const *operands, size_t n, const struct opt_list *exclude,
                     const struct policy *policy, const struct asked *asked, each_fn *take,
                     void *arg, struct subject_totals *totals, struct err *err) {
    struct each each = {.take = take, .arg = arg, .told = SKIP_TOLD_INIT(false)};
    const struct subject_sink sink = {.object = take_object,
                                      .fault = each_fault,
                                      .note = each_note,
                                      .skip = tell_skip,
                                      .arg = &each};
    const struct inputs_filter filter = {
        .wanted = inputs_is_manifest, .exclude = exclude, .ignore_files = true};
    struct inputs inputs = {.v = NULL};
    struct judge judge;
    judge_init(&judge, policy, asked);
    enum ec ec = inputs_find(&inputs, operands, n, &filter, err);
    for (size_t i = 0; i < inputs.n && ec == EC_OK; i++) {
        if (inputs.v[i].os != 0)
            tell_folder(&inputs.v[i], totals);
        else
            ec = subject_file(&judge, inputs.v[i].path, inputs.v[i].found, &sink, totals, err);
    }
    skip_told_done(&each.told);
    judge_done(&judge);
    inputs_done(&inputs);
    return ec;
}
