/* Near misses: keys that a person takes for the image's, and the kubelet does not. */
#include "credentials/keyring.h"

#include <stdlib.h>

static const char *const texts[] = {
    [CREDENTIALS_MISS_PORT] = "the same host with another port",
    [CREDENTIALS_MISS_CASE] = "the same but for upper and lower case",
    [CREDENTIALS_MISS_HUB] = "another name of Docker Hub",
    [CREDENTIALS_MISS_VERSION] = "the same host with /v1 or /v2 without a slash at its end",
    [CREDENTIALS_MISS_PATH] = "the same host with another path",
    [CREDENTIALS_MISS_LABELS] = "a glob for another number of labels",
    [CREDENTIALS_MISS_WWW] = "the same host but for www.",
};

const char *credentials_miss_text(enum credentials_miss miss) {
    return texts[miss];
}

static bool starts_nocase(struct str s, struct str prefix) {
    return str_eq_nocase(str_slice(s, 0, prefix.n), prefix);
}

static bool is_hub(struct str host) {
    static const struct str names[] = {
        STR_INIT("docker.io"),         STR_INIT("index.docker.io"),
        STR_INIT("hub.docker.com"),    STR_INIT("registry-1.docker.io"),
        STR_INIT("www.docker.io"),     STR_INIT("registry.hub.docker.com"),
        STR_INIT("auth.docker.io"),    STR_INIT("www.docker.com"),
        STR_INIT("registry.docker.io")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_nocase(host, names[i]))
            return true;
    return false;
}

static struct str without_www(struct str host) {
    return starts_nocase(host, STR("www.")) ? str_slice(host, 4, host.n) : host;
}

/* A glob for a domain of the image with more or fewer labels: *.example.com for a.b.example.com. */
static bool is_of_domain(struct str glob, struct str host) {
    if (str_find(glob, '*') == glob.n)
        return false;
    struct str first, domain = glob;
    for (size_t at = 0; credentials_label_next(glob, &at, &first);) {
        if (str_find(first, '*') == first.n)
            break;
        domain = str_slice(glob, at, glob.n);
    }
    bool ends = domain.n != 0 && str_find(domain, '.') < domain.n && str_ends(host, domain);
    return ends && (host.n == domain.n || host.p[host.n - domain.n - 1] == '.');
}

/* The same host and port: the path is what differs. */
static bool differs_by_path(const struct credentials_pattern *key,
                            const struct credentials_pattern *image,
                            enum credentials_miss *miss) {
    bool version = str_eq(key->path, STR("/v1")) || str_eq(key->path, STR("/v2"));
    *miss = version                                 ? CREDENTIALS_MISS_VERSION
            : starts_nocase(image->path, key->path) ? CREDENTIALS_MISS_CASE
                                                    : CREDENTIALS_MISS_PATH;
    return true;
}

/* Whether a key that does not match is a near miss. */
static bool is_near(const struct credentials_pattern *key,
                    const struct credentials_pattern *image, enum credentials_miss *miss) {
    bool covers = starts_nocase(image->path, key->path);
    if (!key->valid)
        return false;
    if (credentials_labels_match(key->host, image->host)) {
        if (str_eq(key->port, image->port))
            return differs_by_path(key, image, miss);
        *miss = CREDENTIALS_MISS_PORT;
        return covers;
    }
    if (is_hub(key->host) && is_hub(image->host)) {
        *miss = CREDENTIALS_MISS_HUB;
        return true;
    }
    if (!str_eq(key->port, image->port) || !covers)
        return false;
    if (str_eq_nocase(key->host, image->host))
        *miss = CREDENTIALS_MISS_CASE;
    else if (str_eq_nocase(without_www(key->host), without_www(image->host)))
        *miss = CREDENTIALS_MISS_WWW;
    else if (is_of_domain(key->host, image->host))
        *miss = CREDENTIALS_MISS_LABELS;
    else
        return false;
    return true;
}

static bool is_hit(const struct credentials_answer *a, const struct credentials_entry *e) {
    for (size_t i = 0; i < a->n_hits; i++)
        if (a->hits[i].entry == e)
            return true;
    return false;
}

struct found {
    struct credentials_near near;
    size_t order;
};

static int compare_order(const void *pa, const void *pb) {
    const struct found *a = pa, *b = pb;
    return (a->order > b->order) - (a->order < b->order);
}

static size_t gather(struct found *found, const struct credentials_keyring *k,
                     const struct credentials_answer *a,
                     const struct credentials_pattern *image) {
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        const struct credentials_slot *slot = &k->slots[i];
        enum credentials_miss miss;
        if (!is_hit(a, slot->hit.entry) && is_near(slot->pattern, image, &miss))
            found[n++] = (struct found){{slot->hit, miss}, slot->order};
    }
    qsort(found, n, sizeof *found, compare_order);
    return n;
}

static enum ec near_of(const struct credentials_near **out, size_t *n,
                       const struct credentials_keyring *keyring, struct str repository,
                       struct arena *arena, struct err *err) {
    struct credentials_answer a;
    struct credentials_pattern image;
    struct found *found = ARENA_ARRAY(arena, struct found, keyring->n);
    struct credentials_near *nears = ARENA_ARRAY(arena, struct credentials_near, keyring->n);
    char *room = arena_alloc(arena, repository.n);
    if (found == NULL || nears == NULL || room == NULL)
        return arena_fail(arena, err);
    if (credentials_lookup_repository(&a, keyring, repository, arena, err) != EC_OK)
        return err->code;
    credentials_pattern_parse(&image, repository, room);
    size_t n_found =
        image.valid && a.outcome != CREDENTIALS_BROKEN ? gather(found, keyring, &a, &image) : 0;
    for (size_t i = 0; i < n_found; i++)
        nears[i] = found[i].near;
    *out = nears;
    *n = n_found;
    return EC_OK;
}

enum ec credentials_near(const struct credentials_near **out, size_t *n,
                         const struct credentials_keyring *keyring, struct str image,
                         struct arena *arena, struct err *err) {
    struct str repository = STR_NONE;
    bool is_image;
    if (credentials_repository(&repository, &is_image, image, arena, err) != EC_OK)
        return err->code;
    if (is_image)
        return near_of(out, n, keyring, repository, arena, err);
    *out = NULL;
    *n = 0;
    return EC_OK;
}
