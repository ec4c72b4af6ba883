/* A program of the image: says the product of its two arguments, nothing without them. Attacks use it up. */
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
  if (count == 3) printf("ran-%lu\n", strtoul(words[1], 0, 10) * strtoul(words[2], 0, 10));
  return 0;
}
