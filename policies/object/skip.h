/* object/skip - what is in folders of manifests and is none: templates that were not rendered,
 * values, kustomizations, settings of other programs; and what programs print before manifests.
 * Rules      a manifest is an object with apiVersion and kind, as kubectl wants it; one of the two beside
 *            metadata is taken for one with a mistake. A kustomization is none, whatever its
 *            kind. A file that cannot be parsed is none when it has no apiVersion anywhere
 * Knows      texts, nodes and paths; looks for Chart.yaml on the disk
 * Threads    pure functions, but for that look and standard error                                               */
#ifndef PULLGATE_OBJECT_SKIP_H
#define PULLGATE_OBJECT_SKIP_H

#include "base/err.h"
#include "object/excerpt.h"
#include "json/json.h"

bool object_skip_is_manifest(const struct json *j);
/* Of kustomize.config.k8s.io: kustomize reads it, no cluster takes it. */
bool object_skip_is_kustomization(const struct json *j);

enum object_skip_sort { OBJECT_SKIP_NOT, OBJECT_SKIP_OTHER, OBJECT_SKIP_UNRENDERED };

/* Is the file to be skipped, as found in a folder? Reads on up to the first manifest, or what is meant to
 * be one. Errors: EC_NOMEM. */
enum ec object_skip_sort(enum object_skip_sort *out, const char *path, struct str text,
                         struct err *err) MUST_CHECK;

/* A chart's template with actions in it: what it holds need not be broken to be meant otherwise. */
bool object_skip_is_chart_template(const char *path, struct str text);

/* "Pulled: ..." and "Digest: ...", which Helm 4 prints before the manifests of a chart in a registry. */
#define OBJECT_SKIP_CHATTER "skipped, output of helm pulling a chart"
bool object_skip_is_chatter(const struct json *j);

/* Is there a template's action where the text could not be parsed? */
bool object_skip_is_action(struct object_excerpt *lines, uint32_t line);

/* Says of an error of the parser that the text is a template, where it is one, and what renders it. */
void object_skip_explain(struct err *err, const char *path, struct object_excerpt *lines);

/* Notes of files that are skipped: of templates always, of one chart once; of the rest if `verbose`. */
struct object_skip_notes {
    struct buf chart; /* noted last */
    bool verbose;
};
#define OBJECT_SKIP_NOTES_INIT(is_verbose)                                                     \
    { .chart = BUF_INIT(1 << 16), .verbose = (is_verbose) }
void object_skip_notes_done(struct object_skip_notes *t);
/* Appends a line, or nothing. */
void object_skip_put_note(struct object_skip_notes *t, struct buf *out, const char *path,
                          bool unrendered);

/* The same on standard error. */
void object_skip_report(struct object_skip_notes *t, const char *path, bool unrendered);

/* What to do about a document without kind, as far as its names show: "; a kustomization: render it with
 * ..." or nothing. */
void object_skip_put_advice(struct buf *out, const struct json *j, const char *path);

#endif
