/* The codes for people: help, and the page of codes. */
#include "doctor/codes.h"

static const char *const level_words[] = {"note", "warning", "error"};

static const struct group {
    char digit; /* after "PG" */
    const char *title;
} groups[] = {
    {'1', "Pull secrets"},
    {'2', "The policy, and who else names pull secrets"},
    {'3', "The webhook"},
    {'4', "Pods and events"},
    {'9', "What was not looked at"},
};

/* ---- text ----------------------------------------------------------------------------------- */

enum { COLUMNS = 96, INDENT = 12 };

/* A label, and a text in lines behind it. */
static void put_wrapped(struct buf *out, const char *label, const char *text) {
    struct str rest = str_of(text);
    size_t column = INDENT;
    buf_printf(out, "    %-*s", INDENT - 4, label);
    while (rest.n != 0) {
        struct str word = str_slice(rest, 0, str_find(rest, ' '));
        rest = str_slice(rest, word.n + 1, rest.n);
        if (column != INDENT && column + 1 + word.n > COLUMNS) {
            buf_printf(out, "\n%*s", INDENT, "");
            column = INDENT;
        } else if (column != INDENT) {
            buf_putc(out, ' ');
            column++;
        }
        buf_str(out, word);
        column += word.n;
    }
    buf_putc(out, '\n');
}

void doctor_code_text(struct buf *out, const struct doctor_code_row *row) {
    buf_printf(out, "%s %s (%s)\n", row->id, row->word, level_words[row->level]);
    put_wrapped(out, "what", row->about);
    put_wrapped(out, "effect", row->effect);
    put_wrapped(out, "mend", row->mend);
}

void doctor_codes_text(struct buf *out) {
    buf_puts(out, "The codes of policyctl doctor.\n");
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        buf_printf(out, "\n%s\n", groups[g].title);
        for (size_t i = 0; i < DOCTOR_N_CODES; i++) {
            if (doctor_codes[i].id[2] != groups[g].digit)
                continue;
            buf_putc(out, '\n');
            doctor_code_text(out, &doctor_codes[i]);
        }
    }
}

/* ---- the page --------------------------------------------------------------------------------- */

/* What Markdown would take for its own. */
static void put_markdown(struct buf *out, const char *text) {
    bool code = false;
    for (; *text != '\0'; text++) {
        code ^= *text == '`';
        if (!code && strchr("<>[]*_|", *text) != NULL)
            buf_putc(out, '\\');
        buf_putc(out, *text);
    }
}

static void put_row(struct buf *out, const struct doctor_code_row *row) {
    buf_printf(out, "\n### %s %s\n\n", row->id, row->word);
    buf_printf(out, "*%s.* ", level_words[row->level]);
    put_markdown(out, row->about);
    buf_puts(out, "\n\n- Effect: ");
    put_markdown(out, row->effect);
    buf_puts(out, "\n- Mend: ");
    put_markdown(out, row->mend);
    buf_putc(out, '\n');
}

void doctor_codes_markdown(struct buf *out) {
    buf_puts(out,
             "# Codes of policyctl doctor\n\n"
             "Printed by `policyctl help codes`; `policyctl help PG101` prints one of them. "
             "Errors and warnings make\n`policyctl doctor` exit with 1, notes with "
             "`--strict` alone.\n");
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        buf_printf(out, "\n## %s\n", groups[g].title);
        for (size_t i = 0; i < DOCTOR_N_CODES; i++)
            if (doctor_codes[i].id[2] == groups[g].digit)
                put_row(out, &doctor_codes[i]);
    }
}
