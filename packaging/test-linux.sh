#!/usr/bin/env bash
# Installs, runs, upgrades and removes the .deb in a fresh Debian whose systemd runs as PID 1 of a container without any network
# but its own loopback. Needs root, debootstrap and systemd-nspawn (package systemd-container). Ten minutes at most.
#
#   packaging/test-linux.sh FOLDER     where package-linux.mjs has written the .deb
#
# RELEASE=trixie: another Debian. Ubuntu: RELEASE=noble MIRROR=http://archive.ubuntu.com/ubuntu SCRIPT=gutsy
# KEYRING=/usr/share/keyrings/ubuntu-archive-keyring.gpg (its universe is not needed; SCRIPT is of debootstrap, where it does not know
# the release). Exit 0: all passed; 1: something failed, after the journal of the services.
set -euo pipefail
deb=$(ls "${1:?folder of the .deb}"/iec104mm2ss_*_"$(dpkg --print-architecture)".deb)
release=${RELEASE:-bookworm}
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d /tmp/test-linux.XXXXXX)
leader=''

for tool in debootstrap systemd-nspawn dpkg-deb nsenter; do
  command -v "$tool" >/dev/null || { echo "test-linux: $tool is not here (apt-get install debootstrap systemd-container)" >&2; exit 1; }
done

finish() {
  code=$?
  [ $code -eq 0 ] || { echo '--- the services say:'; inside journalctl --no-pager -n 60 -u 'iec104mm2ss*' || true; } >&2
  # Its first process takes all others of the container with it.
  [ -z "$leader" ] || kill -KILL "$leader" 2>/dev/null || true
  for _ in $(seq 20); do rm -rf "$root" 2>/dev/null && break || sleep 0.5; done
  [ $code -eq 0 ] && echo 'test-linux: all passed' || echo 'test-linux: FAILED' >&2
}
trap finish EXIT

step() { echo "test-linux: $*"; }
inside() { nsenter -t "$leader" -m -p -u -i -n -r -w "$@"; }
# expect WHAT COMMAND...: within five minutes, for a machine that is busy
expect() {
  local what=$1 until=$((SECONDS + 300))
  shift
  while [ $SECONDS -lt $until ]; do
    "$@" >/dev/null 2>&1 && { step "ok: $what"; return; }
    sleep 0.5
  done
  echo "test-linux: not in time: $what ($*)" >&2
  "$@" || true
  exit 1
}
# groups_are PORT IDS: what the status of the service whose HTTP is there says
groups_are() { [ "$(inside mm2ss status --http "127.0.0.1:$1" --json | grep -oE '"id": ?"[0-9]+"' | sort -u | tr -cd '0-9\n' | tr '\n' ' ')" = "$2 " ]; }
main_pid() { inside systemctl show -p MainPID --value "$1"; }

step "a fresh system ($release) ..."
debootstrap --variant=minbase --include=systemd,systemd-sysv ${KEYRING:+"--keyring=$KEYRING"} "$release" "$root" \
  ${MIRROR:+"$MIRROR"} ${SCRIPT:+"$SCRIPT"} >"$root.log" 2>&1 || { tail -5 "$root.log"; exit 1; }
rm -f "$root.log"
# The folder of mktemp is root's alone, which not every release changes: it is "/" now.
chmod 0755 "$root"
systemd-nspawn -D "$root" --register=no --keep-unit --private-network --console=pipe -b </dev/null >/dev/null 2>&1 &
machine=$!
for _ in $(seq 600); do
  leader=$(pgrep -P "$machine" -f systemd || true)
  [ -n "$leader" ] && [ "$(inside systemctl is-system-running 2>/dev/null)" = running ] && break
  sleep 0.5
done
step "it runs $(inside systemctl --version | head -1)"

step 'install'
cp "$deb" "$root/root/first.deb"
inside dpkg -i /root/first.deb
expect 'a user of its own' inside id iec104mm2ss
! inside systemctl is-active -q iec104mm2ss
step 'ok: nothing runs before the file is edited'
inside systemd-analyze verify /usr/lib/systemd/system/iec104mm2ss.service /usr/lib/systemd/system/iec104mm2ss@.service
# Without --threshold, which the systemd of Debian 11 does not have.
exposure=$(inside systemd-analyze security --no-pager iec104mm2ss | tail -1)
step "$exposure"
grep -qE ': (0|1)\.[0-9] OK' <<<"$exposure"

step 'a file without groups'
inside systemctl start iec104mm2ss || true
expect 'it ends with 2, and is not tried again' \
  inside sh -c '[ "$(systemctl show -p ExecMainStatus -p Result --value iec104mm2ss | tr "\n" " ")" = "exit-code 2 " ]'

step 'an RTU, a master'
inside systemd-run -q --unit=rtu -p Restart=always mm2ss simulate rtu --listen 127.0.0.2:2404 --ca 1 --rate 20
inside systemd-run -q --unit=rtu2 mm2ss simulate rtu --listen 127.0.0.3:2404 --ca 2 --rate 20
header='id,sys name,port no,rtu no,max conn,idletime,t1,t2,t3,w,k,buffsize,logevents,same ip,hosts,filter'
row() { echo "$1,Substation $1,240$1,$1,5,60,15,10,20,8,12,1000,Y,all,127.0.0.$(($1 + 1)):2404,"; }
printf '%s\n' "$header" "$(row 1)" >"$root/etc/iec104mm2ss/iec104mm2ss.csv"
inside systemctl enable -q --now iec104mm2ss
expect 'its RTU is connected once a master is there' inside mm2ss simulate master --connect 127.0.0.1:2401 --ca 1 --gi --once --quiet
expect 'the log of the group is in /var/log/iec104mm2ss' test -n "$(ls "$root/var/log/iec104mm2ss")"
[ "$(stat -c %U:%a "$root/var/log/iec104mm2ss" | sed "s/^[^:]*/$(inside stat -c %U /var/log/iec104mm2ss)/")" = iec104mm2ss:750 ]

step 'systemctl reload'
before=$(main_pid iec104mm2ss)
printf '%s\n' "$header" "$(row 1)" "$(row 2)" >"$root/etc/iec104mm2ss/iec104mm2ss.csv"
inside systemctl reload iec104mm2ss
expect 'it has heard it' inside sh -c 'journalctl -u iec104mm2ss | grep -q SIGHUP'
expect 'both groups are served, by the same process' groups_are 9104 '1 2'
[ "$(main_pid iec104mm2ss)" = "$before" ]

step 'a second file beside it'
printf '%s\n' "$header" "$(row 2 | sed 's/2402/2502/')" >"$root/etc/iec104mm2ss/south.csv"
echo 'MM2SS_HTTP=127.0.0.1:9114' >"$root/etc/iec104mm2ss/south.env"
inside systemctl start iec104mm2ss@south
expect 'it serves its masters' inside mm2ss simulate master --connect 127.0.0.1:2502 --ca 2 --gi --once --quiet

step 'a name that systemd writes in another way'
inside systemctl start 'iec104mm2ss@Nord West' || true
expect 'its journal says which file it looks for' \
  inside sh -c 'journalctl -u "iec104mm2ss@*" | grep -F "Nord\x20West.csv: does not exist"'

step 'kill -9'
before=$(main_pid iec104mm2ss)
inside systemctl kill --signal=KILL iec104mm2ss
expect 'it is started again' inside sh -c "systemctl is-active -q iec104mm2ss && [ \$(systemctl show -p MainPID --value iec104mm2ss) != $before ]"

step 'upgrade, with a changed file and a folder that the console may write'
inside chmod -R g+w /etc/iec104mm2ss
inside systemctl enable -q iec104mm2ss@south
dpkg-deb -R "$deb" "$root/tree"
sed -i 's/^Version: .*/&+next/' "$root/tree/DEBIAN/control"
echo '# another example' >>"$root/tree/etc/iec104mm2ss/iec104mm2ss.csv"
dpkg-deb --root-owner-group -Znone -b "$root/tree" "$root/root/next.deb" >/dev/null
rm -rf "$root/tree"
before=$(main_pid iec104mm2ss)
south=$(main_pid iec104mm2ss@south)
inside dpkg --force-confold -i /root/next.deb
expect 'both run the new release, with their own files' groups_are 9104 '1 2'
[ "$(main_pid iec104mm2ss)" != "$before" ] && [ "$(main_pid iec104mm2ss@south)" != "$south" ]
grep -q 'Substation 2' "$root/etc/iec104mm2ss/iec104mm2ss.csv"
[ "$(stat -c %a "$root/etc/iec104mm2ss")" = 770 ]
step 'ok: file and folder are as they were'

step 'stop'
inside systemctl stop iec104mm2ss
[ "$(inside systemctl show -p Result -p ExecMainStatus --value iec104mm2ss | tr '\n' ' ')" = 'success 0 ' ]
step 'ok: it ends with 0'

step 'a masked unit'
inside systemctl mask -q iec104mm2ss
south=$(main_pid iec104mm2ss@south)
inside dpkg --force-confold -i /root/next.deb
[ "$(main_pid iec104mm2ss@south)" != "$south" ]
inside systemctl unmask -q iec104mm2ss
step 'ok: it is installed all the same, and the others are restarted'

step 'remove, purge'
inside dpkg -r iec104mm2ss
[ -z "$(find "$root/etc/systemd/system" -name 'iec104mm2ss*')" ]
step 'ok: nothing stays enabled'
[ ! -e "$root/usr/bin/mm2ss" ] && [ -e "$root/etc/iec104mm2ss/iec104mm2ss.csv" ]
! inside systemctl is-active -q iec104mm2ss@south
inside dpkg -P iec104mm2ss
[ ! -e "$root/etc/iec104mm2ss/iec104mm2ss.csv" ] && [ ! -e "$root/var/log/iec104mm2ss" ]
