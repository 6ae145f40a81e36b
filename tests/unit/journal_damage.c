/* Journals that are damaged: torn tails are cut, other damage is told of with its place and never read over, and cut
 * where somebody asks for it. */
#include "harness/journal_kit.h"

#include <sys/stat.h>

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

/* ---- looking ---- */

typedef struct seen {
    int count;
    struct {
        char file[64], what[64];
        int64_t offset, first, count;
    } all[8];
} seen;

static void note(void *user, const qn_journal_damage *d)
{
    seen *s = user;
    if (s->count < 8) {
        (void)snprintf(s->all[s->count].file, 64, "%s", d->file);
        (void)snprintf(s->all[s->count].what, 64, "%s", d->what);
        s->all[s->count].offset = d->offset;
        s->all[s->count].first = d->first;
        s->all[s->count].count = d->count;
    }
    s->count++;
}

static qn_journal_report verify(seen *s)
{
    qn_error err;
    qn_journal_report r = {.size = sizeof r};
    *s = (seen){0};
    assert_ok(qn_journal_verify(&r, kit.folder, note, s, NULL, &err), &err);
    return r;
}

static void expect_whole(int64_t records)
{
    seen s;
    qn_journal_report r = verify(&s);
    assert_int_equal(s.count, 0);
    assert_int_equal(r.records, records);
    assert_int_equal(r.damaged + r.files + r.lost_behind + r.times, 0);
    assert_int_equal(r.whole_until, records);
}

static void expect_one(const char *file, int64_t offset, int64_t first, int64_t count, const char *what)
{
    seen s;
    qn_journal_report r = verify(&s);
    assert_int_equal(s.count, 1);
    assert_int_equal(r.files, 1);
    assert_string_equal(s.all[0].file, file);
    assert_string_equal(s.all[0].what, what);
    assert_int_equal(s.all[0].offset, offset);
    assert_int_equal(s.all[0].first, first);
    assert_int_equal(s.all[0].count, count);
}

/* Reading gives all records before `end`, and then fails with the piece in its sentence. */
static void expect_read(int64_t end, const char *piece)
{
    qn_error err;
    int64_t next = 0;
    qn_journal_reader *r = kit_reader(&kit);
    qn_status s = kit_read(r, &next, 64, &err);
    assert_int_equal(next, end);
    if (piece == NULL)
        assert_ok(s, &err);
    else
        assert_int_equal(s, QN_DATA);
    if (piece != NULL)
        assert_contains(err.message, piece);
    qn_journal_reader_close(r);
}

static void expect_refused(const char *piece)
{
    qn_error err;
    qn_journal *j;
    assert_int_equal(qn_journal_open(&j, kit.folder, kit.symbols, NULL, &err), QN_DATA);
    assert_null(j);
    assert_contains(err.message, piece);
}

static qn_journal_cut_result cut(int64_t after, bool lose)
{
    qn_error err;
    qn_journal_cut_result c = {.size = sizeof c};
    assert_ok(qn_journal_cut(&c, kit.folder, after, lose, NULL, &err), &err);
    return c;
}

/* Opens it for writing, which cuts so many; goes on to `end`. */
static void go_on(int64_t at, int64_t lost, int64_t end)
{
    qn_journal *j = kit_open(&kit, 100, 0);
    qn_journal_recovery recovery = {.size = sizeof recovery};
    qn_journal_get_recovery(j, &recovery);
    assert_int_equal(recovery.cut, lost);
    assert_int_equal(qn_journal_next(j), at);
    kit_append(j, end, 10);
    qn_journal_close(j);
    expect_whole(end);
    expect_read(end, NULL);
}

/* ---- at the tail ---- */

static void a_torn_tail_is_cut(void **state)
{
    (void)state;
    kit_make(&kit, 250, 100);
    kit_flip(kit_segment(&kit, 200), record_offset(49), 1, 1);
    expect_one("00000000000000000200.journal", record_offset(49), 249, 1, "damaged");
    expect_read(249, "record 249 (byte 7232 of the file) is damaged");
    go_on(249, 1, 320);
    kit_flip(kit_segment(&kit, 300), record_offset(15) + 63, 64 * 4, 0xff); /* a few */
    go_on(315, 5, 330);
}

static void a_record_that_was_begun_and_not_counted_is_not_there(void **state)
{
    (void)state;
    qn_tick half = made_tick(50);
    kit_make(&kit, 50, 100);
    FILE *file = fopen(kit_segment(&kit, 0), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)record_offset(50), SEEK_SET), 0);
    half.sequence = 50;
    assert_int_equal(fwrite(&half, 40, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    expect_whole(50);
    expect_read(50, NULL);
    go_on(50, 0, 51);
}

static void whole_records_that_were_not_counted_are_there(void **state)
{
    (void)state;
    kit_make(&kit, 50, 100);
    kit_flip(kit_segment(&kit, 0), 64, 1, 50 ^ 20); /* the head says 20 */
    expect_whole(50);
    expect_read(50, NULL);
    go_on(50, 0, 60);
}

static void a_segment_that_was_cut_off_loses_its_tail(void **state)
{
    (void)state;
    for (int64_t size = record_offset(50) - 1; size > record_offset(0); size -= 777) {
        int64_t whole = (size - 4096) / 64;
        kit_clear(&kit);
        kit_make(&kit, 150, 100);
        assert_int_equal(truncate(kit_segment(&kit, 100), (off_t)size), 0);
        expect_one("00000000000000000100.journal", record_offset(whole), 100 + whole, 50 - whole, "cut off");
        expect_read(100 + whole, "is cut off");
        go_on(100 + whole, 50 - whole, 170);
    }
}

static void a_head_that_was_cut_off_is_damage(void **state)
{
    (void)state;
    static const off_t sizes[] = {0, 1, 127, 128, 4095};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        kit_clear(&kit);
        kit_make(&kit, 150, 100);
        assert_int_equal(truncate(kit_segment(&kit, 100), sizes[i]), 0);
        expect_read(100, "cut off");
        expect_refused("cut off");
        qn_journal_cut_result c = cut(-1, false); /* what it held nobody knows: nothing whole is lost */
        assert_int_equal(c.next, 100);
        assert_int_equal(c.files, 1);
        assert_int_equal(access(kit_file(&kit, "00000000000000000100.journal.damaged"), F_OK), 0);
        go_on(100, 0, 150);
    }
}

/* ---- in the middle ---- */

static void damage_in_the_middle_is_told_of_and_not_read_over(void **state)
{
    (void)state;
    qn_error err;
    kit_make(&kit, 250, 100);
    kit_flip(kit_segment(&kit, 200), record_offset(20) + 30, 1, 4);
    kit_flip(kit_segment(&kit, 200), record_offset(21) + 3, 1, 128);
    kit_flip(kit_segment(&kit, 200), record_offset(30) + 60, 1, 2);
    seen s;
    qn_journal_report r = verify(&s);
    assert_int_equal(s.count, 2);
    assert_int_equal(s.all[0].first, 220);
    assert_int_equal(s.all[0].count, 2);
    assert_int_equal(s.all[0].offset, record_offset(20));
    assert_int_equal(s.all[1].first, 230);
    assert_int_equal(s.all[1].count, 1);
    assert_int_equal(r.records, 247);
    assert_int_equal(r.damaged, 3);
    assert_int_equal(r.whole_until, 220);
    assert_int_equal(r.lost_behind, 27);
    assert_int_equal(r.files, 1);
    expect_read(220, "record 220 (byte 5376 of the file) is damaged");
    expect_refused("record 220");
    qn_journal_reader *reader = kit_reader(&kit); /* what lies behind can be read */
    int64_t next = 231;
    assert_ok(qn_journal_reader_seek(reader, 231, -1, &err), &err);
    assert_ok(kit_read(reader, &next, 10, &err), &err);
    assert_int_equal(next, 250);
    qn_journal_reader_close(reader);
    qn_journal_cut_result c = {.size = sizeof c};
    assert_int_equal(qn_journal_cut(&c, kit.folder, -1, false, NULL, &err), QN_DATA);
    assert_contains(err.message, "27 whole records lie behind the first damage, at record 220");
    expect_read(220, "record 220");
    c = cut(-1, true);
    assert_int_equal(c.next, 220);
    assert_int_equal(c.lost, 27);
    assert_int_equal(c.damaged, 3);
    assert_int_equal(c.files, 0);
    go_on(220, 0, 225);
}

static void a_missing_segment_is_told_of(void **state)
{
    (void)state;
    kit_make(&kit, 350, 100);
    assert_int_equal(unlink(kit_segment(&kit, 100)), 0);
    expect_one("00000000000000000100.journal", -1, 100, 100, "missing");
    expect_read(100, "the segment is missing: records 100 to 199");
    qn_journal_cut_result c = cut(-1, true);
    assert_int_equal(c.lost, 150);
    assert_int_equal(c.files, 2);
    go_on(100, 0, 130);
}

static void a_damaged_head_is_set_aside(void **state)
{
    (void)state;
    for (int64_t at = 0; at < 56; at++) {
        kit_clear(&kit);
        kit_make(&kit, 150, 100);
        kit_flip(kit_segment(&kit, 0), at, 1, 1 << at % 8);
        expect_one("00000000000000000000.journal", -1, 0, 100, "no head that can be read");
        expect_read(0, at >= 8 && at < 12 ? "of version" : "head is damaged");
    }
    qn_journal_cut_result c = cut(-1, true);
    assert_int_equal(c.next, 0);
    assert_int_equal(c.lost, 50);
    assert_int_equal(c.files, 2);
    go_on(0, 0, 20);
}

static void a_segment_of_another_version_is_refused(void **state)
{
    (void)state;
    kit_make(&kit, 50, 100);
    kit_flip(kit_segment(&kit, 0), 8, 1, 1 ^ 2);
    expect_read(0, "version 2 of the format, and this Quern reads version 1");
    expect_refused("version 2");
}

static void a_segment_by_another_name_is_refused(void **state)
{
    (void)state;
    char from[200];
    kit_make(&kit, 150, 100);
    (void)snprintf(from, sizeof from, "%s", kit_segment(&kit, 100));
    assert_int_equal(rename(from, kit_segment(&kit, 200)), 0);
    expect_read(100, "missing");
    expect_refused("begins with record 100");
}

static void a_count_that_cannot_be_is_mended(void **state)
{
    (void)state;
    kit_make(&kit, 50, 100);
    kit_flip(kit_segment(&kit, 0), 64 + 7, 1, 0x80); /* negative */
    expect_one("00000000000000000000.journal", 64, 50, 0, "a count that cannot be");
    expect_read(50, NULL);
    go_on(50, 0, 60);
}

static void a_damaged_entry_of_the_index_does_no_harm(void **state)
{
    (void)state;
    qn_error err;
    int64_t at;
    seen s;
    kit_make(&kit, 20000, 20000);
    expect_whole(20000);
    for (int64_t block = 0; block < 4; block++)
        kit_flip(kit_segment(&kit, 0), 128 + 16 * block + 7, 1, 0x80); /* long ago */
    qn_journal_report r = verify(&s);
    assert_int_equal(r.times, 4);
    assert_int_equal(s.count, 0);
    qn_journal_reader *reader = kit_reader(&kit);
    for (int64_t i = 0; i < 20000; i += 999) {
        assert_ok(qn_journal_find_time(&at, reader, 1000000000 * i - 1, &err), &err);
        assert_int_equal(at, i);
    }
    qn_journal_reader_close(reader);
    qn_journal_close(kit_open(&kit, 100, 0)); /* opening for writing mends the last segment */
    expect_whole(20000);
}

/* Ten records of a segment of 100, as bytes of another file, or of another place. */
static void copy_ten(const char *from, int64_t from_index, const char *to, int64_t to_index)
{
    char command[600];
    (void)snprintf(command, sizeof command, "dd if=%s of=%s bs=64 skip=%d seek=%d count=10 conv=notrunc status=none",
                   from, to, (int)(record_offset(from_index) / 64), (int)(record_offset(to_index) / 64));
    assert_int_equal(system(command), 0);
}

static void bytes_of_another_segment_are_not_taken_for_records(void **state)
{
    (void)state;
    char from[200];
    kit_make(&kit, 200, 100);
    (void)snprintf(from, sizeof from, "%s", kit_segment(&kit, 0));
    copy_ten(from, 20, kit_segment(&kit, 100), 20);
    expect_one("00000000000000000100.journal", record_offset(20), 120, 10, "damaged");
}

static void records_in_other_places_are_damage(void **state)
{
    (void)state;
    kit_make(&kit, 100, 100);
    copy_ten(kit_segment(&kit, 0), 20, kit_segment(&kit, 0), 50);
    expect_one("00000000000000000000.journal", record_offset(50), 50, 10, "damaged");
}

static void records_of_another_journal_are_damage(void **state)
{
    (void)state;
    char other[120], command[400];
    kit_make(&kit, 100, 100);
    (void)snprintf(other, sizeof other, "%s/other.journal", kit.root);
    (void)snprintf(command, sizeof command, "mv %s %s", kit_segment(&kit, 0), other);
    assert_int_equal(system(command), 0);
    kit_make(&kit, 100, 100); /* the same records, with the same numbers */
    copy_ten(other, 20, kit_segment(&kit, 0), 20);
    expect_one("00000000000000000000.journal", record_offset(20), 20, 10, "damaged");
}

/* ---- names ---- */

static void a_torn_name_is_no_name(void **state)
{
    (void)state;
    kit_make(&kit, 50, 100);
    kit_flip(kit_file(&kit, "symbols"), 4 * 64, 20, 0x41); /* a fifth one, without its checksum */
    expect_whole(50);
    go_on(50, 0, 60);
}

static void records_whose_symbol_lost_its_name_are_told_of(void **state)
{
    (void)state;
    kit_make(&kit, 50, 100);
    kit_flip(kit_file(&kit, "symbols"), 2 * 64 + 9, 1, 1); /* that of C */
    expect_read(2, "record 2 names symbol 2, and the journal has 2 names");
    expect_refused("the name of symbol 2 is damaged");
    seen s;
    qn_journal_report r = verify(&s);
    assert_string_equal(s.all[0].file, "symbols");
    assert_int_equal(s.all[0].first, 2);
    assert_int_equal(s.all[0].count, 2);
    assert_int_equal(s.all[1].first, 2);
    assert_int_equal(s.all[1].count, 2);
    assert_string_equal(s.all[1].what, "of a symbol without a name");
    assert_int_equal(r.whole_until, 2);
    assert_int_equal(cut(-1, true).next, 2);
    go_on(2, 0, 60);
}

static void a_name_that_stands_twice_is_damage(void **state)
{
    (void)state;
    qn_error err;
    qn_journal_reader *r;
    kit_make(&kit, 50, 100);
    char command[500];
    (void)snprintf(command, sizeof command, "dd if=%s of=%s bs=64 skip=0 seek=2 count=1 conv=notrunc status=none",
                   kit_file(&kit, "symbols"), kit_file(&kit, "symbols"));
    assert_int_equal(system(command), 0); /* with the number 0, which its place is not */
    assert_ok(qn_journal_reader_open(&r, kit.folder, NULL, &err), &err);
    assert_int_equal(qn_symbols_count(qn_journal_reader_symbols(r)), 2);
    qn_journal_reader_close(r);
}

/* ---- cutting what is whole ---- */

static void a_journal_is_cut_after_a_record(void **state)
{
    (void)state;
    qn_error err;
    kit_make(&kit, 350, 100);
    qn_journal_cut_result c = {.size = sizeof c};
    assert_int_equal(qn_journal_cut(&c, kit.folder, 350, false, NULL, &err), QN_INVALID);
    assert_contains(err.message, "whole records from 0 to 349");
    assert_int_equal(qn_journal_cut(&c, kit.folder, -2, false, NULL, &err), QN_INVALID);
    c = cut(-1, false); /* nothing is damaged */
    assert_int_equal(c.next, 350);
    assert_int_equal(c.lost + c.damaged + c.files, 0);
    c = cut(349, false);
    assert_int_equal(c.lost, 0);
    c = cut(249, false);
    assert_int_equal(c.next, 250);
    assert_int_equal(c.lost, 100);
    assert_int_equal(c.files, 1);
    expect_whole(250);
    c = cut(199, false); /* at the end of a segment */
    assert_int_equal(c.files, 1);
    expect_whole(200);
    go_on(200, 0, 201);
    c = cut(0, false);
    assert_int_equal(c.lost, 200);
    go_on(1, 0, 350);
}

static void what_was_cut_does_not_come_back(void **state)
{
    (void)state;
    kit_make(&kit, 60, 100);
    assert_int_equal(cut(29, false).lost, 30);
    kit_make(&kit, 31, 100); /* record 30 is new; the old 31 would be next to it */
    expect_whole(31);
    expect_read(31, NULL);
}

static void nor_do_its_entries_in_the_index(void **state)
{
    (void)state;
    unsigned char entries[32];
    kit_make(&kit, 9000, 9000);
    assert_int_equal(cut(5000, false).next, 5001);
    FILE *file = fopen(kit_segment(&kit, 0), "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 128 + 16, SEEK_SET), 0);
    assert_int_equal(fread(entries, sizeof entries, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    for (size_t i = 0; i < sizeof entries; i++)
        assert_int_equal(entries[i], 0);
    expect_whole(5001);
}

static void sequences_go_on_where_all_was_cut(void **state)
{
    (void)state;
    qn_journal *j = kit_open(&kit, 100, 2);
    kit_append(j, 450, 50);
    qn_journal_close(j);
    kit_flip(kit_segment(&kit, 300), record_offset(0), 1, 1);
    assert_int_equal(cut(-1, true).next, 300);
    j = kit_open(&kit, 100, 0);
    assert_int_equal(qn_journal_next(j), 300);
    kit_append(j, 301, 1);
    qn_journal_close(j);
}

#define journal_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        journal_test(a_torn_tail_is_cut),
        journal_test(a_record_that_was_begun_and_not_counted_is_not_there),
        journal_test(whole_records_that_were_not_counted_are_there),
        journal_test(a_segment_that_was_cut_off_loses_its_tail),
        journal_test(a_head_that_was_cut_off_is_damage),
        journal_test(damage_in_the_middle_is_told_of_and_not_read_over),
        journal_test(a_missing_segment_is_told_of),
        journal_test(a_damaged_head_is_set_aside),
        journal_test(a_segment_of_another_version_is_refused),
        journal_test(a_segment_by_another_name_is_refused),
        journal_test(a_count_that_cannot_be_is_mended),
        journal_test(a_damaged_entry_of_the_index_does_no_harm),
        journal_test(bytes_of_another_segment_are_not_taken_for_records),
        journal_test(records_in_other_places_are_damage),
        journal_test(records_of_another_journal_are_damage),
        journal_test(a_torn_name_is_no_name),
        journal_test(records_whose_symbol_lost_its_name_are_told_of),
        journal_test(a_name_that_stands_twice_is_damage),
        journal_test(a_journal_is_cut_after_a_record),
        journal_test(what_was_cut_does_not_come_back),
        journal_test(nor_do_its_entries_in_the_index),
        journal_test(sequences_go_on_where_all_was_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
