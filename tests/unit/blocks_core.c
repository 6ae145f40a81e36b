/* The pool of blocks in one thread: lists, owners, shares, references, copies, poison, watermarks, reconfiguring. */
#include "harness/harness.h"

#include "mem/arena_int.h"

#include <quern/blocks.h>
#include <quern/budget.h>

#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct fixture {
    test_allocator memory;
    qn_blocks *pool;
    qn_error err;
} fixture;

static void open_with(fixture *f, int64_t count, int64_t block_size, const qn_blocks_options *options)
{
    test_allocator_init(&f->memory);
    f->err = qn_error_none();
    assert_ok(qn_blocks_new(&f->pool, count, block_size, options, &f->memory.allocator, &f->err), &f->err);
}

static void open_pool(fixture *f, int64_t count)
{
    open_with(f, count, 100, NULL);
}

static void close_pool(fixture *f)
{
    qn_blocks_free(f->pool);
    assert_int_equal(f->memory.live_bytes, 0);
    assert_int_equal(f->memory.live_blocks, 0);
}

static void must_take(fixture *f, qn_block *out, int64_t owner, int64_t n)
{
    assert_ok(qn_blocks_take(out, f->pool, owner, n, &f->err), &f->err);
}

static void must_give(fixture *f, int64_t owner, const qn_block *list, int64_t n)
{
    assert_ok(qn_blocks_give(f->pool, owner, list, n, &f->err), &f->err);
}

static void must_share(fixture *f, int64_t from, int64_t to, const qn_block *list, int64_t n)
{
    assert_ok(qn_blocks_share(f->pool, from, to, list, n, &f->err), &f->err);
}

#define assert_counts(f, used_, total_)                        \
    do {                                                       \
        qn_blocks_count counts_ = qn_blocks_counts((f)->pool); \
        assert_int_equal(counts_.used, (used_));               \
        assert_int_equal(counts_.free, (total_) - (used_));    \
        assert_int_equal(counts_.total, (total_));             \
    } while (0)

/* `call` says that a list is bad, with this piece of a message. */
#define assert_bad(f, call, piece)                  \
    do {                                            \
        assert_int_equal((call), QN_INVALID);       \
        assert_contains((f)->err.message, (piece)); \
    } while (0)

static void blocks_are_aligned_apart_and_keep_their_bytes(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 50);
    qn_block list[50];
    must_take(&f, list, 7, 50);
    for (int i = 0; i < 50; i++) {
        char *bytes = qn_blocks_data(f.pool, list[i]);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % 64, 0);
        memset(bytes, i, 100);
        assert_true(qn_blocks_index(list[i]) >= 0 && qn_blocks_index(list[i]) < 50);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(qn_blocks_index(list[i]), qn_blocks_index(list[j]));
    }
    for (int i = 0; i < 50; i++)
        for (int j = 0; j < 100; j++)
            assert_int_equal(((char *)qn_blocks_data(f.pool, list[i]))[j], i);
    assert_counts(&f, 50, 50);
    close_pool(&f);
}

static void a_list_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 10);
    qn_block list[10], more[4] = {{1}, {1}, {1}, {1}};
    must_take(&f, list, 1, 7);
    assert_int_equal(qn_blocks_take(more, f.pool, 2, 4, &f.err), QN_EXHAUSTED);
    assert_contains(f.err.message, "asked for 4 blocks where 3 of 10 are free");
    for (int i = 0; i < 4; i++)
        assert_int_equal(more[i].id, 0);
    assert_counts(&f, 7, 10);
    assert_int_equal(qn_blocks_held(f.pool, 2), 0);
    must_take(&f, more, 2, 3);
    assert_counts(&f, 10, 10);
    must_take(&f, NULL, 2, 0); /* nothing is always there */
    assert_int_equal(qn_blocks_take(more, f.pool, 2, 1, NULL), QN_EXHAUSTED);
    close_pool(&f);
}

static void a_list_that_was_given_comes_back_first_and_in_its_order(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 100);
    qn_block first[5], second[5], again[10];
    must_take(&f, first, 1, 5);
    must_take(&f, second, 1, 5);
    must_give(&f, 1, second, 5);
    must_give(&f, 1, first, 5);
    must_take(&f, again, 1, 10);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(qn_blocks_index(again[i]), qn_blocks_index(first[i]));
        assert_int_equal(qn_blocks_index(again[i + 5]), qn_blocks_index(second[i]));
        assert_int_not_equal(again[i].id, first[i].id);
    }
    close_pool(&f);
}

static void blocks_that_any_owner_gave_come_before_those_never_taken(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 100);
    qn_block list[6];
    for (int64_t owner = 1; owner <= 50; owner++) {
        must_take(&f, list, owner, 6);
        for (int i = 0; i < 6; i++)
            assert_true(qn_blocks_index(list[i]) < 6);
        must_give(&f, owner, list, 6);
    }
    qn_blocks_stats stats = {.size = sizeof stats};
    qn_blocks_get_stats(f.pool, &stats);
    assert_int_equal(stats.taken, 300);
    assert_int_equal(stats.given, 300);
    assert_true(stats.fetched > 0 && stats.fetched <= 294);
    close_pool(&f);
}

static void a_bad_list_frees_nothing_and_its_first_bad_entry_is_named(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 20);
    qn_block mine[6], other[1], list[6], given[1];
    must_take(&f, given, 1, 1);
    must_give(&f, 1, given, 1);
    must_take(&f, other, 9, 1);
    must_take(&f, mine, 1, 6);
    memcpy(list, mine, sizeof list);
    list[3] = other[0];
    list[5] = (qn_block){99};
    assert_bad(&f, qn_blocks_give(f.pool, 1, list, 6, &f.err), "entry 3: ");
    assert_contains(f.err.message, "held by owner 9, not by 1");
    list[3] = list[1];
    assert_bad(&f, qn_blocks_give(f.pool, 1, list, 6, &f.err), "entry 3: ");
    assert_contains(f.err.message, "in the list twice, first as entry 1");
    list[3] = given[0];
    assert_bad(&f, qn_blocks_give(f.pool, 1, list, 6, &f.err), "entry 3: ");
    assert_contains(f.err.message, "was given already");
    list[3] = (qn_block){INT64_C(1) << 32 | 20};
    assert_bad(&f, qn_blocks_give(f.pool, 1, list, 6, &f.err), "entry 3: 4294967316 is no block of this pool of 20");
    list[3] = (qn_block){0};
    assert_bad(&f, qn_blocks_give(f.pool, 1, list, 6, &f.err), "entry 3: 0 is no block");
    list[3] = (qn_block){-1};
    assert_bad(&f, qn_blocks_give(f.pool, 1, list, 6, &f.err), "entry 3: -1 is no block");
    list[3] = (qn_block){INT64_C(1) << 32 | 19};
    assert_bad(&f, qn_blocks_give(f.pool, 1, list, 6, &f.err), "entry 3: block 19 is free");
    assert_counts(&f, 7, 20);
    assert_int_equal(qn_blocks_held(f.pool, 1), 6);
    must_give(&f, 1, mine, 6); /* nothing was left marked */
    assert_counts(&f, 1, 20);
    assert_bad(&f, qn_blocks_give(f.pool, 1, mine, 6, &f.err), "entry 0: ");
    assert_counts(&f, 1, 20);
    qn_blocks_stats stats = {.size = sizeof stats};
    qn_blocks_get_stats(f.pool, &stats);
    assert_int_equal(stats.bad, 8);
    close_pool(&f);
}

static void a_stale_block_is_refused_after_its_place_was_taken_again(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 1);
    qn_block old, now;
    must_take(&f, &old, 5, 1);
    must_give(&f, 5, &old, 1);
    assert_null(qn_blocks_data(f.pool, old));
    must_take(&f, &now, 5, 1);
    assert_int_equal(qn_blocks_index(now), qn_blocks_index(old));
    assert_null(qn_blocks_data(f.pool, old));
    assert_int_equal(qn_blocks_holds(f.pool, old), 0);
    assert_false(qn_blocks_is_held(f.pool, 5, old));
    assert_bad(&f, qn_blocks_give(f.pool, 5, &old, 1, &f.err), "stale");
    assert_bad(&f, qn_blocks_share(f.pool, 5, 6, &old, 1, &f.err), "stale");
    assert_bad(&f, qn_blocks_ref(f.pool, old, &f.err), "stale");
    assert_bad(&f, qn_blocks_unref(f.pool, old, &f.err), "stale");
    assert_bad(&f, qn_blocks_make_writable(&old, f.pool, 5, &f.err), "stale");
    assert_counts(&f, 1, 1);
    must_give(&f, 5, &now, 1);
    close_pool(&f);
}

static void an_owner_gives_all_that_it_holds_and_nothing_else(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 1000);
    qn_block lists[100][10];
    for (int64_t owner = 0; owner < 100; owner++)
        must_take(&f, lists[owner], owner + 1, 10);
    must_share(&f, 3, 50, lists[2], 4);
    assert_int_equal(qn_blocks_held(f.pool, 50), 14);
    assert_int_equal(qn_blocks_give_all(f.pool, 50), 14);
    assert_int_equal(qn_blocks_give_all(f.pool, 50), 0);
    assert_int_equal(qn_blocks_give_all(f.pool, 12345), 0);
    assert_int_equal(qn_blocks_give_all(f.pool, 0), 0);
    assert_counts(&f, 990, 1000);
    for (int64_t owner = 0; owner < 100; owner++)
        for (int i = 0; i < 10; i++)
            assert_int_equal(qn_blocks_is_held(f.pool, owner + 1, lists[owner][i]), owner != 49);
    for (int64_t owner = 1; owner <= 100; owner++)
        assert_int_equal(qn_blocks_give_all(f.pool, owner), owner == 50 ? 0 : 10);
    assert_counts(&f, 0, 1000);
    close_pool(&f);
}

static void a_shared_block_is_used_until_its_last_holder_gave_it(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 8);
    qn_block list[3];
    must_take(&f, list, 1, 3);
    must_share(&f, 1, 2, list, 3);
    must_share(&f, 2, 3, list + 1, 1);
    assert_int_equal(qn_blocks_holds(f.pool, list[0]), 2);
    assert_int_equal(qn_blocks_holds(f.pool, list[1]), 3);
    must_give(&f, 1, list, 3); /* who took them goes first */
    assert_counts(&f, 3, 8);
    assert_non_null(qn_blocks_data(f.pool, list[0]));
    assert_bad(&f, qn_blocks_give(f.pool, 1, list, 1, &f.err), "held by others, not by owner 1");
    must_give(&f, 2, list, 3);
    assert_counts(&f, 1, 8);
    assert_null(qn_blocks_data(f.pool, list[0]));
    assert_non_null(qn_blocks_data(f.pool, list[1]));
    must_share(&f, 3, 1, list + 1, 1); /* and may come back */
    must_give(&f, 3, list + 1, 1);
    assert_counts(&f, 1, 8);
    assert_int_equal(qn_blocks_give_all(f.pool, 1), 1);
    assert_counts(&f, 0, 8);
    close_pool(&f);
}

static void a_bad_share_shares_nothing(void **state)
{
    (void)state;
    fixture f;
    qn_blocks_options options;
    qn_blocks_options_init(&options, sizeof options);
    options.shares = 4;
    open_with(&f, 8, 100, &options);
    qn_block list[5], twice[2];
    must_take(&f, list, 1, 5);
    must_share(&f, 1, 2, list + 2, 1);
    assert_bad(&f, qn_blocks_share(f.pool, 1, 2, list, 3, &f.err), "entry 2: owner 2 holds block");
    twice[0] = twice[1] = list[0];
    assert_bad(&f, qn_blocks_share(f.pool, 1, 2, twice, 2, &f.err), "twice");
    assert_bad(&f, qn_blocks_share(f.pool, 2, 3, list, 3, &f.err), "entry 0: ");
    assert_bad(&f, qn_blocks_share(f.pool, 1, 1, list, 3, &f.err), "cannot share");
    assert_bad(&f, qn_blocks_share(f.pool, 1, 0, list, 3, &f.err), "cannot share");
    assert_int_equal(qn_blocks_share(f.pool, 1, 3, list, 4, &f.err), QN_EXHAUSTED);
    assert_contains(f.err.message, "1 of 4 are used");
    assert_int_equal(qn_blocks_held(f.pool, 2), 1);
    assert_int_equal(qn_blocks_held(f.pool, 3), 0);
    must_share(&f, 1, 3, list, 3);
    assert_int_equal(qn_blocks_give_all(f.pool, 3), 3); /* shares come back */
    must_share(&f, 1, 4, list, 3);
    must_share(&f, 1, 4, NULL, 0);
    close_pool(&f);
    options.shares = -1;
    open_with(&f, 8, 100, &options);
    must_take(&f, list, 1, 1);
    assert_int_equal(qn_blocks_share(f.pool, 1, 2, list, 1, NULL), QN_EXHAUSTED);
    close_pool(&f);
}

static void a_reference_keeps_a_block_without_an_owner(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 4);
    qn_block block, next;
    must_take(&f, &block, 1, 1);
    strcpy(qn_blocks_data(f.pool, block), "kept");
    assert_bad(&f, qn_blocks_unref(f.pool, block, &f.err), "no reference to give back");
    assert_ok(qn_blocks_ref(f.pool, block, &f.err), &f.err);
    assert_ok(qn_blocks_ref(f.pool, block, &f.err), &f.err);
    assert_int_equal(qn_blocks_holds(f.pool, block), 3);
    must_give(&f, 1, &block, 1);
    assert_ok(qn_blocks_unref(f.pool, block, &f.err), &f.err);
    assert_counts(&f, 1, 4);
    must_take(&f, &next, 1, 1);
    assert_int_not_equal(qn_blocks_index(next), qn_blocks_index(block));
    assert_string_equal(qn_blocks_data(f.pool, block), "kept");
    assert_int_equal(qn_blocks_reconfigure(f.pool, 4, 100, false, &f.err), QN_BUSY);
    must_give(&f, 1, &next, 1);
    assert_int_equal(qn_blocks_reconfigure(f.pool, 4, 100, false, &f.err), QN_BUSY);
    assert_contains(f.err.message, "1 of 4 blocks are in use: references hold them");
    assert_ok(qn_blocks_unref(f.pool, block, &f.err), &f.err);
    assert_counts(&f, 0, 4);
    assert_bad(&f, qn_blocks_ref(f.pool, block, &f.err), "given already");
    assert_bad(&f, qn_blocks_ref(f.pool, (qn_block){INT64_C(1) << 32 | 9}, &f.err), "no block of this pool");
    close_pool(&f);
}

static void references_are_counted_up_to_their_limit(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 1);
    qn_block block;
    must_take(&f, &block, 1, 1);
    for (int i = 0; i < 262143; i++)
        assert_ok(qn_blocks_ref(f.pool, block, &f.err), &f.err);
    assert_int_equal(qn_blocks_ref(f.pool, block, &f.err), QN_LIMIT);
    assert_int_equal(qn_blocks_holds(f.pool, block), 262144);
    must_give(&f, 1, &block, 1);
    for (int i = 0; i < 262143; i++) {
        assert_counts(&f, 1, 1);
        assert_ok(qn_blocks_unref(f.pool, block, &f.err), &f.err);
    }
    assert_counts(&f, 0, 1);
    close_pool(&f);
}

static void making_writable_copies_what_others_use(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 3);
    qn_block first, mine, before;
    must_take(&f, &first, 1, 1);
    strcpy(qn_blocks_data(f.pool, first), "prefix");
    mine = first;
    assert_ok(qn_blocks_make_writable(&mine, f.pool, 1, &f.err), &f.err);
    assert_int_equal(mine.id, first.id); /* nobody else's: the same */
    must_share(&f, 1, 2, &first, 1);
    assert_ok(qn_blocks_make_writable(&mine, f.pool, 2, &f.err), &f.err);
    assert_int_not_equal(qn_blocks_index(mine), qn_blocks_index(first));
    assert_string_equal(qn_blocks_data(f.pool, mine), "prefix");
    strcpy(qn_blocks_data(f.pool, mine), "other");
    assert_string_equal(qn_blocks_data(f.pool, first), "prefix");
    assert_int_equal(qn_blocks_holds(f.pool, first), 1);
    assert_true(qn_blocks_is_held(f.pool, 2, mine));
    assert_false(qn_blocks_is_held(f.pool, 2, first));
    assert_bad(&f, qn_blocks_make_writable(&mine, f.pool, 1, &f.err), "held by owner 2, not by 1");
    assert_bad(&f, qn_blocks_make_writable(&mine, f.pool, 0, &f.err), "held by owner 2");
    assert_ok(qn_blocks_ref(f.pool, mine, &f.err), &f.err); /* a reader in flight */
    before = mine;
    assert_ok(qn_blocks_make_writable(&mine, f.pool, 2, &f.err), &f.err);
    assert_int_not_equal(mine.id, before.id);
    assert_counts(&f, 3, 3);
    must_share(&f, 1, 2, &first, 1);
    mine = first;
    assert_int_equal(qn_blocks_make_writable(&mine, f.pool, 2, &f.err), QN_EXHAUSTED);
    assert_int_equal(mine.id, first.id);
    assert_true(qn_blocks_is_held(f.pool, 2, first));
    assert_ok(qn_blocks_unref(f.pool, before, &f.err), &f.err);
    assert_ok(qn_blocks_make_writable(&mine, f.pool, 2, &f.err), &f.err);
    assert_int_equal(qn_blocks_holds(f.pool, first), 1);
    close_pool(&f);
}

static void reconfiguring_is_refused_while_blocks_are_held_and_says_by_whom(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 100);
    qn_block list[40];
    for (int64_t owner = 1; owner <= 5; owner++)
        must_take(&f, list, owner, owner * 2);
    assert_int_equal(qn_blocks_reconfigure(f.pool, 10, 50, false, &f.err), QN_BUSY);
    assert_string_equal(f.err.message,
                        "30 of 100 blocks are in use: owner 5 holds 10, owner 4 holds 8, owner 3 holds 6");
    assert_counts(&f, 30, 100);
    assert_non_null(qn_blocks_data(f.pool, list[0]));
    for (int64_t owner = 1; owner <= 5; owner++)
        assert_int_equal(qn_blocks_give_all(f.pool, owner), owner * 2);
    assert_ok(qn_blocks_reconfigure(f.pool, 10, 5000, false, &f.err), &f.err);
    assert_counts(&f, 0, 10);
    assert_bad(&f, qn_blocks_give(f.pool, 5, list, 1, &f.err), "entry 0: ");
    must_take(&f, list, 5, 10);
    for (int i = 0; i < 10; i++)
        memset(qn_blocks_data(f.pool, list[i]), 1, 5000);
    qn_blocks_stats stats = {.size = sizeof stats};
    qn_blocks_get_stats(f.pool, &stats);
    assert_int_equal(stats.block_size, 5000);
    assert_int_equal(stats.peak, 10);
    assert_int_equal(stats.taken - stats.given, 10);
    assert_bad(&f, qn_blocks_reconfigure(f.pool, 0, 1, true, &f.err), "cannot have 0 blocks");
    assert_counts(&f, 10, 10);
    close_pool(&f);
}

static void of_many_holders_the_refusal_to_reconfigure_names_the_largest(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 300);
    qn_block list[40];
    for (int64_t owner = 1; owner <= 200; owner++) {
        must_take(&f, list, owner, 1);
        if (owner % 5 == 0)
            must_take(&f, list, 777, 1);
    }
    must_take(&f, list, 888, 35);
    assert_int_equal(qn_blocks_reconfigure(f.pool, 10, 50, false, &f.err), QN_BUSY);
    assert_contains(f.err.message, "275 of 300 blocks are in use: owner 777 holds 40, owner 888 holds 35");
    close_pool(&f);
}

static void a_forced_reconfiguring_makes_every_block_stale(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 100);
    qn_block old[30], now[30];
    must_take(&f, old, 1, 30);
    must_share(&f, 1, 2, old, 10);
    assert_ok(qn_blocks_ref(f.pool, old[0], &f.err), &f.err);
    assert_ok(qn_blocks_reconfigure(f.pool, 100, 100, true, &f.err), &f.err);
    assert_counts(&f, 0, 100);
    assert_int_equal(qn_blocks_give_all(f.pool, 1), 0);
    assert_int_equal(qn_blocks_held(f.pool, 2), 0);
    must_take(&f, now, 1, 30);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(qn_blocks_index(now[i]), qn_blocks_index(old[i]));
        assert_null(qn_blocks_data(f.pool, old[i]));
        assert_bad(&f, qn_blocks_give(f.pool, 1, &old[i], 1, &f.err), "stale");
        assert_bad(&f, qn_blocks_unref(f.pool, old[i], &f.err), "stale");
    }
    qn_blocks_stats stats = {.size = sizeof stats};
    qn_blocks_get_stats(f.pool, &stats);
    assert_int_equal(stats.shares, 0);
    assert_int_equal(stats.taken - stats.given, 30);
    must_share(&f, 1, 2, now, 30);
    close_pool(&f);
}

/* An allocator that refuses what would make it hold more than `limit` bytes. */
typedef struct bounded {
    qn_allocator allocator;
    int64_t live, limit;
} bounded;

static void *bounded_resize(void *user, void *block, int64_t old_size, int64_t new_size)
{
    bounded *b = user;
    const qn_allocator *source = qn_allocator_default();
    if (new_size > old_size && b->live + new_size - old_size > b->limit)
        return NULL;
    void *result = source->resize(source->user, block, old_size, new_size);
    if (result != NULL || new_size == 0)
        b->live += new_size - old_size;
    return result;
}

static void a_pool_whose_new_size_is_refused_has_its_old_size_or_no_block(void **state)
{
    (void)state;
    bounded memory = {.limit = 400000};
    memory.allocator = (qn_allocator){bounded_resize, &memory};
    fixture f = {.pool = NULL};
    assert_ok(qn_blocks_new(&f.pool, 100, 1000, NULL, &memory.allocator, &f.err), &f.err);
    qn_block old, list[4];
    must_take(&f, &old, 1, 1);
    must_give(&f, 1, &old, 1);
    assert_int_equal(qn_blocks_reconfigure(f.pool, 1000, 1000, false, &f.err), QN_NOMEM);
    assert_contains(f.err.message, "1000 blocks of 1000 bytes");
    assert_counts(&f, 0, 100);
    assert_bad(&f, qn_blocks_give(f.pool, 1, &old, 1, &f.err), "stale");
    must_take(&f, list, 1, 4);
    must_give(&f, 1, list, 4);
    memory.limit = 0; /* nothing at all now */
    assert_int_equal(qn_blocks_reconfigure(f.pool, 50, 1000, false, &f.err), QN_NOMEM);
    assert_counts(&f, 0, 0);
    assert_int_equal(qn_blocks_take(list, f.pool, 1, 1, &f.err), QN_EXHAUSTED);
    assert_contains(f.err.message, "0 of 0");
    assert_bad(&f, qn_blocks_give(f.pool, 1, list, 1, &f.err), "no block of this pool of 0");
    assert_bad(&f, qn_blocks_ref(f.pool, old, &f.err), "no block of this pool of 0");
    assert_int_equal(qn_blocks_give_all(f.pool, 1), 0);
    assert_null(qn_blocks_data(f.pool, old));
    memory.limit = 400000;
    assert_ok(qn_blocks_reconfigure(f.pool, 200, 1000, false, &f.err), &f.err);
    assert_counts(&f, 0, 200);
    assert_bad(&f, qn_blocks_give(f.pool, 1, &old, 1, &f.err), "stale");
    must_take(&f, list, 1, 4);
    qn_blocks_free(f.pool);
    assert_int_equal(memory.live, 0);
}

static void given_blocks_are_poisoned_as_asked(void **state)
{
    (void)state;
#if !QNI_ARENA_ASAN /* there they cannot be looked at */
    static const qn_blocks_poison kinds[] = {QN_BLOCKS_POISON_NEVER, QN_BLOCKS_POISON_ALWAYS};
    for (int k = 0; k < 2; k++) {
        fixture f;
        qn_blocks_options options;
        qn_blocks_options_init(&options, sizeof options);
        options.poison = kinds[k];
        open_with(&f, 2, 100, &options);
        qn_block block;
        must_take(&f, &block, 1, 1);
        unsigned char *bytes = qn_blocks_data(f.pool, block);
        memset(bytes, 7, 100);
        must_share(&f, 1, 2, &block, 1);
        must_give(&f, 1, &block, 1);
        assert_int_equal(bytes[99], 7); /* still used */
        must_give(&f, 2, &block, 1);
        for (int i = 0; i < 100; i++)
            assert_int_equal(bytes[i], k == 0 ? 7 : 0xA5);
        close_pool(&f);
    }
#endif
}

typedef struct crossings {
    qn_blocks *pool;
    int above, below;
    int64_t used;
    int64_t relieve; /* the owner that gives all when the pool is full, 0: none */
} crossings;

static void crossed(void *user, bool above, int64_t used)
{
    crossings *c = user;
    c->above += above;
    c->below += !above;
    c->used = used;
    if (above && c->relieve != 0)
        (void)qn_blocks_give_all(c->pool, c->relieve);
}

static void watermarks_are_called_once_a_crossing(void **state)
{
    (void)state;
    fixture f;
    crossings seen = {NULL, 0, 0, 0, 0};
    qn_blocks_options options;
    qn_blocks_options_init(&options, sizeof options);
    options.high = 8;
    options.low = 3;
    options.watermark = crossed;
    options.user = &seen;
    open_with(&f, 10, 100, &options);
    seen.pool = f.pool;
    qn_block list[10];
    must_take(&f, list, 1, 7);
    assert_int_equal(seen.above, 0);
    must_take(&f, list + 7, 1, 1);
    assert_int_equal(seen.above, 1);
    assert_int_equal(seen.used, 8);
    must_take(&f, list + 8, 1, 2);
    must_give(&f, 1, list + 4, 6);
    must_take(&f, list + 4, 1, 6); /* up and down between the two: nothing */
    must_give(&f, 1, list + 4, 6);
    assert_int_equal(seen.above, 1);
    assert_int_equal(seen.below, 0);
    must_give(&f, 1, list + 3, 1);
    assert_int_equal(seen.below, 1);
    assert_int_equal(seen.used, 3);
    must_give(&f, 1, list, 3);
    assert_int_equal(seen.below, 1);
    seen.relieve = 2; /* called with no lock held: it may give */
    must_take(&f, list, 2, 6);
    must_take(&f, list, 1, 2);
    assert_int_equal(seen.above, 2);
    assert_int_equal(seen.below, 2);
    assert_counts(&f, 2, 10);
    seen.relieve = 0;
    must_take(&f, list, 1, 8);
    assert_int_equal(seen.above, 3);
    assert_ok(qn_blocks_reconfigure(f.pool, 20, 10, true, &f.err), &f.err);
    assert_int_equal(seen.below, 3);
    close_pool(&f);
}

static int64_t resident_pages(char *bytes, int64_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)bytes / page * page;
    unsigned char in[4200];
    int64_t count = (int64_t)(((uintptr_t)bytes + (uintptr_t)size - from + page - 1) / page), resident = 0;
    assert_true(count <= (int64_t)sizeof in);
    assert_int_equal(mincore((void *)from, (uintptr_t)bytes + (uintptr_t)size - from, in), 0);
    for (int64_t i = 0; i < count; i++)
        resident += in[i] & 1;
    return resident;
}

static void memory_is_one_request_beside_the_pool(void **state)
{
    (void)state;
    fixture f;
    open_with(&f, 256, 65536, NULL);
    assert_int_equal(f.memory.allocations, 2);
    assert_true(f.memory.live_bytes < 256 * (65536 + 140) + 8192);
    close_pool(&f);
}

static void memory_is_touched_at_once_only_where_asked_for(void **state)
{
    (void)state;
    for (int touch = 0; touch < 2; touch++) {
        qn_blocks_options options;
        qn_blocks_options_init(&options, sizeof options);
        options.touch = touch;
        qn_blocks *pool; /* from the default allocator: that of the tests writes to all that it gives */
        qn_block block;
        qn_error err;
        assert_ok(qn_blocks_new(&pool, 256, 65536, &options, NULL, &err), &err);
        assert_ok(qn_blocks_take(&block, pool, 1, 1, &err), &err);
        int64_t pages = 256 * 65536 / (int64_t)sysconf(_SC_PAGESIZE);
        int64_t resident = resident_pages(qn_blocks_data(pool, block), 256 * 65536);
        assert_in_range(resident, touch ? pages : 0,
                        touch ? pages + 1 : pages / 8); /* the system may bring some along */
        qn_blocks_free(pool);
    }
}

static void a_pool_draws_on_a_budget(void **state)
{
    (void)state;
    qn_budget *budget;
    qn_error err;
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = 1000000;
    assert_ok(qn_budget_new(&budget, NULL, "blocks", &options, &err), &err);
    qn_blocks *pool;
    assert_int_equal(qn_blocks_new(&pool, 1000, 1024, NULL, qn_budget_allocator(budget), &err), QN_BUDGET);
    assert_null(pool);
    assert_ok(qn_blocks_new(&pool, 500, 1024, NULL, qn_budget_allocator(budget), &err), &err);
    qn_budget_stats stats = {.size = sizeof stats};
    qn_budget_get_stats(budget, &stats);
    assert_true(stats.live >= 512000 && stats.live < 1000000);
    assert_ok(qn_blocks_reconfigure(pool, 600, 1024, false, &err), &err); /* not both at once */
    assert_int_equal(qn_blocks_reconfigure(pool, 1000, 1024, false, &err), QN_BUDGET);
    assert_int_equal(qn_blocks_counts(pool).total, 600);
    qn_blocks_free(pool);
    qn_budget_get_stats(budget, &stats);
    assert_int_equal(stats.live, 0);
    qn_budget_free(budget);
}

static void statistics_know_the_size_of_the_callers_struct(void **state)
{
    (void)state;
    fixture f;
    open_pool(&f, 5);
    qn_block list[5];
    must_take(&f, list, 1, 4);
    must_share(&f, 1, 2, list, 2);
    assert_int_equal(qn_blocks_take(list, f.pool, 1, 2, NULL), QN_EXHAUSTED);
    qn_blocks_stats stats = {.size = sizeof stats};
    qn_blocks_get_stats(f.pool, &stats);
    assert_int_equal(stats.block_size, 100);
    assert_int_equal(stats.used, 4);
    assert_int_equal(stats.free, 1);
    assert_int_equal(stats.total, 5);
    assert_int_equal(stats.peak, 4);
    assert_int_equal(stats.shares, 2);
    assert_int_equal(stats.taken, 4);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.contended, 0);
    memset(&stats, 0xEE, sizeof stats);
    stats.size = (int64_t)offsetof(qn_blocks_stats, peak);
    qn_blocks_get_stats(f.pool, &stats);
    assert_int_equal(stats.total, 5);
    assert_int_equal(((unsigned char *)&stats.peak)[0], 0xEE);
    assert_int_equal(stats.size, offsetof(qn_blocks_stats, peak));
    close_pool(&f);
}

static void impossible_arguments_are_refused(void **state)
{
    (void)state;
    fixture f;
    qn_blocks *none = (void *)1;
    qn_block list[2] = {{1}, {1}};
    assert_bad(&f, qn_blocks_new(&none, 0, 1, NULL, NULL, &f.err), "0 blocks");
    assert_null(none);
    assert_bad(&f, qn_blocks_new(&none, 2097152, 1, NULL, NULL, &f.err), "1 to 2097151");
    assert_bad(&f, qn_blocks_new(&none, 1, 0, NULL, NULL, &f.err), "0 bytes");
    assert_int_equal(qn_blocks_new(&none, 2000, INT64_MAX / 1000, NULL, NULL, &f.err), QN_NOMEM);
    assert_int_equal(qn_blocks_new(&none, 1, INT64_MAX, NULL, NULL, &f.err), QN_NOMEM);
    qn_blocks_options options;
    qn_blocks_options_init(&options, sizeof options);
    options.shares = -2;
    assert_bad(&f, qn_blocks_new(&none, 1, 1, &options, NULL, &f.err), "-2 shares");
    options.shares = 1048575;
    assert_bad(&f, qn_blocks_new(&none, 1, 1, &options, NULL, &f.err), "1048575 shares");
    qn_blocks_options_init(&options, sizeof options);
    options.poison = (qn_blocks_poison)3;
    assert_bad(&f, qn_blocks_new(&none, 1, 1, &options, NULL, &f.err), "poisoning 3");
    qn_blocks_options_init(&options, sizeof options);
    options.high = 5;
    options.low = 5;
    options.watermark = crossed;
    assert_bad(&f, qn_blocks_new(&none, 1, 1, &options, NULL, &f.err), "low (5) < high (5)");
    options.low = 1;
    options.watermark = NULL;
    assert_bad(&f, qn_blocks_new(&none, 1, 1, &options, NULL, &f.err), "somebody to call");
    options.size = 0;
    assert_bad(&f, qn_blocks_new(&none, 1, 1, &options, NULL, &f.err), "qn_blocks_options.size is 0");
    open_pool(&f, 3);
    assert_bad(&f, qn_blocks_take(list, f.pool, 0, 2, &f.err), "owner");
    assert_int_equal(list[0].id, 0);
    assert_bad(&f, qn_blocks_take(list, f.pool, 1, -1, &f.err), "-1");
    assert_bad(&f, qn_blocks_give(f.pool, 0, list, 1, &f.err), "owner 0");
    assert_bad(&f, qn_blocks_give(f.pool, 1, list, -1, &f.err), "-1");
    assert_false(qn_blocks_is_held(f.pool, 0, list[0]));
    assert_int_equal(qn_blocks_held(f.pool, 0), 0);
    assert_counts(&f, 0, 3);
    must_take(&f, list, -7, 1); /* any other number is an owner */
    must_take(&f, list, INT64_MIN, 1);
    assert_int_equal(qn_blocks_give_all(f.pool, INT64_MIN), 1);
    close_pool(&f);
    qn_blocks_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_apart_and_keep_their_bytes),
        cmocka_unit_test(a_list_is_taken_whole_or_not_at_all),
        cmocka_unit_test(a_list_that_was_given_comes_back_first_and_in_its_order),
        cmocka_unit_test(blocks_that_any_owner_gave_come_before_those_never_taken),
        cmocka_unit_test(a_bad_list_frees_nothing_and_its_first_bad_entry_is_named),
        cmocka_unit_test(a_stale_block_is_refused_after_its_place_was_taken_again),
        cmocka_unit_test(an_owner_gives_all_that_it_holds_and_nothing_else),
        cmocka_unit_test(a_shared_block_is_used_until_its_last_holder_gave_it),
        cmocka_unit_test(a_bad_share_shares_nothing),
        cmocka_unit_test(a_reference_keeps_a_block_without_an_owner),
        cmocka_unit_test(references_are_counted_up_to_their_limit),
        cmocka_unit_test(making_writable_copies_what_others_use),
        cmocka_unit_test(reconfiguring_is_refused_while_blocks_are_held_and_says_by_whom),
        cmocka_unit_test(of_many_holders_the_refusal_to_reconfigure_names_the_largest),
        cmocka_unit_test(a_forced_reconfiguring_makes_every_block_stale),
        cmocka_unit_test(a_pool_whose_new_size_is_refused_has_its_old_size_or_no_block),
        cmocka_unit_test(given_blocks_are_poisoned_as_asked),
        cmocka_unit_test(watermarks_are_called_once_a_crossing),
        cmocka_unit_test(memory_is_one_request_beside_the_pool),
        cmocka_unit_test(memory_is_touched_at_once_only_where_asked_for),
        cmocka_unit_test(a_pool_draws_on_a_budget),
        cmocka_unit_test(statistics_know_the_size_of_the_callers_struct),
        cmocka_unit_test(impossible_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
