#!/bin/sh
# What `make e2e-mixed` does: builds another revision beside this one, and runs tests with some parts of it and the others of this
# one, as during an upgrade: each part alone, then all but each.
#
#   test/e2e/mixed.sh REVISION [SPEC...]      default: basics faults-double
#
# A test of something that the other revision has not yet fails, and says nothing.
set -eu
cd "$(dirname "$0")/../.."
revision=$(git rev-parse --short "${1:?a revision of git, such as the last tag}^{commit}")
shift
[ $# -gt 0 ] || set -- basics faults-double
other=$PWD/.tools/mixed/$revision
if [ ! -d "$other" ]; then
  git worktree prune
  git worktree add --detach "$other" "$revision"
fi
make -C "$other" build

command=$(mktemp)
trap 'rm -f "$command"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$command" <<SCRIPT
#!/bin/sh
case " \$MIXED_PARTS " in *" \$1 "*) exec "$other/bin/mm2ss" "\$@" ;; esac
exec "$PWD/bin/mm2ss" "\$@"
SCRIPT
chmod +x "$command"

failed=
for parts in connector router gateway 'router gateway' 'connector gateway' 'connector router'; do
  echo "== of $revision: $parts"
  MIXED_PARTS=$parts MM2SS_TEST_COMMAND=$command vitest run --project e2e "$@" || failed="$failed
  $parts"
done
[ -z "$failed" ] || { echo "failed with these of $revision:$failed"; exit 1; }
