#!/usr/bin/env bash
# headers - every header compiles alone. Public ones by CMake's own target, the modules' private
# ones and the tests' by the compiler here.
# Use   headers.sh BUILD_DIR
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
build=${1:?headers.sh BUILD_DIR}
out=$(cmake --build "$build" --target all_verify_interface_header_sets 2>&1) ||
    complain "$out"
compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
read -ra flags <<<"$(pkg-config --cflags libmicrohttpd gnutls jansson libpcre2-8 yaml-0.1 libcrypto cmocka)"
while IFS= read -r file; do
    # macros alone, which ISO C does not accept as a translation unit
    [[ $file == webhook/base/attrs.h ]] && continue
    seen=$((seen + 1))
    out=$("$compiler" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c \
        -Wno-unused-function -Iwebhook -Ipolicies -I. -Itests/unit "${flags[@]}" "$file" 2>&1) ||
        complain "$out"
done < <(files '*.h')
verdict 30
