#include "object/operand.h"

#include "base/utf8.h"
#include "object/inputs.h"

#include <sys/stat.h>

static bool exists(const char *path, struct stat *st) {
    return stat(path, st) == 0;
}

bool object_operand_is_folder(const char *path) {
    struct stat st;
    return exists(path, &st) && S_ISDIR(st.st_mode);
}

bool object_operand_is_file(const char *word) {
    struct stat st;
    struct str s = str_of(word);
    return str_eq(s, STR("-")) || exists(word, &st) || str_ends(s, STR(".yaml")) ||
           str_ends(s, STR(".yml")) || str_ends(s, STR(".json"));
}

static struct str next_line(struct str text, size_t *at) {
    struct str rest = str_slice(text, *at, text.n);
    size_t end = str_find(rest, '\n');
    *at += end + 1;
    return str_slice(rest, 0, end);
}

static struct str image_name(struct str line) {
    return str_trim(str_slice(line, 0, str_find(line, '#')));
}

static bool is_key(struct str name) {
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == ':' &&
            (i + 1 == name.n || name.p[i + 1] == ' ' || name.p[i + 1] == '\t'))
            return true;
    return false;
}

static bool is_text(struct str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' && str_find(STR("\t\n\r"), s.p[i]) == 3)
            return false;
    return true;
}

bool object_operand_is_list(const char *name, struct str text) {
    struct str trimmed = str_trim(str_slice(text, utf8_mark_bytes(text), text.n));
    if (object_inputs_is_manifest(str_of(name)) || !is_text(text) || trimmed.n == 0 ||
        trimmed.p[0] == '{' || trimmed.p[0] == '[')
        return false;
    for (size_t at = 0; at < text.n;)
        if (is_key(image_name(next_line(text, &at))))
            return false;
    return true;
}

bool object_operand_next(struct str text, size_t *at, uint32_t *line, struct str *name) {
    if (*at == 0)
        *at = utf8_mark_bytes(text);
    while (*at < text.n) {
        *name = image_name(next_line(text, at));
        (*line)++;
        if (name->n != 0)
            return true;
    }
    return false;
}
