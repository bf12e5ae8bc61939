/* The handshake of cpuhp_kick_ap with cpuhp_thread_fun and with parking: what bench/modules/handshake.ts does, step by step.
   -DPAIRS=n controllers with a thread each, -DROUNDS=n, -DBROKEN for the lost wakeup. A deadlock is an invalid end state. */
#ifndef PAIRS
#define PAIRS 1
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#define AWAKE 0
#define ASLEEP 1

bit state[PAIRS], should_run[PAIRS], should_park[PAIRS], completed[PAIRS], parked[PAIRS];
bit lock;

proctype controller(byte pair) {
  byte round = 0;
  do
  :: round < ROUNDS ->
     atomic { lock == 0 -> lock = 1 };
     should_run[pair] = 1;
     state[pair] = AWAKE;
     completed[pair] == 1;
     completed[pair] = 0;
     lock = 0;
     round++
  :: else -> break
  od;
  should_park[pair] = 1;
  state[pair] = AWAKE;
  parked[pair] == 1
}

proctype thread(byte pair) {
  do
  ::
#ifndef BROKEN
     state[pair] = ASLEEP;
#endif
     if
     :: should_park[pair] == 1 -> break
     :: else
     fi;
     if
     :: should_run[pair] == 1 ->
        state[pair] = AWAKE;
        should_run[pair] = 0;
        completed[pair] = 1
     :: else ->
#ifdef BROKEN
        state[pair] = ASLEEP;
#endif
        state[pair] == AWAKE
     fi
  od;
  parked[pair] = 1
}

init {
  byte pair = 0;
  atomic {
    do
    :: pair < PAIRS -> run controller(pair); run thread(pair); pair++
    :: else -> break
    od
  }
}
