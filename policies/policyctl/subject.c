#include "policyctl/subject.h"

#include "base/file.h"
#include "base/mem.h"
#include "policyctl/verb.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILE_MAX = 256 << 20, POINTER_MAX = 4096, FOLDER_DEPTH_MAX = 32, LIST_DEPTH_MAX = 8 };

struct walk {
    const struct policy *policy;
    const struct asked *asked;
    subject_fn *each;
    void *arg;
    struct subject_totals *totals;
    struct arena arena;
    const struct str *groups;
    size_t n_groups;
    const char *file;
    size_t index;
    bool stop;
};

/* ---- one object ---------------------------------------------------------------------- */

static void count(struct subject_totals *t, const struct decision *d) {
    t->objects++;
    t->images += d->n_images;
    t->denied_objects += d->verdict == VERDICT_DENY;
    t->warned_objects += d->verdict == VERDICT_WARN;
    for (size_t i = 0; i < d->n_images; i++) {
        const struct decision_image *image = &d->images[i];
        if (image->weight == WEIGHT_DENY)
            t->denied++;
        else if (image->weight == WEIGHT_WARN)
            t->warned++;
        else if (!str_eq(image->before, image->after))
            t->rewritten++;
        else
            t->unchanged++;
    }
}

static enum ec show(struct walk *w, struct subject *s, const struct review_fault *fault,
                    const struct workload *workload, struct err *err) {
    struct decision decision;
    enum ec ec = fault->is ? review_refuse(&decision, fault, &w->arena, err)
                           : engine_decide(&decision, w->policy, workload, w->asked->now_s,
                                           w->asked->engine_flags, &w->arena, err);
    if (ec != EC_OK)
        return ec;
    s->index = w->index++;
    s->workload = workload;
    s->decision = &decision;
    count(w->totals, &decision);
    w->stop = !w->each(w->arg, s);
    return EC_OK;
}

static enum ec take_review(struct walk *w, struct subject *s, struct err *err) {
    struct review review;
    if (review_decode(&review, s->doc->json, &w->arena, err) != EC_OK)
        return err->code;
    s->prefix = STR("/request/object");
    s->object = review.object;
    if (s->object != JSON_NONE)
        review.workload.api_version =
            json_str(s->doc->json, json_get(s->doc->json, s->object, STR("apiVersion")));
    return show(w, s, &review.fault, &review.workload, err);
}

static enum ec take_object(struct walk *w, struct subject *s, struct err *err) {
    struct review_fault fault = {.is = false};
    struct workload workload = {.operation = w->asked->operation,
                                .namespace = str_of(w->asked->namespace),
                                .user = str_of(w->asked->user),
                                .groups = w->groups,
                                .n_groups = w->n_groups};
    if (review_object(&workload, &fault, s->doc->json, s->object, &w->arena, err) != EC_OK)
        return err->code;
    if (workload.kind.n == 0)
        return err_set(err, EC_SCHEMA, "no Kubernetes object: kind is missing");
    return show(w, s, &fault, &workload, err);
}

/* ---- one document: an object, a review, or a list of them ---------------------------- */

static enum ec tell(struct walk *w, struct err *err, uint32_t line, uint32_t col) {
    struct buf text = BUF_INIT(4096);
    struct err ignored = ERR_INIT;
    if (err->code == EC_NOMEM)
        return EC_NOMEM;
    err_place(err, w->file, line, col);
    if (str_starts(str_of(err->where),
                   STR("/"))) { /* a JSON pointer: of no use beside the line */
        err->where[0] = '\0';
        err_place(err, w->file, line, col);
    }
    err_print(err, &text);
    buf_putc(&text, '\n');
    (void)!file_write_fd(2, buf_view(&text), &ignored);
    buf_done(&text);
    w->totals->unreadable++;
    *err = (struct err)ERR_INIT;
    return EC_OK;
}

static enum ec take(struct walk *w, const struct yaml_doc *doc, struct str prefix,
                    json_at object, unsigned depth, struct err *err);

/* Any object with a top-level `items` is a list to kubectl, whatever its kind says. */
static enum ec take_list(struct walk *w, const struct yaml_doc *doc, struct str prefix,
                         json_at items, unsigned depth, struct err *err) {
    size_t i = 0;
    if (depth == LIST_DEPTH_MAX)
        return err_set(err, EC_LIMIT, "lists in lists, deeper than %d levels", LIST_DEPTH_MAX);
    for (json_at at = json_first(doc->json, items); at != JSON_NONE && !w->stop;
         at = json_next(doc->json, items, at), i++) {
        char pointer[256];
        int n = snprintf(pointer, sizeof pointer, "%.*s/items/%zu", STR_ARG(prefix), i);
        if (take(w, doc, (struct str){pointer, (size_t)n}, at, depth + 1, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

static enum ec take(struct walk *w, const struct yaml_doc *doc, struct str prefix,
                    json_at object, unsigned depth, struct err *err) {
    struct yaml_pos pos = doc->pos[object];
    struct subject s = {.file = w->file,
                        .line = pos.line,
                        .doc = doc,
                        .prefix = prefix,
                        .object = object,
                        .policy = w->policy};
    json_at items = json_get(doc->json, object, STR("items"));
    enum ec ec;
    arena_reset(&w->arena);
    if (!json_is(doc->json, object, JSON_OBJECT))
        ec = err_set(err, EC_SCHEMA, "no Kubernetes object: expected an object, found %s",
                     json_type_name(json_type_of(doc->json, object)));
    else if (items != JSON_NONE)
        ec = take_list(w, doc, prefix, items, depth, err);
    else if (object == 0 && review_is_review(doc->json, 0))
        ec = take_review(w, &s, err);
    else
        ec = take_object(w, &s, err);
    return ec == EC_OK ? EC_OK : tell(w, err, pos.line, pos.col);
}

/* ---- one file ------------------------------------------------------------------------ */

static enum ec each_document(struct walk *w, struct yaml *y, struct err *err) {
    struct yaml_doc *doc;
    while (!w->stop) {
        if (yaml_next(y, &doc, err) != EC_OK) {
            if (tell(w, err, 0, 0) != EC_OK)
                return EC_NOMEM;
            continue;
        }
        if (doc == NULL)
            return EC_OK;
        if (doc->note != NULL)
            fprintf(stderr, "%s:%u: note: %s\n", w->file, doc->note_line, doc->note);
        if (take(w, doc, STR(""), 0, 0, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

/* A whole input that cannot be read: told, counted, and the next one is taken. */
static enum ec skip_input(struct walk *w, struct err *err) {
    if (err->code == EC_NOMEM)
        return EC_NOMEM;
    verb_fail(err);
    w->totals->unreadable++;
    *err = (struct err)ERR_INIT;
    return EC_OK;
}

static enum ec take_file(struct walk *w, const char *path, struct err *err) {
    struct buf text = BUF_INIT(FILE_MAX + 1);
    struct yaml *y = NULL;
    w->file = strcmp(path, "-") == 0 ? "<stdin>" : path;
    w->index = 0;
    enum ec ec = file_read(&text, path, FILE_MAX, err);
    if (ec == EC_OK)
        ec = yaml_open(&y, buf_view(&text), YAML_LIMITS_DEFAULT, err);
    if (ec == EC_OK)
        ec = each_document(w, y, err);
    else
        ec = skip_input(w, err);
    yaml_close(y);
    buf_done(&text);
    return ec;
}

/* ---- folders ------------------------------------------------------------------------- */

static int is_wanted(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static bool is_manifest(const char *name) {
    struct str s = str_of(name);
    return str_ends(s, STR(".yaml")) || str_ends(s, STR(".yml")) || str_ends(s, STR(".json"));
}

static bool is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum ec take_folder(struct walk *w, const char *path, unsigned depth, struct err *err) {
    struct dirent **entries = NULL;
    int n = depth < FOLDER_DEPTH_MAX ? scandir(path, &entries, is_wanted, by_bytes) : -1;
    if (n < 0) {
        err_set_os(err, depth < FOLDER_DEPTH_MAX ? errno : ELOOP, "cannot read %s", path);
        return skip_input(w, err);
    }
    for (int i = 0; i < n; i++) {
        struct buf name = BUF_INIT(65536);
        bool slash = str_ends(str_of(path), STR("/"));
        buf_printf(&name, "%s%s%s", path, slash ? "" : "/", entries[i]->d_name);
        const char *child = buf_z(&name);
        if (child == NULL)
            err_set(err, EC_NOMEM, "out of memory");
        else if (err->code == EC_OK && !w->stop && is_folder(child))
            (void)!take_folder(w, child, depth + 1, err);
        else if (err->code == EC_OK && !w->stop && is_manifest(child))
            (void)!take_file(w, child, err);
        buf_done(&name);
        free(entries[i]);
    }
    free(entries);
    return err->code;
}

enum ec subject_each(char *const *paths, size_t n_paths, const struct policy *policy,
                     const struct asked *asked, subject_fn *each, void *arg,
                     struct subject_totals *totals, struct err *err) {
    struct str groups[OPT_LIST_MAX];
    struct walk w = {.policy = policy,
                     .asked = asked,
                     .each = each,
                     .arg = arg,
                     .totals = totals,
                     .arena = ARENA_INIT(64 << 10, (size_t)1 << 30),
                     .groups = groups,
                     .n_groups = asked->groups->n};
    for (size_t i = 0; i < asked->groups->n; i++)
        groups[i] = str_of(asked->groups->v[i]);
    for (size_t i = 0; i < n_paths && err->code == EC_OK && !w.stop; i++)
        (void)!(is_folder(paths[i]) ? take_folder(&w, paths[i], 0, err)
                                    : take_file(&w, paths[i], err));
    arena_done(&w.arena);
    return err->code;
}

/* ---- positions ----------------------------------------------------------------------- */

struct yaml_pos subject_where(const struct subject *s, struct str pointer) {
    struct buf whole = BUF_INIT(POINTER_MAX);
    buf_str(&whole, s->prefix);
    buf_str(&whole, pointer);
    struct yaml_pos pos = yaml_where(s->doc, buf_view(&whole));
    buf_done(&whole);
    return pos;
}

struct yaml_pos subject_image_where(const struct subject *s, const struct workload_image *image,
                                    struct buf *pointer) {
    buf_reset(pointer);
    engine_image_pointer(s->workload, image, pointer);
    return subject_where(s, buf_view(pointer));
}
