/* object: any bytes as a file of manifests, read as test reads them and as apply's second pass does.
 * Positions are inside the text, totals add up, and what cannot be judged is counted; without decisions
 * the same objects and faults come, in the same order. */
#include "object/messages.h"
#include "object/object.h"
#include "rules/rules.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct run {
    struct str text; /* without its mark; empty for UTF-16 */
    size_t n_lines, n_objects, n_faults, n_images;
    uint64_t order; /* of objects and faults */
    bool undecided;
};

static void hold(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "object: does not hold: %s\n", what);
    abort();
}

static size_t count_lines(struct str text) {
    size_t n = 1;
    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n' ||
             (text.p[i] == '\r' && (i + 1 == text.n || text.p[i + 1] != '\n'));
    return n;
}

static void check_pos(const struct run *r, struct yaml_location pos) {
    hold(pos.line >= 1 && pos.col >= 1, "a position is 1-based");
    hold(pos.line <= r->n_lines && pos.col <= r->text.n + 1, "a position is in the text");
}

static void check_images(struct run *r, const struct object *o) {
    struct buf pointer = BUF_INIT(1 << 16);
    for (size_t i = 0; i < o->workload->n_images && r->text.n != 0; i++)
        check_pos(r, object_image_where(o, &o->workload->images[i], &pointer));
    buf_done(&pointer);
}

static void check_decision(struct run *r, const struct object *o) {
    struct buf pointer = BUF_INIT(1 << 16), text = BUF_INIT(1 << 20);
    const struct decision *d = o->decision;
    r->n_images += d->n_images;
    bool malformed = d->n_reasons != 0 && d->reasons[0].code == REASON_MALFORMED;
    hold(malformed || d->n_images == o->workload->n_images, "an image each");
    hold(malformed || o->malformed == JSON_NONE, "a malformed value is the reason");
    for (size_t i = 0; i < d->n_reasons && r->text.n != 0; i++)
        check_pos(r, object_reason_where(o, &d->reasons[i], &pointer));
    if (o->unjudged != NULL) {
        hold(d->verdict == VERDICT_ALLOW && o->unjudged->n != 0, "not judged, and why");
        object_put_unjudged_line(&text, o);
        hold(!text.bad, "it has a line");
    }
    buf_done(&pointer);
    buf_done(&text);
}

static enum ec take_object(void *arg, const struct object *o, struct err *err) {
    struct run *r = arg;
    (void)err;
    hold(o->index == r->n_objects++, "objects are numbered");
    hold(r->undecided || o->decision != NULL, "a decision where one is wanted");
    r->order = r->order * 31 + o->line;
    check_images(r, o);
    if (o->decision != NULL)
        check_decision(r, o);
    return EC_OK;
}

static void take_fault(void *arg, const struct object_fault *f) {
    struct run *r = arg;
    struct buf text = BUF_INIT(1 << 20);
    r->n_faults++;
    r->order = r->order * 31 + f->err->line + 1000003;
    hold(f->err->code != EC_OK && f->err->code != EC_BUG, "a fault is one of the text");
    object_put_fault(&text, f);
    hold(text.n != 0 && !text.bad, "a fault has its line");
    buf_done(&text);
}

static void take_note(void *arg, const char *file, uint32_t line, const char *text) {
    const struct run *r = arg;
    (void)file;
    hold(text[0] != '\0' && line >= 1, "a note says where");
    hold(r->text.n == 0 || line <= r->n_lines, "in the text");
}

static const struct policy *policy(void) {
    static struct policy *p;
    const struct rules_options options = {.now_s = 1795000000};
    struct err err = ERR_INIT;
    if (p == NULL &&
        rules_parse(&p,
                    STR("apiVersion: pullgate/v1\nkind: ImagePolicy\nspec:\n  registry: r.io\n"
                        "  imagePullSecrets: [s]\n  denied: [evil.io]\n  mode: warn\n"),
                    "rules.yaml", &options, &err) != EC_OK)
        abort();
    return p;
}

static void read_text(struct run *r, struct object_totals *totals, struct str text) {
    static const struct opt_list no_groups = {.n = 0};
    const struct object_request request = {
        .user = "", .groups = &no_groups, .now_s = 1795000000, .undecided = r->undecided};
    const struct object_sink sink = {
        .object = take_object, .fault = take_fault, .note = take_note, .arg = r};
    struct object_judge judge;
    struct err err = ERR_INIT;
    bool wide = str_starts(text, STR("\xff\xfe")) || str_starts(text, STR("\xfe\xff"));
    r->text = wide ? STR_NONE : text;
    r->n_lines = count_lines(text);
    object_judge_init(&judge, policy(), &request);
    hold(object_read_text(&judge, "fuzz.yaml", text, &sink, totals, &err) == EC_OK,
         "no text ends the walk");
    object_judge_done(&judge);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct run judged = {.n_lines = 0}, bare = {.undecided = true};
    struct object_totals t = {.objects = 0}, none = {.objects = 0};
    const struct str text = {(const char *)data, n};
    read_text(&judged, &t, text);
    hold(t.objects == judged.n_objects && t.unreadable == judged.n_faults, "all is counted");
    hold(t.images == judged.n_images, "every image is counted");
    hold(t.rewritten + t.denied + t.warned + t.unchanged >= t.images, "images have a verdict");
    hold(t.rewritten + t.denied + t.warned + t.unchanged <= t.images + t.denied_objects,
         "and no more than that");
    hold(t.denied_objects + t.warned_objects + t.unjudged_objects <= t.objects, "objects, too");
    read_text(&bare, &none, text);
    hold(bare.order == judged.order && bare.n_objects == judged.n_objects,
         "the same objects without decisions");
    hold(none.objects == none.malformed_objects && none.unreadable == t.unreadable,
         "which are not counted");
    return 0;
}
