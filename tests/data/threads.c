/* Four threads of wasi-threads share a counter behind a lock; each also counts for itself in a variable of its own.
 * Without a C library, as what starts a thread is part of what is tested: stacks, thread-local storage, wait, notify. */
typedef unsigned u32;

enum { THREADS = 4, ROUNDS = 500, STACK = 16384 };
struct start { void *stack_top, *own; u32 number; };
struct text { const char *at; u32 length; };

__attribute__((import_module("wasi"), import_name("thread-spawn"))) int thread_spawn(struct start *start);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write")))
int fd_write(int fd, const struct text *texts, u32 count, u32 *written);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"), noreturn)) void proc_exit(int code);
void __wasm_init_tls(void *own);

static char stacks[THREADS][STACK] __attribute__((aligned(16)));
static char own[THREADS][64] __attribute__((aligned(16)));
static struct start starts[THREADS];
static _Atomic int lock, ended;
static u32 total, mine_in_all;
static _Thread_local u32 mine = 7;

static void take(void) {
    int free = 0;
    while (!__c11_atomic_compare_exchange_strong(&lock, &free, 1, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        __builtin_wasm_memory_atomic_wait32((int *)&lock, 1, -1);
        free = 0;
    }
}

static void give(void) {
    lock = 0;
    __builtin_wasm_memory_atomic_notify((int *)&lock, 1);
}

static void work(u32 number) {
    for (u32 i = 0; i < ROUNDS; i++) {
        take();
        total += number;
        give();
        mine++;
    }
    take();
    mine_in_all += mine;
    give();
}

__attribute__((used)) void thread_main(int id, struct start *start) {
    (void)id;
    __wasm_init_tls(start->own);
    work(start->number);
    ended++;
    __builtin_wasm_memory_atomic_notify((int *)&ended, 1);
}

__attribute__((naked, export_name("wasi_thread_start"))) void thread_start(int id, struct start *start) {
    __asm__(".globaltype __stack_pointer, i32\n"
            "local.get 1\n i32.load 0\n global.set __stack_pointer\n"
            "local.get 0\n local.get 1\n call thread_main\n");
}

__attribute__((export_name("_start"))) void start(void) {
    for (u32 i = 0; i < THREADS; i++) {
        starts[i] = (struct start){stacks[i] + STACK, own[i], i + 1};
        if (thread_spawn(&starts[i]) < 0) proc_exit(2);
    }
    for (int seen; (seen = ended) < THREADS;) __builtin_wasm_memory_atomic_wait32((int *)&ended, seen, -1);
    static const char good[] = "5000 and 2028\n";
    u32 written;
    if (total != 10 * ROUNDS || mine_in_all != THREADS * (ROUNDS + 7)) proc_exit(3);
    fd_write(1, &(struct text){good, sizeof good - 1}, 1, &written);
    proc_exit(mine);
}
