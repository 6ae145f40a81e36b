/* Blocks that are mapped on their own: huge pages and prefaulting on request. Contents survive growing and shrinking,
 * what is counted is what the pages take, and what the process really holds is what was planned. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mincore */
#endif
#include "harness/harness.h"

#include "base/alloc.h"
#include "mem/pages.h"

#include <quern/budget.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    KIB = 1024,
    MIB = 1024 * 1024,
    HUGE_PAGE = 2 * MIB
};

static qn_budget *budget_with(int64_t huge_from, bool prefault, int64_t limit)
{
    qn_budget_options options;
    qn_budget_options_init(&options, sizeof options);
    options.huge_from = huge_from;
    options.prefault = prefault;
    options.limit = limit;
    qn_budget *budget;
    qn_error err;
    assert_ok(qn_budget_new(&budget, NULL, "pages", &options, &err), &err);
    return budget;
}

static qn_budget_stats stats_of(const qn_budget *budget)
{
    qn_budget_stats stats = {.size = sizeof stats};
    qn_budget_get_stats(budget, &stats);
    return stats;
}

static int64_t page_size(void)
{
    return sysconf(_SC_PAGESIZE);
}

static int64_t whole_pages(int64_t size)
{
    return (size + page_size() - 1) / page_size() * page_size();
}

static void *resize(const qn_budget *budget, void *block, int64_t old_size, int64_t new_size)
{
    const qn_allocator *allocator = qn_budget_allocator(budget);
    return allocator->resize(allocator->user, block, old_size, new_size);
}

/* A byte that depends on its place. */
static unsigned char mark(int64_t i)
{
    return (unsigned char)(i * 131 + (i >> 12));
}

/* Some hundred bytes of each page would say no more: every 61st, and the two ends. */
enum {
    STRIDE = 61
};

static void fill(unsigned char *bytes, int64_t from, int64_t to)
{
    if (to > 0)
        bytes[to - 1] = mark(to - 1);
    for (int64_t i = (from + STRIDE - 1) / STRIDE * STRIDE; i < to; i += STRIDE)
        bytes[i] = mark(i);
}

/* `ends`: the last byte was filled with that size. */
static void check(const unsigned char *bytes, int64_t size, bool ends)
{
    if (ends)
        assert_int_equal(bytes[size - 1], mark(size - 1));
    for (int64_t i = 0; i < size; i += STRIDE)
        if (bytes[i] != mark(i))
            fail_msg("byte %ld of %ld changed", (long)i, (long)size);
}

static void large_requests_are_counted_in_whole_pages_and_begin_on_a_huge_one(void **state)
{
    (void)state;
    qn_budget *budget = budget_with(HUGE_PAGE, false, 0);
    int64_t size = HUGE_PAGE + 100;
    void *small = resize(budget, NULL, 0, 1000), *large = resize(budget, NULL, 0, size);
    assert_true(small != NULL && large != NULL);
    assert_int_equal((uintptr_t)large % HUGE_PAGE, 0);
    assert_int_equal(stats_of(budget).live, 1000 + whole_pages(size));
    assert_int_equal(stats_of(budget).own_huge, whole_pages(size));
    assert_null(resize(budget, large, size, 0));
    assert_int_equal(stats_of(budget).live, 1000);
    assert_int_equal(stats_of(budget).own_huge, 0);
    assert_null(resize(budget, small, 1000, 0));
    qn_budget_free(budget);
}

static void contents_survive_every_change_of_size(void **state)
{
    (void)state;
    static const int64_t sizes[] = {100,
                                    HUGE_PAGE - 1,
                                    HUGE_PAGE,
                                    HUGE_PAGE + 1,
                                    3 * HUGE_PAGE + 5,
                                    8 * HUGE_PAGE,
                                    8 * HUGE_PAGE + 1,
                                    16 * HUGE_PAGE,
                                    HUGE_PAGE,
                                    5 * HUGE_PAGE,
                                    HUGE_PAGE - 1,
                                    HUGE_PAGE + 4095,
                                    HUGE_PAGE + 4096,
                                    17,
                                    4 * HUGE_PAGE};
    for (int kind = 0; kind < 4; kind++) {
        qn_budget *budget = budget_with(kind & 1 ? HUGE_PAGE : 0, kind >> 1, 0);
        unsigned char *block = NULL;
        int64_t size = 0;
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            block = resize(budget, block, size, sizes[i]);
            assert_non_null(block);
            assert_int_equal((uintptr_t)block % 64, 0);
            if (size > 0)
                check(block, size < sizes[i] ? size : sizes[i], size <= sizes[i]);
            fill(block, size, sizes[i]);
            size = sizes[i];
            bool mapped = kind != 0 && size >= HUGE_PAGE;
            assert_int_equal(stats_of(budget).live, mapped ? whole_pages(size) : size);
        }
        assert_null(resize(budget, block, size, 0));
        assert_int_equal(stats_of(budget).live, 0);
        qn_budget_free(budget);
    }
}

static void a_limit_counts_the_pages(void **state)
{
    (void)state;
    qn_budget *budget = budget_with(HUGE_PAGE, false, HUGE_PAGE + 100);
    assert_null(resize(budget, NULL, 0, HUGE_PAGE + 1)); /* takes another page */
    void *block = resize(budget, NULL, 0, HUGE_PAGE);
    assert_non_null(block);
    assert_null(resize(budget, block, HUGE_PAGE, HUGE_PAGE + 1));
    assert_null(resize(budget, NULL, 0, 101));
    assert_null(resize(budget, block, HUGE_PAGE, 0));
    assert_int_equal(stats_of(budget).live, 0);
    qn_budget_free(budget);
}

static void what_the_system_does_not_have_is_refused_and_not_counted(void **state)
{
    (void)state;
    qn_budget *budget = budget_with(HUGE_PAGE, true, 0);
    assert_null(resize(budget, NULL, 0, INT64_MAX));
    assert_null(resize(budget, NULL, 0, INT64_C(1) << 60));
    void *block = resize(budget, NULL, 0, HUGE_PAGE);
    assert_non_null(block);
    fill(block, 0, HUGE_PAGE);
    assert_null(resize(budget, block, HUGE_PAGE, INT64_C(1) << 60));
    check(block, HUGE_PAGE, true);
    assert_int_equal(stats_of(budget).live, HUGE_PAGE);
    assert_null(resize(budget, block, HUGE_PAGE, 0));
    assert_int_equal(stats_of(budget).live, 0);
    assert_int_equal(qni_pages_size(INT64_MAX), -1);
    assert_null(qni_pages_map(INT64_MAX, (qni_pages_kind){.huge = true}));
    qn_budget_free(budget);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

/* Whether what the process holds can be seen: not where a tool holds memory of its own for each byte, nor where the
 * system says that it made pages resident and did not (an emulator). */
static bool resident_size_tells(void)
{
#ifdef SANITIZED
    return false;
#else
    const char *preload = getenv("LD_PRELOAD");
    if (preload != NULL && strstr(preload, "vgpreload") != NULL)
        return false;
    unsigned char in_core = 0;
    void *page = mmap(NULL, (size_t)page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    bool claims = madvise(page, (size_t)page_size(), 23 /* MADV_POPULATE_WRITE */) == 0;
    bool tells = mincore(page, (size_t)page_size(), &in_core) == 0 && (in_core != 0) == claims;
    assert_int_equal(munmap(page, (size_t)page_size()), 0);
    return tells;
#endif
}

static int64_t resident_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
    assert_int_equal(fclose(file), 0);
    return pages * page_size();
}

/* Chunks as a pool takes them: some grow, some go, others come, until 64 MiB are held. Nothing is touched. */
static void hold_a_pool(qn_budget *budget, void **chunks, int64_t *sizes, int count)
{
    for (int i = 0; i < count; i++) {
        sizes[i] = HUGE_PAGE + (i % 3) * 64 * KIB;
        chunks[i] = resize(budget, NULL, 0, sizes[i]);
        assert_non_null(chunks[i]);
    }
    for (int i = 0; i < count; i += 2) {
        chunks[i] = resize(budget, chunks[i], sizes[i], 2 * sizes[i]);
        assert_non_null(chunks[i]);
        sizes[i] *= 2;
    }
    for (int i = 0; i < count; i += 4) {
        assert_null(resize(budget, chunks[i], sizes[i], 0));
        sizes[i] = 2 * HUGE_PAGE;
        chunks[i] = resize(budget, NULL, 0, sizes[i]);
        assert_non_null(chunks[i]);
    }
}

static void what_is_prefaulted_is_resident_within_two_percent_of_plan(void **state)
{
    (void)state;
    enum {
        COUNT = 21
    };
    if (!resident_size_tells()) {
        printf("SKIPPED: the resident size of this process does not tell what it holds\n");
        return;
    }
    for (int huge = 0; huge < 2; huge++) {
        void *chunks[COUNT];
        int64_t sizes[COUNT];
        qn_budget *budget = budget_with(huge ? HUGE_PAGE : 0, true, 0);
        int64_t before = resident_bytes();
        hold_a_pool(budget, chunks, sizes, COUNT);
        int64_t planned = stats_of(budget).live, asked = 0;
        for (int i = 0; i < COUNT; i++)
            asked += sizes[i];
        assert_true(planned >= 64 * MIB && planned >= asked && planned <= asked + COUNT * page_size());
        assert_close((double)(resident_bytes() - before), (double)planned, 0.02, 0);
        for (int i = 0; i < COUNT; i++)
            assert_null(resize(budget, chunks[i], sizes[i], 0));
        assert_close((double)(resident_bytes() - before), 0, 0, 0.02 * (double)planned);
        qn_budget_free(budget);
    }
}

static void without_prefaulting_nothing_is_resident_before_it_is_touched(void **state)
{
    (void)state;
    if (!resident_size_tells())
        return;
    qn_budget *budget = budget_with(HUGE_PAGE, false, 0);
    int64_t before = resident_bytes();
    void *block = resize(budget, NULL, 0, 64 * MIB);
    assert_non_null(block);
    assert_true(resident_bytes() - before < MIB);
    assert_null(resize(budget, block, 64 * MIB, 0));
    qn_budget_free(budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_requests_are_counted_in_whole_pages_and_begin_on_a_huge_one),
        cmocka_unit_test(contents_survive_every_change_of_size),
        cmocka_unit_test(a_limit_counts_the_pages),
        cmocka_unit_test(what_the_system_does_not_have_is_refused_and_not_counted),
        cmocka_unit_test(what_is_prefaulted_is_resident_within_two_percent_of_plan),
        cmocka_unit_test(without_prefaulting_nothing_is_resident_before_it_is_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
