/* bench/stream.c: how many ticks a second go through four stages: decode, normalise, EMA, gate? Ticks of 64 bytes that
 * lie in memory; our stream in one thread and in two, beside the same stages with a message from malloc for each tick
 * and a queue under a mutex between two stages, in one thread and in two. Both compute the same with the same gate: the
 * last averages are compared.
 *
 * Then, of all memory that the process asks for (malloc and its kin are this program's own), what is asked for after
 * warm-up while 100 million ticks go through; and `quern replay`'s whole way from a CSV file, through a formula and the
 * gate, into a journal, which predecessors of ours gave as 102,000 records a second. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setaffinity_np */
#endif
#include "bench/common.h"

#include <quern/feeds.h>
#include <quern/gate.h>
#include <quern/journal.h>
#include <quern/sinks.h>
#include <quern/stream.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TICKS = 1 << 20,
    AROUND = 1 << 16, /* of them lie in memory, 4 MiB, and come again: a feed that just came, not a file's pages */
    SYMBOLS = 64,
    QUEUE = 1024, /* messages that a queue of the peer holds */
    STAGES = 4
};

static void must(qn_status status, const qn_error *err)
{
    if (status == QN_OK)
        return;
    (void)fprintf(stderr, "bench_stream: %s\n", err->message);
    exit(1);
}

/* ---- every request for memory ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static _Atomic int64_t asked;

void *malloc(size_t size)
{
    atomic_fetch_add_explicit(&asked, 1, memory_order_relaxed);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    atomic_fetch_add_explicit(&asked, 1, memory_order_relaxed);
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    atomic_fetch_add_explicit(&asked, 1, memory_order_relaxed);
    return __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    atomic_fetch_add_explicit(&asked, 1, memory_order_relaxed);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    atomic_fetch_add_explicit(&asked, 1, memory_order_relaxed);
    *out = __libc_memalign(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

/* ---- the ticks ---- */

typedef struct world {
    qn_symbols *symbols;
    qn_tick *ticks;     /* (AROUND) */
    int64_t count;      /* that go through */
    double ours, peers; /* the last average */
    int64_t passed_ours, passed_peers;
} world;

static void make_world(world *w, bool quick)
{
    qn_error err;
    qn_stream_source source;
    qn_generated_options how;
    qn_generated_options_init(&how, sizeof how);
    how.symbols = SYMBOLS;
    how.orders = 0.01;
    w->count = quick ? TICKS / 16 : TICKS;
    w->ticks = aligned_alloc(64, AROUND * sizeof *w->ticks);
    if (w->ticks == NULL)
        exit(1);
    must(qn_symbols_new(&w->symbols, SYMBOLS, NULL, &err), &err);
    must(qn_generated_source(&source, AROUND, w->symbols, &how, &err), &err);
    for (int64_t have = 0, count = 0; have < AROUND; have += count) {
        count = 0;
        must(source.read(source.self, w->ticks + have, AROUND - have, &count, &err), &err);
    }
    source.free(source.self);
}

static qn_gate *make_gate(void)
{
    qn_error err;
    qn_gate *gate;
    qn_gate_options how;
    qn_gate_options_init(&how, sizeof how);
    how.max_position = 1e4;
    how.max_order_size = 1e3;
    how.max_exposure = 1e8;
    must(qn_gate_new(&gate, &how, SYMBOLS, &err), &err);
    return gate;
}

/* ---- ours ---- */

typedef struct feed {
    const world *w;
    int64_t given;
} feed;

static qn_status read_feed(void *user, qn_tick *records, int64_t wanted, int64_t *count, qn_error *err)
{
    (void)err;
    feed *const f = user;
    const int64_t left = f->w->count - f->given, at = f->given % AROUND;
    *count = left < wanted ? left : wanted;
    *count = AROUND - at < *count ? AROUND - at : *count;
    memcpy(records, f->w->ticks + at, (size_t)*count * sizeof *records);
    f->given += *count;
    return QN_OK;
}

static qn_status keep_last(void *user, const qn_stream_span *span, qn_error *err)
{
    (void)err;
    *(double *)user = span->columns[0][span->count - 1];
    return QN_OK;
}

typedef struct ours {
    world *w;
    int threads;
} ours;

static void run_ours(void *user)
{
    static const char *const reads[] = {"e"};
    const ours *const o = user;
    qn_error err;
    qn_stream *stream;
    qn_stream_options how;
    qn_stream_stage stage;
    feed from = {.w = o->w};
    qn_gate *const gate = make_gate();
    qn_stream_options_init(&how, sizeof how);
    how.threads = o->threads;
    how.latency = true;
    const qn_stream_source source = {.self = &from, .name = "memory", .read = read_feed};
    const qn_stream_sink sink = {
        .self = &o->w->ours, .name = "last", .reads = reads, .read_count = 1, .write = keep_last};
    must(qn_stream_new(&stream, o->w->symbols, &how, &err), &err);
    must(qn_stream_set_source(stream, &source, &err), &err);
    must(qn_stream_add_formula(stream, "n = (price - 0.5*(bid + ask)) / (ask - bid)", &err), &err);
    must(qn_stream_add_formula(stream, "e = ema(n, 20)", &err), &err);
    must(qn_gate_stage(&stage, gate, NULL, &err), &err);
    must(qn_stream_add_stage(stream, &stage, &err), &err);
    must(qn_stream_add_sink(stream, &sink, &err), &err);
    must(qn_stream_run(stream, &err), &err);
    qn_stream_free(stream);
    o->w->passed_ours = qn_gate_refused(gate, QN_GATE_ACCEPTED);
    qn_gate_free(gate);
}

/* ---- the peer ---- */

typedef struct message {
    qn_tick tick;
    double price, bid, ask, n, e;
} message;

typedef struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t room, news;
    int64_t head, tail;
    message *messages[QUEUE];
} queue;

static void push(queue *q, message *m)
{
    pthread_mutex_lock(&q->mutex);
    while (q->tail - q->head == QUEUE)
        pthread_cond_wait(&q->room, &q->mutex);
    q->messages[q->tail++ % QUEUE] = m;
    pthread_mutex_unlock(&q->mutex);
    pthread_cond_signal(&q->news);
}

static message *pop(queue *q)
{
    pthread_mutex_lock(&q->mutex);
    while (q->tail == q->head)
        pthread_cond_wait(&q->news, &q->mutex);
    message *const m = q->messages[q->head++ % QUEUE];
    pthread_mutex_unlock(&q->mutex);
    pthread_cond_signal(&q->room);
    return m;
}

typedef struct peer {
    world *w;
    int threads;
    queue queues[STAGES]; /* before each stage but the first, which is the feed's */
    double averages[SYMBOLS];
    bool begun[SYMBOLS];
    qn_gate *gate;
} peer;

static void decode(message *m)
{
    m->price = (double)m->tick.price / QN_TICK_SCALE;
    m->bid = (m->tick.flags & QN_TICK_HAS_BID) != 0 ? (double)m->tick.bid / QN_TICK_SCALE : NAN;
    m->ask = (m->tick.flags & QN_TICK_HAS_ASK) != 0 ? (double)m->tick.ask / QN_TICK_SCALE : NAN;
}

static void normalise(message *m)
{
    m->n = (m->price - 0.5 * (m->bid + m->ask)) / (m->ask - m->bid);
}

static void average(peer *p, message *m)
{
    double *const e = &p->averages[m->tick.symbol];
    if (!isnan(m->n)) {
        *e = p->begun[m->tick.symbol] ? *e + 2.0 / 21 * (m->n - *e) : m->n;
        p->begun[m->tick.symbol] = true;
        m->e = *e;
    } else {
        m->e = NAN;
    }
}

static void decide(peer *p, message *m)
{
    if (m->tick.kind == QN_TICK_ORDER)
        m->tick.flags |= qn_gate_decide(p->gate, &m->tick) == QN_GATE_ACCEPTED ? QN_TICK_ACCEPTED : QN_TICK_REFUSED;
    else
        qn_gate_mark(p->gate, &m->tick);
    p->w->peers = m->e;
}

/* The last two stages, in a thread of their own where there are two. */
static void *finish(void *user)
{
    peer *const p = user;
    for (message *m; (m = pop(&p->queues[2])) != NULL;) {
        average(p, m);
        push(&p->queues[3], m);
        m = pop(&p->queues[3]);
        decide(p, m);
        free(m);
    }
    return NULL;
}

static void run_peer(void *user)
{
    peer *const p = user;
    pthread_t thread;
    p->gate = make_gate();
    memset(p->begun, 0, sizeof p->begun);
    for (int i = 0; i < STAGES; i++) {
        p->queues[i].head = p->queues[i].tail = 0;
        pthread_mutex_init(&p->queues[i].mutex, NULL);
        pthread_cond_init(&p->queues[i].room, NULL);
        pthread_cond_init(&p->queues[i].news, NULL);
    }
    if (p->threads == 2 && pthread_create(&thread, NULL, finish, p) != 0)
        exit(1);
    for (int64_t i = 0; i < p->w->count; i++) {
        message *m = malloc(sizeof *m);
        if (m == NULL)
            exit(1);
        m->tick = p->w->ticks[i % AROUND];
        push(&p->queues[0], m);
        m = pop(&p->queues[0]);
        decode(m);
        push(&p->queues[1], m);
        m = pop(&p->queues[1]);
        normalise(m);
        push(&p->queues[2], m);
        if (p->threads == 2)
            continue;
        m = pop(&p->queues[2]);
        average(p, m);
        push(&p->queues[3], m);
        m = pop(&p->queues[3]);
        decide(p, m);
        free(m);
    }
    push(&p->queues[2], NULL);
    if (p->threads == 2)
        (void)pthread_join(thread, NULL);
    p->w->passed_peers = qn_gate_refused(p->gate, QN_GATE_ACCEPTED);
    qn_gate_free(p->gate);
}

static void compare(bench *b, world *w)
{
    static peer p;
    p.w = w;
    for (int threads = 1; threads <= 2; threads++) {
        ours o = {.w = w, .threads = threads};
        p.threads = threads;
        bench_compare(b, threads == 1 ? "four stages, one thread" : "four stages, two threads",
                      (bench_side){"quern", run_ours, &o}, (bench_side){"malloc and mutex", run_peer, &p},
                      (double)w->count, "ticks");
        if (fabs(w->ours - w->peers) > 1e-12 || w->passed_ours != w->passed_peers) {
            (void)fprintf(stderr,
                          "bench_stream: the two do not agree: averages %.17g and %.17g, orders passed %" PRId64
                          " and %" PRId64 "\n",
                          w->ours, w->peers, w->passed_ours, w->passed_peers);
            exit(1);
        }
    }
}

/* ---- requests for memory ---- */

typedef struct census {
    int64_t spans, warm, end;
} census;

static qn_status count_span(void *user, const qn_stream_span *span, qn_error *err)
{
    (void)span;
    (void)err;
    census *const c = user;
    c->end = atomic_load(&asked);
    if (++c->spans == 100)
        c->warm = c->end;
    return QN_OK;
}

static void count_requests(bool quick)
{
    const int64_t ticks = quick ? 1000000 : 100000000;
    qn_error err;
    qn_symbols *symbols;
    qn_stream *stream;
    qn_stream_options how;
    qn_stream_source source;
    qn_stream_stage stage;
    qn_stream_sink sink;
    qn_generated_options made;
    qn_aggregates *sums;
    census c = {0};
    qn_gate *const gate = make_gate();
    qn_generated_options_init(&made, sizeof made);
    made.orders = 0.01;
    made.symbols = SYMBOLS;
    qn_stream_options_init(&how, sizeof how);
    how.threads = 2;
    how.digest = how.latency = true;
    must(qn_symbols_new(&symbols, SYMBOLS, NULL, &err), &err);
    must(qn_stream_new(&stream, symbols, &how, &err), &err);
    must(qn_generated_source(&source, ticks, symbols, &made, &err), &err);
    must(qn_stream_set_source(stream, &source, &err), &err);
    must(qn_stream_add_formula(stream, "z = (price - ema(price, 20)) / sd(price, 20)", &err), &err);
    must(qn_gate_stage(&stage, gate, NULL, &err), &err);
    must(qn_stream_add_stage(stream, &stage, &err), &err);
    must(qn_aggregates_new(&sums, symbols, NULL, &err), &err);
    qn_aggregates_sink(&sink, sums);
    must(qn_stream_add_sink(stream, &sink, &err), &err);
    must(qn_stream_add_sink(stream, &(qn_stream_sink){.self = &c, .name = "census", .write = count_span}, &err), &err);
    must(qn_stream_run(stream, &err), &err);
    qn_stream_stats stats = {.size = sizeof stats};
    qn_stream_get_stats(stream, &stats);
    (void)printf(
        "%" PRId64 " requests for memory after warm-up, while %" PRId64
        " ticks went through a formula with state, the gate, the sums and the digest (%.3g million a second)\n",
        c.end - c.warm, stats.consumed, (double)stats.consumed / (double)stats.seconds_ns * 1e3);
    qn_stream_free(stream);
    qn_aggregates_free(sums);
    qn_gate_free(gate);
    qn_symbols_free(symbols);
    if (c.end != c.warm)
        exit(1);
}

/* ---- the whole way ---- */

static void run_whole(void *command)
{
    if (system(command) != 0)
        exit(1);
}

static void whole(bench *b)
{
    char folder[] = "/tmp/quern-bench-XXXXXX", make[600], replay[600], clean[64];
    const int64_t records = b->quick ? 10000 : 1000000;
    if (mkdtemp(folder) == NULL)
        exit(1);
    (void)snprintf(make, sizeof make, "%s replay generate:%" PRId64 " --symbols 64 --output %s/ticks.csv >/dev/null",
                   BENCH_QUERN, records, folder);
    (void)snprintf(replay, sizeof replay,
                   "rm -rf %s/journal && %s replay %s/ticks.csv --threads 2 --formula 'z = (price - ema(price, 20)) / "
                   "sd(price, 20)'"
                   " --order z --risk %s --journal %s/journal --format json >%s/out",
                   folder, BENCH_QUERN, folder, BENCH_RISK, folder, folder);
    (void)snprintf(clean, sizeof clean, "rm -rf %s", folder);
    run_whole(make);
    bench_measure(b, "quern replay: CSV, formula, gate, journal", (bench_side){"quern", run_whole, replay},
                  (double)records, "records");
    run_whole(clean);
}

int main(int argc, char **argv)
{
    bench b;
    world w = {0};
    bench_begin(&b, "stream", argc, argv);
    make_world(&w, b.quick);
    compare(&b, &w);
    count_requests(b.quick);
    whole(&b);
    qn_symbols_free(w.symbols);
    free(w.ticks);
    return bench_end(&b);
}
