#!/usr/bin/env bash
# Makes the release of the last commit twice, from clones in two folders, and compares the octets: the second one with nothing built before,
# another umask, time zone and a folder whose name has spaces. Ten minutes or so.
#
# Exit 0: the same, and SHA256SUMS is right; 1: not.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone -q . "$work/first"
(umask 077 && mkdir "$work/other" && git clone -q . "$work/other/a longer name")
make -C "$work/first" release
(umask 077 && cd "$work/other/a longer name" && TZ=Asia/Tokyo NX_SKIP_NX_CACHE=true make release)
cd "$work/first/dist"
sha256sum -c SHA256SUMS
diff SHA256SUMS "$work/other/a longer name/dist/SHA256SUMS"
echo 'test-release: both are the same'
