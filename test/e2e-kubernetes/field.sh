#!/bin/sh
# Runs a command in a network of its own beside this machine, with addresses for RTUs and masters: to a cluster on this machine
# they are outside, and come from addresses that are not the node's. Needs root and iproute2. The network goes with the command.
#
#   field.sh make e2e-kubernetes
#
# The machine is 172.31.1.1 there, RTUs are at 172.31.1.2, masters at 172.31.1.11 to .18. An API server that KUBECONFIG has on the
# loopback is not reachable there: FIELD_API=https://10.244.0.1:6443 writes the file anew with another address.
set -eu
name=mm2ss-field here=172.31.1.1
ip netns del "$name" 2>/dev/null || true
ip netns add "$name"
trap 'ip netns del "$name" 2>/dev/null || true' EXIT
trap 'exit 1' HUP INT TERM
ip link del mm2ss-f0 2>/dev/null || true
ip link add mm2ss-f0 type veth peer name f1 netns "$name"
ip addr add "$here/24" dev mm2ss-f0
ip link set mm2ss-f0 up
for last in 2 3 11 12 13 14 15 16 17 18; do ip -n "$name" addr add "172.31.1.$last/24" dev f1; done
ip -n "$name" link set lo up
ip -n "$name" link set f1 up
ip -n "$name" route add default via "$here" src 172.31.1.2
: "${E2E_RTU_ADDRESS:=172.31.1.2}"
: "${E2E_MASTER_ADDRESSES:=172.31.1.11,172.31.1.12,172.31.1.13,172.31.1.14,172.31.1.15,172.31.1.16,172.31.1.17,172.31.1.18}"
export E2E_RTU_ADDRESS E2E_MASTER_ADDRESSES
if [ -n "${FIELD_API:-}" ]; then
  file=$(mktemp)
  trap 'rm -f "$file"; ip netns del "$name" 2>/dev/null || true' EXIT
  sed "/server:/s#https://[^\",} ]*#$FIELD_API#" "$KUBECONFIG" >"$file"
  export KUBECONFIG="$file"
fi
# Not `ip netns exec`: that mounts /sys anew, and the command would see other cgroups.
nsenter --net="/run/netns/$name" "$@"
