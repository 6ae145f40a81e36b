/* base/alloc.c: the default allocator and the ways in which the library asks for memory. The only file that calls
 * malloc's family.
 *
 * State of the process: what is held through the default allocator. */
#include "base/alloc.h"

#include "base/limits.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A large block begins on a huge page and asks for such: touching it first is then some hundred times fewer faults. */
static bool is_large(int64_t size)
{
    return size >= QNI_ALLOC_HUGE_FROM;
}

static void *new_large(int64_t rounded)
{
    void *block = NULL;
    if (posix_memalign(&block, (size_t)QNI_ALLOC_HUGE_PAGE, (size_t)rounded) != 0)
        return NULL;
    (void)madvise(block, (size_t)(rounded & ~(QNI_ALLOC_HUGE_PAGE - 1)),
                  MADV_HUGEPAGE); /* if any, else ordinary ones */
    return block;
}

/* Any other lies in what malloc gives, behind a word that says how far: malloc has what was freed at hand, by its size,
 * where posix_memalign looks for a place each time and cuts it to measure. */
static void *new_block(int64_t size)
{
    int64_t rounded, with_word;
    if (!qni_size_round_up(&rounded, size, QNI_ALIGN) || !qni_size_add(&with_word, rounded, QNI_ALIGN))
        return NULL;
    if (is_large(size))
        return new_large(rounded);
    char *given = malloc((size_t)with_word);
    if (given == NULL)
        return NULL;
    size_t distance = QNI_ALIGN - ((uintptr_t)given & (QNI_ALIGN - 1));
    char *block = given + distance;
    memcpy(block - sizeof distance, &distance, sizeof distance);
    return block;
}
_Static_assert(_Alignof(max_align_t) >= sizeof(size_t), "there is room for the word before a block");

static void free_block(void *block, int64_t size)
{
    size_t distance = 0;
    if (block == NULL)
        return;
    if (!is_large(size))
        memcpy(&distance, (char *)block - sizeof distance, sizeof distance);
    free((char *)block - distance);
}

static void *system_resize(void *user, void *block, int64_t old_size, int64_t new_size)
{
    (void)user;
    assert(old_size >= 0 && new_size >= 0);
    if (new_size == 0) {
        free_block(block, old_size);
        return NULL;
    }
    void *fresh = new_block(new_size);
    if (fresh == NULL)
        return NULL;
    if (block != NULL) {
        memcpy(fresh, block, (size_t)(old_size < new_size ? old_size : new_size));
        free_block(block, old_size);
    }
    return fresh;
}

static const qn_allocator system_allocator = {.resize = system_resize, .user = NULL};

const qn_allocator *qni_allocator_system(void)
{
    return &system_allocator;
}

/* Bytes held through the default allocator, now and at most. Relaxed, everywhere: they carry nothing but themselves. */
static struct {
    _Alignas(QNI_ALIGN) _Atomic int64_t live;
    _Atomic int64_t peak;
} held;

static void count(int64_t change)
{
    int64_t now = atomic_fetch_add_explicit(&held.live, change, memory_order_relaxed) + change;
    int64_t peak = atomic_load_explicit(&held.peak, memory_order_relaxed);
    while (now > peak &&
           !atomic_compare_exchange_weak_explicit(&held.peak, &peak, now, memory_order_relaxed, memory_order_relaxed))
        ;
}

void qni_allocator_default_held(int64_t *live, int64_t *peak)
{
    *live = atomic_load_explicit(&held.live, memory_order_relaxed);
    *peak = atomic_load_explicit(&held.peak, memory_order_relaxed);
}

static void *default_resize(void *user, void *block, int64_t old_size, int64_t new_size)
{
    void *fresh = system_resize(user, block, old_size, new_size);
    if (fresh != NULL || new_size == 0)
        count(new_size - old_size);
    return fresh;
}

static const qn_allocator default_allocator = {.resize = default_resize, .user = NULL};

const qn_allocator *qn_allocator_default(void)
{
    return &default_allocator;
}

static void *resize(const qn_allocator *allocator, void *block, int64_t old_size, int64_t new_size)
{
    if (allocator == NULL)
        allocator = &default_allocator;
    return allocator->resize(allocator->user, block, old_size, new_size);
}

/* The bytes of `count` elements, at least one element and one byte; -1 where it does not fit. */
static int64_t block_size(int64_t count, int64_t element_size)
{
    int64_t size;
    if (!qni_size_mul(&size, count == 0 ? 1 : count, element_size))
        return -1;
    return size == 0 ? 1 : size;
}

void *qni_alloc(const qn_allocator *allocator, int64_t count, int64_t element_size)
{
    int64_t size = block_size(count, element_size);
    return size < 0 ? NULL : resize(allocator, NULL, 0, size);
}

void *qni_alloc_zeroed(const qn_allocator *allocator, int64_t count, int64_t element_size)
{
    void *block = qni_alloc(allocator, count, element_size);
    if (block != NULL)
        memset(block, 0, (size_t)block_size(count, element_size));
    return block;
}

void qni_free(const qn_allocator *allocator, void *block, int64_t count, int64_t element_size)
{
    if (block != NULL)
        (void)resize(allocator, block, block_size(count, element_size), 0);
}

bool qni_grow(const qn_allocator *allocator, void **array, int64_t *capacity, int64_t needed, int64_t element_size)
{
    if (needed <= *capacity)
        return true;
    int64_t doubled;
    if (!qni_size_mul(&doubled, *capacity, 2))
        return false;
    int64_t fresh_capacity = needed > doubled ? needed : doubled;
    int64_t fresh_size = block_size(fresh_capacity, element_size);
    if (fresh_size < 0)
        return false;
    void *fresh = resize(allocator, *array, *array == NULL ? 0 : block_size(*capacity, element_size), fresh_size);
    if (fresh == NULL)
        return false;
    *array = fresh;
    *capacity = fresh_capacity;
    return true;
}

char *qni_copy_string(const qn_allocator *allocator, const char *text, int64_t size)
{
    if (size < 0)
        size = (int64_t)strlen(text);
    int64_t with_zero;
    if (!qni_size_add(&with_zero, size, 1))
        return NULL;
    char *copy = qni_alloc(allocator, with_zero, 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, (size_t)size);
    copy[size] = '\0';
    return copy;
}
