#include "policyctl/completion.h"

#include "policyctl/verb.h"

/* ---- what may come next -------------------------------------------------------------- */

static bool is_plain_word(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !ascii_is_digit(s.p[i]) && s.p[i] != '-')
            return false;
    return s.n != 0;
}

static bool has(const char *text, const char *part) {
    return strstr(text, part) != NULL;
}

static bool takes_files(const struct verb *v) {
    return has(v->usage, "FILE") || has(v->usage, "RULES");
}

/* "  init    make a CA ..." */
static void put_actions(struct buf *out, struct str details) {
    while (details.n != 0) {
        size_t end = str_find(details, '\n');
        struct str line = str_slice(details, 0, end);
        struct str indented = str_slice(line, 2, line.n);
        struct str word = str_slice(indented, 0, str_find(indented, ' '));
        if (str_starts(line, STR("  ")) && is_plain_word(word))
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
        if (is_plain_word(word) && !str_eq(word, STR("-")))
            buf_printf(out, "%.*s ", STR_ARG(word));
        token = str_slice(token, bar + 1, token.n);
    }
}

static void put_operands(struct buf *out, const struct verb *v) {
    struct str rest = str_of(v->usage);
    if (has(v->usage, "ACTION") || has(v->usage, "FORMAT "))
        put_actions(out, str_of(v->details));
    for (size_t i = 0; i < verb_n && strcmp(v->usage, "[VERB]") == 0; i++)
        buf_printf(out, "%s ", verb_list[i]->name);
    while (rest.n != 0) {
        size_t blank = str_find(rest, ' ');
        put_choice(out, str_slice(rest, 0, blank));
        rest = str_slice(rest, blank + 1, rest.n);
    }
}

static bool is_path(const struct opt_row *row) {
    static const char *const values[] = {"FILE", "FOLDER", "DIR", "PATH"};
    for (size_t i = 0; i < sizeof values / sizeof *values && row->value != NULL; i++)
        if (strcmp(row->value, values[i]) == 0)
            return true;
    return false;
}

static void put_brief(struct buf *out, const char *help) {
    static const char unfit[] = "'\"`$\\[]";
    for (; *help != '\0'; help++) {
        bool end = (*help == '.' || *help == ';') && (help[1] == ' ' || help[1] == '\0');
        if (end)
            return;
        if (strchr(unfit, *help) == NULL)
            buf_putc(out, *help);
    }
}

static const char made_by[] = "# Made by: policyctl completion";

static void put_verb_names(struct buf *out) {
    for (size_t i = 0; i < verb_n; i++)
        buf_printf(out, "%s%s", i ? " " : "", verb_list[i]->name);
}

/* ---- bash ---------------------------------------------------------------------------- */

/* A separate script: no functions of bash-completion are needed. `=` is a separate word
 * to bash, so --output=js is given as "--output" "=" "js". */
static void bash_values(struct buf *out, const struct verb *v, const struct opt_row *row) {
    if (row->kind == OPT_FLAG || row->kind == OPT_HELP)
        return;
    buf_printf(out, "    %s:--%s", v->name, row->name);
    if (row->letter != '\0')
        buf_printf(out, "|%s:-%c", v->name, row->letter);
    buf_putc(out, ')');
    if (is_path(row))
        buf_puts(out, " files=yes");
    if (row->kind == OPT_WORD) {
        buf_puts(out, " words='");
        for (size_t i = 0; row->words[i] != NULL; i++)
            buf_printf(out, "%s%s", i ? " " : "", row->words[i]);
        buf_putc(out, '\'');
    }
    buf_puts(out, " ;;\n");
}

static void bash_operands(struct buf *out, const struct verb *v) {
    buf_printf(out, "    %s) words='", v->name);
    put_operands(out, v);
    buf_printf(out, "' files=%s", takes_files(v) ? "yes" : "no");
    buf_puts(out, " options='");
    for (size_t i = 0; i < v->options.n_rows; i++)
        buf_printf(out, "%s--%s", i ? " " : "", v->options.rows[i].name);
    buf_puts(out, "' ;;\n");
}

void completion_bash(struct buf *out) {
    buf_printf(out, "%s bash\n", made_by);
    buf_puts(out, "_policyctl() {\n"
                  "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
                  "  local verb=${COMP_WORDS[1]} words= files=no options= value=yes i\n"
                  "  COMPREPLY=()\n"
                  "  if ((COMP_CWORD == 1)); then\n"
                  "    mapfile -t COMPREPLY < <(compgen -W '");
    put_verb_names(out);
    buf_puts(out,
             " --help --version' -- \"$word\")\n"
             "    return\n"
             "  fi\n"
             "  [[ $word == = ]] && word=\n"
             "  [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD-2]}\n"
             "  [[ ${COMP_WORDS[COMP_CWORD]} == = ]] && before=${COMP_WORDS[COMP_CWORD-1]}\n"
             "  case $verb:$before in\n");
    for (size_t i = 0; i < verb_n; i++)
        for (size_t k = 0; k < verb_list[i]->options.n_rows; k++)
            bash_values(out, verb_list[i], &verb_list[i]->options.rows[k]);
    buf_puts(out,
             "    *) value=no ;;\n  esac\n  if [[ $value == no ]]; then\n  case $verb in\n");
    for (size_t i = 0; i < verb_n; i++)
        bash_operands(out, verb_list[i]);
    buf_puts(
        out,
        "  esac\n  fi\n"
        "  if [[ $value == no && $word == -* ]]; then\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
        "    return\n"
        "  fi\n"
        "  [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
        "  [[ $files == no ]] || {\n"
        "    compopt -o filenames 2>/dev/null\n"
        "    while IFS= read -r i; do COMPREPLY+=(\"$i\"); done < <(compgen -f -- \"$word\")\n"
        "  }\n"
        "}\n"
        "complete -F _policyctl policyctl\n");
}

/* A script that lacks words is none. */
static void join_words(struct buf *out, struct buf *words) {
    if (words->bad)
        out->bad = words->bad;
    buf_done(words);
}

/* ---- zsh ----------------------------------------------------------------------------- */

static void zsh_value(struct buf *out, const struct opt_row *row) {
    if (row->kind == OPT_FLAG || row->kind == OPT_HELP)
        return;
    buf_printf(out, ":%s:", row->value ? row->value : "VALUE");
    if (is_path(row))
        buf_puts(out, "_files");
    for (size_t i = 0; row->kind == OPT_WORD && row->words[i] != NULL; i++)
        buf_printf(out, "%s%s", i ? " " : "(", row->words[i]);
    if (row->kind == OPT_WORD)
        buf_putc(out, ')');
}

static void zsh_option(struct buf *out, const struct opt_row *row) {
    const char *many = row->kind == OPT_LIST ? "*" : "";
    bool valued = row->kind != OPT_FLAG && row->kind != OPT_HELP;
    buf_printf(out, " \\\n      '%s--%s%s[", many, row->name, valued ? "=" : "");
    put_brief(out, row->help);
    buf_putc(out, ']');
    zsh_value(out, row);
    buf_putc(out, '\'');
    if (row->letter == '\0')
        return;
    buf_printf(out, " \\\n      '%s-%c%s[", many, row->letter, valued ? "+" : "");
    put_brief(out, row->help);
    buf_putc(out, ']');
    zsh_value(out, row);
    buf_putc(out, '\'');
}

static void zsh_verb(struct buf *out, const struct verb *v) {
    struct buf words = BUF_INIT(4096);
    buf_printf(out, "    %s)\n      _arguments -s", v->name);
    for (size_t i = 0; i < v->options.n_rows; i++)
        zsh_option(out, &v->options.rows[i]);
    put_operands(&words, v);
    if (takes_files(v))
        buf_puts(out, " \\\n      '*:file:_files'");
    else if (words.n != 0)
        buf_printf(out, " \\\n      '1:what:(%.*s)'", STR_ARG(str_trim(buf_view(&words))));
    buf_puts(out, "\n      ;;\n");
    join_words(out, &words);
}

void completion_zsh(struct buf *out) {
    buf_printf(out, "#compdef policyctl\n%s zsh\n_policyctl() {\n", made_by);
    buf_puts(out, "  local -a verbs\n  verbs=(\n");
    for (size_t i = 0; i < verb_n; i++) {
        buf_printf(out, "    '%s:", verb_list[i]->name);
        put_brief(out, verb_list[i]->summary);
        buf_puts(out, "'\n");
    }
    buf_puts(out, "  )\n"
                  "  if ((CURRENT == 2)); then\n"
                  "    _describe verb verbs\n"
                  "    return\n"
                  "  fi\n"
                  "  local verb=${words[2]}\n"
                  "  shift words\n"
                  "  ((CURRENT--))\n"
                  "  case $verb in\n");
    for (size_t i = 0; i < verb_n; i++)
        zsh_verb(out, verb_list[i]);
    buf_puts(out, "  esac\n}\n"
                  "if [[ ${funcstack[1]} == _policyctl ]]; then\n"
                  "  _policyctl \"$@\"\n"
                  "else\n"
                  "  compdef _policyctl policyctl\n"
                  "fi\n");
}

/* ---- fish ---------------------------------------------------------------------------- */

static void fish_line(struct buf *out, const struct verb *v) {
    buf_printf(out, "complete -c policyctl -n '__fish_seen_subcommand_from %s'", v->name);
}

static void fish_option(struct buf *out, const struct verb *v, const struct opt_row *row) {
    fish_line(out, v);
    buf_printf(out, " -l %s", row->name);
    if (row->letter != '\0')
        buf_printf(out, " -s %c", row->letter);
    if (row->kind != OPT_FLAG && row->kind != OPT_HELP)
        buf_puts(out, is_path(row) ? " -r -F" : " -x");
    for (size_t i = 0; row->kind == OPT_WORD && row->words[i] != NULL; i++)
        buf_printf(out, "%s%s", i ? " " : " -a '", row->words[i]);
    buf_puts(out, row->kind == OPT_WORD ? "' -d '" : " -d '");
    put_brief(out, row->help);
    buf_puts(out, "'\n");
}

static void fish_verb(struct buf *out, const struct verb *v) {
    struct buf words = BUF_INIT(4096);
    buf_printf(out, "complete -c policyctl -n __fish_use_subcommand -f -a %s -d '", v->name);
    put_brief(out, v->summary);
    buf_puts(out, "'\n");
    put_operands(&words, v);
    if (!takes_files(v)) {
        fish_line(out, v);
        buf_puts(out, " -f");
        if (words.n != 0)
            buf_printf(out, " -a '%.*s'", STR_ARG(str_trim(buf_view(&words))));
        buf_putc(out, '\n');
    }
    for (size_t i = 0; i < v->options.n_rows; i++)
        fish_option(out, v, &v->options.rows[i]);
    join_words(out, &words);
}

void completion_fish(struct buf *out) {
    buf_printf(out, "%s fish\n", made_by);
    buf_puts(out, "complete -c policyctl -n __fish_use_subcommand -f\n");
    for (size_t i = 0; i < verb_n; i++)
        fish_verb(out, verb_list[i]);
}
