/* Rings between threads, more of them than processors: nothing is lost, doubled, torn or out of order, and the accounts
 * agree with what the threads counted themselves, at the end exactly, and at every instant without claiming more than
 * went in. */
#include "harness/harness.h"

#include <quern/ring_broadcast.h>
#include <quern/ring_conflate.h>
#include <quern/ring_mpmc.h>
#include <quern/ring_spsc.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Wide enough to be seen torn. */
typedef struct item {
    int64_t value, opposite, triple;
} item;

static item item_of(int64_t value)
{
    return (item){value, ~value, 3 * value};
}

static bool whole(const item *i)
{
    return i->opposite == ~i->value && i->triple == 3 * i->value;
}

enum {
    MOST = 9 /* items a call */
};

/* Threads say what went wrong; the test's own thread asserts. */
#define expect(what, holds)  \
    do {                     \
        if (!(holds))        \
            (what) = #holds; \
    } while (0)

static pthread_t must_start(void *(*run)(void *), void *user)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run, user), 0);
    return thread;
}

static void must_join(pthread_t thread)
{
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static qn_ring_options options_of(int wait, int overload)
{
    qn_ring_options options;
    qn_ring_options_init(&options, sizeof options);
    options.wait = (qn_ring_wait)wait;
    options.overload = (qn_ring_overload)overload;
    return options;
}

/* ---- watching the accounts ---- */

typedef struct watch {
    void (*get)(void *ring, qn_ring_stats *out);
    void *ring;
    _Atomic bool end;
    const char *wrong;
} watch;

static void *watch_accounts(void *user)
{
    watch *w = user;
    int64_t produced = 0;
    while (!atomic_load(&w->end)) {
        qn_ring_stats stats = {.size = sizeof stats};
        w->get(w->ring, &stats);
        expect(w->wrong, stats.consumed >= 0 && stats.dropped >= 0);
        expect(w->wrong, stats.consumed + stats.dropped <= stats.produced);
        expect(w->wrong, stats.produced >= produced);
        produced = stats.produced;
        sched_yield();
    }
    return NULL;
}

static void get_spsc(void *ring, qn_ring_stats *out)
{
    qn_spsc_get_stats(ring, out);
}

static void get_mpmc(void *ring, qn_ring_stats *out)
{
    qn_mpmc_get_stats(ring, out);
}

static void get_broadcast(void *ring, qn_ring_stats *out)
{
    qn_broadcast_get_stats(ring, out);
}

static void get_conflate(void *ring, qn_ring_stats *out)
{
    qn_conflate_get_stats(ring, out);
}

static qn_ring_stats end_watch(watch *w, pthread_t thread)
{
    atomic_store(&w->end, true);
    must_join(thread);
    if (w->wrong != NULL)
        fail_msg("not so: %s", w->wrong);
    qn_ring_stats stats = {.size = sizeof stats};
    w->get(w->ring, &stats);
    return stats;
}

/* ---- one to one ---- */

typedef struct one_side {
    qn_spsc *ring;
    uint64_t random;
    int64_t total;   /* items to offer */
    int64_t moved;   /* items that went in, or came out */
    int64_t refused; /* items that were offered and did not go in */
    bool gaps;       /* items may be missing */
    const char *wrong;
} one_side;

static void *offer_all(void *user)
{
    one_side *p = user;
    item items[MOST];
    for (int64_t next = 0; next < p->total;) {
        int64_t count = 1 + test_random_below(&p->random, MOST), done = 0;
        count = count < p->total - next ? count : p->total - next;
        if (test_random_below(&p->random, 2) == 0) {
            for (int64_t i = 0; i < count; i++)
                items[i] = item_of(next + i);
            qn_status status = qn_spsc_push(&done, p->ring, items, count, -1);
            expect(p->wrong, status == (done == count ? QN_OK : QN_EXHAUSTED));
        } else {
            qn_ring_span span;
            qn_status status = qn_spsc_claim(&span, p->ring, count, -1);
            expect(p->wrong, (status == QN_OK) == (span.count > 0) && span.count <= count);
            if (status == QN_OK)
                count = span.count;
            for (int64_t i = 0; i < span.count; i++)
                ((item *)span.items)[i] = item_of(next + i);
            qn_spsc_commit(p->ring, span.count);
            done = span.count;
        }
        p->moved += done;
        p->refused += count - done;
        next += count;
    }
    qn_spsc_close(p->ring);
    return NULL;
}

static void *drain(void *user)
{
    one_side *c = user;
    item items[MOST];
    int64_t last = -1;
    for (;;) {
        int64_t count = 1 + test_random_below(&c->random, MOST), done = 0;
        qn_ring_span span;
        const item *from = items;
        bool copies = test_random_below(&c->random, 2) == 0;
        qn_status status =
            copies ? qn_spsc_pop(&done, c->ring, items, count, -1) : qn_spsc_peek(&span, c->ring, count, -1);
        if (status == QN_CLOSED)
            return NULL;
        expect(c->wrong, status == QN_OK);
        if (!copies) {
            from = span.items;
            done = 1 + test_random_below(&c->random, span.count); /* not always all */
        }
        for (int64_t i = 0; i < done; i++) {
            expect(c->wrong, whole(&from[i]));
            expect(c->wrong, c->gaps ? from[i].value > last : from[i].value == last + 1);
            last = from[i].value;
        }
        if (!copies)
            qn_spsc_release(c->ring, done);
        c->moved += done;
    }
}

static void one_to_one_keeps_order_and_accounts(void **state)
{
    (void)state;
    uint64_t random = test_seed(20240604);
    static const int64_t capacities[] = {1, 7, 64};
    int64_t total = test_effort(6000, 600000);
    for (int wait = QN_RING_PARK; wait <= QN_RING_SPIN; wait++)
        for (int overload = QN_RING_BLOCK; overload <= QN_RING_DROP_OLDEST; overload++)
            for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
                if (wait == QN_RING_SPIN && capacities[c] < 64)
                    continue; /* nearly every item would wait until the system lets the other thread run */
                qn_ring_options options = options_of(wait, overload);
                one_side in = {.random = test_random(&random), .total = total}, out = in;
                qn_error err;
                assert_ok(qn_spsc_new(&in.ring, capacities[c], sizeof(item), &options, NULL, &err), &err);
                out.ring = in.ring;
                out.gaps = overload != QN_RING_BLOCK;
                watch w = {.get = get_spsc, .ring = in.ring};
                pthread_t watching = must_start(watch_accounts, &w);
                pthread_t consumer = must_start(drain, &out), producer = must_start(offer_all, &in);
                must_join(producer);
                must_join(consumer);
                qn_ring_stats stats = end_watch(&w, watching);
                if (in.wrong != NULL || out.wrong != NULL)
                    fail_msg("not so: %s", in.wrong != NULL ? in.wrong : out.wrong);
                assert_int_equal(stats.produced, in.moved);
                assert_int_equal(stats.consumed, out.moved);
                assert_int_equal(stats.produced, stats.consumed + stats.dropped);
                assert_int_equal(stats.rejected, in.refused);
                assert_int_equal(in.moved + in.refused, total);
                if (overload != QN_RING_DROP_OLDEST)
                    assert_int_equal(stats.dropped, 0);
                qn_spsc_free(in.ring);
            }
}

/* ---- many to many ---- */

enum {
    THREADS_MOST = 8
};

typedef struct many_side {
    qn_mpmc *ring;
    uint64_t random;
    int64_t number; /* of this producer */
    int64_t each;   /* items a producer */
    int64_t moved, refused;
    _Atomic unsigned char *seen; /* (producers * each), how often */
    const char *wrong;
} many_side;

static void *offer_many(void *user)
{
    many_side *p = user;
    item items[MOST];
    for (int64_t next = 0; next < p->each;) {
        int64_t count = 1 + test_random_below(&p->random, MOST), done = 0;
        count = count < p->each - next ? count : p->each - next;
        if (test_random_below(&p->random, 2) == 0) {
            for (int64_t i = 0; i < count; i++)
                items[i] = item_of(p->number * p->each + next + i);
            qn_status status = qn_mpmc_push(&done, p->ring, items, count, -1);
            expect(p->wrong, status == (done == count ? QN_OK : QN_EXHAUSTED));
        } else {
            qn_ring_span span;
            if (qn_mpmc_claim(&span, p->ring, count, -1) == QN_OK) {
                count = done = span.count;
                for (int64_t i = 0; i < count; i++)
                    ((item *)span.items)[i] = item_of(p->number * p->each + next + i);
                qn_mpmc_commit(p->ring, &span);
            }
        }
        p->moved += done;
        p->refused += count - done;
        next += count;
    }
    return NULL;
}

static void *take_many(void *user)
{
    many_side *c = user;
    item items[MOST];
    int64_t last[THREADS_MOST];
    memset(last, -1, sizeof last);
    for (;;) {
        int64_t count = 1 + test_random_below(&c->random, MOST), done = 0;
        qn_ring_span span;
        const item *from = items;
        bool copies = test_random_below(&c->random, 2) == 0;
        qn_status status =
            copies ? qn_mpmc_pop(&done, c->ring, items, count, -1) : qn_mpmc_take(&span, c->ring, count, -1);
        if (status == QN_CLOSED)
            return NULL;
        expect(c->wrong, status == QN_OK);
        if (!copies) {
            from = span.items;
            done = span.count;
        }
        for (int64_t i = 0; i < done; i++) {
            expect(c->wrong, whole(&from[i]));
            int64_t number = from[i].value / c->each;
            expect(c->wrong, from[i].value > last[number]); /* one producer's items in order */
            last[number] = from[i].value;
            atomic_fetch_add(&c->seen[from[i].value], 1);
        }
        if (!copies)
            qn_mpmc_release(c->ring, &span);
        c->moved += done;
    }
}

static void run_many(int64_t threads, int64_t each, int64_t capacity, qn_ring_options options, uint64_t *random)
{
    many_side in[THREADS_MOST], out[THREADS_MOST];
    pthread_t producers[THREADS_MOST], consumers[THREADS_MOST];
    qn_mpmc *ring;
    qn_error err;
    assert_ok(qn_mpmc_new(&ring, capacity, sizeof(item), &options, NULL, &err), &err);
    _Atomic unsigned char *seen = calloc((size_t)(threads * each), 1);
    assert_non_null(seen);
    watch w = {.get = get_mpmc, .ring = ring};
    pthread_t watching = must_start(watch_accounts, &w);
    for (int64_t i = 0; i < threads; i++) {
        in[i] = out[i] =
            (many_side){.ring = ring, .random = test_random(random), .number = i, .each = each, .seen = seen};
        consumers[i] = must_start(take_many, &out[i]);
        producers[i] = must_start(offer_many, &in[i]);
    }
    for (int64_t i = 0; i < threads; i++)
        must_join(producers[i]);
    qn_mpmc_close(ring);
    for (int64_t i = 0; i < threads; i++)
        must_join(consumers[i]);
    qn_ring_stats stats = end_watch(&w, watching);
    int64_t moved_in = 0, moved_out = 0, refused = 0, once = 0;
    for (int64_t i = 0; i < threads; i++) {
        if (in[i].wrong != NULL || out[i].wrong != NULL)
            fail_msg("not so: %s", in[i].wrong != NULL ? in[i].wrong : out[i].wrong);
        moved_in += in[i].moved;
        moved_out += out[i].moved;
        refused += in[i].refused;
    }
    for (int64_t i = 0; i < threads * each; i++) {
        assert_true(seen[i] <= 1);
        once += seen[i];
    }
    assert_int_equal(once, moved_out);
    assert_int_equal(stats.produced, moved_in);
    assert_int_equal(stats.consumed, moved_out);
    assert_int_equal(stats.dropped, moved_in - moved_out);
    assert_int_equal(stats.rejected, refused);
    assert_int_equal(moved_in + refused, threads * each);
    if (options.overload == QN_RING_BLOCK)
        assert_int_equal(once, threads * each);
    free(seen);
    qn_mpmc_free(ring);
}

static void four_to_four_get_every_value_once(void **state)
{
    (void)state;
    uint64_t random = test_seed(20240605);
    for (int wait = QN_RING_PARK; wait <= QN_RING_YIELD; wait++)
        for (int64_t capacity = 1; capacity <= 64; capacity = capacity * 4 + 3)
            run_many(4, 1000, capacity, options_of(wait, QN_RING_BLOCK), &random);
    run_many(2, 1000, 64, options_of(QN_RING_SPIN, QN_RING_BLOCK), &random);
}

static void many_to_many_keep_accounts_whatever_becomes_of_the_overload(void **state)
{
    (void)state;
    uint64_t random = test_seed(20240606);
    for (int overload = QN_RING_BLOCK; overload <= QN_RING_DROP_OLDEST; overload++)
        for (int64_t threads = 1; threads <= THREADS_MOST; threads *= 2)
            run_many(threads, test_effort(2000, 100000), 1 + 9 * (threads - 1), options_of(QN_RING_PARK, overload),
                     &random);
}

/* ---- one to a graph ---- */

typedef struct event {
    int64_t value;
    int64_t by[4]; /* what each reader wrote; its own place each */
} event;

typedef struct reading {
    qn_broadcast_reader *reader;
    int64_t number;
    int64_t before[4]; /* readers that come before it */
    int64_t before_count;
    int64_t seen;
    uint64_t random;
    const char *wrong;
} reading;

static void *read_all(void *user)
{
    reading *r = user;
    for (;;) {
        qn_ring_span span;
        qn_status status = qn_broadcast_reader_peek(&span, r->reader, 1 + test_random_below(&r->random, MOST), -1);
        if (status == QN_CLOSED) {
            qn_broadcast_reader_leave(r->reader);
            return NULL;
        }
        expect(r->wrong, status == QN_OK && span.sequence == r->seen);
        event *events = span.items;
        for (int64_t i = 0; i < span.count; i++) {
            expect(r->wrong, events[i].value == r->seen);
            for (int64_t j = 0; j < r->before_count; j++)
                expect(r->wrong, events[i].by[r->before[j]] == r->seen + r->before[j]);
            events[i].by[r->number] = r->seen + r->number;
            r->seen++;
        }
        qn_broadcast_reader_release(r->reader, span.count);
    }
}

static void publish_all(qn_broadcast *ring, int64_t total, uint64_t *random)
{
    for (int64_t next = 0; next < total;) {
        qn_ring_span span;
        int64_t count = 1 + test_random_below(random, MOST);
        assert_int_equal(qn_broadcast_claim(&span, ring, count < total - next ? count : total - next, -1), QN_OK);
        assert_int_equal(span.sequence, next);
        for (int64_t i = 0; i < span.count; i++)
            ((event *)span.items)[i] = (event){.value = next + i, .by = {-1, -1, -1, -1}};
        qn_broadcast_commit(ring, span.count);
        next += span.count;
    }
    qn_broadcast_close(ring);
}

/* Four readers: side by side, or 1 and 2 after 0, and 3 after both. */
static void run_graph(bool diamond, int64_t capacity, int wait, uint64_t *random)
{
    int64_t total = test_effort(5000, 500000);
    qn_ring_options options = options_of(wait, QN_RING_BLOCK);
    qn_broadcast *ring;
    qn_error err;
    assert_ok(qn_broadcast_new(&ring, capacity, sizeof(event), &options, NULL, &err), &err);
    reading r[4];
    for (int64_t i = 0; i < 4; i++)
        r[i] = (reading){.number = i, .random = test_random(random)};
    assert_ok(qn_broadcast_add(&r[0].reader, ring, NULL, 0, &err), &err);
    assert_ok(qn_broadcast_add(&r[1].reader, ring, &r[0].reader, diamond, &err), &err);
    assert_ok(qn_broadcast_add(&r[2].reader, ring, &r[0].reader, diamond, &err), &err);
    qn_broadcast_reader *middle[] = {r[1].reader, r[2].reader};
    assert_ok(qn_broadcast_add(&r[3].reader, ring, middle, diamond ? 2 : 0, &err), &err);
    if (diamond) {
        r[1].before_count = r[2].before_count = 1; /* 0 */
        r[3].before_count = 3;
        for (int64_t i = 0; i < 3; i++)
            r[3].before[i] = i;
    }
    watch w = {.get = get_broadcast, .ring = ring};
    pthread_t watching = must_start(watch_accounts, &w), threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = must_start(read_all, &r[i]);
    publish_all(ring, total, random);
    for (int i = 0; i < 4; i++)
        must_join(threads[i]);
    qn_ring_stats stats = end_watch(&w, watching);
    for (int i = 0; i < 4; i++) {
        if (r[i].wrong != NULL)
            fail_msg("reader %d, not so: %s", i, r[i].wrong);
        assert_int_equal(r[i].seen, total);
        assert_int_equal(qn_broadcast_reader_sequence(r[i].reader), total);
    }
    assert_int_equal(stats.produced, total);
    assert_int_equal(stats.consumed, total);
    qn_broadcast_free(ring);
}

static void four_readers_each_see_every_event(void **state)
{
    (void)state;
    uint64_t random = test_seed(20240607);
    run_graph(false, 16, QN_RING_PARK, &random);
    run_graph(false, 10, QN_RING_YIELD, &random);
    run_graph(false, 1000, QN_RING_SPIN, &random);
}

static void a_reader_sees_what_those_before_it_wrote(void **state)
{
    (void)state;
    uint64_t random = test_seed(20240608);
    run_graph(true, 3, QN_RING_PARK, &random);
    run_graph(true, 16, QN_RING_PARK, &random);
    run_graph(true, 10, QN_RING_YIELD, &random);
}

/* ---- the latest by key ---- */

enum {
    KEYS = 6, /* of each producer */
    PRODUCERS = 3
};

typedef struct quote {
    uint64_t key;
    item price;
} quote;

typedef struct latest_side {
    qn_conflate *ring;
    uint64_t random;
    int64_t number;
    int64_t total, moved;
    int64_t last[PRODUCERS * KEYS]; /* of each key: what was pushed last, or consumed last */
    const char *wrong;
} latest_side;

static uint64_t quote_key(void *user, const void *quoted)
{
    (void)user;
    return ((const quote *)quoted)->key;
}

static void *quote_often(void *user)
{
    latest_side *p = user;
    for (int64_t i = 1; i <= p->total; i++) {
        int64_t key = p->number * KEYS + test_random_below(&p->random, KEYS);
        quote q = {(uint64_t)key, item_of(i)};
        expect(p->wrong, qn_conflate_push(p->ring, &q, -1) == QN_OK);
        p->last[key] = i;
        p->moved++;
    }
    return NULL;
}

static void *look_at_quotes(void *user)
{
    latest_side *c = user;
    quote quotes[MOST];
    int64_t popped;
    qn_status status;
    while ((status = qn_conflate_pop(&popped, c->ring, quotes, 1 + test_random_below(&c->random, MOST), -1)) == QN_OK)
        for (int64_t i = 0; i < popped; i++) {
            expect(c->wrong, whole(&quotes[i].price));
            expect(c->wrong, quotes[i].price.value > c->last[quotes[i].key]);
            c->last[quotes[i].key] = quotes[i].price.value;
            c->moved++;
        }
    expect(c->wrong, status == QN_CLOSED);
    return NULL;
}

static void the_last_quote_of_every_key_arrives(void **state)
{
    (void)state;
    uint64_t random = test_seed(20240609);
    for (int64_t capacity = 1; capacity <= PRODUCERS * KEYS; capacity += 8) {
        qn_conflate *ring;
        qn_error err;
        assert_ok(qn_conflate_new(&ring, capacity, sizeof(quote), quote_key, NULL, NULL, NULL, &err), &err);
        static latest_side in[PRODUCERS], out[2];
        pthread_t producers[PRODUCERS], consumers[2];
        watch w = {.get = get_conflate, .ring = ring};
        pthread_t watching = must_start(watch_accounts, &w);
        for (int i = 0; i < 2; i++) {
            out[i] = (latest_side){.ring = ring, .random = test_random(&random)};
            consumers[i] = must_start(look_at_quotes, &out[i]);
        }
        for (int i = 0; i < PRODUCERS; i++) {
            in[i] = (latest_side){
                .ring = ring, .random = test_random(&random), .number = i, .total = test_effort(4000, 400000)};
            producers[i] = must_start(quote_often, &in[i]);
        }
        int64_t produced = 0;
        for (int i = 0; i < PRODUCERS; i++) {
            must_join(producers[i]);
            assert_null(in[i].wrong);
            produced += in[i].moved;
        }
        qn_conflate_close(ring);
        for (int i = 0; i < 2; i++) {
            must_join(consumers[i]);
            assert_null(out[i].wrong);
        }
        qn_ring_stats stats = end_watch(&w, watching);
        for (int64_t key = 0; key < PRODUCERS * KEYS; key++) {
            int64_t a = out[0].last[key], b = out[1].last[key];
            assert_int_equal(in[key / KEYS].last[key], a > b ? a : b);
        }
        assert_int_equal(stats.produced, produced);
        assert_int_equal(stats.consumed, out[0].moved + out[1].moved);
        assert_int_equal(stats.produced, stats.consumed + stats.dropped);
        qn_conflate_free(ring);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_to_one_keeps_order_and_accounts),
        cmocka_unit_test(four_to_four_get_every_value_once),
        cmocka_unit_test(many_to_many_keep_accounts_whatever_becomes_of_the_overload),
        cmocka_unit_test(four_readers_each_see_every_event),
        cmocka_unit_test(a_reader_sees_what_those_before_it_wrote),
        cmocka_unit_test(the_last_quote_of_every_key_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
