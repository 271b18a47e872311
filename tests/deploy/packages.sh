#!/usr/bin/env bash
# What is installed: the files of `cmake --install`, and the Debian packages of cpack, installed and run on a
# Debian that has their dependencies and nothing else of ours. That Debian is made by debootstrap and kept below
# the build folder. Needs root.
#   packages.sh BUILD_DIR CACHE_DIR
build=$(cd "${1:?packages.sh BUILD_DIR CACHE_DIR}" && pwd) cache=${2:?}
export POLICYCTL=$build/bin/policyctl PULLGATE=$build/bin/pullgate
# shellcheck source-path=SCRIPTDIR source=../cli/lib.sh
. "$(dirname "$0")/../cli/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib_debian.sh
. "$(dirname "$0")/lib_debian.sh"
mkdir -p "$cache"
cd "$work" || exit 1

tree() { # DIR: its files, and where links go
    (cd "$1" && find . \( -type f -printf '%P\n' -o -type l -printf '%P -> %l\n' \) | sort)
}

# ---- cmake --install -----------------------------------------------------------------------------
webhook_files='bin/pullgate
lib/systemd/system/pullgate.service
lib/sysusers.d/pullgate.conf
share/man/man8/pullgate.8.gz'
sync_files='bin/pullgate-sync
share/man/man8/pullgate-sync.8.gz'
policyctl_files="bin/kubectl-pullgate -> policyctl
bin/kubectl_complete-pullgate
bin/policyctl
share/bash-completion/completions/policyctl
$(cd "$tests/.." && find policies/examples -type f -printf 'share/doc/policyctl/examples/%P\n')
share/fish/vendor_completions.d/policyctl.fish
share/man/man1/policyctl.1.gz
share/man/man5/pullgate-policy.5.gz
share/pullgate/policy.schema.json
share/zsh/vendor-completions/_policyctl"
DESTDIR=$work/root run cmake --install "$build" --prefix /opt/pullgate
same "install: exit status" "$status$err" 0
same "install: files" "$(tree root/opt/pullgate)" "$(printf '%s\n' "$webhook_files" "$sync_files" "$policyctl_files" | sort)"
matches "install: the unit starts what is installed" "$(cat root/opt/pullgate/lib/systemd/system/pullgate.service)" \
    'ExecStart=/opt/pullgate/bin/pullgate '
run root/opt/pullgate/bin/policyctl version
same "install: policyctl runs" "$status$err" 0
run cmake --install "$build" --prefix "$work/alone" --component policyctl
same "install: policyctl alone" "$(tree alone)" "$(sort <<<"$policyctl_files")"
check "install: the schema is one" jq -e '."$schema"' alone/share/pullgate/policy.schema.json
same "install: manual pages" "$(gzip -dc root/opt/pullgate/share/man/man8/pullgate.8.gz | mandoc -T lint -W error)" ""
run alone/bin/policyctl lint alone/share/doc/policyctl/examples/airbyte.yaml
check "install: the examples load" test "$status" -le 1

# ---- cpack ---------------------------------------------------------------------------------------
run cpack --config "$build/CPackConfig.cmake" -B "$work/packages"
same "cpack: exit status" "$status" 0
[ "$status" = 0 ] || { cat out err; finish; }
arch=$(dpkg --print-architecture)
debs=(packages/policyctl_*_"$arch".deb packages/pullgate_*_"$arch".deb packages/pullgate-sync_*_"$arch".deb)
same "cpack: packages" "$(cd packages && for deb in *.deb; do echo "packages/$deb"; done | sort)" "$(printf '%s\n' "${debs[@]}" | sort)"
depends() { # DEB: names alone
    dpkg-deb -f "$1" Depends | tr , '\n' | sed 's/(.*//; s/[[:space:]]//g' | sort -u
}
same "pullgate: libraries it needs" "$(depends "${debs[1]}" | grep -cE '^(libc6|libgnutls30|libmicrohttpd12|libpcre2-8-0|libseccomp2|libssl3)$')" 6
same "pullgate: no client" "$(depends "${debs[1]}" | grep -c '^libcurl')" 0
same "pullgate-sync: libraries it needs" "$(depends "${debs[2]}" | grep -cE '^(libcurl4|libgnutls30|libmicrohttpd12|libpcre2-8-0|libseccomp2|libssl3)$')" 6
same "policyctl: no library of the server" "$(depends "${debs[0]}" | grep -cE '^(libgnutls30|libmicrohttpd12|libseccomp2)$')" 0
same "policyctl: the library that it loads itself" "$(depends "${debs[0]}" | grep -c '^libcurl4$')" 1
for deb in "${debs[@]}"; do
    same "${deb##*/}: owned by root" "$(dpkg-deb -c "$deb" | awk '{print $2}' | sort -u)" root/root
    same "${deb##*/}: nothing that others may write" "$(dpkg-deb -c "$deb" | grep -v '^l' | awk 'substr($1, 6, 1) == "w" || substr($1, 9, 1) == "w"')" ""
done

# ---- on a Debian with those dependencies alone -----------------------------------------------------
needs=$(for deb in "${debs[@]}"; do depends "$deb"; done | sort -u | paste -sd,)
debian_root "$cache" "$needs" "$work/debian" || { fail "no Debian to install on"; finish; }
cp "${debs[@]}" debian/
in_debian() {
    run env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot debian "$@"
}
in_debian dpkg -i "/${debs[0]##*/}"
same "policyctl alone: installs" "$status" 0
in_debian policyctl version
matches "policyctl alone: runs" "$status $out" '^0 policyctl [0-9]'
printf 'apiVersion: pullgate/v1\nkind: ImagePolicy\nspec: {registry: r.example}\n' >debian/rules.yaml
in_debian policyctl ask -p rules.yaml --server https://127.0.0.1:1 --ca rules.yaml
matches "policyctl alone: loads libcurl" "$status$err" '^2policyctl: 127\.0\.0\.1:1: '
in_debian kubectl-pullgate help
same "policyctl alone: as a plugin of kubectl" "$status" 0
in_debian dpkg -i "/${debs[1]##*/}"
same "pullgate: installs" "$status$(grep -v '^$' <<<"$err")" 0
in_debian getent passwd pullgate
matches "pullgate: its user" "$out" ':/usr/sbin/nologin$'
in_debian stat -c '%a %U %G' /etc/pullgate/policy /etc/pullgate/tls
same "pullgate: its folders" "$(paste -sd' ' <<<"$out")" "755 root root 750 root pullgate"
in_debian pullgate --version
matches "pullgate: runs" "$status $out" '^0 pullgate [0-9]'
in_debian policyctl certs init --dir /etc/pullgate/tls --force
same "pullgate: certificates" "$status$err" 0
matches "pullgate: the unit starts what is installed" "$(cat debian/usr/lib/systemd/system/pullgate.service)" 'ExecStart=/usr/bin/pullgate '
in_debian dpkg -i "/${debs[2]##*/}"
same "pullgate-sync: installs" "$status$(grep -v '^$' <<<"$err")" 0
in_debian pullgate-sync --version
matches "pullgate-sync: runs" "$status $out" '^0 pullgate-sync [0-9]'
in_debian dpkg --purge pullgate pullgate-sync policyctl
same "all: purged" "$status" 0
same "all: nothing of them is left" "$(find debian/usr -name '*pullgate*' -o -name '*policyctl*' | sort)" ""
finish
