/*
 * race VARIANT ATTEMPTS FOLDER FIRST < content: one thread swaps what is at a path, the other runs or reads it as fast
 * as it can. Each way in ATTEMPTS; programs of the image are /opt/race/FIRST and on, each used up by one swap.
 * Whoever wins lets the content say its product; at the end the counts are printed.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST (1 << 20)
static char content[MOST], folder[4096], victim[4200], path[4200], evil[4200];
static size_t size;
static const char *variant;
static long attempts, refused, busy, failed;
static int goal;
static volatile int turn, over;
static posix_spawn_file_actions_t quiet;

static int is(const char *name) { return strcmp(variant, name) == 0; }
static void check(int good, const char *what) {
  if (!good) err(1, "%s", what);
}

static void make(const char *at, size_t length) {
  int fd = open(at, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  check(fd >= 0 && write(fd, content, length) == (ssize_t)length, at);
  close(fd);
}

static void attempt(char *const *words, char *const *environment) {
  pid_t child;
  int status, error = posix_spawn(&child, words[0], &quiet, 0, words, environment);
  attempts++;
  if (error == 0) waitpid(child, &status, 0);
  else if (error == EPERM || error == EACCES) refused++;
  else if (error == ETXTBSY) busy++;
  else failed++;
}

static void spin(unsigned turns) {
  for (volatile unsigned at = 0; at < turns; at++) {}
}

/* Swaps the image's program once, at an arbitrary moment. */
static void swap_once(unsigned *seed) {
  spin((unsigned)rand_r(seed) % 60000);
  if (is("replace")) {
    rename(evil, victim);
    return;
  }
  int fd = open(victim, O_RDWR);
  if (fd < 0) return;
  if (is("mmap")) {
    char *map = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map != MAP_FAILED) memcpy(map, content, size), munmap(map, size);
  } else if (pwrite(fd, content, size, 0) < 0) failed++;
  close(fd);
}

static void *swapper(void *unused) {
  unsigned seed = 1;
  while (!over) {
    if (turn == 1) swap_once(&seed), turn = 2;
    else sched_yield();
  }
  return unused;
}

/* One program of the image after another: run before, while and after it is changed. */
static void image_files(int first) {
  char *words[] = {victim, 0}, *environment[] = {0};
  for (int number = first; attempts < goal; number++) {
    snprintf(victim, sizeof victim, "/opt/race/%d", number);
    if (access(victim, F_OK) != 0) break;
    if (is("replace")) make(evil, size);
    attempt(words, environment);
    turn = 1;
    while (turn != 2) attempt(words, environment);
    attempt(words, environment);
    unlink(victim);
  }
}

/* The first bytes alone make the difference between a text and a library, a comment and a command. */
static const char harmless[4] = {'#', ' ', ' ', ' '};

/* Harmless to begin with: what is a program's is not opened for reading, so not for a mapping either. */
static void make_harmless(void) {
  char kept[4];
  memcpy(kept, content, 4), memcpy(content, harmless, 4);
  make(path, size);
  memcpy(content, kept, 4);
}

/* Flips between what is harmless and what is not, until it is over. */
static void *flipper(void *unused) {
  int fd = is("preload-write") || is("script-write") ? open(path, O_WRONLY) : open(path, O_RDWR);
  if (is("symlink") || is("preload-symlink") || is("script-symlink") || is("exchange")) {
    while (!over) renameat2(AT_FDCWD, path, AT_FDCWD, evil, RENAME_EXCHANGE);
    return unused;
  }
  check(fd >= 0, path);
  int mapped = is("preload-mmap") || is("script-mmap");
  char *map = mapped ? mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : 0;
  check(map != MAP_FAILED, "mmap");
  for (int on = 0; !over; on = !on) {
    const char *bytes = on ? content : harmless;
    if (mapped) memcpy(map, bytes, 4);
    else if (pwrite(fd, bytes, 4, 0) != 4) break;
    spin(20000);
  }
  return unused;
}

/* The same path again and again. */
static void one_path(void) {
  char preload[4300];
  snprintf(preload, sizeof preload, "LD_PRELOAD=%s", path);
  char *plain[] = {path, 0}, *ordinary[] = {"/bin/true", 0}, *script[] = {"/bin/sh", path, 0};
  char *environment[] = {0, 0};
  char **words = plain;
  if (strncmp(variant, "preload", 7) == 0) words = ordinary, environment[0] = preload;
  if (strncmp(variant, "script", 6) == 0) words = script;
  while (attempts < goal) attempt(words, environment);
}

#ifdef __x86_64__
/* Runs the program by single system calls; once it has opened the path, the content comes into the file. */
static void stopped(void) {
  int writer = open(path, O_WRONLY), status, script = is("stop-script");
  while (attempts < goal) {
    char preload[4300];
    check(pwrite(writer, harmless, 4, 0) == 4, "pwrite");
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", path);
    char *words[] = {script ? "/bin/sh" : "/bin/true", script ? path : 0, 0};
    char *environment[] = {script ? 0 : preload, 0};
    pid_t child = fork();
    if (child == 0) {
      int null = open("/dev/null", O_WRONLY);
      dup2(null, 2);
      ptrace(PTRACE_TRACEME, 0, 0, 0);
      execve(words[0], words, environment);
      _exit(1);
    }
    attempts++;
    int denied = 0, opened = 0;
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
      struct user_regs_struct registers;
      ptrace(PTRACE_GETREGS, child, 0, &registers);
      long result = (long)registers.rax;
      if (registers.orig_rax == SYS_openat && result != -ENOSYS && !opened) {
        char name[64];
        unsigned long words_of_name[8] = {0};
        for (int at = 0; at < 8; at++)
          words_of_name[at] = (unsigned long)ptrace(PTRACE_PEEKDATA, child, registers.rsi + 8UL * (unsigned)at, 0);
        memcpy(name, words_of_name, sizeof name);
        if (strncmp(name, path, strlen(path)) == 0) {
          opened = result >= 0, denied = result < 0;
          if (opened) check(pwrite(writer, content, 4, 0) == 4, "pwrite");
        }
      }
      ptrace(PTRACE_SYSCALL, child, 0, 0);
    }
    refused += denied;
  }
}
#else
static void stopped(void) { errx(1, "for x86_64 alone"); }
#endif

int main(int count, char **words) {
  if (count != 5) errx(2, "VARIANT ATTEMPTS FOLDER FIRST");
  variant = words[1], goal = atoi(words[2]);
  snprintf(folder, sizeof folder, "%s", words[3]);
  snprintf(path, sizeof path, "%.4000s/x", folder);
  snprintf(evil, sizeof evil, "%.4000s/evil", folder);
  for (ssize_t got; (got = read(0, content + size, MOST - size)) > 0;) size += (size_t)got;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
  pthread_t other;
  int on_image = is("write") || is("mmap") || is("replace");
  if (strncmp(variant, "stop", 4) == 0) {
    make_harmless();
    stopped();
  } else if (on_image) {
    pthread_create(&other, 0, swapper, 0);
    image_files(atoi(words[4]));
    over = 1;
    pthread_join(other, 0);
  } else {
    snprintf(victim, sizeof victim, "/opt/race/%s", words[4]);
    if (is("exchange")) check(rename(victim, path) == 0, "rename"), make(evil, size);
    else if (strstr(variant, "symlink") != 0) {
      char real[4200];
      snprintf(real, sizeof real, "%.4000s/real", folder);
      make(real, size);
      const char *genuine = is("preload-symlink") ? "/opt/lib/libordinary.so" : is("script-symlink") ? "/opt/race/script" : victim;
      check(symlink(genuine, path) == 0 && symlink(real, evil) == 0, "symlink");
    } else make_harmless();
    pthread_create(&other, 0, flipper, 0);
    one_path();
    over = 1;
    pthread_join(other, 0);
  }
  printf("race attempts=%ld refused=%ld busy=%ld failed=%ld\n", attempts, refused, busy, failed);
  return 0;
}
