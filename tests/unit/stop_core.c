/* Ending in good order: clean-ups, exit codes, and what a command with a signal handler makes of it. The last part runs
 * in child processes, which tell what happens through a pipe, a letter each. */
#include "harness/harness.h"

#include "base/log.h"
#include "base/stop.h"

#include "base/error.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct diary {
    char text[64];
    int64_t used;
} diary;

typedef struct note {
    diary *d;
    char letter;
    qn_status result;
} note;

static qn_status write_note(void *user, qn_error *err)
{
    note *n = user;
    n->d->text[n->d->used++] = n->letter;
    return n->result == QN_OK ? QN_OK : qni_error(err, n->result, "%c went wrong", n->letter);
}

static void must_push(qni_stop *stop, qni_stop_cleanup cleanup, void *user)
{
    qn_error err;
    assert_ok(qni_stop_push(stop, cleanup, user, &err), &err);
}

static void clean_ups_run_once_last_first(void **state)
{
    (void)state;
    test_allocator memory;
    test_allocator_init(&memory);
    qni_stop stop;
    qni_stop_init(&stop, &memory.allocator);
    diary d = {0};
    note notes[5];
    for (int i = 0; i < 5; i++) {
        notes[i] = (note){&d, (char)('a' + i), QN_OK};
        must_push(&stop, write_note, &notes[i]);
    }
    assert_true(qni_stop_pop(&stop, write_note, &notes[2]));
    assert_false(qni_stop_pop(&stop, write_note, &notes[2]));
    assert_int_equal(qni_stop_finish(&stop, 0), 0);
    assert_string_equal(d.text, "edba");
    assert_int_equal(qni_stop_finish(&stop, 5), 5);
    assert_string_equal(d.text, "edba");
    assert_false(qni_stop_pop(&stop, write_note, &notes[0]));
    assert_int_equal(memory.live_bytes, 0);
}

static void popping_takes_the_newest_of_equals(void **state)
{
    (void)state;
    qni_stop stop;
    qni_stop_init(&stop, NULL);
    diary d = {0};
    note a = {&d, 'a', QN_OK}, b = {&d, 'b', QN_OK};
    must_push(&stop, write_note, &a);
    must_push(&stop, write_note, &b);
    must_push(&stop, write_note, &a);
    assert_true(qni_stop_pop(&stop, write_note, &a));
    assert_int_equal(qni_stop_finish(&stop, 0), 0);
    assert_string_equal(d.text, "ba");
}

typedef struct pusher {
    qni_stop *stop;
    note *more;
} pusher;

static qn_status push_more(void *user, qn_error *err)
{
    pusher *p = user;
    return qni_stop_push(p->stop, write_note, p->more, err);
}

static void a_clean_up_may_push_another(void **state)
{
    (void)state;
    qni_stop stop;
    qni_stop_init(&stop, NULL);
    diary d = {0};
    note a = {&d, 'a', QN_OK}, b = {&d, 'b', QN_OK};
    pusher p = {&stop, &b};
    must_push(&stop, write_note, &a);
    must_push(&stop, push_more, &p);
    assert_int_equal(qni_stop_finish(&stop, 0), 0);
    assert_string_equal(d.text, "ba");
}

static void the_first_request_counts(void **state)
{
    (void)state;
    qni_stop stop;
    qni_stop_init(&stop, NULL);
    assert_false(qni_stop_requested(&stop));
    assert_int_equal(qni_stop_signal(&stop), 0);
    assert_true(qni_stop_request(&stop, SIGTERM));
    assert_true(qni_stop_requested(&stop));
    assert_false(qni_stop_request(&stop, SIGINT));
    assert_int_equal(qni_stop_signal(&stop), SIGTERM);
    assert_int_equal(qni_stop_finish(&stop, 0), 143);

    qni_stop_init(&stop, NULL);
    assert_true(qni_stop_request(&stop, 0)); /* by the program itself: the exit code is the program's */
    assert_true(qni_stop_requested(&stop));
    assert_int_equal(qni_stop_finish(&stop, 1), 1);
}

typedef struct catcher {
    int count;
    char line[200];
} catcher;

static void catch_line(void *user, qn_log_level level, const char *line, int64_t size)
{
    catcher *c = user;
    (void)size;
    c->count += level == QN_LOG_ERROR;
    snprintf(c->line, sizeof c->line, "%s", line);
}

static void a_failing_clean_up_is_logged_and_changes_the_exit_code(void **state)
{
    (void)state;
    static const struct {
        int signal, exit_code, expected;
    } cases[] = {{0, 0, 74}, {0, 1, 74}, {0, 65, 65}, {SIGINT, 0, 74}, {SIGINT, 1, 74}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        catcher c = {0};
        const qn_log_sink sink = {catch_line, &c};
        qn_log_set(QN_LOG_WARN, &sink);
        qni_stop stop;
        qni_stop_init(&stop, NULL);
        diary d = {0};
        note notes[4] = {{&d, 'a', QN_OK}, {&d, 'b', QN_PERMISSION}, {&d, 'c', QN_IO}, {&d, 'd', QN_OK}};
        for (int j = 0; j < 4; j++)
            must_push(&stop, write_note, &notes[j]);
        if (cases[i].signal != 0)
            assert_true(qni_stop_request(&stop, cases[i].signal));
        assert_int_equal(qni_stop_finish(&stop, cases[i].exit_code), cases[i].expected);
        qn_log_set(QN_LOG_WARN, NULL);
        assert_string_equal(d.text, "dcba"); /* the others run all the same */
        assert_int_equal(c.count, 2);
        assert_string_equal(c.line, "quern: error: stop: a clean-up failed: b went wrong\n");
    }
}

static qn_status count_up(void *user, qn_error *err)
{
    (void)err;
    ++*(int *)user; /* clean-ups run in one thread */
    return QN_OK;
}

typedef struct worker {
    qni_stop *stop;
    int ran, popped;
} worker;

static void *push_and_pop(void *user)
{
    worker *w = user;
    for (int i = 0; i < 1000; i++) {
        if (qni_stop_push(w->stop, count_up, &w->ran, NULL) != QN_OK)
            return NULL;
        if (i % 3 != 0)
            w->popped += qni_stop_pop(w->stop, count_up, &w->ran);
        (void)qni_stop_requested(w->stop);
    }
    (void)qni_stop_request(w->stop, SIGTERM);
    return NULL;
}

static void threads_may_push_and_pop_together(void **state)
{
    (void)state;
    enum {
        WORKERS = 4
    };
    qni_stop stop;
    qni_stop_init(&stop, NULL);
    pthread_t threads[WORKERS];
    worker workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (worker){.stop = &stop};
        assert_int_equal(pthread_create(&threads[i], NULL, push_and_pop, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(qni_stop_finish(&stop, 0), 143);
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(workers[i].popped, 666);
        assert_int_equal(workers[i].ran, 334);
    }
}

/* ---- a small command in a child process ---- */

static qni_stop command_stop;
static int command_out;

static void on_signal(int signal)
{
    if (!qni_stop_request(&command_stop, signal))
        _exit(128 + signal);
}

static void tell(char letter)
{
    if (write(command_out, &letter, 1) != 1)
        _exit(99);
}

static qn_status tell_letter(void *user, qn_error *err)
{
    (void)err;
    tell(*(const char *)user);
    return QN_OK;
}

static qn_status hang(void *user, qn_error *err)
{
    (void)user;
    (void)err;
    tell('h');
    for (;;)
        (void)pause();
    return QN_OK;
}

/* Says 'r' when it is ready, works until it is asked to stop, or, where `waits` is false, ends by itself. */
static void command(bool waits, bool hangs)
{
    (void)alarm(60); /* a test that fails ends */
    qni_stop_init(&command_stop, NULL);
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t both, before;
    (void)sigemptyset(&both);
    (void)sigaddset(&both, SIGINT);
    (void)sigaddset(&both, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &both, &before);
    (void)sigdelset(&before, SIGINT);
    (void)sigdelset(&before, SIGTERM);
    if (sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGTERM, &action, NULL) != 0)
        _exit(98);
    char letters[] = "123";
    bool ok = qni_stop_push(&command_stop, tell_letter, &letters[0], NULL) == QN_OK &&
              qni_stop_push(&command_stop, tell_letter, &letters[1], NULL) == QN_OK &&
              (!hangs || qni_stop_push(&command_stop, hang, NULL, NULL) == QN_OK) &&
              qni_stop_push(&command_stop, tell_letter, &letters[2], NULL) == QN_OK;
    if (!ok)
        _exit(97);
    tell('r');
    while (waits && !qni_stop_requested(&command_stop))
        (void)sigsuspend(&before);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    _exit(qni_stop_finish(&command_stop, 0));
}

typedef struct child {
    pid_t pid;
    int in;
} child;

static child start_command(bool waits, bool hangs)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(ends[0]);
        command_out = ends[1];
        command(waits, hangs);
    }
    (void)close(ends[1]);
    return (child){pid, ends[0]};
}

static char next_letter(child c)
{
    char letter = '.';
    return read(c.in, &letter, 1) == 1 ? letter : '.';
}

/* The rest of what it tells, and its exit code. */
static int end_of(child c, char rest[16])
{
    int used = 0;
    while (used < 15 && (rest[used] = next_letter(c)) != '.')
        used++;
    rest[used] = '\0';
    (void)close(c.in);
    int status;
    assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_command_cleans_up_on_a_signal_and_on_a_normal_end(void **state)
{
    (void)state;
    static const int signals[] = {0, SIGINT, SIGTERM};
    for (int i = 0; i < 3; i++) {
        char rest[16];
        child c = start_command(signals[i] != 0, false);
        assert_int_equal(next_letter(c), 'r');
        if (signals[i] != 0)
            assert_int_equal(kill(c.pid, signals[i]), 0);
        int code = end_of(c, rest);
        assert_string_equal(rest, "321");
        assert_int_equal(code, signals[i] == 0 ? 0 : 128 + signals[i]);
    }
}

static void a_second_signal_ends_a_command_at_once(void **state)
{
    (void)state;
    static const int second[] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++) {
        char rest[16];
        child c = start_command(true, true);
        assert_int_equal(next_letter(c), 'r');
        assert_int_equal(kill(c.pid, SIGINT), 0);
        assert_int_equal(next_letter(c), '3');
        assert_int_equal(next_letter(c), 'h'); /* hangs in a clean-up now */
        assert_int_equal(kill(c.pid, second[i]), 0);
        assert_int_equal(end_of(c, rest), 128 + second[i]);
        assert_string_equal(rest, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_ups_run_once_last_first),
        cmocka_unit_test(popping_takes_the_newest_of_equals),
        cmocka_unit_test(a_clean_up_may_push_another),
        cmocka_unit_test(the_first_request_counts),
        cmocka_unit_test(a_failing_clean_up_is_logged_and_changes_the_exit_code),
        cmocka_unit_test(a_command_cleans_up_on_a_signal_and_on_a_normal_end),
        cmocka_unit_test(a_second_signal_ends_a_command_at_once),
        cmocka_unit_test(threads_may_push_and_pop_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
