/* The reader against jansson (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY) on documents made from
 * captured reviews by seeded mutation: both accept or both refuse, and what both accept has the
 * same values in the same order.
 *
 * The exceptions, all of them:
 * - jansson refuses U+0000 in keys and half a surrogate pair, which the reader keeps and marks.
 *   Such a document must hold what is marked; it is not compared further.
 * - in a part that may hold any bytes, the text that is skipped need not be UTF-8.
 * - jansson refuses an integer beyond 64 bits and a real beyond double, which the reader keeps
 *   as text. Such a document must be one that jansson calls a numeric overflow and must hold
 *   such a number; it is not compared further.
 * - jansson skips a NUL byte that is right after a number or a word (it ungets the byte
 *   into a NUL-terminated buffer). The reader must have refused just this byte.
 * (jansson's depth limit of 2048 is not reached.)                                            */
#include "json_doc.h"
#include "json_skip.h"
#include "oracle.h"
#include "test.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/utf8.h"

#include <errno.h>
#include <math.h>

enum { DOCUMENTS = 100000, MAX_TEXT = 32768 };

static uint64_t seed = 0x706c6c6761746531;

/* xorshift64* */
static uint32_t random_below(uint32_t n) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

/* --- the same values --- */

static bool is_real(struct str number) {
    return str_find(number, '.') < number.n || str_find(number, 'e') < number.n ||
           str_find(number, 'E') < number.n;
}

static const char *number_z(struct str number) {
    static char z[MAX_TEXT];
    memcpy(z, number.p, number.n);
    z[number.n] = '\0';
    return z;
}

static bool same_number(struct str ours, const json_t *theirs) {
    if (is_real(ours)) {
        double v = strtod(number_z(ours), NULL), w = json_real_value(theirs);
        return json_typeof(theirs) == JSON_REAL && v == w && signbit(v) == signbit(w);
    }
    return json_typeof(theirs) == JSON_INTEGER &&
           strtoll(number_z(ours), NULL, 10) == json_integer_value(theirs);
}

static bool same(const struct json *j, json_at at, json_t *theirs);

static bool same_members(const struct json *j, json_at object, json_t *theirs) {
    json_at k = json_first(j, object);
    const char *key;
    json_t *value;
    json_object_foreach(theirs, key, value) {
        if (k == JSON_NONE || !str_eq(json_str(j, k), str_of(key)) || !same(j, k + 1, value))
            return false;
        k = json_next(j, object, k + 1);
    }
    return k == JSON_NONE && j->nodes[object].len == json_object_size(theirs);
}

static bool same_elements(const struct json *j, json_at array, json_t *theirs) {
    json_at e = json_first(j, array);
    for (size_t i = 0; i < json_array_size(theirs); i++) {
        if (e == JSON_NONE || !same(j, e, json_array_get(theirs, i)))
            return false;
        e = json_next(j, array, e);
    }
    return e == JSON_NONE && j->nodes[array].len == json_array_size(theirs);
}

static bool same(const struct json *j, json_at at, json_t *theirs) {
    switch (json_type_of(j, at)) {
    case JSON_NULL:
        return json_typeof(theirs) == JANSSON_NULL;
    case JSON_FALSE:
        return json_typeof(theirs) == JANSSON_FALSE;
    case JSON_TRUE:
        return json_typeof(theirs) == JANSSON_TRUE;
    case JSON_NUMBER:
        return same_number(json_str(j, at), theirs);
    case JSON_STRING:
        return json_typeof(theirs) == JANSSON_STRING &&
               str_eq(json_str(j, at),
                      (struct str){json_string_value(theirs), json_string_length(theirs)});
    case JSON_ARRAY:
        return json_typeof(theirs) == JANSSON_ARRAY && same_elements(j, at, theirs);
    case JSON_OBJECT:
        return json_typeof(theirs) == JANSSON_OBJECT && same_members(j, at, theirs);
    }
    return false;
}

/* --- the exceptions --- */

static bool is_skipped_nul(struct str text, size_t at) {
    return at > 0 && at < text.n && text.p[at] == '\0' &&
           (ascii_is_digit(text.p[at - 1]) || ascii_lower(text.p[at - 1]) >= 'a');
}

static bool is_out_of_range(struct str number) {
    errno = 0;
    if (!is_real(number))
        return (void)strtoll(number_z(number), NULL, 10), errno == ERANGE;
    double v = strtod(number_z(number), NULL);
    return isinf(v);
}

static bool holds_odd(const struct json *j) {
    for (uint32_t i = 0; i < j->n_nodes; i++)
        if (json_is_odd(j, i))
            return true;
    return false;
}

static bool is_odd_to_jansson(const json_error_t *error) {
    enum json_error_code code = json_error_code(error);
    return code == json_error_null_byte_in_key || code == json_error_null_character ||
           strstr(error->text, "invalid Unicode '\\u") != NULL;
}

static bool holds_out_of_range(const struct json *j) {
    for (uint32_t i = 0; i < j->n_nodes; i++)
        if (j->nodes[i].type == JSON_NUMBER && is_out_of_range(json_str(j, i)))
            return true;
    return false;
}

/* --- mutation --- */

/* What breaks readers: pieces of JSON, good and bad, that land anywhere. */
static const struct str pieces[] = {
    STR_INIT("\""),
    STR_INIT("\\"),
    STR_INIT("\\\""),
    STR_INIT("\\\\"),
    STR_INIT("\\/"),
    STR_INIT("\\b\\f\\n\\r\\t"),
    STR_INIT("\\x"),
    STR_INIT("\\u"),
    STR_INIT("\\u0000"),
    STR_INIT("\\u003c"),
    STR_INIT("\\u00E9"),
    STR_INIT("\\u20aC"),
    STR_INIT("\\ud83d\\ude00"),
    STR_INIT("\\ud83d"),
    STR_INIT("\\udc00"),
    STR_INIT("\\uDBFF\\uDFFF"),
    STR_INIT("\\u12"),
    STR_INIT("\xc3\xa9"),
    STR_INIT("\xe2\x82\xac"),
    STR_INIT("\xf0\x9f\x98\x80"),
    STR_INIT("\xc0\x80"),
    STR_INIT("\xed\xa0\x80"),
    STR_INIT("\xf4\x90\x80\x80"),
    STR_INIT("\xff"),
    STR_INIT("\x80"),
    STR_INIT("\xc3"),
    STR_INIT("\xe2\x82"),
    STR_INIT("\x01"),
    STR_INIT("\x1f"),
    STR_INIT("\x7f"),
    STR_INIT("\0"),
    STR_INIT("\n"),
    STR_INIT(" "),
    STR_INIT("\t\r\n "),
    STR_INIT("\v"),
    STR_INIT("\f"),
    STR_INIT("\xef\xbb\xbf"),
    STR_INIT("{"),
    STR_INIT("}"),
    STR_INIT("["),
    STR_INIT("]"),
    STR_INIT(":"),
    STR_INIT(","),
    STR_INIT("{}"),
    STR_INIT("[]"),
    STR_INIT(",,"),
    STR_INIT("\"a\":1,"),
    STR_INIT(",\"a\":1"),
    STR_INIT("\"\\u0061\":1,"),
    STR_INIT("\"\":{},"),
    STR_INIT("\"name\":null,"),
    STR_INIT(",\"value\":[\"\"]"),
    STR_INIT("true"),
    STR_INIT("false"),
    STR_INIT("null"),
    STR_INIT("nul"),
    STR_INIT("True"),
    STR_INIT("0"),
    STR_INIT("-"),
    STR_INIT("-0"),
    STR_INIT("01"),
    STR_INIT("1."),
    STR_INIT(".5"),
    STR_INIT("0.5"),
    STR_INIT("1e5"),
    STR_INIT("1E+05"),
    STR_INIT("1e-400"),
    STR_INIT("1e400"),
    STR_INIT("-1e999"),
    STR_INIT("9223372036854775807"),
    STR_INIT("9223372036854775808"),
    STR_INIT("-9223372036854775808"),
    STR_INIT("-9223372036854775809"),
    STR_INIT("0x1"),
    STR_INIT("+1"),
    STR_INIT("1e"),
    STR_INIT("e"),
    STR_INIT("/"),
    STR_INIT("//"),
    STR_INIT("NaN"),
};

struct text {
    char p[MAX_TEXT];
    size_t n;
};

/* Replaces `gone` bytes at `at` by `s`, which must not lie in t. */
static void splice(struct text *t, size_t at, size_t gone, struct str s) {
    if (t->n - gone + s.n > MAX_TEXT - 1)
        return;
    memmove(t->p + at + s.n, t->p + at + gone, t->n - at - gone);
    if (s.n != 0)
        memcpy(t->p + at, s.p, s.n);
    t->n = t->n - gone + s.n;
}

static size_t random_at(const struct text *t) {
    return random_below((uint32_t)t->n + 1);
}

static size_t random_length(const struct text *t, size_t at) {
    size_t n = random_below(random_below(8) == 0 ? 400 : 12);
    return n < t->n - at ? n : t->n - at;
}

/* A place after a byte that has a meaning, where pieces hurt most. */
static size_t random_border(const struct text *t) {
    size_t at = random_at(t);
    while (at < t->n && strchr("{}[]:,\"\\", t->p[at]) == NULL)
        at++;
    return at < t->n ? at + random_below(2) : t->n;
}

static void mutate_piece(struct text *t) {
    size_t at = random_below(2) ? random_border(t) : random_at(t);
    size_t gone = random_below(3) == 0 ? random_length(t, at) : 0;
    splice(t, at, gone, pieces[random_below(sizeof pieces / sizeof *pieces)]);
}

static void mutate_byte(struct text *t) {
    size_t at = random_at(t);
    if (at < t->n)
        t->p[at] = (char)(random_below(2) ? t->p[at] ^ (1 << random_below(8))
                                          : (int)random_below(256));
}

static void mutate_delete(struct text *t) {
    size_t at = random_at(t);
    splice(t, at, random_length(t, at), STR_NONE);
}

/* A part of the text once more, somewhere: keys that occur twice. */
static void mutate_copy(struct text *t) {
    char part[400];
    size_t from = random_border(t);
    size_t n = random_length(t, from);
    memcpy(part, t->p + from, n);
    splice(t, random_border(t), 0, (struct str){part, n});
}

static void mutate_cut(struct text *t) {
    t->n = random_at(t);
}

/* Blanks between tokens, or in a string, as it happens. */
static void mutate_blank(struct text *t) {
    static const struct str blanks[] = {STR_INIT(" "), STR_INIT("\n"), STR_INIT("\t"),
                                        STR_INIT("\r\n    ")};
    splice(t, random_border(t), 0, blanks[random_below(4)]);
}

/* A character, as it is or escaped, somewhere in a word: mostly in a string. */
static void mutate_letter(struct text *t) {
    static const struct str letters[] = {STR_INIT("x"),        STR_INIT("7"),
                                         STR_INIT("\\n"),      STR_INIT("\\\""),
                                         STR_INIT("\\u003c"),  STR_INIT("\\u00e9"),
                                         STR_INIT("\xc3\xa9"), STR_INIT("\\ud83d\\ude00"),
                                         STR_INIT("\\udc00"),  STR_INIT("\xc3"),
                                         STR_INIT("\\u0000"),  STR_INIT("\x7f")};
    size_t at = random_at(t);
    while (at < t->n && (ascii_lower(t->p[at]) < 'a' || ascii_lower(t->p[at]) > 'z'))
        at++;
    splice(t, at, 0, letters[random_below(sizeof letters / sizeof *letters)]);
}

static void mutate(struct text *t) {
    static void (*const ways[])(struct text *) = {mutate_piece, mutate_letter, mutate_byte,
                                                  mutate_copy,  mutate_delete, mutate_blank,
                                                  mutate_letter};
    for (uint32_t i = random_below(4); i-- > 0;)
        ways[random_below(sizeof ways / sizeof *ways)](t);
    if (random_below(40) == 0)
        mutate_cut(t);
}

/* --- the comparison --- */

static struct { size_t accepted, refused, out_of_range, skipped, odd; } seen;

/* "a" is in the pieces, the others in the reviews. */
static const struct json_skip skips[] = {
    {STR_INIT("managedFields"), true}, {STR_INIT("a"), false},
    {STR_INIT("containers"), false},   {STR_INIT("env"), false},
    {STR_INIT("labels"), false},       {STR_INIT("status"), false},
    {STR_INIT("userInfo"), false}};

/* The same text, skipped: no error more or less, but for keys that may occur twice. */
static void compare_skipped(struct str text, const struct doc *whole, const char *from,
                            size_t number) {
    struct json_limits limits = {.max_depth = 2000,
                                 .max_nodes = UINT32_MAX,
                                 .skip = skips,
                                 .n_skip = sizeof skips / sizeof *skips};
    struct doc d;
    doc_read(&d, text, limits, doc_paddings[number % sizeof doc_paddings]);
    bool agree = d.ec == whole->ec && d.err.offset == whole->err.offset &&
                 d.err.line == whole->err.line && d.err.col == whole->err.col &&
                 strcmp(d.err.msg, whole->err.msg) == 0;
    if (d.ec == EC_OK && whole->ec == EC_OK)
        agree = skip_agrees(&whole->j, &d.j, limits);
    else if ((whole->ec == EC_SCHEMA || !utf8_is_valid(text)) &&
             memmem(text.p, text.n, "managedFields", 13) != NULL)
        agree = true;
    if (!agree)
        fail_row("document %zu, from %s: whole \"%s\" (%zu), skipped \"%s\" (%zu):\n%.*s",
                 number, from, whole->err.msg, whole->err.offset, d.err.msg, d.err.offset,
                 STR_ARG(text));
    seen.skipped += d.ec == EC_OK && whole->ec == EC_OK && d.j.n_nodes < whole->j.n_nodes;
    doc_done(&d);
}

static void compare(struct str text, const char *from, size_t number) {
    json_error_t error;
    struct doc d;
    memset(&error, 0, sizeof error);
    json_t *theirs = json_loadb(
        text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    doc_read(&d, text, (struct json_limits){.max_depth = 2000, .max_nodes = UINT32_MAX},
             doc_paddings[number % sizeof doc_paddings]);
    bool odd = theirs == NULL && is_odd_to_jansson(&error);
    bool overflow = theirs == NULL && json_error_code(&error) == json_error_numeric_overflow;
    bool agree = (d.ec == EC_OK) == (theirs != NULL);
    if (d.ec == EC_OK)
        agree = odd        ? holds_odd(&d.j)
                : overflow ? holds_out_of_range(&d.j)
                           : theirs != NULL && same(&d.j, 0, theirs);
    else if (theirs != NULL)
        agree = is_skipped_nul(text, d.err.offset);
    if (!agree || d.err.offset > text.n)
        fail_row(
            "document %zu, from %s: json says \"%s\" (%zu), jansson says \"%s\" (%d):\n%.*s",
            number, from, d.err.msg, d.err.offset, theirs ? "" : error.text, error.position,
            STR_ARG(text));
    seen.accepted += theirs != NULL;
    seen.refused += d.ec != EC_OK;
    seen.out_of_range += d.ec == EC_OK && overflow;
    seen.odd += d.ec == EC_OK && odd;
    json_decref(theirs);
    compare_skipped(text, &d, from, number);
    doc_done(&d);
}

static const char *const files[] = {"configmap-update",     "cronjob-create-v1beta1",
                                    "deployment-create",    "pod-create-full",
                                    "pod-update-set-image", "pod-status-update"};
enum { FILES = sizeof files / sizeof *files };

static struct buf texts[FILES];
static struct doc trees[FILES]; /* the same, read */

static int load(void **state) {
    (void)state;
    for (size_t i = 0; i < FILES; i++) {
        char path[512];
        struct err err = ERR_INIT;
        texts[i] = (struct buf)BUF_INIT(1 << 20);
        snprintf(path, sizeof path, "%s/unit/data/json/%s.json", TESTS_DIR, files[i]);
        assert_ok(file_read(&texts[i], path, MAX_TEXT / 2, &err), &err);
        doc_read(&trees[i], buf_view(&texts[i]), JSON_LIMITS_DEFAULT, '\0');
        assert_ok(trees[i].ec, &trees[i].err);
    }
    return 0;
}

static int unload(void **state) {
    (void)state;
    for (size_t i = 0; i < FILES; i++) {
        doc_done(&trees[i]);
        buf_done(&texts[i]);
    }
    return 0;
}

/* One in eight is a whole review; the others are a part of one, where a mutation is more
 * likely to leave something that can be read. */
static void take_text(struct text *t, size_t file) {
    struct buf part = BUF_INIT(MAX_TEXT / 2);
    if (random_below(8) == 0)
        buf_str(&part, buf_view(&texts[file]));
    else
        json_print(&trees[file].j, random_below(trees[file].j.n_nodes), &part);
    t->n = 0;
    splice(t, 0, 0, buf_view(&part));
    buf_done(&part);
}

static void mutated_reviews_are_read_alike(void **state) {
    (void)state;
    static struct text t;
    for (size_t i = 0; i < FILES; i++)
        compare(buf_view(&texts[i]), files[i], i);
    assert_int_equal(seen.accepted, FILES);
    for (size_t i = 0; i < DOCUMENTS; i++) {
        size_t file = random_below(FILES);
        take_text(&t, file);
        mutate(&t);
        compare((struct str){t.p, t.n}, files[file], i);
    }
    print_message("%zu accepted, %zu refused, %zu with numbers out of range\n", seen.accepted,
                  seen.refused, seen.out_of_range);
    /* A mutation that is too wild or too tame would compare nothing. */
    assert_true(seen.accepted > DOCUMENTS / 4);
    assert_true(seen.refused > DOCUMENTS / 4);
    assert_true(seen.out_of_range > 5);
    assert_true(seen.odd > 100);
    assert_true(seen.skipped > DOCUMENTS / 40);
}

/* Small documents out of pieces alone: dense, where the others are long. */
static void documents_of_pieces_are_read_alike(void **state) {
    (void)state;
    static struct text t;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        static const char *const frames[] = {"", "[]", "\"\"", "{\"a\":}", "[0,{\"a\":\"\"}]"};
        const char *frame = frames[random_below(5)];
        t.n = 0;
        splice(&t, 0, 0, str_of(frame));
        for (uint32_t k = 1 + random_below(6); k-- > 0;)
            splice(&t, random_border(&t), 0,
                   pieces[random_below(sizeof pieces / sizeof *pieces)]);
        compare((struct str){t.p, t.n}, "pieces", i);
    }
}

/* Escapes at each place of a block and across its border, in strings that are skipped. */
static void strings_of_escapes_are_read_alike(void **state) {
    (void)state;
    static const struct str parts[] = {
        STR_INIT("\\\\"),  STR_INIT("\\\""),     STR_INIT("\\n"),
        STR_INIT("\\/"),   STR_INIT("\\u0041"),  STR_INIT("\\ud83d\\ude00"),
        STR_INIT("x"),     STR_INIT("plain"),    STR_INIT("a run of sixteen"),
        STR_INIT("u"),     STR_INIT("\xc3\xa9"), STR_INIT("\xf0\x9f\x98\x80"),
        STR_INIT("\\u00"), STR_INIT("\\ud83d"),  STR_INIT("\\ude00"),
        STR_INIT("\\x"),   STR_INIT("\\"),       STR_INIT("\x1f"),
        STR_INIT("\xc3"),  STR_INIT("\\u0000"),  STR_INIT("\"")};
    enum { GOOD = 12, ALL = sizeof parts / sizeof *parts };
    size_t skipped_before = seen.skipped, refused_before = seen.refused;
    static struct text t;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        t.n = 0;
        splice(&t, 0, 0, STR("{\"a\":[\""));
        for (uint32_t k = random_below(24); k-- > 0;)
            splice(&t, t.n, 0, parts[random_below(random_below(30) == 0 ? ALL : GOOD)]);
        splice(&t, t.n, 0, STR("\"]}"));
        compare((struct str){t.p, t.n}, "escapes", i);
    }
    assert_true(seen.skipped - skipped_before > DOCUMENTS / 4);
    assert_true(seen.refused - refused_before > DOCUMENTS / 20);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(mutated_reviews_are_read_alike),
    cmocka_unit_test(documents_of_pieces_are_read_alike),
    cmocka_unit_test(strings_of_escapes_are_read_alike),
};

int main(void) {
    return cmocka_run_group_tests(tests, load, unload);
}
