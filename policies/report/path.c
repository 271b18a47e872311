/* Paths as pull requests and code scanning have them. */
#include "report/report.h"

#include <unistd.h>

static bool stays_in_uri(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~/@+,=!$&'()*;", c) != NULL);
}

static void put_escaped(struct buf *out, struct str path) {
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (stays_in_uri(c))
            buf_putc(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* The part below the working directory; false when it is outside. */
static bool below_here(struct str *path) {
    char here[4096];
    if (getcwd(here, sizeof here) == NULL)
        return false;
    struct str folder = str_of(here);
    if (str_eq(folder, STR("/")))
        folder.n = 0;
    if (!str_starts(*path, folder) || path->n <= folder.n + 1 || path->p[folder.n] != '/')
        return false;
    *path = str_slice(*path, folder.n + 1, path->n);
    return true;
}

struct str report_path(struct str path) {
    while (str_starts(path, STR("./")))
        for (path = str_slice(path, 2, path.n); str_starts(path, STR("/"));)
            path = str_slice(path, 1, path.n);
    if (str_starts(path, STR("/")))
        (void)!below_here(&path);
    return path;
}

void report_uri(struct buf *out, struct str path) {
    struct str rest = report_path(path);
    if (str_starts(rest, STR("/")))
        buf_puts(out, "file://");
    put_escaped(out, rest);
}
