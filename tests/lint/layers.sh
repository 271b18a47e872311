#!/usr/bin/env bash
# layers - which module may use which. Arrows never turn.
# Looks at every #include of the product and of the tests, and at the USES and LIBS of add_module.
# Known exceptions: one, at the end of read_cmake().
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

# module -> folder, and the modules it may include (itself is understood)
declare -A folder uses
module() {
    folder[$1]=$2
    uses[$1]=" $1 ${*:3} "
}
module base      webhook
module json      webhook  base
module yaml      webhook  base json
module imgref    policies base
module match     policies base imgref
module engine    policies base imgref match
module rules     policies base imgref match engine json yaml
module credentials policies base imgref
module review    webhook  base json engine
module audit     webhook  base json engine
module sync      webhook  base json match engine credentials
module metrics   webhook  base
module certs     .        base
module server    webhook  base
module host      webhook  base
module kube      webhook  base json
module syncd     webhook  base engine match rules certs server metrics host kube sync
module program   webhook  base json yaml review engine audit rules certs server metrics host
module object    policies base json yaml review engine imgref
module edit      policies base json yaml review engine object
module suite     policies base json yaml review engine object
module report    policies base json yaml review engine imgref rules object edit suite doctor
module policyctl policies base json yaml review engine audit rules certs credentials imgref match object edit suite report convert doctor sync registry
module convert   policies base json yaml imgref match engine rules
module registry  policies base json imgref certs credentials
module doctor    policies base json yaml review engine imgref match object certs credentials

# Headers of base that only the listed modules may include: time, files and the log; command lines to the programs.
declare -A base_users=(
    [clock.h]=" base rules audit doctor kube registry server program suite syncd policyctl "
    [file.h]=" base rules certs kube program syncd object edit suite report policyctl "
    [log.h]=" base program syncd "
    [opts.h]=" base program syncd object policyctl "
)

# Third-party headers (first folder or whole name) -> who may include them; "tests" as oracle
declare -A third_users=(
    [microhttpd.h]=" server "
    [gnutls]=" server tests "
    [yaml.h]=" yaml "
    [jansson.h]=" edit policyctl tests "
    [pcre2.h]=" match tests "
    [openssl]=" certs tests "
    [seccomp.h]=" host "
    [curl]=" kube registry policyctl "
    [cmocka.h]=" tests "
    [dlfcn.h]=" registry tests "
    [termios.h]=" tests "
)
declare -A third_libs=(
    [microhttpd]=" server " [gnutls]=" server " [yaml]=" yaml " [jansson]=" edit policyctl "
    [pcre2]=" match " [crypto]=" certs " [seccomp]=" host " [curl]=" kube "
)

# What the C library offers without a system underneath: all that a pure module may use.
pure=" json imgref match engine review "
plain=" assert.h ctype.h errno.h limits.h math.h stdalign.h stdarg.h stdbool.h stddef.h stdint.h
 stdio.h stdlib.h string.h emmintrin.h "
system=" arpa/inet.h dirent.h fcntl.h ftw.h getopt.h linux/sockios.h linux/tcp.h malloc.h netinet/in.h netinet/tcp.h poll.h
 pthread.h regex.h sched.h signal.h spawn.h stdatomic.h strings.h sys/epoll.h sys/eventfd.h sys/file.h sys/inotify.h sys/ioctl.h
 sys/mman.h sys/prctl.h sys/random.h sys/resource.h sys/signalfd.h sys/socket.h sys/stat.h sys/syscall.h sys/time.h sys/types.h
 sys/un.h sys/wait.h
 syslog.h time.h unistd.h setjmp.h "
network=" arpa/inet.h linux/tcp.h netinet/in.h netinet/tcp.h sys/socket.h sys/un.h "
# arpa/inet.h: certs prints and reads IP addresses as alternative names (inet_pton), no sockets; credentials reads
# those in the keys of pull secrets
network_users=" server certs credentials registry tests "

# "base/err.h" -> base; the module a file belongs to, "tests" for any test
owner() {
    case $1 in
    certs/*) echo certs ;;
    tests/*) echo tests ;;
    webhook/* | policies/*)
        local rest=${1#*/}
        echo "${rest%%/*}"
        ;;
    esac
}

has() { # has <list> <word>
    [[ $1 == *[[:space:]]"$2"[[:space:]]* ]]
}

# Public headers, and who links what, as CMakeLists.txt has it: "name HEADERS base/err.h" ...
declare -A public
read_cmake() {
    local name key word
    while read -r name key word; do
        case $key in
        HEADERS) public[$name/$word]=1 ;;
        USES)
            has "${uses[$name]-}" "$word" ||
                complain "CMakeLists.txt: $name USES $word, which the map in tests/lint/layers.sh does not allow"
            ;;
        LIBS)
            local lib=${word#PkgConfig::}
            [[ $word == PkgConfig::* ]] || continue
            has "${third_libs[$lib]-}" "$name" ||
                complain "CMakeLists.txt: $name links $lib, which the map in tests/lint/layers.sh does not allow"
            ;;
        esac
        seen=$((seen + 1))
    done < <(perl -0777 -ne '
        s/#[^\n]*//g;
        while (/^add_module\((\w+)\s(.*?)\)/msg) {
            my ($name, $key) = ($1, "");
            for my $word (split " ", $2) {
                if ($word =~ /^(DIR|SOURCES|HEADERS|USES|LIBS)$/) { $key = $word; next; }
                print "$name $key $word\n";
            }
        }' CMakeLists.txt)
    # Macros alone, no translation unit of its own: see CMakeLists.txt.
    public[base/attrs.h]=1
    # A program has no public headers; this is the door by which tests/unit/test_nomem.c calls the verbs of
    # policyctl as a library. No module may use policyctl.
    public[policyctl/options.h]=1
}

first_party() { # file:line owner header
    local other=${3%%/*}
    if [[ $3 != */* ]]; then
        # version.h is made by CMake for the programs; tests have helpers of their own beside them
        [[ $2 == tests || ($3 == version.h && $2 =~ ^(program|policyctl|report|syncd)$) ]] ||
            complain "$1: \"$3\", expected \"<module>/$3\""
        return
    fi
    if [[ -z ${folder[$other]-} ]]; then
        complain "$1: \"$3\" is of no known module"
        return
    fi
    if [[ $2 != tests ]] && ! has "${uses[$2]-}" "$other"; then
        complain "$1: $2 may not use $other (\"$3\")"
    fi
    if [[ $2 != "$other" && -z ${public[$3]-} ]]; then
        complain "$1: \"$3\" is a private header of $other"
    fi
    if [[ $other == base && $2 != tests && -n ${base_users[${3#*/}]-} ]] &&
        ! has "${base_users[${3#*/}]}" "$2"; then
        complain "$1: $2 may not use \"$3\""
    fi
}

third_party() { # file:line owner header
    local file=${1%:*}
    local key=${3%%/*}
    [[ -n ${third_users[$3]-} ]] && key=$3
    if [[ -n ${third_users[$key]-} ]]; then
        has "${third_users[$key]}" "$2" ||
            complain "$1: <$3> may be included by${third_users[$key]}only"
        [[ -z ${public[${file#*/}]-}${public[$file]-} ]] ||
            complain "$1: <$3> in a public header: its users would depend on the library"
    elif ! has "$plain" "$3"; then
        has "$system" "$3" || complain "$1: <$3> is on no list of tests/lint/layers.sh"
        has "$pure" "$2" && complain "$1: $2 is pure and may not use <$3>"
        has "$network" "$3" && ! has "$network_users" "$2" &&
            complain "$1: $2 may not use <$3>: the network is the server's"
    fi
}

read_cmake
while IFS=: read -r file line text; do
    seen=$((seen + 1))
    [[ $text =~ include[[:space:]]*([\"\<])([^\">]+) ]] || continue
    at=$file:$line
    who=$(owner "$file")
    if [[ -z $who || ($who != tests && -z ${folder[$who]-}) ]]; then
        complain "$at: of no module on the map in tests/lint/layers.sh"
    elif [[ ${BASH_REMATCH[1]} == '"' ]]; then
        first_party "$at" "$who" "${BASH_REMATCH[2]}"
    else
        third_party "$at" "$who" "${BASH_REMATCH[2]}"
    fi
done < <(files '*.c' '*.h' | xargs grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null)
verdict 300
