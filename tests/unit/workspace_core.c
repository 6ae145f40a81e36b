/* Workspaces: classes of sizes, plans, what is handed out again, what is given back to the allocator and in which
 * order. */
#include "harness/harness.h"

#include "array/workspace_int.h"

#include <quern/arena.h>
#include <quern/log.h>

#include <pthread.h>
#include <string.h>

typedef struct fixture {
    test_allocator memory;
    qn_workspace *workspace;
} fixture;

static void open_workspace(fixture *f, int64_t idle_limit)
{
    test_allocator_init(&f->memory);
    qn_workspace_options options;
    qn_workspace_options_init(&options, sizeof options);
    options.idle_limit = idle_limit;
    qn_error err;
    assert_ok(qn_workspace_new(&f->workspace, &options, &f->memory.allocator, &err), &err);
}

static void close_workspace(fixture *f)
{
    qn_workspace_free(f->workspace);
    assert_int_equal(f->memory.live_bytes, 0);
    assert_int_equal(f->memory.live_blocks, 0);
}

static void *must_take(qn_workspace *w, int64_t rows, int64_t columns)
{
    void *block;
    qn_error err;
    const int64_t shape[] = {rows, columns};
    assert_ok(qn_workspace_take(&block, w, QN_DTYPE_F64, 2, shape, &err), &err);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 64, 0);
    return block;
}

static void give(qn_workspace *w, void *block, int64_t rows, int64_t columns)
{
    const int64_t shape[] = {rows, columns};
    qn_workspace_give(w, block, QN_DTYPE_F64, 2, shape);
}

static qn_workspace_stats stats_of(qn_workspace *w)
{
    qn_workspace_stats stats = {.size = sizeof stats};
    qn_workspace_get_stats(w, &stats);
    return stats;
}

static void a_class_wastes_at_most_an_eighth(void **state)
{
    (void)state;
    int64_t before = 0, last = 0;
    for (int64_t bytes = 1; bytes <= INT64_C(1) << QNI_WORKSPACE_LARGEST_BITS; bytes += 1 + bytes / 97) {
        int64_t index = qni_workspace_class_index(bytes), size = qni_workspace_class_size(index);
        assert_true(index >= before && index < QNI_WORKSPACE_CLASSES);
        assert_true(size >= bytes && size % 64 == 0);
        assert_true(size - bytes < 64 || size - bytes <= bytes / 8);
        before = index;
    }
    for (int64_t index = 0; index < QNI_WORKSPACE_CLASSES; index++) {
        int64_t size = qni_workspace_class_size(index);
        assert_true(size > last);
        assert_int_equal(qni_workspace_class_index(size), index);
        assert_int_equal(qni_workspace_class_index(last + 1), index);
        last = size;
    }
    assert_true(last == INT64_C(1) << QNI_WORKSPACE_LARGEST_BITS);
}

static void what_is_given_back_is_handed_out_again(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 0);
    const int64_t sizes[] = {1, 10, 100, 1000, 10000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *first = must_take(f.workspace, sizes[i], 3);
        memset(first, 1, (size_t)(sizes[i] * 3 * 8));
        give(f.workspace, first, sizes[i], 3);
        int64_t allocations = f.memory.allocations;
        const int64_t shape[] = {2, 3, sizes[i]}; /* another shape of another type, as large */
        void *again;
        qn_error err;
        assert_ok(qn_workspace_take(&again, f.workspace, QN_DTYPE_F32, 3, shape, &err), &err);
        assert_ptr_equal(again, first);
        qn_workspace_give(f.workspace, again, QN_DTYPE_F32, 3, shape);
        assert_int_equal(f.memory.allocations, allocations);
    }
    qn_workspace_give(f.workspace, NULL, QN_DTYPE_F64, 0, NULL);
    close_workspace(&f);
}

static void blocks_in_use_are_apart(void **state)
{
    (void)state;
    enum {
        COUNT = 200
    };
    fixture f;
    open_workspace(&f, 0);
    unsigned char *blocks[COUNT];
    for (int64_t i = 0; i < COUNT; i++) {
        blocks[i] = must_take(f.workspace, i, 7); /* the first is empty, and has an address all the same */
        memset(blocks[i], (int)i, (size_t)(i * 56));
    }
    for (int64_t i = 0; i < COUNT; i++) {
        for (int64_t j = 0; j < i * 56; j++)
            assert_int_equal(blocks[i][j], i);
        give(f.workspace, blocks[i], i, 7);
    }
    close_workspace(&f);
}

static void impossible_shapes_are_refused(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 0);
    static const struct {
        int dtype;
        int32_t ndim;
        int64_t shape[3];
        qn_status status;
        const char *piece;
    } cases[] = {
        {0, 1, {1}, QN_INVALID, "0 is no element type"},
        {99, 1, {1}, QN_INVALID, "99 is no element type"},
        {QN_DTYPE_F64, -1, {1}, QN_INVALID, "axes"},
        {QN_DTYPE_F64, 9, {1}, QN_INVALID, "axes"},
        {QN_DTYPE_F64, 2, {3, -4}, QN_INVALID, "axis 1 cannot have -4 elements"},
        {QN_DTYPE_F64, 3, {INT64_C(1) << 40, INT64_C(1) << 40, 2}, QN_INVALID, "does not fit in memory"},
        {QN_DTYPE_F64, 1, {INT64_C(1) << 50}, QN_NOMEM, "9007199254740992 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        void *block = &f;
        qn_error err;
        qn_array array;
        const int64_t *shape = cases[i].shape;
        qn_dtype dtype = (qn_dtype)cases[i].dtype;
        assert_int_equal(qn_workspace_take(&block, f.workspace, dtype, cases[i].ndim, shape, &err), cases[i].status);
        assert_null(block);
        assert_contains(err.message, cases[i].piece);
        assert_int_equal(qn_workspace_take_array(&array, f.workspace, dtype, cases[i].ndim, shape, &err),
                         cases[i].status);
        assert_null(array.data);
        assert_int_equal(qn_workspace_plan(NULL, f.workspace, dtype, cases[i].ndim, shape, 1, &err), cases[i].status);
    }
    assert_int_equal(stats_of(f.workspace).live, 0);
    close_workspace(&f);
    qn_workspace *none = (qn_workspace *)&f;
    qn_workspace_options options;
    qn_workspace_options_init(&options, sizeof options);
    options.size = 3;
    assert_int_equal(qn_workspace_new(&none, &options, NULL, NULL), QN_INVALID);
    assert_null(none);
    qn_workspace_free(NULL);
}

static void what_is_planned_is_reserved_only_on_request(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 0);
    qn_error err;
    int64_t planned;
    const int64_t matrix[] = {100, 100}, vector[] = {100};
    assert_ok(qn_workspace_plan(&planned, f.workspace, QN_DTYPE_F64, 2, matrix, 5, &err), &err);
    assert_int_equal(planned, 5 * 81920); /* 80,000 bytes in classes of 8,192 */
    assert_ok(qn_workspace_plan(&planned, f.workspace, QN_DTYPE_F64, 1, vector, 40, &err), &err);
    assert_int_equal(planned, 5 * 81920 + 40 * 832);
    assert_int_equal(stats_of(f.workspace).planned_bytes, planned);
    assert_true(f.memory.live_bytes < 81920);
    assert_ok(qn_workspace_reserve(f.workspace, &err), &err);
    assert_true(f.memory.live_bytes >= planned && f.memory.live_bytes < planned + 120000); /* slabs of 64 KiB */
    assert_true(stats_of(f.workspace).idle_bytes >= planned);
    int64_t allocations = f.memory.allocations;
    assert_ok(qn_workspace_reserve(f.workspace, &err), &err);
    void *blocks[45];
    for (int i = 0; i < 45; i++)
        blocks[i] = i < 5 ? must_take(f.workspace, 100, 100) : must_take(f.workspace, 1, 100);
    assert_int_equal(f.memory.allocations, allocations);
    qn_workspace_stats stats = stats_of(f.workspace);
    assert_int_equal(stats.takes, 45);
    assert_int_equal(stats.hits, 45);
    for (int i = 0; i < 45; i++)
        give(f.workspace, blocks[i], i < 5 ? 100 : 1, 100);
    close_workspace(&f);
}

static void plans_add_up_and_are_taken_back(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 0);
    qn_error err;
    int64_t planned;
    const int64_t shape[] = {64};
    assert_ok(qn_workspace_plan(&planned, f.workspace, QN_DTYPE_F64, 1, shape, 3, &err), &err);
    assert_ok(qn_workspace_plan(&planned, f.workspace, QN_DTYPE_I64, 1, shape, 4, &err), &err);
    assert_int_equal(planned, 7 * 512);
    assert_ok(qn_workspace_plan(&planned, f.workspace, QN_DTYPE_F64, 1, shape, -5, &err), &err);
    assert_int_equal(planned, 2 * 512);
    assert_int_equal(qn_workspace_plan(&planned, f.workspace, QN_DTYPE_F64, 1, shape, -3, &err), QN_INVALID);
    assert_contains(err.message, "-3 blocks");
    assert_int_equal(planned, 0);
    assert_int_equal(qn_workspace_plan(NULL, f.workspace, QN_DTYPE_F64, 1, shape, INT64_MAX, &err), QN_INVALID);
    assert_int_equal(qn_workspace_plan(NULL, f.workspace, QN_DTYPE_F64, 1, shape, INT64_MIN, &err), QN_INVALID);
    assert_int_equal(stats_of(f.workspace).planned_bytes, 2 * 512);
    qn_workspace_clear(f.workspace);
    assert_int_equal(stats_of(f.workspace).planned_bytes, 0);
    close_workspace(&f);
}

static void plans_that_cannot_all_be_held_are_not_said_to_be_reserved(void **state)
{
    (void)state;
    qn_error err;
    qn_budget *budget;
    qn_workspace *w;
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = 2000000;
    assert_ok(qn_budget_new(&budget, NULL, "tight", &options, &err), &err);
    assert_ok(qn_workspace_new(&w, NULL, qn_budget_allocator(budget), &err), &err);
    const int64_t one[] = {16384}, other[] = {20000}; /* either would fit: 10 blocks of 131,072 or of 163,840 bytes */
    assert_ok(qn_workspace_plan(NULL, w, QN_DTYPE_F64, 1, one, 10, &err), &err);
    assert_ok(qn_workspace_reserve(w, &err), &err);
    assert_ok(qn_workspace_plan(NULL, w, QN_DTYPE_F64, 1, other, 10, &err), &err);
    assert_int_equal(qn_workspace_reserve(w, &err), QN_BUDGET);
    assert_contains(err.message, "planned blocks of ");
    assert_contains(err.message, "tight");
    assert_ok(qn_workspace_plan(NULL, w, QN_DTYPE_F64, 1, one, -10, &err), &err);
    assert_ok(qn_workspace_reserve(w, &err), &err);
    assert_true(stats_of(w).idle_bytes >= 10 * 163840);
    qn_workspace_free(w);
    qn_budget_free(budget);
}

static void plans_for_more_than_can_be_counted_add_up_to_the_most(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 0);
    qn_error err;
    int64_t planned;
    const int64_t small[] = {1}, large[] = {100};
    assert_ok(qn_workspace_plan(&planned, f.workspace, QN_DTYPE_F64, 1, small, INT64_MAX / 64, &err), &err);
    assert_ok(qn_workspace_plan(&planned, f.workspace, QN_DTYPE_F64, 1, large, INT64_MAX / 1024, &err), &err);
    assert_true(planned == INT64_MAX);
    assert_true(stats_of(f.workspace).planned_bytes == INT64_MAX);
    close_workspace(&f);
}

typedef struct sums {
    qn_workspace_stats all;
    int64_t classes, last_size;
} sums;

static void add_class(void *user, const qn_workspace_stats *stats)
{
    sums *s = user;
    assert_true(stats->block_size > s->last_size);
    s->last_size = stats->block_size;
    s->classes++;
    s->all.takes += stats->takes;
    s->all.hits += stats->hits;
    s->all.live += stats->live;
    s->all.live_bytes += stats->live_bytes;
    s->all.asked_bytes += stats->asked_bytes;
    s->all.idle_bytes += stats->idle_bytes;
    assert_int_equal(stats->live_bytes, stats->live * stats->block_size);
}

static void accounts_say_what_is_live_idle_and_wasted(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 0);
    void *a = must_take(f.workspace, 129, 129), *b = must_take(f.workspace, 129, 129),
         *c = must_take(f.workspace, 3, 3);
    give(f.workspace, b, 129, 129);
    void *d = must_take(f.workspace, 129, 128);
    give(f.workspace, c, 3, 3);
    qn_workspace_stats stats = stats_of(f.workspace);
    assert_int_equal(stats.takes, 4);
    assert_int_equal(stats.hits, 1);
    assert_int_equal(stats.live, 2);
    assert_int_equal(stats.asked_bytes, (129 * 129 + 129 * 128) * 8);
    assert_int_equal(stats.live_bytes, 2 * 147456); /* 133,128 and 132,096: both in 131,072 * 9 / 8 */
    assert_int_equal(stats.idle_bytes, 65536);      /* the slab of 128-byte blocks */
    assert_int_equal(stats.held_bytes, f.memory.live_bytes);
    sums s = {0};
    qn_workspace_each_class(f.workspace, add_class, &s);
    assert_int_equal(s.classes, 2);
    assert_int_equal(s.all.takes, stats.takes);
    assert_int_equal(s.all.hits, stats.hits);
    assert_int_equal(s.all.live, stats.live);
    assert_int_equal(s.all.live_bytes, stats.live_bytes);
    assert_int_equal(s.all.asked_bytes, stats.asked_bytes);
    assert_int_equal(s.all.idle_bytes, stats.idle_bytes);
    give(f.workspace, a, 129, 129);
    give(f.workspace, d, 129, 128);
    assert_int_equal(stats_of(f.workspace).asked_bytes, 0);
    assert_int_equal(stats_of(f.workspace).live, 0);
    qn_workspace_stats old = {.size = sizeof(int64_t) * 3, .hits = -1}; /* a caller that knows three fields */
    qn_workspace_get_stats(f.workspace, &old);
    assert_int_equal(old.takes, 4);
    assert_int_equal(old.hits, -1);
    close_workspace(&f);
}

static bool is_held(fixture *f, int64_t rows, int64_t columns)
{
    int64_t allocations = f->memory.allocations;
    give(f->workspace, must_take(f->workspace, rows, columns), rows, columns);
    return f->memory.allocations == allocations;
}

static void trimming_takes_the_shapes_that_rested_longest(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 0);
    void *blocks[4];
    for (int i = 0; i < 4; i++)
        blocks[i] = must_take(f.workspace, 100 << i, 100); /* 80,000 … 640,000 bytes */
    for (int i = 0; i < 4; i++)
        give(f.workspace, blocks[i], 100 << i, 100);
    give(f.workspace, must_take(f.workspace, 200, 100), 200, 100); /* the second is the youngest now */
    int64_t idle = stats_of(f.workspace).idle_bytes, live_bytes = f.memory.live_bytes;
    assert_int_equal(idle, 81920 + 163840 + 327680 + 655360);
    assert_int_equal(qn_workspace_trim(f.workspace, idle), 0);
    int64_t gone = qn_workspace_trim(f.workspace, 163840 + 655360);
    assert_true(gone >= 81920 + 327680 && gone < 81920 + 327680 + 4096);
    assert_int_equal(live_bytes - f.memory.live_bytes, gone);
    assert_int_equal(stats_of(f.workspace).idle_bytes, 163840 + 655360);
    assert_true(is_held(&f, 200, 100) && is_held(&f, 800, 100));
    assert_false(is_held(&f, 100, 100));
    (void)qn_workspace_trim(f.workspace, 0);
    assert_int_equal(stats_of(f.workspace).idle_bytes, 0);
    assert_true(stats_of(f.workspace).trimmed_bytes >= idle + 81920);
    close_workspace(&f);
}

static void use(qn_workspace *w, int64_t columns, int times)
{
    for (int i = 0; i < times; i++)
        give(w, must_take(w, 10, columns), 10, columns);
}

static void small_shapes_that_need_no_memory_age_as_well(void **state)
{
    (void)state;
    for (int trimmed = 0; trimmed < 2; trimmed++) { /* a trim between, or many takes */
        fixture f;
        open_workspace(&f, 0);
        use(f.workspace, 1000, 1); /* a large one, the oldest */
        use(f.workspace, 10, 1);
        use(f.workspace, 20, 1);
        if (trimmed == 1)
            assert_true(qn_workspace_trim(f.workspace, stats_of(f.workspace).idle_bytes - 81920) > 0);
        use(f.workspace, 10, trimmed == 1 ? 1 : QNI_WORKSPACE_TICK + 1);
        (void)qn_workspace_trim(f.workspace, 65536);
        int64_t allocations = f.memory.allocations;
        use(f.workspace, 10, 1);
        assert_int_equal(f.memory.allocations, allocations);
        use(f.workspace, 20, 1);
        assert_true(f.memory.allocations > allocations);
        close_workspace(&f);
    }
}

static void idle_memory_stays_below_its_limit(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 500000);
    void *blocks[10];
    for (int i = 0; i < 10; i++)
        blocks[i] = must_take(f.workspace, 100, 100);
    for (int i = 0; i < 10; i++) {
        give(f.workspace, blocks[i], 100, 100);
        assert_true(stats_of(f.workspace).idle_bytes <= 500000);
    }
    assert_int_equal(stats_of(f.workspace).idle_bytes, 6 * 81920);
    const int64_t shape[] = {100, 100};
    qn_error err;
    assert_ok(qn_workspace_plan(NULL, f.workspace, QN_DTYPE_F64, 2, shape, 3, &err), &err);
    for (int i = 0; i < 10; i++)
        blocks[i] = must_take(f.workspace, 100, 100);
    for (int i = 0; i < 10; i++)
        give(f.workspace, blocks[i], 100, 100);
    assert_int_equal(stats_of(f.workspace).idle_bytes, 9 * 81920); /* the planned ones beside the limit */
    for (int i = 0; i < 5; i++)
        blocks[i] = must_take(f.workspace, 200, 100);
    for (int i = 0; i < 5; i++)
        give(f.workspace, blocks[i], 200, 100);
    assert_int_equal(stats_of(f.workspace).idle_bytes, 3 * 81920 + 3 * 163840); /* though they are older */
    int64_t hits = stats_of(f.workspace).hits;
    for (int i = 0; i < 3; i++)
        blocks[i] = must_take(f.workspace, 200, 100);
    assert_int_equal(stats_of(f.workspace).hits, hits + 3);
    for (int i = 0; i < 3; i++)
        give(f.workspace, blocks[i], 200, 100);
    close_workspace(&f);
    open_workspace(&f, -1);
    void *a = must_take(f.workspace, 100, 100), *b = must_take(f.workspace, 100, 100);
    give(f.workspace, a, 100, 100);
    assert_int_equal(stats_of(f.workspace).idle_bytes, 0);
    give(f.workspace, b, 100, 100);
    assert_int_equal(stats_of(f.workspace).idle_bytes, 0);
    close_workspace(&f);
}

static void small_blocks_are_within_the_limit_when_more_is_needed(void **state)
{
    (void)state;
    enum {
        COUNT = 1000
    };
    fixture f;
    open_workspace(&f, 200000);
    void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++)
        blocks[i] = must_take(f.workspace, 10, 10);
    for (int i = 0; i < COUNT; i++)
        give(f.workspace, blocks[i], 10, 10);
    assert_true(stats_of(f.workspace).idle_bytes > 800000);
    void *other = must_take(f.workspace, 20, 10);
    assert_true(stats_of(f.workspace).idle_bytes <= 200000 + 65536);
    give(f.workspace, other, 20, 10);
    close_workspace(&f);
}

static void clearing_leaves_what_is_live(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 0);
    double *live = must_take(f.workspace, 300, 300);
    live[0] = 1;
    live[89999] = 2;
    for (int i = 1; i < 100; i++)
        give(f.workspace, must_take(f.workspace, i, 100), i, 100);
    qn_workspace_clear(f.workspace);
    assert_int_equal(stats_of(f.workspace).idle_bytes, 0);
    assert_int_equal(stats_of(f.workspace).live, 1);
    assert_true(live[0] == 1 && live[89999] == 2);
    give(f.workspace, live, 300, 300);
    close_workspace(&f);
}

static void an_array_goes_back_when_its_last_view_ends(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 0);
    qn_error err;
    qn_array array, row;
    const int64_t shape[] = {50, 400};
    assert_ok(qn_workspace_take_array(&array, f.workspace, QN_DTYPE_F64, 2, shape, &err), &err);
    assert_true(qn_array_is_contiguous(&array) && array.shape[0] == 50 && array.strides[0] == 3200);
    void *data = array.data;
    assert_ok(qn_array_pick(&row, &array, 0, 49, &err), &err);
    qn_array_fini(&array);
    ((double *)row.data)[399] = 7;
    assert_int_equal(stats_of(f.workspace).live, 2); /* the elements, and who owns them */
    qn_array_fini(&row);
    assert_int_equal(stats_of(f.workspace).live, 0);
    assert_ptr_equal(must_take(f.workspace, 50, 400), data);
    give(f.workspace, data, 50, 400);
    close_workspace(&f);
}

static void what_takes_an_allocator_can_use_a_workspace(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 0);
    const qn_allocator *a = qn_workspace_allocator(f.workspace);
    int64_t allocations = 0;
    for (int round = 0; round < 10; round++) {
        qn_arena *arena;
        qn_error err;
        void *piece;
        assert_ok(qn_arena_new(&arena, a, 4096, &err), &err);
        for (int i = 0; i < 20; i++)
            assert_ok(qn_arena_take(&piece, arena, 1000, &err), &err);
        qn_arena_free(arena);
        char *text = a->resize(a->user, NULL, 0, 10);
        memcpy(text, "0123456789", 10);
        for (int64_t size = 10; size < 100000; size *= 3) {
            text = a->resize(a->user, text, size, size * 3);
            assert_memory_equal(text, "0123456789", 10);
            assert_int_equal(stats_of(f.workspace).live, 1);
        }
        assert_null(a->resize(a->user, text, 196830, 0));
        if (round == 0)
            allocations = f.memory.allocations;
    }
    assert_int_equal(f.memory.allocations, allocations);
    assert_int_equal(stats_of(f.workspace).live, 0);
    assert_int_equal(stats_of(f.workspace).asked_bytes, 0);
    close_workspace(&f);
}

static int64_t logged;

static void count_lines(void *user, qn_log_level level, const char *line, int64_t size)
{
    (void)user;
    (void)level;
    (void)line;
    (void)size;
    logged++;
}

static void a_shape_of_which_nothing_was_taken_is_told(void **state)
{
    (void)state;
    fixture f;
    open_workspace(&f, 0);
    void *block = must_take(f.workspace, 10, 10);
    static const qn_log_sink sink = {.write = count_lines};
    qn_log_set(QN_LOG_ERROR, &sink);
    logged = 0;
    give(f.workspace, block, 1000, 10);
    give(f.workspace, block, -1, 10);
    give(f.workspace, block, INT64_C(1) << 55, 10);
    assert_int_equal(logged, 3);
    qn_log_set(QN_LOG_WARN, NULL);
    assert_int_equal(stats_of(f.workspace).live, 1);
    give(f.workspace, block, 10, 10);
    assert_int_equal(stats_of(f.workspace).live, 0);
    close_workspace(&f);
}

static void a_budget_is_never_exceeded_and_idle_memory_makes_room(void **state)
{
    (void)state;
    qn_error err;
    qn_budget *budget;
    qn_workspace *w;
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.limit = 1000000;
    assert_ok(qn_budget_new(&budget, NULL, "shapes", &options, &err), &err);
    assert_ok(qn_workspace_new(&w, NULL, qn_budget_allocator(budget), &err), &err);
    for (int64_t rows = 100; rows <= 1000; rows += 100) /* 4.4 MB if nothing were given back */
        give(w, must_take(w, rows, 100), rows, 100);
    void *block = must_take(w, 1000, 100), *more = &options;
    const int64_t shape[] = {400, 100};
    assert_int_equal(qn_workspace_take(&more, w, QN_DTYPE_F64, 2, shape, &err), QN_BUDGET);
    assert_null(more);
    assert_contains(err.message, "shapes");
    qn_array array;
    assert_int_equal(qn_workspace_take_array(&array, w, QN_DTYPE_F64, 2, shape, &err), QN_BUDGET);
    give(w, block, 1000, 100);
    const qn_allocator *a = qn_budget_allocator(budget);
    void *other = a->resize(a->user, NULL, 0, 900000); /* somebody else asks: the workspace gives back */
    assert_non_null(other);
    assert_true(stats_of(w).idle_bytes <= 100000);
    a->resize(a->user, other, 900000, 0);
    qn_budget_stats stats = {.size = sizeof stats};
    qn_budget_get_stats(budget, &stats);
    assert_true(stats.peak <= 1000000);
    qn_workspace_free(w);
    qn_budget_get_stats(budget, &stats);
    assert_int_equal(stats.live, 0);
    qn_budget_free(budget);
}

static int64_t limited_to = 300000; /* bytes */

static void *limited(void *user, void *block, int64_t old_size, int64_t new_size)
{
    test_allocator *t = user;
    if (new_size > old_size && t->live_bytes + new_size - old_size > limited_to)
        return NULL;
    return t->allocator.resize(t->allocator.user, block, old_size, new_size);
}

static void idle_memory_makes_room_where_there_is_no_budget(void **state)
{
    (void)state;
    test_allocator memory;
    test_allocator_init(&memory);
    const qn_allocator allocator = {.resize = limited, .user = &memory};
    qn_workspace *w;
    qn_error err;
    assert_ok(qn_workspace_new(&w, NULL, &allocator, &err), &err);
    for (int64_t rows = 100; rows <= 300; rows += 50)
        give(w, must_take(w, rows, 100), rows, 100);
    void *more;
    const int64_t shape[] = {400, 100};
    assert_int_equal(qn_workspace_take(&more, w, QN_DTYPE_F64, 2, shape, &err), QN_NOMEM);
    /* Also for a shape of which there was none before, where not even its first record has room. */
    give(w, must_take(w, 300, 100), 300, 100);
    limited_to = memory.live_bytes;
    give(w, must_take(w, 10, 10), 10, 10);
    limited_to = 300000;
    qn_workspace_free(w);
    assert_int_equal(memory.live_bytes, 0);
}

/* ---- threads ---- */

typedef struct visitor {
    qn_workspace *workspace;
    pthread_barrier_t barrier;
    void *blocks[20];
} visitor;

static void *takes_and_stays(void *user)
{
    visitor *v = user;
    for (int i = 0; i < 20; i++)
        v->blocks[i] = must_take(v->workspace, 100, 100);
    for (int i = 0; i < 20; i++)
        give(v->workspace, v->blocks[i], 100, 100);
    (void)pthread_barrier_wait(&v->barrier);
    (void)pthread_barrier_wait(&v->barrier);
    return NULL;
}

static void no_thread_keeps_a_large_block(void **state)
{
    (void)state;
    visitor v;
    qn_error err;
    pthread_t thread;
    assert_ok(qn_workspace_new(&v.workspace, NULL, NULL, &err), &err);
    assert_int_equal(pthread_barrier_init(&v.barrier, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, takes_and_stays, &v), 0);
    (void)pthread_barrier_wait(&v.barrier); /* the thread lives, and holds nothing */
    int64_t hits = stats_of(v.workspace).hits;
    for (int i = 0; i < 20; i++)
        v.blocks[i] = must_take(v.workspace, 100, 100);
    assert_int_equal(stats_of(v.workspace).hits, hits + 20);
    for (int i = 0; i < 20; i++)
        give(v.workspace, v.blocks[i], 100, 100);
    (void)pthread_barrier_wait(&v.barrier);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_barrier_destroy(&v.barrier), 0);
    qn_workspace_free(v.workspace);
}

static void *gives_all(void *user)
{
    visitor *v = user;
    for (int i = 0; i < 20; i++)
        give(v->workspace, v->blocks[i], 30, 30);
    return NULL;
}

static void another_thread_may_give_back(void **state)
{
    (void)state;
    visitor v;
    qn_error err;
    assert_ok(qn_workspace_new(&v.workspace, NULL, NULL, &err), &err);
    for (int round = 0; round < 5; round++) {
        pthread_t thread;
        for (int i = 0; i < 20; i++)
            v.blocks[i] = must_take(v.workspace, 30, 30);
        assert_int_equal(pthread_create(&thread, NULL, gives_all, &v), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(stats_of(v.workspace).live, 0);
        assert_int_equal(stats_of(v.workspace).asked_bytes, 0);
    }
    (void)qn_workspace_trim(v.workspace, 0);
    assert_int_equal(stats_of(v.workspace).idle_bytes, 0);
    qn_workspace_free(v.workspace);
}

static void *takes_one_more(void *user)
{
    visitor *v = user;
    for (int i = 0; i < 20; i++)
        if (v->blocks[i] == NULL) {
            v->blocks[i] = must_take(v->workspace, 100, 100);
            break;
        }
    return NULL;
}

static void a_thread_goes_on_with_the_account_of_one_that_ended(void **state)
{
    (void)state;
    visitor v = {.workspace = NULL};
    test_allocator memory;
    test_allocator_init(&memory);
    qn_error err;
    assert_ok(qn_workspace_new(&v.workspace, NULL, &memory.allocator, &err), &err);
    for (int i = 0; i < 5; i++) { /* one after the other: each gets the number of the one before */
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, takes_one_more, &v), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(stats_of(v.workspace).asked_bytes, (i + 1) * 80000);
    }
    for (int i = 0; i < 5; i++)
        give(v.workspace, v.blocks[i], 100, 100);
    qn_workspace_free(v.workspace);
    assert_int_equal(memory.live_bytes, 0);
}

static void *takes_without_a_number(void *user)
{
    visitor *v = user;
    qni_thread_own = -1; /* as where more threads live than there are numbers */
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 20; i++)
            v->blocks[i] = must_take(v->workspace, 30 + i, 30);
        for (int i = 0; i < 20; i++)
            give(v->workspace, v->blocks[i], 30 + i, 30);
    }
    v->blocks[0] = must_take(v->workspace, 77, 1);
    return NULL;
}

static void a_thread_without_a_number_is_counted_too(void **state)
{
    (void)state;
    visitor v;
    qn_error err;
    pthread_t thread;
    assert_ok(qn_workspace_new(&v.workspace, NULL, NULL, &err), &err);
    assert_int_equal(pthread_create(&thread, NULL, takes_without_a_number, &v), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(stats_of(v.workspace).takes, 61);
    assert_int_equal(stats_of(v.workspace).live, 1);
    assert_int_equal(stats_of(v.workspace).asked_bytes, 77 * 8);
    give(v.workspace, v.blocks[0], 77, 1);
    assert_int_equal(stats_of(v.workspace).asked_bytes, 0);
    qn_workspace_free(v.workspace);
}

static void *asks_for_default(void *user)
{
    *(qn_workspace **)user = qn_workspace_default();
    return NULL;
}

static void the_default_is_made_once_and_can_be_replaced(void **state)
{
    (void)state;
    enum {
        THREADS = 8
    };
    pthread_t threads[THREADS];
    qn_workspace *seen[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, asks_for_default, &seen[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_non_null(seen[i]);
        assert_ptr_equal(seen[i], qn_workspace_default());
    }
    qn_workspace *w = qn_workspace_default();
    give(w, must_take(w, 500, 500), 500, 500);
    assert_true(stats_of(w).idle_bytes >= 2000000);
    qn_budget_stats process = {.size = sizeof process}, after = process;
    qn_budget_get_stats(qn_budget_process(), &process);
    assert_true(process.live >= stats_of(w).held_bytes);
    qn_workspace_clear(w);
    assert_int_equal(stats_of(w).idle_bytes, 0);
    qn_budget_get_stats(qn_budget_process(), &after);
    assert_true(after.live <= process.live - 2000000);
    give(w, must_take(w, 40000, 1000), 40000, 1000); /* 320 MB, which nobody touches */
    assert_true(stats_of(w).idle_bytes <= 256 << 20);
    qn_workspace *own;
    qn_error err;
    assert_ok(qn_workspace_new(&own, NULL, NULL, &err), &err);
    qn_workspace_set_default(own);
    assert_ptr_equal(qn_workspace_default(), own);
    qn_workspace_set_default(NULL);
    assert_non_null(qn_workspace_default());
    assert_ptr_not_equal(qn_workspace_default(), own);
    qn_workspace_set_default(NULL);
    qn_workspace_free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_class_wastes_at_most_an_eighth),
        cmocka_unit_test(what_is_given_back_is_handed_out_again),
        cmocka_unit_test(blocks_in_use_are_apart),
        cmocka_unit_test(impossible_shapes_are_refused),
        cmocka_unit_test(what_is_planned_is_reserved_only_on_request),
        cmocka_unit_test(plans_add_up_and_are_taken_back),
        cmocka_unit_test(plans_that_cannot_all_be_held_are_not_said_to_be_reserved),
        cmocka_unit_test(plans_for_more_than_can_be_counted_add_up_to_the_most),
        cmocka_unit_test(accounts_say_what_is_live_idle_and_wasted),
        cmocka_unit_test(trimming_takes_the_shapes_that_rested_longest),
        cmocka_unit_test(small_shapes_that_need_no_memory_age_as_well),
        cmocka_unit_test(idle_memory_stays_below_its_limit),
        cmocka_unit_test(small_blocks_are_within_the_limit_when_more_is_needed),
        cmocka_unit_test(clearing_leaves_what_is_live),
        cmocka_unit_test(an_array_goes_back_when_its_last_view_ends),
        cmocka_unit_test(what_takes_an_allocator_can_use_a_workspace),
        cmocka_unit_test(a_shape_of_which_nothing_was_taken_is_told),
        cmocka_unit_test(a_budget_is_never_exceeded_and_idle_memory_makes_room),
        cmocka_unit_test(idle_memory_makes_room_where_there_is_no_budget),
        cmocka_unit_test(no_thread_keeps_a_large_block),
        cmocka_unit_test(another_thread_may_give_back),
        cmocka_unit_test(a_thread_without_a_number_is_counted_too),
        cmocka_unit_test(a_thread_goes_on_with_the_account_of_one_that_ended),
        cmocka_unit_test(the_default_is_made_once_and_can_be_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
