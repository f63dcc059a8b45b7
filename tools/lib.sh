# shellcheck shell=bash
# Shared by ./run, ./test and ./dev: say what is being done, time it, stop with a clear message.
# Sourced; expects to run in the checkout's root.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
export LC_ALL=C.UTF-8

stages=()

say() { printf '\n== %s\n' "$*"; }
die() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# stage NAME COMMAND…: runs it, remembers its seconds, stops the script when it fails. `set -e` has no effect inside:
# a function given as COMMAND says `|| return` where it must not go on.
stage() {
  local name=$1 from=$SECONDS status=0
  shift
  say "$name"
  "$@" || status=$?
  stages+=("$(printf '%5d s  %s' $((SECONDS - from)) "$name")")
  [ "$status" -eq 0 ] || die "Failed: $name (status $status, after $((SECONDS - from)) s)."
}

print_stages() {
  say 'Where the time went'
  printf '%s\n' "${stages[@]}"
  printf '%5d s  in all\n' "$SECONDS"
}

# in_lanes N FUNCTION ARGUMENT…: the exported FUNCTION for each ARGUMENT, N at a time. Fails when one did.
in_lanes() {
  local lanes=$1 run=$2
  shift 2
  [ $# -gt 0 ] || return 0
  # shellcheck disable=SC2016
  printf '%s\0' "$@" | xargs -0 -P "$lanes" -I {} bash -c '"$1" "$2"' _ "$run" {}
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "This needs root once, to install packages: run it as root, or install sudo."
  fi
}

# For tests: namespaces, users and control groups are root's to make.
tests_as_root() { as_root env "PATH=$PATH" "$@"; }

debian_release() {
  # shellcheck disable=SC1091
  (. /etc/os-release && [ "${ID:-}" = debian ] && printf '%s' "${VERSION_ID%%.*}") ||
    die "Only Debian 12 and 13 are supported: /etc/os-release names another system."
}

# The mirror that this machine's apt reads Debian from.
debian_mirror() {
  local mirror
  mirror=$(find /etc/apt/sources.list /etc/apt/sources.list.d -type f -exec cat {} + 2>/dev/null |
    sed -nE 's/^(deb |URIs: *)(\[[^]]*\] *)?([^ ]+\/debian\/?)( .*)?$/\3/p' | sed -n 1p) || true
  [ -n "$mirror" ] || die 'No Debian mirror in the sources of apt.'
  printf '%s\n' "$mirror"
}

# install_packages SET…: the packages of tools/packages/SET that are not there yet.
install_packages() {
  local release set name missing=()
  release=$(debian_release)
  for set in "$@"; do
    while read -r name; do
      case $name in '' | '#'*) continue ;; esac
      # "12:name" and "13:name" are for that release alone.
      case $name in
        "$release":*) name=${name#*:} ;;
        [0-9]*:*) continue ;;
        # "name?command" is only for machines without the command: some have it from elsewhere.
        *\?*)
          command -v "${name#*\?}" >/dev/null && continue
          name=${name%\?*}
          ;;
      esac
      dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed ||
        missing+=("$name")
    done <"tools/packages/$set"
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  printf 'Installing %d packages: %s\n' ${#missing[@]} "${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update || return
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
    "${missing[@]}" >/dev/null
}

# Node 22 in build/node and the npm packages of web/.
install_node() {
  bash web/tools/bootstrap-node.sh || return
  export PATH="$root/build/node/bin:$PATH"
  install_npm web
}

# install_npm FOLDER: its npm packages, exactly as locked, when the lock file changed.
install_npm() {
  local stamp=$1/node_modules/.hearth-lock
  cmp -s "$1/package-lock.json" "$stamp" && return 0
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error) || return
  cp "$1/package-lock.json" "$stamp"
}

install_test_npm() {
  local folder
  for folder in tests/*/ apps/*/tests/; do
    [ ! -f "$folder/package.json" ] || install_npm "$folder" || return
  done
}

# build_tree PRESET [TARGET…]: HEARTH_TESTS=OFF leaves the tests and what they need out.
build_tree() {
  local preset=$1
  shift
  cmake --preset "$preset" -DHEARTH_TESTS="${HEARTH_TESTS:-ON}" >"build/$preset.configure.log" 2>&1 ||
    { cat "build/$preset.configure.log"; return 1; }
  cmake --build "build/$preset" -- "$@"
}

# The programs that tests run, absolute: HEARTH_BIN, or what the preset dev built.
programs() {
  local folder=${HEARTH_BIN:-$root/build/dev/bin}
  [ -x "$folder/hearthd" ] || die "No hearthd in $folder. Build it (./dev build), or say in HEARTH_BIN where it is."
  realpath "$folder"
}

build_web() { (cd web && npm run --silent build); }
