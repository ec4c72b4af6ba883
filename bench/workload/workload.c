/*
 * The work that is measured inside containers. Each command prints how long it took, in nanoseconds, so that
 * nothing of the engine's own time is in it.
 *
 *   workload spawn COUNT PROGRAM          starts and awaits PROGRAM, one after the other
 *   workload append COUNT FILE            opens, appends a line, closes
 *   workload create COUNT FOLDER          makes new files of one line in FOLDER
 *   workload read COUNT FILE              opens, reads 4 KiB, closes
 *   workload mark COUNT FOLDER PAUSE_US   makes new files, prints for each its name and when its write began
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void spawn_once(const char *program) {
  char *arguments[] = {(char *)program, NULL};
  char *environment[] = {NULL};
  pid_t child;
  int status;
  if (posix_spawn(&child, program, NULL, NULL, arguments, environment) != 0) fail(program);
  if (waitpid(child, &status, 0) != child || status != 0) fail(program);
}

static void write_line(const char *path, int flags) {
  static const char line[] = "2026-01-01T00:00:00Z a line of some sixty characters, as in logs\n";
  int file = open(path, O_WRONLY | O_CREAT | flags, 0644);
  if (file < 0) fail(path);
  if (write(file, line, sizeof line - 1) != (ssize_t)(sizeof line - 1)) fail(path);
  close(file);
}

static void read_once(const char *path) {
  static char buffer[4096];
  int file = open(path, O_RDONLY);
  if (file < 0) fail(path);
  if (read(file, buffer, sizeof buffer) < 0) fail(path);
  close(file);
}

static void mark(long count, const char *folder, long pause_us) {
  uint64_t *begun = calloc((size_t)count, sizeof *begun);
  char path[4096];
  for (long i = 0; i < count; i++) {
    usleep((useconds_t)pause_us);
    snprintf(path, sizeof path, "%s/mark-%ld", folder, i);
    begun[i] = now();
    write_line(path, 0);
  }
  /* At the end, so that printing disturbs nothing. */
  for (long i = 0; i < count; i++) printf("mark-%ld %llu\n", i, (unsigned long long)begun[i]);
}

int main(int count_of_words, char **words) {
  if (count_of_words < 4) return 2;
  const char *command = words[1];
  long count = atol(words[2]);
  const char *subject = words[3];
  char path[4096];
  if (strcmp(command, "mark") == 0) {
    mark(count, subject, count_of_words > 4 ? atol(words[4]) : 0);
    return 0;
  }
  uint64_t begun = now();
  for (long i = 0; i < count; i++) {
    if (strcmp(command, "spawn") == 0) spawn_once(subject);
    else if (strcmp(command, "append") == 0) write_line(subject, O_APPEND);
    else if (strcmp(command, "read") == 0) read_once(subject);
    else if (strcmp(command, "create") == 0) {
      snprintf(path, sizeof path, "%s/new-%ld", subject, i);
      write_line(path, O_EXCL);
    } else return 2;
  }
  printf("%llu\n", (unsigned long long)(now() - begun));
  return 0;
}
