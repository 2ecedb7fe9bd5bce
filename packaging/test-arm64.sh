#!/usr/bin/env bash
# Runs what the .deb for arm64 holds on a machine of another kind: in the files of a Debian for arm64, by qemu's user mode. An RTU, the
# multiplexer and a master; not the installation, nor systemd. Needs root and debootstrap. A minute, several on a busy machine.
#
#   packaging/test-arm64.sh FOLDER     where package-linux.mjs has written the .deb
#
# Exit 0: all passed; 1: something failed; 77: no qemu is to be had here, nothing was tested (with CI=true that is 1).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
deb=$(ls "${1:?folder of the .deb}"/iec104mm2ss_*_arm64.deb)
if ! qemu=$("$here/../tools/get" qemu-arm64); then
  echo 'test-arm64: !!! NOT TESTED: qemu-aarch64-static is not here and cannot be had' >&2
  case ${CI:-} in 1 | true | yes) exit 1 ;; *) exit 77 ;; esac
fi

root=$(mktemp -d /tmp/test-arm64.XXXXXX)
pids=()
finish() {
  code=$?
  [ $code -eq 0 ] || tail -n 20 "$root"/*.log >&2 || true
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$root"
  [ $code -eq 0 ] && echo 'test-arm64: all passed' || echo 'test-arm64: FAILED' >&2
}
trap finish EXIT

# For a machine that is busy; what ends before is not waited for.
STEP_SECONDS=600
step() { echo "test-arm64: $*"; }
program() { exec chroot "$root" /qemu /usr/lib/iec104mm2ss/node_modules/node/bin/node /usr/lib/iec104mm2ss/apps/mm2ss/bundle/mm2ss.js "$@"; }
# expect WHAT COMMAND...: while what was started runs
expect() {
  local what=$1 until=$((SECONDS + STEP_SECONDS))
  shift
  while ! ("$@") >"$root/expected.log" 2>&1; do
    for pid in "${pids[@]}"; do kill -0 "$pid" 2>/dev/null || { echo "test-arm64: something ended before: $what" >&2; exit 1; }; done
    [ $SECONDS -lt $until ] || { echo "test-arm64: not in time: $what" >&2; exit 1; }
    sleep 0.5
  done
  step "ok: $what"
}
free_port() { "$here/../node_modules/.bin/node" -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }

step 'files of a Debian for arm64 ...'
# The first stage only: its packages are unpacked, and none of their scripts run.
debootstrap --arch=arm64 --foreign --variant=minbase --include=libstdc++6 "${RELEASE:-bookworm}" "$root" >"$root.log" 2>&1 || { tail -5 "$root.log"; exit 1; }
rm -f "$root.log"
[ "$(dpkg-deb -f "$deb" Architecture)" = arm64 ]
dpkg-deb -x "$deb" "$root"
cp "$qemu" "$root/qemu"
step "iec104mm2ss $(program --version)"
[ "$(program --version)" = "$(dpkg-deb -f "$deb" Version)" ]
(program check /usr/share/doc/iec104mm2ss/examples/sample.csv >"$root/check.log")
grep -q RTU-ABB "$root/check.log"
step 'ok: check'

rtu=$(free_port) port=$(free_port) http=$(free_port)
printf '%s\n' 'id,sys name,port no,rtu no,hosts' "1,Station 1,$port,1,127.0.0.2:$rtu" >"$root/etc/iec104mm2ss/iec104mm2ss.csv"
(program simulate rtu --listen "127.0.0.2:$rtu" --ca 1 --rate 20 --quiet) >"$root/rtu.log" 2>&1 &
pids+=($!)
started=$SECONDS
(program run --service --ini /etc/iec104mm2ss/iec104mm2ss.csv --log-dir /var/log/iec104mm2ss --http "127.0.0.1:$http") >"$root/run.log" 2>&1 &
run=$!
pids+=("$run")
expect 'it runs' curl -sf "http://127.0.0.1:$http/readyz"
step "its start took $((SECONDS - started)) s, by qemu"
expect 'a master is served, with interrogation' program simulate master --connect "127.0.0.1:$port" --ca 1 --gi --once --quiet
kill -TERM "$run"
code=0
wait "$run" || code=$?
[ $code = 0 ] || { echo "test-arm64: it ended with $code" >&2; exit 1; }
step 'ok: it ends with 0'
