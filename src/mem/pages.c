/* mem/pages.c: mapping, with the advice that the system gets about it.
 *
 * Advice that is refused is not an error: the block is the same, only slower. To begin on a huge page, more is mapped
 * and the ends are given back: what was never touched costs nothing. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mremap */
#endif
#include "mem/pages.h"

#include "base/alloc.h"
#include "mem/limits.h"

#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; headers may be older than the system */
#endif

static int64_t page_size(void)
{
    return sysconf(_SC_PAGESIZE);
}

int64_t qni_pages_size(int64_t size)
{
    int64_t rounded;
    return qni_size_round_up(&rounded, size, page_size()) ? rounded : -1;
}

/* Makes whole pages resident: at once where the system can, else by writing to each. */
static void populate(char *bytes, int64_t size)
{
    if (size <= 0 || madvise(bytes, (size_t)size, MADV_POPULATE_WRITE) == 0)
        return;
    int64_t step = page_size();
    for (int64_t i = 0; i < size; i += step)
        *(volatile char *)(bytes + i) = 0;
}

/* `size` bytes (whole pages), on a huge page's boundary where asked for. NULL: the system has none. */
static char *reserve(int64_t size, bool huge)
{
    int64_t whole;
    if (!qni_size_add(&whole, size, huge ? QNI_PAGES_HUGE_SIZE : 0))
        return NULL;
    char *bytes = mmap(NULL, (size_t)whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return NULL;
    if (!huge)
        return bytes;
    int64_t before = -(int64_t)(uintptr_t)bytes & (QNI_PAGES_HUGE_SIZE - 1);
    if (before > 0)
        (void)munmap(bytes, (size_t)before);
    if (before < QNI_PAGES_HUGE_SIZE)
        (void)munmap(bytes + before + size, (size_t)(QNI_PAGES_HUGE_SIZE - before));
    return bytes + before;
}

/* The bytes from `old_size` on are new. */
static void prepare(char *bytes, int64_t old_size, int64_t size, qni_pages_kind kind)
{
    if (kind.huge)
        (void)madvise(bytes, (size_t)size, MADV_HUGEPAGE);
    if (kind.prefault)
        populate(bytes + old_size, size - old_size);
}

void *qni_pages_map(int64_t size, qni_pages_kind kind)
{
    int64_t rounded = qni_pages_size(size);
    char *bytes = rounded > 0 ? reserve(rounded, kind.huge) : NULL;
    if (bytes != NULL)
        prepare(bytes, 0, rounded, kind);
    return bytes;
}

void *qni_pages_remap(void *block, int64_t old_size, int64_t new_size, qni_pages_kind kind)
{
    int64_t old_rounded = qni_pages_size(old_size), new_rounded = qni_pages_size(new_size);
    if (new_rounded == old_rounded)
        return block;
    if (new_rounded < old_rounded) {
        (void)munmap((char *)block + new_rounded, (size_t)(old_rounded - new_rounded));
        return block;
    }
    char *place = new_rounded > 0 ? reserve(new_rounded, kind.huge) : NULL;
    if (place == NULL)
        return NULL;
    /* In one piece, so that it can be moved again. Takes the place of what was just reserved; where it fails that may
     * have been taken away already, so it is left alone: it holds no memory. */
    if (mremap(block, (size_t)old_rounded, (size_t)new_rounded, MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED)
        return NULL;
    prepare(place, old_rounded, new_rounded, kind);
    return place;
}

void qni_pages_unmap(void *block, int64_t size)
{
    (void)munmap(block, (size_t)qni_pages_size(size));
}
