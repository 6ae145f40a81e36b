/* harness/journal_kit.h: what tests of journals share: a folder of their own, made records, bytes of files. */
#ifndef QUERN_TEST_JOURNAL_KIT_H
#define QUERN_TEST_JOURNAL_KIT_H

#include "harness/harness.h"

#include <quern/journal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct journal_kit {
    char root[64];       /* to be removed */
    char folder[96];     /* root/j */
    char path[200];      /* of the file that was asked for last */
    qn_symbols *symbols; /* A, B, C, D */
} journal_kit;

static inline void kit_init(journal_kit *k)
{
    (void)snprintf(k->root, sizeof k->root, "%s/quern-journal-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(k->root));
    (void)snprintf(k->folder, sizeof k->folder, "%s/j", k->root);
    qn_error err;
    assert_ok(qn_symbols_new(&k->symbols, 100, NULL, &err), &err);
    for (const char *name = "A\0B\0C\0D\0"; *name != '\0'; name += 2) {
        int32_t number;
        assert_ok(qn_symbols_add(&number, k->symbols, name, -1, &err), &err);
    }
}

static inline void kit_fini(journal_kit *k)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", k->root);
    qn_symbols_free(k->symbols);
    assert_int_equal(system(command), 0);
}

/* Empties the folder. */
static inline void kit_clear(const journal_kit *k)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", k->folder);
    assert_int_equal(system(command), 0);
}

/* The i-th of all records that there could be: its fields follow from i, and are never those of another. */
static inline qn_tick made_tick(int64_t i)
{
    return (qn_tick){.sequence = -7,
                     .time_ns = 1000000000 * i,
                     .price = INT64_C(100) * QN_TICK_SCALE + i,
                     .size = i % 7 * QN_TICK_SCALE,
                     .bid = i,
                     .ask = -i,
                     .symbol = (int32_t)(i % 4),
                     .kind = (uint8_t)(i % 2),
                     .side = (int8_t)(i % 3 - 1),
                     .flags = (uint16_t)(i % 16),
                     .order = (uint32_t)i,
                     .checksum = 12345};
}

/* Whether it is the i-th, at its place; `symbol` is its number in the journal. */
static inline bool is_made(const qn_tick *record, int64_t i, int32_t symbol)
{
    qn_tick t = made_tick(i);
    t.sequence = i;
    t.symbol = symbol;
    t.checksum = record->checksum;
    return memcmp(&t, record, sizeof t) == 0;
}

static inline qn_journal *kit_open(const journal_kit *k, int64_t segment_records, int64_t max_segments)
{
    qn_journal *j;
    qn_error err;
    qn_journal_options o;
    qn_journal_options_init(&o, sizeof o);
    o.segment_records = segment_records;
    o.max_segments = max_segments;
    assert_ok(qn_journal_open(&j, k->folder, k->symbols, &o, &err), &err);
    return j;
}

/* Appends the records up to `end`, `batch` a call. */
static inline void kit_append(qn_journal *j, int64_t end, int64_t batch)
{
    qn_error err;
    qn_tick *ticks = malloc((size_t)batch * sizeof *ticks);
    assert_non_null(ticks);
    for (int64_t at = qn_journal_next(j); at < end; at = qn_journal_next(j)) {
        int64_t count = end - at < batch ? end - at : batch;
        for (int64_t i = 0; i < count; i++)
            ticks[i] = made_tick(at + i);
        assert_ok(qn_journal_append(j, ticks, count, &err), &err);
        assert_int_equal(qn_journal_next(j), at + count);
    }
    free(ticks);
}

/* A journal of `count` records in segments of `segment_records`. */
static inline void kit_make(const journal_kit *k, int64_t count, int64_t segment_records)
{
    qn_journal *j = kit_open(k, segment_records, 0);
    kit_append(j, count, 1000);
    qn_journal_close(j);
}

static inline qn_journal_reader *kit_reader(const journal_kit *k)
{
    qn_journal_reader *r;
    qn_error err;
    assert_ok(qn_journal_reader_open(&r, k->folder, NULL, &err), &err);
    return r;
}

/* Reads on to the end or a failure, checks that all are the made ones from *next on. Symbols are as they were made. */
static inline qn_status kit_read(qn_journal_reader *r, int64_t *next, int64_t max, qn_error *err)
{
    for (;;) {
        const qn_tick *span;
        int64_t count;
        qn_status s = qn_journal_read(&span, &count, r, max, err);
        if (s != QN_OK || count == 0) {
            assert_int_equal(count, 0);
            return s;
        }
        for (int64_t i = 0; i < count; i++, ++*next)
            assert_true(is_made(&span[i], *next, (int32_t)(*next % 4)));
    }
}

static inline const char *kit_file(journal_kit *k, const char *name)
{
    (void)snprintf(k->path, sizeof k->path, "%s/%s", k->folder, name);
    return k->path;
}

static inline const char *kit_segment(journal_kit *k, int64_t first)
{
    (void)snprintf(k->path, sizeof k->path, "%s/%020lld.journal", k->folder, (long long)first);
    return k->path;
}

/* Xors bytes of a file. */
static inline void kit_flip(const char *path, int64_t offset, int64_t count, int mask)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    for (int64_t i = offset; i < offset + count; i++) {
        assert_int_equal(fseek(file, (long)i, SEEK_SET), 0);
        int byte = fgetc(file);
        assert_true(byte != EOF);
        assert_int_equal(fseek(file, (long)i, SEEK_SET), 0);
        assert_true(fputc(byte ^ mask, file) != EOF);
    }
    assert_int_equal(fclose(file), 0);
}

/* Where record `index` of a segment of at most 253 blocks of 4096 begins: behind one page of head. */
static inline int64_t record_offset(int64_t index)
{
    return 4096 + 64 * index;
}

#endif
