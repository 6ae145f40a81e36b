/* bench/blocks.c: how long does it take to take a list of blocks and to give it? Beside a mutex and a free list, and
 * beside other ways to build the pool. One call is a round in which each of the threads takes and gives lists, writing
 * nothing to the blocks; the figure is the time of the whole round. Threads are started once. */
#include "bench/common.h"

#include "bench/blocks_variants.h"
#include "mem/blocks_int.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    BLOCKS = 4096,
    BLOCK_SIZE = 256,
    LONGEST = 32,
    THREADS_MOST = 200
};

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_blocks: %s failed\n", what);
    exit(1);
}

/* -- The library's own -- */

static void *open_with(int64_t shards, int64_t count, int64_t block_size, qn_blocks_poison poison)
{
    qn_blocks_options options;
    qn_blocks_options_init(&options, sizeof options);
    options.poison = poison;
    qn_blocks *pool = NULL;
    if (qni_blocks_new_shards(&pool, shards, count, block_size, &options, NULL, NULL) != QN_OK)
        die("a pool");
    return pool;
}

static void *open_sharded(int64_t count, int64_t block_size)
{
    return open_with(64, count, block_size, QN_BLOCKS_POISON_NEVER);
}

static void *open_one_lock(int64_t count, int64_t block_size)
{
    return open_with(1, count, block_size, QN_BLOCKS_POISON_NEVER);
}

static void *open_poisoned(int64_t count, int64_t block_size)
{
    return open_with(64, count, block_size, QN_BLOCKS_POISON_ALWAYS);
}

static bool take_own(void *pool, int64_t owner, qn_block *out, int64_t n)
{
    return qn_blocks_take(out, pool, owner, n, NULL) == QN_OK;
}

static bool give_own(void *pool, int64_t owner, const qn_block *list, int64_t n)
{
    return qn_blocks_give(pool, owner, list, n, NULL) == QN_OK;
}

static void close_own(void *pool)
{
    qn_blocks_free(pool);
}

static const variant quern = {"quern", open_sharded, take_own, give_own, close_own};
static const variant quern_one_lock = {"one lock", open_one_lock, take_own, give_own, close_own};
static const variant quern_poisoned = {"poisoned", open_poisoned, take_own, give_own, close_own};

/* -- A gang of threads -- */

typedef struct gang gang;

typedef struct member {
    gang *of;
    int64_t owner;
    pthread_t thread;
} member;

/* What the members do in a round is written before `begin` and read after it. */
struct gang {
    pthread_barrier_t begin, end;
    int count;
    _Atomic int awake; /* members that have begun this round */
    bool over;
    const variant *kind;
    void *pool;
    int64_t list, pairs; /* blocks of a list; lists that each member takes and gives in a round */
    bool one_owner;
    member members[THREADS_MOST];
};

static void work(const gang *g, int64_t owner)
{
    qn_block list[LONGEST];
    for (int64_t i = 0; i < g->pairs; i++)
        if (!g->kind->take(g->pool, owner, list, g->list) || !g->kind->give(g->pool, owner, list, g->list))
            die("taking and giving");
}

/* Two threads begin when both are awake: otherwise one is done before the other has been woken. */
static void meet(gang *g)
{
    if (g->count > 2)
        return;
    /* Relaxed: the barrier before it orders what the round is. */
    atomic_fetch_add_explicit(&g->awake, 1, memory_order_relaxed);
    while (atomic_load_explicit(&g->awake, memory_order_relaxed) < g->count)
        qni_pause();
}

static void *member_main(void *user)
{
    const member *m = user;
    for (;;) {
        (void)pthread_barrier_wait(&m->of->begin);
        if (m->of->over)
            return NULL;
        meet(m->of);
        work(m->of, m->of->one_owner ? 1 : m->owner);
        (void)pthread_barrier_wait(&m->of->end);
    }
}

static void gang_start(gang *g, int count)
{
    g->count = count;
    g->over = false;
    if (count == 1)
        return; /* the caller works */
    if (pthread_barrier_init(&g->begin, NULL, (unsigned)count + 1) != 0 ||
        pthread_barrier_init(&g->end, NULL, (unsigned)count + 1) != 0)
        die("a barrier");
    for (int i = 0; i < count; i++) {
        g->members[i] = (member){.of = g, .owner = i + 1};
        if (pthread_create(&g->members[i].thread, NULL, member_main, &g->members[i]) != 0)
            die("a thread");
    }
}

static void gang_stop(gang *g)
{
    if (g->count == 1)
        return;
    g->over = true;
    (void)pthread_barrier_wait(&g->begin);
    for (int i = 0; i < g->count; i++)
        (void)pthread_join(g->members[i].thread, NULL);
    (void)pthread_barrier_destroy(&g->begin);
    (void)pthread_barrier_destroy(&g->end);
}

/* -- Measuring -- */

typedef struct side {
    gang *g;
    const variant *kind;
    void *pool;
    int64_t list, pairs;
    bool one_owner;
} side;

static void one_round(void *user)
{
    const side *s = user;
    gang *g = s->g;
    g->kind = s->kind;
    g->pool = s->pool;
    g->list = s->list;
    g->pairs = s->pairs;
    g->one_owner = s->one_owner;
    if (g->count == 1) {
        work(g, 1);
        return;
    }
    atomic_store_explicit(&g->awake, 0, memory_order_relaxed); /* relaxed: as in meet */
    (void)pthread_barrier_wait(&g->begin);
    (void)pthread_barrier_wait(&g->end);
}

static side side_open(gang *g, const variant *kind, int64_t list, bool one_owner, bool quick)
{
    side s = {g, kind, kind->open(BLOCKS, BLOCK_SIZE), list, (quick ? 4000 : 400000) / g->count, one_owner};
    if (s.pool == NULL)
        die("a pool");
    return s;
}

static void compare(bench *b, gang *g, int64_t list, bool one_owner, const variant *ours, const variant *peer)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%d thread%s, lists of %" PRId64 "%s", g->count, g->count == 1 ? "" : "s", list,
                   one_owner ? ", one owner" : "");
    side one = side_open(g, ours, list, one_owner, b->quick), other = side_open(g, peer, list, one_owner, b->quick);
    (void)bench_compare(b, name, (bench_side){ours->name, one_round, &one}, (bench_side){peer->name, one_round, &other},
                        (double)(one.pairs * g->count), "pairs");
    if (ours == &quern) {
        qn_blocks_stats stats = {.size = sizeof stats};
        qn_blocks_get_stats(one.pool, &stats);
        (void)printf("    quern: %" PRId64 " blocks taken, %" PRId64 " contended takes of locks, %" PRId64
                     " sleeps, %.3f ms waited\n",
                     stats.taken, stats.contended, stats.slept, (double)stats.wait_ns * 1e-6);
    }
    ours->close(one.pool);
    peer->close(other.pool);
}

int main(int argc, char **argv)
{
    static gang g;
    static const int threads[] = {1, 2, 200};
    static const int64_t lists[] = {1, 10};
    static const variant *const others[] = {&quern_one_lock, &variant_mutex_owners, &variant_treiber, &variant_bitmap};
    bench b;
    bench_begin(&b, "How long does it take to take a list of blocks and to give it?", argc, argv);
    if (!b.quick)
        b.sample_seconds = 0.004; /* about as long as the system lets a thread run */
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        gang_start(&g, threads[t]);
        for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
            compare(&b, &g, lists[l], false, &quern, &variant_mutex_list);
            for (size_t o = 0; o < sizeof others / sizeof *others; o++)
                compare(&b, &g, lists[l], false, others[o], &variant_mutex_list);
        }
        compare(&b, &g, 10, true, &quern, &variant_mutex_owners);
        if (threads[t] == 1)
            compare(&b, &g, 10, false, &quern_poisoned, &quern);
        gang_stop(&g);
    }
    return bench_end(&b);
}
