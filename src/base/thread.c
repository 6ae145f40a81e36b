/* base/thread.c: who has which number: a bit each, under a lock.
 *
 * Always: a bit is set from when its number is given out until its thread's end. The lock orders the two, so that the
 * next thread with a number sees what the one before wrote. State of the process: the bits, and the key whose
 * destructor hears of a thread's end. After fork the numbers of the threads that stayed in the parent are never given
 * again. */
#include "base/thread.h"

#include "base/limits.h"
#include "base/lock.h"

#include <pthread.h>
#include <stdbool.h>

_Thread_local int32_t qni_thread_own;

static qni_lock numbers_lock;
static uint64_t numbers_taken[QNI_THREAD_NUMBERS / 64]; /* guarded by numbers_lock */
static pthread_once_t ends_once = PTHREAD_ONCE_INIT;
static pthread_key_t ends; /* its value: the thread's qni_thread_own; made once */
static bool ends_made;     /* false: this process has no key left; then no thread gets a number */

static void give_number(void *user)
{
    int32_t *own = user;
    int32_t number = *own - 1;
    *own = -1;
    qni_lock_take(&numbers_lock, NULL);
    numbers_taken[number / 64] &= ~(UINT64_C(1) << (number % 64));
    qni_lock_give(&numbers_lock);
}

static void make_key(void)
{
    ends_made = pthread_key_create(&ends, give_number) == 0;
}

static int32_t smallest_free(void)
{
    int32_t i = 0;
    while (i < QNI_THREAD_NUMBERS / 64 && numbers_taken[i] == UINT64_MAX)
        i++;
    return i < QNI_THREAD_NUMBERS / 64 ? i * 64 + __builtin_ctzll(~numbers_taken[i]) : -1;
}

int32_t qni_thread_own_make(void)
{
    if (qni_thread_own != 0)
        return qni_thread_own;
    (void)pthread_once(&ends_once, make_key);
    qni_lock_take(&numbers_lock, NULL);
    int32_t number = ends_made ? smallest_free() : -1;
    if (number >= 0)
        numbers_taken[number / 64] |= UINT64_C(1) << (number % 64);
    qni_lock_give(&numbers_lock);
    qni_thread_own = number + 1;
    if (number >= 0 && pthread_setspecific(ends, &qni_thread_own) != 0)
        give_number(&qni_thread_own); /* its end would not be heard of */
    if (qni_thread_own == 0)
        qni_thread_own = -1;
    return qni_thread_own;
}
