#include "base/mem.h"
#include "kube/internal.h"

/* Before each block: its size, for the wipe. */
union header {
    size_t n;
    max_align_t align;
};

void *kube_alloc(size_t n) {
    union header *h = n > SIZE_MAX - sizeof *h ? NULL : mem_alloc(sizeof *h + n);
    if (h == NULL)
        return NULL;
    h->n = n;
    return h + 1;
}

void kube_release(void *p) {
    if (p == NULL)
        return;
    union header *h = (union header *)p - 1;
    explicit_bzero(h, sizeof *h + h->n);
    mem_free(h);
}

static void *grow(void *p, size_t n) {
    void *new = kube_alloc(n);
    if (new == NULL || p == NULL)
        return new;
    size_t old = ((union header *)p - 1)->n;
    memcpy(new, p, old < n ? old : n);
    kube_release(p);
    return new;
}

static void *zalloc(size_t count, size_t size) {
    size_t n = mem_array_bytes(count, size);
    if (n == 0 && count != 0 && size != 0)
        return NULL;
    void *p = kube_alloc(n);
    return p == NULL ? NULL : memset(p, 0, n);
}

static char *duplicate(const char *z) {
    size_t n = strlen(z) + 1;
    void *p = kube_alloc(n);
    return p == NULL ? NULL : memcpy(p, z, n);
}

enum ec kube_init(struct err *err) {
    CURLcode result = curl_global_init_mem(CURL_GLOBAL_DEFAULT, kube_alloc, kube_release, grow,
                                           duplicate, zalloc);
    if (result == CURLE_OUT_OF_MEMORY)
        return err_set(err, EC_NOMEM, "no memory for libcurl");
    return result == CURLE_OK ? EC_OK
                              : err_set(err, EC_BUG, "libcurl: %s", curl_easy_strerror(result));
}

void kube_quit(void) {
    curl_global_cleanup();
}
