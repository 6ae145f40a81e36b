/* Any bytes as a segment, as the file of names beside it, and as both with heads and checksums that fit, as somebody
 * would make them who means harm. Nothing outside the bytes is looked at; what is taken for whole is what it says. */
#include "base/checksum.h"
#include "stream/journal_int.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                        \
    do {                                                                          \
        if (!(condition)) {                                                       \
            (void)fprintf(stderr, "fuzz_journal:%d: %s\n", __LINE__, #condition); \
            abort();                                                              \
        }                                                                         \
    } while (0)

static void look_at_records(const qni_segment *s)
{
    uint32_t symbol = 0;
    int64_t written = qni_segment_written(s), end = qni_segment_end(s), latest_ns;
    REQUIRE(written >= -1 && written <= s->capacity && end >= 0 && end <= s->capacity);
    int64_t whole = qni_segment_whole(s, 0, s->room, &symbol);
    REQUIRE(whole >= 0 && whole <= s->room);
    for (int64_t i = 0; i < whole; i++)
        REQUIRE(s->records[i].sequence == s->first + i && (uint32_t)s->records[i].symbol <= symbol);
    for (int64_t b = 0; b < s->block_count; b++)
        (void)qni_segment_time_get(s, b, &latest_ns);
    const int64_t times[] = {INT64_MIN, 0, INT64_MAX, whole > 0 ? s->records[whole / 2].time_ns : 1};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int64_t at = qni_segment_find_time(s, end, times[i]);
        REQUIRE(at >= 0 && at <= end && at <= s->room);
        REQUIRE(at == end || at == s->room || s->records[at].time_ns >= times[i]);
    }
}

static void look(void *bytes, int64_t size, int64_t first)
{
    qni_segment s;
    qn_error err = qn_error_none();
    if (qni_segment_look(&s, bytes, size, first, "a", &err) != QN_OK) {
        REQUIRE(err.code == QN_DATA && err.message[0] != '\0' && s.map == NULL);
        return;
    }
    REQUIRE(s.room >= 0 && s.room <= s.capacity && s.first == first);
    REQUIRE(s.room == 0 || (char *)&s.records[s.room] <= (char *)bytes + size);
    REQUIRE((char *)&s.times[s.block_count] <= (char *)bytes + size);
    look_at_records(&s);
    qni_journal_keep(&s, s.room < qni_segment_end(&s) ? s.room : qni_segment_end(&s), &(int64_t){0});
}

static void look_at_names(void *bytes, int64_t size)
{
    qn_symbols *symbols;
    qn_error err;
    int64_t damaged;
    const qni_journal_entries entries = {.map = bytes, .room = size / (int64_t)sizeof(qni_journal_symbol)};
    int64_t count = qni_journal_entries_count(&entries, &damaged);
    REQUIRE(count >= 0 && count <= entries.room && (damaged == -1 || (damaged >= count && damaged < entries.room)));
    REQUIRE(qn_symbols_new(&symbols, 1000, NULL, &err) == QN_OK);
    qn_status s = qni_journal_entries_add(symbols, &entries, 0, count, "a", &err);
    REQUIRE(s == QN_OK ? qn_symbols_count(symbols) == count : s == QN_DATA || s == QN_LIMIT);
    qn_symbols_free(symbols);
}

/* Records and names get checksums that fit, but for every seventh. */
static void seal(char *bytes, int64_t size)
{
    qni_segment s;
    qni_segment_head *head = (qni_segment_head *)(void *)bytes;
    int64_t capacity = 1 + (int64_t)((uint64_t)head->capacity % 5000), written = atomic_load(&head->written);
    qni_segment_head_make(bytes, 0, capacity);
    atomic_store(&head->written, written);
    if (qni_segment_look(&s, bytes, size, 0, "a", NULL) != QN_OK)
        return;
    for (int64_t i = 0; i < s.room; i++) {
        uint64_t w[8];
        s.records[i].sequence = i;
        memcpy(w, &s.records[i], sizeof w);
        if (i % 7 != 6)
            s.records[i].checksum = qni_journal_sum(w, s.seed);
    }
    for (int64_t b = 0; b < s.block_count; b++)
        qni_segment_time_set(&s, b, s.times[b].latest_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *bytes = aligned_alloc(64, (size + 64) / 64 * 64);
    REQUIRE(bytes != NULL);
    char *end =
        (char *)bytes + (size + 64) / 64 * 64 - size; /* so that the end is the block's own, where it is aligned */
    if (((uintptr_t)end & 7) != 0)
        end = bytes;
    memcpy(end, data, size);
    look(end, (int64_t)size, 0);
    look_at_names(end, (int64_t)size);
    memcpy(end, data, size);
    if (size >= sizeof(qni_segment_head)) {
        seal(end, (int64_t)size);
        look(end, (int64_t)size, 0);
    }
    memcpy(end, data, size);
    qni_journal_symbol *names = (qni_journal_symbol *)(void *)end;
    for (int64_t i = 0; i < (int64_t)(size / sizeof *names); i++) {
        names[i].number = (uint32_t)i;
        names[i].version = QNI_JOURNAL_VERSION;
        names[i].name_size %= 40;
        names[i].checksum = qni_checksum(&names[i], (int64_t)offsetof(qni_journal_symbol, checksum));
    }
    look_at_names(end, (int64_t)size);
    free(bytes);
    return 0;
}
