/* harness/one_thread.c: linked, by ld's --wrap, into every test that does not say THREADS. Such a test is left
 * out where the thread sanitizer looks; so it ends loudly if it starts a thread after all. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *user)
{
    (void)thread, (void)attributes, (void)run, (void)user;
    (void)fputs("this test starts a thread: add THREADS to its qn_test(), so that the thread sanitizer looks at it\n",
                stderr);
    abort();
}
