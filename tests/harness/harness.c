/* harness/harness.c: see harness.h. */
#include "harness/harness.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The block's size stands before it, so that the sizes told by the caller can be checked. */
enum {
    HEADER = 64,
    SHORT = 8,      /* how many times fewer cases a short test takes */
    SHORT_FROM = 32 /* a short sweep fails each of so many allocations */
};

/* Counts may be read while no other thread allocates. */
static int64_t add(int64_t *count, int64_t n)
{
    return __atomic_add_fetch(count, n, __ATOMIC_RELAXED);
}

static void *counting_resize(void *user, void *block, int64_t old_size, int64_t new_size)
{
    test_allocator *t = user;
    if (block != NULL) {
        int64_t known;
        memcpy(&known, (char *)block - HEADER, sizeof known);
        if (known != old_size)
            fail_msg("a block of %" PRId64 " bytes was said to have %" PRId64, known, old_size);
    } else if (old_size != 0) {
        fail_msg("no block was said to have %" PRId64 " bytes", old_size);
    }
    if (new_size == 0) {
        if (block != NULL) {
            (void)add(&t->live_bytes, -old_size);
            (void)add(&t->live_blocks, -1);
            free((char *)block - HEADER);
        }
        return NULL;
    }
    int64_t call = add(&t->allocations, 1);
    if (t->fail_at > 0 && call == t->fail_at)
        return NULL;
    char *fresh = aligned_alloc(HEADER, (size_t)((new_size + HEADER + HEADER - 1) / HEADER * HEADER));
    if (fresh == NULL)
        return NULL;
    memcpy(fresh, &new_size, sizeof new_size);
    memset(fresh + HEADER, 0xA5, (size_t)new_size); /* nothing may rely on cleared memory */
    if (block != NULL) {
        memcpy(fresh + HEADER, block, (size_t)(old_size < new_size ? old_size : new_size));
        free((char *)block - HEADER);
        (void)add(&t->live_bytes, -old_size);
        (void)add(&t->live_blocks, -1);
    }
    int64_t live = add(&t->live_bytes, new_size);
    (void)add(&t->live_blocks, 1);
    for (int64_t peak = __atomic_load_n(&t->peak_bytes, __ATOMIC_RELAXED); live > peak;)
        if (__atomic_compare_exchange_n(&t->peak_bytes, &peak, live, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            break;
    return fresh + HEADER;
}

void test_allocator_init(test_allocator *t)
{
    *t = (test_allocator){.allocator = {.resize = counting_resize, .user = t}};
}

static bool effort_is(const char *effort)
{
    const char *text = getenv("QUERN_TEST_EFFORT");
    return text != NULL && strcmp(text, effort) == 0;
}

int64_t test_fault_sweep(qn_status (*call)(const qn_allocator *allocator, void *user), void *user, int64_t limit)
{
    bool is_short = effort_is("short");
    for (int64_t n = 1; n <= limit; n += is_short && n >= SHORT_FROM ? SHORT : 1) {
        test_allocator t;
        test_allocator_init(&t);
        t.fail_at = n;
        qn_status status = call(&t.allocator, user);
        if (t.live_bytes != 0)
            fail_msg("%" PRId64 " bytes live after allocation %" PRId64 " failed", t.live_bytes, n);
        if (status == QN_OK && t.allocations < n)
            return n;
        if (status != QN_NOMEM)
            fail_msg("status %s after allocation %" PRId64 " of %" PRId64 " failed", qn_status_name(status), n,
                     t.allocations);
    }
    fail_msg("the call still fails after %" PRId64 " rounds", limit);
    return limit;
}

uint64_t test_seed(uint64_t otherwise)
{
    const char *text = getenv("QUERN_TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : otherwise;
    printf("seed: QUERN_TEST_SEED=%" PRIu64 "\n", seed);
    return seed;
}

uint64_t test_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

double test_random_unit(uint64_t *state)
{
    return (double)(test_random(state) >> 11) * 0x1p-53;
}

int64_t test_random_below(uint64_t *state, int64_t bound)
{
    return (int64_t)(test_random(state) % (uint64_t)bound);
}

int64_t test_effort(int64_t quick, int64_t long_)
{
    if (effort_is("short"))
        return quick >= SHORT ? quick / SHORT : 1;
    return effort_is("long") ? long_ : quick;
}

void test_not_short(void)
{
    if (effort_is("short"))
        skip();
}

void test_assert_ok(qn_status status, const qn_error *err, const char *file, int line)
{
    if (status == QN_OK)
        return;
    print_error("%s (%s:%" PRId64 ":%" PRId64 ")\n", err != NULL ? err->message : "", err != NULL ? err->file : "",
                err != NULL ? err->line : 0, err != NULL ? err->column : 0);
    _assert_int_equal((int)status, QN_OK, file, line);
}

void test_assert_close(double got, double expected, double relative, double absolute, const char *file, int line)
{
    if (fabs(got - expected) <= relative * fabs(expected) + absolute)
        return;
    print_error("%.17g is not %.17g within %g relative, %g absolute\n", got, expected, relative, absolute);
    _fail(file, line);
}

void test_assert_contains(const char *text, const char *piece, const char *file, int line)
{
    if (strstr(text, piece) != NULL)
        return;
    print_error("\"%s\" does not contain \"%s\"\n", text, piece);
    _fail(file, line);
}

const char *test_shared_data(const char *what)
{
    struct stat info;
    if (stat("../shared/data", &info) == 0)
        return "../shared/data";
    printf("SKIPPED: %s: the data folder ../shared/data is not here\n", what);
    return NULL;
}
