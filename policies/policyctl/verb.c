#include "policyctl/verb.h"

#include "base/escape.h"
#include "base/file.h"
#include "certs/certs.h"
#include "object/excerpt.h"
#include "object/object.h"
#include "policyctl/options.h"
#include "rules/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXCERPT_FILE_MAX = 16 << 20 };

/* ---- input --------------------------------------------------------------------------- */

enum ec verb_operands(const struct opt_result *args, const char *missing, struct err *err) {
    return args->n_operands != 0 ? EC_OK : err_set(err, EC_USAGE, "%s", missing);
}

const char *verb_policy_path(const char *flag) {
    const char *path = flag != NULL ? flag : getenv("PULLGATE_POLICY");
    return path != NULL && path[0] != '\0' ? path : NULL;
}

enum ec verb_no_policy(struct err *err) {
    return err_set(err, EC_USAGE,
                   "no rule file: give -p FILE or set PULLGATE_POLICY; try --help");
}

static void warn(void *arg, enum rules_lint lint, const char *file, struct policy_pos pos,
                 const char *text) {
    (void)arg;
    (void)lint;
    verb_tell("%s:%u:%u: warning: %s", file, pos.line, pos.col, text);
}

/* Of several errors all but the last are reported here; the last is the verb's to report. */
struct errors {
    struct err last;
    size_t n;
};

static void take_error(void *arg, const struct err *err, size_t n) {
    struct errors *e = arg;
    if (++e->n < n)
        (void)verb_fail(err);
    e->last = *err;
}

static struct rules_options options_at(int64_t now_s, struct errors *errors) {
    return (struct rules_options){.warn = warn,
                                  .arg = errors,
                                  .error = take_error,
                                  .pipes = true,
                                  .now_s = now_s,
                                  .sha256 = certs_sha256_hex};
}

static enum ec keep_last(const struct errors *errors, enum ec ec, struct err *err) {
    if (ec != EC_OK && errors->n != 0)
        *err = errors->last;
    return err->code;
}

enum ec verb_policy(struct policy **out, const char *flag, int64_t now_s, struct err *err) {
    struct errors errors = {.n = 0};
    const struct rules_options options = options_at(now_s, &errors);
    const char *path = verb_policy_path(flag);
    if (path == NULL)
        return verb_no_policy(err);
    return keep_last(&errors, rules_load(out, path, &options, err), err);
}

enum ec verb_policy_parse(struct policy **out, struct str text, const char *path, int64_t now_s,
                          struct err *err) {
    struct errors errors = {.n = 0};
    const struct rules_options options = options_at(now_s, &errors);
    return keep_last(&errors, rules_parse(out, text, path, &options, err), err);
}

/* ---- the end -------------------------------------------------------------------------- */

int verb_status(const struct object_totals *t, bool denied, bool strict) {
    if (t->unreadable != 0)
        return EXIT_INPUT;
    bool unjudged = strict && t->unjudged_objects + t->unrendered != 0;
    return denied || unjudged ? EXIT_DENIED : EXIT_ALLOWED;
}

/* ---- output -------------------------------------------------------------------------- */

/* kubectl runs a plugin by the path of its file. */
const char *verb_program(void) {
    bool plugin = strcmp(program_invocation_short_name, "kubectl-pullgate") == 0;
    return plugin ? "kubectl pullgate" : "policyctl";
}

void verb_put_text(struct buf *to, const char *text) {
    static const char name[] = "policyctl "; /* not policyctl.fish */
    for (const char *at; (at = strstr(text, name)) != NULL; text = at + sizeof name - 1) {
        buf_add(to, text, (size_t)(at - text));
        buf_printf(to, "%s ", verb_program());
    }
    buf_puts(to, text);
}

void verb_talk(struct str text) {
    struct err ignored = ERR_INIT;
    (void)!file_write_fd(STDERR_FILENO, text, &ignored);
}

/* The line of a file (a rule file, a suite) that an error names, when it can be read again. */
static void put_excerpt(struct buf *out, const struct err *err) {
    struct buf file = BUF_INIT(EXCERPT_FILE_MAX + 1);
    struct err ignored = ERR_INIT;
    if (err->line != 0 && err->where[0] != '\0' && strcmp(err->where, "-") != 0 &&
        file_read(&file, err->where, EXCERPT_FILE_MAX, &ignored) == EC_OK) {
        struct object_excerpt lines = OBJECT_EXCERPT_INIT(buf_view(&file));
        object_excerpt_print(out, &lines, err->line, err->col);
        object_excerpt_done(&lines);
    }
    buf_done(&file);
}

int verb_fail(const struct err *err) {
    struct buf text = BUF_INIT(8192);
    struct err shown = *err;
    if (strcmp(shown.where, "-") == 0)
        snprintf(shown.where, sizeof shown.where, "<stdin>");
    buf_puts(&text, "policyctl: ");
    err_print(&shown, &text);
    buf_putc(&text, '\n');
    put_excerpt(&text, err);
    /* Where there is no memory for the words, these need none. */
    verb_talk(text.bad ? STR("policyctl: out of memory\n") : buf_view(&text));
    buf_done(&text);
    return err->code == EC_BUG ? EXIT_BROKEN : EXIT_INPUT;
}

void verb_tell(const char *format, ...) {
    struct buf words = BUF_INIT(64 << 20), line = BUF_INIT(256 << 20);
    va_list args;
    va_start(args, format);
    buf_vprintf(&words, format, args);
    va_end(args);
    escape_text(&line, buf_view(&words));
    buf_putc(&line, '\n');
    verb_talk(buf_view(&line));
    buf_done(&line);
    buf_done(&words);
}

bool verb_print(struct buf *text) {
    struct err err = ERR_INIT;
    if (text->bad)
        err_set(&err, (enum ec)text->bad, "no room for the output");
    else if (file_write_fd(STDOUT_FILENO, buf_view(text), &err) != EC_OK)
        err_wrap(&err, "standard output");
    buf_reset(text);
    if (err.code != EC_OK)
        verb_fail(&err);
    return err.code == EC_OK;
}

int verb_end(struct buf *out, int status, const struct err *err) {
    if (err->code != EC_OK)
        status = verb_fail(err);
    else if (!verb_print(out))
        status = EXIT_INPUT;
    buf_done(out);
    return status;
}

/* ---- running ------------------------------------------------------------------------- */

static int print_help(const struct verb *v) {
    const struct err none = ERR_INIT;
    struct buf text = BUF_INIT(1 << 20), options = BUF_INIT(1 << 20);
    buf_printf(&text, "Usage: %s %s %s\n\n%c%s.\n", verb_program(), v->name, v->usage,
               v->summary[0] - 'a' + 'A', v->summary + 1);
    if (v->details != NULL) {
        buf_putc(&text, '\n');
        verb_put_text(&text, v->details);
    }
    buf_puts(&text, "\nOptions:\n");
    opts_help(&v->options, &options);
    const char *z = buf_z(&options);
    if (z == NULL)
        text.bad = options.bad;
    else
        verb_put_text(&text, z);
    buf_done(&options);
    buf_puts(&text, "\nExamples:\n");
    verb_put_text(&text, v->examples);
    return verb_end(&text, EXIT_ALLOWED, &none);
}

int verb_main(const struct verb *v, int argc, char **argv) {
    union options options;
    struct opt_result args;
    struct buf text = BUF_INIT(1 << 20); /* what options borrow */
    struct err err = ERR_INIT;
    int status;
    memset(&options, 0, sizeof options);
    if (opts_parse(&v->options, &options, argc, argv, &args, &text, &err) != EC_OK)
        status = verb_fail(&err);
    else
        status = args.help ? print_help(v) : v->run(&options, &args);
    buf_done(&text);
    return status;
}
