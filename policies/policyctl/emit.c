#include "policyctl/emit.h"

#include "base/mem.h"
#include "policyctl/verb.h"
#include "yaml/print.h"

#include <stdlib.h>

enum { OBJECT_ROOM = 4096 };

static enum ec no_memory(struct err *err) {
    return err_set(err, EC_NOMEM, "out of memory");
}

static void wipe_buf(struct buf *b) {
    credentials_wipe(b->p, b->cap);
    buf_done(b);
}

void emit_done(struct emit *e) {
    wipe_buf(&e->out);
}

/* ---- one object ---------------------------------------------------------------------- */

static enum ec put_yaml(struct emit *e, struct buf *text, struct err *err) {
    struct json j = JSON_INIT;
    size_t n = text->n;
    if (e->n > 0)
        buf_puts(&e->out, "---\n");
    if (buf_room(text, JSON_PADDING) != NULL && /* its bytes are read, and do not matter */
        json_parse(&j, text->p, n, JSON_LIMITS_DEFAULT, err) == EC_OK)
        (void)!yaml_print(&j, 0, &e->out, err);
    json_done(&j);
    return err->code;
}

/* The text is spent. */
static enum ec put_object(struct emit *e, struct buf *text, struct err *err) {
    if (text->bad)
        return no_memory(err);
    if (e->json) {
        buf_puts(&e->out, e->n > 0 ? ",\n" : "");
        buf_str(&e->out, buf_view(text));
    } else if (put_yaml(e, text, err) != EC_OK) {
        return err->code;
    }
    e->n++;
    return EC_OK;
}

static void start(struct emit *e) {
    if (e->json)
        buf_puts(&e->out, "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n");
}

static enum ec finish(struct emit *e, struct err *err) {
    if (e->json)
        buf_puts(&e->out, "\n]}\n");
    return err->code != EC_OK || !e->out.bad ? err->code : no_memory(err);
}

static void put_head(struct buf *b, const char *version, const char *kind,
                     const struct needs_row *row) {
    buf_printf(b, "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":", version,
               kind);
    buf_json(b, row->secret);
    buf_puts(b, ",\"namespace\":");
    buf_json(b, row->namespace);
    buf_putc(b, '}');
}

/* ---- the credentials of one secret ---------------------------------------------------- */

struct chosen {
    const struct credentials_entry **v;
    size_t n, cap;
    struct arena arena; /* of lookups */
};

static bool has_login(const struct credentials_entry *e) {
    return (e->notes & CREDENTIALS_EMPTY) == 0;
}

static enum ec choose(struct chosen *c, const struct credentials_entry *entry,
                      struct err *err) {
    if (c->n == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 16;
        const struct credentials_entry **more =
            mem_realloc(c->v, mem_array_bytes(cap, sizeof *more));
        if (more == NULL)
            return no_memory(err);
        c->v = more;
        c->cap = cap;
    }
    c->v[c->n++] = entry;
    return EC_OK;
}

static enum ec choose_for_image(struct chosen *c, const struct source *s, struct str repository,
                                struct err *err) {
    struct credentials_answer a;
    arena_reset(&c->arena);
    if (credentials_lookup_repository(&a, s->keyring, repository, &c->arena, err) != EC_OK)
        return err->code;
    for (size_t i = 0; i < a.n_hits && err->code == EC_OK; i++)
        if (has_login(a.hits[i].entry))
            (void)!choose(c, a.hits[i].entry, err);
    return err->code;
}

/* place empty: all that can match. */
static enum ec choose_for_place(struct chosen *c, const struct source *s, struct str place,
                                struct err *err) {
    for (size_t i = 0; i < s->n; i++) {
        const struct credentials_set *set = s->sets[i];
        for (size_t k = 0; k < set->n_entries; k++) {
            bool serves = place.n == 0 ? set->entries[k].never == CREDENTIALS_CAN_MATCH
                                       : credentials_serves(set, k, place);
            if (serves && has_login(&set->entries[k]) &&
                choose(c, &set->entries[k], err) != EC_OK)
                return err->code;
        }
    }
    return EC_OK;
}

static void report_uncovered(struct emit *e, const struct needs_row *row,
                             const struct source *s) {
    struct str what = row->repository.n != 0 ? row->repository : row->place;
    e->n_uncovered++;
    verb_tell("policyctl: %s has no credential for %.*s, which the secret %.*s of namespace "
              "%.*s serves (%s:%u)",
              s->name, STR_ARG(what), STR_ARG(row->secret), STR_ARG(row->namespace), row->file,
              row->line);
}

static enum ec choose_all(struct emit *e, struct chosen *c, const struct needs_row *rows,
                          size_t n, const struct source *s, struct err *err) {
    for (size_t i = 0; i < n; i++) {
        size_t before = c->n;
        enum ec ec = rows[i].repository.n != 0 ? choose_for_image(c, s, rows[i].repository, err)
                                               : choose_for_place(c, s, rows[i].place, err);
        if (ec != EC_OK)
            return ec;
        if (c->n == before)
            report_uncovered(e, &rows[i], s);
    }
    return EC_OK;
}

/* By key; of one key, the one that is found first. */
static int compare_chosen(const void *pa, const void *pb) {
    const struct credentials_entry *const *a = pa, *const *b = pb;
    int order = str_cmp((*a)->normal, (*b)->normal);
    if (order == 0)
        order = ((*a)->line > (*b)->line) - ((*a)->line < (*b)->line);
    return order != 0 ? order : ((*a)->col > (*b)->col) - ((*a)->col < (*b)->col);
}

static void sort_chosen(struct chosen *c) {
    size_t kept = 0;
    if (c->n == 0)
        return;
    qsort(c->v, c->n, sizeof *c->v, compare_chosen);
    for (size_t i = 0; i < c->n; i++)
        if (kept == 0 || !str_eq(c->v[kept - 1]->normal, c->v[i]->normal))
            c->v[kept++] = c->v[i];
    c->n = kept;
}

/* ---- Secrets -------------------------------------------------------------------------- */

static void put_login(struct buf *b, const struct credentials_entry *entry) {
    struct buf login = BUF_INIT(entry->user.n + 1 + entry->password.n);
    buf_room(&login, login.max);
    buf_str(&login, entry->user);
    buf_putc(&login, ':');
    buf_str(&login, entry->password);
    buf_puts(b, ":{\"auth\":\"");
    buf_base64(b, buf_view(&login));
    buf_puts(b, "\"}");
    if (login.bad)
        b->bad = login.bad;
    wipe_buf(&login);
}

static void put_config(struct buf *b, const struct chosen *c) {
    buf_puts(b, "{\"auths\":{");
    for (size_t i = 0; i < c->n; i++) {
        bool is_hub = str_eq(c->v[i]->normal, STR("index.docker.io"));
        buf_puts(b, i > 0 ? "," : "");
        buf_json(b, is_hub ? STR("https://index.docker.io/v1/") : c->v[i]->normal);
        put_login(b, c->v[i]);
    }
    buf_puts(b, "}}");
}

static size_t config_room(const struct chosen *c) {
    size_t n = 64;
    for (size_t i = 0; i < c->n; i++)
        n += 6 * c->v[i]->normal.n + 2 * (c->v[i]->user.n + c->v[i]->password.n) + 128;
    return n;
}

static enum ec put_secret(struct emit *e, const struct needs_row *row, const struct chosen *c,
                          struct err *err) {
    size_t room = config_room(c);
    struct buf config = BUF_INIT(room);
    struct buf text =
        BUF_INIT(2 * room + OBJECT_ROOM + 12 * (row->secret.n + row->namespace.n));
    bool ok = buf_room(&config, config.max) != NULL && buf_room(&text, text.max) != NULL;
    put_config(&config, c);
    put_head(&text, "v1", "Secret", row);
    buf_puts(&text, ",\"type\":\"" CREDENTIALS_TYPE_JSON "\",\"data\":{\"" CREDENTIALS_KEY_JSON
                    "\":\"");
    buf_base64(&text, buf_view(&config));
    buf_puts(&text, "\"}}");
    enum ec ec = ok && !config.bad ? put_object(e, &text, err) : no_memory(err);
    wipe_buf(&config);
    wipe_buf(&text);
    return ec;
}

static bool is_left_out(struct emit *e, const struct needs_row *row) {
    if (!row->is_glob)
        return false;
    e->n_globs++;
    verb_tell("policyctl: the secret %.*s is left out for namespace %.*s (%s:%u): give the "
              "namespaces, as kubectl get namespaces -o yaml prints them",
              STR_ARG(row->secret), STR_ARG(row->namespace), row->file, row->line);
    return true;
}

static enum ec add_secret(struct emit *e, const struct needs_row *rows, size_t n,
                          const struct source *s, struct err *err) {
    struct chosen c = {.arena = ARENA_INIT(4096, 64 << 20)};
    enum ec ec = choose_all(e, &c, rows, n, s, err);
    sort_chosen(&c);
    if (ec == EC_OK && c.n != 0)
        ec = put_secret(e, rows, &c, err);
    mem_free(c.v);
    arena_done(&c.arena);
    return ec;
}

/* The most that all Secrets together can need. */
static size_t room_for(const struct needs *needs, const struct source *s) {
    size_t one = OBJECT_ROOM, all = OBJECT_ROOM;
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->sets[i]->n_entries; k++) {
            const struct credentials_entry *entry = &s->sets[i]->entries[k];
            one += 8 * entry->normal.n + 4 * (entry->user.n + entry->password.n) + 256;
        }
    for (size_t i = 0; i < needs->n; i = needs_group_end(needs, i))
        all += one + 12 * (needs->rows[i].namespace.n + needs->rows[i].secret.n);
    return all;
}

enum ec emit_secrets(struct emit *e, const struct needs *needs, const struct source *source,
                     struct err *err) {
    if (buf_room(&e->out, room_for(needs, source)) == NULL)
        return no_memory(err);
    start(e);
    for (size_t i = 0, end; i < needs->n && err->code == EC_OK; i = end) {
        end = needs_group_end(needs, i);
        if (!is_left_out(e, &needs->rows[i]))
            (void)!add_secret(e, &needs->rows[i], end - i, source, err);
    }
    return finish(e, err);
}

/* ---- ExternalSecrets ------------------------------------------------------------------ */

static void put_external(struct buf *b, const struct needs_row *row, struct str kind,
                         struct str name, struct str key) {
    put_head(b, "external-secrets.io/v1", "ExternalSecret", row);
    buf_puts(b, ",\"spec\":{\"refreshInterval\":\"1h0m0s\",\"secretStoreRef\":{\"kind\":");
    buf_json(b, kind);
    buf_puts(b, ",\"name\":");
    buf_json(b, name);
    buf_puts(b, "},\"target\":{\"name\":");
    buf_json(b, row->secret);
    buf_puts(b, ",\"creationPolicy\":\"Owner\",\"template\":{\"type\":\"" CREDENTIALS_TYPE_JSON
                "\",\"data\":{\"" CREDENTIALS_KEY_JSON "\":\"{{ .config | toString }}\"}}},"
                "\"data\":[{\"secretKey\":\"config\",\"remoteRef\":{\"key\":");
    buf_json(b, key);
    buf_puts(b, "}}]}}");
}

static enum ec add_external(struct emit *e, const struct needs_row *row, const char *store,
                            const char *key, struct err *err) {
    struct buf text = BUF_INIT(1 << 20);
    struct str all = str_of(store);
    size_t slash = str_find(all, '/');
    bool has_kind = slash < all.n;
    put_external(&text, row, has_kind ? str_slice(all, 0, slash) : STR("ClusterSecretStore"),
                 has_kind ? str_slice(all, slash + 1, all.n) : all,
                 key != NULL ? str_of(key) : row->secret);
    enum ec ec = put_object(e, &text, err);
    buf_done(&text);
    return ec;
}

enum ec emit_external(struct emit *e, const struct needs *needs, const char *store,
                      const char *key, struct err *err) {
    start(e);
    for (size_t i = 0; i < needs->n && err->code == EC_OK; i = needs_group_end(needs, i))
        if (!is_left_out(e, &needs->rows[i]))
            (void)!add_external(e, &needs->rows[i], store, key, err);
    return finish(e, err);
}
