/* Objects as findings, for SARIF and GitHub, and as cases, for JUnit. */
#include "report/objects.h"
#include "report/objects_rules.h"

static struct report_rule rule_at(unsigned i) {
    return report_objects_rules[i];
}

const struct report_tool report_objects_tool = {.name = "policyctl",
                                                .suites_name = "policyctl test",
                                                .object_kind = "resource",
                                                .rule = rule_at,
                                                .n_rules = OBJECTS_N_RULES};

/* ---- findings --------------------------------------------------------------------------- */

static const enum report_level levels[] = {
    [WEIGHT_NOTE] = REPORT_NOTE, [WEIGHT_WARN] = REPORT_WARNING, [WEIGHT_DENY] = REPORT_ERROR};

struct findings { /* of one object */
    struct report *to;
    const struct object *s;
    struct buf name;    /* the object's */
    struct buf message; /* of the finding that is being made */
};

static struct report_finding start_finding(struct findings *of, unsigned rule,
                                           enum report_level level, struct yaml_location pos) {
    report_carry(of->to, &of->message);
    buf_reset(&of->message);
    return (struct report_finding){.rule = rule,
                                   .level = level,
                                   .at = {.file = str_of(of->s->file),
                                          .line = pos.line,
                                          .col = pos.col,
                                          .lines = of->s->lines},
                                   .object = buf_view(&of->name)};
}

static struct report_location rule_location(const struct object *s, struct policy_pos pos) {
    if (pos.line == 0)
        return (struct report_location){.line = 0};
    return (struct report_location){
        .file = engine_policy_file(s->policy, pos), .line = pos.line, .col = pos.col};
}

static void add_reason(struct findings *of, const struct reason *r) {
    const struct object *s = of->s;
    if (of->to->look->quiet && r->weight == WEIGHT_NOTE)
        return;
    struct report_finding f = start_finding(of, r->code, levels[r->weight],
                                            object_reason_where(s, r, report_scratch(of->to)));
    f.message = r->message;
    f.found = r->image < 0 ? STR_NONE : s->decision->images[r->image].before;
    f.fix = r->suggestion;
    f.because = rule_location(s, r->pos);
    report_add_finding(of->to, &f);
}

static void add_rewrite(struct findings *of, const struct decision_image *d) {
    const char *why;
    struct str to = report_objects_rewrite(of->s, d, &why);
    if (to.n == 0)
        return;
    struct report_finding f =
        start_finding(of, OBJECTS_REWRITTEN, REPORT_NOTE,
                      object_image_where(of->s, d->image, report_scratch(of->to)));
    buf_printf(&of->message, "image \"%.*s\" is rewritten to \"%.*s\"%s", STR_ARG(d->before),
               STR_ARG(to), why);
    f.message = buf_view(&of->message);
    f.found = d->before;
    f.fix = to;
    report_add_finding(of->to, &f);
}

static void add_secret(struct findings *of, struct str name) {
    struct report_finding f =
        start_finding(of, OBJECTS_SECRET_ADDED, REPORT_NOTE, object_secrets_where(of->s));
    buf_printf(&of->message, "pull secret \"%.*s\" is added to imagePullSecrets",
               STR_ARG(name));
    f.message = buf_view(&of->message);
    report_add_finding(of->to, &f);
}

static void add_unjudged(struct findings *of) {
    struct buf image = BUF_INIT(1 << 16);
    struct report_finding f =
        start_finding(of, OBJECTS_NOT_JUDGED, REPORT_NOTE, object_unjudged_where(of->s));
    object_put_unjudged(&of->message, of->s);
    object_unjudged_put_image(&image, &of->s->unjudged->values[0]);
    f.message = buf_view(&of->message);
    f.found = buf_view(&image);
    report_add_finding(of->to, &f);
    buf_done(&image);
}

static void add_findings(struct report *p, const struct object *s) {
    const struct decision *d = s->decision;
    struct findings of = {
        .to = p, .s = s, .name = BUF_INIT(1 << 20), .message = BUF_INIT(1 << 20)};
    object_put_name(&of.name, s);
    for (size_t i = 0; i < d->n_reasons; i++)
        add_reason(&of, &d->reasons[i]);
    for (size_t i = 0; i < d->n_images && !p->look->quiet; i++)
        add_rewrite(&of, &d->images[i]);
    for (size_t i = 0; i < d->n_secrets_added && !p->look->quiet; i++)
        add_secret(&of, d->secrets_added[i]);
    if (s->unjudged != NULL)
        add_unjudged(&of);
    report_carry(p, &of.name);
    report_carry(p, &of.message);
    buf_done(&of.name);
    buf_done(&of.message);
}

/* ---- a case ------------------------------------------------------------------------------ */

static const struct reason *first_denial(const struct decision *d) {
    for (size_t i = 0; i < d->n_reasons; i++)
        if (d->reasons[i].weight == WEIGHT_DENY)
            return &d->reasons[i];
    return NULL;
}

static void set_outcome(struct report_case *c, const struct object *s, struct buf *scratch) {
    const struct reason *denial = first_denial(s->decision);
    if (s->unjudged != NULL) {
        object_put_unjudged(scratch, s);
        c->outcome = REPORT_SKIPPED;
        c->message = buf_view(scratch);
    } else if (s->decision->verdict == VERDICT_DENY) {
        c->outcome = REPORT_FAILED;
        c->message = denial ? denial->message : STR("denied");
        c->type = str_of(denial ? engine_code_name(denial->code) : "denied");
    }
}

static void add_case(struct report *p, const struct object *s) {
    struct buf name = BUF_INIT(1 << 20), text = BUF_INIT((size_t)1 << 28);
    struct report_case c = {.file = str_of(s->file), .seconds = -1};
    object_put_name(&name, s);
    buf_printf(&name, " (line %u)", s->line); /* two objects of a file may have one name */
    report_objects_lines(p, &text, s);
    set_outcome(&c, s, report_scratch(p));
    c.name = buf_view(&name);
    c.text = buf_view(&text);
    report_add_case(p, &c);
    report_carry(p, &name);
    report_carry(p, &text);
    buf_done(&name);
    buf_done(&text);
}

/* ---- the formats ------------------------------------------------------------------------- */

static enum ec put_object(struct report *file, const struct object *s, struct err *err) {
    if (report_shows_cases(file))
        add_case(file, s);
    else
        add_findings(file, s);
    return file->out.bad ? err_set(err, (enum ec)file->out.bad, "no room for the output")
                         : EC_OK;
}

static void put_fault(struct report *file, const struct object_fault *f) {
    const struct report_unread u = {.what = "cannot be judged",
                                    .file = str_of(f->file),
                                    .at = {.file = str_of(f->file),
                                           .line = f->err->line,
                                           .col = f->err->col,
                                           .lines = f->lines},
                                    .err = f->err};
    report_add_unread(file, &u);
}

static struct report_sums sums_of(const struct object_totals *t) {
    return (struct report_sums){.cases = t->objects + t->unreadable,
                                .failed = t->denied_objects,
                                .skipped = t->unjudged_objects,
                                .unread = t->unreadable,
                                .seconds = -1};
}

static void join(struct report *run, struct report *file, const char *name,
                 const struct object_totals *of_file) {
    struct report_sums sums = sums_of(of_file);
    report_join(run, file, str_of(name), &sums);
}

static void end(struct report *run, const struct object_totals *t) {
    struct report_sums sums = sums_of(t);
    report_end(run, &sums);
}

#define FORMAT_OF(writers, parts)                                                              \
    {                                                                                          \
        .in_parts = (parts), .writer = &(writers), .begin = report_begin,                      \
        .object = put_object, .fault = put_fault, .join = join, .end = end                     \
    }

const struct report_format report_objects_sarif = FORMAT_OF(report_sarif, true);
const struct report_format report_objects_github = FORMAT_OF(report_github, true);
const struct report_format report_objects_junit = FORMAT_OF(report_junit, false);

/* ---- what the other formats share --------------------------------------------------------- */

void report_objects_no_begin(struct report *run) {
    (void)run;
}

void report_objects_no_fault(struct report *file, const struct object_fault *f) {
    (void)file;
    (void)f;
}

void report_objects_no_end(struct report *run, const struct object_totals *t) {
    (void)run;
    (void)t;
}

void report_objects_append(struct report *run, struct report *file, const char *name,
                           const struct object_totals *of_file) {
    (void)name;
    (void)of_file;
    report_append(run, file);
}
