#include "convert/toml.h"

enum { KEYS_MAX = 10000, TOML_DEPTH_MAX = 16, NODES_MAX = 1 << 20, TEXT_MAX = 64 << 20 };

enum kind { KIND_TABLE, KIND_TABLES, KIND_LIST, KIND_STRING, KIND_PLAIN };

/* A value; children of tables have keys. */
struct node {
    struct node *next, *first, *last;
    enum kind kind;
    bool defined; /* a table with its own heading */
    struct str key, text;
    struct yaml_location key_pos, pos;
};

struct reader {
    struct arena *arena;
    struct str text;
    size_t at, line_at;
    uint32_t line;
    uint32_t n_keys, n_nodes;
    struct err *err;
};

/* ---- bytes --------------------------------------------------------------------------- */

static char look(const struct reader *r) {
    return r->at < r->text.n ? r->text.p[r->at] : '\0';
}

static bool at_end(const struct reader *r) {
    return r->at >= r->text.n;
}

static struct yaml_location here(const struct reader *r) {
    return (struct yaml_location){r->line, (uint32_t)(r->at - r->line_at) + 1};
}

static enum ec fail(struct reader *r, const char *what) {
    struct yaml_location pos = here(r);
    err_set(r->err, EC_SYNTAX, "%s", what);
    err_locate(r->err, "", pos.line, pos.col);
    return r->err->code;
}

static enum ec no_room(struct reader *r) {
    return arena_fail(r->arena, r->err);
}

static bool take(struct reader *r, const char *word) {
    size_t n = strlen(word);
    if (!str_starts(str_slice(r->text, r->at, r->text.n), (struct str){word, n}))
        return false;
    r->at += n;
    return true;
}

static bool take_newline(struct reader *r) {
    if (!take(r, "\n") && !take(r, "\r\n"))
        return false;
    r->line++;
    r->line_at = r->at;
    return true;
}

static void skip_blanks(struct reader *r) {
    while (look(r) == ' ' || look(r) == '\t')
        r->at++;
}

static void skip_comment(struct reader *r) {
    skip_blanks(r);
    if (look(r) == '#')
        while (!at_end(r) && look(r) != '\n')
            r->at++;
}

/* Blanks, comments and line ends. */
static void skip_lines(struct reader *r) {
    do
        skip_comment(r);
    while (take_newline(r));
}

static enum ec end_line(struct reader *r) {
    skip_comment(r);
    if (at_end(r) || take_newline(r))
        return EC_OK;
    return fail(r, "expected the end of the line");
}

/* ---- scalars ------------------------------------------------------------------------- */

static int hex_digit(char c) {
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void put_utf8(struct buf *out, uint32_t c) {
    if (c < 0x80) {
        buf_putc(out, (char)c);
    } else if (c < 0x800) {
        buf_putc(out, (char)(0xc0 | c >> 6));
        buf_putc(out, (char)(0x80 | (c & 0x3f)));
    } else {
        if (c < 0x10000) {
            buf_putc(out, (char)(0xe0 | c >> 12));
        } else {
            buf_putc(out, (char)(0xf0 | c >> 18));
            buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_putc(out, (char)(0x80 | (c & 0x3f)));
    }
}

static enum ec read_code(struct reader *r, size_t digits, struct buf *out) {
    uint32_t c = 0;
    for (size_t i = 0; i < digits; i++) {
        int d = hex_digit(look(r));
        if (d < 0)
            return fail(r, "expected a hexadecimal digit");
        c = c << 4 | (uint32_t)d;
        r->at++;
    }
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return fail(r, "not a character that text may hold");
    put_utf8(out, c);
    return EC_OK;
}

static enum ec read_escape(struct reader *r, struct buf *out) {
    static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
    char c = look(r);
    const char *hit = c != '\0' ? strchr(from, c) : NULL;
    if (c == 'u' || c == 'U') {
        r->at++;
        return read_code(r, c == 'u' ? 4 : 8, out);
    }
    if (hit == NULL)
        return fail(r, "unknown escape");
    buf_putc(out, to[hit - from]);
    r->at++;
    return EC_OK;
}

/* The opening quote has been read. */
static enum ec read_quoted(struct reader *r, char quote, struct buf *out) {
    while (look(r) != quote || at_end(r)) {
        char c = look(r);
        if (at_end(r) || c == '\n')
            return fail(r, "the string does not end on its line");
        if (((unsigned char)c < 0x20 && c != '\t') || c == 0x7f)
            return fail(r, "a control character in a string");
        r->at++;
        if (c != '\\' || quote == '\'')
            buf_putc(out, c);
        else if (read_escape(r, out) != EC_OK)
            return r->err->code;
    }
    r->at++;
    return EC_OK;
}

static enum ec read_string(struct reader *r, struct str *out) {
    struct buf text = BUF_INIT(1 << 20);
    char quote = look(r);
    if (take(r, "\"\"\"") || take(r, "'''"))
        return fail(r, "strings of several lines are not read here");
    r->at++;
    enum ec ec = read_quoted(r, quote, &text);
    if (ec == EC_OK && text.bad)
        ec = err_set(r->err, (enum ec)text.bad, "no room for a string");
    if (ec == EC_OK && !arena_str(r->arena, buf_view(&text), out))
        ec = no_room(r);
    buf_done(&text);
    return ec;
}

static bool is_bare(char c) {
    return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_' ||
           c == '-';
}

static enum ec read_key(struct reader *r, struct str *out) {
    size_t from = r->at;
    if (look(r) == '"' || look(r) == '\'')
        return read_string(r, out);
    while (is_bare(look(r)))
        r->at++;
    *out = str_slice(r->text, from, r->at);
    return out->n != 0 ? EC_OK : fail(r, "expected a key");
}

/* ---- the tree ------------------------------------------------------------------------ */

static struct node *new_node(struct reader *r, enum kind kind, struct yaml_location pos) {
    struct node *n = ++r->n_nodes > NODES_MAX ? NULL : ARENA_NEW(r->arena, struct node);
    if (n == NULL) {
        if (r->n_nodes > NODES_MAX)
            err_set(r->err, EC_LIMIT, "more than %d values", NODES_MAX);
        else
            (void)!no_room(r);
        return NULL;
    }
    n->kind = kind;
    n->pos = pos;
    return n;
}

static void append(struct node *to, struct node *n) {
    *(to->last ? &to->last->next : &to->first) = n;
    to->last = n;
}

static struct node *find(const struct node *table, struct str key) {
    struct node *n = table->first;
    while (n != NULL && !str_eq(n->key, key))
        n = n->next;
    return n;
}

static struct node *add_key(struct reader *r, struct node *table, struct str key,
                            struct yaml_location key_pos, struct node *value) {
    if (++r->n_keys > KEYS_MAX) {
        err_set(r->err, EC_LIMIT, "more than %d keys", KEYS_MAX);
        return NULL;
    }
    value->key = key;
    value->key_pos = key_pos;
    append(table, value);
    return value;
}

static struct node *read_value(struct reader *r, int depth);

static struct node *read_list(struct reader *r, int depth) {
    struct node *list = new_node(r, KIND_LIST, here(r));
    r->at++;
    if (list != NULL && depth >= TOML_DEPTH_MAX)
        fail(r, "lists are nested too deeply");
    for (skip_lines(r); r->err->code == EC_OK && look(r) != ']'; skip_lines(r)) {
        struct node *n = read_value(r, depth + 1);
        if (n == NULL)
            return NULL;
        append(list, n);
        skip_lines(r);
        if (!take(r, ",") && look(r) != ']')
            fail(r, "expected \",\" or \"]\"");
    }
    r->at++;
    return r->err->code == EC_OK ? list : NULL;
}

/* true, false, or an integer, which stays as it is written. */
static struct node *read_plain(struct reader *r) {
    struct yaml_location pos = here(r);
    size_t from = r->at;
    uint64_t ignored;
    while (is_bare(look(r)) || look(r) == '+' || look(r) == '.' || look(r) == ':')
        r->at++;
    struct str text = str_slice(r->text, from, r->at);
    bool zero = text.n > 1 && text.p[0] == '0';
    bool known = str_eq(text, STR("true")) || str_eq(text, STR("false")) ||
                 (!zero && str_to_uint(text, INT64_MAX, &ignored));
    r->at = from;
    if (!known) {
        fail(r, "expected a string, true, false, an integer or a list of these");
        return NULL;
    }
    r->at += text.n;
    struct node *n = new_node(r, KIND_PLAIN, pos);
    if (n != NULL)
        n->text = text;
    return n;
}

static struct node *read_value(struct reader *r, int depth) {
    if (look(r) == '[')
        return read_list(r, depth);
    if (look(r) != '"' && look(r) != '\'')
        return read_plain(r);
    struct node *n = new_node(r, KIND_STRING, here(r));
    return n != NULL && read_string(r, &n->text) == EC_OK ? n : NULL;
}

static enum ec read_pair(struct reader *r, struct node *table) {
    struct yaml_location pos = here(r);
    struct str key = STR_NONE;
    if (read_key(r, &key) != EC_OK)
        return r->err->code;
    skip_blanks(r);
    if (look(r) == '.')
        return fail(r, "keys with dots are not read here: write the table in brackets");
    if (find(table, key) != NULL)
        return fail(r, "a key twice");
    if (!take(r, "="))
        return fail(r, "expected \"=\"");
    skip_blanks(r);
    struct node *value = read_value(r, 0);
    if (value == NULL || add_key(r, table, key, pos, value) == NULL)
        return r->err->code;
    return end_line(r);
}

/* ---- headings ------------------------------------------------------------------------ */

/* The table of that key, made if there is none; of a list of tables the last. */
static struct node *enter(struct reader *r, struct node *table, struct str key,
                          struct yaml_location pos) {
    struct node *n = find(table, key);
    if (n == NULL) {
        n = new_node(r, KIND_TABLE, pos);
        return n != NULL ? add_key(r, table, key, pos, n) : NULL;
    }
    if (n->kind == KIND_TABLES)
        return n->last;
    if (n->kind == KIND_TABLE)
        return n;
    fail(r, "a key twice, once as a table");
    return NULL;
}

static struct node *begin_table(struct reader *r, struct node *n) {
    if (n != NULL && n->defined) {
        fail(r, "a table twice");
        return NULL;
    }
    if (n != NULL)
        n->defined = true;
    return n;
}

static struct node *begin_row(struct reader *r, struct node *table, struct str key,
                              struct yaml_location pos) {
    struct node *list = find(table, key), *row;
    if (list == NULL) {
        list = new_node(r, KIND_TABLES, pos);
        if (list == NULL || add_key(r, table, key, pos, list) == NULL)
            return NULL;
    }
    if (list->kind != KIND_TABLES) {
        fail(r, "a key twice, once as a list of tables");
        return NULL;
    }
    if ((row = new_node(r, KIND_TABLE, pos)) == NULL)
        return NULL;
    row->defined = true;
    append(list, row);
    return row;
}

/* [a.b."c"] and [[a.b]]; NULL: an error. */
static struct node *read_heading(struct reader *r, struct node *root) {
    bool rows = take(r, "[["), one = !rows && take(r, "[");
    struct node *table = root;
    (void)one;
    for (int depth = 0; table != NULL; depth++) {
        struct str key = STR_NONE;
        skip_blanks(r);
        struct yaml_location pos = here(r);
        if (depth >= TOML_DEPTH_MAX)
            fail(r, "tables are nested too deeply");
        if (r->err->code != EC_OK || read_key(r, &key) != EC_OK)
            return NULL;
        skip_blanks(r);
        bool last = look(r) != '.';
        table = last && rows ? begin_row(r, table, key, pos) : enter(r, table, key, pos);
        if (last && !rows)
            table = begin_table(r, table);
        if (last)
            break;
        r->at++;
    }
    if (table != NULL && !take(r, rows ? "]]" : "]"))
        fail(r, "expected the end of the table's name");
    return table != NULL && r->err->code == EC_OK && end_line(r) == EC_OK ? table : NULL;
}

static enum ec read_tree(struct reader *r, struct node *root) {
    struct node *table = root;
    for (skip_lines(r); !at_end(r); skip_lines(r)) {
        if (look(r) != '[') {
            if (read_pair(r, table) != EC_OK)
                return r->err->code;
            continue;
        }
        if ((table = read_heading(r, root)) == NULL)
            return r->err->code;
    }
    return EC_OK;
}

/* ---- JSON ---------------------------------------------------------------------------- */

static void put_pos(struct convert_toml *t, struct yaml_location pos) {
    t->pos[t->n_pos++] = pos;
}

/* Tables are at most TOML_DEPTH_MAX deep, lists as well. */
static void put_node(struct convert_toml *t, const struct node *n) {
    bool map = n->kind == KIND_TABLE, list = n->kind == KIND_LIST || n->kind == KIND_TABLES;
    put_pos(t, n->pos);
    if (n->kind == KIND_STRING)
        buf_json(&t->text, n->text);
    else if (n->kind == KIND_PLAIN)
        buf_str(&t->text, n->text);
    if (!map && !list)
        return;
    buf_putc(&t->text, map ? '{' : '[');
    for (const struct node *child = n->first; child != NULL; child = child->next) {
        buf_puts(&t->text, child == n->first ? "" : ",");
        if (map) {
            put_pos(t, child->key_pos);
            buf_json(&t->text, child->key);
            buf_putc(&t->text, ':');
        }
        put_node(t, child);
    }
    buf_putc(&t->text, map ? '}' : ']');
}

static enum ec make_json(struct convert_toml *t, const struct reader *r,
                         const struct node *root, struct err *err) {
    t->pos = ARENA_ARRAY(&t->arena, struct yaml_location, (size_t)r->n_nodes + r->n_keys + 1);
    if (t->pos == NULL)
        return arena_fail(&t->arena, err);
    put_node(t, root);
    size_t n = t->text.n;
    for (int i = 0; i < JSON_PADDING; i++)
        buf_putc(&t->text, '\0');
    if (t->text.bad)
        return err_set(err, (enum ec)t->text.bad, "no room for the file");
    return json_parse(&t->json, t->text.p, n, JSON_LIMITS_DEFAULT, err);
}

enum ec convert_toml_read(struct convert_toml *out, struct str text, struct err *err) {
    *out = (struct convert_toml){.json = JSON_INIT,
                                 .text = BUF_INIT(TEXT_MAX),
                                 .arena = ARENA_INIT(16 << 10, (size_t)1 << 29)};
    struct reader r = {.arena = &out->arena, .text = text, .line = 1, .err = err};
    struct node *root = new_node(&r, KIND_TABLE, (struct yaml_location){1, 1});
    if (root == NULL || read_tree(&r, root) != EC_OK)
        return err->code;
    return make_json(out, &r, root, err);
}

void convert_toml_done(struct convert_toml *t) {
    json_done(&t->json);
    buf_done(&t->text);
    arena_done(&t->arena);
}
