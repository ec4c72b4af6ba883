/*
 * overwrite METHOD PATH < content: puts the content into the file by one of the ways the kernel has for it.
 * With METHOD "held" it keeps the file mapped for writing, and closed, until it is killed.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST (1 << 20)
#define PAGE 4096
static char *content;
static size_t size;
static const char *path;

static void check(int good, const char *what) {
  if (!good) err(1, "%s", what);
}

static int target(int flags) {
  int fd = open(path, flags | O_CREAT, 0755);
  check(fd >= 0, "open");
  return fd;
}

static void by_mmap(int keep) {
  int fd = target(O_RDWR);
  check(ftruncate(fd, (off_t)size) == 0, "ftruncate");
  char *map = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  check(map != MAP_FAILED, "mmap");
  close(fd);
  memcpy(map, content, size);
  if (keep) {
    puts("mapped");
    fflush(stdout);
    pause();
  }
}

/* A file without a name in the target's folder, holding the content. */
static int nameless(void) {
  char folder[PAGE];
  snprintf(folder, sizeof folder, "%s", path);
  char *slash = strrchr(folder, '/');
  check(slash != 0, "path");
  *slash = 0;
  int fd = open(folder, O_TMPFILE | O_RDWR, 0700);
  check(fd >= 0 && write(fd, content, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0, "O_TMPFILE");
  return fd;
}

static void by_copy_file_range(void) {
  int from = nameless(), to = target(O_WRONLY | O_TRUNC);
  check(copy_file_range(from, 0, to, 0, size, 0) == (ssize_t)size, "copy_file_range");
}

static void by_sendfile(void) {
  int from = nameless(), to = target(O_WRONLY | O_TRUNC);
  check(sendfile(to, from, 0, size) == (ssize_t)size, "sendfile");
}

/* The content through a pipe: written into it, or its pages given to it. */
static void by_splice(int gift) {
  int ends[2], to = target(O_WRONLY | O_TRUNC);
  check(pipe(ends) == 0, "pipe");
  for (size_t at = 0; at < size;) {
    struct iovec piece = {content + at, size - at < PAGE ? size - at : PAGE};
    ssize_t put = gift ? vmsplice(ends[1], &piece, 1, 0) : write(ends[1], piece.iov_base, piece.iov_len);
    check(put > 0 && splice(ends[0], 0, to, 0, (size_t)put, 0) == put, "splice");
    at += (size_t)put;
  }
}

static void by_aio(void) {
  int fd = target(O_WRONLY | O_TRUNC);
  aio_context_t context = 0;
  check(syscall(SYS_io_setup, 1, &context) == 0, "io_setup");
  struct iocb block = {.aio_fildes = (unsigned)fd, .aio_lio_opcode = IOCB_CMD_PWRITE,
                       .aio_buf = (unsigned long)content, .aio_nbytes = size};
  struct iocb *blocks[] = {&block};
  struct io_event event;
  check(syscall(SYS_io_submit, context, 1, blocks) == 1, "io_submit");
  check(syscall(SYS_io_getevents, context, 1, 1, &event, 0) == 1 && event.res == (long)size, "io_getevents");
}

/* The ring opens the file, too: no open(2) is made by the process. */
static void by_uring(void) {
  struct io_uring_params setup = {0};
  int ring = (int)syscall(SYS_io_uring_setup, 4, &setup);
  check(ring >= 0, "io_uring_setup");
  char *queue = mmap(0, setup.sq_off.array + 64, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
  char *done = mmap(0, setup.cq_off.cqes + 256, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
  struct io_uring_sqe *entries = mmap(0, 4 * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
  check(queue != MAP_FAILED && done != MAP_FAILED && entries != MAP_FAILED, "ring");
  int fd = -1;
  for (unsigned step = 0; step < 2; step++) {
    struct io_uring_sqe *entry = &entries[0];
    memset(entry, 0, sizeof *entry);
    if (step == 0) {
      entry->opcode = IORING_OP_OPENAT;
      entry->fd = AT_FDCWD;
      entry->addr = (unsigned long)path;
      entry->len = 0755;
      entry->open_flags = O_WRONLY | O_CREAT | O_TRUNC;
    } else {
      entry->opcode = IORING_OP_WRITE;
      entry->fd = fd;
      entry->addr = (unsigned long)content;
      entry->len = (unsigned)size;
    }
    unsigned *tail = (unsigned *)(queue + setup.sq_off.tail);
    ((unsigned *)(queue + setup.sq_off.array))[*tail & (setup.sq_entries - 1)] = 0;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
    check(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) == 1, "io_uring_enter");
    unsigned *head = (unsigned *)(done + setup.cq_off.head);
    struct io_uring_cqe *answer = (struct io_uring_cqe *)(done + setup.cq_off.cqes) + (*head & (setup.cq_entries - 1));
    int result = answer->res;
    __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
    check(result >= 0, step == 0 ? "ring open" : "ring write");
    if (step == 0) fd = result;
  }
}

/* A page of nothing before the content, which is then cut out of the file. */
static void by_collapse(void) {
  int fd = target(O_RDWR | O_TRUNC);
  size_t whole = (size + PAGE - 1) / PAGE * PAGE;
  check(ftruncate(fd, (off_t)(PAGE + whole)) == 0, "ftruncate");
  check(pwrite(fd, content, size, PAGE) == (ssize_t)size && fsync(fd) == 0, "pwrite");
  check(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE) == 0, "fallocate");
}

static void by_direct(void) {
  int fd = target(O_WRONLY | O_TRUNC | O_DIRECT);
  size_t whole = (size + PAGE - 1) / PAGE * PAGE;
  char *aligned = aligned_alloc(PAGE, whole);
  check(aligned != 0, "aligned_alloc");
  memcpy(aligned, content, size);
  check(write(fd, aligned, whole) == (ssize_t)whole, "write");
}

static void by_pwritev2(void) {
  struct iovec piece = {content, size};
  check(pwritev2(target(O_WRONLY | O_TRUNC), &piece, 1, 0, RWF_DSYNC) == (ssize_t)size, "pwritev2");
}

/* Opened anew through /proc from a descriptor that allows nothing. */
static void by_reopen(void) {
  int fd = open(path, O_PATH), to;
  char name[64];
  check(fd >= 0, "O_PATH");
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  to = open(name, O_WRONLY | O_TRUNC);
  check(to >= 0 && write(to, content, size) == (ssize_t)size, "reopen");
}

int main(int count, char **words) {
  if (count != 3) errx(2, "METHOD PATH");
  const char *method = words[1];
  path = words[2];
  content = malloc(MOST);
  for (ssize_t got; (got = read(0, content + size, MOST - size)) > 0;) size += (size_t)got;
  if (!strcmp(method, "mmap")) by_mmap(0);
  else if (!strcmp(method, "held")) by_mmap(1);
  else if (!strcmp(method, "copy-file-range")) by_copy_file_range();
  else if (!strcmp(method, "sendfile")) by_sendfile();
  else if (!strcmp(method, "splice")) by_splice(0);
  else if (!strcmp(method, "vmsplice")) by_splice(1);
  else if (!strcmp(method, "aio")) by_aio();
  else if (!strcmp(method, "uring")) by_uring();
  else if (!strcmp(method, "collapse")) by_collapse();
  else if (!strcmp(method, "direct")) by_direct();
  else if (!strcmp(method, "pwritev2")) by_pwritev2();
  else if (!strcmp(method, "reopen")) by_reopen();
  else errx(2, "no method %s", method);
  return 0;
}
