/* What a compiler expects to be there, without debug information. */
typedef __SIZE_TYPE__ size_t;
extern unsigned char __heap_base;
static unsigned char *top = &__heap_base;

void *malloc(size_t size) {
  unsigned char *at = (unsigned char *)(((size_t)top + 15) & ~(size_t)15);
  top = at + size;
  return at;
}
void free(void *at) {}
void *memcpy(void *to, const void *from, size_t size) {
  for (size_t i = 0; i < size; i++)
    ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
  return to;
}
void *memmove(void *to, const void *from, size_t size) {
  if (to < from)
    return memcpy(to, from, size);
  while (size--)
    ((unsigned char *)to)[size] = ((const unsigned char *)from)[size];
  return to;
}
void *memset(void *to, int value, size_t size) {
  for (size_t i = 0; i < size; i++)
    ((unsigned char *)to)[i] = value;
  return to;
}
size_t strlen(const char *text) {
  size_t size = 0;
  while (text[size])
    size++;
  return size;
}
void abort(void) { __builtin_trap(); }
void *_Znwm(size_t size) { return malloc(size); }
void *_Znam(size_t size) { return malloc(size); }
void _ZdlPv(void *at) {}
void _ZdlPvm(void *at, size_t size) {}
void __cxa_pure_virtual(void) { __builtin_trap(); }
void *__rust_alloc(size_t size, size_t align) { return malloc(size); }
void __rust_dealloc(void *at, size_t size, size_t align) {}
