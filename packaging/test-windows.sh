#!/usr/bin/env bash
# Runs what package-windows.mjs has made under Wine: iec104mm2ss.exe as a program, and as services that the service manager starts
# and stops. RTUs and masters are the simulators of bin/mm2ss, on 127.0.0.x. Then the e2e tests of test/e2e
# that run one process, with the exe in place of bin/mm2ss. Ten minutes or so, more on a busy machine.
#
#   packaging/test-windows.sh FOLDER     where the zip is
#
# Exit 0: all passed; 1: something failed, after what the services have logged; 77: no Wine is to be had here, nothing was tested
# (with CI=true that is 1).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
# Whole, as we go to other folders.
archive=$(realpath "${1:?folder of the zip}"/iec104mm2ss-*-windows-x64.zip)
mm2ss=$root/bin/mm2ss
node=$root/node_modules/.bin/node

if ! wine=$("$root/tools/get" wine); then
  echo 'test-windows: !!! NOT TESTED: Wine is not here and cannot be had; see packaging/test-windows.sh' >&2
  case ${CI:-} in 1 | true | yes) exit 1 ;; *) exit 77 ;; esac
fi
wineserver=$(ls "$(dirname "$wine")"/wineserver64 "$(dirname "$wine")"/wineserver 2>/dev/null | head -1)

work=$(mktemp -d /tmp/test-windows.XXXXXX)
# Without a locale Wine knows no name of a file with an umlaut.
export WINEPREFIX=$work/prefix WINEDEBUG=-all LC_ALL=C.UTF-8
# Programs of the prefix end with it. Without a display nothing is to be shown.
unset DISPLAY
pids=()
finish() {
  code=$?
  if [ $code -ne 0 ]; then
    echo '--- the last output, and what the services have logged:'
    tail -n 20 "$work/out" "$work"/c/*/log/*.log 2>/dev/null || true
  fi >&2
  "$wineserver" -k 2>/dev/null || true
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  for _ in $(seq 20); do rm -rf "$work" 2>/dev/null && break || sleep 0.5; done
  [ $code -eq 0 ] && echo 'test-windows: all passed' || echo 'test-windows: FAILED' >&2
}
trap finish EXIT

# For a machine that is busy.
STEP_SECONDS=300
step() { echo "test-windows: $*"; }
fail() {
  echo "test-windows: $*" >&2
  exit 1
}
# windows COMMAND...: a program of Windows, in the folder where we are. Its output is a file: Node.js cannot use a pipe of Wine.
windows() { timeout "$STEP_SECONDS" "$wine" "$@" >"$work/out" 2>&1 </dev/null; }
exe() { windows ./iec104mm2ss.exe "$@"; }
# expect WHAT COMMAND...: within STEP_SECONDS
expect() {
  local what=$1 until=$((SECONDS + STEP_SECONDS))
  shift
  while ! "$@" >"$work/expected" 2>&1; do
    [ $SECONDS -lt $until ] || { cat "$work/expected" >&2; fail "not in time: $what ($*)"; }
    sleep 0.3
  done
  step "ok: $what"
}
exits() { # CODE COMMAND...
  local wanted=$1 code=0
  shift
  "$@" || code=$?
  [ "$code" = "$wanted" ] || fail "exit code $code, not $wanted: $*"
}
says() { grep -qE -- "$1" "$work/out" || { cat "$work/out" >&2; fail "nothing says: $1"; }; }
free_port() { "$node" -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }
master() { timeout "$STEP_SECONDS" "$mm2ss" simulate master --connect "127.0.0.1:$1" --ca "$2" --gi --once --quiet "${@:3}"; }
header='id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter'
row() { printf '%s\r\n' "$1,Station $1,$2,$1,5,60,15,10,20,8,12,1000,Y,all,$3,${4:-}"; } # ID PORT RTU [FILTER]
file() { printf '%s\r\n' "$header"; for each in "$@"; do printf '%s\r\n' "$each"; done; }
query() { windows sc query "$1" && grep -q "STATE.*$2" "$work/out"; }
starts() { query "$1" RUNNING || { windows sc start "$1" && query "$1" RUNNING; }; }
# stopped_cleanly SERVICE FOLDER: it ended by itself, after its last line
stopped_cleanly() { query "$1" STOPPED && tail -n 1 "$2/log/$1.log" | grep -q '"msg":"stopped"'; }

step "a prefix of Wine's own ($("$wine" --version)) ..."
timeout 180 "$wine" wineboot -i >"$work/out" 2>&1 </dev/null
windows winecfg -v win10
# How long a service may take until it answers: ten seconds, for a machine that may be busy. Read when Wine starts.
windows reg add 'HKLM\SYSTEM\CurrentControlSet\Control' /v ServicesPipeTimeout /t REG_DWORD /d 60000 /f
"$wineserver" -k
mkdir -p "$work/unpacked"
(cd "$work/unpacked" && python3 -m zipfile -e "$archive" .)
program=$(ls -d "$work"/unpacked/*)
# With what makes command lines difficult.
third='Fernwirk Süd (3)'
for folder in one two "$third"; do
  mkdir -p "$work/c/$folder"
  cp "$program/iec104mm2ss.exe" "$work/c/$folder/"
  ln -s "$work/c/$folder" "$WINEPREFIX/drive_c/$folder"
done
rtu1=127.0.0.2:$(free_port) rtu2=127.0.0.3:$(free_port)
"$mm2ss" simulate rtu --listen "$rtu1" --ca 1 --rate 50 --quiet >"$work/rtu1" 2>&1 &
pids+=($!)
# The other one under Wine, which ends its services when no program is left.
mkdir "$work/c/rtu" && cp "$program/iec104mm2ss.exe" "$work/c/rtu/rtu.exe"
timeout 3600 "$wine" "$work/c/rtu/rtu.exe" simulate rtu --listen "$rtu2" --ca 2 --rate 50 --quiet >"$work/rtu2" 2>&1 </dev/null &
pids+=($!)

fails_to_start() { ! exe --wait 30 start && grep -q 'exit code 2' "$work/out"; }

step 'a program'
cd "$work/c/one"
exits 0 exe --version
step "iec104mm2ss.exe $(tr -d '\r' <"$work/out")"
exits 0 exe --help
says 'install.update.remove'
exits 0 exe check "$(cd "$program" && "$wine" winepath -w sample.csv 2>/dev/null | tr -d '\r')"
says '111 RTU-ABB'
exits 2 exe
says 'iec104mm2ss.csv: does not exist in [A-Z]:.*one'
port1=$(free_port) port2=$(free_port) http1=$(free_port) http2=$(free_port) console=$(free_port)
file "$(row 1 "$port1" "$rtu1" 127.0.0.0/24)" "$(row 2 "$port2" "$rtu2" 10.9.9.0/24)" >iec104mm2ss.csv
started=$(date +%s%N)
# Not from its own folder: the file and the log folder are beside the program.
(cd / && exec timeout 1800 "$wine" "$work/c/one/iec104mm2ss.exe" --http "127.0.0.1:$http1" --console "127.0.0.1:$console" >"$work/program" 2>&1 </dev/null) &
pids+=($!)
expect 'it runs' curl -sf "http://127.0.0.1:$http1/readyz"
step "its start took $((($(date +%s%N) - started) / 1000000)) ms"
expect 'a master is served, with interrogation' master "$port1" 1
exits 1 master "$port2" 2
step 'ok: one that the filter does not name is refused'
expect 'events arrive' sh -c "timeout 20 '$mm2ss' simulate master --connect 127.0.0.1:$port1 --ca 1 --duration 2 | grep -q M_"
expect 'the log of the group is beside the program' grep -q 'master connected' log/1-Station-1.log
page=$(curl -sf "http://127.0.0.1:$console/")
asset=$(grep -oE '/assets/[^"]+\.js' <<<"$page" | head -1)
[ "$(curl -sf "http://127.0.0.1:$console$asset" | wc -c)" -gt 10000 ] || fail "the console has no $asset"
step 'ok: the page of the console is served'
exits 0 exe status --http "127.0.0.1:$http1"
says 'Station 1'
windows taskkill /f /im iec104mm2ss.exe
expect 'it has ended' sh -c "! curl -sf http://127.0.0.1:$http1/healthz"

step "services by the manual's sc commands, one of them with a file of its own"
rm -f iec104mm2ss.csv && rm -rf log
file "$(row 1 "$port1" "$rtu1")" >"$work/c/one/iec104mm2ss.csv"
file "$(row 2 "$port2" "$rtu2")" >"$work/c/two/iec104mm2ss_2.csv"
windows sc create iec104mm2ss 'binPath=' 'c:\one\iec104mm2ss.exe -c' 'start=' auto 'DisplayName=' 'IEC104 Multiple Masters to Single Slave_1'
windows sc create iec104mm2ss_2 'binPath=' 'c:\two\iec104mm2ss.exe -c -i iec104mm2ss_2.csv' 'start=' auto 'DisplayName=' 'IEC104 Multiple Masters to Single Slave_2'
expect 'the first runs' starts iec104mm2ss
expect 'the second runs' starts iec104mm2ss_2
expect 'a master of the first is served' master "$port1" 1
expect 'a master of the second is served' master "$port2" 2
grep -q '"msg":"iec104mm2ss runs"' "$work/c/one/log/iec104mm2ss.log"
grep -q '"msg":"iec104mm2ss runs"' "$work/c/two/log/iec104mm2ss_2.log"
step 'ok: each logs beside its own program'
grep -q 'the port of HTTP is taken' "$work/c/one/log/iec104mm2ss.log" "$work/c/two/log/iec104mm2ss_2.log"
step 'ok: one of them is without HTTP, and says so'

step 'a changed file'
row 2 "$(free_port)" "$rtu2" >>"$work/c/one/iec104mm2ss.csv"
expect 'is in force, without a restart' test -e "$work/c/one/log/2-Station-2.log"

step 'stop'
"$mm2ss" simulate master --connect "127.0.0.1:$port1" --ca 1 --quiet >"$work/master" 2>&1 &
pids+=($!)
expect 'a master is there' grep -q 'data transfer started' "$work/master"
sleep 1
windows sc stop iec104mm2ss
expect 'it has stopped, in order' stopped_cleanly iec104mm2ss "$work/c/one"
expect 'its master was disconnected' grep -q ' ASDUs received' "$work/master"
grep -q 'disconnected: closed by the peer' "$work/master" || { cat "$work/master" >&2; fail 'its connection was reset'; }
query iec104mm2ss_2 RUNNING || fail 'the second does not run any more'
windows sc stop iec104mm2ss_2
expect 'the second has stopped' stopped_cleanly iec104mm2ss_2 "$work/c/two"
windows sc delete iec104mm2ss
windows sc delete iec104mm2ss_2
! windows sc query iec104mm2ss || fail 'it is still installed'
step 'ok: both are removed'

step "the program's own commands, in a folder with spaces and an umlaut"
cd "$work/c/$third"
exits 0 exe --startup manual install -i none.csv
exits 1 exe install
expect 'a start that fails says so' fails_to_start
expect 'a start that fails is told in the log' grep -q 'none.csv: does not exist' log/iec104mm2ss.log
windows reg query 'HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\iec104mm2ss'
says EventMessageFile
step 'ok: and its name is known to the event log of Windows'
file "$(row 1 "$port1" "$rtu1")" >'Süd 3.csv'
exits 0 exe --startup auto update -i 'Süd 3.csv' --http "127.0.0.1:$http1"
expect 'it starts' exe --wait 30 start
expect 'it serves masters' master "$port1" 1
expect 'it restarts' exe --wait 30 restart
says 'service iec104mm2ss runs'
expect 'it serves them again' master "$port1" 1
exits 0 exe --wait 30 stop
expect 'it has stopped, in order' stopped_cleanly iec104mm2ss "$work/c/$third"
expect 'it starts' exe start -i 'Süd 3.csv' --http "127.0.0.1:$http2"
expect 'words of its start are added' curl -sf "http://127.0.0.1:$http2/readyz"
exits 0 exe remove
! windows sc query iec104mm2ss || fail 'it is still installed'
step 'ok: it is removed'

step 'a file of the folder where the command is given, and a log that cannot be written'
mkdir -p "$work/c/elsewhere"
cp 'Süd 3.csv' "$work/c/elsewhere/here.csv"
# `log` is a file there.
mkdir "$work/c/four" && cp iec104mm2ss.exe "$work/c/four/" && touch "$work/c/four/log"
(cd "$work/c/elsewhere" && exits 0 windows ../four/iec104mm2ss.exe --name four install -i here.csv --http "127.0.0.1:$http1")
says 'elsewhere.here.csv'
cd "$work/c/four"
expect 'it starts' exe --name four --wait 30 start
expect 'it serves masters' master "$port1" 1
windows reg query 'HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\four'
says EventMessageFile
step 'ok: the event log of Windows is told that there is no log'
exits 0 exe --name four remove
cd "$work/c/$third"
exits 1 exe start
says '\(1060\)'

step 'the clock, which Wine lets nobody set'
ntp=$(free_port)
"$node" "$here/windows/wrong-ntp.mjs" "$ntp" &
pids+=($!)
(exec timeout 1800 "$wine" iec104mm2ss.exe -n -i 'Süd 3.csv' --set-clock -s "127.0.0.1:$ntp" --http "127.0.0.1:$http1" >"$work/program" 2>&1 </dev/null) &
pids+=($!)
expect 'the log says what is missing' grep -q 'no privilege to set the clock: needs an administrator' "$work/program"
windows taskkill /f /im iec104mm2ss.exe

step 'the e2e tests of one process, and of one over NATS, against it'
export MM2SS_TEST_COMMAND=$here/windows/under-wine.sh MM2SS_WINE=$wine MM2SS_EXE=$work/c/one/iec104mm2ss.exe
cd "$root"
node_modules/.bin/vitest run --project e2e test/e2e/one-process.spec.ts >"$work/out" 2>&1
grep -E 'Tests .*passed' "$work/out"
node_modules/.bin/vitest run --project e2e test/e2e/basics.spec.ts -t 'mm2ss run --nats' >"$work/out" 2>&1
grep -E 'Tests .*passed' "$work/out"
# Separate processes are not how it is used on Windows, and five of them need more of Wine than a machine of two cores has.
if [ -n "${MM2SS_TEST_ALL_BASICS-}" ]; then
  node_modules/.bin/vitest run --project e2e test/e2e/basics.spec.ts >"$work/out" 2>&1
  grep -E 'Tests .*passed' "$work/out"
fi
