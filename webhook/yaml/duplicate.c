/* A duplicate key: which node it is, and where it occurred first. Only for messages, so it scans
 * the JSON text again rather than slowing down documents without errors. */
#include "yaml/internal.h"

#include "base/mem.h"

struct walk {
    struct str raw;
    size_t at;      /* end of the token */
    uint32_t nodes; /* tokens so far that are nodes */
};

static bool skip_between(struct walk *w) {
    while (w->at < w->raw.n && memchr(",: \t\r\n", w->raw.p[w->at], 6) != NULL)
        w->at++;
    return w->at < w->raw.n;
}

static size_t end_of_string(struct str raw, size_t at) {
    for (at++; at < raw.n && raw.p[at] != '"'; at++)
        at += raw.p[at] == '\\';
    return at + 1;
}

static size_t end_of_word(struct str raw, size_t at) {
    while (at < raw.n && memchr(",:]} \t\r\n", raw.p[at], 8) == NULL)
        at++;
    return at;
}

/* A string with its quotes, a number, a word or one bracket. */
static bool next_token(struct walk *w, struct str *token) {
    if (!skip_between(w))
        return false;
    size_t from = w->at;
    char c = w->raw.p[from];
    if (memchr("{[]}", c, 4) != NULL)
        w->at++;
    else
        w->at = c == '"' ? end_of_string(w->raw, from) : end_of_word(w->raw, from);
    w->nodes += c != ']' && c != '}';
    *token = str_slice(w->raw, from, w->at);
    return true;
}

static bool is_member_key(const struct walk *w, struct str token) {
    size_t at = w->at;
    while (at < w->raw.n && memchr(" \t\r\n", w->raw.p[at], 4) != NULL)
        at++;
    return token.p[0] == '"' && at < w->raw.n && w->raw.p[at] == ':';
}

uint32_t yaml_duplicate_node(struct str raw, size_t off, struct str *token) {
    struct walk w = {.raw = raw};
    while (next_token(&w, token) && w.at <= off)
        ;
    return w.nodes == 0 ? 0 : w.nodes - 1;
}

bool yaml_duplicate_find(struct str raw, size_t off, uint32_t max_depth, uint32_t *node,
                         size_t *at) {
    struct walk w = {.raw = raw};
    struct str second = STR_NONE, token;
    struct first {
        uint32_t node;
        size_t at;
    };
    uint32_t depth = 0;
    AUTO(mem_freep)
    struct first *firsts = mem_zalloc(mem_array_bytes(max_depth + 2u, sizeof *firsts));
    yaml_duplicate_node(raw, off, &second);
    if (firsts == NULL || second.n == 0)
        return false;
    while (next_token(&w, &token) && token.p < second.p) {
        if (token.p[0] == '{' || token.p[0] == '[') {
            if (++depth > max_depth)
                return false;
            firsts[depth] = (struct first){0, 0};
        } else if (token.p[0] == '}' || token.p[0] == ']') {
            depth -= depth > 0;
        } else if (firsts[depth].at == 0 && is_member_key(&w, token) && str_eq(token, second)) {
            firsts[depth] = (struct first){w.nodes - 1, (size_t)(token.p - raw.p)};
        }
    }
    *node = firsts[depth].node;
    *at = firsts[depth].at;
    return *at != 0;
}
