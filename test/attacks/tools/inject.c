/*
 * inject WAY < library or program: foreign code that is never a file: written into the memory of another process of
 * the image's program, or of this one.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char code[1 << 16];
static size_t size;
static void check(int good, const char *what) {
  if (!good) err(1, "%s", what);
}

/* A child that stops at its first instruction, with the code put where it will go on. */
static void into_child(const char *way) {
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execl("/bin/true", "true", (char *)0);
    _exit(1);
  }
  int status;
  waitpid(child, &status, 0);
  struct user_regs_struct registers;
  check(ptrace(PTRACE_GETREGS, child, 0, &registers) == 0, "ptrace");
  unsigned long at = registers.rip;
  if (!strcmp(way, "ptrace")) {
    for (size_t done = 0; done < size; done += 8) {
      unsigned long word;
      memcpy(&word, code + done, 8);
      check(ptrace(PTRACE_POKETEXT, child, at + done, word) == 0, "poke");
    }
  } else {
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/mem", child);
    int memory = open(name, O_RDWR);
    check(memory >= 0 && pwrite(memory, code, size, (off_t)at) == (ssize_t)size, name);
  }
  ptrace(PTRACE_DETACH, child, 0, 0);
  waitpid(child, &status, 0);
}

int main(int count, char **words) {
  if (count != 2) errx(2, "WAY");
  for (ssize_t got; (got = read(0, code + size, sizeof code - size)) > 0;) size += (size_t)got;
  if (!strcmp(words[1], "ptrace") || !strcmp(words[1], "mem")) into_child(words[1]);
  else {
    void *place = MAP_FAILED;
    if (!strcmp(words[1], "shm")) {
      int id = shmget(IPC_PRIVATE, sizeof code, IPC_CREAT | 0700);
      check(id >= 0, "shmget");
      place = shmat(id, 0, SHM_EXEC);
      shmctl(id, IPC_RMID, 0);
    } else place = mmap(0, sizeof code, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(place != MAP_FAILED && place != (void *)-1, words[1]);
    memcpy(place, code, size);
    ((void (*)(void))place)();
  }
  return 0;
}
