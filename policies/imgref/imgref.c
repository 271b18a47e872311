#include "imgref/imgref.h"

#include <stdio.h>

/* What a byte may be; bytes of class 0 occur nowhere in a reference. */
enum {
    WORD = 1,  /* a-z 0-9: letters and digits of a repository */
    UPPER = 2, /* A-Z */
    TAG = 4,   /* A-Z a-z 0-9 _ . - */
    HEX = 8,   /* 0-9 a-f: digits of a digest */
    HEX_UP = 16,
    MARK = 32, /* . and : make a first component a host */
    DIGIT = 64
};

/* clang-format off */
#define D_ (WORD | TAG | HEX | DIGIT)
#define H_ (WORD | TAG | HEX)
#define L_ (WORD | TAG)
#define X_ (UPPER | TAG | HEX_UP)
#define U_ (UPPER | TAG)
#define P_ (TAG | MARK)
static const unsigned char classes[256] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,    0,  0,  0,   0,  0,
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,    0,  0,  0,   0,  0,
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,    0,  0,  TAG, P_, 0,   /*  !"#$%&'()*+,-./ */
    D_, D_, D_, D_, D_, D_, D_, D_, D_, D_, MARK, 0,  0,  0,   0,  0,   /* 0123456789:;<=>? */
    0,  X_, X_, X_, X_, X_, X_, U_, U_, U_, U_,   U_, U_, U_,  U_, U_,  /* @ABCDEFGHIJKLMNO */
    U_, U_, U_, U_, U_, U_, U_, U_, U_, U_, U_,   0,  0,  0,   0,  TAG, /* PQRSTUVWXYZ[\]^_ */
    0,  H_, H_, H_, H_, H_, H_, L_, L_, L_, L_,   L_, L_, L_,  L_, L_,  /* `abcdefghijklmno */
    L_, L_, L_, L_, L_, L_, L_, L_, L_, L_, L_,   0,  0,  0,   0,  0,   /* pqrstuvwxyz{|}~  */
};
#undef D_
#undef H_
#undef L_
#undef X_
#undef U_
#undef P_
/* clang-format on */

static unsigned class_of(char c) {
    return classes[(unsigned char)c];
}

/* The class of the byte at `at`; 0 after the end. */
static unsigned class_at(struct str s, size_t at) {
    return at < s.n ? class_of(s.p[at]) : 0;
}

static size_t skip_class(struct str s, size_t at, unsigned wanted) {
    while (at < s.n && (class_of(s.p[at]) & wanted) != 0)
        at++;
    return at;
}

/* ---- refusals ------------------------------------------------------------------------ */

#define refuse(err, at, ...)                                                                   \
    ((err)->offset = (err)->code == EC_OK ? (at) : (err)->offset,                              \
     err_set(err, EC_SYNTAX, __VA_ARGS__))

struct shown {
    char text[16];
};

/* A byte of the input as a message may name it. */
static struct shown show_char(char c) {
    struct shown s;
    if (c > ' ' && c < 0x7f)
        snprintf(s.text, sizeof s.text, "'%c'", c);
    else if (c == ' ')
        snprintf(s.text, sizeof s.text, "a blank");
    else
        snprintf(s.text, sizeof s.text, "byte 0x%02x", (unsigned)(unsigned char)c);
    return s;
}

static bool is_separator(char c) {
    return c == '.' || c == '_' || c == '-';
}

/* scan_path() wanted a word at `at` and the text, or the path, ends there. */
static enum ec refuse_path_end(struct str s, size_t from, size_t at, struct err *err) {
    if (at == from)
        return refuse(err, at, "repository is empty");
    return refuse(err, at - 1, "repository ends with '%c', expected a letter or digit",
                  s.p[at - 1]);
}

static enum ec refuse_slash(struct str s, size_t from, size_t at, struct err *err) {
    if (at == 0)
        return refuse(err, at, "image begins with '/', expected a host or a repository");
    if (at > from && is_separator(s.p[at - 1]))
        return refuse(err, at - 1,
                      "repository component ends with '%c', expected a letter "
                      "or digit",
                      s.p[at - 1]);
    return refuse(err, at, "repository has an empty component, \"//\"");
}

static enum ec refuse_separator(struct str s, size_t from, size_t at, struct err *err) {
    if (at == from || s.p[at - 1] == '/')
        return refuse(err, at,
                      "repository component begins with '%c', expected a letter or "
                      "digit",
                      s.p[at]);
    return refuse(err, at,
                  "repository has '%c' after '%c', expected one of . _ __ or dashes "
                  "between letters or digits",
                  s.p[at], s.p[at - 1]);
}

/* Says why scan_path() stopped at `at`. */
static enum ec refuse_path(struct str s, size_t from, size_t at, struct err *err) {
    if (at == s.n || s.p[at] == ':' || s.p[at] == '@')
        return refuse_path_end(s, from, at, err);
    if (s.p[at] == '/')
        return refuse_slash(s, from, at, err);
    if (is_separator(s.p[at]))
        return refuse_separator(s, from, at, err);
    if (class_of(s.p[at]) & UPPER)
        return refuse(err, at, "repository has an upper-case letter, '%c'", s.p[at]);
    return refuse(err, at, "repository has %s, allowed are a-z, 0-9 and . _ - / between them",
                  show_char(s.p[at]).text);
}

/* ---- host ---------------------------------------------------------------------------- */

static enum ec refuse_host_byte(struct str host, size_t at, struct err *err) {
    if (at == 0 && host.p[at] == ':')
        return refuse(err, at, "host is empty");
    if (at == host.n || host.p[at] == ':')
        return refuse(err, at - 1, "host ends with '.'");
    if (host.p[at] == '_')
        return refuse(err, at, "host has '_': clients do not agree on where such an image is");
    if (host.p[at] == '@')
        return refuse(err, at, "host has '@', a user name or digest cannot come before '/'");
    if (host.p[at] == '.')
        return refuse(err, at, "host has an empty label, '.' without a name before it");
    if (host.p[at] == '-')
        return refuse(err, at, "host has a label that begins with '-'");
    return refuse(err, at, "host has %s, allowed are letters, digits, '.' and '-'",
                  show_char(host.p[at]).text);
}

/* label ("." label)*: letters, digits and inner dashes; *end is the ":" or the end. */
static enum ec check_labels(struct str host, size_t *end, struct err *err) {
    size_t at = 0;
    for (;;) {
        if ((class_at(host, at) & (WORD | UPPER)) == 0)
            return refuse_host_byte(host, at, err);
        while ((class_at(host, at) & (WORD | UPPER)) != 0 || (at < host.n && host.p[at] == '-'))
            at++;
        if (host.p[at - 1] == '-')
            return refuse(err, at - 1, "host has a label that ends with '-'");
        *end = at;
        if (at == host.n || host.p[at] == ':')
            return EC_OK;
        if (host.p[at] != '.')
            return refuse_host_byte(host, at, err);
        at++;
    }
}

/* "[" hexadecimal digits and colons "]"; the address itself is not checked (nor does the kubelet check it):
 * it is a name here, never resolved. */
static enum ec check_brackets(struct str host, size_t *end, struct err *err) {
    size_t at = 1;
    while ((class_at(host, at) & (HEX | HEX_UP)) != 0 || (at < host.n && host.p[at] == ':'))
        at++;
    if (at == host.n)
        return refuse(err, 0, "host has '[' without ']'");
    if (host.p[at] != ']')
        return refuse(err, at, "IPv6 address has %s, allowed are hexadecimal digits and ':'",
                      show_char(host.p[at]).text);
    if (at == 1)
        return refuse(err, at, "IPv6 address is empty");
    *end = ++at;
    if (at < host.n && host.p[at] != ':')
        return refuse(err, at, "host has %s after ']', expected ':' and a port",
                      show_char(host.p[at]).text);
    return EC_OK;
}

/* Digits, at most 65535 with any number of leading zeros. */
static enum ec check_port(struct str host, size_t from, struct err *err) {
    uint32_t port = 0;
    if (from == host.n)
        return refuse(err, from - 1, "port is empty");
    for (size_t at = from; at < host.n; at++) {
        if ((class_of(host.p[at]) & DIGIT) == 0)
            return refuse(err, at, "port has %s, expected digits", show_char(host.p[at]).text);
        port = port * 10 + (uint32_t)(host.p[at] - '0');
        if (port > 65535)
            return refuse(err, from, "port is above 65535");
    }
    return EC_OK;
}

/* host[:port]; *name_end is the port's ":", or the end. */
static enum ec check_host(struct str host, size_t *name_end, struct err *err) {
    enum ec ec = host.p[0] == '[' ? check_brackets(host, name_end, err)
                                  : check_labels(host, name_end, err);
    if (ec != EC_OK || *name_end == host.n)
        return ec;
    return check_port(host, *name_end + 1, err);
}

/* All classes of the bytes of s in one. */
static unsigned classes_in(struct str s) {
    unsigned seen = 0;
    for (size_t i = 0; i < s.n; i++)
        seen |= class_of(s.p[i]);
    return seen;
}

/* The text before the first "/" is a host, and not a part of a Docker Hub repository. */
static bool reads_as_host(struct str first, unsigned seen) {
    return (seen & (MARK | UPPER)) != 0 || str_eq(first, STR("localhost"));
}

static unsigned host_quirks(struct str host, unsigned seen) {
    unsigned quirks = host.p[0] == '[' ? IMGREF_IPV6 : 0;
    if ((seen & UPPER) == 0)
        return quirks;
    quirks |= IMGREF_UPPER_HOST;
    if ((seen & MARK) == 0 && !str_eq_nocase(host, STR("localhost")))
        quirks |= IMGREF_UPPER_WORD;
    return quirks;
}

static bool has_scheme(struct str text, size_t slash) {
    return slash > 0 && text.p[slash - 1] == ':' && slash + 1 < text.n &&
           text.p[slash + 1] == '/';
}

/* Takes the host off the text; *at is where the path begins. */
static enum ec parse_host(struct imgref *r, struct str text, size_t *at, struct err *err) {
    size_t slash = str_find(text, '/'), name_end = 0;
    struct str first = {text.p, slash};
    unsigned seen = slash < text.n ? classes_in(first) : 0;
    r->host = STR("docker.io");
    *at = 0;
    if (slash == text.n || !reads_as_host(first, seen))
        return EC_OK;
    if (has_scheme(text, slash))
        return refuse(err, slash - 1,
                      "image has a scheme, \"://\": write host/repository alone");
    enum ec ec = check_host(first, &name_end, err);
    if (ec != EC_OK)
        return ec;
    r->qualified = true;
    r->quirks = host_quirks(first, seen);
    if (!str_eq(first, STR("index.docker.io")))
        r->host = first;
    r->port = str_slice(first, name_end + 1, first.n);
    *at = slash + 1;
    return EC_OK;
}

/* ---- repository, tag, digest --------------------------------------------------------- */

/* word (separator word)*, the separators being / . _ __ and any number of dashes. *at becomes the end of
 * the path (true) or the first byte that is not allowed (false). */
static bool scan_path(struct str s, size_t *at_io) {
    size_t at = *at_io;
    for (;;) {
        size_t word = at;
        at = skip_class(s, at, WORD);
        *at_io = at;
        if (at == word)
            return false;
        if (at == s.n)
            return true;
        switch (s.p[at]) {
        case '/':
        case '.':
            at++;
            break;
        case '_':
            at += at + 1 < s.n && s.p[at + 1] == '_' ? 2 : 1;
            break;
        case '-':
            while (at < s.n && s.p[at] == '-')
                at++;
            break;
        default:
            return s.p[at] == ':' || s.p[at] == '@';
        }
    }
}

static const struct str library = STR_INIT("library/");

static enum ec parse_path(struct imgref *r, struct str text, size_t *at, struct err *err) {
    size_t from = *at;
    if (!scan_path(text, at))
        return refuse_path(text, from, *at, err);
    r->path = str_slice(text, from, *at);
    r->library = str_eq(r->host, STR("docker.io")) && str_find(r->path, '/') == r->path.n;
    size_t implied = r->library ? library.n : 0;
    if (r->path.n + implied > IMGREF_PATH_MAX)
        return refuse(err, from + IMGREF_PATH_MAX - implied,
                      "repository is %zu bytes long%s, at most %d are allowed",
                      r->path.n + implied, r->library ? " with library/" : "", IMGREF_PATH_MAX);
    if (r->host.n + 1 + implied + r->path.n > IMGREF_PATH_MAX)
        r->quirks |= IMGREF_LONG;
    return EC_OK;
}

static enum ec parse_tag(struct imgref *r, struct str text, size_t *at, struct err *err) {
    if (*at == text.n || text.p[*at] != ':')
        return EC_OK;
    size_t from = *at + 1, end = skip_class(text, from, TAG);
    if (from == text.n || text.p[from] == '@')
        return refuse(err, *at, "tag is empty");
    if (text.p[from] == '.' || text.p[from] == '-')
        return refuse(err, from, "tag begins with '%c', expected a letter, digit or '_'",
                      text.p[from]);
    if (end < text.n && text.p[end] != '@')
        return refuse(err, end, "tag has %s, allowed are letters, digits and _ . -",
                      show_char(text.p[end]).text);
    if (end - from > IMGREF_TAG_MAX)
        return refuse(err, from + IMGREF_TAG_MAX,
                      "tag is %zu bytes long, at most %d are allowed", end - from,
                      IMGREF_TAG_MAX);
    r->tag = str_slice(text, from, end);
    *at = end;
    return EC_OK;
}

static const struct algorithm {
    struct str name;
    size_t digits;
} algorithms[] = {
    {STR_INIT("sha256"), 64}, {STR_INIT("sha384"), 96}, {STR_INIT("sha512"), 128}};

static const struct algorithm *find_algorithm(struct str name) {
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (str_eq(name, algorithms[i].name))
            return &algorithms[i];
    return NULL;
}

static enum ec parse_digest(struct imgref *r, struct str text, size_t at, struct err *err) {
    if (at == text.n)
        return EC_OK;
    size_t from = at + 1;
    r->digest = str_slice(text, from, text.n);
    if (r->digest.n == 0)
        return refuse(err, at, "digest is empty");
    size_t colon = str_find(r->digest, ':');
    if (colon == r->digest.n)
        return refuse(err, from,
                      "digest has no ':', expected sha256: and 64 hexadecimal digits");
    const struct algorithm *a = find_algorithm(str_slice(r->digest, 0, colon));
    if (a == NULL)
        return refuse(err, from, "digest algorithm is not sha256, sha384 or sha512");
    size_t hex = from + colon + 1, end = skip_class(text, hex, HEX);
    if (end < text.n)
        return refuse(err, end, "digest has %s, expected lower-case hexadecimal digits",
                      show_char(text.p[end]).text);
    if (end - hex != a->digits)
        return refuse(err, hex, "digest %s needs %zu hexadecimal digits, found %zu", a->name.p,
                      a->digits, end - hex);
    return EC_OK;
}

/* ---- spellings of image ids ---------------------------------------------------------- */

/* The reference grammar refuses it too: runtimes would read it as an image id. */
static bool is_bare_id(struct str text) {
    return text.n == 64 && skip_class(text, 0, HEX) == text.n;
}

/* containerd's LocalResolve runs any cached image whose id begins so, whatever its name. */
static bool is_local_id(const struct imgref *r) {
    return !r->qualified && r->library && r->digest.n == 0 && r->tag.n != 0 &&
           find_algorithm(r->path) != NULL && skip_class(r->tag, 0, HEX | HEX_UP) == r->tag.n;
}

/* ---- public -------------------------------------------------------------------------- */

enum ec imgref_parse(struct imgref *out, struct str text, struct err *err) {
    struct imgref r = {.qualified = false};
    size_t at = 0;
    enum ec ec;
    if (text.n == 0)
        return refuse(err, 0, "image is empty");
    if (is_bare_id(text))
        return refuse(err, 0, "64 hexadecimal digits alone are an image id, not a name");
    if ((ec = parse_host(&r, text, &at, err)) != EC_OK ||
        (ec = parse_path(&r, text, &at, err)) != EC_OK ||
        (ec = parse_tag(&r, text, &at, err)) != EC_OK ||
        (ec = parse_digest(&r, text, at, err)) != EC_OK)
        return ec;
    if (is_local_id(&r))
        return refuse(err, 0,
                      "containerd reads this as the id of a local image, not as a name: "
                      "write docker.io/library/ before it if that is meant");
    *out = r;
    return EC_OK;
}

void imgref_print_repository(const struct imgref *r, struct buf *out) {
    if (r->library)
        buf_str(out, library);
    buf_str(out, r->path);
}

void imgref_print(const struct imgref *r, enum imgref_print_flag flag, struct buf *out) {
    buf_str(out, r->host);
    buf_putc(out, '/');
    imgref_print_repository(r, out);
    if (r->tag.n != 0) {
        buf_putc(out, ':');
        buf_str(out, r->tag);
    }
    if (r->digest.n != 0) {
        buf_putc(out, '@');
        buf_str(out, r->digest);
    }
    if (flag == IMGREF_WITH_LATEST && r->tag.n == 0 && r->digest.n == 0)
        buf_puts(out, ":latest");
}

bool imgref_is_host(struct str text) {
    struct err ignored = ERR_INIT;
    size_t name_end = 0;
    return text.n != 0 && reads_as_host(text, classes_in(text)) &&
           check_host(text, &name_end, &ignored) == EC_OK;
}

bool imgref_is_path(struct str text) {
    size_t at = 0;
    return scan_path(text, &at) && at == text.n;
}
