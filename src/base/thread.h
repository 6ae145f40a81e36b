/* base/thread.h: a small number for each living thread, so that an object can keep one place a thread.
 *
 * A number is given out on first use, taken back when the thread ends, and then given to another, which sees all that
 * the thread before it wrote. Numbers stay small: the smallest free one is given. Any thread. */
#ifndef QNI_BASE_THREAD_H
#define QNI_BASE_THREAD_H

#include <stdint.h>

/* 0: none yet; > 0: the number plus 1; < 0: there is none, for too many threads live or this one is ending.
 * Initial-exec: read in one instruction, from a shared library as well. */
extern _Thread_local int32_t qni_thread_own __attribute__((tls_model("initial-exec")));

/* This thread's number plus 1 if it has one, else gives it one; < 0: there is none. */
int32_t qni_thread_own_make(void);

/* This thread's number, 0 ... QNI_THREAD_NUMBERS - 1, or -1: there is none, use what is shared. */
static inline int64_t qni_thread_number(void)
{
    int32_t own = qni_thread_own;
    if (__builtin_expect(own == 0, 0))
        own = qni_thread_own_make();
    return own > 0 ? own - 1 : -1;
}

#endif
