/* One file: its documents, and whether it is a manifest at all. */
#include "base/file.h"
#include "base/utf8.h"
#include "object/skip.h"
#include "object/walk.h"

enum { FILE_MAX = 256 << 20 };

/* ---- what is not a manifest ------------------------------------------------------------- */

/* A document that is none, or cannot be parsed, in a file of a folder: is the file none, either? Then
 * that is the end of it. */
static enum ec skip_file(struct object_walk *w, bool *skipped, struct err *err) {
    *skipped = false;
    if (!w->found || w->is_manifest)
        return EC_OK;
    enum object_skip_sort sort;
    if (object_skip_sort(&sort, w->file, w->raw, err) != EC_OK)
        return err->code;
    w->is_manifest = sort == OBJECT_SKIP_NOT;
    w->unrendered = sort == OBJECT_SKIP_UNRENDERED;
    *skipped = w->skipped = sort != OBJECT_SKIP_NOT;
    return EC_OK;
}

/* A whole document. */
static enum ec take_document(struct object_walk *w, const struct yaml_doc *doc,
                             struct err *err) {
    bool skipped = false;
    if (doc->note != NULL)
        w->to->note(w->to->arg, w->file, doc->note_line, doc->note);
    if (object_skip_is_chatter(doc->json)) {
        w->to->note(w->to->arg, w->file, doc->line, OBJECT_SKIP_CHATTER);
        return EC_OK;
    }
    if (object_skip_is_manifest(doc->json))
        w->is_manifest = true;
    else if (skip_file(w, &skipped, err) != EC_OK || skipped)
        return err->code;
    return object_walk_take(w, doc, STR(""), 0, 0, err);
}

/* One that cannot be parsed. */
static enum ec take_broken(struct object_walk *w, struct err *err) {
    struct err aside = ERR_INIT;
    bool skipped;
    if (w->found && object_skip_is_action(&w->lines, err->line)) {
        w->unrendered = true;
        *err = aside;
        return EC_OK;
    }
    if (skip_file(w, &skipped, &aside) != EC_OK) {
        *err = aside;
        return err->code;
    }
    if (skipped) {
        *err = aside;
        return EC_OK;
    }
    object_skip_explain(err, w->file, &w->lines);
    return object_walk_fault_at(w, err, 0, 0);
}

/* ---- documents ----------------------------------------------------------------------- */

static enum ec each_document(struct object_walk *w, struct yaml *y, struct err *err) {
    struct yaml_doc *doc;
    for (;;) {
        enum ec ec = yaml_next(y, &doc, err);
        if (ec == EC_OK && doc == NULL)
            return EC_OK;
        ec = ec == EC_OK ? take_document(w, doc, err) : take_broken(w, err);
        if (ec != EC_OK || w->skipped)
            return ec;
    }
}

/* Positions are those of UTF-8 without its mark; text of other encodings is not shown. */
static struct str shown_text(struct str text) {
    if (str_starts(text, STR("\xff\xfe")) || str_starts(text, STR("\xfe\xff")))
        return STR_NONE;
    return str_slice(text, utf8_mark_bytes(text), text.n);
}

static enum ec take_text(struct object_walk *w, struct str text, struct err *err) {
    struct yaml_limits limits = YAML_LIMITS_DEFAULT;
    struct yaml *y = NULL;
    limits.drops_raw = true;
    w->raw = text;
    w->text = shown_text(text);
    w->lines = (struct object_excerpt)OBJECT_EXCERPT_INIT(w->text);
    if (w->found && object_skip_is_chart_template(w->file, text)) {
        w->unrendered = true;
        return EC_OK;
    }
    enum ec ec = yaml_open(&y, text, limits, err);
    ec = ec == EC_OK ? each_document(w, y, err) : object_walk_fault(w, true, err);
    yaml_close(y);
    object_excerpt_done(&w->lines);
    return ec;
}

static void give_skipped(const struct object_walk *w) {
    const struct object_skip skipped = {.file = w->file, .unrendered = w->unrendered};
    w->totals->unrendered += w->unrendered;
    w->totals->skipped += w->skipped && !w->unrendered;
    if ((w->skipped || w->unrendered) && w->to->skip != NULL)
        w->to->skip(w->to->arg, &skipped);
}

enum ec object_read_text(struct object_judge *j, const char *file, struct str text,
                         const struct object_sink *to, struct object_totals *totals,
                         struct err *err) {
    struct object_walk w = {.j = j, .to = to, .totals = totals, .file = file};
    return take_text(&w, text, err);
}

enum ec object_read_file(struct object_judge *j, const char *path, bool found,
                         const struct object_sink *to, struct object_totals *totals,
                         struct err *err) {
    struct buf text = BUF_INIT(FILE_MAX + 1);
    struct object_walk w = {.j = j, .to = to, .totals = totals, .found = found};
    w.file = strcmp(path, "-") == 0 ? "<stdin>" : path;
    enum ec ec = file_read_any(&text, path, FILE_MAX, err) == EC_OK
                     ? take_text(&w, buf_view(&text), err)
                     : object_walk_fault(&w, true, err);
    give_skipped(&w);
    buf_done(&text);
    return ec;
}
