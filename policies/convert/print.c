/* A draft as YAML, as a person writes it: what is exact has its comment behind the value, what has
 * a note above it. */
#include "convert/draft.h"
#include "convert/format.h"

#include "base/escape.h"

enum { WIDTH = 110 };

enum shape { SCALAR, LIST, MAP };

/* Where a key is printed: below `match`, `match.podLabels` or `require`, or in the block itself. */
enum group { GROUP_NONE, GROUP_MATCH, GROUP_LABELS, GROUP_REQUIRE };

static const struct row {
    const char *key;
    enum shape shape;
    enum group group;
} rows[N_CONVERT_KEYS] = {
    [KEY_NAMESPACES] = {"namespaces", LIST, GROUP_MATCH},
    [KEY_LABELS] = {"matchLabels", MAP, GROUP_LABELS},
    [KEY_EXPRESSIONS] = {"matchExpressions", LIST, GROUP_LABELS},
    [KEY_MODE] = {"mode", SCALAR, GROUP_NONE},
    [KEY_TEMPLATES] = {"templates", SCALAR, GROUP_NONE},
    [KEY_REGISTRY] = {"registry", SCALAR, GROUP_NONE},
    [KEY_OFFICIAL] = {"officialImages", SCALAR, GROUP_NONE},
    [KEY_MIRRORS] = {"mirrors", MAP, GROUP_NONE},
    [KEY_APPROVED] = {"approved", LIST, GROUP_NONE},
    [KEY_DENIED] = {"denied", LIST, GROUP_NONE},
    [KEY_SECRETS] = {"imagePullSecrets", LIST, GROUP_NONE},
    [KEY_TAG] = {"tag", SCALAR, GROUP_REQUIRE},
    [KEY_DIGEST] = {"digest", SCALAR, GROUP_REQUIRE},
    [KEY_IMAGES] = {"images", LIST, GROUP_NONE},
    [KEY_SPACES] = {"namespaces", LIST, GROUP_NONE},
    [KEY_REASON] = {"reason", SCALAR, GROUP_NONE},
    [KEY_OWNER] = {"owner", SCALAR, GROUP_NONE},
};

struct printer {
    struct buf *out;
    uint32_t line; /* that is written now */
    unsigned indent;
    enum group group; /* whose heading is written */
};

/* ---- lines and scalars --------------------------------------------------------------- */

static void newline(struct printer *p) {
    buf_putc(p->out, '\n');
    p->line++;
}

static void indent(struct printer *p, unsigned more) {
    for (unsigned i = 0; i < p->indent + more; i++)
        buf_putc(p->out, ' ');
}

/* Texts that YAML 1.1 reads as a string without quotes; of those, the usual ones. */
static bool is_plain(struct str s) {
    static const char *const words[] = {"true", "false", "yes", "no", "on",
                                        "off",  "null",  "y",   "n"};
    if (s.n == 0 || s.n > 200 || s.p[0] < 'a' || s.p[0] > 'z')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool word = ascii_is_digit(s.p[i]) ||
                    (ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'z');
        bool inner = strchr("._/-", s.p[i]) != NULL && s.p[i] != '\0';
        bool colon = s.p[i] == ':' && i + 1 < s.n;
        if (!word && !inner && !colon)
            return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq_nocase(s, str_of(words[i])))
            return false;
    return true;
}

static void put_scalar(struct buf *out, struct str s) {
    if (is_plain(s))
        buf_str(out, s);
    else
        buf_json(out, s);
}

/* Values that are written as they are: a boolean, a flow mapping made here. */
static void put_value(struct buf *out, enum convert_key key, const struct convert_item *item) {
    if (key == KEY_DIGEST || key == KEY_EXPRESSIONS) {
        buf_str(out, item->value);
        return;
    }
    bool pattern = key == KEY_APPROVED || key == KEY_DENIED || key == KEY_IMAGES;
    if (item->key.n != 0 && rows[key].shape == LIST) {
        buf_puts(out, pattern ? "{regex: " : "{name: ");
        put_scalar(out, item->value);
        if (!pattern) {
            buf_puts(out, ", for: ");
            put_scalar(out, item->key);
        }
        buf_putc(out, '}');
        return;
    }
    put_scalar(out, item->value);
}

/* ---- comments ------------------------------------------------------------------------ */

static const char *const marks[] = {[MARK_EXACT] = "taken exactly",
                                    [MARK_NOTED] = "taken with a note",
                                    [MARK_LEFT] = "not taken",
                                    [MARK_REMARK] = ""};

static void put_note(struct buf *to, const struct convert_note *note) {
    buf_puts(to, marks[note->mark]);
    buf_puts(to, note->mark == MARK_REMARK ? "" : ": ");
    escape_comment(to, note->where);
    buf_puts(to, note->where.n && note->text.n ? ": " : "");
    escape_comment(to, note->text);
}

/* A comment of lines of at most WIDTH bytes, if words allow. */
static void put_wrapped(struct printer *p, struct str text) {
    bool first = true;
    while (text.n != 0) {
        size_t room = WIDTH - p->indent - 4, end = text.n;
        if (end > room) {
            end = room;
            while (end > 0 && text.p[end] != ' ')
                end--;
            if (end == 0)
                end = str_find(text, ' ');
        }
        indent(p, 0);
        buf_puts(p->out, first ? "# " : "#   ");
        buf_str(p->out, str_slice(text, 0, end));
        newline(p);
        text = str_slice(text, end + 1, text.n);
        first = false;
    }
}

static void put_comment(struct printer *p, const struct convert_note *note) {
    struct buf text = BUF_INIT(1 << 18);
    put_note(&text, note);
    if (text.bad)
        p->out->bad = text.bad;
    put_wrapped(p, buf_view(&text));
    buf_done(&text);
}

static void put_comments(struct printer *p, const struct convert_notes *notes) {
    for (const struct convert_note *n = notes->first; n != NULL; n = n->next)
        if (n->mark != MARK_EXACT)
            put_comment(p, n);
}

/* The exact ones behind the value. */
static void put_behind(struct printer *p, const struct convert_notes *notes) {
    bool any = false;
    for (const struct convert_note *n = notes->first; n != NULL; n = n->next) {
        if (n->mark != MARK_EXACT)
            continue;
        buf_puts(p->out, any ? "; " : " # taken exactly: ");
        escape_comment(p->out, n->where);
        any = true;
    }
    newline(p);
}

/* ---- fields -------------------------------------------------------------------------- */

static bool is_empty(const struct convert_items *items) {
    for (const struct convert_item *i = items->first; i != NULL; i = i->next)
        if (!i->gone)
            return false;
    return true;
}

static void put_head(struct printer *p, unsigned more, const char *key) {
    indent(p, more);
    buf_printf(p->out, "%s:", key);
    newline(p);
}

/* "match:", "  podLabels:", "require:" where they begin; *more is the indentation below them. */
static void put_group(struct printer *p, enum group group, unsigned *more) {
    static const unsigned below[] = {
        [GROUP_NONE] = 0, [GROUP_MATCH] = 2, [GROUP_LABELS] = 4, [GROUP_REQUIRE] = 2};
    *more = below[group];
    if (p->group == group)
        return;
    if (group == GROUP_MATCH || (group == GROUP_LABELS && p->group != GROUP_MATCH))
        put_head(p, 0, "match");
    if (group == GROUP_LABELS)
        put_head(p, 2, "podLabels");
    if (group == GROUP_REQUIRE)
        put_head(p, 0, "require");
    p->group = group;
}

static void put_item(struct printer *p, enum convert_key key, struct convert_item *item) {
    put_comments(p, &item->notes);
    indent(p, 0);
    item->line = p->line;
    switch (rows[key].shape) {
    case SCALAR:
        buf_printf(p->out, "%s: ", rows[key].key);
        break;
    case LIST:
        buf_puts(p->out, "- ");
        break;
    case MAP:
        put_scalar(p->out, item->key);
        buf_puts(p->out, ": ");
        break;
    }
    put_value(p->out, key, item);
    put_behind(p, &item->notes);
}

static void put_field(struct printer *p, struct convert_block *b, enum convert_key key) {
    unsigned more, was = p->indent;
    if (is_empty(&b->field[key]))
        return;
    put_group(p, rows[key].group, &more);
    if (rows[key].shape != SCALAR)
        put_head(p, more, rows[key].key);
    p->indent += more + (rows[key].shape != SCALAR ? 2 : 0);
    for (struct convert_item *i = b->field[key].first; i != NULL; i = i->next)
        if (!i->gone)
            put_item(p, key, i);
    p->indent = was;
}

static void put_fields(struct printer *p, struct convert_block *b) {
    p->group = GROUP_NONE;
    for (int key = 0; key < N_CONVERT_KEYS; key++)
        put_field(p, b, (enum convert_key)key);
}

static void put_rule(struct printer *p, struct convert_block *b) {
    p->indent = 4;
    put_comments(p, &b->notes);
    indent(p, 0);
    buf_puts(p->out, "- name: ");
    put_scalar(p->out, b->name);
    put_behind(p, &b->notes);
    p->indent = 6;
    put_fields(p, b);
}

/* An exemption has no name: the dash stands before its list of images. */
static void put_exemption(struct printer *p, struct convert_block *b) {
    if (is_empty(&b->field[KEY_IMAGES]))
        return;
    p->indent = 4;
    put_comments(p, &b->notes);
    indent(p, 0);
    buf_puts(p->out, "- images:");
    put_behind(p, &b->notes);
    p->indent = 8;
    for (struct convert_item *i = b->field[KEY_IMAGES].first; i != NULL; i = i->next)
        if (!i->gone)
            put_item(p, KEY_IMAGES, i);
    p->indent = 6;
    p->group = GROUP_NONE;
    for (int key = KEY_SPACES; key <= KEY_OWNER; key++)
        put_field(p, b, (enum convert_key)key);
}

static bool has_exemption(const struct convert *c) {
    for (const struct convert_block *b = c->exemptions.first; b != NULL; b = b->next)
        if (!is_empty(&b->field[KEY_IMAGES]))
            return true;
    return false;
}

/* ---- counting ------------------------------------------------------------------------ */

/* Of a construct that is in several rules, one is counted. */
static void count_notes(const struct convert_notes *notes, struct convert_counts *counts,
                        bool reset) {
    for (struct convert_note *n = notes->first; n != NULL; n = n->next) {
        struct convert_note *o = n->of ? n->of : n;
        if (!reset && !o->counted && n->mark != MARK_REMARK) {
            size_t *const by[] = {&counts->exact, &counts->noted, &counts->left};
            (*by[n->mark])++;
        }
        o->counted = !reset;
    }
}

static void count_block(const struct convert_block *b, struct convert_counts *counts,
                        bool reset) {
    count_notes(&b->notes, counts, reset);
    for (int key = 0; key < N_CONVERT_KEYS; key++)
        for (const struct convert_item *i = b->field[key].first; i != NULL; i = i->next)
            if (!i->gone)
                count_notes(&i->notes, counts, reset);
}

static void count_all(const struct convert *c, struct convert_counts *counts, bool reset) {
    count_notes(&c->left, counts, reset);
    count_block(&c->settings, counts, reset);
    for (const struct convert_block *b = c->rules.first; b != NULL; b = b->next)
        count_block(b, counts, reset);
    for (const struct convert_block *b = c->exemptions.first; b != NULL; b = b->next)
        count_block(b, counts, reset);
}

/* ---- the file ------------------------------------------------------------------------ */

static void put_heading(struct printer *p, const struct convert *c,
                        const struct convert_counts *n) {
    struct buf text = BUF_INIT(4096);
    buf_printf(&text,
               "Imported by policyctl import %s. Of the constructs that are about images, %zu "
               "%s taken exactly, %zu with a note, %zu not. deploy/IMPORT.md lists what holds "
               "for all imports.",
               c->format->word, n->exact, n->exact == 1 ? "was" : "were", n->noted, n->left);
    if (text.bad)
        p->out->bad = text.bad;
    struct str rest = buf_view(&text);
    put_wrapped(p, rest);
    buf_done(&text);
    put_comments(p, &c->left);
}

static void put_line(struct printer *p, const char *line) {
    buf_puts(p->out, line);
    newline(p);
}

void convert_print(struct convert *c, struct buf *out, struct convert_counts *counts) {
    struct printer p = {.out = out, .line = 1};
    *counts = (struct convert_counts){0, 0, 0};
    count_all(c, counts, true);
    count_all(c, counts, false);
    put_heading(&p, c, counts);
    put_line(&p, "apiVersion: pullgate/v1");
    put_line(&p, "kind: ImagePolicy");
    buf_printf(out, "metadata: {name: %s}", c->format->word);
    newline(&p);
    put_line(&p, "spec:");
    p.indent = 2;
    put_comments(&p, &c->settings.notes);
    put_fields(&p, &c->settings);
    if (c->rules.first != NULL)
        put_line(&p, "  rules:");
    for (struct convert_block *b = c->rules.first; b != NULL; b = b->next)
        put_rule(&p, b);
    if (has_exemption(c))
        put_line(&p, "  exemptions:");
    for (struct convert_block *b = c->exemptions.first; b != NULL; b = b->next)
        put_exemption(&p, b);
}
