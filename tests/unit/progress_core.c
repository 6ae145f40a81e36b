/* The progress line, driven by a clock that the test holds and drawn into a buffer. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "harness/harness.h"

#include "base/progress.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MS INT64_C(1000000)

typedef struct screen {
    int64_t now_ns;
    char text[300]; /* the last drawing */
    int drawings;
} screen;

static int64_t hands(void *user)
{
    return ((screen *)user)->now_ns;
}

static void keep(void *user, const char *text, int64_t size)
{
    screen *s = user;
    assert_true(size < (int64_t)sizeof s->text);
    memcpy(s->text, text, (size_t)size);
    s->text[size] = '\0';
    s->drawings++;
}

static void begin(qni_progress *p, screen *s, int64_t total, int columns)
{
    *s = (screen){.now_ns = 7000 * MS};
    qni_progress_options options = {.label = "fitting",
                                    .total = total,
                                    .enabled = true,
                                    .columns = columns,
                                    .clock = {hands, s},
                                    .write = keep,
                                    .write_user = s};
    qni_progress_begin(p, &options);
}

static void pass(qni_progress *p, screen *s, int64_t ms, int64_t count)
{
    s->now_ns += ms * MS;
    qni_progress_add(p, count);
}

static void nothing_is_drawn_before_half_a_second(void **state)
{
    (void)state;
    qni_progress p;
    screen s;
    begin(&p, &s, 100, 0);
    pass(&p, &s, 499, 10);
    assert_int_equal(s.drawings, 0);
    qni_progress_end(&p);
    assert_int_equal(s.drawings, 0); /* nothing to erase */
    begin(&p, &s, 100, 0);
    pass(&p, &s, 500, 10);
    assert_int_equal(s.drawings, 1);
}

static void it_shows_done_total_rate_and_time_left(void **state)
{
    (void)state;
    qni_progress p;
    screen s;
    begin(&p, &s, 1000, 0);
    pass(&p, &s, 2000, 250);
    assert_string_equal(s.text, "\rfitting [#####---------------] 250/1000  25 %  125/s  0:06 left\x1b[K");
    pass(&p, &s, 2000, 749);
    assert_string_equal(s.text, "\rfitting [###################-] 999/1000  99 %  250/s  0:00 left\x1b[K");
}

static void without_a_total_it_shows_done_rate_and_time(void **state)
{
    (void)state;
    qni_progress p;
    screen s;
    begin(&p, &s, 0, 0);
    pass(&p, &s, 90000, 4500000);
    assert_string_equal(s.text, "\rfitting  4500000  50.0 k/s  1:30\x1b[K");
}

static void it_is_drawn_ten_times_a_second_at_most(void **state)
{
    (void)state;
    qni_progress p;
    screen s;
    begin(&p, &s, 100000, 0);
    for (int ms = 0; ms < 10000; ms++)
        pass(&p, &s, 1, 1);
    assert_in_range(s.drawings, 90, 96);
}

static void the_end_erases_it(void **state)
{
    (void)state;
    qni_progress p;
    screen s;
    begin(&p, &s, 100, 0);
    pass(&p, &s, 600, 50);
    qni_progress_end(&p);
    assert_string_equal(s.text, "\r\x1b[K");
    int drawings = s.drawings;
    pass(&p, &s, 600, 50);
    qni_progress_end(&p);
    assert_int_equal(s.drawings, drawings);
}

static void it_is_narrower_than_the_terminal(void **state)
{
    (void)state;
    qni_progress p;
    screen s;
    for (int columns = 2; columns < 120; columns++) {
        begin(&p, &s, 1000000, columns);
        pass(&p, &s, 1000, 123456);
        size_t shown = strlen(s.text) - strlen("\r\x1b[K");
        assert_true(shown < (size_t)columns && shown <= 79);
    }
}

static void rates_have_three_digits(void **state)
{
    (void)state;
    static const struct {
        int64_t count, ms;
        const char *text;
    } cases[] = {
        {0, 1000, "  0.00/s  "},       {1, 8000, "  0.13/s  "},          {9994, 1000000, "  9.99/s  "},
        {9995, 1000000, "  10.0/s  "}, {999, 1000, "  999/s  "},         {9996, 10000, "  1.00 k/s  "},
        {12345, 1000, "  12.3 k/s  "}, {987654321, 1000, "  988 M/s  "}, {99949, 1000000, "  99.9/s  "},
        {99951, 1000000, "  100/s  "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qni_progress p;
        screen s;
        begin(&p, &s, 0, 0);
        pass(&p, &s, cases[i].ms, cases[i].count);
        assert_contains(s.text, cases[i].text);
    }
}

static void times_left_read_well(void **state)
{
    (void)state;
    static const struct {
        int64_t total, ms;
        const char *text;
    } cases[] = {
        {2, 59000, "  0:59 left"},
        {2, 61000, "  1:01 left"},
        {2, 3599400, "  59:59 left"},
        {2, 3661000, "  1:01:01 left"},
        {INT64_C(1000000000000), 1000, "  11574074 d left"},
        {2, 360000000, "  4 d left"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        qni_progress p;
        screen s;
        begin(&p, &s, cases[i].total, 0);
        pass(&p, &s, cases[i].ms, 1);
        assert_contains(s.text, cases[i].text);
    }
    qni_progress p;
    screen s;
    begin(&p, &s, 100, 0);
    pass(&p, &s, 1000, 0);
    assert_contains(s.text, "  ? left");
}

static void more_than_all_is_all(void **state)
{
    (void)state;
    qni_progress p;
    screen s;
    begin(&p, &s, 100, 0);
    pass(&p, &s, 1000, 250);
    assert_contains(s.text, "[####################] 250/100  100 %");
    assert_contains(s.text, "0:00 left");
}

static void it_is_not_there_where_it_is_off(void **state)
{
    (void)state;
    qni_progress p;
    screen s = {0};
    qni_progress_options options = {.label = "x", .total = 1, .clock = {hands, &s}, .write = keep, .write_user = &s};
    qni_progress_begin(&p, &options);
    pass(&p, &s, 100000, 1);
    qni_progress_end(&p);
    assert_int_equal(s.drawings, 0);
}

static void on_standard_error_it_is_there_only_for_a_terminal(void **state)
{
    (void)state;
    int saved = dup(STDERR_FILENO);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_int_equal(grantpt(terminal), 0);
    assert_int_equal(unlockpt(terminal), 0);
    int side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(side >= 0);
    struct winsize size = {.ws_row = 24, .ws_col = 50};
    assert_int_equal(ioctl(side, TIOCSWINSZ, &size), 0);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    qni_progress_options on_pipe = qni_progress_on_stderr("x", 5);
    assert_int_equal(dup2(side, STDERR_FILENO), STDERR_FILENO);
    qni_progress_options on_terminal = qni_progress_on_stderr("x", 5);
    on_terminal.write(on_terminal.write_user, "drawn", 5);
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    qni_progress_options on_dumb = qni_progress_on_stderr("x", 5);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    char text[16] = "";
    assert_int_equal(read(terminal, text, 5), 5);
    assert_string_equal(text, "drawn");
    assert_false(on_pipe.enabled);
    assert_true(on_terminal.enabled);
    assert_int_equal(on_terminal.columns, 50);
    assert_int_equal(on_terminal.total, 5);
    assert_false(on_dumb.enabled);
    int all[] = {saved, ends[0], ends[1], side, terminal};
    for (int i = 0; i < 5; i++)
        (void)close(all[i]);
}

static void *add_many(void *user)
{
    for (int i = 0; i < 20000; i++)
        qni_progress_add(user, 1);
    return NULL;
}

static int64_t running_hands(void *user)
{
    _Atomic int64_t *now = user;
    return atomic_fetch_add(now, MS) + MS;
}

static void keep_nothing(void *user, const char *text, int64_t size)
{
    (void)text;
    (void)size;
    ++*(int *)user; /* one thread at a time draws */
}

static void threads_may_count_together(void **state)
{
    (void)state;
    _Atomic int64_t now = 0;
    int drawings = 0;
    qni_progress_options options = {.label = "x",
                                    .total = 80000,
                                    .enabled = true,
                                    .clock = {running_hands, &now},
                                    .write = keep_nothing,
                                    .write_user = &drawings};
    qni_progress p;
    qni_progress_begin(&p, &options);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &p), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&p.done), 80000);
    qni_progress_end(&p);
    assert_in_range(drawings, 100, 800 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_drawn_before_half_a_second),
        cmocka_unit_test(it_shows_done_total_rate_and_time_left),
        cmocka_unit_test(without_a_total_it_shows_done_rate_and_time),
        cmocka_unit_test(it_is_drawn_ten_times_a_second_at_most),
        cmocka_unit_test(the_end_erases_it),
        cmocka_unit_test(it_is_narrower_than_the_terminal),
        cmocka_unit_test(rates_have_three_digits),
        cmocka_unit_test(times_left_read_well),
        cmocka_unit_test(more_than_all_is_all),
        cmocka_unit_test(it_is_not_there_where_it_is_off),
        cmocka_unit_test(on_standard_error_it_is_there_only_for_a_terminal),
        cmocka_unit_test(threads_may_count_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
