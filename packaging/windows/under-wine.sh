#!/usr/bin/env bash
# iec104mm2ss.exe under Wine with the manners of bin/mm2ss, for tests that run the command (MM2SS_TEST_COMMAND): what it writes comes by
# a pipe, SIGTERM ends it in order, its exit code is this one's. When this process is killed, the program is too.
#
#   MM2SS_WINE=/usr/lib/wine/wine64 MM2SS_EXE=/path/iec104mm2ss.exe WINEPREFIX=... packaging/windows/under-wine.sh run -i FILE
set -u
output=$(mktemp)
# Node.js cannot write to a pipe of Unix under Wine, to a file it can.
setpriv --pdeathsig KILL "$MM2SS_WINE" "$MM2SS_EXE" "$@" >"$output" 2>&1 </dev/null &
program=$!
tail -n +1 -s 0.05 --pid="$program" -f "$output" 2>/dev/null &
reader=$!
rm_output() { rm -f "$output"; }
trap rm_output EXIT
# Wine makes Ctrl-C of SIGINT, and nothing of SIGTERM.
trap 'kill -INT $program 2>/dev/null' TERM INT
while wait "$program"; code=$?; kill -0 "$program" 2>/dev/null; do :; done
wait "$reader"
exit "$code"
