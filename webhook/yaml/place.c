#include "yaml/inner.h"

#include "base/mem.h"
#include "base/utf8.h"

static void step(struct place *p, struct str text) {
    unsigned char c = (unsigned char)text.p[p->off];
    size_t length = utf8_length((const unsigned char *)text.p + p->off, text.n - p->off);
    bool crlf = c == '\r' && p->off + 1 < text.n && text.p[p->off + 1] == '\n';
    p->off += crlf ? 2 : length ? length : 1;
    p->index++;
    if (c == '\n' || c == '\r') {
        p->line++;
        p->line_at = p->off;
    }
}

void place_to_index(struct place *p, struct str text, size_t index) {
    while (p->index < index && p->off < text.n)
        step(p, text);
}

void place_to_offset(struct place *p, struct str text, size_t off) {
    while (p->off < off && p->off < text.n)
        step(p, text);
}

struct yaml_pos place_pos(const struct place *p) {
    size_t col = p->off - p->line_at + 1;
    return (struct yaml_pos){p->line, col > UINT32_MAX ? UINT32_MAX : (uint32_t)col};
}

enum ec place_err(struct err *err, struct yaml_pos pos) {
    err_place(err, NULL, pos.line, pos.col);
    return err->code;
}

enum ec positions_room(struct positions *to, size_t more, uint32_t max, struct err *err) {
    if (more > max || to->n > max - more)
        return err_set(err, EC_LIMIT, "more than %u values and keys in one document", max);
    if (more <= to->cap - to->n)
        return EC_OK;
    uint32_t cap = to->cap < max / 2 ? to->cap * 2 : max;
    if (cap < to->n + more)
        cap = to->n + (uint32_t)more;
    if (cap < 64 && max >= 64)
        cap = 64;
    void *p = mem_realloc(to->p, mem_array_bytes(cap, sizeof *to->p));
    if (p == NULL)
        return err_set(err, EC_NOMEM, "no memory for positions");
    to->p = p;
    to->cap = cap;
    return EC_OK;
}
