#!/bin/sh
# What the Linux Test Project asks of CPU hotplug while tasks run, by the processor field of /proc/PID/stat:
#   02  a task that is bound to a CPU goes on elsewhere when that goes down
#   03  tasks come back to a CPU that comes up
#   04  all CPUs go down, one after the other, but for the last
# Tasks are those named `busy`, below $CPUHP_ROOT.
set -u
cpus=/sys/devices/system/cpu

pids() {
  for task in "$CPUHP_ROOT"/proc/[0-9]*; do
    [ "$(cat "$task/comm")" = busy ] && echo "${task##*/}"
  done
}

processor() { awk '{ print $39 }' "$CPUHP_ROOT/proc/$1/stat"; }
allowed() { sed -n 's/^Cpus_allowed_list:\t//p' "$CPUHP_ROOT/proc/$1/status"; }
ran() { sed -n 's/^se.sum_exec_runtime *: *//p' "$CPUHP_ROOT/proc/$1/sched"; }

die() {
  echo "TFAIL $*"
  exit 1
}

# within TRIES COMMAND...: until it succeeds, with a moment in between
within() {
  tries=$1
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.05
  done
}

somebody_on() { for pid in $(pids); do [ "$(processor "$pid")" = "$1" ] && return; done; return 1; }
ran_since() { awk "BEGIN { exit !($(ran "$1") > $2) }"; }

[ -n "$(pids)" ] || die 'there is no task'

case $1 in
02)
  pid=$(pids)
  [ "$(processor "$pid")" = 1 ] || die "the task is on $(processor "$pid")"
  [ "$(allowed "$pid")" = 1 ] || die "it may be on $(allowed "$pid")"
  echo 0 > $cpus/cpu1/online || die 'offline'
  [ "$(processor "$pid")" != 1 ] || die 'the task is still there'
  [ "$(allowed "$pid")" != 1 ] || die 'nobody has told it that it may go elsewhere'
  before=$(ran "$pid")
  within 100 ran_since "$pid" "$before" || die 'the task does not run'
  echo 1 > $cpus/cpu1/online || die 'online'
  ;;
03)
  echo 0 > $cpus/cpu1/online || die 'offline'
  somebody_on 1 && die 'somebody is on a CPU that is offline'
  echo 1 > $cpus/cpu1/online || die 'online'
  within 100 somebody_on 1 || die 'nobody comes back'
  ;;
04)
  for online in $cpus/cpu*/online; do
    echo 0 > "$online" || die "$online"
  done
  [ "$(cat $cpus/online)" = 0 ] || die "online are $(cat $cpus/online)"
  for pid in $(pids); do [ "$(processor "$pid")" = 0 ] || die "$pid is on $(processor "$pid")"; done
  for online in $cpus/cpu*/online; do
    echo 1 > "$online" || die "$online"
  done
  ;;
esac
echo TPASS
