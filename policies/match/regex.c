#include "match/regex.h"

#include "base/mem.h"
#include "match/refuse.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Steps of one match, far above what a sane pattern needs for a name of a few hundred bytes. PCRE2 does not
 * report how many it took: a match is tried with few, then with more. */
enum { STEPS_MIN = 16, STEPS_MORE = 4, STEPS_MAX = 100000 };
enum { DEPTH_MAX = 5000, HEAP_MAX_KIB = 1024 };

struct match_regex {
    pcre2_code *code;
    size_t n_code; /* its bytes */
};

/* ---- memory -------------------------------------------------------------------------- */

static void *from_heap(size_t n, void *unused) {
    (void)unused;
    return mem_alloc(n);
}

static void to_heap(void *p, void *unused) {
    (void)unused;
    mem_free(p);
}

/* What matching writes to, for all matches of one meter. */
struct match_room {
    pcre2_match_context *limits;
    pcre2_match_data *data;
};

static void *from_meter(size_t n, void *meter) {
    struct arena *arena = ((struct match_meter *)meter)->arena;
    return arena != NULL ? arena_alloc(arena, n) : mem_alloc(n);
}

static void to_meter(void *p, void *meter) {
    if (((struct match_meter *)meter)->arena == NULL)
        mem_free(p);
}

/* What is in an arena stays there. */
static void leave_room(struct match_meter *meter) {
    if (meter->arena != NULL || meter->room == NULL)
        return;
    pcre2_match_data_free(meter->room->data);
    pcre2_match_context_free(meter->room->limits);
    mem_free(meter->room);
    meter->room = NULL;
}

static bool enter_room(struct match_meter *meter) {
    if (meter->room != NULL)
        return true;
    struct match_room *room = from_meter(sizeof *room, meter);
    pcre2_general_context *memory = pcre2_general_context_create(from_meter, to_meter, meter);
    if (room != NULL && memory != NULL)
        *room = (struct match_room){.limits = pcre2_match_context_create(memory),
                                    .data = pcre2_match_data_create(1, memory)};
    else if (room != NULL)
        *room = (struct match_room){.limits = NULL};
    pcre2_general_context_free(memory);
    meter->room = room;
    if (room == NULL || room->limits == NULL || room->data == NULL) {
        leave_room(meter);
        meter->room = NULL;
        return false;
    }
    pcre2_set_depth_limit(room->limits, DEPTH_MAX);
    pcre2_set_heap_limit(room->limits, HEAP_MAX_KIB);
    return true;
}

/* ---- compiling ----------------------------------------------------------------------- */

/* NEVER_UTF, NEVER_UCP: nor can a pattern switch them on by `(*UTF)`. DOLLAR_ENDONLY: `$` is
 * the end, not also the place before a newline there. */
static const uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
                                PCRE2_NEVER_UTF | PCRE2_NEVER_UCP;

static enum ec refuse_regex(int code, size_t at, struct err *err) {
    unsigned char reason[256] = "";
    if (code == PCRE2_ERROR_HEAP_FAILED)
        return err_set(err, EC_NOMEM, "out of memory");
    (void)pcre2_get_error_message(code, reason, sizeof reason);
    return refuse(err, at, "regex: %s", (const char *)reason);
}

static enum ec compile_code(struct match_regex *r, struct str regex,
                            pcre2_compile_context *context, struct err *err) {
    int code = 0;
    PCRE2_SIZE at = 0;
    r->code = pcre2_compile((PCRE2_SPTR)regex.p, regex.n, options, &code, &at, context);
    if (r->code == NULL)
        return refuse_regex(code, at, err);
    (void)pcre2_pattern_info(r->code, PCRE2_INFO_SIZE, &r->n_code);
    return EC_OK;
}

static enum ec compile_parts(struct match_regex *r, struct str regex, struct err *err) {
    pcre2_general_context *memory = pcre2_general_context_create(from_heap, to_heap, NULL);
    pcre2_compile_context *context = memory ? pcre2_compile_context_create(memory) : NULL;
    enum ec ec = context != NULL ? compile_code(r, regex, context, err)
                                 : err_set(err, EC_NOMEM, "out of memory");
    pcre2_compile_context_free(context);
    pcre2_general_context_free(memory);
    return ec;
}

enum ec match_regex_compile(struct match_regex **out, struct str regex, struct err *err) {
    struct match_regex *r = mem_zalloc(sizeof *r);
    if (r == NULL)
        return err_set(err, EC_NOMEM, "out of memory");
    enum ec ec = compile_parts(r, regex, err);
    if (ec != EC_OK) {
        match_regex_free(r);
        return ec;
    }
    *out = r;
    return EC_OK;
}

void match_regex_free(struct match_regex *r) {
    if (r == NULL)
        return;
    pcre2_code_free(r->code);
    mem_free(r);
}

/* ---- matching ------------------------------------------------------------------------ */

static enum match_result match_result_of(int rc) {
    if (rc >= 0)
        return MATCH_YES;
    return rc == PCRE2_ERROR_NOMATCH ? MATCH_NO : MATCH_GAVE_UP;
}

/* What one of PCRE2's steps may take: between two that it counts it reads the text once at most, and
 * the code. */
static uint64_t weight_of(const struct match_regex *r, struct str text) {
    enum { CODE_HEAD = 128, CODE_BYTES = 16, TEXT_BYTES = 32 };
    size_t code = r->n_code > CODE_HEAD ? r->n_code - CODE_HEAD : 0;
    return 1 + text.n / TEXT_BYTES + code / CODE_BYTES;
}

static int attempt(const struct match_regex *r, struct str text, struct match_meter *meter,
                   uint32_t steps) {
    if (!enter_room(meter))
        return PCRE2_ERROR_NOMEMORY;
    pcre2_set_match_limit(meter->room->limits, steps);
    int rc = pcre2_match(r->code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0,
                         meter->room->data, meter->room->limits);
    leave_room(meter);
    return rc;
}

enum match_result match_regex(const struct match_regex *r, struct str text,
                              struct match_meter *meter) {
    uint64_t weight = weight_of(r, text);
    int rc = PCRE2_ERROR_MATCHLIMIT;
    for (uint32_t steps = STEPS_MIN; rc == PCRE2_ERROR_MATCHLIMIT && !meter->spent;) {
        uint64_t affordable = meter->left / weight;
        uint32_t tried = steps < affordable ? steps : (uint32_t)affordable;
        if (tried != 0)
            rc = attempt(r, text, meter, tried);
        /* More than there is, where what there is was not enough. */
        match_charge(meter, (rc == PCRE2_ERROR_MATCHLIMIT ? steps : tried) * weight);
        if (steps == STEPS_MAX)
            break;
        steps = steps < STEPS_MAX / STEPS_MORE ? steps * STEPS_MORE : STEPS_MAX;
    }
    return match_result_of(rc);
}
