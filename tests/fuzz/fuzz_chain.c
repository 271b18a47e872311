/* chain: a Certificate message, after a byte that says of which version, is taken, or refused with a reason
 * about the client's certificate. What is taken has the certificates and the bytes that its lengths say. */
#include "server/chain.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static size_t number(const uint8_t *p) {
    return (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    if (n == 0)
        return 0;
    bool is_1_3 = bytes[0] & 1;
    const char *trouble =
        server_chain_trouble((struct str){(const char *)bytes + 1, n - 1}, is_1_3);
    const uint8_t *list = bytes + 1;
    if (trouble != NULL) {
        if (!str_starts(str_of(trouble), STR("client certificate: ")))
            abort();
        return 0;
    }
    list += is_1_3 ? 1 + list[0] : 0;
    if (list + 3 > bytes + n || list + 3 + number(list) > bytes + n) {
        fprintf(stderr, "chain: taken, and longer than the message\n");
        abort();
    }
    return 0;
}
