#!/usr/bin/env bash
# Puts the rules that `mm2ss firewall` prints in force, in a network namespace of its own, and connects: who a filter names gets
# through, nobody else does. For nftables and iptables; needs root, iproute2, nftables and iptables. A minute at most.
#
# Exit 0: all passed; 1: something failed, or a tool is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
for tool in unshare ip nft iptables ip6tables; do
  command -v "$tool" >/dev/null || { echo "test-firewall: $tool is not here (apt-get install iproute2 nftables iptables)" >&2; exit 1; }
done
[ "${1-}" = inside ] || exec unshare -n "$0" inside

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/groups.csv" <<'CSV'
id,sys name,port no,rtu no,hosts,filter,tls port,plain,tls names
1,Overlapping,2404,1,10.9.0.1:2404;[fe80::1%eth0]:2405,10.1.1.0/24;10.1.1.5;10.1.0.0/16;2001:db8::/32;2001:db8::5,,,
2,"All IPv4 ""x"" $(id) `id` ; ' \ Süd",2405,2,rtu.example:2404,0.0.0.0/0,,,
3,TLS,2406,3,[::ffff:10.9.0.5]:2404;10.9.0.5:2404,10.1.1.5;::/0,19999,Y,cn:scada
4,No filter,2407,4,10.9.0.4:2404,,19998,,cn:scada
5,Mapped,2408,5,10.9.0.4:2404,::ffff:10.1.2.0/120,,,
CSV
ip link set lo up
for address in 10.0.0.10/32 10.1.1.5/32 10.1.2.9/32 10.2.0.1/32; do ip address add "$address" dev lo; done
for address in 2001:db8:0:1::10/128 2001:db8::5/128 2001:db9::5/128; do ip address add "$address" dev lo nodad; done

# Who connects from where to which port, and whether he gets through.
cat >"$work/connections" <<'END'
10.1.1.5    2404  through
10.1.2.9    2404  through
10.2.0.1    2404  dropped
2001:db8::5 2404  through
2001:db9::5 2404  dropped
10.2.0.1    2405  through
2001:db8::5 2405  dropped
10.1.1.5    2406  through
10.1.1.5    19999 through
10.2.0.1    19999 dropped
2001:db9::5 19999 through
10.2.0.1    19998 through
2001:db9::5 19998 through
10.1.2.9    2408  through
10.1.1.5    2408  dropped
END
for kind in nftables iptables; do
  bin/mm2ss firewall "$work/groups.csv" "--$kind" >"$work/rules"
  for _ in 1 2; do # again: what is in force already is replaced
    case $kind in nftables) nft -f "$work/rules" ;; iptables) sh "$work/rules" ;; esac
  done
  node_modules/.bin/node packaging/linux/connections.mjs <"$work/connections"
  echo "test-firewall: ok: $kind"
  case $kind in nftables) nft delete table inet iec104mm2ss ;; esac
done
echo 'test-firewall: all passed'
