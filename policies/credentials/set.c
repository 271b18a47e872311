/* A Secret to its set: whether it counts, its entries, what is odd about them. */
#include "credentials/internal.h"

#include "base/mem.h"

#include <stdlib.h>

static const struct kind {
    struct str type, key;
    bool is_cfg;
} kinds[] = {
    {STR_INIT(CREDENTIALS_TYPE_JSON), STR_INIT(CREDENTIALS_KEY_JSON), false},
    {STR_INIT(CREDENTIALS_TYPE_CFG), STR_INIT(CREDENTIALS_KEY_CFG), true},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static const struct kind *kind_of(struct str type) {
    for (size_t i = 0; i < N_KINDS; i++)
        if (str_eq(type, kinds[i].type))
            return &kinds[i];
    return NULL;
}

/* The last of a key: Data is a map. */
static const struct credentials_datum *find_datum(const struct credentials_secret *s,
                                                  struct str key) {
    for (size_t i = s->n_data; i > 0; i--)
        if (str_eq(s->data[i - 1].key, key))
            return &s->data[i - 1];
    return NULL;
}

/* ---- repeated keys ------------------------------------------------------------------- */

struct by_text {
    struct str text;
    size_t index;
};

static int compare_by_text(const void *pa, const void *pb) {
    const struct by_text *a = pa, *b = pb;
    int order = str_cmp(a->text, b->text);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static struct by_text *sort_by(const struct credentials_entry *entries, size_t n, bool normal) {
    struct by_text *sorted = mem_alloc(mem_array_bytes(n + 1, sizeof *sorted));
    if (sorted == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        sorted[i] = (struct by_text){normal ? entries[i].normal : entries[i].key, i};
    qsort(sorted, n, sizeof *sorted, compare_by_text);
    return sorted;
}

/* Of entries with one key the last stays: a map has a key once. */
static bool drop_repeated(struct credentials_file *f) {
    size_t kept = 0;
    struct by_text *sorted = sort_by(f->entries, f->n, false);
    if (sorted == NULL)
        return false;
    for (size_t i = 0; i + 1 < f->n; i++) {
        if (!str_eq(sorted[i].text, sorted[i + 1].text))
            continue;
        f->entries[sorted[i].index].twin = SIZE_MAX;
        f->entries[sorted[i + 1].index].notes |= CREDENTIALS_REPEATED;
    }
    for (size_t i = 0; i < f->n; i++)
        if (f->entries[i].twin != SIZE_MAX)
            f->entries[kept++] = f->entries[i];
    f->n = kept;
    mem_free(sorted);
    return true;
}

static bool note_twins(struct credentials_entry *entries, size_t n) {
    struct by_text *sorted = sort_by(entries, n, true);
    if (sorted == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        entries[i].twin = i;
    for (size_t i = 0; i + 1 < n; i++) {
        struct credentials_entry *a = &entries[sorted[i].index];
        struct credentials_entry *b = &entries[sorted[i + 1].index];
        if (a->normal.n == 0 || !str_eq(a->normal, b->normal))
            continue;
        a->notes |= CREDENTIALS_SPELT_TWICE;
        b->notes |= CREDENTIALS_SPELT_TWICE;
        a->twin = sorted[i + 1].index;
        b->twin = sorted[i].index;
    }
    mem_free(sorted);
    return true;
}

/* ---- entries ------------------------------------------------------------------------- */

static bool has_line_end(struct str s) {
    return str_find(s, '\n') < s.n || str_find(s, '\r') < s.n;
}

static void note_login(struct credentials_entry *e) {
    if (e->user.n == 0)
        e->notes |= e->password.n == 0 ? CREDENTIALS_EMPTY : CREDENTIALS_NO_USER;
    if (str_trim(e->user).n != e->user.n)
        e->notes |= CREDENTIALS_USER_BLANK;
    if (str_trim(e->password).n != e->password.n)
        e->notes |= CREDENTIALS_PASSWORD_BLANK;
    if (has_line_end(e->password))
        e->notes |= CREDENTIALS_PASSWORD_LINES;
}

static bool keep_entries(struct credentials_set *set, const struct credentials_file *f) {
    struct credentials_pattern *patterns =
        credentials_alloc(&set->memory, mem_array_bytes(f->n, sizeof *patterns));
    struct credentials_entry *entries =
        credentials_alloc(&set->memory, mem_array_bytes(f->n, sizeof *entries));
    if (patterns == NULL || entries == NULL)
        return false;
    for (size_t i = 0; i < f->n; i++) {
        entries[i] = f->entries[i];
        if (!credentials_key_read(&entries[i], &patterns[i], &set->memory) ||
            !credentials_expiry_read(&entries[i]))
            return false;
        note_login(&entries[i]);
    }
    set->entries = entries;
    set->patterns = patterns;
    set->n_entries = f->n;
    return note_twins(entries, f->n);
}

static enum ec read_value(struct credentials_set *set, struct str bytes, bool is_cfg) {
    struct credentials_file f = {.list = &set->memory, .text = bytes, .set = set};
    enum ec ec = credentials_file_read(&f, is_cfg);
    if (ec == EC_OK && (!drop_repeated(&f) || !keep_entries(set, &f)))
        ec = EC_NOMEM;
    set->state = ec == EC_OK ? CREDENTIALS_COUNTS : CREDENTIALS_UNDECODABLE;
    mem_free(f.entries);
    return ec == EC_NOMEM ? EC_NOMEM : EC_OK;
}

/* ---- the secret ---------------------------------------------------------------------- */

static bool keep_names(struct credentials_set *set, const struct credentials_secret *s) {
    return credentials_keep(&set->memory, s->namespace, &set->namespace) &&
           credentials_keep(&set->memory, s->name, &set->name) &&
           credentials_keep(&set->memory, s->type, &set->type);
}

static void note_instead(struct credentials_set *set, const struct credentials_secret *s) {
    for (size_t i = 0; i < N_KINDS && set->state != CREDENTIALS_COUNTS; i++)
        if (!str_eq(kinds[i].key, set->key) && find_datum(s, kinds[i].key) != NULL)
            set->instead = kinds[i].key;
}

static enum ec fill(struct credentials_set *set, const struct credentials_secret *s) {
    const struct kind *kind = kind_of(s->type);
    if (!keep_names(set, s))
        return EC_NOMEM;
    set->key = kind != NULL ? kind->key : STR_NONE;
    const struct credentials_datum *datum = kind != NULL ? find_datum(s, kind->key) : NULL;
    enum ec ec = EC_OK;
    if (kind == NULL)
        set->state = CREDENTIALS_WRONG_TYPE;
    else if (datum == NULL)
        set->state = CREDENTIALS_NO_KEY;
    else if (datum->value.n == 0)
        set->state = CREDENTIALS_NO_BYTES;
    else
        ec = read_value(set, datum->value, kind->is_cfg);
    note_instead(set, s);
    return ec;
}

static bool is_too_large(const struct credentials_secret *s) {
    for (size_t i = 0; i < s->n_data; i++)
        if (s->data[i].value.n > CREDENTIALS_BYTES_MAX)
            return true;
    return false;
}

enum ec credentials_set_new(struct credentials_set **out,
                            const struct credentials_secret *secret, struct err *err) {
    if (is_too_large(secret))
        return err_set(err, EC_LIMIT, "more than %d bytes", CREDENTIALS_BYTES_MAX);
    struct credentials_set *set = mem_zalloc(sizeof *set);
    if (set == NULL || fill(set, secret) != EC_OK) {
        credentials_set_free(set);
        return err_set(err, EC_NOMEM, "out of memory");
    }
    *out = set;
    return EC_OK;
}

enum ec credentials_set_of_file(struct credentials_set **out, struct str name, struct str type,
                                struct str bytes, struct err *err) {
    const struct kind *kind = kind_of(type);
    struct credentials_datum datum = {kind != NULL ? kind->key : STR_NONE, bytes};
    struct credentials_secret secret = {
        .name = name, .type = type, .data = &datum, .n_data = 1};
    return credentials_set_new(out, &secret, err);
}

void credentials_set_free(struct credentials_set *set) {
    if (set == NULL)
        return;
    credentials_blocks_free(&set->memory);
    mem_free(set);
}
