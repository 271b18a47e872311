/* A key of the file: what it becomes, and whether that can ever match. */
#include "credentials/internal.h"

#include "imgref/imgref.h"

#define HUB_ALIAS "index.docker.io"

static const char *const never_texts[CREDENTIALS_N_NEVERS] = {
    [CREDENTIALS_CAN_MATCH] = "",
    [CREDENTIALS_NEVER_URL] = "the key is not a URL, and the kubelet skips the entry",
    [CREDENTIALS_NEVER_VERSION] =
        "the path /v1 or /v2 has no slash at its end, and is read as the start of a repository",
    [CREDENTIALS_NEVER_HUB_PATH] =
        "index.docker.io stands for Docker Hub only without a path; images have docker.io",
    [CREDENTIALS_NEVER_UPPER_HOST] =
        "the host has upper-case letters, and is compared with regard to case",
    [CREDENTIALS_NEVER_UPPER_PATH] =
        "the path has upper-case letters, and repositories have none",
    [CREDENTIALS_NEVER_PATH] = "no repository starts with the path",
    [CREDENTIALS_NEVER_WORD] =
        "a host without a dot or a port: images that start with it are read as Docker Hub's",
    [CREDENTIALS_NEVER_HOST] = "no registry has such a host",
    [CREDENTIALS_NEVER_IPV6] = "an IPv6 address without a port is read as a glob",
};

const char *credentials_never_text(enum credentials_never never) {
    return never_texts[never];
}

/* ---- can it match? ------------------------------------------------------------------- */

static bool is_lower_alnum(char c) {
    return ascii_is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool has_upper(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ascii_lower(s.p[i]))
            return true;
    return false;
}

static bool is_glob(struct str s) {
    return str_find(s, '*') < s.n || str_find(s, '[') < s.n;
}

/* The separators between two letters of a repository: one dot, one or two underscores, dashes. */
static bool is_separator(struct str s, size_t from, size_t to) {
    size_t n = to - from;
    for (size_t i = from; i < to; i++)
        if (s.p[i] != s.p[from])
            return false;
    if (s.p[from] == '.')
        return n == 1;
    return s.p[from] == '-' || (s.p[from] == '_' && n <= 2);
}

/* Whether a repository can start with it: components of letters and separators, the last one open. */
static bool starts_repository(struct str s) {
    bool fresh = true; /* at the start of a component */
    if (s.n > IMGREF_PATH_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        size_t from = i;
        if (is_lower_alnum(s.p[i])) {
            fresh = false;
            continue;
        }
        while (i < s.n && s.p[i] != '/' && !is_lower_alnum(s.p[i]))
            i++;
        if (fresh || (i > from && !is_separator(s, from, i)))
            return false;
        bool ended = i < s.n && s.p[i] == '/';
        if (ended && i > from)
            return false;
        fresh = ended;
        i -= !ended;
    }
    return true;
}

static bool is_label(struct str label) {
    if (credentials_glob_is_bad(label) || label.n == 0)
        return false;
    for (size_t i = 0; i < label.n; i++)
        if (!is_lower_alnum(label.p[i]) && label.p[i] != '-' && label.p[i] != '*')
            return false;
    return label.p[0] != '-' && label.p[label.n - 1] != '-';
}

static bool is_address(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_digit(s.p[i]) && s.p[i] != ':' &&
            !(ascii_lower(s.p[i]) >= 'a' && ascii_lower(s.p[i]) <= 'f'))
            return false;
    return true;
}

static enum credentials_never judge_host(const struct credentials_pattern *p, bool literal) {
    struct str label;
    size_t at = 0;
    if (literal)
        return p->host.p[0] == '['   ? CREDENTIALS_NEVER_IPV6
               : is_address(p->host) ? CREDENTIALS_CAN_MATCH
                                     : CREDENTIALS_NEVER_HOST;
    if (has_upper(p->host))
        return CREDENTIALS_NEVER_UPPER_HOST;
    while (credentials_label_next(p->host, &at, &label))
        if (!is_label(label))
            return CREDENTIALS_NEVER_HOST;
    bool is_word = str_find(p->host, '.') == p->host.n && p->port.n == 0;
    return is_word && !credentials_glob(p->host, STR("localhost")) ? CREDENTIALS_NEVER_WORD
                                                                   : CREDENTIALS_CAN_MATCH;
}

static enum credentials_never judge_path(const struct credentials_pattern *p) {
    if (str_eq(p->path, STR("/v1")) || str_eq(p->path, STR("/v2")))
        return CREDENTIALS_NEVER_VERSION;
    if (str_eq(p->host, STR(HUB_ALIAS)) && p->port.n == 0 && p->path.n != 0)
        return CREDENTIALS_NEVER_HUB_PATH;
    if (has_upper(p->path))
        return CREDENTIALS_NEVER_UPPER_PATH;
    return starts_repository(str_slice(p->path, 1, p->path.n)) ? CREDENTIALS_CAN_MATCH
                                                               : CREDENTIALS_NEVER_PATH;
}

static enum credentials_never judge(const struct credentials_pattern *p, bool literal) {
    if (!p->valid)
        return CREDENTIALS_NEVER_URL;
    enum credentials_never never = judge_host(p, literal);
    return never != CREDENTIALS_CAN_MATCH ? never : judge_path(p);
}

/* ---- reading ------------------------------------------------------------------------- */

void credentials_pattern_parse(struct credentials_pattern *out, struct str text, char *room) {
    struct credentials_url url;
    *out = (struct credentials_pattern){.valid = credentials_url_parse(&url, text, room)};
    if (!out->valid)
        return;
    credentials_url_split(url.host, &out->host, &out->port);
    out->path = url.path;
}

bool credentials_pattern_matches(const struct credentials_pattern *glob,
                                 const struct credentials_pattern *target) {
    return glob->valid && target->valid && str_eq(glob->port, target->port) &&
           str_starts(target->path, glob->path) &&
           credentials_labels_match(glob->host, target->host);
}

static struct str without_scheme(struct str key) {
    static const struct str schemes[] = {STR_INIT("https://"), STR_INIT("http://")};
    for (size_t i = 0; i < 2; i++)
        if (str_starts(key, schemes[i]))
            return str_slice(key, schemes[i].n, key.n);
    return key;
}

static struct str without_version(struct str path) {
    bool version = str_starts(path, STR("/v1/")) || str_starts(path, STR("/v2/"));
    struct str rest = version ? str_slice(path, 3, path.n) : path;
    return str_eq(rest, STR("/")) ? STR_NONE : rest;
}

static bool join(struct str *out, struct str a, struct str b, struct credentials_block **list) {
    char *text = credentials_alloc(list, a.n + b.n);
    if (text == NULL)
        return false;
    if (a.n != 0)
        memcpy(text, a.p, a.n);
    if (b.n != 0)
        memcpy(text + a.n, b.p, b.n);
    *out = (struct str){text, a.n + b.n};
    return true;
}

/* Whatever is in front of an @ may be a password, wherever the @ stands. */
static bool hide_userinfo(struct credentials_entry *e, struct credentials_block **list) {
    size_t at = e->key.n;
    while (at > 0 && e->key.p[at - 1] != '@')
        at--;
    e->shown = e->key;
    if (at == 0)
        return true;
    e->notes |= CREDENTIALS_USERINFO;
    return join(&e->shown, STR("***"), str_slice(e->key, at - 1, e->key.n), list);
}

static void note_key(struct credentials_entry *e, const struct credentials_pattern *p) {
    if (is_glob(p->host))
        e->notes |= CREDENTIALS_GLOB;
    if (p->path.n != 0 && p->path.p[p->path.n - 1] != '/')
        e->notes |= CREDENTIALS_NO_BORDER;
}

bool credentials_key_read(struct credentials_entry *e, struct credentials_pattern *pattern,
                          struct credentials_block **list) {
    struct credentials_url url;
    struct str rest = without_scheme(e->key);
    char *room = credentials_alloc(list, rest.n);
    *pattern = (struct credentials_pattern){.valid = false};
    e->never = CREDENTIALS_NEVER_URL;
    if (room == NULL || !hide_userinfo(e, list))
        return false;
    if (!credentials_url_parse(&url, rest, room))
        return true;
    if (!join(&e->normal, url.host, without_version(url.path), list))
        return false;
    /* the kubelet parses what it made of the key once more */
    char *again = credentials_alloc(list, e->normal.n);
    if (again == NULL)
        return false;
    credentials_pattern_parse(pattern, e->normal, again);
    e->never = judge(pattern, url.host.n != 0 && url.host.p[0] == '[');
    note_key(e, pattern);
    return true;
}

/* ---- places -------------------------------------------------------------------------- */

enum { PLACE_MAX = 1024 };

/* Whether one of two paths starts with the other. */
static bool are_nested(struct str a, struct str b) {
    return str_starts(a, b) || str_starts(b, a);
}

bool credentials_serves(const struct credentials_set *set, size_t entry, struct str place) {
    struct credentials_pattern image;
    const struct credentials_pattern *key = &set->patterns[entry];
    char room[PLACE_MAX];
    if (place.n > PLACE_MAX || !key->valid)
        return false;
    credentials_pattern_parse(&image, place, room);
    if (str_eq(set->entries[entry].normal, STR(HUB_ALIAS)))
        return image.valid && str_eq(image.host, STR("docker.io")) && image.port.n == 0;
    return image.valid && str_eq(key->port, image.port) && are_nested(key->path, image.path) &&
           credentials_labels_match(key->host, image.host);
}
