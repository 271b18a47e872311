/* Text changed in place, in every style of YAML; what comes of an object by its edits; results of KRM
 * functions. Whole files by the command: tests/cli, tests/golden. */
#include "object_rules.h"

#include "edit/apply.h"
#include "json_doc.h"

/* ---- a text changed at its positions --------------------------------------------------- */

static enum ec put(struct edit_text *t, size_t at, size_t n, const char *with,
                   struct err *err) {
    return edit_text_add(
        t, (struct edit_text_change){.at = at, .n = n, .with = str_of(with), .pos = {7, 8}},
        err);
}

static void changes_are_made_at_once(void **state) {
    struct edit_text t;
    struct buf out = BUF_INIT(1024);
    struct err err = ERR_INIT;
    (void)state;
    assert_ok(edit_text_init(&t, STR("abc\r\ndef\rghi\n"), &err), &err);
    assert_string_equal(t.eol, "\r\n");
    assert_int_equal(edit_text_offset(&t, (struct yaml_location){1, 1}), 0);
    assert_int_equal(edit_text_offset(&t, (struct yaml_location){2, 2}), 6);
    assert_int_equal(edit_text_offset(&t, (struct yaml_location){3, 1}), 9);
    assert_int_equal(edit_text_offset(&t, (struct yaml_location){4, 1}), 13);
    assert_int_equal(edit_text_offset(&t, (struct yaml_location){5, 1}), 13);
    assert_int_equal(edit_text_offset(&t, (struct yaml_location){0, 1}), 13);
    assert_int_equal(edit_text_offset(&t, (struct yaml_location){1, 99}), 13);
    assert_ok(put(&t, 9, 3, "G", &err), &err);
    assert_ok(put(&t, 0, 1, "A", &err), &err);
    assert_ok(put(&t, 5, 0, "1", &err), &err);
    assert_ok(put(&t, 5, 0, "2", &err), &err);
    assert_ok(put(&t, 1, 1, "B", &err), &err); /* beside the other one */
    assert_ok(edit_text_apply(&t, &out, &err), &err);
    assert_str(buf_view(&out), STR("ABc\r\n12def\rG\n"));
    edit_text_done(&t);
    buf_done(&out);
}

static void changes_that_meet_are_an_error(void **state) {
    struct edit_text t;
    struct buf out = BUF_INIT(1024);
    struct err err = ERR_INIT;
    (void)state;
    assert_ok(edit_text_init(&t, STR("abc\n"), &err), &err);
    assert_string_equal(t.eol, "\n");
    assert_ok(put(&t, 0, 2, "x", &err), &err);
    assert_ok(put(&t, 1, 1, "y", &err), &err);
    assert_int_equal(edit_text_apply(&t, &out, &err), EC_SCHEMA);
    assert_true(err.line == 7 && err.col == 8);
    edit_text_done(&t);
    buf_done(&out);
    err = (struct err)ERR_INIT;
    assert_ok(edit_text_init(&t, STR("a\rb"), &err), &err);
    assert_string_equal(t.eol, "\r");
    edit_text_done(&t);
}

/* ---- an object with its edits ---------------------------------------------------------- */

static const char pod_json[] =
    "{\"kind\":\"Pod\",\"spec\":{\"n\":1.0,\"containers\":[{\"image\":\"a\",\"name\":\"x\"},{"
    "\"image\":\"b\"}],"
    "\"imagePullSecrets\":[{\"name\":\"old\"}],\"e\":{},\"l\":[],\"t\":[true,false,null]}}";

static struct engine_edit string_at(const char *pointer, const char *value) {
    return (struct engine_edit){
        .kind = EDIT_STRING, .pointer = str_of(pointer), .string = str_of(value)};
}

static void yaml_is_the_object_with_its_edits(void **state) {
    static const struct str names[] = {STR_INIT("one"), STR_INIT("two")};
    const struct engine_edit edits[] = {
        string_at("/spec/containers/1/image", "r/b"),
        string_at("/spec/containers/0/image", "wrong"),
        string_at("/spec/containers/0/image", "r/a"), /* the last one holds */
        string_at("/spec/containers/0/imagePullPolicy", "Always"),
        {.kind = EDIT_SECRET, .pointer = STR("/spec/imagePullSecrets/-"), .string = STR("new")},
        {.kind = EDIT_SECRETS, .pointer = STR("/spec/more"), .names = names, .n_names = 2},
    };
    struct doc doc;
    struct buf out = BUF_INIT(4096);
    struct err err = ERR_INIT;
    (void)state;
    doc_read(&doc, str_of(pod_json), JSON_LIMITS_DEFAULT, '}');
    assert_int_equal(doc.ec, EC_OK);
    assert_ok(edit_patch_yaml(&doc.j, 0, edits, sizeof edits / sizeof *edits, &out, &err),
              &err);
    assert_str(
        buf_view(&out),
        STR("kind: Pod\nspec:\n  \"n\": 1.0\n  containers:\n  - image: r/a\n    name: x\n"
            "    imagePullPolicy: Always\n  - image: r/b\n  imagePullSecrets:\n"
            "  - name: old\n  - name: new\n  e: {}\n  l: []\n  t:\n  - true\n  - false\n"
            "  - null\n  more:\n  - name: one\n  - name: two\n"));
    buf_reset(&out);
    const struct engine_edit nowhere = string_at("/spec/none/image", "x");
    assert_int_equal(edit_patch_yaml(&doc.j, 0, &nowhere, 1, &out, &err), EC_BUG);
    err = (struct err)ERR_INIT;
    const struct engine_edit in_list = string_at("/spec/containers/7", "x");
    assert_int_equal(edit_patch_yaml(&doc.j, 0, &in_list, 1, &out, &err), EC_BUG);
    err = (struct err)ERR_INIT;
    const struct engine_edit whole = string_at("", "x");
    assert_int_equal(edit_patch_yaml(&doc.j, 0, &whole, 1, &out, &err), EC_BUG);
    doc_done(&doc);
    buf_done(&out);
}

/* What is not shown to the eye makes all that is not ASCII be escaped, wherever it comes from. */
static void marks_are_escaped(void **state) {
    const struct engine_edit edits[] = {string_at("/a", "r/\xc3\xa4"),
                                        string_at("/b", "\xe2\x80\xae")};
    struct doc doc;
    struct buf out = BUF_INIT(4096);
    struct err err = ERR_INIT;
    (void)state;
    doc_read(&doc, STR("{\"a\":\"x\",\"b\":\"\xe2\x80\xae\"}"), JSON_LIMITS_DEFAULT, '}');
    assert_int_equal(doc.ec, EC_OK);
    assert_ok(edit_patch_yaml(&doc.j, 0, edits, 1, &out, &err), &err);
    assert_str(buf_view(&out), STR("a: \"r/\\xE4\"\nb: \"\\u202E\"\n"));
    buf_reset(&out);
    const struct engine_edit clean[] = {edits[0], string_at("/b", "y/z")};
    assert_ok(edit_patch_yaml(&doc.j, 0, clean, 2, &out, &err), &err);
    assert_str(buf_view(&out), STR("a: r/\xc3\xa4\nb: y/z\n"));
    buf_reset(&out);
    assert_ok(edit_patch_yaml(&doc.j, 0, edits, 2, &out, &err), &err);
    assert_str(buf_view(&out), STR("a: \"r/\\xE4\"\nb: \"\\u202E\"\n"));
    doc_done(&doc);
    buf_done(&out);
}

static struct edit_digest digest_of(const char *text, const struct engine_edit *edits,
                                    size_t n) {
    struct doc doc;
    struct edit_digest d;
    struct err err = ERR_INIT;
    doc_read(&doc, str_of(text), JSON_LIMITS_DEFAULT, '}');
    assert_int_equal(doc.ec, EC_OK);
    assert_ok(edit_patch_digest(&d, &doc.j, 0, edits, n, &err), &err);
    doc_done(&doc);
    return d;
}

/* Each of these says something else. */
static const char *const different[] = {
    "null",
    "true",
    "false",
    "0",
    "1",
    "1.0",
    "10",
    "\"\"",
    "\"1\"",
    "\"a\"",
    "\"b\"",
    "\"a\\u0000\"",
    "\"abcdefgh\"",
    "\"abcdefghi\"",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "[[],[]]",
    "[\"a\"]",
    "[\"a\",\"b\"]",
    "[\"b\",\"a\"]",
    "[[\"a\"],\"b\"]",
    "[[\"a\",\"b\"]]",
    "{\"a\":\"b\"}",
    "{\"b\":\"a\"}",
    "{\"a\":\"a\"}",
    "{\"a\":\"a\",\"b\":\"b\"}",
    "{\"a\":\"b\",\"b\":\"a\"}",
    "{\"a\":{\"b\":\"a\"}}",
    "{\"a\":[\"b\"]}",
    "{\"a\":null}",
    "{\"a\":1,\"b\":{\"c\":2}}",
    "{\"a\":1,\"b\":{},\"c\":2}",
    "{\"a\":2,\"b\":{\"c\":1}}",
};

static void digests_tell_values_apart(void **state) {
    enum { N = sizeof different / sizeof *different };
    (void)state;
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            struct edit_digest a = digest_of(different[i], NULL, 0),
                               b = digest_of(different[k], NULL, 0);
            if (edit_digest_equal(&a, &b) != (i == k))
                fail_row("%s and %s", different[i], different[k]);
        }
    struct edit_digest a = digest_of("{\"a\":1,\"b\":[{\"c\":2,\"d\":3}]}", NULL, 0),
                       b = digest_of("{\"b\":[{\"d\":3,\"c\":2}],\"a\":1}", NULL, 0);
    assert_true(edit_digest_equal(&a, &b));
    const struct engine_edit edits[] = {string_at("/a/0/image", "r/x"),
                                        string_at("/a/0/p", "y")};
    a = digest_of("{\"a\":[{\"image\":\"x\"}]}", edits, 2);
    b = digest_of("{\"a\":[{\"p\":\"y\",\"image\":\"r/x\"}]}", NULL, 0);
    assert_true(edit_digest_equal(&a, &b));
}

/* ---- whole texts ----------------------------------------------------------------------- */

struct heard {
    struct buf text;
};

static void hear_reason(void *arg, const struct object *o, const struct reason *r) {
    struct heard *h = arg;
    buf_printf(&h->text, "reason %u %u\n", o->line, (unsigned)r->weight);
}

static void hear_unjudged(void *arg, const struct object *o) {
    struct heard *h = arg;
    buf_printf(&h->text, "unjudged %u\n", o->line);
}

static void hear_templates(void *arg) {
    struct heard *h = arg;
    buf_puts(&h->text, "templates\n");
}

static void hear_fault(void *arg, const struct object_fault *f) {
    struct heard *h = arg;
    buf_printf(&h->text, "fault %s:%u:%u\n", f->err->where, f->err->line, f->err->col);
}

static void hear_note(void *arg, const char *file, uint32_t line, const char *text) {
    struct heard *h = arg;
    (void)text;
    buf_printf(&h->text, "note %s:%u\n", file, line);
}

static const char rules[] = "  registry: r.io\n  imagePullSecrets: [s]\n"
                            "  imagePullPolicy: Always\n  denied: [evil.io]\n"
                            "  exemptions: [{images: [q.io], reason: r, owner: o}]\n";

/* The new text, or the error; *heard is what a person reads. */
static void apply(const char *text, bool templates, struct buf *out, struct heard *heard) {
    struct policy *policy = load_rules(rules);
    const struct object_request request = plain_request();
    const struct edit_apply_sink sink = {.reason = hear_reason,
                                         .unjudged = hear_unjudged,
                                         .templates = hear_templates,
                                         .fault = hear_fault,
                                         .note = hear_note,
                                         .arg = heard};
    struct edit_apply a;
    struct err err = ERR_INIT;
    edit_apply_init(&a, policy, &request, &sink);
    a.templates = templates;
    if (edit_apply_text(&a, "f", str_of(text), out, &err) != EC_OK) {
        buf_reset(out);
        buf_printf(out, "%s:%u:%u: %s\n", err.where, err.line, err.col, err.msg);
    }
    edit_apply_done(&a);
    engine_policy_free(policy);
}

#define HEAD "apiVersion: v1\nkind: Pod\n"
#define WITH_SECRET(rest) HEAD "spec:\n  imagePullSecrets: [{name: s}]\n" rest
#define SPEC(rest) HEAD "spec:\n  imagePullSecrets:\n" rest "  containers: []\n"
#define IMAGE(before, after)                                                                   \
    {                                                                                          \
        before, WITH_SECRET("  containers:\n  - imagePullPolicy: Always\n    image: " before), \
            WITH_SECRET("  containers:\n  - imagePullPolicy: Always\n    image: " after)       \
    }

static const struct {
    const char *name, *before, *after;
} styles[] = {
    /* scalars */
    IMAGE("a\n", "r.io/a\n"),
    IMAGE("a # why\n", "r.io/a # why\n"),
    IMAGE("'a'\n", "'r.io/a'\n"),
    IMAGE("\"a\"\n", "\"r.io/a\"\n"),
    IMAGE("&x a\n", "&x r.io/a\n"),
    IMAGE("!!str a\n", "!!str r.io/a\n"),
    IMAGE("|-\n      a\n", "|-\n      r.io/a\n"),
    IMAGE(">-\n      a\n", ">-\n      r.io/a\n"),
    IMAGE("a\r\n", "r.io/a\r\n"),
    {"a value in two lines",
     WITH_SECRET("  containers:\n  - imagePullPolicy: Always\n    image: \"a\\\n       b\"\n"),
     WITH_SECRET("  containers:\n  - imagePullPolicy: Always\n    image: \"r.io/ab\"\n")},
    /* members */
    {"block", WITH_SECRET("  containers:\n  - name: c\n    image: a\n"),
     WITH_SECRET(
         "  containers:\n  - name: c\n    imagePullPolicy: Always\n    image: r.io/a\n")},
    {"flow", WITH_SECRET("  containers: [{name: c, image: a}]\n"),
     WITH_SECRET("  containers: [{name: c, imagePullPolicy: Always, image: r.io/a}]\n")},
    {"flow in lines", WITH_SECRET("  containers: [{\n    name: c,\n    image: a}]\n"),
     WITH_SECRET("  containers: [{\n    name: c,\n    imagePullPolicy: Always,\n    image: "
                 "r.io/a}]\n")},
    {"a key with its properties",
     WITH_SECRET("  containers:\n  - name: c\n    ? &k image\n    : a\n"),
     WITH_SECRET("  containers:\n  - name: c\n    imagePullPolicy: Always\n    ? &k image\n    "
                 ": r.io/a\n")},
    {"a null for a policy",
     WITH_SECRET("  containers:\n  - image: r.io/a\n    imagePullPolicy: ~\n"),
     WITH_SECRET("  containers:\n  - image: r.io/a\n    imagePullPolicy: Always\n")},
    {"nothing for a policy",
     WITH_SECRET("  containers:\n  - image: r.io/a\n    imagePullPolicy:\n"),
     WITH_SECRET("  containers:\n  - image: r.io/a\n    imagePullPolicy: Always\n")},
    {"JSON",
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{\"containers\":[{\"image\":\"a\"}]}}",
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{\"imagePullSecrets\":[{\"name\":\"s\"}]"
     ",\"containers\":"
     "[{\"imagePullPolicy\":\"Always\",\"image\":\"r.io/a\"}]}}"},
    {"JSON with blanks", "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"spec\": {}}",
     "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"spec\": {\"imagePullSecrets\": [{\"name\": "
     "\"s\"}]}}"},
    /* lists of names */
    {"no list", HEAD "spec:\n  nodeName: n\n",
     HEAD "spec:\n  imagePullSecrets:\n    - name: s\n  nodeName: n\n"},
    {"no list, dashes as deep as their key",
     HEAD "spec:\n  containers:\n  - name: c\n    image: r.io/a\n    imagePullPolicy: Always\n",
     HEAD "spec:\n  imagePullSecrets:\n  - name: s\n  containers:\n  - name: c\n    image: "
          "r.io/a\n    imagePullPolicy: Always\n"},
    {"no list in flow", HEAD "spec: {nodeName: n}\n",
     HEAD "spec: {imagePullSecrets: [{name: s}], nodeName: n}\n"},
    {"an empty spec", HEAD "spec: {}\n", HEAD "spec: {imagePullSecrets: [{name: s}]}\n"},
    {"a null", HEAD "spec:\n  imagePullSecrets: null\n",
     HEAD "spec:\n  imagePullSecrets: [{name: s}]\n"},
    {"nothing", HEAD "spec:\n  imagePullSecrets:\n",
     HEAD "spec:\n  imagePullSecrets: [{name: s}]\n"},
    {"an empty list", HEAD "spec:\n  imagePullSecrets: []\n",
     HEAD "spec:\n  imagePullSecrets: [{name: s}]\n"},
    {"an empty list with a comment", HEAD "spec:\n  imagePullSecrets: [ # none\n  ]\n",
     HEAD "spec:\n  imagePullSecrets: [{name: s} # none\n  ]\n"},
    {"a block list", SPEC("  - name: a\n  # last\n"),
     SPEC("  - name: a\n  - name: s\n  # last\n")},
    {"a block list, comments behind", SPEC("    - name: a # it\n"),
     SPEC("    - name: a # it\n    - name: s\n")},
    {"a block list of quoted names", SPEC("  - name: 'a'\n"),
     SPEC("  - name: 'a'\n  - name: s\n")},
    {"a block list of block scalars", SPEC("  - name: |-\n      a\n"),
     SPEC("  - name: |-\n      a\n  - name: s\n")},
    {"a flow list", HEAD "spec: {imagePullSecrets: [{name: a}]}\n",
     HEAD "spec: {imagePullSecrets: [{name: a}, {name: s}]}\n"},
    {"a flow list, comma behind", HEAD "spec: {imagePullSecrets: [{name: a},]}\n",
     HEAD "spec: {imagePullSecrets: [{name: a}, {name: s},]}\n"},
    {"a flow list in lines", HEAD "spec:\n  imagePullSecrets: [\n    {name: a} # it ]\n  ]\n",
     HEAD "spec:\n  imagePullSecrets: [\n    {name: a}, {name: s} # it ]\n  ]\n"},
    {"an entry without a name", SPEC("  - {}\n"), SPEC("  - {}\n  - name: s\n")},
    {"no new line at the end", HEAD "spec:\n  imagePullSecrets:\n  - name: a",
     HEAD "spec:\n  imagePullSecrets:\n  - name: a\n  - name: s"},
    /* anchors and merges */
    {"an anchor and its alias", WITH_SECRET("  containers:\n  - &c {image: a}\n  - *c\n"),
     WITH_SECRET("  containers:\n  - &c {imagePullPolicy: Always, image: r.io/a}\n  - *c\n")},
    {"a scalar and its alias",
     WITH_SECRET("  containers:\n  - {imagePullPolicy: Always, image: &i a}\n  - "
                 "{imagePullPolicy: Always, image: *i}\n"),
     WITH_SECRET("  containers:\n  - {imagePullPolicy: Always, image: &i r.io/a}\n  - "
                 "{imagePullPolicy: Always, image: *i}\n")},
    {"a merge",
     "x: &x {image: a, imagePullPolicy: Always}\n" WITH_SECRET(
         "  containers:\n  - <<: *x\n    name: c\n"),
     "x: &x {image: a, imagePullPolicy: Always}\n" WITH_SECRET(
         "  containers:\n  - <<: *x\n    image: r.io/a\n    name: c\n")},
    {"a merge in flow",
     "x: &x {image: a, imagePullPolicy: Always}\n" WITH_SECRET(
         "  containers: [{<<: *x, name: c}]\n"),
     "x: &x {image: a, imagePullPolicy: Always}\n" WITH_SECRET(
         "  containers: [{<<: *x, image: r.io/a, name: c}]\n")},
    {"a merge of a container",
     WITH_SECRET("  containers:\n  - &c {image: a}\n  - {<<: *c, name: d}\n"),
     WITH_SECRET("  containers:\n  - &c {imagePullPolicy: Always, image: r.io/a}\n  - {<<: *c, "
                 "name: d}\n")},
    {"an alias elsewhere, which must not change",
     HEAD "metadata: {annotations: {a: &i a}}\nspec: {imagePullSecrets: [{name: s}], "
          "containers: [{imagePullPolicy: Always, image: *i}]}\n",
     "f:3:32: this value is used in 2 places (an anchor and its aliases, one in line 4) that "
     "would have to differ; write it out where they do\n"},
    {"an alias elsewhere of what is given a member",
     WITH_SECRET("  containers:\n  - &c {image: r.io/a}\n") "y: *c\n",
     "f:6:8: this value is used in 2 places (an anchor and its aliases, one in line 7) that "
     "would have to differ; write it out where they do\n"},
    {"a merge elsewhere of what is given a member",
     WITH_SECRET("  containers:\n  - &c {image: r.io/a}\n") "y: {<<: *c}\n",
     "f:7:5: this \"<<\" would merge the \"imagePullPolicy\" that its anchor needs and that "
     "must not be here; write out the merged keys\n"},
    {"a member in front of its merge",
     "x: &x {image: a, imagePullPolicy: Always}\n" WITH_SECRET(
         "  containers: [{image: b, <<: *x}]\n"),
     "f:6:17: \"image\" is before a \"<<\" that merges the same key and wins over it; move "
     "this one after the \"<<\"\n"},
    {"a quoted member in front of its merge",
     "x: &x {image: a, imagePullPolicy: Always}\n" WITH_SECRET(
         "  containers: [{\"image\": b, <<: *x}]\n"),
     "f:6:17: \"image\" is before a \"<<\" that merges the same key and wins over it; move "
     "this one after the \"<<\"\n"},
    {"flow in lines that tabs indent",
     WITH_SECRET("  containers: [{\n\tname: c,\n\t image: a}]\n"),
     WITH_SECRET(
         "  containers: [{\n\tname: c,\n\t imagePullPolicy: Always,\n\t image: r.io/a}]\n")},
    /* what stays */
    {"a denied pod", WITH_SECRET("  containers: [{image: evil.io/x}]\n"),
     WITH_SECRET("  containers: [{image: evil.io/x}]\n")},
    {"another kind", "apiVersion: v1\nkind: Service\nspec: {image: a}\n",
     "apiVersion: v1\nkind: Service\nspec: {image: a}\n"},
    {"a byte order mark", "\xef\xbb\xbf" HEAD "spec: {}\n",
     "\xef\xbb\xbf" HEAD "spec: {imagePullSecrets: [{name: s}]}\n"},
    {"two byte order marks", "\xef\xbb\xbf\xef\xbb\xbf" HEAD,
     ":0:0: f: two byte order marks, expected at most one\n"},
};

static void every_style_is_kept(void **state) {
    bool all = true;
    (void)state;
    for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
        struct buf out = BUF_INIT(1 << 16);
        struct heard heard = {.text = BUF_INIT(1 << 16)};
        apply(styles[i].before, false, &out, &heard);
        bool same = str_eq(buf_view(&out), str_of(styles[i].after));
        if (!same)
            print_error("%s: found\n%.*sexpected\n%s", styles[i].name, STR_ARG(buf_view(&out)),
                        styles[i].after);
        all = all && same;
        buf_done(&out);
        buf_done(&heard.text);
    }
    assert_true(all);
}

/* Notes, as of an exemption, are not read, and hide nothing behind them. */
static void every_denial_is_read(void **state) {
    static const char text[] =
        HEAD "spec: {containers: [{name: a, image: evil.io/x}, {name: b, image: q.io/x}, "
             "{name: c, image: evil.io/y}]}\n";
    struct buf out = BUF_INIT(1 << 16);
    struct heard heard = {.text = BUF_INIT(1 << 16)};
    (void)state;
    apply(text, false, &out, &heard);
    assert_str(buf_view(&heard.text), STR("reason 1 2\nreason 1 2\n"));
    buf_done(&out);
    buf_done(&heard.text);
}

static void a_person_reads_what_is_left(void **state) {
    static const char text[] = "---\n" HEAD "spec: {containers: [{image: evil.io/x}]}\n---\n"
                               "apiVersion: a.io/v1\nkind: K\nspec: {image: x/y}\n---\n"
                               "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: "
                               "{containers: [{image: a}]}}}\n---\n"
                               "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: "
                               "{containers: [{image: b}]}}}\n";
    struct buf out = BUF_INIT(1 << 16);
    struct heard heard = {.text = BUF_INIT(1 << 16)};
    (void)state;
    apply(text, false, &out, &heard);
    assert_str(buf_view(&heard.text), STR("reason 2 2\nunjudged 6\ntemplates\n"));
    assert_str(buf_view(&out), str_of(text));
    buf_reset(&out);
    buf_reset(&heard.text);
    apply(text, true, &out, &heard);
    assert_non_null(strstr(buf_z(&out), "{image: r.io/a}"));
    assert_non_null(strstr(buf_z(&out), "{image: r.io/b}"));
    buf_reset(&heard.text);
    apply("3\n---\n[\n", false, &out, &heard);
    assert_true(str_starts(buf_view(&heard.text), STR("fault f:1:1\nfault f:")));
    buf_done(&out);
    buf_done(&heard.text);
}

/* ---- lists of names -------------------------------------------------------------------- */

/* l: becomes a list of these names. */
static const struct {
    const char *before, *names, *after;
} lists[] = {
    {"l:\n- name: a\n", "a b c", "l:\n- name: a\n- name: b\n- name: c\n"},
    {"l: [{name: a}]\n", "a b c", "l: [{name: a}, {name: b}, {name: c}]\n"},
    {"l: []\n", "a b", "l: [{name: a}, {name: b}]\n"},
    {"l: [{\"name\":\"a\"}]\n", "a b", "l: [{\"name\":\"a\"},{\"name\":\"b\"}]\n"},
    {"l:\n- name: x\n- name: b\n", "a b", "l:\n- name: a\n- name: b\n"},
    {"l:\n- name: 'x'\n- name: \"y\"\n", "a b", "l:\n- name: 'a'\n- name: \"b\"\n"},
    {"l:\n- name: x\n", "yes", "l:\n- name: \"yes\"\n"},
    {"l:\n- name: x\n", "1", "l:\n- name: \"1\"\n"},
    {"l:\n- name:\n", "a", "l:\n- name: a\n"},
    {"l:\n- name: ~\n", "a", "l:\n- name: a\n"},
    {"l:\n- {}\n- name: b\n", "a b", "l:\n- {name: a}\n- name: b\n"},
    {"l: [null, {name: b}]\n", "a b", "l: [{name: a}, {name: b}]\n"},
    {"l:\n- name: a\n- name: b # it\n- name: c\nm: 1\n", "a", "l:\n- name: a\n# it\nm: 1\n"},
    {"l: [{name: a}, {name: b}, {name: c}]\n", "a", "l: [{name: a}]\n"},
    {"l: [{name: a}, # why\n  {name: b}]\n", "a", "l: [{name: a}\n   # why\n   ]\n"},
    {"l:\n- name: x\n  more: 1\n", "a",
     "2:3: this entry has more than a name, which the webhook would remove"},
    {"l:\n- name: a\n  more: 1\n", "a b", "l:\n- name: a\n  more: 1\n- name: b\n"},
    {"l:\n- name: x\n    y\n", "a",
     "2:9: this value is written in a way that cannot be changed in place"},
    {"l: [x]\n", "a", "1:5: this entry has more than a name, which the webhook would remove"},
    {"l: ~\n", "a b", "l: [{name: a}, {name: b}]\n"},
};

static size_t split_names(struct str *out, const char *text) {
    size_t n = 0;
    for (struct str s = str_of(text); s.n != 0; n++) {
        out[n] = str_slice(s, 0, str_find(s, ' '));
        s = str_slice(s, out[n].n + 1, s.n);
    }
    return n;
}

static void set_list(struct buf *out, const char *text, const char *words) {
    struct str names[4];
    struct yaml *y = NULL;
    struct yaml_doc *doc = NULL;
    struct edit_text t;
    struct err err = ERR_INIT;
    assert_ok(yaml_open(&y, str_of(text), YAML_LIMITS_DEFAULT, &err), &err);
    assert_ok(yaml_next(y, &doc, &err), &err);
    assert_ok(edit_text_init(&t, str_of(text), &err), &err);
    const struct edit_splice s = {.text = &t, .doc = doc};
    if (edit_splice_name_list(&s, json_get(doc->json, 0, STR("l")), names,
                              split_names(names, words), &err) == EC_OK)
        assert_ok(edit_text_apply(&t, out, &err), &err);
    else
        buf_printf(out, "%u:%u: %s", err.line, err.col, err.msg);
    edit_text_done(&t);
    yaml_close(y);
}

static void lists_become_others(void **state) {
    bool all = true;
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct buf out = BUF_INIT(4096);
        set_list(&out, lists[i].before, lists[i].names);
        bool same = str_eq(buf_view(&out), str_of(lists[i].after));
        if (!same)
            print_error("%swith %s: found\n%.*sexpected\n%s", lists[i].before, lists[i].names,
                        STR_ARG(buf_view(&out)), lists[i].after);
        all = all && same;
        buf_done(&out);
    }
    assert_true(all);
}

/* ---- KRM functions --------------------------------------------------------------------- */

#define LIST "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"
#define DENIED_ITEM                                                                            \
    "items:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: p, namespace: t}\n"             \
    "  spec: {containers: [{image: evil.io/x}]}\n"

static void results_are_written(void **state) {
    struct buf out = BUF_INIT(1 << 16);
    struct heard heard = {.text = BUF_INIT(1 << 16)};
    (void)state;
    apply(LIST DENIED_ITEM, false, &out, &heard);
    const char *text = buf_z(&out);
    assert_non_null(strstr(text, "results:\n"));
    assert_non_null(strstr(text,
                           "\"severity\": \"error\", \"resourceRef\": {\"apiVersion\": \"v1\", "
                           "\"kind\": \"Pod\", \"name\": \"p\", \"namespace\": \"t\"}, "
                           "\"field\": {\"path\": \"spec.containers[0].image\", "
                           "\"currentValue\": \"evil.io/x\"}}"));
    buf_reset(&out);
    apply(LIST DENIED_ITEM "results: []\n", false, &out, &heard);
    assert_non_null(strstr(buf_z(&out), "results: [{\"message\""));
    buf_reset(&out);
    apply(LIST DENIED_ITEM "results:\n- {message: first}\n", false, &out, &heard);
    assert_non_null(strstr(buf_z(&out), "- {message: first}\n- {\"message\""));
    buf_reset(&out);
    apply(LIST DENIED_ITEM "results: 3\n", false, &out, &heard);
    assert_non_null(strstr(buf_z(&out), "this list is written in a way"));
    buf_done(&out);
    buf_done(&heard.text);
}

static void the_policy_is_named(void **state) {
    static const char *const rows[][2] = {
        {LIST "functionConfig: {spec: {policy: a.yaml}}\n", "a.yaml"},
        {LIST "functionConfig: {data: {policy: b.yaml}}\n", "b.yaml"},
        {LIST "functionConfig: {spec: {policy: a.yaml}, data: {policy: b.yaml}}\n", "a.yaml"},
        {LIST, ""},
        {"apiVersion: v1\nkind: ResourceList\nfunctionConfig: {spec: {policy: a}}\n", ""},
        {"apiVersion: config.kubernetes.io/v1\nkind: List\nfunctionConfig: {spec: {policy: "
         "a}}\n",
         ""},
        {"[", ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf path = BUF_INIT(1024);
        edit_apply_policy_of(str_of(rows[i][0]), &path);
        assert_str(buf_view(&path), str_of(rows[i][1]));
        buf_done(&path);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(changes_are_made_at_once),
    cmocka_unit_test(changes_that_meet_are_an_error),
    cmocka_unit_test(yaml_is_the_object_with_its_edits),
    cmocka_unit_test(marks_are_escaped),
    cmocka_unit_test(digests_tell_values_apart),
    cmocka_unit_test(every_style_is_kept),
    cmocka_unit_test(every_denial_is_read),
    cmocka_unit_test(a_person_reads_what_is_left),
    cmocka_unit_test(lists_become_others),
    cmocka_unit_test(results_are_written),
    cmocka_unit_test(the_policy_is_named),
};

TEST_MAIN(tests)
