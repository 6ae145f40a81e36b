/* Log lines: what they look like, where they go, what is left out. */
#include "harness/harness.h"

#include "base/limits.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct catcher {
    qn_log_sink sink;
    char line[2 * QNI_LOG_LINE_SIZE];
    int64_t size;
    qn_log_level level;
    int count;
} catcher;

static void catch_line(void *user, qn_log_level level, const char *line, int64_t size)
{
    catcher *c = user;
    assert_int_equal(strlen(line), size);
    assert_true(size < (int64_t)sizeof c->line);
    memcpy(c->line, line, (size_t)size + 1);
    c->size = size;
    c->level = level;
    c->count++;
}

static int catch_all(void **state)
{
    static catcher c;
    memset(&c, 0, sizeof c);
    c.sink = (qn_log_sink){catch_line, &c};
    *state = &c;
    qn_log_set(QN_LOG_WARN, &c.sink);
    return 0;
}

static int let_go(void **state)
{
    (void)state;
    qn_log_set(QN_LOG_WARN, NULL);
    return 0;
}

static void a_line_says_who_how_bad_where_and_what(void **state)
{
    catcher *c = *state;
    qni_log(QN_LOG_WARN, "csv", "%d rows of \"%s\" left out", 3, "a.csv");
    assert_string_equal(c->line, "quern: warn: csv: 3 rows of \"a.csv\" left out\n");
    assert_int_equal(c->level, QN_LOG_WARN);
    qni_log(QN_LOG_ERROR, "stop", "bad");
    assert_string_equal(c->line, "quern: error: stop: bad\n");
}

static int evaluated(int *count)
{
    return ++*count;
}

static void a_message_beyond_the_level_is_neither_written_nor_evaluated(void **state)
{
    catcher *c = *state;
    int count = 0;
    qni_log(QN_LOG_INFO, "x", "%d", evaluated(&count));
    qn_log_set(QN_LOG_OFF, &c->sink);
    qni_log(QN_LOG_ERROR, "x", "%d", evaluated(&count));
    assert_int_equal(count, 0);
    assert_int_equal(c->count, 0);
    qn_log_set(QN_LOG_INFO, &c->sink);
    qni_log(QN_LOG_INFO, "x", "%d", evaluated(&count));
    assert_int_equal(count, 1);
    assert_int_equal(c->count, 1);
    assert_int_equal(qn_log_level_now(), QN_LOG_INFO);
}

static void a_timestamp_stands_before_the_line_at_debug_only(void **state)
{
    catcher *c = *state;
    qn_log_set(QN_LOG_DEBUG, &c->sink);
    qni_log(QN_LOG_WARN, "x", "y");
    int end = 0;
    long long seconds, micros;
    assert_int_equal(sscanf(c->line, "[%lld.%6lld] %n", &seconds, &micros, &end), 2);
    assert_string_equal(c->line + end, "quern: warn: x: y\n");
}

static void a_message_cannot_look_like_two(void **state)
{
    catcher *c = *state;
    qni_log(QN_LOG_WARN, "x", "one\nquern: error: two\x1b[31m\ttab");
    assert_string_equal(c->line, "quern: warn: x: one quern: error: two [31m tab\n");
}

static void a_long_message_is_cut_at_a_character_and_says_so(void **state)
{
    catcher *c = *state;
    char text[3000];
    for (size_t shift = 0; shift < 3; shift++) { /* two-byte characters at every phase */
        memset(text, 'a', shift);
        for (size_t i = shift; i + 2 < sizeof text; i += 2)
            memcpy(text + i, "\xC3\xA4", 3);
        qni_log(QN_LOG_WARN, "x", "%s", text);
        assert_true(c->size < QNI_LOG_LINE_SIZE);
        assert_true(c->size > QNI_LOG_LINE_SIZE - 8);
        assert_memory_equal(c->line + c->size - 4, "\xE2\x80\xA6\n", 4);
        assert_memory_equal(c->line + c->size - 6, "\xC3\xA4", 2);
    }
    memset(text, 'b', sizeof text);
    for (size_t size = QNI_LOG_LINE_SIZE - 30; size < QNI_LOG_LINE_SIZE + 5; size++) { /* around the edge */
        qni_log(QN_LOG_WARN, "x", "%.*s", (int)size, text);
        size_t whole = strlen("quern: warn: x: \n") + size;
        if (whole < QNI_LOG_LINE_SIZE - 1)
            assert_int_equal(c->size, whole);
        assert_int_equal(c->line[c->size - 1], '\n');
    }
}

static void errno_is_kept(void **state)
{
    (void)state;
    qn_log_set(QN_LOG_WARN, NULL);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    (void)close(STDERR_FILENO);
    errno = ERANGE;
    qni_log(QN_LOG_WARN, "x", "nobody hears this");
    int after = errno;
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved);
    assert_int_equal(after, ERANGE);
}

static void levels_have_names_and_are_found_by_them(void **state)
{
    (void)state;
    static const char *const names[] = {"off", "error", "warn", "info", "debug", "trace"};
    for (int i = 0; i < 6; i++) {
        qn_log_level level = QN_LOG_OFF;
        assert_string_equal(qn_log_level_name((qn_log_level)i), names[i]);
        assert_true(qn_log_level_find(&level, names[i]));
        assert_int_equal(level, i);
    }
    qn_log_level level = QN_LOG_INFO;
    assert_false(qn_log_level_find(&level, "Warn"));
    assert_int_equal(level, QN_LOG_INFO);
    assert_string_equal(qn_log_level_name((qn_log_level)77), "?");
}

enum {
    THREADS = 4,
    LINES = 500
};

static void *log_lines(void *user)
{
    for (int i = 0; i < LINES; i++)
        qni_log(QN_LOG_WARN, "thread", "%d says %d and something long enough to be torn", *(int *)user, i);
    return NULL;
}

static void lines_of_several_threads_are_not_mixed(void **state)
{
    (void)state;
    char path[] = "/tmp/quern-log-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    (void)unlink(path);
    assert_int_equal(fcntl(file, F_SETFL, O_APPEND), 0);
    int saved = dup(STDERR_FILENO);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    qn_log_set(QN_LOG_WARN, NULL);
    pthread_t threads[THREADS];
    int names[THREADS];
    int started = 0;
    for (int i = 0; i < THREADS; i++) {
        names[i] = i;
        started += pthread_create(&threads[i], NULL, log_lines, &names[i]) == 0;
    }
    for (int i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved);
    assert_int_equal(started, THREADS);
    FILE *in = fdopen(file, "r");
    assert_non_null(in);
    rewind(in);
    int next[THREADS] = {0};
    char line[256];
    while (fgets(line, sizeof line, in) != NULL) {
        int name, number, end = 0;
        assert_int_equal(sscanf(line, "quern: warn: thread: %d says %d and something long enough to be torn%n", &name,
                                &number, &end),
                         2);
        assert_string_equal(line + end, "\n");
        assert_int_equal(number, next[name]++);
    }
    (void)fclose(in);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(next[i], LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_says_who_how_bad_where_and_what, catch_all, let_go),
        cmocka_unit_test_setup_teardown(a_message_beyond_the_level_is_neither_written_nor_evaluated, catch_all, let_go),
        cmocka_unit_test_setup_teardown(a_timestamp_stands_before_the_line_at_debug_only, catch_all, let_go),
        cmocka_unit_test_setup_teardown(a_message_cannot_look_like_two, catch_all, let_go),
        cmocka_unit_test_setup_teardown(a_long_message_is_cut_at_a_character_and_says_so, catch_all, let_go),
        cmocka_unit_test_setup_teardown(errno_is_kept, catch_all, let_go),
        cmocka_unit_test_setup_teardown(lines_of_several_threads_are_not_mixed, catch_all, let_go),
        cmocka_unit_test(levels_have_names_and_are_found_by_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
