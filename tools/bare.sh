#!/usr/bin/env bash
# Shows that ./run and ./test work from nothing: makes a bare Debian (bash, git, apt) with mmdebstrap, clones this
# checkout's HEAD into it, and runs both there: as root, or in a private home as somebody who may use sudo.
#   tools/bare.sh 12|13 [run|test|both] [root|sudo]
# HEARTH_CCACHE=DIR takes a copy of that ccache along: the same work, sooner.
. "$(dirname "$0")/lib.sh"

release=${1:?12 or 13}
what=${2:-both}
who=${3:-root}
case $release in 12) suite=bookworm ;; 13) suite=trixie ;; *) die 'Debian 12 or 13.' ;; esac
case $who in root) home=/root sudo='' ;; sudo) home=/home/someone sudo=sudo ;; *) die 'root or sudo.' ;; esac
install_packages bare
target=$(mktemp -d "${TMPDIR:-/var/tmp}/hearth-bare-$release.XXXXXX")
trap 'rm -rf --one-file-system "$target"' EXIT

say "A bare Debian $release in $target"
# Apt's settings (proxy) come along.
mirror=$(debian_mirror)
mmdebstrap --variant=apt --include="bash,git,ca-certificates${sudo:+,$sudo}" "$suite" "$target" "$mirror"
for file in /etc/apt/apt.conf.d/*proxy* /etc/resolv.conf /etc/hosts /root/.npmrc; do
  [ -e "$file" ] && mkdir -p "$target$(dirname "$file")" && cp "$file" "$target$file"
done
# A machine whose way to npm's registry has a certificate authority of its own names it so.
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then cp "$NODE_EXTRA_CA_CERTS" "$target/etc/ssl/extra-ca.crt"; fi
if [ "$who" = sudo ]; then
  printf 'someone:x:1000:1000::%s:/bin/bash\n' "$home" >>"$target/etc/passwd"
  printf 'someone:x:1000:\n' >>"$target/etc/group"
  printf 'someone:*:20000:0:99999:7:::\n' >>"$target/etc/shadow"
  mkdir "$target$home"
  printf 'someone ALL=(ALL) NOPASSWD: ALL\n' >"$target/etc/sudoers.d/someone"
  [ -e /root/.npmrc ] && cp /root/.npmrc "$target$home/"
fi
chmod 700 "$target$home"
git clone -q --no-hardlinks "$root" "$target$home/hearth"
if [ -n "${HEARTH_CCACHE:-}" ]; then
  mkdir -p "$target$home/.cache" && cp -r "$HEARTH_CCACHE" "$target$home/.cache/ccache"
fi
[ "$who" = root ] || chroot "$target" chown -R someone: "$home"

# In mounts of its own that go with it, and with the bare system as the real root: a chroot's root is no mount, and no
# container starts in it.
# shellcheck disable=SC2016 # expanded by the inner shell
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$home" TERM=dumb \
  ${npm_config_registry:+npm_config_registry="$npm_config_registry"} \
  ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS=/etc/ssl/extra-ca.crt} \
  unshare --mount --propagation private bash -ec '
    mount --bind "$1" "$1"
    for folder in proc sys dev; do mount --rbind "/$folder" "$1/$folder"; done
    cd "$1"
    mount --move . /
    exec chroot ${2:+--userspec="$2" --groups="$2"} . bash -c "cd ~/hearth; $3"
  ' - "$target" "${sudo:+someone}" "$1"; }
if [ "$what" != test ]; then
  say './run'
  # shellcheck disable=SC2016 # expanded inside
  inside './run --ready-json --listen-ip 127.0.0.1 >/tmp/ready.json 2>/tmp/run.log & pid=$!
    for _ in $(seq 2400); do grep -q setup_url /tmp/ready.json && break; kill -0 $pid 2>/dev/null || break; sleep 1; done
    grep -m1 setup_url /tmp/ready.json || { tail -n 50 /tmp/ready.json /tmp/run.log; exit 1; }
    '"$sudo"' kill -TERM $pid; wait $pid'
fi
if [ "$what" != run ]; then
  say './test'
  inside ./test
fi
say "Debian $release: ok"
