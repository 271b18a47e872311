#include "policyctl/verb.h"

#include "base/escape.h"
#include "base/file.h"
#include "object/excerpt.h"

#include <stdio.h>
#include <unistd.h>

enum { EXCERPT_FILE_MAX = 16 << 20 };

static bool print_help(const struct verb *v) {
    struct buf text = BUF_INIT(1 << 20);
    buf_printf(&text, "Usage: policyctl %s %s\n\n%c%s.\n", v->name, v->usage,
               v->summary[0] - 'a' + 'A', v->summary + 1);
    if (v->details != NULL)
        buf_printf(&text, "\n%s", v->details);
    buf_puts(&text, "\nOptions:\n");
    opts_help(v->options, &text);
    buf_printf(&text, "\nExamples:\n%s", v->examples);
    bool printed = verb_print(&text);
    buf_done(&text);
    return printed;
}

bool verb_options(const struct verb *v, void *target, int argc, char **argv,
                  struct opt_result *out, struct buf *text, int *status) {
    struct err err = ERR_INIT;
    if (opts_parse(v->options, target, argc, argv, out, text, &err) != EC_OK) {
        *status = verb_fail(&err);
        return false;
    }
    if (!out->help)
        return true;
    *status = print_help(v) ? EXIT_ALLOWED : EXIT_INPUT;
    return false;
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
    struct err ignored = ERR_INIT, shown = *err;
    if (strcmp(shown.where, "-") == 0)
        snprintf(shown.where, sizeof shown.where, "<stdin>");
    buf_puts(&text, "policyctl: ");
    err_print(&shown, &text);
    buf_putc(&text, '\n');
    put_excerpt(&text, err);
    /* Where there is no memory for the words, these need none. */
    struct str words = text.bad ? STR("policyctl: out of memory\n") : buf_view(&text);
    (void)!file_write_fd(STDERR_FILENO, words, &ignored);
    buf_done(&text);
    return err->code == EC_BUG ? EXIT_BROKEN : EXIT_INPUT;
}

void verb_tell(const char *format, ...) {
    struct buf words = BUF_INIT(64 << 20), line = BUF_INIT(256 << 20);
    struct err ignored = ERR_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&words, format, args);
    va_end(args);
    escape_text(&line, buf_view(&words));
    buf_putc(&line, '\n');
    (void)!file_write_fd(STDERR_FILENO, buf_view(&line), &ignored);
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
