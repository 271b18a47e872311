/* replay - runs a fuzz target over its corpus where there is no libFuzzer.
 * Use     corpus_<module> FOLDER...; every file in it is one input
 * Rules   a folder that is missing, or that holds no file, is a failure: it would be green by
 *         testing nothing                                                                    */
#include "base/buf.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { INPUT_MAX = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Exactly as long as the input: AddressSanitizer sees the first byte after it. */
static void run_input(struct str bytes) {
    uint8_t *exact = malloc(bytes.n + (bytes.n == 0));
    if (exact == NULL)
        abort();
    if (bytes.n != 0)
        memcpy(exact, bytes.p, bytes.n);
    LLVMFuzzerTestOneInput(exact, bytes.n);
    free(exact);
}

static bool run_file(const char *folder, const char *name) {
    struct buf path = BUF_INIT(4096), bytes = BUF_INIT(INPUT_MAX);
    struct err err = ERR_INIT;
    buf_printf(&path, "%s/%s", folder, name);
    const char *z = buf_z(&path);
    bool good = z != NULL && file_read(&bytes, z, INPUT_MAX, &err) == EC_OK;
    if (good) {
        /* Before it runs: the last line names the input of a crash. */
        printf("%s\n", z);
        fflush(stdout);
        run_input(buf_view(&bytes));
    } else {
        fprintf(stderr, "%s\n", z != NULL ? err.msg : "a path that is too long");
    }
    buf_done(&path);
    buf_done(&bytes);
    return good;
}

static int visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* Number of inputs run; -1 when the folder or a file cannot be read. */
static int run_folder(const char *folder) {
    struct dirent **entries;
    int n = scandir(folder, &entries, visible, alphasort), bad = 0;
    if (n < 0) {
        perror(folder);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        bad += !run_file(folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return bad ? -1 : n;
}

int main(int argc, char **argv) {
    int total = 0;
    run_input(STR(""));
    for (int i = 1; i < argc; i++) {
        int n = run_folder(argv[i]);
        if (n <= 0) {
            fprintf(stderr, "%s: %s\n", argv[i], n == 0 ? "an empty corpus" : "not replayed");
            return 1;
        }
        total += n;
    }
    if (total == 0)
        fprintf(stderr, "no corpus was given\n");
    printf("%d inputs\n", total);
    return total == 0;
}
