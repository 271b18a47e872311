#include "base/clock.h"
#include "object/messages.h"
#include "suite/outcome.h"

#include <stdio.h>

static enum ec judge_it(struct suite_outcome *o, struct object_judge *j, struct err *err) {
    const struct object_sink sink = {.object = suite_outcome_take,
                                     .fault = suite_outcome_fault,
                                     .note = object_report_note,
                                     .arg = o};
    struct object_totals totals = {.objects = 0};
    const struct suite_case *c = o->c;
    char prefix[64];
    if (c->file != NULL)
        return object_read_file(j, c->file, false, &sink, &totals, err);
    int n = snprintf(prefix, sizeof prefix, "/cases/%zu/object", c->index);
    return object_read_part(j, o->s->form.file, o->s->form.doc, (struct str){prefix, (size_t)n},
                            c->object, &sink, &totals, err);
}

enum ec suite_run(struct suite *s, struct suite_case *c, const struct policy *policy,
                  struct err *err) {
    int64_t start_ns = clock_mono_ns();
    struct suite_outcome o = {.s = s, .c = c};
    struct object_judge judge;
    o.end = &c->failures;
    o.last_image = &o.images;
    o.last_reason = &c->reasons;
    o.last_object = &o.objects;
    object_judge_init(&judge, policy, &c->request);
    if (judge_it(&o, &judge, err) == EC_OK)
        suite_outcome_check(&o);
    object_judge_done(&judge);
    c->ran = true;
    c->seconds = (double)(clock_mono_ns() - start_ns) / 1e9;
    if (o.no_memory && err->code == EC_OK)
        err_set(err, EC_NOMEM, "out of memory");
    return err->code;
}
