#!/usr/bin/env bash
# Runs every libFuzzer target from its corpus, two at a time, and says how far each came.
#
#   tests/fuzz/run.sh [--long] [--only NAME] [SECONDS]
#
#   SECONDS       for each target: 60
#   --long        an hour for each unless SECONDS says otherwise, each time from another seed
#   --only NAME   that target alone, as in --only http
#
# Inputs that broke something are left in build/fuzz/artifacts, and the run fails. New inputs that
# only reached new code stay in build/fuzz/found: later runs start from them too, the tree's corpus
# is not touched. tests/fuzz/CMakeLists.txt says how each crash becomes a file of the corpus.
set -u
seconds='' default=60 only='*'
# One seed, so that a red run can be run again; another one by environment.
seed=${PULLGATE_FUZZ_SEED:-1}
jobs=2
while (($# > 0)); do
    case $1 in
    -h | --help)
        sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
        exit 0
        ;;
    --long) default=3600 seed=${PULLGATE_FUZZ_SEED:-$((RANDOM + 1))} ;;
    --only)
        only=${2:-}
        shift
        ;;
    -*)
        echo "run.sh: unknown option $1; try --help" >&2
        exit 2
        ;;
    *) seconds=$1 ;;
    esac
    shift
done
seconds=${seconds:-$default}
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
[[ $seconds =~ ^[0-9]+$ ]] || {
    echo "run.sh: \"$seconds\" is no number of seconds" >&2
    exit 2
}

build=build/fuzz
mkdir -p $build/artifacts $build/found $build/logs
{ cmake --preset fuzz && cmake --build --preset fuzz -j "$(nproc)"; } >$build/logs/build.log 2>&1 || {
    tail -n 30 $build/logs/build.log
    echo "run.sh: the targets do not build" >&2
    exit 1
}

# The first words of what went wrong, libFuzzer's last ones, and the input: a log may be all that
# is left of a run.
what_broke() { # NAME
    local input
    grep -aE -A 3 'does not hold|ERROR: |runtime error: |WARNING: ' "$build/logs/$1.log" |
        cut -c 1-400 | head -n 30
    tail -n 12 "$build/logs/$1.log"
    for input in "$build/artifacts/$1"-*; do
        [[ -f $input ]] || continue
        echo "$input, by base64 (its first 16 kB):"
        head -c 16384 "$input" | base64 -w 0
        echo
    done
}

fuzz_one() { # NAME: runs it; its last words go to the log
    local name=$1
    mkdir -p "$build/found/$name"
    # Memory is bounded: what eats a gigabyte for a kilobyte is a find. 10 s for one input too.
    "$build/bin/fuzz_$name" -seed="$seed" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/artifacts/$name-" "$build/found/$name" "tests/fuzz/corpus/$name" \
        >"$build/logs/$name.log" 2>&1
    local status=$? executions coverage
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/logs/$name.log")
    coverage=$(grep -oE 'cov: [0-9]+ ft: [0-9]+ corp: [0-9]+' "$build/logs/$name.log" | tail -n 1)
    if ((status == 0)) && [[ -n $executions ]]; then
        echo "ok     $name: $executions executions in $seconds s, $coverage, seed $seed"
        return 0
    fi
    echo "BROKEN $name: exit $status, see $build/logs/$name.log and $build/artifacts"
    what_broke "$name" | sed 's/^/       /'
    return 1
}

failed=0 running=0 targets=0
for source in tests/fuzz/fuzz_$only.c; do
    [[ -e $source ]] || break
    name=$(basename "$source" .c)
    name=${name#fuzz_}
    targets=$((targets + 1))
    if ((running == jobs)); then
        wait -n || failed=$((failed + 1))
        running=$((running - 1))
    fi
    fuzz_one "$name" &
    running=$((running + 1))
done
while ((running > 0)); do
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
done
echo "$targets targets, $failed broken"
((targets > 0 && failed == 0))
