/* An object with its edits as YAML. */
#include "edit/patch.h"
#include "yaml/print.h"

/* ---- what strings need ------------------------------------------------------------------ */

static void ignore_begin(void *arg, enum json_type type, size_t n) {
    (void)arg;
    (void)type;
    (void)n;
}

static void ignore_end(void *arg, enum json_type type) {
    (void)arg;
    (void)type;
}

static void look_at_key(void *arg, struct str s) {
    yaml_print_look_at_key(arg, s);
}

static void look_at_string(void *arg, struct str s) {
    yaml_print_look_at(arg, s);
}

static void look_at_node(void *arg, const struct json *j, json_at at) {
    yaml_print_look(arg, j, at);
}

/* ---- printing ------------------------------------------------------------------------ */

static void begin(void *arg, enum json_type type, size_t n) {
    yaml_printer_begin(arg, type == JSON_OBJECT, n == 0);
}

static void end(void *arg, enum json_type type) {
    yaml_printer_end(arg, type == JSON_OBJECT);
}

static void string(void *arg, struct str s) {
    yaml_printer_string(arg, s);
}

static void node(void *arg, const struct json *j, json_at at) {
    yaml_printer_node(arg, j, at);
}

enum ec edit_patch_yaml(const struct json *j, json_at object, const struct engine_edit *edits,
                        size_t n_edits, struct buf *out, struct err *err) {
    enum yaml_print_strings strings = YAML_PRINT_EASY;
    struct yaml_printer *p = NULL;
    const struct edit_patch_sink look = {.begin = ignore_begin,
                                         .end = ignore_end,
                                         .key = look_at_key,
                                         .string = look_at_string,
                                         .node = look_at_node,
                                         .arg = &strings};
    struct edit_patch_sink print = {
        .begin = begin, .end = end, .key = string, .string = string, .node = node};
    if (edit_patch_walk(j, object, edits, n_edits, &look, err) != EC_OK ||
        yaml_printer_open(&p, out, strings, err) != EC_OK)
        return err->code;
    print.arg = p;
    (void)!edit_patch_walk(j, object, edits, n_edits, &print, err);
    return yaml_printer_close(p, err);
}
