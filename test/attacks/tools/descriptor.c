/*
 * descriptor TRICK FOLDER < content: runs or loads the content by a descriptor, its file having no name, another
 * name, or a filesystem that is mounted nowhere.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <err.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST (1 << 20)
#ifndef MFD_EXEC
#define MFD_NOEXEC_SEAL 8U
#define MFD_EXEC 16U
#endif
extern char **environ;
static char *content;
static size_t size;
static char *no_words[] = {"x", 0};

static void check(int good, const char *what) {
  if (!good) err(1, "%s", what);
}

static void fill(int fd) {
  check(fd >= 0 && fchmod(fd, 0755) == 0 && write(fd, content, size) == (ssize_t)size, "write");
}

static char *in(const char *folder, const char *name) {
  char *path;
  check(asprintf(&path, "%s/%s", folder, name) > 0, "asprintf");
  return path;
}

/* The same file, for reading: a file that somebody has open for writing is not run (ETXTBSY). */
static int for_reading(int fd) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  int again = open(name, O_PATH);
  check(again >= 0, "open again");
  close(fd);
  return again;
}

static int nameless(const char *folder) {
  int fd = open(folder, O_TMPFILE | O_RDWR, 0700);
  fill(fd);
  return fd;
}

static int deleted(const char *folder) {
  char *path = in(folder, "deleted");
  int fd = open(path, O_RDWR | O_CREAT, 0700);
  fill(fd);
  check(unlink(path) == 0, "unlink");
  return fd;
}

static void run_descriptor(int fd) {
  syscall(SYS_execveat, fd, "", no_words, environ, AT_EMPTY_PATH);
  err(1, "execveat");
}

static void run_proc(int fd) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  execve(name, no_words, environ);
  err(1, "execve %s", name);
}

static void linked(const char *folder) {
  int fd = nameless(folder);
  char name[64], *path = in(folder, "linked");
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  check(linkat(AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0, "linkat");
  close(fd);
  execve(path, no_words, environ);
  err(1, "execve");
}

/* One process has the file, another gets its descriptor over a socket and runs it. */
static void handed_over(const char *folder) {
  int ends[2];
  check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
  char room[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
  struct iovec piece = {&byte, 1};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  if (fork() == 0) {
    check(recvmsg(ends[1], &message, 0) == 1, "recvmsg");
    int fd;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    close(ends[0]);
    run_descriptor(fd);
  }
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof(int));
  int fd = for_reading(deleted(folder));
  memcpy(CMSG_DATA(head), &fd, sizeof fd);
  check(sendmsg(ends[0], &message, 0) == 1, "sendmsg");
  close(fd);
  wait(0);
}

/* Run by the name that another process's descriptor has in /proc. */
static void other_process(const char *folder) {
  int fd = for_reading(deleted(folder));
  pid_t holder = fork();
  if (holder == 0) {
    pause();
    _exit(0);
  }
  close(fd);
  pid_t runner = fork();
  if (runner == 0) {
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/fd/%d", holder, fd);
    execve(name, no_words, environ);
    err(1, "execve %s", name);
  }
  waitpid(runner, 0, 0);
  kill(holder, SIGKILL);
  waitpid(holder, 0, 0);
}

/* Loaded into a program of the image by LD_PRELOAD, its file unlinked. */
static void preloaded(const char *folder) {
  char *setting, *words[] = {"true", 0};
  check(asprintf(&setting, "LD_PRELOAD=/proc/self/fd/%d", for_reading(deleted(folder))) > 0, "asprintf");
  char *settings[] = {setting, 0};
  execve("/bin/true", words, settings);
  err(1, "execve");
}

/* A path that is longer than any the kernel would spell: folders one in another, entered one by one. */
static void deep(const char *folder) {
  char name[201];
  memset(name, 'd', 200), name[200] = 0;
  check(chdir(folder) == 0, "chdir");
  for (int depth = 0; depth < 30; depth++) check(mkdir(name, 0755) == 0 && chdir(name) == 0, "mkdir");
  int fd = open("x", O_WRONLY | O_CREAT, 0755);
  fill(fd);
  close(fd);
  execve("./x", no_words, environ);
  err(1, "execve");
}

static int memory(unsigned flags) {
  int fd = (int)syscall(SYS_memfd_create, "m", flags);
  check(fd >= 0, "memfd_create");
  check(write(fd, content, size) == (ssize_t)size, "write");
  return fd;
}

static void shell_memory(void) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", memory(MFD_NOEXEC_SEAL));
  execl("/bin/sh", "sh", name, (char *)0);
  err(1, "sh");
}

static void load_memory(void) {
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", memory(0));
  if (dlopen(name, RTLD_NOW) == 0) errx(1, "%s", dlerror());
}

static void preload_memory(void) {
  char *setting, *words[] = {"true", 0};
  check(asprintf(&setting, "LD_PRELOAD=/proc/self/fd/%d", memory(0)) > 0, "asprintf");
  char *settings[] = {setting, 0};
  execve("/bin/true", words, settings);
  err(1, "execve");
}

/* A tmpfs that is mounted in no namespace: only its descriptor leads to it. */
static void detached(void) {
  int fs = (int)syscall(SYS_fsopen, "tmpfs", 0);
  check(fs >= 0, "fsopen");
  check(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0) == 0, "fsconfig");
  int mount = (int)syscall(SYS_fsmount, fs, 0, 0);
  check(mount >= 0, "fsmount");
  int fd = openat(mount, "x", O_WRONLY | O_CREAT, 0755);
  fill(fd);
  close(fd);
  syscall(SYS_execveat, mount, "x", no_words, environ, 0);
  err(1, "execveat");
}

int main(int count, char **words) {
  if (count != 3) errx(2, "TRICK FOLDER");
  const char *trick = words[1], *folder = words[2];
  content = malloc(MOST);
  for (ssize_t got; (got = read(0, content + size, MOST - size)) > 0;) size += (size_t)got;
  if (!strcmp(trick, "nameless")) run_proc(for_reading(nameless(folder)));
  else if (!strcmp(trick, "linked")) linked(folder);
  else if (!strcmp(trick, "deleted")) run_descriptor(for_reading(deleted(folder)));
  else if (!strcmp(trick, "deleted-proc")) run_proc(for_reading(deleted(folder)));
  else if (!strcmp(trick, "handed-over")) handed_over(folder);
  else if (!strcmp(trick, "other-process")) other_process(folder);
  else if (!strcmp(trick, "preloaded")) preloaded(folder);
  else if (!strcmp(trick, "memfd-preload")) preload_memory();
  else if (!strcmp(trick, "deep")) deep(folder);
  else if (!strcmp(trick, "memfd")) run_descriptor(memory(MFD_CLOEXEC));
  else if (!strcmp(trick, "memfd-proc")) run_proc(memory(0));
  else if (!strcmp(trick, "memfd-exec-flag")) run_descriptor(memory(MFD_CLOEXEC | MFD_EXEC));
  else if (!strcmp(trick, "memfd-load")) load_memory();
  else if (!strcmp(trick, "memfd-sh")) shell_memory();
  else if (!strcmp(trick, "detached")) detached();
  else errx(2, "no trick %s", trick);
  return 0;
}
