#!/bin/bash
# Makes the root file system of an image: the programs and the libraries they load. The programs may be of another
# architecture than this machine.
#
#   deploy/image-root.sh BIN_DIR DEST [PROGRAM...]      pullgate and policyctl by default
#
# The Debian packages are recorded where scanners look for them (/var/lib/dpkg/status.d), with their copyright
# files, and as CycloneDX in /usr/share/sbom (deploy/sbom.sh).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$1 dest=$2
shift 2
[ $# -gt 0 ] || set -- pullgate policyctl
umask 022

triplet=$("$here/sbom.sh" --triplet "$bin/$1")
mkdir -p "$dest"/{etc/pullgate,usr/bin,usr/share/sbom,usr/share/doc,var/lib/dpkg/status.d}
for program; do
    "$triplet-strip" --strip-unneeded -o "$dest/usr/bin/$program" "$bin/$program"
    chmod 755 "$dest/usr/bin/$program"
done

# If /lib is a link to usr/lib, the loader finds both paths.
"$here/sbom.sh" --libraries "${@/#/$bin/}" | while read -r library; do
    install -D -m 755 "$library" "$dest$library"
done

"$here/sbom.sh" --packages "${@/#/$bin/}" | while read -r package; do
    name=${package%%:*}
    dpkg-query -s "$package" | grep -v '^Status:' | sed '1a Status: install ok installed' \
        >"$dest/var/lib/dpkg/status.d/$name"
    mkdir -p "$dest/usr/share/doc/$name"
    cp -L "/usr/share/doc/$name/copyright" "$dest/usr/share/doc/$name/copyright"
done

echo 'pullgate:x:65532:65532:pullgate:/:/sbin/nologin' >"$dest/etc/passwd"
echo 'pullgate:x:65532:' >"$dest/etc/group"
cp -L /etc/os-release "$dest/etc/os-release"
"$here/sbom.sh" "${@/#/$bin/}" >"$dest/usr/share/sbom/$1.cdx.json"
