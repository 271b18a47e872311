/* Images as commands of skopeo, and as a file for it.
 * Source     skopeo-sync(1), skopeo-copy(1) of containers/skopeo: a reference there has a tag or a
 *            digest, never both                                                              */
#include "report/images.h"

#include "base/escape.h"
#include "base/file.h"
#include "base/mem.h"
#include "imgref/imgref.h"

#include <stdlib.h>

/* The parts of a reference; `whole` is host/repository. */
struct parts {
    struct str whole, host, repository;
    struct str tag, digest;
};

static bool take_apart(struct parts *out, struct str text) {
    struct imgref ref;
    struct err ignored = ERR_INIT;
    if (imgref_parse(&ref, text, &ignored) != EC_OK)
        return false;
    *out = (struct parts){.tag = ref.tag, .digest = ref.digest};
    size_t tail = (ref.tag.n ? 1 + ref.tag.n : 0) + (ref.digest.n ? 1 + ref.digest.n : 0);
    out->whole = str_slice(text, 0, text.n - tail);
    out->host = str_slice(text, 0, str_find(text, '/'));
    out->repository = str_slice(out->whole, out->host.n + 1, out->whole.n);
    return true;
}

static void put_docker(struct buf *out, struct str whole, const char *separator,
                       struct str last) {
    struct buf url = BUF_INIT(1 << 20);
    buf_puts(&url, " docker://");
    buf_str(&url, whole);
    buf_puts(&url, separator);
    buf_str(&url, last);
    buf_putc(out, ' ');
    escape_shell(out, str_slice(buf_view(&url), 1, url.n));
    buf_done(&url);
}

/* All platforms, since nodes may be of any; a digest stays what it is. What is pulled by tag
 * and digest is copied by its digest and stored under its tag: skopeo accepts only one. */
static void put_copy(struct buf *out, const struct parts *from, const struct parts *to) {
    bool pinned = from->digest.n != 0;
    buf_puts(out, pinned ? "skopeo copy --all --preserve-digests" : "skopeo copy --all");
    if (pinned)
        put_docker(out, from->whole, "@", from->digest);
    else
        put_docker(out, from->whole, from->tag.n ? ":" : "", from->tag);
    if (pinned && to->tag.n == 0)
        put_docker(out, to->whole, "@", to->digest);
    else
        put_docker(out, to->whole, to->tag.n ? ":" : "", to->tag);
    buf_putc(out, '\n');
}

size_t report_images_print_copy(struct buf *out, const struct report_images *m) {
    struct parts from, to;
    for (size_t i = 0; i < m->n; i++)
        if (report_images_copies(m, &m->rows[i]) && take_apart(&from, m->rows[i].source) &&
            take_apart(&to, m->rows[i].target))
            put_copy(out, &from, &to);
    return 0;
}

/* An entry of a file for skopeo sync, which appends the last part of the source's name to its one
 * destination: so the destination is the target without its last part. */
struct sync_entry {
    struct parts from;
    struct str target;
    struct str destination; /* empty: sync cannot put it there */
};

static struct str wanted(const struct parts *a) {
    return a->digest.n ? a->digest : a->tag.n ? a->tag : STR("latest");
}

static size_t last_slash(struct str s) {
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] != '/')
        at--;
    return at ? at - 1 : s.n;
}

static struct str destination_of(const struct parts *from, const struct parts *to) {
    size_t cut = last_slash(to->whole);
    struct str kept = str_slice(from->whole, last_slash(from->whole), from->whole.n);
    bool lands = str_eq(kept, str_slice(to->whole, cut, to->whole.n)) &&
                 str_eq(wanted(from), wanted(to));
    return lands ? str_slice(to->whole, 0, cut) : STR_NONE;
}

static bool read_entry(struct sync_entry *e, const struct report_images *m,
                       const struct report_image_row *row) {
    struct parts to;
    if (!report_images_copies(m, row) || !take_apart(&e->from, row->source) ||
        !take_apart(&to, row->target))
        return false;
    e->target = row->target;
    e->destination = destination_of(&e->from, &to);
    return true;
}

static int compare_entries(const void *pa, const void *pb) {
    const struct sync_entry *a = pa, *b = pb;
    int order = str_cmp(a->destination, b->destination);
    if (order == 0)
        order = str_cmp(a->from.host, b->from.host);
    if (order == 0)
        order = str_cmp(a->from.repository, b->from.repository);
    if (order == 0)
        order = str_cmp(wanted(&a->from), wanted(&b->from));
    return order != 0 ? order : str_cmp(a->target, b->target);
}

static bool same_copy(const struct sync_entry *a, const struct sync_entry *b) {
    return a->destination.n != 0 && str_eq(a->destination, b->destination) &&
           str_eq(a->from.whole, b->from.whole) && str_eq(wanted(&a->from), wanted(&b->from));
}

/* Sorted, each copy once. */
static size_t gather_entries(struct sync_entry *entries, const struct report_images *m) {
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < m->n; i++)
        n += read_entry(&entries[n], m, &m->rows[i]);
    if (n != 0)
        qsort(entries, n, sizeof *entries, compare_entries);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || !same_copy(&entries[kept - 1], &entries[i]))
            entries[kept++] = entries[i];
    return kept;
}

static void put_entry(struct buf *out, const struct sync_entry *e,
                      const struct sync_entry *before) {
    bool new_host = before == NULL || !str_eq(before->from.host, e->from.host);
    bool new_repository = new_host || !str_eq(before->from.repository, e->from.repository);
    if (new_host) {
        buf_json(out, e->from.host);
        buf_puts(out, ":\n  images:\n");
    }
    if (new_repository) {
        buf_puts(out, "    ");
        buf_json(out, e->from.repository);
        buf_puts(out, ":\n");
    }
    buf_puts(out, "      - ");
    buf_json(out, wanted(&e->from));
    buf_puts(out, " # ");
    escape_comment(out, e->target);
    buf_putc(out, '\n');
}

/* Entries of one destination, after the command that is right for them. */
static void put_group(struct buf *out, const struct sync_entry *entries, size_t n) {
    bool pinned = false;
    for (size_t i = 0; i < n; i++)
        pinned = pinned || entries[i].from.digest.n != 0;
    buf_printf(out, "# skopeo sync --all%s --src yaml --dest docker sync.yaml ",
               pinned ? " --preserve-digests" : "");
    escape_shell(out, entries[0].destination);
    buf_putc(out, '\n');
    for (size_t i = 0; i < n; i++)
        put_entry(out, &entries[i], i ? &entries[i - 1] : NULL);
}

static void put_left_out(struct buf *notes, const struct sync_entry *entries, size_t n) {
    const struct sync_entry *e = &entries[0];
    if (e->destination.n != 0)
        escape_line(notes,
                    "policyctl: note: %zu image%s for %.*s left out: skopeo sync supports "
                    "one destination; -o skopeo-copy supports all",
                    n, n == 1 ? "" : "s", STR_ARG(e->destination));
    for (size_t i = 0; e->destination.n == 0 && i < n; i++)
        escape_line(notes,
                    "policyctl: note: %.*s left out: skopeo sync cannot copy it to %.*s; "
                    "-o skopeo-copy can",
                    STR_ARG(entries[i].from.whole), STR_ARG(entries[i].target));
}

static size_t group_length(const struct sync_entry *entries, size_t n) {
    size_t i = 1;
    while (i < n && str_eq(entries[0].destination, entries[i].destination))
        i++;
    return i;
}

/* The destination of most images; the others are reported. Returns their number. */
static size_t put_groups(struct buf *out, struct buf *notes, const struct sync_entry *entries,
                         size_t n) {
    size_t most = 0, first = 0, length;
    for (size_t i = 0; i < n; i += length) {
        length = group_length(&entries[i], n - i);
        if (entries[i].destination.n == 0 || length <= most)
            continue;
        most = length;
        first = i;
    }
    if (most != 0)
        put_group(out, &entries[first], most);
    for (size_t i = 0; i < n; i += length) {
        length = group_length(&entries[i], n - i);
        if (most == 0 || i != first)
            put_left_out(notes, &entries[i], length);
    }
    if (n != most)
        buf_printf(notes, "policyctl: %zu of %zu images left out\n", n - most, n);
    return n - most;
}

size_t report_images_print_sync(struct buf *out, const struct report_images *m) {
    struct sync_entry *entries = mem_alloc(mem_array_bytes(m->n + 1, sizeof *entries));
    struct buf notes = BUF_INIT((size_t)1 << 30);
    struct err ignored = ERR_INIT;
    if (entries == NULL) {
        out->bad = EC_NOMEM;
        return 0;
    }
    size_t left_out = put_groups(out, &notes, entries, gather_entries(entries, m));
    if (notes.bad)
        out->bad = notes.bad;
    else
        (void)!file_write_fd(2, buf_view(&notes), &ignored);
    buf_done(&notes);
    mem_free(entries);
    return left_out;
}
