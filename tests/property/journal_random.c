/* Journals of random records, written in random pieces: they are read back, found by time as a scan of all of them
 * finds them, cut anywhere; and of a file in which any byte was changed, no record is given that was not appended. */
#include "harness/journal_kit.h"

static journal_kit kit;

typedef struct model {
    qn_tick *ticks; /* (count) as they were appended */
    int64_t count, first;
} model;

static qn_tick random_tick(uint64_t *seed, int64_t *time_ns)
{
    qn_tick t;
    for (size_t i = 0; i < sizeof t; i += 8) {
        uint64_t word = test_random(seed);
        memcpy((char *)&t + i, &word, 8);
    }
    *time_ns += test_random_below(seed, 1000) - 450; /* back and forth */
    t.time_ns = *time_ns;
    t.symbol = (int32_t)test_random_below(seed, 4);
    return t;
}

static void append_random(qn_journal *j, model *m, int64_t end, uint64_t *seed)
{
    qn_error err;
    while (m->count < end) {
        int64_t count = 1 + test_random_below(seed, test_random_below(seed, 3) ? 10 : 3000);
        count = count < end - m->count ? count : end - m->count;
        assert_ok(qn_journal_append(j, m->ticks + m->count, count, &err), &err);
        m->count += count;
        assert_int_equal(qn_journal_next(j), m->count);
    }
}

/* Whether it is the record that was appended there; numbers of symbols are the journal's, in the order of their first
 * use. */
static bool is_same(const qn_tick *got, const qn_tick *made, int64_t sequence, const qn_symbols *names)
{
    qn_tick t = *made;
    if (strcmp(qn_symbols_name(names, got->symbol), qn_symbols_name(kit.symbols, made->symbol)) != 0)
        return false;
    t.sequence = sequence;
    t.checksum = got->checksum;
    t.symbol = got->symbol;
    return memcmp(&t, got, sizeof t) == 0;
}

static void check_reading(const model *m, uint64_t *seed)
{
    qn_error err;
    qn_journal_report report = {.size = sizeof report};
    assert_ok(qn_journal_verify(&report, kit.folder, NULL, NULL, NULL, &err), &err);
    assert_int_equal(report.records, m->count - m->first);
    assert_int_equal(report.files + report.damaged + report.times, 0);
    qn_journal_reader *r = kit_reader(&kit);
    for (int round = 0; round < 20; round++) {
        int64_t from = m->first + test_random_below(seed, m->count - m->first + 1);
        int64_t to = round == 0 ? -1 : from + test_random_below(seed, 5000), at = from, got;
        const qn_tick *span;
        assert_ok(qn_journal_reader_seek(r, from, to, &err), &err);
        do {
            assert_ok(qn_journal_read(&span, &got, r, 1 + test_random_below(seed, 1000), &err), &err);
            for (int64_t i = 0; i < got; i++, at++)
                assert_true(is_same(&span[i], &m->ticks[at], at, qn_journal_reader_symbols(r)));
        } while (got > 0);
        int64_t end = to < 0 || to >= m->count ? m->count : to + 1;
        assert_int_equal(at, end > from ? end : from);
    }
    for (int round = 0; round < 50 && m->count > m->first; round++) {
        int64_t some = m->first + test_random_below(seed, m->count - m->first), at, expected = m->first;
        int64_t time_ns = m->ticks[some].time_ns + test_random_below(seed, 3) - 1;
        while (expected < m->count && m->ticks[expected].time_ns < time_ns)
            expected++;
        assert_ok(qn_journal_find_time(&at, r, time_ns, &err), &err);
        assert_int_equal(at, expected);
    }
    qn_journal_reader_close(r);
}

static void random_journals_are_read_back_found_and_cut(void **state)
{
    (void)state;
    enum {
        MOST = 30000
    };
    uint64_t seed = test_seed(20260213);
    model m = {.ticks = calloc(MOST, sizeof(qn_tick))};
    assert_non_null(m.ticks);
    int64_t rounds = test_effort(12, 300);
    for (int64_t round = 0; round < rounds; round++) {
        kit_init(&kit);
        int64_t segment = 64 + test_random_below(&seed, 10000), time_ns = 0;
        int64_t keep = test_random_below(&seed, 3) == 0 ? 2 + test_random_below(&seed, 4) : 0;
        m.count = m.first = 0;
        for (int64_t i = 0; i < MOST; i++)
            m.ticks[i] = random_tick(&seed, &time_ns);
        for (int part = 0; part < 4; part++) {
            qn_error err;
            qn_journal *j = kit_open(&kit, segment, keep);
            append_random(j, &m, m.count + test_random_below(&seed, MOST - m.count), &seed);
            qn_journal_close(j);
            if (keep > 0 && m.count > 0) {
                int64_t last = (m.count - 1) / segment;
                m.first = last >= keep ? (last - keep + 1) * segment : 0;
            }
            check_reading(&m, &seed);
            if (keep == 0 && m.count > 0 && test_random_below(&seed, 2) == 0) {
                qn_journal_cut_result cut = {.size = sizeof cut};
                int64_t after = test_random_below(&seed, m.count);
                assert_ok(qn_journal_cut(&cut, kit.folder, after, false, NULL, &err), &err);
                assert_int_equal(cut.lost, m.count - after - 1);
                m.count = after + 1;
                for (int64_t i = m.count; i < MOST; i++)
                    m.ticks[i] = random_tick(&seed, &time_ns); /* and what comes then is another */
                check_reading(&m, &seed);
            }
        }
        kit_fini(&kit);
    }
    free(m.ticks);
}

/* Reads all; every record given is the one that was appended there. Returns how many. */
static int64_t read_what_can_be(const model *m)
{
    qn_error err;
    qn_journal_reader *r;
    const qn_tick *span;
    int64_t at = 0, got;
    if (qn_journal_reader_open(&r, kit.folder, NULL, &err) != QN_OK)
        return 0;
    qn_status s;
    do {
        s = qn_journal_read(&span, &got, r, 100, &err);
        assert_true(s == QN_OK || s == QN_DATA);
        for (int64_t i = 0; i < got; i++, at++)
            assert_true(is_same(&span[i], &m->ticks[at], at, qn_journal_reader_symbols(r)));
    } while (s == QN_OK && got > 0);
    qn_journal_reader_close(r);
    return at;
}

static void no_changed_byte_goes_unnoticed(void **state)
{
    (void)state;
    enum {
        RECORDS = 150,
        SEGMENT = 100
    };
    uint64_t seed = test_seed(64);
    qn_tick ticks[RECORDS];
    int64_t time_ns = 0, rounds = test_effort(1500, 40000);
    for (int64_t i = 0; i < RECORDS; i++)
        ticks[i] = random_tick(&seed, &time_ns);
    kit_init(&kit);
    model m = {.ticks = ticks};
    qn_journal *j = kit_open(&kit, SEGMENT, 0);
    append_random(j, &m, RECORDS, &seed);
    qn_journal_close(j);
    for (int64_t round = 0; round < rounds; round++) {
        qn_error err;
        qn_journal_report report = {.size = sizeof report};
        int64_t first = test_random_below(&seed, 2) * SEGMENT, count = first == 0 ? SEGMENT : RECORDS - SEGMENT;
        int64_t at = test_random_below(&seed, count * 64);
        int mask = 1 << test_random_below(&seed, 8);
        (void)kit_segment(&kit, first);
        kit_flip(kit.path, record_offset(0) + at, 1, mask);
        assert_int_equal(read_what_can_be(&m), first + at / 64);
        assert_ok(qn_journal_verify(&report, kit.folder, NULL, NULL, NULL, &err), &err);
        assert_int_equal(report.damaged, 1);
        assert_int_equal(report.whole_until, first + at / 64);
        assert_int_equal(report.records, RECORDS - 1);
        (void)kit_segment(&kit, first);
        kit_flip(kit.path, record_offset(0) + at, 1, mask);
    }
    for (int64_t at = 0; at < 256; at++) { /* the head and the index: what is given is right, or nothing is */
        (void)kit_segment(&kit, 0);
        kit_flip(kit.path, at, 1, 1 << at % 8);
        int64_t got = read_what_can_be(&m);
        assert_true(at < 56 ? got == 0 : got == RECORDS);
        (void)kit_segment(&kit, 0);
        kit_flip(kit.path, at, 1, 1 << at % 8);
    }
    assert_int_equal(read_what_can_be(&m), RECORDS);
    kit_fini(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_journals_are_read_back_found_and_cut),
        cmocka_unit_test(no_changed_byte_goes_unnoticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
