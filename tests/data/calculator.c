/* A recursive expression parser: switches (br_table), strings, recursion. */
static const char *text;
static int failed;

static long long sum(void);

static long long atom(void) {
    while (*text == ' ') text++;
    switch (*text) {
    case '(': {
        text++;
        long long value = sum();
        if (*text == ')') text++; else failed = 1;
        return value;
    }
    case '-': text++; return -atom();
    case '+': text++; return atom();
    case '~': text++; return ~atom();
    case '!': text++; return !atom();
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9': {
        long long value = 0;
        while (*text >= '0' && *text <= '9') value = value * 10 + (*text++ - '0');
        return value;
    }
    default: failed = 1; return 0;
    }
}

static long long product(void) {
    long long value = atom();
    for (;;) {
        char sign = *text;
        if (sign != '*' && sign != '/' && sign != '%') return value;
        text++;
        long long other = atom();
        if (sign != '*' && other == 0) { failed = 1; return 0; }
        value = sign == '*' ? value * other : sign == '/' ? value / other : value % other;
    }
}

static long long sum(void) {
    long long value = product();
    for (;;) {
        char sign = *text;
        if (sign != '+' && sign != '-') return value;
        text++;
        long long other = product();
        value = sign == '+' ? value + other : value - other;
    }
}

__attribute__((export_name("calculate"))) long long calculate(const char *expression) {
    text = expression;
    failed = 0;
    long long value = sum();
    return failed ? -1 : value;
}
