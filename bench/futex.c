// Two threads: a ball that goes to and fro between threads that spin, or one that wakes another which has parked on a futex.
// futex spin|park ROUNDS: prints the nanoseconds of a hop.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Alignas(64) atomic_int ball;
static _Alignas(64) atomic_int answer;
static int rounds;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void *spinner(void *unused) {
  for (int i = 0; i < rounds; i++) {
    while (atomic_load(&ball) != 2 * i + 1) {}
    atomic_store(&ball, 2 * i + 2);
  }
  return unused;
}

static void *sleeper(void *unused) {
  for (int i = 0; i < rounds; i++) {
    while (atomic_load(&ball) == i) syscall(SYS_futex, &ball, FUTEX_WAIT_PRIVATE, i, NULL, NULL, 0);
    atomic_store(&answer, i + 1);
  }
  return unused;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int park = strcmp(argv[1], "park") == 0;
  rounds = atoi(argv[2]);
  pthread_t other;
  pthread_create(&other, NULL, park ? sleeper : spinner, NULL);
  double all = 0;
  for (int i = 0; i < rounds; i++) {
    // Until the other one has parked, as long ago as in bench/modules/hop.ts: a host lets a core sleep the deeper the longer.
    if (park) for (double begin = now(); now() - begin < 1000000;) {}
    double begin = now();
    if (park) {
      atomic_store(&ball, i + 1);
      syscall(SYS_futex, &ball, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
      while (atomic_load(&answer) != i + 1) {}
    } else {
      atomic_store(&ball, 2 * i + 1);
      while (atomic_load(&ball) != 2 * i + 2) {}
    }
    all += now() - begin;
  }
  pthread_join(other, NULL);
  // There and back, but what comes back from one that was woken meets somebody who spins: that is next to nothing.
  printf("%.1f\n", all / rounds / (park ? 1 : 2));
  return 0;
}
