# SPDX-License-Identifier: MIT
#
# Is PID 1 of the namespaces that a host is made in, and keeps the host running
# until standard input ends: whoever holds the other end is gone then, in
# whatever way. When this process ends, the kernel ends and removes all of it.
#
#   sh -euc TEXT boot TREE NAME ADDRESS GATEWAY BRIDGE UDEV CALLS
#
# TREE     the Debian tree, which stays as it is
# NAME     the host's name
# ADDRESS  of the host on the bridge, with the prefix length
# GATEWAY  the bridge's address
# BRIDGE   a bridge in this network namespace
# UDEV     true, or false for a host like an LXC container
# CALLS    that the host's programs may make besides those of any container
tree=$1 name=$2 address=$3 gateway=$4 bridge=$5 udev=$6 calls=$7

# A machine may keep its control groups in the old way, which systemd refuses
# since version 256. The root of this mount is the host's own control group.
umount --recursive /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup

# What nspawn leaves in /run goes with this one; and so does what the host writes.
mount -t tmpfs -o mode=755 tmpfs /run
root=/run/root
mkdir $root /run/upper /run/work
mount -t overlay -o "lowerdir=$tree,upperdir=/run/upper,workdir=/run/work" overlay $root

echo "$name" >$root/etc/hostname
printf '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 %s\n' "$name" >$root/etc/hosts
cat >$root/etc/systemd/network/10-host0.network <<END
[Match]
Name=host0
[Network]
Address=$address
Gateway=$gateway
LinkLocalAddressing=no
IPv6AcceptRA=no
END

# A writable /sys is systemd's sign that there is udev, and until udev has been
# started it goes by the control socket. Of the machine's devices only this host's
# network interfaces become writable.
init='exec /lib/systemd/systemd'
net=/sys/devices/virtual/net
$udev && init="
	mount -o remount,rw /sys
	mount --bind $net $net
	mount -o remount,rw $net
	mkdir -p /run/udev
	: >/run/udev/control
	$init"

boot() {
	systemd-nspawn --quiet --register=no --keep-unit --directory=$root --machine="$name" \
		--resolv-conf=off --timezone=off --link-journal=no --network-bridge="$bridge" \
		--bind=/dev/net/tun --capability=CAP_NET_ADMIN --system-call-filter="$calls" \
		--kill-signal=SIGRTMIN+3 -- /bin/sh -c "$init" </dev/null
}

exec 3<&0 </dev/null
trap 'exit 1' TERM
(
	rebooting=133 # nspawn's way to ask for being started again
	while status=0; boot || status=$?; [ $status = $rebooting ]; do :; done
	echo "the host has ended (nspawn's status: $status)"
	kill -TERM 1
) 3<&- &
read -r _ <&3
