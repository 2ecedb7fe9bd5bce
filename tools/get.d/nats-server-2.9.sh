# Debian 12's release, the oldest that is supported. Unpacked, not installed: no service is started, nothing is replaced.
unpacked=$store/nats-server-2.9
is_2_9() { [ -x "$1" ] && "$1" --version 2>/dev/null | grep -q '^nats-server: v2\.9\.'; }

ready() {
  local candidate
  for candidate in "$unpacked/usr/sbin/nats-server" "$unpacked/usr/bin/nats-server" "$store/go/$name/nats-server" "$(on_path nats-server || true)"; do
    if is_2_9 "$candidate"; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}
unpack_debian() {
  local work=$store/nats-server-2.9.deb
  rm -rf "$work" "$unpacked"
  mkdir -p "$work" "$unpacked"
  (cd "$work" && apt-get -qq download nats-server && dpkg -x ./*.deb "$unpacked")
  local status=$?
  rm -rf "$work"
  return $status
}
get() {
  if command -v apt-get >/dev/null && command -v dpkg >/dev/null; then
    if attempt "apt-get download nats-server" unpack_debian || { may_install && apt_update && attempt "apt-get download nats-server (with fresh lists)" unpack_debian; }; then
      ready && return 0
      cannot "apt-get download nats-server (not 2.9 here)" || true
    fi
  fi
  go_install "github.com/nats-io/nats-server/v2@v$NATS_SERVER_OLD_VERSION" nats-server
}
