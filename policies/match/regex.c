#include "match/regex.h"

#include "base/mem.h"
#include "match/refuse.h"

#include <stdalign.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Far above what a sane pattern needs for a name of a few hundred bytes, and still reached
 * within a few milliseconds by one that backtracks without end. */
enum { STEPS_MAX = 50000, DEPTH_MAX = 5000, HEAP_MAX_KIB = 1024 };

struct match_regex {
    pcre2_code *code;
    pcre2_match_context *limits; /* only read while matching */
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

/* PCRE2 writes to a block per match. It stands on the caller's stack: no lock, no heap, and no
 * state of the thread that somebody would have to free when the thread ends. The interpreter
 * (where there is no JIT) asks for more than fits; that comes from the heap. */
struct scratch {
    size_t used;
    alignas(max_align_t) unsigned char bytes[512];
};

static void *from_scratch(size_t n, void *scratch) {
    struct scratch *s = scratch;
    const size_t align = alignof(max_align_t);
    if (n > sizeof s->bytes - s->used)
        return mem_alloc(n);
    void *p = s->bytes + s->used;
    s->used += (n + align - 1) / align * align;
    return p;
}

static void to_scratch(void *p, void *scratch) {
    const struct scratch *s = scratch;
    if ((uintptr_t)p - (uintptr_t)s->bytes >= sizeof s->bytes)
        mem_free(p);
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
    /* Without JIT (not built in, or no executable memory allowed) the interpreter does. */
    (void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
    return EC_OK;
}

static enum ec compile_parts(struct match_regex *r, struct str regex, struct err *err) {
    pcre2_general_context *memory = pcre2_general_context_create(from_heap, to_heap, NULL);
    pcre2_compile_context *context = memory ? pcre2_compile_context_create(memory) : NULL;
    r->limits = memory ? pcre2_match_context_create(memory) : NULL;
    enum ec ec = context != NULL && r->limits != NULL ? compile_code(r, regex, context, err)
                                                      : err_set(err, EC_NOMEM, "out of memory");
    pcre2_compile_context_free(context);
    pcre2_general_context_free(memory);
    if (ec != EC_OK)
        return ec;
    pcre2_set_match_limit(r->limits, STEPS_MAX);
    pcre2_set_depth_limit(r->limits, DEPTH_MAX);
    pcre2_set_heap_limit(r->limits, HEAP_MAX_KIB);
    return EC_OK;
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
    pcre2_match_context_free(r->limits);
    mem_free(r);
}

/* ---- matching ------------------------------------------------------------------------ */

static enum match_result result_of(int rc) {
    if (rc >= 0)
        return MATCH_YES;
    return rc == PCRE2_ERROR_NOMATCH ? MATCH_NO : MATCH_GAVE_UP;
}

enum match_result match_regex(const struct match_regex *r, struct str text) {
    struct scratch scratch;
    scratch.used = 0;
    pcre2_general_context *memory =
        pcre2_general_context_create(from_scratch, to_scratch, &scratch);
    pcre2_match_data *data = memory ? pcre2_match_data_create(1, memory) : NULL;
    int rc = PCRE2_ERROR_NOMEMORY;
    if (data != NULL)
        rc = pcre2_match(r->code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0, data,
                         r->limits);
    pcre2_match_data_free(data);
    pcre2_general_context_free(memory);
    return result_of(rc);
}
