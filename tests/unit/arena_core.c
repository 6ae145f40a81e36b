/* The arena and its debug twin: addresses, marks, accounts. Every test runs over both kinds. */
#include "harness/harness.h"

#include "base/alloc.h"
#include "mem/arena_int.h"

#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct fixture {
    test_allocator memory;
    qn_arena *arena;
} fixture;

static const qni_arena_kind kinds[] = {QNI_ARENA_CHUNKED, QNI_ARENA_TWIN};

static void open_arena(fixture *f, qni_arena_kind kind, int64_t chunk_size)
{
    test_allocator_init(&f->memory);
    qn_error err;
    assert_ok(qni_arena_new_kind(&f->arena, kind, &f->memory.allocator, chunk_size, &err), &err);
}

static void close_arena(fixture *f)
{
    qn_arena_free(f->arena);
    assert_int_equal(f->memory.live_bytes, 0);
    assert_int_equal(f->memory.live_blocks, 0);
}

static void *must_take(qn_arena *arena, int64_t size)
{
    void *piece;
    qn_error err;
    assert_ok(qn_arena_take(&piece, arena, size, &err), &err);
    assert_non_null(piece);
    assert_int_equal((uintptr_t)piece % 64, 0);
    return piece;
}

static void pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        fixture f;
        open_arena(&f, kinds[k], 1024);
        char *pieces[200];
        for (int i = 0; i < 200; i++) {
            pieces[i] = must_take(f.arena, i);
            memset(pieces[i], i, (size_t)i);
        }
        for (int i = 0; i < 200; i++)
            for (int j = 0; j < i; j++)
                assert_int_equal((unsigned char)pieces[i][j], i);
        close_arena(&f);
    }
}

static void nothing_is_an_address_of_its_own(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        fixture f;
        open_arena(&f, kinds[k], 0);
        void *a = must_take(f.arena, 0);
        void *b = must_take(f.arena, 0);
        assert_ptr_not_equal(a, b);
        assert_int_equal(qn_arena_used(f.arena), 128);
        close_arena(&f);
    }
}

static void rewinding_gives_the_same_address_again(void **state)
{
    (void)state;
    fixture f;
    open_arena(&f, QNI_ARENA_CHUNKED, 256);
    (void)must_take(f.arena, 10);
    qn_arena_mark before = qn_arena_mark_now(f.arena);
    void *first[6];
    for (int i = 0; i < 6; i++)
        first[i] = must_take(f.arena, 100 * i);
    qn_arena_rewind(f.arena, before);
    int64_t allocations = f.memory.allocations;
    for (int i = 0; i < 6; i++)
        assert_ptr_equal(must_take(f.arena, 100 * i), first[i]);
    assert_int_equal(f.memory.allocations, allocations); /* chunks were kept */
    close_arena(&f);
}

static void a_small_chunk_that_does_not_fit_stays_for_later(void **state)
{
    (void)state;
    fixture f;
    open_arena(&f, QNI_ARENA_CHUNKED, 256);
    void *small = must_take(f.arena, 64);
    qn_arena_rewind(f.arena, (qn_arena_mark){0});
    (void)must_take(f.arena, 10000);
    assert_ptr_equal(must_take(f.arena, 64), small);
    close_arena(&f);
}

static void accounts_say_what_is_used_and_held(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        fixture f;
        open_arena(&f, kinds[k], 4096);
        assert_int_equal(qn_arena_used(f.arena), 0);
        assert_int_equal(qn_arena_reserved(f.arena), f.memory.live_bytes);
        assert_true(f.memory.live_bytes < 4096); /* no chunk yet */
        (void)must_take(f.arena, 65);
        assert_int_equal(qn_arena_used(f.arena), 128);
        assert_int_equal(qn_arena_reserved(f.arena), f.memory.live_bytes);
        qn_arena_mark mark = qn_arena_mark_now(f.arena);
        (void)must_take(f.arena, 100000);
        assert_true(qn_arena_reserved(f.arena) >= 100000);
        assert_int_equal(qn_arena_reserved(f.arena), f.memory.live_bytes);
        qn_arena_rewind(f.arena, mark);
        assert_int_equal(qn_arena_used(f.arena), 128);
        assert_int_equal(qn_arena_reserved(f.arena), f.memory.live_bytes);
        close_arena(&f);
    }
}

static void a_rewound_twin_holds_nothing(void **state)
{
    (void)state;
    fixture f;
    open_arena(&f, QNI_ARENA_TWIN, 0);
    int64_t empty = f.memory.live_bytes;
    qn_arena_mark mark = qn_arena_mark_now(f.arena);
    for (int i = 0; i < 10; i++)
        (void)must_take(f.arena, 100);
    qn_arena_rewind(f.arena, mark);
    assert_int_equal(f.memory.live_bytes, empty);
    close_arena(&f);
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    qn_arena *none = (void *)1;
    qn_error err;
    assert_int_equal(qn_arena_new(&none, NULL, -1, &err), QN_INVALID);
    assert_null(none);
    assert_contains(err.message, "-1");
    for (int k = 0; k < 2; k++) {
        fixture f;
        open_arena(&f, kinds[k], 0);
        void *piece = (void *)1;
        assert_int_equal(qn_arena_take(&piece, f.arena, -5, &err), QN_INVALID);
        assert_null(piece);
        assert_int_equal(qn_arena_take(&piece, f.arena, INT64_MAX, &err), QN_NOMEM);
        (void)must_take(f.arena, 1);
        assert_int_equal(qn_arena_take(&piece, f.arena, INT64_MAX - 63, NULL), QN_NOMEM);
        assert_null(piece);
        assert_int_equal(qn_arena_used(f.arena), 64);
        close_arena(&f);
    }
    qn_arena_free(NULL);
}

#if QNI_ARENA_ASAN
/* Runs `fault` in a child and returns whether the child died of it. */
static bool dies(void (*fault)(qn_arena *arena))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (close(STDERR_FILENO) != 0)
            _exit(0);
        qn_arena *arena;
        if (qn_arena_new(&arena, NULL, 0, NULL) == QN_OK)
            fault(arena);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void write_past_the_end(qn_arena *arena)
{
    void *piece;
    if (qn_arena_take(&piece, arena, 100, NULL) == QN_OK)
        ((volatile char *)piece)[100] = 1;
}

static void write_after_rewinding(qn_arena *arena)
{
    void *piece;
    if (qn_arena_take(&piece, arena, 100, NULL) != QN_OK)
        return;
    qn_arena_rewind(arena, (qn_arena_mark){0});
    ((volatile char *)piece)[0] = 1;
}

static void the_address_sanitizer_sees_bounds_and_end_of_a_piece(void **state)
{
    (void)state;
    assert_true(dies(write_past_the_end));
    assert_true(dies(write_after_rewinding));
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(nothing_is_an_address_of_its_own),
        cmocka_unit_test(rewinding_gives_the_same_address_again),
        cmocka_unit_test(a_small_chunk_that_does_not_fit_stays_for_later),
        cmocka_unit_test(accounts_say_what_is_used_and_held),
        cmocka_unit_test(a_rewound_twin_holds_nothing),
        cmocka_unit_test(impossible_sizes_are_refused),
#if QNI_ARENA_ASAN
        cmocka_unit_test(the_address_sanitizer_sees_bounds_and_end_of_a_piece),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
