/* Average temperature of a week. It prints 17 and should print 20: a breakpoint in `sum` shows why. */
#include <stdio.h>

#define DAYS 7

static const int week[DAYS] = {18, 19, 21, 22, 20, 19, 21};

static int sum(const int *values, int count) {
    int total = 0;
    for (int i = 1; i < count; i++)
        total += values[i];
    return total;
}

int main(void) {
    int average = sum(week, DAYS) / DAYS;
    printf("average: %d degrees\n", average);
    return average == 20 ? 0 : 3;
}
