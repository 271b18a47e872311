#include "convert/clause.h"

#include "match/match.h"

#include <stdlib.h>

enum { CLAUSES_MAX = 64, ATOMS_MAX = 1000, STEPS_MAX = 1 << 28, NAME_SHOWN = 100 };

/* A namespace or a glob of them, and the clauses that apply there. */
struct atom {
    struct str text;
    uint64_t mask;
    bool glob, gone;
    size_t order;
    struct convert_block *rule, *others; /* that it is in; of pods without the labels */
};

struct combination {
    struct convert *c;
    struct convert_block *clause[CLAUSES_MAX];
    size_t n;
    struct atom *atoms;
    size_t n_atoms;
    uint64_t rest; /* clauses of all other namespaces */
    uint64_t labelled;
    struct match_meter meter;
};

struct convert_block *convert_add_clause(struct convert *c, struct str name) {
    return convert_add_block(c, &c->clauses, name);
}

static void drop_notes(struct convert *c, struct convert_notes *notes, struct str why) {
    for (struct convert_note *n = notes->first; n != NULL; n = n->next)
        if (n->mark != MARK_REMARK) {
            n->mark = MARK_LEFT;
            n->text = why;
        }
    convert_move_notes(&c->left, notes);
}

void convert_drop_clause(struct convert *c, struct convert_block *clause, const char *why) {
    struct str text = convert_text(c, "%s", why);
    drop_notes(c, &clause->notes, text);
    for (int key = 0; key < N_CONVERT_KEYS; key++) {
        for (struct convert_item *i = clause->field[key].first; i != NULL; i = i->next)
            drop_notes(c, &i->notes, text);
        clause->field[key] = (struct convert_items){NULL, NULL};
    }
    clause->name = STR_NONE;
}

/* ---- labels -------------------------------------------------------------------------- */

static bool has_labels(const struct convert_block *b) {
    return b->field[KEY_LABELS].first != NULL || b->field[KEY_EXPRESSIONS].first != NULL;
}

static bool same_items(const struct convert_items *a, const struct convert_items *b) {
    const struct convert_item *x = a->first, *y = b->first;
    for (; x != NULL && y != NULL; x = x->next, y = y->next)
        if (!str_eq(x->key, y->key) || !str_eq(x->value, y->value))
            return false;
    return x == NULL && y == NULL;
}

static bool same_labels(const struct convert_block *a, const struct convert_block *b) {
    return same_items(&a->field[KEY_LABELS], &b->field[KEY_LABELS]) &&
           same_items(&a->field[KEY_EXPRESSIONS], &b->field[KEY_EXPRESSIONS]);
}

/* Clauses in an array; of those that select by labels, the ones that select as the first does. */
static void take_clauses(struct combination *m) {
    const struct convert_block *first = NULL;
    for (struct convert_block *b = m->c->clauses.first; b != NULL; b = b->next) {
        if (b->name.n == 0)
            continue;
        if (m->n == CLAUSES_MAX) {
            convert_drop_clause(m->c, b, "is one rule too many");
        } else if (has_labels(b) && first != NULL && !same_labels(first, b)) {
            convert_drop_clause(
                m->c, b, "selects by other labels than an earlier rule: import it alone");
        } else {
            if (has_labels(b)) {
                first = first ? first : b;
                m->labelled |= UINT64_C(1) << m->n;
            }
            m->clause[m->n++] = b;
        }
    }
}

/* ---- namespaces ---------------------------------------------------------------------- */

static bool covers(struct combination *m, struct str pattern, struct str text) {
    return match_name(pattern, text, &m->meter);
}

static bool any_covers(struct combination *m, const struct convert_items *patterns,
                       struct str text) {
    for (const struct convert_item *i = patterns->first; i != NULL; i = i->next)
        if (covers(m, i->value, text))
            return true;
    return false;
}

static uint64_t applying(struct combination *m, struct str namespace) {
    uint64_t mask = 0;
    for (size_t i = 0; i < m->n; i++) {
        const struct convert_items *in = &m->clause[i]->field[KEY_NAMESPACES];
        bool in_it = in->first == NULL || any_covers(m, in, namespace);
        if (in_it && !any_covers(m, &m->clause[i]->field[KEY_SPACES], namespace))
            mask |= UINT64_C(1) << i;
    }
    return mask;
}

static void add_atoms(struct combination *m, const struct convert_items *from, size_t room) {
    for (const struct convert_item *i = from->first; i != NULL && m->n_atoms < room;
         i = i->next) {
        bool glob = str_find(i->value, '*') != i->value.n;
        m->atoms[m->n_atoms] =
            (struct atom){.text = i->value, .glob = glob, .order = m->n_atoms};
        m->n_atoms++;
    }
}

/* Names first, then globs, longer ones first. */
static int compare_atoms(const void *pa, const void *pb) {
    const struct atom *a = pa, *b = pb;
    if (a->glob != b->glob)
        return a->glob ? 1 : -1;
    if (a->glob && a->text.n != b->text.n)
        return a->text.n > b->text.n ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

static size_t count_items(const struct convert_items *items) {
    size_t n = 0;
    for (const struct convert_item *i = items->first; i != NULL; i = i->next)
        n++;
    return n;
}

static bool take_atoms(struct combination *m) {
    size_t room = 0;
    for (size_t i = 0; i < m->n; i++)
        room += count_items(&m->clause[i]->field[KEY_NAMESPACES]) +
                count_items(&m->clause[i]->field[KEY_SPACES]);
    if (room > ATOMS_MAX)
        return false;
    m->atoms = ARENA_ARRAY(&m->c->arena, struct atom, room + 1);
    if (m->atoms == NULL) {
        m->c->full = true;
        return true;
    }
    for (size_t i = 0; i < m->n; i++) {
        add_atoms(m, &m->clause[i]->field[KEY_NAMESPACES], room);
        add_atoms(m, &m->clause[i]->field[KEY_SPACES], room);
    }
    qsort(m->atoms, m->n_atoms, sizeof *m->atoms, compare_atoms);
    return true;
}

static void find_masks(struct combination *m) {
    for (size_t i = 0; i < m->n; i++)
        if (m->clause[i]->field[KEY_NAMESPACES].first == NULL)
            m->rest |= UINT64_C(1) << i;
    for (size_t i = 0; i < m->n_atoms; i++)
        m->atoms[i].mask = applying(m, m->atoms[i].text);
}

/* Where the same clauses apply as would without the atom, it needs no rule. */
static void find_needed(struct combination *m) {
    for (size_t i = m->n_atoms; i-- > 0;) {
        struct atom *a = &m->atoms[i];
        uint64_t otherwise = m->rest;
        size_t k = i + 1;
        while (k < m->n_atoms && (m->atoms[k].gone || !covers(m, m->atoms[k].text, a->text)))
            k++;
        if (k < m->n_atoms)
            otherwise = m->atoms[k].mask;
        a->gone = a->mask == otherwise;
    }
}

/* ---- modes --------------------------------------------------------------------------- */

static struct str value_of(const struct convert_block *b, enum convert_key key) {
    return b->field[key].first ? b->field[key].first->value : STR_NONE;
}

/* enforce, which is not written, before warn and audit */
static int weight_of(const struct convert_block *b) {
    struct str mode = value_of(b, KEY_MODE);
    return mode.n == 0 ? 2 : str_eq(mode, STR("warn")) ? 1 : 0;
}

static bool in(uint64_t mask, size_t i) {
    return (mask >> i & 1) != 0;
}

/* A rule has one mode: clauses of a weaker one have no place beside a stronger. */
static uint64_t of_one_mode(const struct combination *m, uint64_t mask) {
    int heaviest = 0;
    uint64_t out = 0;
    for (size_t i = 0; i < m->n; i++)
        if (in(mask, i) && weight_of(m->clause[i]) > heaviest)
            heaviest = weight_of(m->clause[i]);
    for (size_t i = 0; i < m->n; i++)
        if (in(mask, i) && weight_of(m->clause[i]) == heaviest)
            out |= UINT64_C(1) << i;
    return out;
}

static void note_weaker(struct combination *m, uint64_t mask) {
    uint64_t weaker = mask & ~of_one_mode(m, mask);
    for (size_t i = 0; i < m->n; i++) {
        struct convert_note *n = in(weaker, i) ? m->clause[i]->notes.first : NULL;
        for (; n != NULL; n = n->next)
            if (n->mark == MARK_EXACT) {
                n->mark = MARK_NOTED;
                n->text = STR("reports only, and is left out where another rule refuses");
            }
    }
}

/* Clauses that are weaker than others wherever they apply. */
static void drop_hidden(struct combination *m) {
    uint64_t seen = of_one_mode(m, m->rest);
    for (size_t i = 0; i < m->n_atoms; i++)
        seen |= of_one_mode(m, m->atoms[i].mask);
    for (size_t i = 0; i < m->n; i++)
        if (!in(seen, i))
            convert_drop_clause(m->c, m->clause[i],
                                "reports only, where another rule refuses: import it alone");
    m->rest &= seen;
    for (size_t i = 0; i < m->n_atoms; i++)
        m->atoms[i].mask &= seen;
}

/* ---- rules --------------------------------------------------------------------------- */

static void share_notes(struct convert *c, struct convert_notes *to,
                        const struct convert_notes *from) {
    for (struct convert_note *n = from->first; n != NULL && !c->full; n = n->next) {
        struct convert_note *copy = ARENA_NEW(&c->arena, struct convert_note);
        if (copy == NULL) {
            c->full = true;
            return;
        }
        *copy = *n;
        copy->next = NULL;
        copy->of = n->of ? n->of : n;
        *(to->last ? &to->last->next : &to->first) = copy;
        to->last = copy;
    }
}

static void share_field(struct convert *c, struct convert_block *to,
                        const struct convert_block *from, enum convert_key key) {
    for (const struct convert_item *i = from->field[key].first; i != NULL; i = i->next) {
        struct convert_item *item = convert_add_pair(c, to, key, i->key, i->value);
        share_notes(c, &item->notes, &i->notes);
    }
}

/* `outer` approves all that `inner` does. */
static bool holds(struct str outer, struct str inner) {
    bool prefix = str_find(outer, '*') == outer.n && inner.n > outer.n &&
                  str_starts(inner, outer) && inner.p[outer.n] == '/';
    return str_eq(outer, STR("**")) || str_eq(outer, inner) || prefix;
}

static bool any_holds(const struct convert_items *outer, struct str inner) {
    for (const struct convert_item *i = outer->first; i != NULL; i = i->next)
        if (!i->gone && holds(i->value, inner))
            return true;
    return false;
}

/* What one list alone approves is not approved; its constructs are noted at the rule. */
static void note_unshared(struct convert *c, struct convert_block *rule,
                          const struct convert_item *item) {
    const struct convert_note *last = rule->notes.last;
    share_notes(c, &rule->notes, &item->notes);
    struct convert_note *n = last ? last->next : rule->notes.first;
    for (; n != NULL; n = n->next)
        if (n->mark != MARK_REMARK) {
            n->mark = MARK_NOTED;
            n->text = STR("is not approved, since another rule does not approve it as well");
        }
}

/* Both lists have to approve an image: what is in one and held by the other stays. */
static void intersect(struct convert *c, struct convert_block *to,
                      const struct convert_block *from) {
    const struct convert_items *more = &from->field[KEY_APPROVED];
    struct convert_items *have = &to->field[KEY_APPROVED];
    const struct convert_item *last = have->last;
    for (const struct convert_item *i = more->first; i != NULL; i = i->next) {
        if (any_holds(have, i->value))
            share_notes(c, &convert_add(c, to, KEY_APPROVED, i->value)->notes, &i->notes);
        else
            note_unshared(c, to, i);
    }
    for (struct convert_item *i = last ? have->first : NULL; i != NULL; i = i->next) {
        if (!i->gone && !any_holds(more, i->value)) {
            i->gone = true;
            note_unshared(c, to, i);
        }
        if (i == last)
            break;
    }
}

static void put_templates(struct combination *m, uint64_t mask, struct convert_block *rule) {
    const struct convert_block *first = NULL;
    bool same = true;
    for (size_t i = 0; i < m->n; i++) {
        if (!in(mask, i))
            continue;
        first = first ? first : m->clause[i];
        same &= str_eq(value_of(first, KEY_TEMPLATES), value_of(m->clause[i], KEY_TEMPLATES));
    }
    if (first != NULL && same)
        share_field(m->c, rule, first, KEY_TEMPLATES);
}

static void fill_rule(struct combination *m, struct convert_block *rule, uint64_t mask) {
    static const enum convert_key keys[] = {KEY_REGISTRY, KEY_OFFICIAL, KEY_MIRRORS, KEY_DENIED,
                                            KEY_SECRETS,  KEY_TAG,      KEY_DIGEST};
    const struct convert_block *labels = NULL;
    bool approves = false;
    for (size_t i = 0; i < m->n; i++)
        if (in(mask & ~of_one_mode(m, mask), i))
            share_notes(m->c, &rule->notes, &m->clause[i]->notes);
    mask = of_one_mode(m, mask);
    put_templates(m, mask, rule);
    for (size_t i = 0; i < m->n; i++) {
        const struct convert_block *b = m->clause[i];
        if (!in(mask, i))
            continue;
        share_notes(m->c, &rule->notes, &b->notes);
        labels = has_labels(b) ? b : labels;
        if (rule->field[KEY_MODE].first == NULL)
            share_field(m->c, rule, b, KEY_MODE);
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            share_field(m->c, rule, b, keys[k]);
        if (b->restricts && approves)
            intersect(m->c, rule, b);
        else if (b->restricts)
            share_field(m->c, rule, b, KEY_APPROVED);
        approves |= b->restricts;
    }
    if (labels != NULL) {
        share_field(m->c, rule, labels, KEY_LABELS);
        share_field(m->c, rule, labels, KEY_EXPRESSIONS);
    }
    if (!approves)
        convert_add(m->c, rule, KEY_APPROVED, STR("**"));
    else if (rule->field[KEY_APPROVED].first == NULL)
        convert_remark(m->c, &rule->notes,
                       "No registry of its list could be taken: every image is refused.");
}

static bool is_rule(const struct convert *c, struct str name) {
    const struct convert_block *b = c->rules.first;
    while (b != NULL && !str_eq(b->name, name))
        b = b->next;
    return b != NULL;
}

/* A number where another rule has that name. */
static struct str unique(struct convert *c, struct str name) {
    struct str out = name;
    for (int n = 2; n < ATOMS_MAX && is_rule(c, out); n++)
        out = convert_text(c, "%.*s (%d)", STR_ARG(name), n);
    return out;
}

/* The names of the clauses. */
static struct str name_rule(struct combination *m, uint64_t mask) {
    struct buf name = BUF_INIT(1 << 16);
    for (size_t i = 0; i < m->n && name.n < NAME_SHOWN; i++)
        if (in(mask, i))
            buf_printf(&name, "%s%.*s", name.n ? " and " : "",
                       STR_ARG(str_slice(m->clause[i]->name, 0, NAME_SHOWN)));
    m->c->full |= name.bad != 0;
    struct str out = convert_text(m->c, "%.*s",
                                  STR_ARG(str_trim(str_slice(buf_view(&name), 0, NAME_SHOWN))));
    buf_done(&name);
    return unique(m->c, out.n ? out : STR("imported"));
}

/* A rule before others, for pods that none of the clauses selects. */
static void fill_excluded(struct convert *c, struct convert_block *b) {
    convert_remark(c, &b->notes, "Nothing applies to these pods, and they are not changed.");
    convert_add(c, b, KEY_MODE, STR("audit"));
    convert_add(c, b, KEY_APPROVED, STR("**"));
}

static struct convert_block *add_rule(struct combination *m, uint64_t mask) {
    struct str name = mask ? name_rule(m, mask) : unique(m->c, STR("excluded"));
    struct convert_block *b = convert_add_block(m->c, &m->c->rules, name);
    if (mask != 0)
        fill_rule(m, b, mask);
    else
        fill_excluded(m->c, b);
    return b;
}

/* The earlier atom whose rules this one may join: any name with the same clauses, as names are
 * disjoint; for a glob the one whose rules are the last. */
static const struct atom *find_equal(const struct combination *m, size_t at) {
    const struct atom *a = &m->atoms[at];
    for (size_t i = at; i-- > 0;) {
        const struct atom *b = &m->atoms[i];
        bool last = b->rule != NULL && (b->others ? b->others : b->rule) == m->c->rules.last;
        if (b->rule != NULL && b->mask == a->mask && (!a->glob || last))
            return b;
    }
    return NULL;
}

/* Without labels one rule; with them, one for the pods that have them and one for the others. */
static void add_rules(struct combination *m, struct atom *a) {
    uint64_t labelled = a->mask & m->labelled;
    a->rule = add_rule(m, a->mask);
    bool later = m->rest != 0 || m->atoms[m->n_atoms - 1].glob;
    if (labelled != 0 && (labelled != a->mask || later))
        a->others = add_rule(m, a->mask & ~labelled);
}

static void add_cell(struct combination *m, size_t at) {
    struct atom *a = &m->atoms[at];
    if (a->gone)
        return;
    const struct atom *equal = find_equal(m, at);
    if (equal != NULL) {
        a->rule = equal->rule;
        a->others = equal->others;
    } else {
        add_rules(m, a);
    }
    convert_add(m->c, a->rule, KEY_NAMESPACES, a->text);
    if (a->others != NULL)
        convert_add(m->c, a->others, KEY_NAMESPACES, a->text);
}

static void add_rest(struct combination *m) {
    if (m->rest == 0)
        return;
    add_rule(m, m->rest);
    if ((m->rest & m->labelled) != 0 && (m->rest & ~m->labelled) != 0)
        add_rule(m, m->rest & ~m->labelled);
}

/* Whether a namespace may match both: their texts before and after the stars do not exclude it. */
static bool may_meet(struct str a, struct str b) {
    size_t n = str_find(a, '*'), k = str_find(b, '*');
    size_t head = n < k ? n : k, i = 0, j = 0;
    while (a.p[a.n - 1 - i] != '*')
        i++;
    while (b.p[b.n - 1 - j] != '*')
        j++;
    size_t tail = i < j ? i : j;
    return str_eq(str_slice(a, 0, head), str_slice(b, 0, head)) &&
           str_eq(str_slice(a, a.n - tail, a.n), str_slice(b, b.n - tail, b.n));
}

static void note_overlap(struct combination *m, const struct atom *a, const struct atom *b) {
    if (!a->glob || a->rule == NULL || b->rule == NULL || a->mask == b->mask ||
        covers(m, b->text, a->text) || !may_meet(a->text, b->text))
        return;
    convert_remark(
        m->c, &a->rule->notes,
        "A namespace that matches both \"%.*s\" and \"%.*s\" is judged by this rule alone.",
        STR_ARG(a->text), STR_ARG(b->text));
}

void convert_combine(struct convert *c) {
    struct combination m = {.c = c, .meter = MATCH_METER(STEPS_MAX, NULL)};
    take_clauses(&m);
    if (!take_atoms(&m)) {
        for (size_t i = 0; i < m.n; i++)
            convert_drop_clause(c, m.clause[i], "the rules name too many namespaces");
        return;
    }
    if (c->full)
        return;
    find_masks(&m);
    drop_hidden(&m);
    find_needed(&m);
    note_weaker(&m, m.rest);
    for (size_t i = 0; i < m.n_atoms; i++)
        note_weaker(&m, m.atoms[i].mask);
    for (size_t i = 0; i < m.n_atoms && !c->full; i++)
        add_cell(&m, i);
    add_rest(&m);
    for (size_t i = 0; i < m.n_atoms && !c->full; i++)
        for (size_t k = i + 1; k < m.n_atoms; k++)
            note_overlap(&m, &m.atoms[i], &m.atoms[k]);
    if (m.meter.spent)
        convert_remark(c, &c->left,
                       "Too many namespaces were compared: check which rule applies where.");
}
