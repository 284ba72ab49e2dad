#!/bin/sh
# Runs a command on a host of hosts.test.ts, which is a network namespace with the name $WENGERT_HOSTS-ADDRESS:
#
#   remote.sh [options] ADDRESS COMMAND...
#
# mpirun calls this script instead of ssh. Each host has a different hostname and no shared memory with the other.
while case $1 in -*) true ;; *) false ;; esac; do shift; done
address=$1
shift
exec ip netns exec "$WENGERT_HOSTS-$address" unshare --uts --ipc --mount sh -c "
  hostname host-$(echo "$address" | tr . -)
  mount -t tmpfs tmpfs /dev/shm
  exec $*"
