/* reads - what yaml/ makes of streams.
 * Use     reads <INPUTS >ANSWERS
 * Reads   fields of length (four bytes, little-endian) and bytes: a stream each
 * Writes  for each the fields "d" + JSON, one per document, and at its end "e" + error or "z" (the last);
 *         kubectl stops at the first error, and so does this */
#include "base/mem.h"
#include "yaml/yaml.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 1 << 24 };

static uint32_t read_size(void) {
    unsigned char size[4];
    size_t n = fread(size, 1, sizeof size, stdin);
    if (n == 0 && feof(stdin))
        exit(fflush(stdout) == 0 ? 0 : 2);
    uint32_t v =
        size[0] | (uint32_t)size[1] << 8 | (uint32_t)size[2] << 16 | (uint32_t)size[3] << 24;
    if (n != sizeof size || v > TEXT_MAX) {
        fprintf(stderr, "reads: a field of %u bytes\n", v);
        exit(2);
    }
    return v;
}

static void write_field(char kind, const char *bytes, size_t n) {
    const size_t all = n + 1;
    const unsigned char head[] = {(unsigned char)all, (unsigned char)(all >> 8),
                                  (unsigned char)(all >> 16), (unsigned char)(all >> 24),
                                  (unsigned char)kind};
    if (fwrite(head, 1, sizeof head, stdout) != sizeof head ||
        fwrite(bytes, 1, n, stdout) != n) {
        perror("reads");
        exit(2);
    }
}

static void answer(struct str text) {
    struct yaml *yaml = NULL;
    struct yaml_doc *doc = NULL;
    struct err err = ERR_INIT;
    enum ec ec = yaml_open(&yaml, text, YAML_LIMITS_DEFAULT, &err);
    while (ec == EC_OK && (ec = yaml_next(yaml, &doc, &err)) == EC_OK && doc != NULL)
        write_field('d', doc->raw, doc->raw_bytes);
    yaml_close(yaml);
    if (ec == EC_OK)
        write_field('z', "", 0);
    else
        write_field('e', err.msg, strlen(err.msg));
}

int main(void) {
    for (;;) {
        uint32_t n = read_size();
        /* Not one byte more than there is, for the sanitizers. */
        char *text = mem_alloc(n + (n == 0));
        if (text == NULL || fread(text, 1, n, stdin) != n) {
            fprintf(stderr, "reads: the input ends within a field\n");
            return 2;
        }
        answer((struct str){text, n});
        mem_free(text);
    }
}
