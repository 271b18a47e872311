/* Results of suites as findings, for SARIF and GitHub, and as cases, for JUnit. */
#include "report/verify.h"

static struct report_rule rule_at(unsigned i) {
    static const struct report_rule rules[] = {
        {"verdict", NULL, "The objects of a case have another verdict than expected.",
         "Change the rule file, or the case; `policyctl explain` shows how the rule file "
         "decides.",
         REPORT_ERROR},
        {"rule", NULL, "Another rule decides than expected.",
         "Change `match` or the order of the rules, or the case.", REPORT_ERROR},
        {"code", NULL, "No reason of a case has the expected code.",
         "Change the rule file, or the case; the message lists the reasons.", REPORT_ERROR},
        {"message", NULL, "No reason of a case has a message that matches.",
         "Change the rule file, or the regular expression; the message lists the reasons.",
         REPORT_ERROR},
        {"images", NULL,
         "A container has another image than expected, or no container has "
         "that name.",
         "Change the rule file, or the case; `policyctl explain` shows how an image is "
         "rewritten.",
         REPORT_ERROR},
        {"secrets", NULL, "The pods have other imagePullSecrets than expected.",
         "Change imagePullSecrets of the rule file, or the case.", REPORT_ERROR},
        {"object", NULL, "The object, file or review of a case cannot be judged.",
         "Correct the case, or the file that it names.", REPORT_ERROR},
    };
    return rules[i];
}

enum { RULE_OBJECT = 6, N_RULES }; /* object, file and review have one rule */

static const struct report_tool tool = {.name = "policyctl verify",
                                        .suites_name = "policyctl verify",
                                        .object_kind = "test",
                                        .rule = rule_at,
                                        .n_rules = N_RULES};

/* Of "images: main" the first word. */
static unsigned rule_of(struct str what) {
    unsigned i = 0;
    what = str_slice(what, 0, str_find(what, ':'));
    while (i < RULE_OBJECT && !str_eq(str_of(rule_at(i).id), what))
        i++;
    return i;
}

/* ---- a case -------------------------------------------------------------------------------- */

static struct object_excerpt *excerpt_of(struct report_verify *v, const struct suite *s) {
    if (v->lines.text.p == NULL)
        v->lines = (struct object_excerpt)OBJECT_EXCERPT_INIT(buf_view(&s->text));
    return &v->lines;
}

static void add_findings(struct report_verify *v, const struct suite *s,
                         const struct suite_case *c) {
    for (const struct suite_failure *f = c->failures; f != NULL; f = f->next) {
        struct buf message = BUF_INIT(1 << 24);
        report_verify_failure(&message, f);
        buf_putc(&message, '\n');
        report_verify_reasons(&message, 0, c);
        const struct report_finding finding = {.rule = rule_of(str_of(f->what)),
                                               .level = REPORT_ERROR,
                                               .message = str_trim(buf_view(&message)),
                                               .at = {.file = str_of(s->form.file),
                                                      .line = f->pos.line,
                                                      .col = f->pos.col,
                                                      .lines = excerpt_of(v, s)},
                                               .object = c->name};
        report_add_finding(&v->file, &finding);
        report_carry(&v->file, &message);
        buf_done(&message);
    }
}

static void add_case(struct report_verify *v, const struct suite *s,
                     const struct suite_case *c) {
    bool failed = c->failures != NULL;
    struct buf lines = BUF_INIT(1 << 24);
    if (failed)
        report_verify_lines(&lines, 0, s, c);
    const struct report_case shown = {.name = c->name,
                                      .file = str_of(s->form.file),
                                      .outcome = failed ? REPORT_FAILED : REPORT_PASSED,
                                      .message = failed ? str_of(c->failures->what) : STR_NONE,
                                      .type = STR("expectation"),
                                      .text = buf_view(&lines),
                                      .seconds = c->seconds};
    report_add_case(&v->file, &shown);
    report_carry(&v->file, &lines);
    buf_done(&lines);
}

static void of_case(struct report_verify *v, const struct suite *s,
                    const struct suite_case *c) {
    if (report_shows_cases(&v->file))
        add_case(v, s, c);
    else
        add_findings(v, s, c);
}

/* ---- a suite, and all of them --------------------------------------------------------------- */

/* The error is in the rule file, or the suite. */
static void add_unread(struct report_verify *v, const struct report_verify_suite *of) {
    const struct err *err = of->err;
    const struct report_unread u = {
        .what = "cannot be run",
        .file = str_of(of->path),
        .at = {.file = str_of(err->where[0] ? err->where : of->path),
               .line = err->line,
               .col = err->col},
        .err = err};
    report_add_unread(&v->file, &u);
}

static void of_suite(struct report_verify *v, const struct report_verify_suite *of) {
    size_t unread = of->err != NULL;
    const struct report_sums sums = {.cases = of->n_run + unread,
                                     .failed = of->n_failed,
                                     .unread = unread,
                                     .seconds = of->seconds};
    if (unread != 0)
        add_unread(v, of);
    report_join(&v->run, &v->file, str_of(of->path), &sums);
    report_reset(&v->file);
    object_excerpt_done(&v->lines);
    v->lines = (struct object_excerpt)OBJECT_EXCERPT_INIT(STR_NONE);
}

static void begin(struct report_verify *v) {
    report_begin(&v->run);
}

static void end(struct report_verify *v) {
    const struct report_sums sums = {.cases = v->n_run + v->n_unreadable,
                                     .failed = v->n_failed,
                                     .unread = v->n_unreadable,
                                     .seconds = -1};
    report_end(&v->run, &sums);
}

#define FORMAT_OF(writers)                                                                     \
    {                                                                                          \
        .writer = &(writers), .begin = begin, .of_case = of_case, .of_suite = of_suite,        \
        .end = end                                                                             \
    }

const struct report_verify_format report_verify_junit = FORMAT_OF(report_junit);
const struct report_verify_format report_verify_sarif = FORMAT_OF(report_sarif);
const struct report_verify_format report_verify_github = FORMAT_OF(report_github);

void report_verify_init(struct report_verify *v, const struct report_verify_format *format,
                        bool verbose) {
    static const struct report_look look = {.quiet = false};
    *v = (struct report_verify){.format = format,
                                .verbose = verbose,
                                .run = REPORT_INIT(&look, format->writer, &tool),
                                .file = REPORT_INIT(&look, format->writer, &tool)};
}

void report_verify_done(struct report_verify *v) {
    object_excerpt_done(&v->lines);
    report_done(&v->file);
    report_done(&v->run);
}
