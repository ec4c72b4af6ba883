#!/bin/sh
# Runs fapolicyd in a mount namespace of its own, in which the guarded container's root is the only overlay: that
# is all it marks, and its pathnames (/etc/fapolicyd and so on, which are compiled in) are ours. Called by
# fapolicyd.ts under unshare(1); ends by exec, so that killing it ends all.
# Arguments: an empty folder, the container's merged directory, the unpacked package, a folder with
# fapolicyd.conf, compiled.rules and fapolicyd.trust.
set -eu
root=$1 merged=$2 package=$3 configuration=$4
mount --make-rprivate /
mount -t tmpfs -o size=256m,mode=755 pristine-bench "$root"
cd "$root"
mkdir -p usr/sbin usr/share/misc usr/share/fapolicyd proc dev etc/fapolicyd var/lib/fapolicyd var/log run/fapolicyd tmp guarded
for folder in usr/lib usr/lib32 usr/lib64 usr/libx32; do
  [ -d "/$folder" ] || continue
  mkdir -p "$folder"
  mount --bind "/$folder" "$folder"
done
for folder in lib lib32 lib64 libx32; do
  if [ -L "/$folder" ]; then
    ln -s "usr/$folder" "$folder"
  elif [ -d "/$folder" ]; then
    mkdir "$folder"
    mount --bind "/$folder" "$folder"
  fi
done
ln -s ../../lib/file/magic.mgc usr/share/misc/magic.mgc
mount --bind /proc proc
mount --bind /dev dev
mount --bind "$merged" guarded
cp "$package/usr/sbin/fapolicyd" usr/sbin/
cp "$package/usr/share/fapolicyd/fapolicyd-magic.mgc" usr/share/fapolicyd/
cp "$configuration"/* etc/fapolicyd/
# In the foreground; in this mode it prints refusals alone, and there are none while something is measured.
exec chroot . /usr/sbin/fapolicyd --debug-deny
