/* What was not judged, in words. */
#include "report/report.h"

static void put_why(struct buf *out, const struct subject *s) {
    const struct workload *w = s->workload;
    switch (s->unjudged->why) {
    case UNJUDGED_EMPTY:
        buf_puts(out, "no containers, which the API server refuses");
        return;
    case UNJUDGED_CASE:
        buf_puts(out, "no kind \"");
        escape_text(out, w->kind);
        buf_printf(out, "\", expected %.*s", STR_ARG(s->unjudged->kind));
        return;
    default:
        buf_puts(out, "kind ");
        escape_text(out, w->kind);
        buf_puts(out, " of ");
        escape_text(out, w->api_version);
        buf_puts(out, " is none that pullgate judges");
    }
}

static void put_place(struct buf *out, const struct subject *s,
                      const struct unjudged_place *place) {
    struct buf text = BUF_INIT(1 << 16);
    if (place->name.n != 0) {
        unjudged_put_image(&text, place);
        buf_puts(out, "image \"");
        escape_text(out, buf_view(&text));
        buf_puts(out, "\" at ");
    }
    buf_reset(&text);
    json_path(s->doc->json, s->object, place->at, &text);
    escape_text(out, buf_view(&text));
    buf_done(&text);
}

void print_unjudged(struct buf *out, const struct subject *s) {
    const struct unjudged *u = s->unjudged;
    put_why(out, s);
    for (size_t i = 0; i < u->n && i < UNJUDGED_MAX; i++) {
        buf_puts(out, i == 0 ? "; seen: " : ", ");
        put_place(out, s, &u->places[i]);
    }
    if (u->n > UNJUDGED_MAX)
        buf_printf(out, " and %zu more", u->n - UNJUDGED_MAX);
}

struct yaml_pos print_unjudged_where(const struct subject *s) {
    return s->doc->pos[s->unjudged->places[0].at];
}

void print_unjudged_line(struct buf *out, const struct subject *s) {
    struct yaml_pos pos = print_unjudged_where(s);
    struct buf name = BUF_INIT(1 << 20);
    escape_text(out, str_of(s->file));
    buf_printf(out, ":%u:%u: not judged: ", pos.line, pos.col);
    print_object_name(&name, s);
    escape_text(out, buf_view(&name));
    buf_done(&name);
    buf_puts(out, ": ");
    print_unjudged(out, s);
    buf_putc(out, '\n');
}
