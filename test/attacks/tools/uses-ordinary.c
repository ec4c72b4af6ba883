/* A program of the image that needs the image's library. */
int ordinary(void);
int main(void) { return ordinary(); }
