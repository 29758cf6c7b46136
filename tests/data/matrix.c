/* Floating point: loops over doubles and floats, conversions both ways. */
#define N 8
static double left[N][N], right[N][N], product[N][N];

__attribute__((export_name("multiply"))) double multiply(int seed) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            left[i][j] = (double)(seed + i * j) / 3.0;
            right[i][j] = (float)(seed - i) * 0.25f;
        }
    double trace = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0;
            for (int k = 0; k < N; k++) sum += left[i][k] * right[k][j];
            product[i][j] = sum;
            if (i == j) trace += __builtin_sqrt(__builtin_fabs(sum));
        }
    return trace;
}

__attribute__((export_name("rounded"))) long long rounded(double x) { return (long long)__builtin_floor(x + 0.5); }
