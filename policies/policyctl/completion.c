#include "policyctl/completion.h"

static bool is_word(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '-')
            return false;
    return s.n != 0;
}

static bool has(const char *text, const char *part) {
    return strstr(text, part) != NULL;
}

bool completion_takes_files(const struct verb *v) {
    return has(v->usage, "FILE") || has(v->usage, "RULES");
}

/* "  init    make a CA ..." */
static void put_actions(struct buf *out, struct str details) {
    while (details.n != 0) {
        size_t end = str_find(details, '\n');
        struct str line = str_slice(details, 0, end);
        struct str indented = str_slice(line, 2, line.n);
        struct str word = str_slice(indented, 0, str_find(indented, ' '));
        if (str_starts(line, STR("  ")) && is_word(word))
            buf_printf(out, "%.*s ", STR_ARG(word));
        details = str_slice(details, end + 1, details.n);
    }
}

/* "bash|zsh|fish" */
static void put_choice(struct buf *out, struct str token) {
    if (str_find(token, '|') == token.n)
        return;
    while (token.n != 0) {
        size_t bar = str_find(token, '|');
        struct str word = str_slice(token, 0, bar);
        if (is_word(word) && !str_eq(word, STR("-")))
            buf_printf(out, "%.*s ", STR_ARG(word));
        token = str_slice(token, bar + 1, token.n);
    }
}

void completion_operands(struct buf *out, const struct verb *v) {
    struct str rest = str_of(v->usage);
    if (has(v->usage, "ACTION"))
        put_actions(out, str_of(v->details));
    for (size_t i = 0; i < n_verbs && strcmp(v->usage, "[VERB]") == 0; i++)
        buf_printf(out, "%s ", verbs[i].name);
    while (rest.n != 0) {
        size_t blank = str_find(rest, ' ');
        put_choice(out, str_slice(rest, 0, blank));
        rest = str_slice(rest, blank + 1, rest.n);
    }
}

bool completion_is_path(const struct opt_row *row) {
    static const char *const values[] = {"FILE", "FOLDER", "DIR", "PATH"};
    for (size_t i = 0; i < sizeof values / sizeof *values && row->value != NULL; i++)
        if (strcmp(row->value, values[i]) == 0)
            return true;
    return false;
}

void completion_brief(struct buf *out, const char *help) {
    static const char unfit[] = "'\"`$\\[]";
    for (; *help != '\0'; help++) {
        bool end = (*help == '.' || *help == ';') && (help[1] == ' ' || help[1] == '\0');
        if (end)
            return;
        if (strchr(unfit, *help) == NULL)
            buf_putc(out, *help);
    }
}
