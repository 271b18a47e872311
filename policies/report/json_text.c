#include "report/json_text.h"

void report_json(struct buf *out, const char *before, struct str value) {
    buf_puts(out, before);
    buf_json(out, value);
}

void report_json_string(struct buf *out, const char *key, struct str value) {
    buf_printf(out, ",\"%s\":", key);
    buf_json(out, value);
}

void report_json_number(struct buf *out, const char *key, size_t value) {
    buf_printf(out, ",\"%s\":%zu", key, value);
}

void report_json_bool(struct buf *out, const char *key, bool value) {
    buf_printf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

void report_json_position(struct buf *out, uint32_t line, uint32_t col) {
    buf_printf(out, ",\"line\":%u,\"column\":%u", line, col);
}
