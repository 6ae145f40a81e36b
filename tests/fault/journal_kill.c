/* A process that appends to a journal is killed at any moment; the next one goes on with it. Every record that append
 * had returned for is there and whole, in its place, and nothing is there that was not appended.
 *
 * The one to be killed is this program itself, started anew. Through a pipe it tells how far it came, after each
 * append; one that was under way may be there or not, any part of it. */
#include "harness/journal_kit.h"

#include <signal.h>
#include <sys/wait.h>

enum {
    SAYS = 3, /* the descriptor of the pipe */
    SEGMENT = 4500,
};

static journal_kit kit;

/* ---- the one that is killed ---- */

/* Until it is killed, or nobody listens. Symbols are new ones now and then. */
static int be_killed(const char *folder, uint64_t seed, int64_t max_segments)
{
    qn_error err;
    qn_journal *j;
    qn_symbols *symbols;
    qn_journal_options o = {.size = sizeof o, .segment_records = SEGMENT, .max_segments = max_segments};
    static qn_tick ticks[700];
    if (qn_symbols_new(&symbols, 100, NULL, &err) != QN_OK)
        return 1;
    for (int i = 0; i < 100; i++) {
        char name[8];
        int32_t number;
        (void)snprintf(name, sizeof name, "S%d", i);
        if (qn_symbols_add(&number, symbols, name, -1, &err) != QN_OK)
            return 1;
    }
    if (qn_journal_open(&j, folder, symbols, &o, &err) != QN_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (;;) {
        int64_t at = qn_journal_next(j), count = 1 + test_random_below(&seed, test_random_below(&seed, 2) ? 5 : 700);
        for (int64_t i = 0; i < count; i++) {
            ticks[i] = made_tick(at + i);
            ticks[i].symbol = (int32_t)((at + i) / 97 % 100);
        }
        if (qn_journal_append(j, ticks, count, &err) != QN_OK) {
            (void)fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        int64_t next = qn_journal_next(j);
        if (write(SAYS, &next, sizeof next) != sizeof next)
            return 3;
    }
}

/* ---- the one that looks ---- */

static pid_t start(const char *segments, uint64_t seed, int *from)
{
    int pipes[2];
    char number[24];
    assert_int_equal(pipe(pipes), 0);
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)seed);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(pipes[0]);
        if (dup2(pipes[1], SAYS) == SAYS)
            (void)execl("/proc/self/exe", "journal_kill", kit.folder, number, segments, (char *)NULL);
        _exit(2);
    }
    (void)close(pipes[1]);
    *from = pipes[0];
    return pid;
}

/* Lets one run for so many appends, and kills it in one of the next. Returns what it was told last. */
static int64_t kill_one(const char *segments, uint64_t *seed)
{
    int from, status;
    int64_t next, acknowledged = 0, after = 1 + test_random_below(seed, 30);
    pid_t pid = start(segments, 1 + (test_random(seed) >> 40), &from);
    while (read(from, &next, sizeof next) == sizeof next) {
        acknowledged = next;
        if (--after == 0)
            assert_int_equal(kill(pid, SIGKILL), 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    (void)close(from);
    return acknowledged;
}

/* All from `first` on is what it was made as. Returns the sequence after the last. */
static int64_t check(void)
{
    qn_error err;
    qn_journal_report report = {.size = sizeof report};
    qn_journal_info info = {.size = sizeof info};
    const qn_tick *span;
    int64_t count;
    assert_ok(qn_journal_verify(&report, kit.folder, NULL, NULL, NULL, &err), &err);
    assert_int_equal(report.files + report.damaged + report.times, 0);
    qn_journal_reader *r = kit_reader(&kit);
    assert_ok(qn_journal_get_info(r, &info, &err), &err);
    int64_t next = info.first;
    do {
        assert_ok(qn_journal_read(&span, &count, r, 512, &err), &err);
        for (int64_t i = 0; i < count; i++, next++) {
            char name[16];
            (void)snprintf(name, sizeof name, "S%d", (int)(next / 97 % 100));
            assert_string_equal(qn_symbols_name(qn_journal_reader_symbols(r), span[i].symbol), name);
            assert_true(is_made(&span[i], next, span[i].symbol));
        }
    } while (count > 0);
    assert_int_equal(next, info.next);
    qn_journal_reader_close(r);
    return next;
}

static void kill_many(const char *segments, int64_t rounds)
{
    uint64_t seed = test_seed(11);
    kit_init(&kit);
    int64_t last = 0;
    for (int64_t i = 0; i < rounds; i++) {
        int64_t acknowledged = kill_one(segments, &seed);
        assert_true(acknowledged > last);
        last = check();
        assert_true(last >= acknowledged);
        if (i % 4 == 0) {
            qn_journal_recovery recovery = {.size = sizeof recovery};
            qn_journal *j = kit_open(&kit, SEGMENT, 0);
            qn_journal_get_recovery(j, &recovery);
            assert_int_equal(recovery.cut, 0);
            assert_int_equal(qn_journal_next(j), last);
            qn_journal_close(j);
        }
    }
    kit_fini(&kit);
}

static void every_acknowledged_record_is_there(void **state)
{
    (void)state;
    kill_many("0", test_effort(30, 200));
}

static void and_where_segments_are_used_again(void **state)
{
    (void)state;
    kill_many("3", test_effort(30, 200));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_acknowledged_record_is_there),
        cmocka_unit_test(and_where_segments_are_used_again),
    };
    if (argc == 4)
        return be_killed(argv[1], strtoull(argv[2], NULL, 10), strtoll(argv[3], NULL, 10));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
