# SPDX-License-Identifier: Apache-2.0
"""The busybox applets that have a name of their own in the guest.

Those that make sense on a machine without network, disks, modules and keyboards, and without
those whose work is execd's (init, syslogd, start-stop-daemon). The others stay reachable as
`busybox NAME`.
"""

APPLETS = [applet for applet in """
[ [[ ash awk base64 basename bc bunzip2 bzcat bzip2 cal cat chgrp chmod chown chroot clear cmp cp
cpio crc32 cut date dc dd df diff dirname dmesg dos2unix du echo ed egrep env expand expr factor
fallocate false fgrep find fold free getopt grep groups gunzip gzip halt head hexdump hostid
hostname id install ionice kill killall less link ln ls lzcat lzma md5sum mkdir mkfifo mknod mktemp
more mount mv nl nologin nproc nsenter od paste patch pidof pivot_root poweroff printf ps pwd
readlink realpath reboot renice reset rev rm rmdir run-parts sed seq setpriv setsid sh sha1sum
sha256sum sha512sum shred shuf sleep sort stat strings stty sync tac tail tar taskset tee test time
timeout top touch tr true truncate ts tty umount uname uncompress unexpand uniq unix2dos unlink
unlzma unshare unxz unzip uptime usleep uudecode uuencode vi watch wc which who whoami xargs xxd xz
xzcat yes zcat
""".replace("\n", " ").split(" ") if applet]
