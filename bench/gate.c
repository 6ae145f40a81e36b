/* bench/gate.c: what does a risk gate cost an order, and how soon is its kill switch seen?
 *
 * Orders: buys and sells by turns over a hundred symbols with every rule on, so that all pass; beside them such as the
 * first rule refuses, and marks that move a position. The switch: two pinned threads, one of which decides on orders as
 * fast as it can, while the other, at an irregular moment, takes the time, and sets the switch; the first thread takes
 * the time when it has the first refusal. The figure has both readings of the clock in it, and the rest of the decision
 * that was under way. The same is done with a bare flag that a thread does nothing but read: what is left is the
 * machine's own. Each sample is a percentile of many thousand switchings; then all are shown, and those during which
 * the system let another thread have neither processor. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setaffinity_np */
#endif
#include "bench/common.h"

#include "base/clock.h"

#include <quern/gate.h>
#include <quern/metrics.h>

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    SYMBOLS = 100,
    ORDERS = 8192,
    SWITCHINGS = 20000, /* a sample: p99.9 is the 20th greatest */
};

static struct {
    qn_gate *gate;
    qn_tick orders[ORDERS], marks[ORDERS];
    int64_t refused, now_ns;

    _Alignas(64) _Atomic int64_t ready; /* the switching that the deciding thread waits for */
    _Alignas(64) _Atomic int64_t seen_ns;
    int64_t interruptions; /* of the deciding thread in this switching; written before seen_ns is */
    int64_t switchings;
    bool bare; /* the switch is the flag, and not the gate's */
    _Alignas(64) atomic_bool flag;
} world;

static void must(qn_status status, const char *what)
{
    if (status != QN_OK) {
        (void)fprintf(stderr, "bench_gate: %s failed\n", what);
        exit(1);
    }
}

static void pin_to(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/* Every rule is on, and none is broken. */
static void make_gate(void)
{
    qn_gate_options o;
    qn_gate_options_init(&o, sizeof o);
    o.equity = 1e9;
    o.max_position = o.max_order_size = 1e6;
    o.max_order_value = o.max_exposure = o.max_daily_loss = 1e12;
    o.max_leverage = 100;
    o.max_drawdown = 0.99;
    o.price_band = 0.5;
    o.max_rate = o.max_symbol_rate = 1000;
    must(qn_gate_new(&world.gate, &o, SYMBOLS, NULL), "a gate");
    for (int i = 0; i < ORDERS; i++) {
        qn_tick t = {.symbol = i / 2 % SYMBOLS,
                     .price = (100 + i % 7) * (int64_t)QN_TICK_SCALE,
                     .size = (1 + i / 2 % 3) * (int64_t)QN_TICK_SCALE,
                     .side = i % 2 == 0 ? 1 : -1};
        world.marks[i] = t;
        t.kind = QN_TICK_ORDER;
        world.orders[i] = t;
        qn_gate_mark(world.gate, &world.marks[i]);
    }
}

/* The order at a place; event times go on from round to round, slowly enough for the rates. */
static inline qn_gate_rule decide_next(int64_t at)
{
    world.orders[at].time_ns = world.now_ns += 2000000;
    return qn_gate_decide(world.gate, &world.orders[at]);
}

static void decide(void *user)
{
    (void)user;
    int64_t refused = 0;
    for (int i = 0; i < ORDERS; i++)
        refused += decide_next(i) != QN_GATE_ACCEPTED;
    world.refused += refused;
}

static void mark(void *user)
{
    (void)user;
    for (int i = 0; i < ORDERS; i++)
        qn_gate_mark(world.gate, &world.marks[i]);
}

/* ---- the switch ---- */

/* How often this thread was made to give its processor to another. */
static int64_t interruptions(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_THREAD, &usage);
    return (int64_t)usage.ru_nivcsw;
}

/* Whether the switch is seen to be on. */
static inline bool is_seen(int64_t at)
{
    return world.bare ? atomic_load_explicit(&world.flag, memory_order_acquire) : decide_next(at) == QN_GATE_KILL;
}

static void set_switch(bool on)
{
    if (world.bare)
        atomic_store_explicit(&world.flag, on, memory_order_release);
    else if (on)
        qn_gate_kill(world.gate);
    else
        qn_gate_revive(world.gate);
}

static void *decide_until_killed(void *user)
{
    (void)user;
    pin_to(1);
    int64_t at = 0;
    for (int64_t n = 1; n <= world.switchings; n++) {
        set_switch(false);
        int64_t before = interruptions();
        atomic_store(&world.ready, n);
        while (!is_seen(at))
            at = at + 1 == ORDERS ? 0 : at + 1;
        int64_t now_ns = qni_clock_monotonic_ns();
        world.interruptions = interruptions() - before;
        atomic_store(&world.seen_ns, now_ns);
    }
    return NULL;
}

static void switch_and_measure(qn_histogram *latencies, qn_histogram *undisturbed)
{
    uint64_t random = 88172645463325252U;
    pthread_t thread;
    atomic_store(&world.ready, 0);
    if (pthread_create(&thread, NULL, decide_until_killed, NULL) != 0)
        must(QN_INTERNAL, "a thread");
    for (int64_t n = 1; n <= world.switchings; n++) {
        while (atomic_load(&world.ready) != n)
            ;
        atomic_store(&world.seen_ns, 0);
        int64_t before = interruptions();
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        const int64_t begin_ns = qni_clock_monotonic_ns() + (int64_t)(random % 2000);
        int64_t now_ns;
        while ((now_ns = qni_clock_monotonic_ns()) < begin_ns)
            ;
        set_switch(true);
        int64_t seen_ns;
        while ((seen_ns = atomic_load(&world.seen_ns)) == 0)
            ;
        qn_histogram_record(latencies, seen_ns - now_ns, 1);
        if (world.interruptions == 0 && interruptions() == before)
            qn_histogram_record(undisturbed, seen_ns - now_ns, 1);
    }
    (void)pthread_join(thread, NULL);
    set_switch(false);
}

static void print_histogram(const char *name, const qn_histogram *h)
{
    qn_histogram_stats s = {.size = sizeof s};
    qn_histogram_get_stats(h, &s);
    (void)printf("%-17s %9" PRId64 ": p50 %" PRId64 " ns, p99 %" PRId64 " ns, p99.9 %" PRId64 " ns, p99.99 %" PRId64
                 " ns, max %" PRId64 " ns\n",
                 name, s.count, qn_histogram_percentile(h, 50), qn_histogram_percentile(h, 99),
                 qn_histogram_percentile(h, 99.9), qn_histogram_percentile(h, 99.99), s.max);
}

enum {
    ROWS = 4,
    SAMPLES_MAX = 1000
};

/* Of the gate's switch, or of a bare flag. */
typedef struct switchings {
    const char *name;
    qn_histogram *all, *undisturbed;
    double seconds[ROWS][SAMPLES_MAX];
} switchings;

static void measure_switch(bench *b)
{
    static const struct {
        const char *name;
        double percent;
    } rows[] = {
        {"kill switch p50", 50}, {"kill switch p99", 99}, {"kill switch p99.9", 99.9}, {"kill switch max", 100}};
    static switchings of[] = {{.name = "gate"}, {.name = "bare flag"}};
    const int samples = b->samples < SAMPLES_MAX ? b->samples : SAMPLES_MAX;
    qn_histogram *one;
    must(qn_histogram_new(&one, 0, NULL, NULL), "a histogram");
    for (int k = 0; k < 2; k++) {
        must(qn_histogram_new(&of[k].all, 0, NULL, NULL), "a histogram");
        must(qn_histogram_new(&of[k].undisturbed, 0, NULL, NULL), "a histogram");
    }
    world.switchings = b->quick ? SWITCHINGS / 10 : SWITCHINGS;
    pin_to(0);
    for (int i = 0; i < 2 * samples; i++) {
        switchings *s = &of[i % 2];
        world.bare = i % 2 != 0;
        qn_histogram_clear(one);
        switch_and_measure(one, s->undisturbed);
        must(qn_histogram_merge(s->all, one, NULL), "adding up");
        for (int r = 0; r < ROWS; r++)
            s->seconds[r][i / 2] = (double)qn_histogram_percentile(one, rows[r].percent) * 1e-9;
    }
    for (int r = 0; r < ROWS; r++)
        for (int k = 0; k < 2; k++)
            (void)bench_report(b, rows[r].name, of[k].name, of[k].seconds[r], samples, 0, NULL);
    for (int k = 0; k < 2; k++) {
        (void)printf("%s:\n", of[k].name);
        print_histogram("all switchings", of[k].all);
        print_histogram("undisturbed ones", of[k].undisturbed);
        qn_histogram_free(of[k].all);
        qn_histogram_free(of[k].undisturbed);
    }
    qn_histogram_free(one);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "gate", argc, argv);
    make_gate();
    (void)bench_measure(&b, "orders that pass, all rules on", (bench_side){"quern", decide, NULL}, ORDERS, "orders");
    if (world.refused > 0)
        must(QN_INTERNAL, "passing");
    qn_gate_kill(world.gate);
    (void)bench_measure(&b, "orders while the switch is on", (bench_side){"quern", decide, NULL}, ORDERS, "orders");
    qn_gate_revive(world.gate);
    for (int i = 0; i < 2 * SYMBOLS; i += 2)
        (void)decide_next(i); /* each symbol has a position for marks to move */
    (void)bench_measure(&b, "marks of held symbols", (bench_side){"quern", mark, NULL}, ORDERS, "records");
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
        (void)printf("SKIPPED: the kill switch, which wants two processors\n");
    else
        measure_switch(&b);
    qn_gate_free(world.gate);
    return bench_end(&b);
}
