/* A pipe of ticks: records come as soon as their line is there, a read that waits is ended from another thread, and
 * from a signal handler; standard input; gzip through a pipe. */
#include "harness/harness.h"

#include <quern/feeds.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct pipe_source {
    qn_symbols *symbols;
    qn_stream_source source;
    int write_end;
} pipe_source;

/* A source that reads a pipe, by the name that the system has for its reading end. */
static pipe_source over_pipe(void)
{
    pipe_source p;
    int ends[2];
    char path[64];
    qn_error err;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(qn_symbols_new(&p.symbols, 4, NULL, NULL), QN_OK);
    (void)snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    qn_csv_source_options o;
    qn_csv_source_options_init(&o, sizeof o);
    o.symbol = "A";
    assert_ok(qn_csv_source(&p.source, path, p.symbols, &o, &err), &err);
    assert_int_equal(close(ends[0]), 0);
    assert_non_null(p.source.stop);
    p.write_end = ends[1];
    return p;
}

static void end(pipe_source *p)
{
    p->source.free(p->source.self);
    qn_symbols_free(p->symbols);
}

static void put(const pipe_source *p, const char *text)
{
    assert_int_equal(write(p->write_end, text, strlen(text)), (ssize_t)strlen(text));
}

static int64_t must_read(const pipe_source *p, qn_tick ticks[8])
{
    int64_t count = -1;
    qn_error err;
    assert_ok(p->source.read(p->source.self, ticks, 8, &count, &err), &err);
    return count;
}

static void records_come_as_soon_as_their_line_is_there(void **state)
{
    (void)state;
    pipe_source p = over_pipe();
    qn_tick ticks[8];
    put(&p, "time,price\n1,2\n2,");
    assert_int_equal(must_read(&p, ticks), 1); /* the writer has not ended: to wait for more would be for ever */
    assert_int_equal(ticks[0].time_ns, 1000000000);
    put(&p, "3\n");
    assert_int_equal(must_read(&p, ticks), 1);
    assert_int_equal(ticks[0].time_ns, 2000000000);
    put(&p, "3,4\n4,5");
    assert_int_equal(must_read(&p, ticks), 1);
    assert_int_equal(close(p.write_end), 0);
    assert_int_equal(must_read(&p, ticks), 1);
    assert_int_equal(ticks[0].time_ns, 4000000000);
    assert_int_equal(must_read(&p, ticks), 0);
    end(&p);
}

static void *read_to_the_end(void *user)
{
    const pipe_source *p = user;
    qn_tick ticks[8];
    while (must_read(p, ticks) > 0)
        continue;
    return NULL;
}

static void a_read_that_waits_is_ended_by_another_thread(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        pipe_source p = over_pipe();
        if (i % 2 == 0)
            put(&p, "time,price\n1,2\n2,"); /* what is there of a line is none */
        pthread_t reader;
        assert_int_equal(pthread_create(&reader, NULL, read_to_the_end, &p), 0);
        p.source.stop(p.source.self); /* before it waits or while: either ends it */
        p.source.stop(p.source.self);
        assert_int_equal(pthread_join(reader, NULL), 0);
        qn_csv_source_stats stats = {.size = sizeof stats};
        qn_csv_source_get_stats(&p.source, &stats, NULL);
        assert_in_range(stats.records, 0, 1);
        assert_int_equal(close(p.write_end), 0);
        end(&p);
    }
}

static _Atomic(const qn_stream_source *) interrupted;

static void on_signal(int signal)
{
    (void)signal;
    const qn_stream_source *source = atomic_load(&interrupted);
    source->stop(source->self);
}

static void *send_signal(void *user)
{
    const pthread_t *reader = user;
    assert_int_equal(pthread_kill(*reader, SIGUSR1), 0);
    return NULL;
}

static void a_read_that_waits_is_ended_by_a_signal_handler(void **state)
{
    (void)state;
    pipe_source p = over_pipe();
    atomic_store(&interrupted, &p.source);
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    pthread_t self = pthread_self(), sender;
    assert_int_equal(pthread_create(&sender, NULL, send_signal, &self), 0);
    (void)read_to_the_end(&p); /* returns at all */
    assert_int_equal(pthread_join(sender, NULL), 0);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_int_equal(close(p.write_end), 0);
    end(&p);
}

static void standard_input_is_a_source(void **state)
{
    (void)state;
    int ends[2], before = dup(STDIN_FILENO);
    qn_symbols *symbols;
    qn_stream_source source;
    qn_tick tick;
    qn_error err;
    int64_t count;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "time,symbol,price\n7,A,1\n8,A,x\n", 30), 30);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(qn_symbols_new(&symbols, 4, NULL, NULL), QN_OK);
    assert_ok(qn_csv_source(&source, "-", symbols, NULL, &err), &err);
    assert_string_equal(source.name, "standard input");
    assert_ok(source.read(source.self, &tick, 1, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(source.read(source.self, &tick, 1, &count, &err), QN_DATA);
    assert_string_equal(err.file, "standard input");
    assert_int_equal(err.line, 3);
    source.free(source.self);
    qn_symbols_free(symbols);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), 0); /* it is not ours to close */
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(before), 0);
}

/* gzip.compress(b"time,price\n1,2\n2,3\n", 6, mtime=0) */
static const unsigned char compressed[] = {
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x2B, 0xC9, 0xCC,
    0x4D, 0xD5, 0x29, 0x28, 0xCA, 0x4C, 0x4E, 0xE5, 0x32, 0xD4, 0x31, 0xE2, 0x32,
    0xD2, 0x31, 0xE6, 0x02, 0x00, 0xFD, 0xA2, 0x4C, 0x68, 0x13, 0x00, 0x00, 0x00,
};

static void gzip_is_told_by_content(void **state)
{
    (void)state;
    if (!qn_has("zlib"))
        skip();
    for (size_t size = sizeof compressed; size >= sizeof compressed - 4; size -= 4) {
        pipe_source p = over_pipe();
        qn_tick ticks[8];
        int64_t total = 0, count;
        qn_error err;
        qn_status status;
        assert_int_equal(write(p.write_end, compressed, size), (ssize_t)size);
        assert_int_equal(close(p.write_end), 0);
        do {
            status = p.source.read(p.source.self, ticks, 8, &count, &err);
            total += count;
        } while (status == QN_OK && count > 0);
        assert_int_equal(total, 2);
        if (size == sizeof compressed) {
            assert_int_equal(status, QN_OK);
        } else {
            assert_int_equal(status, QN_DATA);
            assert_contains(err.message, "the file is cut off");
        }
        end(&p);
    }
}

static void a_file_is_stopped_where_no_record_is_in_sight(void **state)
{
    (void)state;
    char path[] = "/tmp/quern-csv-source-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    (void)fputs("time,price\n1,2\n", file);
    for (int i = 0; i < 100000; i++) /* beyond the window */
        (void)fputs("# nothing\n", file);
    (void)fputs("3,4\n", file);
    assert_int_equal(fclose(file), 0);
    for (int stops = 0; stops < 2; stops++) {
        qn_symbols *symbols;
        qn_stream_source source;
        qn_tick ticks[8];
        int64_t count;
        qn_error err;
        assert_int_equal(qn_symbols_new(&symbols, 4, NULL, NULL), QN_OK);
        assert_ok(qn_csv_source(&source, path, symbols, NULL, &err), &err);
        assert_ok(source.read(source.self, ticks, 1, &count, &err), &err);
        assert_int_equal(count, 1);
        if (stops)
            source.stop(source.self);
        assert_ok(source.read(source.self, ticks, 8, &count, &err), &err);
        assert_int_equal(count, stops ? 0 : 1);
        source.free(source.self);
        qn_symbols_free(symbols);
    }
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_as_soon_as_their_line_is_there),
        cmocka_unit_test(a_read_that_waits_is_ended_by_another_thread),
        cmocka_unit_test(a_read_that_waits_is_ended_by_a_signal_handler),
        cmocka_unit_test(standard_input_is_a_source),
        cmocka_unit_test(gzip_is_told_by_content),
        cmocka_unit_test(a_file_is_stopped_where_no_record_is_in_sight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
