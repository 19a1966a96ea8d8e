#!/usr/bin/env bash
# Runs a program in an unpacked image as a container runtime does: the image's root, read-only, as its root directory; /proc;
# a small /dev; an empty writable /tmp; DATA writable at /data, unless it is "-"; user and group 65532, without capabilities
# and without a way to get them. The process becomes the program, so that signals reach it. Needs root.
#
# usage: rootfs.sh ROOT DATA PROGRAM ARGUMENT…
set -euo pipefail
if [ "$1" != --inside ]; then
  exec unshare --mount --propagation private "$0" --inside "$@"
fi
image=$(realpath "$2") data=$3
shift 3
work=$(dirname "$image")/.mounts # of this mount namespace alone
mkdir -p "$work"
mount -t tmpfs -o mode=755 tmpfs "$work"
root=$work/root
mkdir -p "$root" "$work/work" "$work/upper"/{proc,dev,data}
mount -t overlay -o "lowerdir=$image,upperdir=$work/upper,workdir=$work/work" overlay "$root" # with the mount points
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
for device in null zero full random urandom; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/tmp"
if [ "$data" != - ]; then
  mount --bind "$data" "$root/data"
fi
mount -o remount,bind,ro "$root/dev"
mount -o remount,bind,ro "$root"
cd "$root"
exec setpriv --no-new-privs --inh-caps=-all chroot --userspec=65532:65532 --groups= "$root" "$@"
