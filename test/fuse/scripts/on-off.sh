#!/bin/sh
# Takes CPUs down and up by their control files, as the kernel's own self-test of CPU hotplug does: the last one that can
# be taken down, or with -a all of them. Exits with the number of things that were not as they should be.
set -u
sysfs=$(mount -t sysfs | head -n 1 | awk '{ print $3 }')
cpus=$sysfs/devices/system/cpu
failures=0

fail() {
  echo "FAIL $*"
  failures=$((failures + 1))
}

# pluggable VALUE: numbers of the CPUs whose online file reads so
pluggable() {
  for cpu in "$cpus"/cpu[0-9]*; do
    if [ -f "$cpu/online" ] && grep -q "$1" "$cpu/online"; then echo "${cpu##*/cpu}"; fi
  done
}

# switch CPU VALUE: writes, and looks whether it reads as written
switch() {
  echo "$2" > "$cpus/cpu$1/online" || fail "cpu$1: $2 was refused"
  [ "$(cat "$cpus/cpu$1/online")" = "$2" ] || fail "cpu$1: is not $2"
}

[ "$(id -u)" = 0 ] || fail 'must be root'
[ -n "$(pluggable '[01]')" ] || fail 'no CPU can be taken down'
[ -e "$cpus/cpu0/online" ] && fail 'cpu0 could be taken down'
before=$(cat "$cpus/online")
echo "online $before, present $(cat "$cpus/present"), offline $(cat "$cpus/offline")"
if [ "${1-}" = -a ]; then
  for cpu in $(pluggable 0); do switch "$cpu" 1; done
  for cpu in $(pluggable 1); do switch "$cpu" 0; done
  echo "online $(cat "$cpus/online"), offline $(cat "$cpus/offline")"
  for cpu in $(pluggable 0); do switch "$cpu" 1; done
else
  last=$(pluggable 1 | sort -n | tail -n 1)
  switch "$last" 0
  echo "online $(cat "$cpus/online"), offline $(cat "$cpus/offline")"
  switch "$last" 1
fi
[ "$(cat "$cpus/online")" = "$before" ] || fail 'not all are back'
[ "$failures" = 0 ] && echo PASS
exit "$failures"
