#include "edit/apply.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "edit/krm.h"
#include "edit/wanted.h"
#include "object/messages.h"
#include "object/skip.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { ARENA_MAX = 1 << 30 };

void edit_apply_init(struct edit_apply *a, const struct policy *policy,
                     const struct object_request *request, const struct edit_apply_sink *to) {
    *a = (struct edit_apply){.to = to, .arena = ARENA_INIT(64 << 10, ARENA_MAX)};
    object_judge_init(&a->judge, policy, request);
    edit_changes_init(&a->changes);
}

void edit_apply_done(struct edit_apply *a) {
    object_judge_done(&a->judge);
    edit_text_done(&a->text);
    edit_changes_done(&a->changes);
    arena_done(&a->arena);
    mem_free(a->wanted);
    mem_free(a->results);
}

/* ---- first pass ---------------------------------------------------------------------- */

static enum ec grow_results(struct edit_apply *a, struct err *err) {
    if (a->n_results < a->cap_results)
        return EC_OK;
    size_t cap = a->cap_results ? 2 * a->cap_results : 64;
    struct str *more = mem_realloc(a->results, mem_array_bytes(cap, sizeof *more));
    if (more == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    a->results = more;
    a->cap_results = cap;
    return EC_OK;
}

/* For the ResourceList that the object may be an item of. */
static enum ec keep_result(struct edit_apply *a, const struct object *o, const struct reason *r,
                           struct err *err) {
    struct buf result = BUF_INIT(64 << 10);
    edit_krm_result(&result, o, r);
    enum ec ec = grow_results(a, err);
    if (ec == EC_OK && arena_str(&a->arena, buf_view(&result), &a->results[a->n_results]))
        a->n_results++;
    else if (ec == EC_OK)
        ec = arena_fail(&a->arena, err);
    buf_done(&result);
    return ec;
}

static enum ec report_object(struct edit_apply *a, const struct object *o, struct err *err) {
    const struct decision *d = o->decision;
    enum ec ec = EC_OK;
    for (size_t i = 0; i < d->n_reasons && ec == EC_OK; i++) {
        if (d->reasons[i].weight == WEIGHT_NOTE)
            continue;
        a->to->reason(a->to->arg, o, &d->reasons[i]);
        ec = keep_result(a, o, &d->reasons[i], err);
    }
    return ec;
}

static enum ec report_unjudged(struct edit_apply *a, const struct object *o, struct err *err) {
    struct buf message = BUF_INIT(1 << 20);
    if (o->unjudged == NULL)
        return EC_OK;
    a->to->unjudged(a->to->arg, o);
    buf_puts(&message, "not judged: ");
    object_put_unjudged(&message, o);
    const struct reason r = {.weight = WEIGHT_NOTE, .image = -1, .message = buf_view(&message)};
    enum ec ec = keep_result(a, o, &r, err);
    buf_done(&message);
    return ec;
}

/* What a person may miss in the new text; once. */
static void report_templates(struct edit_apply *a, const struct object *o) {
    const struct policy_rule *rule = o->decision->rule;
    if (a->noted || o->workload->shape != SHAPE_TEMPLATE || rule == NULL ||
        rule->n_secrets == 0)
        return;
    a->noted = true;
    a->to->templates(a->to->arg);
}

static enum ec change_object(void *arg, const struct object *o, struct err *err) {
    struct edit_apply *a = arg;
    report_templates(a, o);
    if (report_object(a, o, err) != EC_OK || report_unjudged(a, o, err) != EC_OK ||
        o->object == JSON_NONE)
        return err->code;
    return edit_wanted_add(a, o, err);
}

static void give_fault(void *arg, const struct object_fault *f) {
    const struct edit_apply *a = arg;
    a->to->fault(a->to->arg, f);
}

static void give_note(void *arg, const char *file, uint32_t line, const char *text) {
    const struct edit_apply *a = arg;
    a->to->note(a->to->arg, file, line, text);
}

/* ---- second pass --------------------------------------------------------------------- */

/* The last check: a style that the splicing does not handle. */
static const char unsupported_style[] =
    "is written in a way that cannot be changed in place: the new text would differ from the "
    "patched object; nothing is written";

static enum ec check_object(void *arg, const struct object *o, struct err *err) {
    struct edit_apply *a = arg;
    struct edit_digest is;
    if (o->object == JSON_NONE)
        return EC_OK;
    if (edit_patch_digest(&is, o->doc->json, o->object, NULL, 0, err) != EC_OK)
        return err->code;
    size_t i = a->n_checked++;
    if (i < a->n_wanted && edit_digest_equal(&is, &a->wanted[i]))
        return EC_OK;
    err_locate(err, o->file, o->line, 1);
    return err_set(err, EC_SCHEMA, "%s", unsupported_style);
}

static void no_fault(void *arg, const struct object_fault *f) {
    (void)arg;
    (void)f;
}

static void no_note(void *arg, const char *file, uint32_t line, const char *text) {
    (void)arg;
    (void)file;
    (void)line;
    (void)text;
}

/* ---- documents ----------------------------------------------------------------------- */

struct pass {
    struct edit_apply *a;
    struct object_judge *judge;
    const char *file;
    struct object_sink sink;
    struct object_totals *totals;
    bool first;
};

static void fault(struct pass *p, struct err *err) {
    object_skip_explain(err, p->file, &p->a->lines);
    err_locate(err, p->file, 0, 0);
    const struct object_fault f = {.file = p->file, .lines = &p->a->lines, .err = err};
    p->totals->unreadable++;
    p->sink.fault(p->sink.arg, &f);
    *err = (struct err)ERR_INIT;
}

static enum ec take_document(struct pass *p, const struct yaml_doc *doc, struct err *err) {
    const struct edit_splice splice = {.text = &p->a->text, .doc = doc};
    p->a->n_results = 0;
    if (doc->note != NULL)
        p->sink.note(p->sink.arg, p->file, doc->note_line, doc->note);
    if (object_skip_is_chatter(doc->json)) {
        p->sink.note(p->sink.arg, p->file, doc->line, OBJECT_SKIP_CHATTER);
        return EC_OK;
    }
    edit_changes_reset(&p->a->changes);
    enum ec ec = object_read_part(p->judge, p->file, doc, STR(""), 0, &p->sink, p->totals, err);
    arena_reset(&p->judge->arena); /* the decision: what is wanted of it is copied */
    if (ec == EC_OK && p->first)
        ec = edit_changes_make(&p->a->changes, &splice, err);
    if (ec == EC_OK && p->first && p->a->n_results != 0 && edit_krm_is_list(doc->json))
        ec = edit_splice_items(&splice, 0, "results", p->a->results, p->a->n_results, err);
    return ec;
}

static enum ec each_document(struct pass *p, struct str text, struct err *err) {
    struct yaml *y = NULL;
    struct yaml_doc *doc = NULL;
    struct yaml_limits limits = YAML_LIMITS_DEFAULT;
    limits.drops_raw = true;
    enum ec ec = yaml_open(&y, text, limits, err);
    while (ec == EC_OK) {
        ec = yaml_next(y, &doc, err);
        if (ec == EC_OK && doc == NULL)
            break;
        if (ec == EC_OK)
            ec = take_document(p, doc, err);
        else if (ec != EC_NOMEM)
            fault(p, err), ec = EC_OK;
    }
    yaml_close(y);
    return ec;
}

static enum ec check_result(struct edit_apply *a, const char *file, struct str text,
                            struct err *err) {
    struct object_totals ignored = {.objects = 0};
    struct object_request request = *a->judge.request;
    struct object_judge judge;
    struct pass again = {
        .a = a,
        .judge = &judge,
        .file = file,
        .totals = &ignored,
        .sink = {.object = check_object, .fault = no_fault, .note = no_note, .arg = a}};
    request.undecided = true;
    object_judge_init(&judge, a->judge.policy, &request);
    a->n_checked = 0;
    enum ec ec = each_document(&again, text, err);
    object_judge_done(&judge);
    if (ec != EC_OK)
        return ec;
    if (a->n_checked != a->n_wanted || ignored.unreadable != 0)
        return err_set(err, EC_SCHEMA, "%s: %s", file, unsupported_style);
    return EC_OK;
}

enum ec edit_apply_text(struct edit_apply *a, const char *file, struct str text,
                        struct buf *out, struct err *err) {
    struct str mark = str_slice(text, 0, utf8_mark_bytes(text));
    struct pass first = {
        .a = a,
        .judge = &a->judge,
        .file = file,
        .totals = &a->totals,
        .first = true,
        .sink = {.object = change_object, .fault = give_fault, .note = give_note, .arg = a}};
    size_t before = out->n, unreadable = a->totals.unreadable;
    if (utf8_is_utf16(text))
        return err_set(err, EC_LIMIT, "%s: text in UTF-16, expected UTF-8", file);
    buf_str(out, mark);
    text = str_slice(text, mark.n, text.n);
    if (utf8_is_utf16(text) || utf8_mark_bytes(text) != 0)
        return err_set(err, EC_SCHEMA, "%s: two byte order marks, expected at most one", file);
    a->n_wanted = 0;
    edit_text_done(&a->text);
    a->lines = (struct object_excerpt)OBJECT_EXCERPT_INIT(text);
    enum ec ec = edit_text_init(&a->text, text, err);
    if (ec == EC_OK)
        ec = each_document(&first, text, err);
    if (ec == EC_OK && a->totals.unreadable == unreadable)
        ec = edit_text_apply(&a->text, out, err);
    edit_text_done(&a->text); /* the check needs the room */
    edit_changes_done(&a->changes);
    edit_changes_init(&a->changes);
    if (ec == EC_OK && a->totals.unreadable == unreadable)
        ec = check_result(a, file, str_slice(buf_view(out), before, out->n), err);
    if (ec != EC_OK)
        err_locate(err, file, err->line, err->col);
    object_excerpt_done(&a->lines);
    arena_reset(&a->arena);
    return ec;
}

enum ec edit_apply_save(const char *path, struct str before, struct str after,
                        struct err *err) {
    struct stat st;
    char whole[PATH_MAX];
    if (str_eq(before, after))
        return EC_OK;
    if (realpath(path, whole) == NULL || stat(whole, &st) != 0)
        return err_set_os(err, errno, "cannot write %s", path);
    return file_replace(whole, st.st_mode & 07777, after, err);
}
