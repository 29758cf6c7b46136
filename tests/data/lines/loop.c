#include <stdint.h>

static int square(int n)
{
    int result = n * n;
    return result;
}

__attribute__((export_name("total")))
int total(int count)
{
    int sum = 0;
    for (int i = 0; i < count; i++) {
        if (i % 2)
            sum += square(i);
        else
            sum -= i;
    }
    while (sum > 1000)
        sum /= 2;
    return sum;
}
