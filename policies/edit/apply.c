#include "edit/apply.h"

#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "edit/krm.h"
#include "edit/patch.h"
#include "edit/splice.h"
#include "object/messages.h"
#include "object/skip.h"

#include <unistd.h>

enum { ARENA_MAX = 1 << 30, JSON_MAX = 512 << 20, POINTER_MAX = 1 << 16 };

void edit_apply_init(struct edit_apply *a, const struct policy *policy,
                     const struct object_request *request) {
    *a = (struct edit_apply){.arena = ARENA_INIT(64 << 10, ARENA_MAX)};
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

/* ---- what is to be changed ----------------------------------------------------------- */

struct edits {
    struct edit *v;
    size_t n;
};

/* What pods of a template will have, written into the template. */
static enum ec template_edits(struct edit_apply *a, const struct object *o, struct edits *out,
                              struct err *err) {
    const struct decision *d = o->decision;
    out->v = ARENA_ARRAY(&a->arena, struct edit, d->n_images);
    if (out->v == NULL)
        return arena_fail(&a->arena, err);
    for (size_t i = 0; i < d->n_images && d->rule != NULL && d->rule->mode != MODE_AUDIT; i++) {
        struct buf pointer = BUF_INIT(POINTER_MAX);
        struct edit edit = {.kind = EDIT_STRING, .op = EDIT_REPLACE};
        if (str_eq(d->images[i].proposed, d->images[i].before))
            continue;
        engine_image_pointer(o->workload, d->images[i].image, &pointer);
        edit.string = d->images[i].proposed;
        bool kept = !pointer.bad && arena_str(&a->arena, buf_view(&pointer), &edit.pointer);
        buf_done(&pointer);
        if (!kept)
            return arena_fail(&a->arena, err);
        out->v[out->n++] = edit;
    }
    return EC_OK;
}

static enum ec edits_of(struct edit_apply *a, const struct object *o, struct edits *out,
                        struct err *err) {
    *out = (struct edits){.v = o->decision->edits, .n = o->decision->n_edits};
    if (o->decision->verdict == VERDICT_DENY || !a->templates ||
        o->workload->shape != SHAPE_TEMPLATE)
        return EC_OK;
    out->n = 0;
    return template_edits(a, o, out, err);
}

/* ---- edits to changes of the text ---------------------------------------------------- */

/* A literal for a key that is changed. */
static const char *key_of(struct str key) {
    static const char *const keys[] = {"image", "imagePullPolicy", "imagePullSecrets",
                                       "reference", "pullPolicy"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (str_eq(str_of(keys[i]), key))
            return keys[i];
    return NULL;
}

/* The container of the pointer's last token, and that token. */
static enum ec parent_of(const struct object *o, struct str pointer, json_at *parent,
                         struct str *last, struct err *err) {
    size_t slash = pointer.n;
    while (slash > 0 && pointer.p[slash - 1] != '/')
        slash--;
    *last = str_slice(pointer, slash, pointer.n);
    *parent = json_find_next(o->doc->json, o->near, o->object,
                             str_slice(pointer, 0, slash ? slash - 1 : 0));
    bool known = *parent != JSON_NONE && key_of(*last) != NULL;
    return known ? EC_OK : err_set(err, EC_BUG, "an edit is nowhere");
}

/* A pull policy that was not there goes in front of its image. */
static enum ec change_string(struct edit_apply *a, const struct object *o, const struct edit *e,
                             struct err *err) {
    struct str last;
    struct edit_change one = {.string = e->string};
    if (parent_of(o, e->pointer, &one.mapping, &last, err) != EC_OK)
        return err->code;
    one.value = json_get(o->doc->json, one.mapping, last);
    one.key = key_of(last);
    one.before = str_eq(last, STR("pullPolicy")) ? "reference" : "image";
    return edit_changes_add(&a->changes, one, err);
}

/* Both kinds of edits of a list: the list as it will be. */
static enum ec change_secrets(struct edit_apply *a, const struct object *o,
                              const struct edit *e, struct err *err) {
    const struct decision *d = o->decision;
    struct edit_change one = {.is_list = true, .names = d->secrets, .n_names = d->n_secrets};
    struct str last, pointer = e->pointer;
    if (str_ends(pointer, STR("/-")))
        pointer.n -= 2;
    if (parent_of(o, pointer, &one.mapping, &last, err) != EC_OK)
        return err->code;
    one.value = json_get(o->doc->json, one.mapping, last);
    one.key = key_of(last);
    one.before = "";
    return edit_changes_add(&a->changes, one, err);
}

static enum ec gather(struct edit_apply *a, const struct object *o, const struct edits *edits,
                      struct err *err) {
    bool secrets = false; /* are done: one change for all their edits */
    enum ec ec = EC_OK;
    for (size_t i = 0; i < edits->n && ec == EC_OK; i++) {
        const struct edit *e = &edits->v[i];
        if (e->kind == EDIT_STRING)
            ec = change_string(a, o, e, err);
        else if (!secrets)
            ec = change_secrets(a, o, e, err);
        secrets |= e->kind != EDIT_STRING;
    }
    return ec;
}

/* ---- what they should become --------------------------------------------------------- */

static enum ec keep(struct str **list, size_t *n, size_t *cap, struct arena *arena,
                    struct str text, struct err *err) {
    if (*n == *cap) {
        size_t more = *cap ? 2 * *cap : 64;
        struct str *grown = mem_realloc(*list, mem_array_bytes(more, sizeof *grown));
        if (grown == NULL)
            return err_set(err, EC_NOMEM, "out of memory");
        *list = grown;
        *cap = more;
    }
    if (!arena_str(arena, text, &(*list)[*n]))
        return arena_fail(arena, err);
    (*n)++;
    return EC_OK;
}

static enum ec want(struct edit_apply *a, const struct object *o, const struct edits *edits,
                    struct err *err) {
    struct buf after = BUF_INIT(JSON_MAX);
    enum ec ec = edit_patch_apply(o->doc->json, o->object, edits->v, edits->n, &after, err);
    char *padding = ec == EC_OK ? buf_room(&after, JSON_PADDING) : NULL; /* read in place */
    if (padding != NULL) {
        memset(padding, 0, JSON_PADDING);
        after.n += JSON_PADDING;
        ec = keep(&a->wanted, &a->n_wanted, &a->cap_wanted, &a->arena, buf_view(&after), err);
    } else if (ec == EC_OK) {
        ec = err_set(err, (enum ec)after.bad, "no room for the object");
    }
    buf_done(&after);
    return ec;
}

/* ---- first pass ---------------------------------------------------------------------- */

static void tell_reason(const struct object *o, const struct reason *r) {
    struct buf line = BUF_INIT(64 << 10), pointer = BUF_INIT(POINTER_MAX);
    struct err ignored = ERR_INIT;
    struct yaml_pos pos = object_reason_where(o, r, &pointer);
    escape_line(&line, "%s:%u:%u: %s: %.*s", o->file, pos.line, pos.col,
                object_weight_name(r->weight), STR_ARG(r->message));
    (void)!file_write_fd(STDERR_FILENO, buf_view(&line), &ignored);
    buf_done(&line);
    buf_done(&pointer);
}

static enum ec keep_result(struct edit_apply *a, const struct object *o, const struct reason *r,
                           struct err *err) {
    struct buf result = BUF_INIT(64 << 10);
    edit_krm_result(&result, o, r);
    enum ec ec =
        keep(&a->results, &a->n_results, &a->cap_results, &a->arena, buf_view(&result), err);
    buf_done(&result);
    return ec;
}

static enum ec report(struct edit_apply *a, const struct object *o, struct err *err) {
    const struct decision *d = o->decision;
    enum ec ec = EC_OK;
    for (size_t i = 0; i < d->n_reasons && ec == EC_OK; i++) {
        if (d->reasons[i].weight == WEIGHT_NOTE)
            continue;
        tell_reason(o, &d->reasons[i]);
        ec = keep_result(a, o, &d->reasons[i], err);
    }
    return ec;
}

static enum ec report_unjudged(struct edit_apply *a, const struct object *o, struct err *err) {
    struct buf line = BUF_INIT(1 << 20), message = BUF_INIT(1 << 20);
    struct err ignored = ERR_INIT;
    if (o->unjudged == NULL)
        return EC_OK;
    object_put_unjudged_line(&line, o);
    (void)!file_write_fd(STDERR_FILENO, buf_view(&line), &ignored);
    buf_puts(&message, "not judged: ");
    object_put_unjudged(&message, o);
    const struct reason r = {.weight = WEIGHT_NOTE, .image = -1, .message = buf_view(&message)};
    enum ec ec = keep_result(a, o, &r, err);
    buf_done(&line);
    buf_done(&message);
    return ec;
}

/* What a person may miss in the new text; once. */
static void tell_templates(struct edit_apply *a, const struct object *o) {
    static const struct str text = STR_INIT(
        "policyctl: note: pod templates get no imagePullSecrets, which would take the place "
        "of their service account's; the webhook adds them to each pod\n");
    const struct policy_rule *rule = o->decision->rule;
    struct err ignored = ERR_INIT;
    if (a->told || o->workload->shape != SHAPE_TEMPLATE || rule == NULL || rule->n_secrets == 0)
        return;
    a->told = true;
    (void)!file_write_fd(STDERR_FILENO, text, &ignored);
}

static enum ec change_object(void *arg, const struct object *o, struct err *err) {
    struct edit_apply *a = arg;
    struct edits edits = {.n = 0};
    tell_templates(a, o);
    if (report(a, o, err) != EC_OK || report_unjudged(a, o, err) != EC_OK ||
        o->object == JSON_NONE)
        return err->code;
    enum ec ec = edits_of(a, o, &edits, err);
    if (ec == EC_OK)
        ec = gather(a, o, &edits, err);
    if (ec == EC_OK)
        ec = want(a, o, &edits, err);
    return ec;
}

/* ---- second pass --------------------------------------------------------------------- */

/* The last guard: whatever the splicing did not see coming. */
static const char not_understood[] =
    "is written in a way that cannot be changed in place: what came out would not say what the "
    "patch says; nothing is written";

static enum ec is_as_wanted(bool *equal, const struct object *o, struct str wanted,
                            struct err *err) {
    const struct json_limits limits = {.max_depth = 1024, .max_nodes = UINT32_MAX / 2};
    struct json j = JSON_INIT;
    /* The arena's own bytes: nobody reads them after this. */
    enum ec ec =
        json_parse(&j, (char *)(uintptr_t)wanted.p, wanted.n - JSON_PADDING, limits, err);
    *equal = ec == EC_OK && edit_patch_equal(o->doc->json, o->object, &j, 0);
    json_done(&j);
    return ec;
}

static enum ec check_object(void *arg, const struct object *o, struct err *err) {
    struct edit_apply *a = arg;
    bool equal = false;
    enum ec ec = EC_OK;
    if (o->object == JSON_NONE)
        return EC_OK;
    if (a->n_checked < a->n_wanted)
        ec = is_as_wanted(&equal, o, a->wanted[a->n_checked], err);
    a->n_checked++;
    if (ec != EC_OK || equal)
        return ec;
    err_place(err, o->file, o->line, 1);
    return err_set(err, EC_SCHEMA, "%s", not_understood);
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
    const char *file;
    struct object_sink sink;
    struct object_totals *totals;
    bool first;
};

static void fault(struct pass *p, struct err *err) {
    object_skip_explain(err, p->file, &p->a->lines);
    err_place(err, p->file, 0, 0);
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
    enum ec ec =
        object_read_part(&p->a->judge, p->file, doc, STR(""), 0, &p->sink, p->totals, err);
    if (ec == EC_OK && p->first)
        ec = edit_changes_make(&p->a->changes, &splice, err);
    if (ec == EC_OK && p->first && p->a->n_results != 0 && edit_krm_is_list(doc->json))
        ec = edit_splice_items(&splice, 0, "results", p->a->results, p->a->n_results, err);
    return ec;
}

static enum ec each_document(struct pass *p, struct str text, struct err *err) {
    struct yaml *y = NULL;
    struct yaml_doc *doc = NULL;
    enum ec ec = yaml_open(&y, text, YAML_LIMITS_DEFAULT, err);
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

static enum ec check(struct edit_apply *a, const char *file, struct str text, struct err *err) {
    struct object_totals ignored = {.objects = 0};
    struct pass again = {
        .a = a,
        .file = file,
        .totals = &ignored,
        .sink = {.object = check_object, .fault = no_fault, .note = no_note, .arg = a}};
    a->n_checked = 0;
    if (each_document(&again, text, err) != EC_OK)
        return err->code;
    if (a->n_checked != a->n_wanted || ignored.unreadable != 0)
        return err_set(err, EC_SCHEMA, "%s: %s", file, not_understood);
    return EC_OK;
}

static bool is_utf16(struct str text) {
    return str_starts(text, STR("\xff\xfe")) || str_starts(text, STR("\xfe\xff"));
}

enum ec edit_apply_text(struct edit_apply *a, const char *file, struct str text,
                        struct buf *out, struct err *err) {
    struct str mark = str_slice(text, 0, utf8_mark_bytes(text));
    struct pass first = {.a = a,
                         .file = file,
                         .totals = &a->totals,
                         .first = true,
                         .sink = {.object = change_object,
                                  .fault = object_report_fault,
                                  .note = object_report_note,
                                  .arg = a}};
    size_t before = out->n, unreadable = a->totals.unreadable;
    if (is_utf16(text))
        return err_set(err, EC_LIMIT, "%s: text in UTF-16, expected UTF-8", file);
    buf_str(out, mark);
    text = str_slice(text, mark.n, text.n);
    if (is_utf16(text) || utf8_mark_bytes(text) != 0)
        return err_set(err, EC_SCHEMA, "%s: two byte order marks, expected one at most", file);
    a->n_wanted = 0;
    edit_text_done(&a->text);
    a->lines = (struct object_excerpt)OBJECT_EXCERPT_INIT(text);
    enum ec ec = edit_text_init(&a->text, text, err);
    if (ec == EC_OK)
        ec = each_document(&first, text, err);
    if (ec == EC_OK && a->totals.unreadable == unreadable)
        ec = edit_text_apply(&a->text, out, err);
    edit_text_done(&a->text); /* the check needs the room */
    if (ec == EC_OK && a->totals.unreadable == unreadable)
        ec = check(a, file, str_slice(buf_view(out), before, out->n), err);
    if (ec != EC_OK)
        err_place(err, file, err->line, err->col);
    object_excerpt_done(&a->lines);
    arena_reset(&a->arena);
    return ec;
}
