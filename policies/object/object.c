#include "object/object.h"

#include "base/file.h"
#include "base/utf8.h"
#include "object/skip.h"

#include <stdio.h>

enum { FILE_MAX = 256 << 20, POINTER_MAX = 4096, LIST_DEPTH_MAX = 8 };

struct walk { /* one file's */
    struct object_judge *j;
    const struct object_sink *to;
    struct object_totals *totals;
    const char *file;
    struct str raw;              /* as read */
    struct str text;             /* as shown */
    struct object_excerpt lines; /* of the text as shown */
    struct json_cursor near;
    size_t index;
    bool stop;        /* the sink had enough: its error stands */
    bool found;       /* in a folder: it need not be a manifest ... */
    bool is_manifest; /* ... and is one */
    bool skipped;     /* ... and is none: the rest of it is not looked at */
    bool unrendered;  /* holds a template */
};

/* ---- one object ---------------------------------------------------------------------- */

/* Denied as a whole: nothing of it runs, and where its images cannot be told, it counts as one. */
static bool is_denied_whole(const struct decision *d) {
    for (size_t i = 0; i < d->n_reasons; i++)
        if (d->reasons[i].weight == WEIGHT_DENY && d->reasons[i].image < 0)
            return true;
    return false;
}

static void count(struct object_totals *t, const struct decision *d) {
    bool whole = is_denied_whole(d);
    t->objects++;
    t->denied += whole && d->n_images == 0;
    t->images += d->n_images;
    t->denied_objects += d->verdict == VERDICT_DENY;
    t->warned_objects += d->verdict == VERDICT_WARN;
    for (size_t i = 0; i < d->n_images; i++) {
        const struct decision_image *image = &d->images[i];
        if (whole || image->weight == WEIGHT_DENY)
            t->denied++;
        else if (image->weight == WEIGHT_WARN)
            t->warned++;
        else if (!str_eq(image->before, image->after))
            t->rewritten++;
        else
            t->unchanged++;
    }
}

void object_totals_add(struct object_totals *to, const struct object_totals *more) {
    to->objects += more->objects;
    to->images += more->images;
    to->rewritten += more->rewritten;
    to->denied += more->denied;
    to->warned += more->warned;
    to->unchanged += more->unchanged;
    to->denied_objects += more->denied_objects;
    to->warned_objects += more->warned_objects;
    to->malformed_objects += more->malformed_objects;
    to->unjudged_objects += more->unjudged_objects;
    to->unreadable += more->unreadable;
    to->skipped += more->skipped;
    to->unrendered += more->unrendered;
}

/* Reviews of built-in kinds are the webhook's own matter: an eviction, a status. */
static bool is_judged(const struct object *o, const struct review_fault *fault) {
    struct str built_in;
    bool known = review_is_version(o->workload->api_version, o->workload->kind, &built_in);
    return fault->is || o->object == JSON_NONE || o->decision->verdict != VERDICT_ALLOW ||
           (o->is_review && known && built_in.n != 0);
}

/* Images that someone else was to fill in. */
static void note_variable(struct walk *w, const struct object *o) {
    struct buf pointer = BUF_INIT(POINTER_MAX);
    for (size_t i = 0; i < o->decision->n_images; i++) {
        struct str text = o->decision->images[i].before;
        bool action = text.n > 1 && memmem(text.p, text.n, "{{", 2) != NULL;
        if (!action && (text.n < 2 || text.p[0] != '$' || memchr("{(", text.p[1], 2) == NULL))
            continue;
        struct yaml_pos pos = object_image_where(o, o->decision->images[i].image, &pointer);
        w->to->note(
            w->to->arg, w->file, pos.line,
            "an image that a template or its parameters have yet to fill in; give what is "
            "rendered");
        break;
    }
    buf_done(&pointer);
}

static enum ec show(struct walk *w, struct object *o, const struct review_fault *fault,
                    const struct workload *workload, struct err *err) {
    struct decision decision;
    const struct object_request *request = w->j->request;
    enum ec ec = fault->is ? review_refuse(&decision, fault, w->j->policy, &w->j->arena, err)
                           : engine_decide(&decision, w->j->policy, workload, request->now_s,
                                           request->engine_flags, &w->j->arena, err);
    if (ec != EC_OK)
        return ec;
    o->index = w->index++;
    o->malformed = fault->is ? fault->at : JSON_NONE;
    o->workload = workload;
    o->decision = &decision;
    struct object_unjudged unjudged = {.why = OBJECT_UNJUDGED_NOT};
    if (!is_judged(o, fault))
        object_unjudged_look(&unjudged, o->doc->json, o->object, workload);
    o->unjudged = unjudged.why != OBJECT_UNJUDGED_NOT ? &unjudged : NULL;
    count(w->totals, &decision);
    w->totals->malformed_objects += fault->is;
    w->totals->unjudged_objects += o->unjudged != NULL;
    note_variable(w, o);
    ec = w->to->object(w->to->arg, o, err);
    w->stop = ec != EC_OK && ec != EC_LIMIT; /* what is too much of one object */
    return ec;
}

static enum ec take_review(struct walk *w, struct object *o, struct err *err) {
    struct review review;
    if (o->object != 0)
        return err_set(err, EC_SCHEMA,
                       "an AdmissionReview in a List, expected a document of its own");
    if (review_decode(&review, o->doc->json, &w->j->arena, err) != EC_OK)
        return err->code;
    o->prefix = STR("/request/object");
    o->is_review = true;
    o->object = review.object;
    if (o->object != JSON_NONE)
        o->line = o->doc->pos[o->object].line;
    if (o->object != JSON_NONE)
        review.workload.api_version =
            json_str(o->doc->json, json_get(o->doc->json, o->object, STR("apiVersion")));
    return show(w, o, &review.fault, &review.workload, err);
}

/* Does the pod spec itself say which account it runs as? */
static bool names_account(const struct json *json, json_at object, struct str spec) {
    json_at at = object;
    while (spec.p != NULL && spec.n != 0) {
        spec = str_slice(spec, 1, spec.n);
        size_t n = str_find(spec, '/');
        at = json_get(json, at, str_slice(spec, 0, n));
        spec = str_slice(spec, n, spec.n);
    }
    return json_str(json, json_get(json, at, STR("serviceAccountName"))).n != 0 ||
           json_str(json, json_get(json, at, STR("serviceAccount"))).n != 0;
}

enum ec object_workload(struct workload *out, struct review_fault *fault,
                        const struct object_judge *j, const struct json *json, json_at object,
                        struct arena *arena, struct err *err) {
    const struct object_request *request = j->request;
    struct str version;
    *fault = (struct review_fault){.is = false};
    *out = (struct workload){.operation = request->operation,
                             .namespace = str_of(request->namespace),
                             .api_version = j->item_version,
                             .kind = j->item_kind,
                             .user = str_of(request->user),
                             .groups = j->groups,
                             .n_groups = request->groups->n};
    if (review_object(out, fault, json, object, arena, err) != EC_OK)
        return err->code;
    if (out->kind.n == 0)
        return err_set(err, EC_SCHEMA, "no Kubernetes object: kind is missing");
    if (!review_is_version(out->api_version, out->kind, &version))
        return err_set(err, EC_SCHEMA, "apiVersion of a %.*s: found %s%.*s%s, expected %.*s",
                       STR_ARG(out->kind), out->api_version.n ? "\"" : "none",
                       STR_ARG(str_slice(out->api_version, 0, 100)),
                       out->api_version.n ? "\"" : "", STR_ARG(version));
    if (request->namespace == NULL && out->namespace.n == 0 && out->shape != SHAPE_OTHER)
        out->namespace = str_of(OBJECT_NAMESPACE);
    if (request->service_account != NULL && out->shape != SHAPE_OTHER &&
        !names_account(json, object, out->spec))
        out->service_account = str_of(request->service_account);
    return EC_OK;
}

static enum ec take_object(struct walk *w, struct object *o, struct err *err) {
    struct review_fault fault;
    struct workload workload;
    if (object_workload(&workload, &fault, w->j, o->doc->json, o->object, &w->j->arena, err) !=
        EC_OK)
        return err->code;
    return show(w, o, &fault, &workload, err);
}

/* ---- one document: an object, a review, or a list of them ---------------------------- */

/* A fault; EC_OK, unless there is no going on. */
static enum ec tell(struct walk *w, bool whole, struct err *err) {
    if (w->stop || err->code == EC_NOMEM)
        return err->code;
    const struct object_fault fault = {
        .file = w->file, .lines = &w->lines, .whole = whole, .err = err};
    w->totals->unreadable++;
    w->to->fault(w->to->arg, &fault);
    *err = (struct err)ERR_INIT;
    return EC_OK;
}

static enum ec tell_at(struct walk *w, struct err *err, uint32_t line, uint32_t col) {
    if (str_starts(str_of(err->where), STR("/")))
        err->where[0] = '\0'; /* a JSON pointer: of no use beside the line */
    err_place(err, w->file, line, col);
    return tell(w, false, err);
}

static enum ec take(struct walk *w, const struct yaml_doc *doc, struct str prefix,
                    json_at object, unsigned depth, struct err *err);

struct item_type {
    struct str version, kind;
};

/* Items of a PodList, as the API server gives it, do not say what they are. */
static struct item_type type_of_items(const struct json *json, json_at list) {
    struct str kind = json_str(json, json_get(json, list, STR("kind")));
    if (!str_ends(kind, STR("List")) || kind.n == 4)
        return (struct item_type){STR_NONE, STR_NONE};
    return (struct item_type){json_str(json, json_get(json, list, STR("apiVersion"))),
                              str_slice(kind, 0, kind.n - 4)};
}

/* Any object with a top-level `items` is a list to kubectl, whatever its kind says. */
static enum ec take_list(struct walk *w, const struct yaml_doc *doc, struct str prefix,
                         json_at list, unsigned depth, struct err *err) {
    json_at items = json_get(doc->json, list, STR("items"));
    const struct item_type type = type_of_items(doc->json, list);
    size_t i = 0;
    enum ec ec = EC_OK;
    if (depth == LIST_DEPTH_MAX)
        return err_set(err, EC_LIMIT, "lists in lists, deeper than %d levels", LIST_DEPTH_MAX);
    for (json_at at = json_first(doc->json, items); at != JSON_NONE && ec == EC_OK;
         at = json_next(doc->json, items, at), i++) {
        char pointer[256];
        int n = snprintf(pointer, sizeof pointer, "%.*s/items/%zu", STR_ARG(prefix), i);
        w->j->item_version = type.version; /* a list in this one had others */
        w->j->item_kind = type.kind;
        ec = take(w, doc, (struct str){pointer, (size_t)n}, at, depth + 1, err);
    }
    w->j->item_kind = w->j->item_version = STR_NONE;
    return ec;
}

/* ---- what is no manifest ------------------------------------------------------------- */

/* A document that is none, or cannot be parsed, in a file of a folder: is the file none, either? Then
 * that is the end of it. */
static enum ec skip(struct walk *w, bool *skipped, struct err *err) {
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
static enum ec take_document(struct walk *w, const struct yaml_doc *doc, struct err *err) {
    bool skipped = false;
    if (doc->note != NULL)
        w->to->note(w->to->arg, w->file, doc->note_line, doc->note);
    if (object_skip_is_chatter(doc->json)) {
        w->to->note(w->to->arg, w->file, doc->line, OBJECT_SKIP_CHATTER);
        return EC_OK;
    }
    if (object_skip_is_manifest(doc->json))
        w->is_manifest = true;
    else if (skip(w, &skipped, err) != EC_OK || skipped)
        return err->code;
    return take(w, doc, STR(""), 0, 0, err);
}

/* One that cannot be parsed. */
static enum ec take_broken(struct walk *w, struct err *err) {
    struct err aside = ERR_INIT;
    bool skipped;
    if (w->found && object_skip_is_action(&w->lines, err->line)) {
        w->unrendered = true;
        *err = aside;
        return EC_OK;
    }
    if (skip(w, &skipped, &aside) != EC_OK) {
        *err = aside;
        return err->code;
    }
    if (skipped) {
        *err = aside;
        return EC_OK;
    }
    object_skip_explain(err, w->file, &w->lines);
    return tell_at(w, err, 0, 0);
}

/* Of a whole document that is no object: what to do about it. */
static void advise(const struct walk *w, const struct json *j, struct str prefix,
                   struct err *err) {
    size_t n = strlen(err->msg);
    struct buf advice = BUF_OVER(err->msg + n, sizeof err->msg - 1 - n);
    if (prefix.n != 0 || err->code != EC_SCHEMA || object_skip_is_manifest(j))
        return;
    object_skip_put_advice(&advice, j, w->file);
    err->msg[n + (advice.bad ? 0 : advice.n)] = '\0';
}

static enum ec take(struct walk *w, const struct yaml_doc *doc, struct str prefix,
                    json_at object, unsigned depth, struct err *err) {
    struct yaml_pos pos = doc->pos[object];
    struct object o = {.file = w->file,
                       .text = w->text,
                       .lines = &w->lines,
                       .near = &w->near,
                       .line = pos.line,
                       .doc = doc,
                       .prefix = prefix,
                       .object = object,
                       .policy = w->j->policy};
    enum ec ec;
    arena_reset(&w->j->arena);
    w->near = (struct json_cursor)JSON_CURSOR_INIT;
    if (!json_is(doc->json, object, JSON_OBJECT))
        ec = err_set(err, EC_SCHEMA, "no Kubernetes object: expected an object, found %s",
                     json_type_name(json_type_of(doc->json, object)));
    else if (prefix.n == 0 && object_skip_is_kustomization(doc->json))
        ec = err_set(err, EC_SCHEMA, "no object of a cluster");
    else if (json_get(doc->json, object, STR("items")) != JSON_NONE)
        ec = take_list(w, doc, prefix, object, depth, err);
    else if (review_is_review(doc->json, object))
        ec = take_review(w, &o, err);
    else
        ec = take_object(w, &o, err);
    if (ec == EC_OK)
        return EC_OK;
    advise(w, doc->json, prefix, err);
    return tell_at(w, err, pos.line, pos.col);
}

enum ec object_read_part(struct object_judge *j, const char *file, const struct yaml_doc *doc,
                         struct str prefix, json_at object, const struct object_sink *to,
                         struct object_totals *totals, struct err *err) {
    struct walk w = {.j = j, .to = to, .totals = totals, .file = file};
    return take(&w, doc, prefix, object, 0, err);
}

/* ---- one file ------------------------------------------------------------------------ */

static enum ec each_document(struct walk *w, struct yaml *y, struct err *err) {
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

static enum ec take_text(struct walk *w, struct str text, struct err *err) {
    struct yaml *y = NULL;
    w->raw = text;
    w->text = shown_text(text);
    w->lines = (struct object_excerpt)OBJECT_EXCERPT_INIT(w->text);
    if (w->found && object_skip_is_chart_template(w->file, text)) {
        w->unrendered = true;
        return EC_OK;
    }
    enum ec ec = yaml_open(&y, text, YAML_LIMITS_DEFAULT, err);
    ec = ec == EC_OK ? each_document(w, y, err) : tell(w, true, err);
    yaml_close(y);
    object_excerpt_done(&w->lines);
    return ec;
}

static void tell_skipped(const struct walk *w) {
    const struct object_skip skipped = {.file = w->file, .unrendered = w->unrendered};
    w->totals->unrendered += w->unrendered;
    w->totals->skipped += w->skipped && !w->unrendered;
    if ((w->skipped || w->unrendered) && w->to->skip != NULL)
        w->to->skip(w->to->arg, &skipped);
}

enum ec object_read_text(struct object_judge *j, const char *file, struct str text,
                         const struct object_sink *to, struct object_totals *totals,
                         struct err *err) {
    struct walk w = {.j = j, .to = to, .totals = totals, .file = file};
    return take_text(&w, text, err);
}

enum ec object_read_file(struct object_judge *j, const char *path, bool found,
                         const struct object_sink *to, struct object_totals *totals,
                         struct err *err) {
    struct buf text = BUF_INIT(FILE_MAX + 1);
    struct walk w = {.j = j, .to = to, .totals = totals, .found = found};
    w.file = strcmp(path, "-") == 0 ? "<stdin>" : path;
    enum ec ec = file_read_any(&text, path, FILE_MAX, err) == EC_OK
                     ? take_text(&w, buf_view(&text), err)
                     : tell(&w, true, err);
    tell_skipped(&w);
    buf_done(&text);
    return ec;
}

void object_judge_init(struct object_judge *j, const struct policy *policy,
                       const struct object_request *request) {
    *j = (struct object_judge){
        .policy = policy, .request = request, .arena = ARENA_INIT(64 << 10, (size_t)1 << 30)};
    for (size_t i = 0; i < request->groups->n; i++)
        j->groups[i] = str_of(request->groups->v[i]);
}

void object_judge_done(struct object_judge *j) {
    arena_done(&j->arena);
}

/* ---- names and positions ------------------------------------------------------------- */

const char *object_verdict_name(const struct object *o) {
    return o->unjudged != NULL ? "not-judged" : engine_verdict_name(o->decision->verdict);
}

struct str object_name(const struct object *o) {
    const struct workload *w = o->workload;
    return w->name.n != 0 ? w->name : w->generate_name;
}

struct yaml_pos object_where(const struct object *o, struct str pointer) {
    return o->object != JSON_NONE ? yaml_where_from(o->doc, o->near, o->object, pointer)
                                  : yaml_where(o->doc, o->prefix);
}

struct yaml_pos object_image_where(const struct object *o, const struct workload_image *image,
                                   struct buf *pointer) {
    buf_reset(pointer);
    engine_image_pointer(o->workload, image, pointer);
    return object_where(o, buf_view(pointer));
}

struct yaml_pos object_reason_where(const struct object *o, const struct reason *r,
                                    struct buf *pointer) {
    buf_reset(pointer);
    if (r->image < 0) {
        json_path(o->doc->json, o->object, o->malformed, pointer);
        return object_where(o, buf_view(pointer));
    }
    return object_image_where(o, o->decision->images[r->image].image, pointer);
}

struct yaml_pos object_secrets_where(const struct object *o) {
    struct buf pointer = BUF_INIT(POINTER_MAX);
    buf_str(&pointer, o->workload->spec);
    buf_puts(&pointer, "/imagePullSecrets");
    struct yaml_pos pos = object_where(o, buf_view(&pointer));
    buf_done(&pointer);
    return pos;
}
