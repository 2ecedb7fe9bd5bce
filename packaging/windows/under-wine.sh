#!/usr/bin/env bash
# iec104mm2ss.exe in the place of bin/mm2ss, for tests: MM2SS_TEST_COMMAND=packaging/windows/under-wine.sh with WINE, WINEPREFIX and
# MM2SS_EXE (path of the program) in the environment. What it writes goes by a file: Node.js cannot use a pipe of Wine. SIGTERM and
# SIGKILL end it at once, as Wine has no signals; a clean end is that of a service, see test-windows.sh.
set -u
output=$(mktemp)
"$WINE" "$MM2SS_EXE" "$@" >"$output" 2>&1 </dev/null &
program=$!
tail -n +1 -s 0.1 -f --pid=$program "$output" &
tail=$!
trap 'kill -KILL $program 2>/dev/null' TERM INT
wait $program
code=$?
kill -0 $program 2>/dev/null && { wait $program; code=$?; }
wait $tail
rm -f "$output"
exit $code
