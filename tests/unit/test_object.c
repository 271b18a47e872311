/* From texts and folders to judged objects: streams, lists, reviews, faults, positions; what is skipped
 * or left out. What a terminal shows of it: tests/cli. */
#include "object_rules.h"

#include "object/ignore.h"
#include "object/inputs.h"
#include "object/messages.h"
#include "object/operand.h"
#include "object/parallel.h"
#include "object/skip.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what a text holds --------------------------------------------------------------- */

struct seen { /* one line for each object, fault and note, in their order */
    struct buf text;
    struct object_totals totals;
};

static enum ec see_object(void *arg, const struct object *o, struct err *err) {
    struct seen *s = arg;
    (void)err;
    buf_printf(&s->text, "%zu %u %.*s ", o->index, o->line, STR_ARG(o->prefix));
    object_put_name(&s->text, o);
    buf_printf(&s->text, " %s %zu", o->decision ? object_verdict_name(o) : "undecided",
               o->workload->n_images);
    if (o->workload->n_images != 0) {
        struct buf pointer = BUF_INIT(4096);
        struct yaml_location pos = object_image_where(o, &o->workload->images[0], &pointer);
        buf_printf(&s->text, " %.*s:%u:%u", STR_ARG(buf_view(&pointer)), pos.line, pos.col);
        buf_done(&pointer);
    }
    buf_putc(&s->text, '\n');
    return EC_OK;
}

static void see_fault(void *arg, const struct object_fault *f) {
    struct seen *s = arg;
    buf_printf(&s->text, "fault %s%s:%u:%u %s\n", f->whole ? "whole " : "", f->err->where,
               f->err->line, f->err->col, f->err->msg);
}

static void see_note(void *arg, const char *file, uint32_t line, const char *text) {
    struct seen *s = arg;
    (void)text;
    buf_printf(&s->text, "note %s:%u\n", file, line);
}

static void see_skip(void *arg, const struct object_skip *skip) {
    struct seen *s = arg;
    buf_printf(&s->text, "skipped%s\n", skip->unrendered ? " unrendered" : "");
}

static struct object_sink sink_of(struct seen *s) {
    return (struct object_sink){
        .object = see_object, .fault = see_fault, .note = see_note, .skip = see_skip, .arg = s};
}

static void read_text(struct seen *s, const char *text, bool undecided) {
    struct policy *policy = load_rules("  registry: ghcr.io/acme\n  denied: [evil.io]\n");
    struct object_request request = plain_request();
    struct object_judge judge;
    struct err err = ERR_INIT;
    *s = (struct seen){.text = BUF_INIT(1 << 16)};
    const struct object_sink sink = sink_of(s);
    request.undecided = undecided;
    object_judge_init(&judge, policy, &request);
    assert_ok(object_read_text(&judge, "f", str_of(text), &sink, &s->totals, &err), &err);
    object_judge_done(&judge);
    engine_policy_free(policy);
}

#define POD                                                                                    \
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: "    \
    "x}]}\n"
#define BAD                                                                                    \
    "apiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {containers: [{name: c, image: "    \
    "evil.io/x}]}\n"

static const struct {
    const char *name, *text, *seen;
} texts[] = {
    {"one object", POD, "0 1  Pod/default/p allow 1 /spec/containers/0/image:4:38\n"},
    {"a stream, its empty documents left out", "---\n" POD "---\n\n---\n# nothing\n---\n" BAD,
     "0 2  Pod/default/p allow 1 /spec/containers/0/image:5:38\n"
     "1 11  Pod/default/q deny 1 /spec/containers/0/image:14:38\n"},
    {"a list, and a list in it",
     "{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [\n"
     "{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \"items\": [\n"
     "{\"metadata\": {\"name\": \"a\"}, \"spec\": {\"containers\": [{\"image\": \"x\"}]}}]},\n"
     "{\"kind\": \"Service\", \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"s\"}}]}\n",
     "0 3 /items/0/items/0 Pod/default/a allow 1 /spec/containers/0/image:3:63\n"
     "1 4 /items/1 Service/s allow 0\n"},
    {"items that do not say what they are, in a list that does not either",
     "kind: List\napiVersion: v1\nitems:\n- metadata: {name: a}\n",
     "fault f:4:3 not a Kubernetes object: kind is missing\n"},
    {"a review",
     "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest:\n  uid: u\n"
     "  kind: {group: '', version: v1, kind: Pod}\n  resource: {group: '', version: v1, "
     "resource: pods}\n"
     "  operation: CREATE\n  namespace: team\n  userInfo: {username: u}\n  object:\n"
     "    apiVersion: v1\n    kind: Pod\n    metadata: {name: p}\n"
     "    spec: {containers: [{name: c, image: evil.io/x}]}\n",
     "0 11 /request/object Pod/team/p deny 1 /spec/containers/0/image:14:42\n"},
    {"a review in a list",
     "kind: List\napiVersion: v1\nitems:\n- {apiVersion: admission.k8s.io/v1, kind: "
     "AdmissionReview, request: {uid: u}}\n",
     "fault f:4:3 an AdmissionReview in a List, expected a separate document\n"},
    {"no object", "[1]\n---\n" POD,
     "fault f:1:1 not a Kubernetes object: expected an object, found an array\n"
     "0 3  Pod/default/p allow 1 /spec/containers/0/image:6:38\n"},
    {"a version that its kind never had",
     "apiVersion: v2\nkind: Pod\nmetadata: {name: p}\nspec: {}\n",
     "fault f:1:1 apiVersion of a Pod: found \"v2\", expected v1\n"},
    {"an image still to be filled in",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: "
     "'${x}'}]}\n",
     "note f:4\n0 1  Pod/default/p deny 1 /spec/containers/0/image:4:38\n"},
    {"what Helm prints in front", "Pulled: r.io/x\nDigest: sha256:0\n---\n" POD,
     "note f:1\n0 4  Pod/default/p allow 1 /spec/containers/0/image:7:38\n"},
    {"a kind that is not judged",
     "apiVersion: a.io/v1\nkind: Rollout\nmetadata: {name: r}\nspec: {image: evil.io/x}\n",
     "0 1  Rollout/r not-judged 0\n"},
    {"an object that is malformed",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: 3}\n",
     "0 1  Pod/default/p deny 0\n"},
};

static void texts_become_objects(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct seen s;
        read_text(&s, texts[i].text, false);
        if (!str_eq(buf_view(&s.text), str_of(texts[i].seen)))
            fail_row("%s: found\n%.*sexpected\n%s", texts[i].name, STR_ARG(buf_view(&s.text)),
                     texts[i].seen);
        buf_done(&s.text);
    }
}

static void totals_add_up(void **state) {
    (void)state;
    struct seen s;
    read_text(&s,
              POD "---\n" BAD
                  "---\n3\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: 3\n",
              false);
    const struct object_totals *t = &s.totals;
    assert_int_equal(t->objects, 3);
    assert_int_equal(t->images, 2);
    assert_int_equal(t->rewritten, 1);
    assert_int_equal(t->denied, 2); /* one image, and one object without any */
    assert_int_equal(t->denied_objects, 2);
    assert_int_equal(t->malformed_objects, 1);
    assert_int_equal(t->unreadable, 1);
    struct object_totals twice = *t;
    object_totals_add(&twice, t);
    const size_t *one = (const size_t *)t, *two = (const size_t *)&twice;
    for (size_t i = 0; i < sizeof *t / sizeof(size_t); i++)
        assert_int_equal(two[i], 2 * one[i]);
    buf_done(&s.text);
}

static void objects_come_without_decisions(void **state) {
    (void)state;
    struct seen s;
    read_text(&s, POD "---\n" BAD "---\n3\n", true);
    assert_str(
        buf_view(&s.text),
        STR("0 1  Pod/default/p undecided 1 /spec/containers/0/image:4:38\n"
            "1 6  Pod/default/q undecided 1 /spec/containers/0/image:9:38\n"
            "fault f:11:1 not a Kubernetes object: expected an object, found a number\n"));
    assert_int_equal(s.totals.objects, 0);
    assert_int_equal(s.totals.unreadable, 1);
    buf_done(&s.text);
}

static void positions_are_those_of_the_file(void **state) {
    (void)state;
    struct seen s;
    read_text(&s, "\xef\xbb\xbf" POD, false); /* a byte order mark counts as nothing */
    assert_str(buf_view(&s.text),
               STR("0 1  Pod/default/p allow 1 /spec/containers/0/image:4:38\n"));
    buf_done(&s.text);
}

/* ---- files and folders --------------------------------------------------------------- */

static char folder[] = "/tmp/test_object.XXXXXX";

static const char *path_of(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text) {
    FILE *f = fopen(path_of(name), "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int make_folder(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    mkdir(path_of("templates"), 0700);
    mkdir(path_of("b"), 0700);
    mkdir(path_of("b/vendor"), 0700);
    mkdir(path_of(".git"), 0700);
    write_file("Chart.yaml", "name: chart\nversion: 1.0.0\n");
    write_file("templates/a.yaml", "kind: {{ .Values.kind }}\n");
    write_file("values.yaml", "image: {repository: x}\n");
    write_file("b/pod.yaml", POD);
    write_file("b/x.test.yaml", "tests: []\n");
    write_file("b/vendor/pod.yaml", POD);
    write_file(".git/pod.yaml", POD);
    write_file("b/broken.yaml", "apiVersion: v1\nkind: [\n");
    write_file("half.yaml", "kind: Pod\nmetadata: {name: p}\n");
    write_file("b/notes.txt", "no manifest\n");
    write_file("b/.pullgateignore", "vendor/\n");
    return symlink("..", path_of("b/up")); /* a circle */
}

static int remove_folder(void **state) {
    static const char *const files[] = {
        "Chart.yaml",    "templates/a.yaml", "values.yaml",       "half.yaml",
        "b/pod.yaml",    "b/x.test.yaml",    "b/vendor/pod.yaml", ".git/pod.yaml",
        "b/broken.yaml", "b/notes.txt",      "b/.pullgateignore", "b/up"};
    static const char *const folders[] = {"templates", "b/vendor", "b", ".git"};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(path_of(files[i]));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        rmdir(path_of(folders[i]));
    return rmdir(folder);
}

/* The files found, without the folder. */
static void put_found(struct buf *out, const struct object_inputs_filter *filter,
                      const char *operand) {
    char *operands[] = {(char *)(uintptr_t)path_of(operand)};
    struct object_inputs in;
    struct err err = ERR_INIT;
    assert_ok(object_inputs_find(&in, operands, 1, filter, &err), &err);
    for (size_t i = 0; i < in.n; i++)
        buf_printf(out, "%s%s ", in.v[i].path + strlen(folder) + 1, in.v[i].found ? "" : "!");
    object_inputs_done(&in);
}

static void folders_are_searched(void **state) {
    struct object_inputs_filter filter = {.wanted = object_inputs_is_manifest,
                                          .ignore_files = true};
    struct buf found = BUF_INIT(4096);
    (void)state;
    put_found(&found, &filter, "b");
    assert_str(buf_view(&found),
               STR("b/broken.yaml b/pod.yaml b/up/Chart.yaml "
                   "b/up/half.yaml b/up/templates/a.yaml b/up/values.yaml b/x.test.yaml "));
    buf_reset(&found);
    filter.ignore_files = false;
    filter.wanted = object_inputs_is_suite;
    put_found(&found, &filter, "b");
    put_found(&found, &filter, "b/notes.txt"); /* what is named is taken */
    put_found(&found, &filter, "b/none.yaml");
    assert_str(buf_view(&found), STR("b/x.test.yaml b/notes.txt! b/none.yaml! "));
    buf_reset(&found);
    const struct opt_list exclude = {.v = {"*.test.yaml", "/up", "broken*"}, .n = 3};
    filter =
        (struct object_inputs_filter){.wanted = object_inputs_is_manifest, .exclude = &exclude};
    put_found(&found, &filter, "b");
    assert_str(buf_view(&found), STR("b/pod.yaml b/vendor/pod.yaml "));
    buf_done(&found);
}

static void read_file(const char *name, bool found, const char *expected) {
    struct policy *policy = load_rules("  registry: ghcr.io/acme\n");
    const struct object_request request = plain_request();
    struct object_judge judge;
    struct seen s = {.text = BUF_INIT(1 << 16)};
    const struct object_sink sink = sink_of(&s);
    struct err err = ERR_INIT;
    object_judge_init(&judge, policy, &request);
    assert_ok(object_read_file(&judge, path_of(name), found, &sink, &s.totals, &err), &err);
    struct str text = buf_view(&s.text);
    if (expected[0] == '\0' ? text.n != 0 : !str_starts(text, str_of(expected)))
        fail_row("%s: found \"%.*s\", expected \"%s\"", name, STR_ARG(text), expected);
    assert_int_equal(s.totals.skipped + s.totals.unrendered, expected[0] == 's');
    object_judge_done(&judge);
    engine_policy_free(policy);
    buf_done(&s.text);
}

static void what_is_no_manifest_is_skipped(void **state) {
    (void)state;
    read_file("values.yaml", true, "skipped\n");
    read_file("values.yaml", false, "fault ");
    read_file("templates/a.yaml", true, "skipped unrendered\n");
    read_file("templates/a.yaml", false, "fault ");
    read_file("b/broken.yaml", true, "fault "); /* it says apiVersion: it is meant to be one */
    read_file("half.yaml", true, "fault ");     /* and so is this one */
    read_file("b/pod.yaml", true, "0 1 ");
    read_file("b/none.yaml", true, "fault whole ");
}

/* ---- globs --------------------------------------------------------------------------- */

static const struct {
    const char *glob, *path;
    bool matches;
} globs[] = {
    {"a", "a", true},
    {"a", "b", false},
    {"a*", "abc", true},
    {"a*c", "abcbc", true},
    {"a*c", "abcb", false},
    {"*", "a/b", false},
    {"a?c", "abc", true},
    {"a?c", "ac", false},
    {"a?c", "a/c", false},
    {"[a-c]x", "bx", true},
    {"[a-c]x", "dx", false},
    {"[!a-c]x", "dx", true},
    {"[!a-c]x", "ax", false},
    {"[^a]x", "ax", false},
    {"[]]x", "]x", true},
    {"[a-]x", "-x", true},
    {"[ax", "[ax", true},
    {"\\*x", "*x", true},
    {"\\*x", "ax", false},
    {"a\\", "a\\", true},
    {"**", "a/b/c", true},
    {"**/c", "a/b/c", true},
    {"**/c", "c", true},
    {"a/**", "a/b", true},
    {"a/**", "a", false},
    {"a/**/c", "a/c", true},
    {"a/**/c", "a/b/b/c", true},
    {"a/**/c", "a/b/b/d", false},
    {"a/**/b/**/c", "a/x/b/y/b/c", true},
    {"a/*/c", "a/b/c", true},
    {"a/*/c", "a/b/b/c", false},
    {"a/b", "a", false},
    {"a", "a/b", false},
};

static void globs_match(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof globs / sizeof *globs; i++)
        if (object_ignore_glob(str_of(globs[i].glob), str_of(globs[i].path)) !=
            globs[i].matches)
            fail_row("%s on %s", globs[i].glob, globs[i].path);
}

static void lines_leave_out_and_take_in(void **state) {
    static const struct {
        const char *path;
        bool folder;
        int says;
    } rows[] = {
        {"top/a.yaml", false, 1},  {"top/keep.yaml", false, -1}, {"top/x/a.yaml", false, 1},
        {"top/out", true, 1},      {"top/out", false, 0},        {"top/x/out", true, 1},
        {"top/bound/c", false, 1}, {"top/x/bound/c", false, 0},  {"top/first", false, 1},
        {"top/x/first", false, 0}, {"top/b lank", false, 0},     {"top/b ", false, 1},
        {"top/b", false, 0},       {"top/#x", false, 1},         {"top/!y", false, 1},
        {"top/nothing", false, 0},
    };
    struct object_ignore g = OBJECT_IGNORE_INIT;
    struct err err = ERR_INIT;
    (void)state;
    assert_ok(
        object_ignore_add_lines(&g,
                                STR("\xef\xbb\xbf# comment\n\n*.yaml \t\r\n!keep.yaml\nout/\n"
                                    "./bound/c\n/first\nb\\ \n\\#x\n\\!y"),
                                4, &err),
        &err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int says = object_ignore_says(&g, str_of(rows[i].path), rows[i].folder);
        if (says != rows[i].says)
            fail_row("%s: found %d, expected %d", rows[i].path, says, rows[i].says);
    }
    object_ignore_cut(&g, 1);
    assert_int_equal(object_ignore_says(&g, STR("top/keep.yaml"), false), 1);
    assert_int_equal(object_ignore_says(&g, STR("top/first"), false), 0);
    assert_ok(object_ignore_add(&g, STR("!first"), 4, &err), &err); /* no line: as it reads */
    assert_int_equal(object_ignore_says(&g, STR("top/!first"), false), 1);
    assert_ok(object_ignore_add(&g, STR("//"), 4, &err), &err);
    assert_int_equal(g.n, 2);
    object_ignore_done(&g);
}

/* ---- what was not judged ------------------------------------------------------------- */

struct looked {
    struct buf text;
};

static enum ec look_object(void *arg, const struct object *o, struct err *err) {
    struct looked *l = arg;
    (void)err;
    if (o->unjudged != NULL)
        object_put_unjudged(&l->text, o);
    return EC_OK;
}

#define CR(body) "apiVersion: a.io/v1\nkind: K\nmetadata: {name: r}\nspec:\n" body
#define NONE_SUCH "kind K of a.io/v1 is not one that pullgate judges; seen: "

static const struct {
    const char *text, *seen; /* "" : nothing */
} unjudged[] = {
    {CR("  image: nginx\n"), NONE_SUCH "image \"nginx\" at /spec/image"},
    {CR("  runnerImage: a/b:1\n"), NONE_SUCH "image \"a/b:1\" at /spec/runnerImage"},
    {CR("  runnerImage: word\n"), ""},
    {CR("  image: logo.png\n"), ""},
    {CR("  image: 'A / b'\n"), ""},
    {CR("  image: {repository: a/b}\n"), NONE_SUCH "image \"a/b\" at /spec/image"},
    {CR("  image: '{{x}}'\n"), NONE_SUCH "image \"{{x}}\" at /spec/image"},
    {CR("  someImage: '{{x}}'\n"), ""},
    {CR("  image: docker://a/b\n"), NONE_SUCH "image \"docker://a/b\" at /spec/image"},
    {CR("  image: Upper/Case\n"), NONE_SUCH "image \"Upper/Case\" at /spec/image"},
    {CR("  image: 'http://a/b c'\n"), ""},
    {CR("  image: {repository: a/b, tag: '1', registry: r.io}\n"),
     NONE_SUCH "image \"r.io/a/b:1\" at /spec/image"},
    {CR("  x: {repository: a/b}\n"), ""},
    {CR("  x: {repository: a/b, tag: v1}\n"), NONE_SUCH "image \"a/b:v1\" at /spec/x"},
    {CR("  x: {hub: a/b, digest: 'sha256:0'}\n"),
     NONE_SUCH "image \"a/b@sha256:0\" at /spec/x"},
    {CR("  image: {name: a, tag: '1'}\n"), NONE_SUCH "image \"a:1\" at /spec/image"},
    {CR("  image: {name: a}\n"), ""},
    {CR("  from: {kind: DockerImage, name: a}\n"), NONE_SUCH "image \"a\" at /spec/from/name"},
    {CR("  env: [{name: RELATED_IMAGE_X, value: a/b}]\n"),
     NONE_SUCH "image \"a/b\" at /spec/env/0/value"},
    {CR("  env: [{name: OTHER, value: a/b}]\n"), ""},
    {CR("  containers: [{name: c}]\n"), NONE_SUCH "/spec/containers"},
    {CR("  containers: [c]\n"), ""},
    {CR("  containers: [{image: a}]\n"), NONE_SUCH "image \"a\" at /spec/containers/0/image"},
    {CR("  labels: {image: a/b}\n"), ""},
    {"apiVersion: kyverno.io/v1\nkind: K\nspec: {image: a/b}\n", ""},
    {"apiVersion: x.kyverno.io/v1\nkind: K\nspec: {image: a/b}\n", ""},
    {"apiVersion: xkyverno.io/v1\nkind: K\nspec: {image: a/b}\n",
     "kind K of xkyverno.io/v1 is not one that pullgate judges; seen: image \"a/b\" at "
     "/spec/image"},
    {"apiVersion: v1\nkind: ConfigMap\ndata: {image: a/b}\n", ""},
    {"apiVersion: a.io/v1\nkind: ConfigMap\ndata: {image: a/b}\n",
     "kind ConfigMap of a.io/v1 is not one that pullgate judges; seen: image \"a/b\" at "
     "/data/image"},
    {"apiVersion: a.io/v1\nkind: K\nstatus: {image: a/b}\nmetadata: {image: a/b}\n", ""},
    {"apiVersion: v1\nkind: pod\nspec: {containers: [{image: a}]}\n",
     "no kind \"pod\", expected Pod; seen: image \"a\" at /spec/containers/0/image"},
    {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: "
     "{containers: []}}}\n",
     "no containers, which the API server refuses; seen: /spec/template/spec/containers"},
    {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: "
     "null}}\n",
     "no containers, which the API server refuses; seen: /spec/template/spec"},
    {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 3}\n", ""},
    {CR("  images: [a/1, a/2, a/3, a/4, a/5, a/6, a/7, a/8, a/9]\n"),
     NONE_SUCH "image \"a/1\" at /spec/images/0, image \"a/2\" at /spec/images/1, "
               "image \"a/3\" at /spec/images/2, image \"a/4\" at /spec/images/3, "
               "image \"a/5\" at /spec/images/4, image \"a/6\" at /spec/images/5, "
               "image \"a/7\" at /spec/images/6, image \"a/8\" at /spec/images/7 and 1 more"},
};

static void what_is_like_an_image_is_seen(void **state) {
    struct policy *policy = load_rules("  registry: ghcr.io/acme\n");
    const struct object_request request = plain_request();
    (void)state;
    for (size_t i = 0; i < sizeof unjudged / sizeof *unjudged; i++) {
        struct looked l = {.text = BUF_INIT(1 << 16)};
        const struct object_sink sink = {
            .object = look_object, .fault = see_fault, .note = see_note, .arg = &l};
        struct object_totals totals = {.objects = 0};
        struct object_judge judge;
        struct err err = ERR_INIT;
        object_judge_init(&judge, policy, &request);
        assert_ok(object_read_text(&judge, "f", str_of(unjudged[i].text), &sink, &totals, &err),
                  &err);
        if (!str_eq(buf_view(&l.text), str_of(unjudged[i].seen)))
            fail_row("%s: found \"%.*s\", expected \"%s\"", unjudged[i].text,
                     STR_ARG(buf_view(&l.text)), unjudged[i].seen);
        assert_int_equal(totals.unjudged_objects, unjudged[i].seen[0] != '\0');
        object_judge_done(&judge);
        buf_done(&l.text);
    }
    engine_policy_free(policy);
}

/* ---- operands ------------------------------------------------------------------------ */

static void operands_are_told_apart(void **state) {
    static const struct {
        const char *name, *text;
        bool list;
    } rows[] = {
        {"images.txt", "nginx # a comment\n\nacme/x:1\n", true},
        {"images", "\xef\xbb\xbfnginx\n", true},
        {"images.yaml", "nginx\n", false},
        {"pod", "kind: Pod\n", false},
        {"pod", "kind:\n", false},
        {"pod", "{\"kind\": 1}", false},
        {"pod", " [1]", false},
        {"bytes", "a\x01", false},
        {"empty", " \n", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (object_operand_is_list(rows[i].name, str_of(rows[i].text)) != rows[i].list)
            fail_row("%s: %s", rows[i].name, rows[i].text);
    struct str name;
    size_t at = 0;
    uint32_t line = 0;
    struct str text = STR("\xef\xbb\xbf# one\na # two\n\nb");
    assert_true(object_operand_next(text, &at, &line, &name));
    assert_str(name, STR("a"));
    assert_int_equal(line, 2);
    assert_true(object_operand_next(text, &at, &line, &name));
    assert_str(name, STR("b"));
    assert_int_equal(line, 4);
    assert_false(object_operand_next(text, &at, &line, &name));
    assert_true(object_operand_is_file("-"));
    assert_true(object_operand_is_file("none.yaml"));
    assert_false(object_operand_is_file("nginx"));
    assert_true(object_operand_is_folder(folder));
    assert_false(object_operand_is_folder("-"));
}

/* ---- excerpts ------------------------------------------------------------------------ */

static void excerpts_show_lines(void **state) {
    static const struct {
        uint32_t line, col;
        const char *shown;
    } rows[] = {
        {1, 2, "one\n ^\n"}, {2, 1, "t\xc3\xa4o\n^\n"}, {2, 4, "t\xc3\xa4o\n  ^\n"},
        {3, 1, ""},          {4, 9, "four\n    ^\n"},   {9, 1, "four\n    ^\n"},
        {0, 1, ""},
    };
    struct object_excerpt e = OBJECT_EXCERPT_INIT(STR("one\nt\xc3\xa4o\r\n\rfour\n  \n"));
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out = BUF_INIT(1024);
        object_excerpt_print(&out, &e, rows[i].line, rows[i].col);
        if (!str_eq(buf_view(&out), str_of(rows[i].shown)))
            fail_row("%u:%u: found \"%.*s\"", rows[i].line, rows[i].col,
                     STR_ARG(buf_view(&out)));
        buf_done(&out);
    }
    assert_int_equal(object_excerpt_utf16_column(&e, 2, 4), 3);
    object_excerpt_done(&e);
    struct object_excerpt wide = OBJECT_EXCERPT_INIT(STR("\xfe\xff\0a\0:"));
    struct buf out = BUF_INIT(1024);
    object_excerpt_print(&out, &wide, 1, 2);
    assert_int_equal(out.n, 0); /* UTF-16 */
    assert_int_equal(object_excerpt_utf16_column(&wide, 1, 4), 1);
    object_excerpt_done(&wide);
}

/* Long and short lines over many marks, wherever they begin, in any order: as a walk from the start
 * finds them. */
static void marks_find_every_line(void **state) {
    enum { LINES = 300 };
    static struct { size_t at, n; } lines[LINES];
    struct buf text = BUF_INIT(1 << 20);
    (void)state;
    for (unsigned i = 0; i < LINES; i++) {
        lines[i].at = text.n;
        for (unsigned k = 0; k < i * i % 211; k++)
            buf_puts(&text, i % 3 == 0 ? "\xf0\x9f\x90\x8b" : i % 3 == 1 ? "\xc3\xa4" : "ab");
        lines[i].n = text.n - lines[i].at;
        buf_puts(&text, i % 5 == 0 ? "\r\n" : i % 5 == 1 ? "\r" : "\n");
    }
    struct object_excerpt e = OBJECT_EXCERPT_INIT(buf_view(&text));
    for (unsigned i = 0, at = 7; i < LINES; i++, at = (at + 113) % LINES) {
        struct str line = object_excerpt_line(&e, at + 1);
        assert_int_equal(line.n, lines[at].n);
        assert_true(line.p == text.p + lines[at].at);
        size_t units = at % 3 == 0 ? line.n / 2 : at % 3 == 1 ? line.n / 2 : line.n;
        assert_int_equal(object_excerpt_utf16_column(&e, at + 1, (uint32_t)line.n + 1),
                         units + 1);
    }
    assert_null(object_excerpt_line(&e, LINES + 2).p);
    object_excerpt_done(&e);
    buf_done(&text);
}

static void values_are_found(void **state) {
    struct object_excerpt e = OBJECT_EXCERPT_INIT(
        STR("a: plain\nb: 'single'\nc: &x !!str \"double\"\nd: \"esc\\n\"\ne: \"open\n"));
    uint32_t from, to;
    (void)state;
    assert_true(object_excerpt_value(&e, 1, 4, STR("plain"), &from, &to));
    assert_true(from == 4 && to == 9);
    assert_true(object_excerpt_value(&e, 2, 4, STR("single"), &from, &to));
    assert_true(from == 5 && to == 11);
    assert_true(object_excerpt_value(&e, 3, 4, STR("double"), &from, &to));
    assert_true(from == 14 && to == 20);
    assert_false(object_excerpt_value(&e, 4, 4, STR("esc\n"), &from, &to));
    assert_false(object_excerpt_value(&e, 5, 4, STR("open"), &from, &to));
    assert_false(object_excerpt_value(&e, 9, 1, STR("x"), &from, &to));
    object_excerpt_done(&e);
}

/* ---- parallel ------------------------------------------------------------------------ */

enum { ITEMS = 500, STOP = 123 };

struct work {
    size_t made[OBJECT_PARALLEL_JOBS_MAX * OBJECT_PARALLEL_SLOTS_PER_JOB];
    size_t next, stop;
};

static void make_item(void *arg, unsigned job, size_t item, size_t slot) {
    struct work *w = arg;
    (void)job;
    w->made[slot] = item * item;
}

static bool take_item(void *arg, size_t item, size_t slot) {
    struct work *w = arg;
    assert_int_equal(item, w->next);
    assert_int_equal(w->made[slot], item * item);
    return ++w->next != w->stop;
}

static void items_are_taken_in_order(void **state) {
    (void)state;
    for (unsigned jobs = 1; jobs <= 5; jobs += 2)
        for (size_t stop = STOP; stop <= ITEMS + 1; stop += ITEMS + 1 - STOP) {
            struct work w = {.stop = stop};
            const struct object_parallel run = {.n_items = ITEMS,
                                                .jobs = jobs,
                                                .arg = &w,
                                                .work = make_item,
                                                .take = take_item};
            struct err err = ERR_INIT;
            assert_ok(object_parallel_run(&run, &err), &err);
            assert_int_equal(w.next, stop < ITEMS ? stop : ITEMS);
        }
    assert_int_equal(object_parallel_processors(1), 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(texts_become_objects),
    cmocka_unit_test(totals_add_up),
    cmocka_unit_test(objects_come_without_decisions),
    cmocka_unit_test(positions_are_those_of_the_file),
    cmocka_unit_test(folders_are_searched),
    cmocka_unit_test(what_is_no_manifest_is_skipped),
    cmocka_unit_test(globs_match),
    cmocka_unit_test(lines_leave_out_and_take_in),
    cmocka_unit_test(what_is_like_an_image_is_seen),
    cmocka_unit_test(operands_are_told_apart),
    cmocka_unit_test(excerpts_show_lines),
    cmocka_unit_test(marks_find_every_line),
    cmocka_unit_test(values_are_found),
    cmocka_unit_test(items_are_taken_in_order),
};

int main(void) {
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
