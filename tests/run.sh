#!/usr/bin/env bash
# All tests, from a fresh Debian 12 (bookworm) to one line: "N passed, M failed".
#
#   tests/run.sh [--quick] [--offline] [--no-install]
#
#   --quick        the dev preset only
#   --offline      without what needs the network the first time: the tests in a cluster and those with
#                  kubectl, which are built from Go modules in some minutes, the image, which is built on a
#                  separate Debian (both are kept below build/), and what is compared with libraries of
#                  Kubernetes, which are Go modules
#   --no-install   install nothing, take what is there
#
# What it needs is in tests/packages.txt; what is missing of it is installed by apt-get (as root,
# or by sudo). With everything installed and built once it needs no network. PULLGATE_FUZZ_SECONDS is how long each
# fuzz target runs (30; 0 leaves them out). Output of each step: build/logs/.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

# So many tests there are at least. A slip that loses tests leaves ctest green; not this line.
floor_all=290
floor_quick=100

fuzz_seconds=${PULLGATE_FUZZ_SECONDS:-30}
# Parts of ctest's expressions; filters.sh holds that each matches a test.
# Tests of what runs in several threads.
threaded=('^unit\.server' '^unit\.audit' '^unit\.metrics' '^unit\.nomem_daemon' '^unit\.match' '^cli\.verbs' '^cli\.flags' '^http\.' '^chaos\.')
# What qemu-user runs. It carries no seccomp filter, and a server in it is too slow for its own deadlines; keys and
# budgets take minutes there, and depend on no architecture.
emulated=('^unit' '^golden' '^corpus' '^lint\.elf')
not_emulated=('^unit\.sandbox' '^unit\.server' '^unit\.nomem' '^unit\.certs_rotate' '^unit\.budget' '^corpus\.http' '^golden\.https' '^golden\.cli')

quick=no install=yes offline=no
for arg in "$@"; do
    case $arg in
    --quick) quick=yes ;;
    --offline) offline=yes ;;
    --no-install) install=no ;;
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
        exit 0
        ;;
    *)
        echo "run.sh: unknown option $arg; try --help" >&2
        exit 2
        ;;
    esac
done

logs=build/logs
jobs=$(nproc)
passed=0 failed=0 broken=0
mkdir -p $logs

# step NAME COMMAND...: runs it with its output in a log; shows the log's end if it fails.
step() {
    local name=$1 log=$logs/${1//[^a-z0-9]/-}.log start=$SECONDS status
    shift
    "$@" >"$log" 2>&1 </dev/null
    status=$?
    printf '%s  %-28s %4d s  %s\n' "$(date +%H:%M:%S)" "$name" $((SECONDS - start)) \
        "$([[ $status == 0 ]] && echo ok || echo "FAILED ($status)")"
    ((status == 0)) && return 0
    broken=$((broken + 1))
    tail -n 40 "$log" | sed 's/^/    /'
    echo "    all of it: $log"
    return 1
}

# ---- what is needed ------------------------------------------------------------------------

# A name without an architecture is the machine's own, also where another's is installed beside it.
missing_packages() {
    local package own
    own=$(dpkg --print-architecture)
    while read -r package; do
        dpkg-query -W -f='${Architecture} ${db:Status-Status}\n' "$package" 2>/dev/null |
            grep -qE "^(all|${own}|${package##*:}) installed\$" || echo "$package"
    done < <(sed 's/#.*//; s/[[:space:]]//g; /^$/d' tests/packages.txt)
}

install_packages() { # PACKAGE...
    local sudo=()
    [[ $(id -u) == 0 ]] || sudo=(sudo)
    [[ $* != *:arm64* ]] || "${sudo[@]}" dpkg --add-architecture arm64
    "${sudo[@]}" apt-get update &&
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

mapfile -t missing < <(missing_packages)
if ((${#missing[@]} > 0)); then
    if [[ $install == yes ]]; then
        echo "to install: ${missing[*]}"
        step "install" install_packages "${missing[@]}" || exit 1
    else
        echo "not installed: ${missing[*]}"
    fi
fi

# The sanitizers of clang 14 lay their shadow where a kernel with much randomness may have put
# something else already.
steady=()
setarch "$(uname -m)" -R true 2>/dev/null && steady=(setarch "$(uname -m)" -R)

# A second checkout compiles nothing anew.
if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=time_macros
fi

# ---- building and testing ------------------------------------------------------------------

build() { # PRESET
    step "$1: configure" cmake --preset "$1" &&
        step "$1: build" cmake --build --preset "$1" -j "$jobs"
}

count() { # JUNIT FILE: adds to passed and failed; what was skipped did not pass
    local all bad
    all=$(sed -n 's/^[[:space:]]*tests="\([0-9]*\)".*/\1/p' "$1" 2>/dev/null | head -n 1)
    bad=$(sed -n 's/^[[:space:]]*\(failures\|disabled\|skipped\)="\([0-9]*\)".*/\2/p' "$1" 2>/dev/null |
        paste -sd+ | sed 's/^$/0/')
    bad=$((${bad:-0}))
    passed=$((passed + ${all:-0} - bad))
    failed=$((failed + bad))
}

filter() { # PRESET OPTION PART...: adds to the arguments in `filters`
    local parts
    parts=$(tests/filters.sh "build/$1" "${@:2}") || broken=$((broken + 1))
    filters+=("$2" "$parts")
}

test_preset() { # PRESET: its tests, by the `filters` for it; two at a time, where they allow it
    local preset=$1 junit=$PWD/$logs/$1.xml
    rm -f "$junit"
    step "$preset: test" "${steady[@]}" ctest --preset "$preset" -j 2 --output-junit "$junit" "${filters[@]}" ||
        python3 tests/failures.py "$junit" | sed 's/^/    /'
    count "$junit"
    filters=()
}

start=$SECONDS filters=()
build dev && {
    [[ $offline == no ]] || filter dev -LE cluster image modules
    test_preset dev
}
if [[ $quick == no ]]; then
    build asan && test_preset asan
    build tsan && filter tsan -R "${threaded[@]}" && test_preset tsan
    build release && test_preset release
    [[ $(uname -m) == aarch64 ]] || { build arm64 && filter arm64 -R "${emulated[@]}" &&
        filter arm64 -E "${not_emulated[@]}" && test_preset arm64; }
    if [[ $fuzz_seconds != 0 ]]; then
        step "fuzz: $fuzz_seconds s each" "${steady[@]}" tests/fuzz/run.sh "$fuzz_seconds"
        sed 's/^/    /' "$logs/fuzz--$fuzz_seconds-s-each.log"
    fi
    step "soak, a million requests" env PULLGATE="$PWD/build/release/bin/pullgate" \
        POLICYCTL="$PWD/build/release/bin/policyctl" bash tests/chaos/soak.sh 1000000
    sed 's/^/    /' "$logs/soak--a-million-requests.log"
    # Figures to read; nothing passes or fails by a time, only by an answer that is wrong.
    step "bench, short" env PULLGATE_BENCH_SECONDS=1 PULLGATE_BENCH_ROUNDS=1 \
        cmake --build --preset release --target bench
    grep -vE '^(\[|ninja)' "$logs/bench--short.log" | tail -n 60 | sed 's/^/    /'
    if [[ $offline == no ]]; then
        step "bench, a cluster" env PULLGATE_BENCH_SECONDS=2 PULLGATE_BENCH_ROUNDS=1 \
            cmake --build --preset release --target bench_cluster
        grep -vE '^(\[|ninja)' "$logs/bench--a-cluster.log" | tail -n 8 | sed 's/^/    /'
    fi
fi

floor=$floor_all
[[ $quick == yes ]] && floor=$floor_quick
if ((passed + failed < floor)); then
    echo "$((passed + failed)) tests ran, expected at least $floor: some are lost"
    broken=$((broken + 1))
fi
echo "in $((SECONDS - start)) s"
# What broke without a test to count it (a build, a fuzz target) is not a pass either.
((failed > 0)) || failed=$broken
echo "$passed passed, $failed failed"
((failed == 0))
