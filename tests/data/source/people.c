/* A list of people, an array of points and what else C has: what a debugger shows of it. */
#include <stdint.h>

enum colour { RED, GREEN = 5, BLUE };

struct point { int x, y; };

struct person {
  const char *name;
  int age;
  double height;
  enum colour favourite;
  unsigned tall : 1;
  unsigned grade : 3;
  int change : 4;
  struct person *next;
};

union word {
  uint32_t bits;
  float number;
  uint8_t bytes[4];
};

typedef int (*operation)(int, int);

struct person people[3];
static int counter = 7;
int64_t total;

static int add(int a, int b) { return a + b; }

static int sum_ages(struct person *p) {
  int sum = 0;
  while (p) {
    int age = p->age;
    sum += age;
    counter++;
    p = p->next;
  }
  return sum;
}

static int measure(struct point *points, int count, operation op) {
  int best = -1;
  for (int i = 0; i < count; i++) {
    struct point here = points[i];
    int length = op(here.x * here.x, here.y * here.y);
    if (length > best)
      best = length;
  }
  return best;
}

int64_t run(int seed) {
  static const char *names[] = {"Ada", "Grace", "Edsger"};
  struct point points[4] = {{3, 4}, {1, 1}, {-6, 8}, {seed, 2}};
  char text[8] = "hello";
  union word word;
  unsigned char flag = 1;
  short small = -5;
  int grid[2][3] = {{1, 2, 3}, {4, 5, seed}};
  for (int i = 0; i < 3; i++) {
    people[i].name = names[i];
    people[i].age = 30 + 10 * i;
    people[i].height = 1.5 + i / 10.0;
    people[i].favourite = i ? BLUE : GREEN;
    people[i].tall = i == 1;
    people[i].grade = i + 2;
    people[i].change = -i;
    people[i].next = i < 2 ? &people[i + 1] : 0;
  }
  word.number = 1.5f;
  text[0] += seed;
  total = sum_ages(people);
  int far = measure(points, 4, add);
  return total + far + counter + (word.bits & 1) + flag + small + grid[1][2] + text[0];
}
