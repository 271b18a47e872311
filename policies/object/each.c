#include "object/each.h"

#include "object/inputs.h"
#include "object/messages.h"
#include "object/skip.h"

struct each {
    object_each_fn *take;
    void *arg;
    struct object_skip_notes notes;
};

static enum ec take_object(void *arg, const struct object *o, struct err *err) {
    struct each *e = arg;
    return e->take(e->arg, o, err);
}

static void report_skip(void *arg, const struct object_skip *skip) {
    struct each *e = arg;
    object_skip_report(&e->notes, skip->file, skip->unrendered);
}

static void report_folder(const struct object_input *in, struct object_totals *totals) {
    struct err why = ERR_INIT;
    object_inputs_fail(in, &why);
    const struct object_fault fault = {.file = in->path, .whole = true, .err = &why};
    totals->unreadable++;
    object_report_fault(NULL, &fault);
}

enum ec object_each_in_text(const char *file, struct str text, const struct policy *policy,
                            const struct object_request *request, object_each_fn *take,
                            void *arg, struct object_totals *totals, struct err *err) {
    struct each each = {.take = take, .arg = arg};
    const struct object_sink sink = {.object = take_object,
                                     .fault = object_report_fault,
                                     .note = object_report_note,
                                     .arg = &each};
    struct object_judge judge;
    object_judge_init(&judge, policy, request);
    enum ec ec = object_read_text(&judge, file, text, &sink, totals, err);
    object_judge_done(&judge);
    return ec;
}

enum ec object_each(char *const *operands, size_t n, const struct opt_list *exclude,
                    const struct policy *policy, const struct object_request *request,
                    object_each_fn *take, void *arg, struct object_totals *totals,
                    struct err *err) {
    struct each each = {.take = take, .arg = arg, .notes = OBJECT_SKIP_NOTES_INIT(false)};
    const struct object_sink sink = {.object = take_object,
                                     .fault = object_report_fault,
                                     .note = object_report_note,
                                     .skip = report_skip,
                                     .arg = &each};
    const struct object_inputs_filter filter = {
        .wanted = object_inputs_is_manifest, .exclude = exclude, .ignore_files = true};
    struct object_inputs inputs = {.v = NULL};
    struct object_judge judge;
    object_judge_init(&judge, policy, request);
    enum ec ec = object_inputs_find(&inputs, operands, n, &filter, err);
    for (size_t i = 0; i < inputs.n && ec == EC_OK; i++) {
        if (inputs.v[i].os != 0)
            report_folder(&inputs.v[i], totals);
        else
            ec = object_read_file(&judge, inputs.v[i].path, inputs.v[i].found, &sink, totals,
                                  err);
    }
    object_skip_notes_done(&each.notes);
    object_judge_done(&judge);
    object_inputs_done(&inputs);
    return ec;
}
