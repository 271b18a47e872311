#include "base/clock.h"
#include "object/messages.h"
#include "suite/outcome.h"

#include <stdio.h>

/* ---- which cases --------------------------------------------------------------------- */

enum ec suite_filter_init(struct suite_filter *out, const char *text, struct err *err) {
    char why[256];
    out->text = text;
    int status = text == NULL ? 0 : regcomp(&out->regex, text, REG_EXTENDED | REG_NOSUB);
    if (status == 0)
        return EC_OK;
    regerror(status, &out->regex, why, sizeof why);
    return err_set(err, EC_USAGE, "not a regular expression: %s", why);
}

void suite_filter_done(struct suite_filter *f) {
    if (f->text != NULL)
        regfree(&f->regex);
}

bool suite_filter_has(const struct suite_filter *f, const struct suite_case *c) {
    struct buf name = BUF_INIT(1 << 20);
    if (f->text == NULL)
        return true;
    buf_str(&name, c->name);
    const char *z = buf_z(&name);
    bool has = z != NULL && regexec(&f->regex, z, 0, NULL, 0) == 0;
    buf_done(&name);
    return has;
}

/* ---- one case ------------------------------------------------------------------------ */

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
