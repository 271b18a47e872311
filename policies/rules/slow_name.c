#include "rules/slow_name.h"

#include "imgref/imgref.h"

static uint64_t steps_of(const struct match_image *m, struct str name) {
    struct match_meter meter = MATCH_METER(UINT64_MAX, NULL);
    size_t slash = str_find(name, '/');
    const struct match_target target = {.host = str_slice(name, 0, slash),
                                        .repository = str_slice(name, slash + 1, name.n),
                                        .whole = name};
    (void)match_image(m, &target, &meter);
    return UINT64_MAX - meter.left;
}

static bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || ascii_is_digit(c);
}

/* The literal text a regex begins with: "ghcr\.io/a" of `ghcr\.io/a(b|c)*`. */
static size_t literal_head(struct str regex, char *to, size_t max) {
    size_t n = 0;
    for (size_t i = 0; i < regex.n && n < max; i++) {
        char c = regex.p[i];
        if (c == '^' && i == 0)
            continue;
        if (c == '\\' && i + 1 < regex.n && strchr(".-/", regex.p[i + 1]) != NULL)
            c = regex.p[++i];
        else if (!is_name_char(c) && c != '/' && c != '-' && c != ':')
            break;
        to[n++] = c;
    }
    return n;
}

/* The head, pieces up to the longest name, and the regex's own letters, so that no match fails early for
 * lack of one; then a byte that no pattern ends with. */
static void try_name(struct rules_slow_name *out, const struct match_image *pattern,
                     struct str head, const char *piece) {
    char name[RULES_SLOW_NAME_MAX];
    struct buf b = BUF_OVER(name, sizeof name - 1);
    struct str regex = match_image_text(pattern);
    struct imgref ref;
    struct err err = ERR_INIT;
    buf_str(&b, head.n ? head : STR("docker.io/"));
    if (str_find(buf_view(&b), '/') == b.n)
        buf_puts(&b, ".io/");
    size_t tail = 0, from = str_find(buf_view(&b), '/') + 1, piece_bytes = strlen(piece);
    for (size_t i = 0; i < regex.n; i++)
        tail += is_name_char(regex.p[i]);
    tail = tail < 60 ? tail : 60;
    while (b.n - from + piece_bytes + tail + 4 < IMGREF_PATH_MAX)
        buf_puts(&b, piece);
    for (size_t i = 0, left = tail; i < regex.n && left != 0; i++)
        if (is_name_char(regex.p[i])) {
            buf_putc(&b, regex.p[i]);
            left--;
        }
    buf_puts(&b, "/0q");
    struct str text = buf_view(&b);
    if (b.bad || imgref_parse(&ref, text, &err) != EC_OK ||
        ref.host.n + 1 + ref.path.n != text.n)
        return;
    uint64_t steps = steps_of(pattern, text);
    if (steps <= out->steps)
        return;
    out->steps = steps;
    memcpy(out->text, text.p, text.n);
    out->text[text.n] = '\0';
}

/* Each letter of the regex by itself and as a component, after its literal beginning. */
void rules_slow_name_find(struct rules_slow_name *out, const struct match_image *pattern) {
    struct str regex = match_image_text(pattern);
    char head[RULES_SLOW_NAME_MAX / 4];
    struct str begin = {head, literal_head(regex, head, sizeof head)};
    bool seen[128] = {false};
    out->steps = 0;
    for (size_t i = 0; i <= regex.n; i++) {
        char c = i < regex.n ? regex.p[i] : 'a';
        if (!is_name_char(c) || seen[(unsigned char)c])
            continue;
        seen[(unsigned char)c] = true;
        const char pieces[][5] = {{c}, {c, '/'}, {c, c, '/'}, {c, '-', c, '/'}};
        for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
            try_name(out, pattern, begin, pieces[k]);
            try_name(out, pattern, STR_NONE, pieces[k]);
        }
    }
}
