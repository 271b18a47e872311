#include "policyctl/each.h"

#include "base/file.h"
#include "policyctl/inputs.h"
#include "policyctl/sweep.h"

#include <stdio.h>
#include <unistd.h>

struct each {
    each_fn *show;
    void *arg;
    bool stopped;
};

static enum ec take_object(void *arg, const struct subject *s, struct err *err) {
    struct each *e = arg;
    (void)err;
    e->stopped = e->stopped || !e->show(e->arg, s);
    return EC_OK;
}

static void take_fault(void *arg, const struct subject_fault *f) {
    struct buf text = BUF_INIT(1 << 20);
    struct err ignored = ERR_INIT;
    (void)arg;
    sweep_print_fault(&text, f);
    (void)!file_write_fd(STDERR_FILENO, buf_view(&text), &ignored);
    buf_done(&text);
}

static void take_note(void *arg, const char *file, uint32_t line, const char *text) {
    (void)arg;
    fprintf(stderr, "%s:%u: note: %s\n", file, line, text);
}

static void tell_folder(const struct input *in, struct subject_totals *totals) {
    struct err err = ERR_INIT;
    inputs_fail(in, &err);
    const struct subject_fault fault = {.file = in->path, .whole = true, .err = &err};
    take_fault(NULL, &fault);
    totals->unreadable++;
}

static enum ec take_all(struct judge *judge, const struct inputs *in, struct each *e,
                        struct subject_totals *totals, struct err *err) {
    const struct subject_sink sink = {
        .object = take_object, .fault = take_fault, .note = take_note, .arg = e};
    for (size_t i = 0; i < in->n && !e->stopped; i++) {
        if (in->v[i].os != 0)
            tell_folder(&in->v[i], totals);
        else if (subject_file(judge, in->v[i].path, &sink, totals, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

enum ec each_subject(char *const *operands, size_t n, const struct policy *policy,
                     const struct asked *asked, each_fn *show, void *arg,
                     struct subject_totals *totals, struct err *err) {
    struct each e = {.show = show, .arg = arg};
    struct inputs in = {.n = 0};
    struct judge judge;
    judge_init(&judge, policy, asked);
    enum ec ec = inputs_find(&in, operands, n, inputs_is_manifest, err);
    if (ec == EC_OK)
        ec = take_all(&judge, &in, &e, totals, err);
    inputs_done(&in);
    judge_done(&judge);
    return ec;
}
