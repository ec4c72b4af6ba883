/*
 * The foreign code: says the product of A and B, which are made up for each run and given to the compiler alone.
 * Without a C library when FREESTANDING; with LIBRARY a shared library that says it when it is loaded. With SILENT it
 * is a program of the image that does nothing.
 */
/* What starts the program is its first instruction, so that its code can be run without the file around it. */
#ifdef FREESTANDING
#ifdef __x86_64__
__asm__(".globl _start\n_start: and $-16, %rsp\n call begin\n");
#else
__asm__(".globl _start\n_start: bl begin\n");
#endif
#endif

#ifdef __x86_64__
static long call(long number, long a, const void *b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}
#define WRITE 1
#define EXIT 231
#else
static long call(long number, long a, const void *b, long c) {
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x2 __asm__("x2") = c;
  register const void *x1 __asm__("x1") = b;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}
#define WRITE 64
#define EXIT 94
#endif

static void say(void) {
#ifndef SILENT
  char text[32];
  int at = sizeof text;
  volatile unsigned long a = A, b = B;
  unsigned long product = a * b;
  text[--at] = '\n';
  for (; product > 0; product /= 10) text[--at] = (char)('0' + product % 10);
  text[--at] = '-', text[--at] = 'n', text[--at] = 'a', text[--at] = 'r';
  call(WRITE, 1, text + at, (long)sizeof text - at);
#endif
}

#if defined LIBRARY
__attribute__((constructor)) static void loaded(void) { say(); }
/* What those who load a library ask it for: rtld-audit(7), the image's own library, and gcc's plug-ins. */
unsigned la_version(unsigned version) { return version; }
int ordinary(void) { return 0; }
int plugin_is_GPL_compatible;
#elif defined FREESTANDING
__attribute__((used)) void begin(void) {
  say();
  call(EXIT, 0, 0, 0);
}
#else
int main(void) {
  say();
  return 0;
}
#endif
