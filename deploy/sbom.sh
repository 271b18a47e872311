#!/bin/bash
# Prints a bill of materials of the Debian packages that programs load (CycloneDX 1.5, JSON).
#
#   deploy/sbom.sh PROGRAM...                the bill of materials
#   deploy/sbom.sh --libraries PROGRAM...    the files that the loader loads
#   deploy/sbom.sh --packages PROGRAM...     the Debian packages of these files
#   deploy/sbom.sh --triplet PROGRAM         the prefix of its architecture's tools: x86_64-linux-gnu
#
# The packages are those of this machine, where a program of another architecture was cross-compiled: run it where the
# programs were built. Nothing is run, so ldd is no help. The output has no time and no random number, so that the same
# input gives the same bytes.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

triplet_of() { # PROGRAM
    local machine
    machine=$(readelf -h "$1" | sed -n 's/^ *Machine: *//p')
    case $machine in
    'Advanced Micro Devices X86-64') echo x86_64-linux-gnu ;;
    AArch64) echo aarch64-linux-gnu ;;
    *)
        echo "sbom.sh: $1 is for \"$machine\", expected X86-64 or AArch64" >&2
        return 1
        ;;
    esac
}

loader_of() { # PROGRAM
    readelf -l "$1" | sed -n 's/.*program interpreter: \(.*\)\]$/\1/p'
}

# Where Debian has the library of this name.
found() { # NAME FOLDER...
    local name=$1 folder
    shift
    for folder; do
        [ ! -e "$folder/$name" ] || { echo "$folder/$name"; return; }
    done
    echo "sbom.sh: $name is not in $*" >&2
    return 1
}

# What it names: to be loaded at its start, or when it is needed (https://systemd.io/ELF_DLOPEN_METADATA).
names_in() { # PROGRAM
    readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'
    readelf -p .note.dlopen "$1" 2>/dev/null | sed -n 's/.*"soname":\["\([^"]*\)"\].*/\1/p'
}

# The loader, and what the programs and their libraries name, each once.
libraries() { # PROGRAM...
    local triplet loader name names path waiting=("$@")
    declare -A seen
    triplet=$(triplet_of "$1")
    loader=$(loader_of "$1")
    seen[${loader##*/}]=$loader
    while ((${#waiting[@]} > 0)); do
        names=$(names_in "${waiting[0]}")
        for name in $names; do
            [ -z "${seen[$name]-}" ] || continue
            path=$(found "$name" "/lib/$triplet" "/usr/lib/$triplet")
            seen[$name]=$path
            waiting+=("$path")
        done
        waiting=("${waiting[@]:1}")
    done
    printf '%s\n' "${seen[@]}" | sort
}

# dpkg lists a file under the path it was packed with, with or without /usr.
package_of() { # FILE
    local path
    for path in "$1" "/usr$1" "${1#/usr}" "$(readlink -f "$1")" "$(readlink -f "$1" | sed 's,^/usr,,')"; do
        dpkg-query -S "$path" 2>/dev/null | grep -v '^diversion' | sed 's/: .*//' | head -n 1 | grep . && return
    done
    echo "sbom.sh: $1 is of no package" >&2
    return 1
}

packages() { # PROGRAM...
    libraries "$@" | while read -r file; do package_of "$file"; done | sort -u
}

# Debian's names and versions need no escaping in JSON; the + and : of a version do in a purl.
purl_of() { # NAME VERSION ARCHITECTURE
    local version=${2//+/%2B}
    printf 'pkg:deb/debian/%s@%s?arch=%s&distro=debian-%s' "$1" "${version//:/%3A}" "$3" "$release"
}

component() { # PACKAGE FILE...
    local name version architecture source file separator=
    read -r name version architecture source < <(dpkg-query -W \
        -f='${Package} ${Version} ${Architecture} ${source:Package}\n' "$1")
    purls+=("$(purl_of "$name" "$version" "$architecture")")
    printf '    {"type": "library", "bom-ref": "%s",\n     "name": "%s", "version": "%s", "purl": "%s",\n' \
        "${purls[-1]}" "$name" "$version" "${purls[-1]}"
    printf '     "properties": [{"name": "debian:source", "value": "%s"}' "$source"
    shift
    for file; do
        printf ',\n       {"name": "file:%s:sha256", "value": "%s"}' "$file" "$(sha256sum "$file" | cut -c1-64)"
    done
    printf ']}'
}

bill() { # PROGRAM...
    local file all package separator='' purls=() purl
    declare -A files
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && echo "$VERSION_ID")
    all=$(libraries "$@")
    while read -r file; do
        package=$(package_of "$file")
        files[$package]+="$file "
    done <<<"$all"
    version=$(sed -n 's/^project(pullgate VERSION \([0-9.]*\).*/\1/p' "$here/../CMakeLists.txt")
    printf '{\n  "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,\n'
    printf '  "metadata": {"component": {"type": "application", "bom-ref": "pullgate@%s", "name": "pullgate", "version": "%s"}},\n' \
        "$version" "$version"
    printf '  "components": [\n'
    for package in $(printf '%s\n' "${!files[@]}" | sort); do
        printf '%s' "$separator"
        # shellcheck disable=SC2086 # a list of paths without blanks
        component "$package" ${files[$package]}
        separator=$',\n'
    done
    printf '\n  ],\n  "dependencies": [{"ref": "pullgate@%s", "dependsOn": [' "$version"
    separator=
    for purl in "${purls[@]}"; do
        printf '%s\n    "%s"' "$separator" "$purl"
        separator=,
    done
    printf ']}]\n}\n'
}

case ${1-} in
--libraries) shift && libraries "$@" ;;
--packages) shift && packages "$@" ;;
--triplet) shift && triplet_of "$1" ;;
'' | -*)
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
*) bill "$@" ;;
esac
