/* bench/ring.c: what does it cost to hand items over? Our SPSC and MPMC rings beside ck_ring (one item a call: it has
 * no other) and a queue under a mutex; words of 8 bytes, one at a time and thirty-two at a time, by one thread and
 * between two pinned ones. Then the way of one word there and back between two threads, its median and 99th percentile,
 * beside the same over two bare words. Our rings park, which is what they do by default; how often the system was
 * entered is printed. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setaffinity_np */
#endif
#include "bench/common.h"

#include <quern/ring_broadcast.h>
#include <quern/ring_mpmc.h>
#include <quern/ring_spsc.h>

#if BENCH_HAVE_CK
#include <ck_ring.h>
#endif

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RING_ITEMS = 1024,
    MANY = 32,
    LOOKS = 200 /* of a peer, before it lets others run: as ours */
};

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_ring: %s failed\n", what);
    exit(1);
}

static void must(qn_status status, const char *what)
{
    if (status != QN_OK)
        die(what);
}

static void pin_to(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor % (int)sysconf(_SC_NPROCESSORS_ONLN), &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/* A queue of words. push waits until all are in, pop for the first one. */
typedef struct queue {
    const char *name;
    void (*push)(void *self, const int64_t *words, int64_t count);
    int64_t (*pop)(void *self, int64_t *words, int64_t count);
    void *self;
} queue;

/* ---- ours ---- */

static void spsc_push(void *self, const int64_t *words, int64_t count)
{
    int64_t pushed;
    must(qn_spsc_push(&pushed, self, words, count, -1), "qn_spsc_push");
}

static int64_t spsc_pop(void *self, int64_t *words, int64_t count)
{
    int64_t popped;
    must(qn_spsc_pop(&popped, self, words, count, -1), "qn_spsc_pop");
    return popped;
}

static void mpmc_push(void *self, const int64_t *words, int64_t count)
{
    int64_t pushed;
    must(qn_mpmc_push(&pushed, self, words, count, -1), "qn_mpmc_push");
}

static int64_t mpmc_pop(void *self, int64_t *words, int64_t count)
{
    int64_t popped;
    must(qn_mpmc_pop(&popped, self, words, count, -1), "qn_mpmc_pop");
    return popped;
}

/* One reader. */
typedef struct broadcast {
    qn_broadcast *ring;
    qn_broadcast_reader *reader;
} broadcast;

static void broadcast_push(void *self, const int64_t *words, int64_t count)
{
    broadcast *b = self;
    while (count > 0) {
        qn_ring_span span;
        must(qn_broadcast_claim(&span, b->ring, count, -1), "qn_broadcast_claim");
        memcpy(span.items, words, (size_t)span.count * sizeof *words);
        qn_broadcast_commit(b->ring, span.count);
        words += span.count;
        count -= span.count;
    }
}

static int64_t broadcast_pop(void *self, int64_t *words, int64_t count)
{
    broadcast *b = self;
    qn_ring_span span;
    must(qn_broadcast_reader_peek(&span, b->reader, count, -1), "qn_broadcast_reader_peek");
    memcpy(words, span.items, (size_t)span.count * sizeof *words);
    qn_broadcast_reader_release(b->reader, span.count);
    return span.count;
}

/* ---- peers ---- */

static void again(int *looks)
{
    if (++*looks < LOOKS) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    } else {
        *looks = 0;
        (void)sched_yield();
    }
}

#if BENCH_HAVE_CK
typedef struct ck_queue {
    ck_ring_t ring;
    ck_ring_buffer_t buffer[2 * RING_ITEMS]; /* a ck_ring holds one less than its size: room for as many as ours */
} ck_queue;

#define CK_QUEUE(kind)                                                             \
    static void ck_##kind##_push(void *self, const int64_t *words, int64_t count)  \
    {                                                                              \
        ck_queue *q = self;                                                        \
        int looks = 0;                                                             \
        for (int64_t i = 0; i < count; i++)                                        \
            while (!ck_ring_enqueue_##kind(&q->ring, q->buffer, (void *)words[i])) \
                again(&looks);                                                     \
    }                                                                              \
    static int64_t ck_##kind##_pop(void *self, int64_t *words, int64_t count)      \
    {                                                                              \
        ck_queue *q = self;                                                        \
        int looks = 0;                                                             \
        int64_t popped = 0;                                                        \
        for (void *word; popped < count; words[popped++] = (int64_t)word)          \
            while (!ck_ring_dequeue_##kind(&q->ring, q->buffer, &word)) {          \
                if (popped > 0)                                                    \
                    return popped;                                                 \
                again(&looks);                                                     \
            }                                                                      \
        return popped;                                                             \
    }
CK_QUEUE(spsc)
CK_QUEUE(mpmc)
#endif

typedef struct mutex_queue {
    pthread_mutex_t mutex;
    pthread_cond_t room, news;
    int64_t head, tail;
    int64_t words[RING_ITEMS];
} mutex_queue;

static void mutex_push(void *self, const int64_t *words, int64_t count)
{
    mutex_queue *q = self;
    while (count > 0) {
        pthread_mutex_lock(&q->mutex);
        while (q->tail - q->head == RING_ITEMS)
            pthread_cond_wait(&q->room, &q->mutex);
        while (count > 0 && q->tail - q->head < RING_ITEMS) {
            q->words[q->tail++ % RING_ITEMS] = *words++;
            count--;
        }
        pthread_mutex_unlock(&q->mutex);
        pthread_cond_signal(&q->news);
    }
}

static int64_t mutex_pop(void *self, int64_t *words, int64_t count)
{
    mutex_queue *q = self;
    int64_t popped = 0;
    pthread_mutex_lock(&q->mutex);
    while (q->tail == q->head)
        pthread_cond_wait(&q->news, &q->mutex);
    while (popped < count && q->tail > q->head)
        words[popped++] = q->words[q->head++ % RING_ITEMS];
    pthread_mutex_unlock(&q->mutex);
    pthread_cond_signal(&q->room);
    return popped;
}

/* ---- moving ---- */

typedef struct task {
    queue q;
    int64_t batch; /* words a call */
    int64_t words; /* in all; a multiple of batch */
} task;

static void push_in_batches(const task *t)
{
    int64_t words[MANY];
    for (int64_t i = 0; i < t->words; i += t->batch) {
        for (int64_t j = 0; j < t->batch; j++)
            words[j] = i + j;
        t->q.push(t->q.self, words, t->batch);
    }
}

/* One thread: in, then out. */
static void in_and_out(void *user)
{
    const task *t = user;
    int64_t words[MANY], sum = 0;
    for (int64_t i = 0; i < t->words; i += t->batch) {
        for (int64_t j = 0; j < t->batch; j++)
            words[j] = i + j;
        t->q.push(t->q.self, words, t->batch);
        for (int64_t done = 0; done < t->batch;) {
            int64_t popped = t->q.pop(t->q.self, words, t->batch - done);
            for (int64_t j = 0; j < popped; j++)
                sum += words[j];
            done += popped;
        }
    }
    if (sum != t->words * (t->words - 1) / 2)
        die("conservation");
}

static void *producer(void *user)
{
    pin_to(1);
    push_in_batches(user);
    return NULL;
}

/* Two threads: one in, the other out. */
static void across(void *user)
{
    task *t = user;
    int64_t words[MANY], sum = 0;
    pthread_t thread;
    if (pthread_create(&thread, NULL, producer, t) != 0)
        die("pthread_create");
    for (int64_t done = 0; done < t->words;) {
        int64_t popped = t->q.pop(t->q.self, words, t->batch);
        for (int64_t j = 0; j < popped; j++)
            sum += words[j];
        done += popped;
    }
    pthread_join(thread, NULL);
    if (sum != t->words * (t->words - 1) / 2)
        die("conservation");
}

static void *in_and_out_many(void *user)
{
    const task *t = user;
    int64_t words[MANY];
    for (int64_t i = 0; i < t->words; i += t->batch) {
        memset(words, 1, sizeof words);
        t->q.push(t->q.self, words, t->batch);
        for (int64_t done = 0; done < t->batch;)
            done += t->q.pop(t->q.self, words, t->batch - done);
    }
    return NULL;
}

static void *in_and_out_pinned(void *user)
{
    pin_to(1);
    return in_and_out_many(user);
}

/* Two threads: both in and out of the same ring. */
static void both(void *user)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, in_and_out_pinned, user) != 0)
        die("pthread_create");
    (void)in_and_out_many(user);
    pthread_join(thread, NULL);
}

static void compare(bench *b, const char *name, void (*move)(void *), int64_t batch, int64_t words, queue ours,
                    const queue *peers, int peer_count)
{
    for (int i = 0; i < peer_count; i++) {
        task our_task = {ours, batch, words / batch * batch}, peer_task = {peers[i], batch, words / batch * batch};
        double moved = (double)our_task.words * (move == both ? 2 : 1);
        (void)bench_compare(b, name, (bench_side){ours.name, move, &our_task},
                            (bench_side){peers[i].name, move, &peer_task}, moved, "items");
    }
}

/* ---- the way there and back ---- */

/* What a hop costs without a ring: a word in a cache line for either direction, spun on. */
typedef struct bare {
    _Alignas(64) _Atomic int64_t there;
    _Alignas(64) _Atomic int64_t back;
} bare;

typedef struct ping {
    qn_spsc *there, *back; /* NULL: bare */
    bare *words;
    int64_t rounds;
} ping;

static void bare_send(_Atomic int64_t *word, int64_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

static void bare_receive(const _Atomic int64_t *word, int64_t value)
{
    for (int64_t looks = 1; atomic_load_explicit(word, memory_order_acquire) != value; looks++)
        if (looks % 10000 == 0)
            (void)sched_yield();
}

static void *echo(void *user)
{
    ping *p = user;
    pin_to(1);
    for (int64_t i = 1; i <= p->rounds; i++) {
        int64_t word;
        if (p->words != NULL) {
            bare_receive(&p->words->there, i);
            bare_send(&p->words->back, i);
        } else {
            (void)spsc_pop(p->there, &word, 1);
            spsc_push(p->back, &word, 1);
        }
    }
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One sample: half of the time there and back, each round measured on its own; the clock's own time is in it. */
static void measure_hops(ping *p, double *seconds)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, echo, p) != 0)
        die("pthread_create");
    for (int64_t i = 1; i <= p->rounds; i++) {
        int64_t word = i;
        double begin = bench_now();
        if (p->words != NULL) {
            bare_send(&p->words->there, i);
            bare_receive(&p->words->back, i);
        } else {
            spsc_push(p->there, &word, 1);
            (void)spsc_pop(p->back, &word, 1);
        }
        seconds[i - 1] = 0.5 * (bench_now() - begin);
    }
    pthread_join(thread, NULL);
    if (p->words != NULL)
        *p->words = (bare){.there = 0};
    qsort(seconds, (size_t)p->rounds, sizeof *seconds, by_value);
}

static int64_t system_calls(const qn_spsc *ring)
{
    qn_ring_stats stats = {.size = sizeof stats};
    qn_spsc_get_stats(ring, &stats);
    return stats.sleeps + stats.wakes;
}

/* Samples of the bare way, of a parking and of a spinning ring alternate. */
static void hop(bench *b)
{
    static bare words;
    static const char *const names[3] = {"hop, bare", "hop, parking ring", "hop, spinning ring"};
    static const qn_ring_wait waits[3] = {QN_RING_SPIN, QN_RING_PARK, QN_RING_SPIN};
    ping p[3];
    double *figures[3][2]; /* p50, p99 */
    double bare_median = 0;
    int64_t rounds = b->quick ? 2000 : 100000;
    double *seconds = malloc((size_t)rounds * sizeof *seconds);
    for (int i = 0; i < 3; i++) {
        qn_ring_options options;
        qn_ring_options_init(&options, sizeof options);
        options.wait = waits[i];
        p[i] = (ping){.rounds = rounds, .words = i == 0 ? &words : NULL};
        must(qn_spsc_new(&p[i].there, RING_ITEMS, 8, &options, NULL, NULL), "qn_spsc_new");
        must(qn_spsc_new(&p[i].back, RING_ITEMS, 8, &options, NULL, NULL), "qn_spsc_new");
        for (int j = 0; j < 2; j++)
            if ((figures[i][j] = malloc((size_t)b->samples * sizeof(double))) == NULL || seconds == NULL)
                die("malloc");
    }
    for (int sample = 0; sample < b->samples; sample++)
        for (int i = 0; i < 3; i++) {
            measure_hops(&p[i], seconds);
            figures[i][0][sample] = seconds[rounds / 2];
            figures[i][1][sample] = seconds[rounds / 100 * 99];
        }
    for (int i = 0; i < 3; i++) {
        double median = bench_report(b, names[i], "p50", figures[i][0], b->samples, 0, NULL).median;
        (void)bench_report(b, names[i], "p99", figures[i][1], b->samples, 0, NULL);
        bare_median = i == 0 ? median : bare_median;
        if (i > 0)
            printf("%-28s p50/bare = %.3f, futex calls: %" PRId64 " in %" PRId64 " hops\n", names[i],
                   median / bare_median, system_calls(p[i].there) + system_calls(p[i].back), 2 * rounds * b->samples);
        free(figures[i][0]);
        free(figures[i][1]);
        qn_spsc_free(p[i].there);
        qn_spsc_free(p[i].back);
    }
    free(seconds);
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "What does it cost to hand items over?", argc, argv);
    pin_to(0);
    qn_spsc *spsc;
    qn_mpmc *mpmc;
    broadcast one_reader;
    must(qn_spsc_new(&spsc, RING_ITEMS, 8, NULL, NULL, NULL), "qn_spsc_new");
    must(qn_mpmc_new(&mpmc, RING_ITEMS, 8, NULL, NULL, NULL), "qn_mpmc_new");
    must(qn_broadcast_new(&one_reader.ring, RING_ITEMS, 8, NULL, NULL, NULL), "qn_broadcast_new");
    must(qn_broadcast_add(&one_reader.reader, one_reader.ring, NULL, 0, NULL), "qn_broadcast_add");
    static mutex_queue mutex = {
        .mutex = PTHREAD_MUTEX_INITIALIZER, .room = PTHREAD_COND_INITIALIZER, .news = PTHREAD_COND_INITIALIZER};
    queue our_spsc = {"spsc", spsc_push, spsc_pop, spsc}, our_mpmc = {"mpmc", mpmc_push, mpmc_pop, mpmc};
    queue our_broadcast = {"broadcast", broadcast_push, broadcast_pop, &one_reader};
    queue spsc_peers[2] = {{"mutex", mutex_push, mutex_pop, &mutex}}, mpmc_peers[2] = {spsc_peers[0]};
    int peers = 1;
#if BENCH_HAVE_CK
    static ck_queue ck[2];
    ck_ring_init(&ck[0].ring, 2 * RING_ITEMS);
    ck_ring_init(&ck[1].ring, 2 * RING_ITEMS);
    spsc_peers[1] = (queue){"ck spsc", ck_spsc_push, ck_spsc_pop, &ck[0]};
    mpmc_peers[1] = (queue){"ck mpmc", ck_mpmc_push, ck_mpmc_pop, &ck[1]};
    peers = 2;
#else
    bench_no_peer("ck_ring", "libck-dev");
#endif
    int64_t few = b.quick ? 3200 : 32000, lots = b.quick ? 32000 : 640000;
    compare(&b, "spsc, 32, one thread", in_and_out, MANY, few, our_spsc, spsc_peers, peers);
    compare(&b, "spsc, 1, one thread", in_and_out, 1, few, our_spsc, spsc_peers, peers);
    compare(&b, "broadcast, 32, one thread", in_and_out, MANY, few, our_broadcast, spsc_peers, peers);
    compare(&b, "mpmc, 32, one thread", in_and_out, MANY, few, our_mpmc, mpmc_peers, peers);
    compare(&b, "mpmc, 1, one thread", in_and_out, 1, few, our_mpmc, mpmc_peers, peers);
    compare(&b, "spsc, 32, two threads", across, MANY, lots, our_spsc, spsc_peers, peers);
    compare(&b, "spsc, 1, two threads", across, 1, lots, our_spsc, spsc_peers, peers);
    compare(&b, "broadcast, 32, two threads", across, MANY, lots, our_broadcast, spsc_peers, peers);
    compare(&b, "mpmc, 32, two threads", across, MANY, lots, our_mpmc, mpmc_peers, peers);
    compare(&b, "mpmc, 1, two threads", across, 1, lots, our_mpmc, mpmc_peers, peers);
    compare(&b, "mpmc, 32, both in and out", both, MANY, lots / 2, our_mpmc, mpmc_peers, peers);
    compare(&b, "mpmc, 1, both in and out", both, 1, lots / 4, our_mpmc, mpmc_peers, peers);
    hop(&b);
    qn_ring_stats stats = {.size = sizeof stats};
    qn_spsc_get_stats(spsc, &stats);
    printf("futex calls, spsc: %" PRId64 " for %" PRId64 " items\n", stats.sleeps + stats.wakes, stats.produced);
    qn_mpmc_get_stats(mpmc, &stats);
    printf("futex calls, mpmc: %" PRId64 " for %" PRId64 " items\n", stats.sleeps + stats.wakes, stats.produced);
    qn_spsc_free(spsc);
    qn_mpmc_free(mpmc);
    qn_broadcast_free(one_reader.ring);
    return bench_end(&b);
}
