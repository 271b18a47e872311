/* policyctl apply - manifests as the webhook would change them, in the layout of their authors. */
#include "base/file.h"
#include "edit/apply.h"
#include "edit/stream.h"
#include "object/inputs.h"
#include "object/messages.h"
#include "object/operand.h"
#include "object/skip.h"
#include "policyctl/options.h"

#include <limits.h>

struct run {
    const struct options_apply *options;
    struct policy *policy;
    struct requester requester;
    struct edit_apply apply;
    bool begun;  /* the policy is loaded */
    bool broken; /* a bug was reported */
    struct object_skip_notes notes;
    struct edit_stream stream;
};

static const struct edit_apply_sink sink = {.reason = object_report_reason,
                                            .unjudged = object_report_unjudged,
                                            .templates = object_report_templates,
                                            .fault = object_report_fault,
                                            .note = object_report_note};

/* A function's configuration may name the policy: the input comes first. */
static enum ec load_policy(struct run *r, struct str text, struct err *err) {
    struct buf path = BUF_INIT(PATH_MAX);
    const char *policy = verb_policy_path(r->options->policy);
    if (policy == NULL) {
        edit_apply_policy_of(text, &path);
        policy = path.n ? buf_z(&path) : NULL;
    }
    enum ec ec = verb_policy(&r->policy, policy, r->requester.request.now_s, err);
    buf_done(&path);
    if (ec != EC_OK)
        return ec;
    edit_apply_init(&r->apply, r->policy, &r->requester.request, &sink);
    r->apply.templates = r->options->templates;
    r->begun = true;
    return EC_OK;
}

static enum ec apply_text(struct run *r, const char *path, struct str text, struct err *err) {
    struct buf file = BUF_INIT((size_t)1 << 30);
    size_t unreadable = r->apply.totals.unreadable;
    const char *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
    enum ec ec = edit_apply_text(&r->apply, name, text, &file, err);
    bool readable = r->apply.totals.unreadable == unreadable;
    if (ec == EC_OK && readable && r->options->in_place) {
        ec = edit_apply_save(path, text, buf_view(&file), err);
    } else if (ec == EC_OK && readable) {
        ec = edit_stream_add(&r->stream, &file, err);
    }
    buf_done(&file);
    return ec;
}

/* A file in a folder that is not a manifest. */
static bool is_skipped(struct run *r, const struct object_input *in, struct str text,
                       struct err *err) {
    enum object_skip_sort sort = OBJECT_SKIP_NOT;
    if (!in->found || object_skip_sort(&sort, in->path, text, err) != EC_OK ||
        sort == OBJECT_SKIP_NOT)
        return false;
    r->apply.totals.unrendered += sort == OBJECT_SKIP_UNRENDERED;
    object_skip_report(&r->notes, in->path, sort == OBJECT_SKIP_UNRENDERED);
    return true;
}

static enum ec take_input(struct run *r, const struct object_input *in, struct err *err) {
    struct buf text = BUF_INIT(OBJECT_OPERAND_MAX + 1);
    if (in->os != 0)
        object_inputs_fail(in, err);
    else
        (void)!file_read_any(&text, in->path, OBJECT_OPERAND_MAX, err);
    bool read = err->code == EC_OK;
    if (read && !r->begun)
        (void)!load_policy(r, buf_view(&text), err);
    if (err->code == EC_OK && !is_skipped(r, in, buf_view(&text), err) && err->code == EC_OK)
        (void)!apply_text(r, in->path, buf_view(&text), err);
    buf_done(&text);
    /* A file that cannot be read, changed or written is reported, and the next one follows; without
     * the rule file there is no way to continue. */
    if (err->code != EC_OK && err->code != EC_NOMEM && (r->begun || !read)) {
        r->broken |= verb_fail(err) == EXIT_BROKEN;
        r->apply.totals.unreadable++;
        *err = (struct err)ERR_INIT;
    }
    return err->code;
}

static int status_of(const struct run *r, const struct err *err) {
    if (err->code != EC_OK)
        return verb_fail(err);
    if (r->broken)
        return EXIT_BROKEN;
    const struct object_totals *t = &r->apply.totals;
    return verb_status(t, t->denied_objects != 0, r->options->strict);
}

static enum ec apply_all(struct run *r, const struct opt_result *args, struct err *err) {
    const struct object_inputs_filter filter = {.wanted = object_inputs_is_manifest,
                                                .exclude = &r->options->exclude,
                                                .ignore_files = true};
    struct object_inputs in = {.v = NULL};
    enum ec ec = object_inputs_find(&in, args->operands, args->n_operands, &filter, err);
    r->stream.several = in.n > 1;
    for (size_t i = 0; i < in.n && ec == EC_OK; i++) {
        if (r->options->in_place && strcmp(in.v[i].path, "-") == 0)
            ec = err_set(err, EC_USAGE, "--in-place needs files; - is standard input");
        else
            ec = take_input(r, &in.v[i], err);
    }
    object_inputs_done(&in);
    return ec;
}

int cmd_apply(const union options *options, const struct opt_result *args) {
    const struct options_apply *o = &options->apply;
    struct run r = {
        .options = o, .notes = OBJECT_SKIP_NOTES_INIT(false), .stream = EDIT_STREAM_INIT};
    struct err err = ERR_INIT;
    if (verb_operands(args, VERB_NO_INPUT, &err) == EC_OK &&
        requester_read(&r.requester, &o->requester, &err) == EC_OK)
        (void)!apply_all(&r, args, &err);
    int status = status_of(&r, &err);
    if (err.code == EC_OK && !verb_print(&r.stream.out))
        status = EXIT_INPUT;
    if (r.begun)
        edit_apply_done(&r.apply);
    engine_policy_free(r.policy);
    object_skip_notes_done(&r.notes);
    buf_done(&r.stream.out);
    return status;
}
