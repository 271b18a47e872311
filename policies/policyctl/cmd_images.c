/* policyctl images - every image, and where the policy sends it: for filling a mirror. */
#include "base/file.h"
#include "object/each.h"
#include "object/messages.h"
#include "object/operand.h"
#include "policyctl/images_check.h"
#include "policyctl/options.h"
#include "report/images.h"

static report_images_print_fn *const printers[] = {[IMAGES_TABLE] = report_images_print_table,
                                                   [IMAGES_JSON] = report_images_print_json,
                                                   [IMAGES_SYNC] = report_images_print_sync,
                                                   [IMAGES_COPY] = report_images_print_copy};

struct run {
    const struct policy *policy;
    const struct options_images *options;
    struct requester requester;
    struct report_images images;
    struct object_totals totals;
    struct images_secrets *secrets; /* NULL: nothing is checked */
    struct err err;
};

/* Which pull secrets the rows that come next are pulled with. */
static enum ec note_secrets(struct run *r, const struct workload *pod, struct err *err) {
    if (r->secrets == NULL || pod == NULL)
        return EC_OK;
    return images_secrets_of(r->secrets, pod, r->policy, r->requester.request.now_s,
                             &r->images.pull_secrets, err);
}

/* ---- manifests ----------------------------------------------------------------------- */

static enum ec take_object(void *arg, const struct object *s, struct err *err) {
    struct run *r = arg;
    const struct decision *d = s->decision;
    if (s->unjudged != NULL)
        object_report_unjudged(NULL, s);
    for (size_t i = 0; i < d->n_images; i++)
        if (report_images_is_placeholder(d->images[i].image))
            object_report_placeholder(s, d->images[i].image);
    if (note_secrets(r, s->workload, err) != EC_OK)
        return err->code;
    return report_images_add_object(&r->images, s, err);
}

/* ---- lists --------------------------------------------------------------------------- */

static void take_name(struct run *r, struct str name, const char *file, uint32_t line) {
    struct workload_image image;
    struct workload pod = requester_pod(&r->requester, &image, name);
    if (note_secrets(r, &pod, &r->err) != EC_OK)
        return;
    (void)!report_images_add_name(&r->images, r->policy, &pod, r->requester.request.now_s, file,
                                  line, &r->err);
}

static void take_image_list(struct run *r, struct str text, const char *file) {
    struct str name;
    uint32_t line = 0;
    for (size_t at = 0; r->err.code == EC_OK && object_operand_next(text, &at, &line, &name);)
        take_name(r, name, file, line);
}

static void take_file(struct run *r, char *const *path) {
    struct buf text = BUF_INIT(OBJECT_OPERAND_MAX + 1);
    bool folder = object_operand_is_folder(*path);
    const char *name = strcmp(*path, "-") == 0 ? "<stdin>" : *path;
    if (!folder && file_read_any(&text, *path, OBJECT_OPERAND_MAX, &r->err) != EC_OK) {
        if (r->err.code != EC_NOMEM) { /* reported; the next one is taken */
            verb_fail(&r->err);
            r->err = (struct err)ERR_INIT;
            r->totals.unreadable++;
        }
    } else if (!folder && object_operand_is_list(name, buf_view(&text))) {
        take_image_list(r, buf_view(&text), name);
    } else if (!folder) {
        (void)!object_each_in_text(name, buf_view(&text), r->policy, &r->requester.request,
                                   take_object, r, &r->totals, &r->err);
    } else {
        (void)!object_each(path, 1, &r->options->exclude, r->policy, &r->requester.request,
                           take_object, r, &r->totals, &r->err);
    }
    buf_done(&text);
}

/* ---- the answer ---------------------------------------------------------------------- */

static int print_images(struct run *r) {
    struct buf denials = BUF_INIT((size_t)1 << 30), out = BUF_INIT((size_t)1 << 30);
    bool bad = false;
    report_images_sort(&r->images);
    if (r->secrets != NULL &&
        images_check(&r->images, r->options, r->secrets, &bad, &r->err) != EC_OK)
        return EXIT_INPUT;
    r->images.n_unjudged = r->totals.unjudged_objects;
    bool denied = report_images_put_denials(&denials, &r->images);
    if (denials.bad)
        err_set(&r->err, (enum ec)denials.bad, "no room for the list of denials");
    else
        verb_talk(buf_view(&denials));
    buf_done(&denials);
    if (r->err.code != EC_OK)
        return EXIT_INPUT;
    size_t left_out = printers[r->options->output](&out, &r->images);
    bool printed = verb_print(&out);
    buf_done(&out);
    int status =
        printed ? verb_status(&r->totals, denied || bad, r->options->strict) : EXIT_INPUT;
    return status == EXIT_ALLOWED && left_out != 0 ? EXIT_LEFT_OUT : status;
}

int cmd_images(const union options *options, const struct opt_result *args) {
    const struct options_images *o = &options->images;
    struct run r = {.options = o, .err = ERR_INIT};
    struct policy *policy = NULL;
    int status = EXIT_INPUT;
    r.images.arena = (struct arena)ARENA_INIT(64 << 10, (size_t)1 << 30);
    if (verb_operands(args, VERB_NO_INPUT, &r.err) == EC_OK &&
        requester_read(&r.requester, &o->requester, &r.err) == EC_OK)
        (void)!verb_policy(&policy, o->policy, r.requester.request.now_s, &r.err);
    r.policy = policy;
    if (r.err.code == EC_OK)
        (void)!images_check_begin(&r.secrets, o, policy, &r.err);
    for (size_t i = 0; i < args->n_operands && r.err.code == EC_OK; i++)
        take_file(&r, &args->operands[i]);
    if (r.err.code == EC_OK)
        status = print_images(&r);
    images_secrets_free(r.secrets);
    report_images_done(&r.images);
    engine_policy_free(policy);
    return r.err.code == EC_OK ? status : verb_fail(&r.err);
}
