/* A library of the image. */
int ordinary(void) { return 0; }
