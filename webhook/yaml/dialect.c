/* What libyaml and go-yaml, its translation to Go, read differently.
 *
 * In double-quoted scalars \' is an escape to go-yaml and an error to libyaml; \/ is the reverse.
 * Only libyaml's scanner can tell where a scalar is double-quoted. So when it stops at a \', the
 * document is read again, source.c replaces those of that scalar by \a, and they are changed back in
 * the value. Other escapes that make a U+0007 are recognised in the scalar's source. */
#include "yaml/internal.h"

#include "base/mem.h"

void yaml_quotes_done(struct quotes *q) {
    mem_free(q->p);
}

static enum ec add_quote(struct quotes *q, size_t at, struct err *err) {
    if (q->n == q->cap) {
        size_t cap = q->cap == 0 ? 16 : q->cap * 2;
        void *p = mem_realloc(q->p, mem_array_bytes(cap, sizeof *q->p));
        if (p == NULL)
            return err_set(err, EC_NOMEM, "no memory for quotes");
        q->p = p;
        q->cap = cap;
    }
    q->p[q->n++] = at;
    return EC_OK;
}

enum ec yaml_quotes_add(struct quotes *q, struct str text, size_t at, struct err *err) {
    for (size_t i = at; i + 1 < text.n && text.p[i] != '"'; i++) {
        if (text.p[i] != '\\')
            continue;
        if (text.p[++i] == '\'' && add_quote(q, i - 1, err) != EC_OK)
            return err->code;
    }
    return EC_OK;
}

/* Whether the escape after a backslash makes U+0007. */
static bool is_bell(struct str escape) {
    return str_starts(escape, STR("a")) || str_starts(escape, STR("x07")) ||
           str_starts(escape, STR("u0007")) || str_starts(escape, STR("U00000007"));
}

void yaml_quotes_restore(struct str source, char *value, size_t n) {
    const char *end = value + n;
    for (size_t i = 0; i + 1 < source.n; i++) {
        if (source.p[i] != '\\')
            continue;
        struct str escape = str_slice(source, ++i, source.n);
        bool quote = escape.p[0] == '\'';
        if (!quote && !is_bell(escape))
            continue;
        char *bell = memchr(value, '\a', (size_t)(end - value));
        if (bell == NULL)
            return;
        if (quote)
            *bell = '\'';
        value = bell + 1;
    }
}

bool yaml_dialect_find_slash(struct str source, size_t *at) {
    for (size_t i = 0; i + 1 < source.n; i++) {
        if (source.p[i] != '\\' || source.p[++i] != '/')
            continue;
        *at = i - 1;
        return true;
    }
    return false;
}

bool yaml_dialect_find_in_tag(struct str text, size_t *at) {
    if (*at < text.n && text.p[*at] == '&')
        yaml_source_skip_word(text, at);
    if (*at >= text.n || text.p[*at] != '!')
        return false;
    /* In !<...> a comma is allowed. */
    bool verbatim = str_starts(str_slice(text, *at, text.n), STR("!<"));
    for (; *at < text.n && memchr(" \t\r\n", text.p[*at], 4) == NULL; (*at)++) {
        if (text.p[*at] == '>')
            verbatim = false;
        if ((text.p[*at] == ',' && !verbatim) ||
            str_starts(str_slice(text, *at, text.n), STR("%00")))
            return true;
    }
    return false;
}
