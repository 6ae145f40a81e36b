/* Journals: what is appended is read again, by sequence and by time, by readers of this and of other processes while it
 * is written; segments follow one another, and are used again. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* unshare */
#endif
#include "harness/journal_kit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <threads.h>

enum {
    SKIPPED = 42
};

static journal_kit kit;

static int set_up(void **state)
{
    (void)state;
    kit_init(&kit);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kit_fini(&kit);
    return 0;
}

static void what_was_appended_is_read_again_in_order(void **state)
{
    (void)state;
    qn_error err;
    int64_t next = 0;
    kit_make(&kit, 1000, 300);
    qn_journal_reader *r = kit_reader(&kit);
    assert_ok(kit_read(r, &next, 77, &err), &err);
    assert_int_equal(next, 1000);
    assert_int_equal(qn_symbols_count(qn_journal_reader_symbols(r)), 4);
    assert_string_equal(qn_symbols_name(qn_journal_reader_symbols(r), 2), "C");
    qn_journal_reader_close(r);
}

static void a_range_has_both_of_its_ends(void **state)
{
    (void)state;
    qn_error err;
    kit_make(&kit, 100, 64);
    qn_journal_reader *r = kit_reader(&kit);
    int64_t next = 10;
    assert_ok(qn_journal_reader_seek(r, 10, 30, &err), &err);
    assert_ok(kit_read(r, &next, 8, &err), &err);
    assert_int_equal(next - 10, 21);
    next = 60; /* over the end of a segment */
    assert_ok(qn_journal_reader_seek(r, 60, 70, &err), &err);
    assert_ok(kit_read(r, &next, 8, &err), &err);
    assert_int_equal(next - 60, 11);
    next = 99;
    assert_ok(qn_journal_reader_seek(r, 99, 5000, &err), &err);
    assert_ok(kit_read(r, &next, 8, &err), &err);
    assert_int_equal(next, 100);
    next = 100;
    assert_ok(qn_journal_reader_seek(r, 5000, -1, &err), &err);
    assert_ok(kit_read(r, &next, 8, &err), &err);
    assert_int_equal(next, 100);
    assert_int_equal(qn_journal_reader_seek(r, 30, 10, &err), QN_INVALID);
    assert_int_equal(qn_journal_reader_seek(r, -2, 10, &err), QN_INVALID);
    qn_journal_reader_close(r);
}

static void a_journal_goes_on_where_it_was(void **state)
{
    (void)state;
    qn_error err;
    for (int64_t end = 50; end <= 450; end += 50) {
        qn_journal *j = kit_open(&kit, 100, 0);
        qn_journal_recovery recovery = {.size = sizeof recovery};
        qn_journal_get_recovery(j, &recovery);
        assert_int_equal(recovery.records, end - 50);
        assert_int_equal(recovery.cut, 0);
        assert_int_equal(qn_journal_next(j), end - 50);
        kit_append(j, end, 7);
        assert_ok(qn_journal_sync(j, &err), &err);
        qn_journal_close(j);
    }
    qn_journal_reader *r = kit_reader(&kit);
    int64_t next = 0;
    assert_ok(kit_read(r, &next, 1000, &err), &err);
    assert_int_equal(next, 450);
    qn_journal_info info = {.size = sizeof info};
    assert_ok(qn_journal_get_info(r, &info, &err), &err);
    assert_int_equal(info.records, 450);
    assert_int_equal(info.first, 0);
    assert_int_equal(info.next, 450);
    assert_int_equal(info.first_ns, 0);
    assert_int_equal(info.last_ns, 449 * INT64_C(1000000000));
    assert_int_equal(info.segments, 5);
    assert_int_equal(info.segment_records, 100);
    assert_int_equal(info.symbols, 4);
    assert_int_equal(info.bytes, 5 * (4096 + 100 * 64) + 1024 * 64);
    qn_journal_reader_close(r);
}

static void a_segment_may_have_another_size_than_the_next(void **state)
{
    (void)state;
    qn_error err;
    kit_make(&kit, 100, 80);
    kit_make(&kit, 1000, 200);
    kit_make(&kit, 1500, 64);
    qn_journal_reader *r = kit_reader(&kit);
    int64_t next = 0;
    assert_ok(kit_read(r, &next, 64, &err), &err);
    assert_int_equal(next, 1500);
    qn_journal_reader_close(r);
}

/* ---- symbols ---- */

static void numbers_of_symbols_are_the_journals_own(void **state)
{
    (void)state;
    qn_error err;
    qn_symbols *other;
    int32_t number;
    kit_make(&kit, 4, 64); /* A B C D */
    assert_ok(qn_symbols_new(&other, 3, NULL, &err), &err);
    assert_ok(qn_symbols_add(&number, other, "D", -1, &err), &err);
    assert_ok(qn_symbols_add(&number, other, "E", -1, &err), &err);
    qn_journal *j;
    assert_ok(qn_journal_open(&j, kit.folder, other, NULL, &err), &err);
    qn_tick ticks[2] = {made_tick(4), made_tick(5)};
    ticks[0].symbol = 1; /* E, new here */
    ticks[1].symbol = 0; /* D, number 3 */
    assert_ok(qn_journal_append(j, ticks, 2, &err), &err);
    qn_journal_reader *r = kit_reader(&kit);
    const qn_tick *span;
    int64_t count;
    assert_ok(qn_journal_reader_seek(r, 4, -1, &err), &err);
    assert_ok(qn_journal_read(&span, &count, r, 10, &err), &err);
    assert_int_equal(count, 2);
    assert_true(is_made(&span[0], 4, 4) && is_made(&span[1], 5, 3));
    assert_string_equal(qn_symbols_name(qn_journal_reader_symbols(r), 4), "E");
    ticks[0].symbol = 2; /* in the table's capacity, and not in the table */
    assert_int_equal(qn_journal_append(j, ticks, 2, &err), QN_INVALID);
    ticks[0].symbol = 3;
    assert_int_equal(qn_journal_append(j, ticks, 2, &err), QN_INVALID);
    ticks[0].symbol = -1;
    assert_int_equal(qn_journal_append(j, ticks, 2, &err), QN_INVALID);
    assert_contains(err.message, "record 6: there is no symbol -1");
    ticks[0].symbol = 0;
    ticks[1].symbol = -1;
    assert_int_equal(qn_journal_append(j, ticks, 2, &err), QN_INVALID);
    assert_int_equal(qn_journal_next(j), 7); /* the first of the two is there */
    assert_ok(qn_symbols_add(&number, other, "F", -1, &err), &err);
    ticks[0].symbol = number;
    assert_ok(qn_journal_append(j, ticks, 1, &err), &err);
    assert_ok(qn_journal_read(&span, &count, r, 10, &err), &err);
    assert_int_equal(count, 2);
    assert_string_equal(qn_symbols_name(qn_journal_reader_symbols(r), span[1].symbol),
                        "F"); /* a name that came later */
    qn_journal_reader_close(r);
    qn_journal_close(j);
    qn_symbols_free(other);
}

static void thousands_of_symbols_have_room(void **state)
{
    (void)state;
    enum {
        SYMBOLS = 5000
    };
    qn_error err;
    qn_symbols *many;
    assert_ok(qn_symbols_new(&many, SYMBOLS, NULL, &err), &err);
    qn_journal *j;
    assert_ok(qn_journal_open(&j, kit.folder, many, NULL, &err), &err);
    qn_journal_reader *early = NULL;
    for (int32_t i = 0; i < SYMBOLS; i++) {
        char name[16];
        int32_t number;
        (void)snprintf(name, sizeof name, "S%d", i);
        assert_ok(qn_symbols_add(&number, many, name, -1, &err), &err);
        qn_tick t = made_tick(i);
        t.symbol = number;
        assert_ok(qn_journal_append(j, &t, 1, &err), &err);
        if (i == 10)
            early = kit_reader(&kit);
    }
    qn_journal_reader *r = kit_reader(&kit);
    const qn_tick *span;
    int64_t count;
    assert_ok(qn_journal_read(&span, &count, r, SYMBOLS, &err), &err);
    assert_int_equal(count, SYMBOLS);
    assert_int_equal(span[4999].symbol, 4999);
    assert_string_equal(qn_symbols_name(qn_journal_reader_symbols(r), 4999), "S4999");
    qn_journal_reader_close(r);
    qn_status s = QN_OK; /* who opened it when there were few has room for some more */
    int64_t seen = 0;
    while (s == QN_OK && seen < SYMBOLS) {
        s = qn_journal_read(&span, &count, early, 100, &err);
        seen += count;
    }
    assert_int_equal(s, QN_LIMIT);
    assert_true(seen >= 2000);
    assert_contains(err.message, "open the journal anew");
    qn_journal_reader_close(early);
    qn_journal_close(j);
    qn_symbols_free(many);
}

/* ---- by time ---- */

static void a_time_finds_the_first_record_that_is_not_earlier(void **state)
{
    (void)state;
    qn_error err;
    int64_t at;
    kit_make(&kit, 20000, 9000); /* a second apart; segments of 2 blocks and a part of one */
    qn_journal_reader *r = kit_reader(&kit);
    const struct {
        int64_t time_ns, sequence;
    } cases[] = {{INT64_MIN, 0},
                 {0, 0},
                 {1, 1},
                 {INT64_C(4095000000000), 4095},
                 {INT64_C(4095000000001), 4096},
                 {INT64_C(8999000000000), 8999},
                 {INT64_C(8999000000001), 9000},
                 {INT64_C(17999500000000), 18000},
                 {INT64_C(19999000000000), 19999},
                 {INT64_C(19999000000001), 20000},
                 {INT64_MAX, 20000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_ok(qn_journal_find_time(&at, r, cases[i].time_ns, &err), &err);
        assert_int_equal(at, cases[i].sequence);
    }
    qn_journal_reader_close(r);
}

/* ---- while it is written ---- */

static void a_reader_follows_a_writer(void **state)
{
    (void)state;
    qn_error err;
    qn_journal *j = kit_open(&kit, 100, 0);
    qn_journal_reader *r = kit_reader(&kit); /* there is no segment yet */
    int64_t next = 0;
    for (int64_t end = 0; end < 1000; end += 1 + end / 3) {
        kit_append(j, end, 9);
        assert_ok(kit_read(r, &next, 50, &err), &err);
        assert_int_equal(next, end);
    }
    qn_journal_reader_close(r);
    qn_journal_close(j);
}

static void one_writes_at_a_time(void **state)
{
    (void)state;
    qn_error err;
    qn_journal *j = kit_open(&kit, 100, 0), *second;
    assert_int_equal(qn_journal_open(&second, kit.folder, kit.symbols, NULL, &err), QN_BUSY);
    assert_null(second);
    assert_contains(err.message, "another one writes to the journal");
    qn_journal_cut_result cut = {.size = sizeof cut};
    assert_int_equal(qn_journal_cut(&cut, kit.folder, -1, false, NULL, &err), QN_BUSY);
    qn_journal_close(j);
    qn_journal_close(kit_open(&kit, 100, 0));
}

/* A reader runs beside a writer in another process: it sees each record whole, in order. */
static void a_reader_of_another_process_sees_whole_records_only(void **state)
{
    (void)state;
    enum {
        RECORDS = 200000
    };
    qn_error err;
    qn_journal *j = kit_open(&kit, 8192, 0);
    pid_t pid = fork();
    if (pid == 0) { /* the lock goes with the description: both have it */
        kit_append(j, RECORDS, 3);
        _exit(0);
    }
    qn_journal_reader *r = kit_reader(&kit);
    for (int64_t next = 0; next < RECORDS;)
        assert_ok(kit_read(r, &next, 1000, &err), &err);
    qn_journal_reader_close(r);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    qn_journal_close(j);
}

/* ---- segments that are used again ---- */

static void the_oldest_segment_becomes_the_newest(void **state)
{
    (void)state;
    qn_error err;
    struct stat before, after;
    qn_journal *j = kit_open(&kit, 100, 3);
    kit_append(j, 300, 100);
    assert_int_equal(stat(kit_segment(&kit, 0), &before), 0);
    kit_append(j, 301, 1);
    assert_int_equal(stat(kit_segment(&kit, 300), &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_not_equal(access(kit_segment(&kit, 0), F_OK), 0);
    qn_journal_reader *r = kit_reader(&kit);
    int64_t next = 100;
    assert_ok(kit_read(r, &next, 64, &err), &err);
    assert_int_equal(next, 301); /* and nothing of what the file held before */
    assert_int_equal(qn_journal_reader_seek(r, 50, -1, &err), QN_NO_INPUT);
    assert_contains(err.message, "begins with record 100: record 50 is no longer kept");
    int64_t at;
    assert_ok(qn_journal_find_time(&at, r, 0, &err), &err);
    assert_int_equal(at, 100);
    qn_journal_reader_close(r);
    kit_append(j, 5000, 64);
    assert_ok(qn_journal_sync(j, &err), &err); /* what was written since, and is there no more, is passed over */
    r = kit_reader(&kit);
    qn_journal_info info = {.size = sizeof info};
    assert_ok(qn_journal_get_info(r, &info, &err), &err);
    assert_int_equal(info.segments, 3);
    assert_int_equal(info.first, 4700);
    assert_int_equal(info.records, 300);
    qn_journal_reader_close(r);
    qn_journal_close(j);
    j = kit_open(&kit, 100, 3);
    assert_int_equal(qn_journal_next(j), 5000);
    qn_journal_close(j);
}

static void what_somebody_reads_is_not_written_over(void **state)
{
    (void)state;
    qn_error err;
    const qn_tick *span;
    int64_t count;
    qn_journal *j = kit_open(&kit, 100, 2);
    kit_append(j, 200, 100);
    qn_journal_reader *r = kit_reader(&kit);
    assert_ok(qn_journal_read(&span, &count, r, 100, &err), &err);
    assert_int_equal(count, 100);
    kit_append(j, 1000, 64);
    for (int64_t i = 0; i < 100; i++)
        assert_true(is_made(&span[i], i, (int32_t)(i % 4)));
    assert_int_equal(qn_journal_read(&span, &count, r, 100, &err), QN_NO_INPUT); /* and the next ones are gone */
    assert_contains(err.message, "record 100 is no longer kept");
    qn_journal_reader_close(r);
    qn_journal_close(j);
}

static void a_ring_goes_on_where_an_old_segment_is_missing_or_damaged(void **state)
{
    (void)state;
    for (int damaged = 0; damaged < 2; damaged++) {
        qn_error err;
        qn_journal_report report = {.size = sizeof report};
        kit_make(&kit, 300, 64);
        const char *file = kit_file(&kit, "00000000000000000128.journal");
        if (damaged)
            assert_int_equal(truncate(file, 10), 0);
        else
            assert_int_equal(unlink(file), 0);
        qn_journal *j = kit_open(&kit, 64, 4);
        kit_append(j, 700, 50);
        qn_journal_close(j);
        assert_ok(qn_journal_verify(&report, kit.folder, NULL, NULL, NULL, &err), &err);
        assert_int_equal(report.files, 0);
        assert_int_equal(report.records, 700 - 448); /* three segments, and 60 of the fourth */
        kit_clear(&kit);
    }
}

static void a_file_that_is_called_like_a_journals_is_left_alone(void **state)
{
    (void)state;
    static const char text[] = "AAPL\nMSFT\n";
    char got[sizeof text] = "";
    qn_error err;
    qn_journal *j;
    assert_int_equal(mkdir(kit.folder, 0700), 0);
    FILE *file = fopen(kit_file(&kit, "symbols"), "w");
    assert_non_null(file);
    (void)fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(qn_journal_open(&j, kit.folder, kit.symbols, NULL, &err), QN_DATA);
    assert_contains(err.message, "a folder of its own");
    file = fopen(kit.path, "r");
    assert_non_null(file);
    assert_int_equal(fread(got, 1, sizeof got, file), sizeof text - 1);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(got, text);
    char elsewhere[200];
    (void)snprintf(elsewhere, sizeof elsewhere, "%s/names", kit.root);
    assert_int_equal(rename(kit_file(&kit, "symbols"), elsewhere), 0);
    assert_int_equal(symlink(elsewhere, kit.path), 0);
    assert_int_equal(qn_journal_open(&j, kit.folder, kit.symbols, NULL, &err), QN_DATA);
    assert_contains(err.message, "a link or a folder");
}

static char flushed[16][300];
static int flushed_count;

/* In place of the system's: notes what is flushed. */
int fsync(int fd)
{
    char name[64];
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(name, flushed[flushed_count % 16], sizeof flushed[0] - 1);
    flushed[flushed_count++ % 16][size > 0 ? size : 0] = '\0';
    return 0;
}

static bool was_flushed(const char *path)
{
    for (int i = 0; i < flushed_count && i < 16; i++)
        if (strcmp(flushed[i], path) == 0)
            return true;
    return false;
}

/* A process that ends without has left its segments to the system; a later sync that missed them would promise a
 * journal with a gap. */
static void a_sync_flushes_also_what_others_left(void **state)
{
    (void)state;
    qn_error err;
    static const char *const files[] = {"symbols", "00000000000000000000.journal", "00000000000000000064.journal",
                                        "00000000000000000128.journal", "00000000000000000228.journal"};
    kit_make(&kit, 128, 64);
    qn_journal *j = kit_open(&kit, 100, 0); /* of another size */
    kit_append(j, 250, 50);
    qn_journal_close(j);
    j = kit_open(&kit, 64, 0);
    flushed_count = 0;
    assert_ok(qn_journal_sync(j, &err), &err);
    for (int i = 0; i < 5; i++)
        assert_true(was_flushed(kit_file(&kit, files[i])));
    assert_true(was_flushed(kit.folder));
    kit_append(j, 400, 50);
    flushed_count = 0;
    assert_ok(qn_journal_sync(j, &err), &err);
    assert_false(was_flushed(kit_file(&kit, files[3])));
    assert_true(was_flushed(kit_file(&kit, files[4])));
    assert_true(was_flushed(kit_file(&kit, "00000000000000000328.journal")));
    assert_true(was_flushed(kit_file(&kit, "00000000000000000392.journal")));
    qn_journal_close(j);
}

/* How often this process has a file open. */
static int times_open(const char *path)
{
    int times = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
        char name[300], to[300];
        (void)snprintf(name, sizeof name, "/proc/self/fd/%s", e->d_name);
        ssize_t size = readlink(name, to, sizeof to - 1);
        to[size > 0 ? size : 0] = '\0';
        times += strcmp(to, path) == 0;
    }
    (void)closedir(folder);
    return times;
}

static int read_one(void *reader)
{
    qn_error err;
    const qn_tick *span;
    int64_t count;
    return (int)qn_journal_read(&span, &count, reader, 1, &err);
}

/* A writer took the oldest segment, and was killed before it was another: who had opened it before, and waits for its
 * lock, would read what the next writer writes over. */
static void what_was_moved_before_it_was_locked_is_not_read(void **state)
{
    (void)state;
    char segment[200];
    thrd_t thread;
    int read = -1;
    kit_make(&kit, 200, 100);
    qn_journal_reader *r = kit_reader(&kit);
    (void)snprintf(segment, sizeof segment, "%s", kit_file(&kit, "00000000000000000000.journal"));
    int fd = open(segment, O_RDONLY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(thrd_create(&thread, read_one, r), thrd_success);
    while (times_open(segment) < 2)
        (void)sched_yield();
    assert_int_equal(rename(segment, kit_file(&kit, "spare")), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(thrd_join(thread, &read), thrd_success);
    assert_int_equal(read, QN_NO_INPUT);
    qn_journal_reader_close(r);
}

/* Readers of three small segments that another process fills again and again: each record that is given is whole and in
 * its place; that some were given up for newer ones is said, and no damage is seen. */
static void readers_beside_a_ring_see_whole_records_or_that_they_are_gone(void **state)
{
    (void)state;
    enum {
        RECORDS = 300000
    };
    qn_error err;
    int status = 0;
    qn_journal *j = kit_open(&kit, 64, 3);
    kit_append(j, 1, 1);
    pid_t pid = fork();
    if (pid == 0) {
        kit_append(j, RECORDS, 5);
        _exit(0);
    }
    for (bool ended = false; !ended;) {
        qn_journal_info info = {.size = sizeof info};
        qn_journal_report report = {.size = sizeof report};
        int64_t at, count;
        const qn_tick *span;
        ended = waitpid(pid, &status, WNOHANG) == pid;
        qn_journal_reader *r = kit_reader(&kit);
        qn_status s = qn_journal_read(&span, &count, r, 10, &err);
        for (at = s == QN_OK && count > 0 ? span[0].sequence : 0; s == QN_OK && count > 0;) {
            for (int64_t i = 0; i < count; i++, at++)
                assert_true(is_made(&span[i], at, (int32_t)(at % 4)));
            s = qn_journal_read(&span, &count, r, 10, &err);
        }
        if (s != QN_OK)
            assert_int_equal(s, QN_NO_INPUT);
        s = qn_journal_get_info(r, &info, &err);
        if (s != QN_OK && s != QN_NO_INPUT)
            print_error("%s: %s\n", err.file, err.message);
        assert_true(s == QN_OK || s == QN_NO_INPUT);
        s = qn_journal_find_time(&at, r, info.last_ns, &err);
        assert_true(s == QN_OK || s == QN_NO_INPUT);
        qn_journal_reader_close(r);
        assert_ok(qn_journal_verify(&report, kit.folder, NULL, NULL, NULL, &err), &err);
        assert_int_equal(report.files + report.damaged, 0);
    }
    assert_int_equal(status, 0);
    qn_journal_close(j);
}

static void fewer_segments_than_there_are_removes_the_oldest(void **state)
{
    (void)state;
    qn_error err;
    kit_make(&kit, 1000, 100);
    qn_journal *j = kit_open(&kit, 100, 4);
    kit_append(j, 1001, 1);
    qn_journal_close(j);
    qn_journal_reader *r = kit_reader(&kit);
    qn_journal_info info = {.size = sizeof info};
    assert_ok(qn_journal_get_info(r, &info, &err), &err);
    assert_int_equal(info.segments, 4);
    assert_int_equal(info.first, 700);
    qn_journal_reader_close(r);
}

/* ---- what cannot be ---- */

static void options_that_cannot_be_are_refused(void **state)
{
    (void)state;
    qn_error err;
    qn_journal *j;
    static const qn_journal_options wrong[] = {{.segment_records = 63},
                                               {.segment_records = (1 << 26) + 1},
                                               {.segment_records = -1},
                                               {.max_segments = 1},
                                               {.max_segments = -1}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        qn_journal_options o = wrong[i];
        o.size = sizeof o;
        assert_int_equal(qn_journal_open(&j, kit.folder, kit.symbols, &o, &err), QN_INVALID);
        assert_null(j);
    }
    qn_journal_close(NULL);
    qn_journal_reader_close(NULL);
}

static void a_folder_without_a_journal_is_no_input(void **state)
{
    (void)state;
    qn_error err;
    qn_journal_reader *r;
    qn_journal_report report = {.size = sizeof report};
    assert_int_equal(qn_journal_reader_open(&r, kit.folder, NULL, &err), QN_NO_INPUT);
    assert_null(r);
    assert_int_equal(qn_journal_reader_open(&r, kit.root, NULL, &err), QN_NO_INPUT);
    assert_contains(err.message, "there is no journal in the folder");
    assert_int_equal(qn_journal_verify(&report, kit.root, NULL, NULL, NULL, &err), QN_NO_INPUT);
    qn_journal_close(kit_open(&kit, 100, 0));
    r = kit_reader(&kit); /* one without records is one */
    qn_journal_info info = {.size = sizeof info};
    assert_ok(qn_journal_get_info(r, &info, &err), &err);
    assert_int_equal(info.records + info.next + info.segments + info.symbols, 0);
    const qn_tick *span;
    int64_t count = 7;
    assert_ok(qn_journal_read(&span, &count, r, 1, &err), &err);
    assert_int_equal(count, 0);
    assert_ok(qn_journal_find_time(&count, r, 0, &err), &err);
    assert_int_equal(count, 0);
    qn_journal_reader_close(r);
}

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    return (fd < 0 || close(fd) == 0) && good;
}

/* A file system of its own that holds 256 KiB: the names, two segments and a part of a third. */
static bool mount_small(void)
{
    char users[64], groups[64];
    (void)snprintf(users, sizeof users, "0 %d 1", (int)getuid());
    (void)snprintf(groups, sizeof groups, "0 %d 1", (int)getgid());
    bool own = unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/setgroups", "deny") &&
               write_text("/proc/self/uid_map", users) && write_text("/proc/self/gid_map", groups);
    if (!own && unshare(CLONE_NEWNS) != 0)
        return false;
    return mount("none", "/", "", MS_REC | MS_PRIVATE, "") == 0 && mkdir(kit.folder, 0700) == 0 &&
           mount("tmpfs", kit.folder, "tmpfs", 0, "size=256k") == 0;
}

/* Fills it. Returns how many records went in; -1: it did not end as it should. */
static int64_t fill(qn_journal *j)
{
    qn_error err = qn_error_none();
    qn_status s = QN_OK;
    int64_t end = 0;
    while (s == QN_OK && end < 10000) {
        qn_tick t = made_tick(end);
        s = qn_journal_append(j, &t, 1, &err);
        end += s == QN_OK;
    }
    return s == QN_IO && err.native == ENOSPC && qn_journal_next(j) == end ? end : -1;
}

static int on_a_small_disk(void)
{
    qn_error err = qn_error_none();
    if (!mount_small())
        return SKIPPED;
    qn_journal *j;
    qn_journal_reader *r;
    qn_journal_options o = {.size = sizeof o, .segment_records = 1000};
    if (qn_journal_open(&j, kit.folder, kit.symbols, &o, &err) != QN_OK)
        return 1;
    int64_t end = fill(j), next = 0;
    qn_tick t = made_tick(end);
    if (end != 2000 || qn_journal_append(j, &t, 1, &err) != QN_IO) /* and again */
        return 2;
    if (qn_journal_reader_open(&r, kit.folder, NULL, &err) != QN_OK || kit_read(r, &next, 100, &err) != QN_OK)
        return 3;
    qn_journal_reader_close(r);
    if (access(kit_file(&kit, "spare"), F_OK) == 0) /* nothing is left of what did not fit */
        return 6;
    if (next != end || unlink(kit_segment(&kit, 0)) != 0) /* room again: it goes on */
        return 4;
    if (qn_journal_append(j, &t, 1, &err) != QN_OK || qn_journal_next(j) != end + 1)
        return 5;
    qn_journal_close(j);
    return 0;
}

static void a_full_disk_is_an_error_and_loses_nothing(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(on_a_small_disk());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == SKIPPED) {
        print_message("SKIPPED: no small file system can be made here (unshare, mount), so none is filled\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- beside a stream ---- */

static void a_source_gives_records_with_the_streams_symbols(void **state)
{
    (void)state;
    qn_error err;
    qn_symbols *symbols;
    int32_t d;
    kit_make(&kit, 300, 64);
    assert_ok(qn_symbols_new(&symbols, 4, NULL, &err), &err);
    assert_ok(qn_symbols_add(&d, symbols, "D", -1, &err), &err);
    qn_stream_source source;
    assert_ok(qn_journal_source(&source, kit.folder, 10, 290, symbols, NULL, &err), &err);
    assert_string_equal(source.name, kit.folder);
    qn_tick ticks[100];
    int64_t count, next = 10;
    do {
        assert_ok(source.read(source.self, ticks, 100, &count, &err), &err);
        for (int64_t i = 0; i < count; i++, next++) {
            assert_int_equal(ticks[i].checksum, 0);
            const char *name = qn_symbols_name(kit.symbols, (int32_t)(next % 4));
            assert_string_equal(qn_symbols_name(symbols, ticks[i].symbol), name);
            assert_true(is_made(&ticks[i], next, ticks[i].symbol));
        }
    } while (count > 0);
    assert_int_equal(next, 291);
    source.free(source.self);
    qn_symbols_free(symbols);
    assert_ok(qn_symbols_new(&symbols, 3, NULL, &err), &err); /* one too few */
    assert_ok(qn_journal_source(&source, kit.folder, -1, -1, symbols, NULL, &err), &err);
    assert_int_equal(source.read(source.self, ticks, 100, &count, &err), QN_LIMIT);
    assert_int_equal(count, 3); /* those before it are good */
    source.free(source.self);
    qn_symbols_free(symbols);
}

static void a_source_ends_where_the_journal_ended_when_it_was_made(void **state)
{
    (void)state;
    qn_error err;
    static const int64_t ends[] = {0, 64, 150};
    for (int i = 0; i < 3; i++) {
        qn_stream_source source;
        qn_tick ticks[100];
        int64_t count, sum = 0;
        kit_make(&kit, ends[i], 64);
        qn_journal *j = kit_open(&kit, 64, 0);
        assert_ok(qn_journal_source(&source, kit.folder, -1, -1, kit.symbols, NULL, &err), &err);
        do {
            kit_append(j, qn_journal_next(j) + 100, 100);
            assert_ok(source.read(source.self, ticks, 100, &count, &err), &err);
            sum += count;
        } while (count > 0 && sum <= ends[i]);
        assert_int_equal(sum, ends[i]);
        source.free(source.self);
        qn_journal_close(j);
        kit_clear(&kit);
    }
}

static void a_sink_keeps_what_went_through(void **state)
{
    (void)state;
    qn_error err;
    qn_stream_sink sink;
    assert_ok(qn_journal_sink(&sink, kit.folder, kit.symbols, NULL, &err), &err);
    qn_tick ticks[10];
    for (int64_t i = 0; i < 10; i++)
        ticks[i] = made_tick(i);
    const qn_stream_span span = {.records = ticks, .count = 10};
    assert_ok(sink.write(sink.self, &span, &err), &err);
    assert_ok(sink.close(sink.self, &err), &err);
    sink.free(sink.self);
    qn_journal_reader *r = kit_reader(&kit);
    int64_t next = 0;
    assert_ok(kit_read(r, &next, 100, &err), &err);
    assert_int_equal(next, 10);
    qn_journal_reader_close(r);
}

#define journal_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        journal_test(what_was_appended_is_read_again_in_order),
        journal_test(a_range_has_both_of_its_ends),
        journal_test(a_journal_goes_on_where_it_was),
        journal_test(a_segment_may_have_another_size_than_the_next),
        journal_test(numbers_of_symbols_are_the_journals_own),
        journal_test(thousands_of_symbols_have_room),
        journal_test(a_time_finds_the_first_record_that_is_not_earlier),
        journal_test(a_reader_follows_a_writer),
        journal_test(one_writes_at_a_time),
        journal_test(a_reader_of_another_process_sees_whole_records_only),
        journal_test(the_oldest_segment_becomes_the_newest),
        journal_test(what_somebody_reads_is_not_written_over),
        journal_test(a_ring_goes_on_where_an_old_segment_is_missing_or_damaged),
        journal_test(a_file_that_is_called_like_a_journals_is_left_alone),
        journal_test(a_sync_flushes_also_what_others_left),
        journal_test(what_was_moved_before_it_was_locked_is_not_read),
        journal_test(readers_beside_a_ring_see_whole_records_or_that_they_are_gone),
        journal_test(fewer_segments_than_there_are_removes_the_oldest),
        journal_test(options_that_cannot_be_are_refused),
        journal_test(a_folder_without_a_journal_is_no_input),
        journal_test(a_full_disk_is_an_error_and_loses_nothing),
        journal_test(a_source_gives_records_with_the_streams_symbols),
        journal_test(a_source_ends_where_the_journal_ended_when_it_was_made),
        journal_test(a_sink_keeps_what_went_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
