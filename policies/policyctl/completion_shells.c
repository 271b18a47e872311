/* Source     bash(1), Programmable Completion; zshcompsys(1), _arguments; fish's complete(1) */
#include "policyctl/completion.h"

static const char made_by[] = "# Made by: policyctl completion";

static void put_verb_names(struct buf *out) {
    for (size_t i = 0; i < n_verbs; i++)
        buf_printf(out, "%s%s", i ? " " : "", verbs[i].name);
}

/* ---- bash ---------------------------------------------------------------------------- */

/* In a script of its own: no functions of bash-completion are needed. `=` is a word of its own
 * to bash, so --output=js is given as "--output" "=" "js". */
static void bash_values(struct buf *out, const struct verb *v, const struct opt_row *row) {
    if (row->kind == OPT_FLAG || row->kind == OPT_HELP)
        return;
    buf_printf(out, "    %s:--%s", v->name, row->name);
    if (row->letter != '\0')
        buf_printf(out, "|%s:-%c", v->name, row->letter);
    buf_putc(out, ')');
    if (completion_is_path(row))
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
    completion_operands(out, v);
    buf_printf(out, "' files=%s", completion_takes_files(v) ? "yes" : "no");
    buf_puts(out, " options='");
    for (size_t i = 0; i < v->options->n_rows; i++)
        buf_printf(out, "%s--%s", i ? " " : "", v->options->rows[i].name);
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
    for (size_t i = 0; i < n_verbs; i++)
        for (size_t k = 0; k < verbs[i].options->n_rows; k++)
            bash_values(out, &verbs[i], &verbs[i].options->rows[k]);
    buf_puts(out,
             "    *) value=no ;;\n  esac\n  if [[ $value == no ]]; then\n  case $verb in\n");
    for (size_t i = 0; i < n_verbs; i++)
        bash_operands(out, &verbs[i]);
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

/* ---- zsh ----------------------------------------------------------------------------- */

static void zsh_value(struct buf *out, const struct opt_row *row) {
    if (row->kind == OPT_FLAG || row->kind == OPT_HELP)
        return;
    buf_printf(out, ":%s:", row->value ? row->value : "VALUE");
    if (completion_is_path(row))
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
    completion_brief(out, row->help);
    buf_putc(out, ']');
    zsh_value(out, row);
    buf_putc(out, '\'');
    if (row->letter == '\0')
        return;
    buf_printf(out, " \\\n      '%s-%c%s[", many, row->letter, valued ? "+" : "");
    completion_brief(out, row->help);
    buf_putc(out, ']');
    zsh_value(out, row);
    buf_putc(out, '\'');
}

static void zsh_verb(struct buf *out, const struct verb *v) {
    struct buf words = BUF_INIT(4096);
    buf_printf(out, "    %s)\n      _arguments -s", v->name);
    for (size_t i = 0; i < v->options->n_rows; i++)
        zsh_option(out, &v->options->rows[i]);
    completion_operands(&words, v);
    if (completion_takes_files(v))
        buf_puts(out, " \\\n      '*:file:_files'");
    else if (words.n != 0)
        buf_printf(out, " \\\n      '1:what:(%.*s)'", STR_ARG(str_trim(buf_view(&words))));
    buf_puts(out, "\n      ;;\n");
    buf_done(&words);
}

void completion_zsh(struct buf *out) {
    buf_printf(out, "#compdef policyctl\n%s zsh\n_policyctl() {\n", made_by);
    buf_puts(out, "  local -a verbs\n  verbs=(\n");
    for (size_t i = 0; i < n_verbs; i++) {
        buf_printf(out, "    '%s:", verbs[i].name);
        completion_brief(out, verbs[i].summary);
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
    for (size_t i = 0; i < n_verbs; i++)
        zsh_verb(out, &verbs[i]);
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
        buf_puts(out, completion_is_path(row) ? " -r -F" : " -x");
    for (size_t i = 0; row->kind == OPT_WORD && row->words[i] != NULL; i++)
        buf_printf(out, "%s%s", i ? " " : " -a '", row->words[i]);
    buf_puts(out, row->kind == OPT_WORD ? "' -d '" : " -d '");
    completion_brief(out, row->help);
    buf_puts(out, "'\n");
}

static void fish_verb(struct buf *out, const struct verb *v) {
    struct buf words = BUF_INIT(4096);
    buf_printf(out, "complete -c policyctl -n __fish_use_subcommand -f -a %s -d '", v->name);
    completion_brief(out, v->summary);
    buf_puts(out, "'\n");
    completion_operands(&words, v);
    if (!completion_takes_files(v)) {
        fish_line(out, v);
        buf_puts(out, " -f");
        if (words.n != 0)
            buf_printf(out, " -a '%.*s'", STR_ARG(str_trim(buf_view(&words))));
        buf_putc(out, '\n');
    }
    for (size_t i = 0; i < v->options->n_rows; i++)
        fish_option(out, v, &v->options->rows[i]);
    buf_done(&words);
}

void completion_fish(struct buf *out) {
    buf_printf(out, "%s fish\n", made_by);
    buf_puts(out, "complete -c policyctl -n __fish_use_subcommand -f\n");
    for (size_t i = 0; i < n_verbs; i++)
        fish_verb(out, &verbs[i]);
}
