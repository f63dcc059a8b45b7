#!/usr/bin/env bash
# The sandbox's tests where control groups are of version 2, as on every Debian that systemd started, whatever this
# machine has: Debian's own kernel in an emulator, with nothing but the tests in its memory. Some minutes.
. "$(dirname "$0")/lib.sh"
install_packages build run test cgroup2
build_tree dev sandbox_test hearth-sandboxd hearth-sandbox-init
work=$(mktemp -d "${TMPDIR:-/var/tmp}/hearth-cgroup2.XXXXXX")
trap 'rm -rf "$work"' EXIT

say "Debian's kernel"
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
(cd "$work" && apt-get download -qq "$kernel" 2>/dev/null && dpkg-deb -x "$kernel"_*.deb kernel)

# A system of busybox, the container runtime and the tests, where the tests expect themselves.
system=$work/system
mkdir -p "$system"/{bin,dev,etc,lib64,new,proc,root,run,sys,tmp,var/lib}
cp /bin/busybox "$system/bin/"
for tool in $(/bin/busybox --list); do ln -s busybox "$system/bin/$tool" 2>/dev/null || true; done
cp /etc/passwd /etc/group "$system/etc/"
test=$root/build/dev/src/host/sandbox/sandbox_test
programs=("$test" "$root/build/dev/src/host/sandbox/sandbox_probe"
  "$root"/build/dev/bin/hearth-sandbox{d,-init} "$(command -v runc)")
{
  printf '%s\n' "${programs[@]}"
  # Static ones make it fail.
  { ldd "${programs[@]}" 2>/dev/null || true; } | sed -nE 's/.*=> (\/[^ ]+) .*/\1/p; s/^\t(\/lib64[^ ]+) .*/\1/p' | sort -u
} | while read -r file; do
  mkdir -p "$system$(dirname "$file")"
  cp -L "$file" "$system$file"
done
mkdir -p "$system$root/src/host/sandbox"
cp -r src/host/sandbox/testdata "$system$root/src/host/sandbox/"
# Containers don't start on the kernel's first root, so everything moves to another.
cat >"$system/init" <<EOF
#!/bin/sh
if [ ! -e /moved ]; then
  mount -t tmpfs -o size=1g tmpfs /new
  for folder in /*; do [ \$folder = /new ] || cp -a \$folder /new/; done
  touch /new/moved
  exec switch_root /new /init
fi
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# As systemd does it: groups with limits have no processes beside them.
mkdir /sys/fs/cgroup/init.scope
echo 1 >/sys/fs/cgroup/init.scope/cgroup.procs
ip link set lo up
chmod 1777 /tmp
export HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
$test --gtest_brief=1
echo "status \$?"
poweroff -f
EOF
chmod +x "$system/init"
(cd "$system" && find . | cpio -o -H newc --quiet | gzip -1 >"$work/initrd")

say 'The tests, emulated'
timeout 900 qemu-system-x86_64 -accel tcg -cpu max -m 2048 -nographic -nic none -no-reboot \
  -kernel "$work"/kernel/boot/vmlinuz-* -initrd "$work/initrd" -append 'console=ttyS0 panic=1 quiet' </dev/null |
  tr -d '\r' | tee "$work/log"
grep -qx 'status 0' "$work/log" || die 'Tests failed where control groups are of version 2.'
