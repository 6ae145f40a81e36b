/* Random takes, marks and rewinds, against a model that remembers every piece: contents stay, pieces never overlap, the
 * accounts are exact. Both kinds of arena. */
#include "harness/harness.h"

#include "mem/arena_int.h"

#include <stdint.h>
#include <string.h>

enum {
    MAX_PIECES = 400,
    MAX_MARKS = 40,
    STEPS = 4000
};

typedef struct model {
    struct {
        unsigned char *bytes;
        int64_t size;
        unsigned char fill;
    } pieces[MAX_PIECES];
    struct {
        qn_arena_mark mark;
        int count; /* pieces when the mark was set */
    } marks[MAX_MARKS];
    int count, mark_count;
    int64_t used;
} model;

static int64_t rounded(int64_t size)
{
    return size == 0 ? 64 : (size + 63) / 64 * 64;
}

static void take(model *m, qn_arena *arena, uint64_t *random)
{
    if (m->count == MAX_PIECES)
        return;
    int64_t size = test_random_below(random, test_random_below(random, 10) == 0 ? 5000 : 300);
    void *piece;
    qn_error err;
    assert_ok(qn_arena_take(&piece, arena, size, &err), &err);
    unsigned char fill = (unsigned char)test_random(random);
    if (size > 0)
        memset(piece, fill, (size_t)size);
    m->pieces[m->count].bytes = piece;
    m->pieces[m->count].size = size;
    m->pieces[m->count].fill = fill;
    m->count++;
    m->used += rounded(size);
}

static void rewind_to(model *m, qn_arena *arena, int index)
{
    qn_arena_rewind(arena, m->marks[index].mark);
    while (m->count > m->marks[index].count)
        m->used -= rounded(m->pieces[--m->count].size);
    m->mark_count = index + 1; /* the mark itself stays valid */
}

/* Takes the pieces since a mark once more: they come from the same places, and from no new memory. */
static void repeat_since(model *m, qn_arena *arena, int index, const test_allocator *memory)
{
    int64_t allocations = memory->allocations;
    qn_arena_rewind(arena, m->marks[index].mark);
    for (int i = m->marks[index].count; i < m->count; i++) {
        void *piece;
        qn_error err;
        assert_ok(qn_arena_take(&piece, arena, m->pieces[i].size, &err), &err);
        assert_ptr_equal(piece, m->pieces[i].bytes);
    }
    assert_int_equal(memory->allocations, allocations);
}

static void check(const model *m, const qn_arena *arena, const test_allocator *memory)
{
    assert_int_equal(qn_arena_used(arena), m->used);
    assert_int_equal(qn_arena_reserved(arena), memory->live_bytes);
    assert_true(qn_arena_reserved(arena) >= m->used);
    for (int i = 0; i < m->count; i++) {
        assert_int_equal((uintptr_t)m->pieces[i].bytes % 64, 0);
        for (int64_t j = 0; j < m->pieces[i].size; j++)
            if (m->pieces[i].bytes[j] != m->pieces[i].fill)
                fail_msg("byte %d of piece %d changed", (int)j, i);
    }
}

static void run(qni_arena_kind kind, int64_t chunk_size, uint64_t *random)
{
    static model m;
    memset(&m, 0, sizeof m);
    test_allocator memory;
    test_allocator_init(&memory);
    qn_arena *arena;
    qn_error err;
    assert_ok(qni_arena_new_kind(&arena, kind, &memory.allocator, chunk_size, &err), &err);
    for (int step = 0; step < STEPS; step++) {
        int64_t what = test_random_below(random, 20);
        if (what == 0 && m.mark_count < MAX_MARKS) {
            m.marks[m.mark_count].mark = qn_arena_mark_now(arena);
            m.marks[m.mark_count++].count = m.count;
        } else if (what == 1 && m.mark_count > 0) {
            rewind_to(&m, arena, (int)test_random_below(random, m.mark_count));
        } else if (what == 2 && m.mark_count > 0 && kind == QNI_ARENA_CHUNKED) {
            repeat_since(&m, arena, (int)test_random_below(random, m.mark_count), &memory);
        } else {
            take(&m, arena, random);
        }
        if (step % 50 == 0)
            check(&m, arena, &memory);
    }
    check(&m, arena, &memory);
    qn_arena_free(arena);
    assert_int_equal(memory.live_bytes, 0);
}

static void an_arena_behaves_like_its_model(void **state)
{
    (void)state;
    uint64_t random = test_seed(20240601);
    static const int64_t chunk_sizes[] = {1, 64, 1000, 0};
    for (int round = 0; round < 5; round++)
        for (size_t i = 0; i < sizeof chunk_sizes / sizeof *chunk_sizes; i++) {
            run(QNI_ARENA_CHUNKED, chunk_sizes[i], &random);
            run(QNI_ARENA_TWIN, chunk_sizes[i], &random);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_arena_behaves_like_its_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
