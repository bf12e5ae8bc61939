// Structures of control groups and cpusets.
import { struct } from '../struct.js'
import { MUTEX } from './sync.js'
import { WORK } from './workqueues.js'

/** Characters of a group's name, at most. */
export const CGROUP_NAME = 64

/** A group of the tree. The first one is the root, and is always there. */
export const CGROUP = struct('cgroup', {
  // changed under cgroup_mutex
  used: 'word',
  /** the group that it is in, 0: it is the root */
  parent: 'word',
  /** CONTROLLER bits that its children have */
  subtreeControl: 'word',
  name: [CGROUP_NAME / 4],
  // guarded by callback_lock, changed with cpuset_mutex held
  /** 1: it has a cpuset of its own; else it shares that of the group above */
  cpuset: 'word',
  // guarded by css_set_lock
  /** its processes: a list of CGROUP_MEMBER */
  members: 'word',
})

/** What a process is in: one for each process that there may be. Guarded by css_set_lock. */
export const CGROUP_MEMBER = struct('cgroup_member', {
  /** 0: the root, whose processes are on no list */
  group: 'word',
  next: 'word',
  previous: 'word',
})

/** What all groups share. */
export const CGROUP_ROOT = struct('cgroup_root', {
  cgroupMutex: MUTEX,
  /** cpuset_rwsem of 6.1, without its readers: those only change deadline tasks */
  cpusetMutex: MUTEX,
  cssSetLock: 'lock',
  callbackLock: 'lock',
  /** groups besides the root; changed with css_set_lock held */
  groups: 'word',
  /** cpusets besides the root's: changed with cpuset_mutex and cpu_hotplug_lock (for reading) held */
  cpusets: 'word',
  /** 1: the scheduling domain is to be rebuilt, by the work below */
  rebuild: 'word',
  /** 1: the set of active CPUs has changed in the operation under way; guarded by cpu_hotplug_lock, held for writing */
  activeChanged: 'word',
  hotplugWork: WORK,
})
