/* stream/journal_int.h: what the files of the journal share.
 *
 *    journal_segment.c   one file of records: its head, what is whole in it, its index of times
 *    journal_symbols.c   the file of names
 *    journal.c           opening for writing, recovery, appending, syncing
 *    journal_roll.c      the next segment: made, or made of the oldest
 *    journal_read.c      reading in place, finding by time
 *    journal_verify.c    reading everything
 *    journal_cut.c       taking the tail away
 *    journal_stream.c    a journal as source and sink of a stream
 *
 * The folder: `lock` (who writes holds it), `symbols`, segments (the sequence of their first record in 20 digits, and
 * .journal), `spare` (a segment that is being made). docs/journal.md has them byte for byte; all numbers are
 * little-endian, as the machine is.
 *
 * Always: a segment has its name only once its head is complete. A record is written before it is counted in the
 * head's `written`, and counted before append returns. Records behind `written` that are whole belong to the journal
 * too: a crash of the machine may lose the count alone. Whoever has a segment mapped for reading holds a shared lock
 * on its file; it is made into another only under an exclusive one, and with another seed, so that what it held before
 * is whole no more. A symbol is in its file before a record names it. */
#ifndef QNI_STREAM_JOURNAL_INT_H
#define QNI_STREAM_JOURNAL_INT_H

#include <quern/journal.h>

#include "stream/limits.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define QNI_JOURNAL_LOCK    "lock"
#define QNI_JOURNAL_SYMFILE "symbols"
#define QNI_JOURNAL_SPARE   "spare"
#define QNI_JOURNAL_SUFFIX  ".journal"

enum {
    QNI_JOURNAL_NAME_SIZE = 48, /* bytes: a slash, 20 digits, two suffixes, a zero */
    QNI_JOURNAL_VERSION = 1,
};

/* The beginning of a segment's file. What follows is its index of times, and from the next page on its records. */
typedef struct qni_segment_head {
    char magic[8];
    uint32_t version, byte_order, record_size, spare;
    int64_t first;           /* the sequence of its first record */
    int64_t capacity;        /* records */
    uint64_t seed;           /* of the records' checksums */
    uint64_t checksum;       /* of what stands before it */
    uint64_t padding;        /* so that what changes has a cache line of its own */
    _Atomic int64_t written; /* records; released by the writer after they were written, acquired by readers */
    uint64_t spare_words[7];
} qni_segment_head;
_Static_assert(sizeof(qni_segment_head) == 128, "a head has 128 bytes");

/* The latest time up to the end of a block of records, from the segment's beginning. */
typedef struct qni_segment_time {
    int64_t latest_ns;
    uint64_t checksum; /* of it, its place and the seed */
} qni_segment_time;

/* A segment that is mapped. */
typedef struct qni_segment {
    void *map; /* (size) NULL: none */
    int64_t size;
    int lock; /* the descriptor of a reader's; -1: none */
    qni_segment_head *head;
    qni_segment_time *times; /* (block_count) */
    qn_tick *records;        /* (room) */
    int64_t room;            /* records that the file has bytes for: `capacity` unless it was cut off */
    int64_t first, capacity, block_count;
    uint64_t seed;
} qni_segment;

/* Offset of a segment's first record, and the size of its file, in bytes. 1 <= capacity <= QNI_JOURNAL_SEGMENT_MOST. */
int64_t qni_segment_offset(int64_t capacity);
int64_t qni_segment_size(int64_t capacity);

/* Writes a head with `written` 0 at `bytes`, of a file of qni_segment_size. The seed is new each time. */
void qni_segment_head_make(void *bytes, int64_t first, int64_t capacity);

/* Understands `size` bytes as the segment that begins with record `first`; `file` for messages. The bytes are borrowed;
 * out->lock -1. Errors: QN_DATA (no segment, damaged head, another version, another segment). */
QN_MUST_USE qn_status qni_segment_look(qni_segment *out, void *bytes, int64_t size, int64_t first, const char *file,
                                       qn_error *err);

/* Maps the file `path` for reading, and holds a shared lock on it. Errors: QN_NO_INPUT (there is none, or it is being
 * made into another), those of looking. */
QN_MUST_USE qn_status qni_segment_open(qni_segment *out, const char *path, int64_t first, qn_error *err);
void qni_segment_close(qni_segment *segment); /* all zero with lock -1, as qni_segment_none, is fine */
qni_segment qni_segment_none(void);

/* How many records are counted as written, 0 … capacity; -1: the count itself is damaged. */
int64_t qni_segment_written(const qni_segment *segment);

/* The first index in [from, to), to <= room, whose record is not whole; `to`: none. *symbol becomes the greatest symbol
 * of those before it, where it is greater (as unsigned; a damaged one is beyond all). */
int64_t qni_segment_whole(const qni_segment *segment, int64_t from, int64_t to, uint32_t *symbol);

/* How many records it has, first to last whole or damaged: those written, and whole ones directly behind them. */
int64_t qni_segment_end(const qni_segment *segment);

/* Blocks of `count` records that are complete: that have an entry in the index of times. */
int64_t qni_segment_blocks(const qni_segment *segment, int64_t count);
bool qni_segment_time_get(const qni_segment *segment, int64_t block, int64_t *latest_ns); /* false: damaged */
void qni_segment_time_set(const qni_segment *segment, int64_t block, int64_t latest_ns);

/* The index of the first of `count` records with a time of time_ns or later; `count`: none has. */
int64_t qni_segment_find_time(const qni_segment *segment, int64_t count, int64_t time_ns);

/* An error about damage: sequence and offset of the record `index`. */
qn_status qni_segment_damaged(const qni_segment *segment, int64_t index, const char *file, qn_error *err);

/* ---- the folder ---- */

/* A path with room for the names of a folder's files. */
typedef struct qni_journal_path {
    char *text; /* (size) */
    int64_t folder_size, size;
} qni_journal_path;

QN_MUST_USE qn_status qni_journal_path_init(qni_journal_path *out, const char *folder, const qn_allocator *allocator,
                                            qn_error *err);
void qni_journal_path_free(qni_journal_path *path, const qn_allocator *allocator);
/* The path of a file, and of the segment that begins with `first`; the folder's own. Borrowed until the next call. */
const char *qni_journal_file(const qni_journal_path *path, const char *name);
const char *qni_journal_segment(const qni_journal_path *path, int64_t first);
const char *qni_journal_folder(const qni_journal_path *path);

/* The first record of a segment, by its name; -1: the name is none. */
int64_t qni_journal_first_of(const char *name);

/* What segments there are by their names; -1: none such. */
typedef struct qni_journal_names {
    int64_t count, bytes;    /* bytes: of all files */
    int64_t lowest, highest; /* first records */
    int64_t upto, above;     /* the highest that is <= at, the lowest that is > at */
    int64_t at;
    bool journal; /* any file of a journal is there */
    const qni_journal_path *path;
} qni_journal_names;

/* Errors: those of qni_file_each. */
QN_MUST_USE qn_status qni_journal_look(qni_journal_names *out, const qni_journal_path *path, int64_t at, qn_error *err);

/* ---- names of symbols ---- */

typedef struct qni_journal_symbol {
    uint32_t number;
    uint16_t version, name_size;
    char name[QN_SYMBOL_NAME_MAX + 1];
    uint64_t spare[2];
    uint64_t checksum; /* of what stands before it; written last */
} qni_journal_symbol;
_Static_assert(sizeof(qni_journal_symbol) == 64, "an entry has 64 bytes");

/* The entries of a file of symbols. */
typedef struct qni_journal_entries {
    qni_journal_symbol *map; /* (room) NULL: none */
    int64_t size;            /* of the mapping */
    int64_t room;
} qni_journal_entries;

/* What is wrong with an entry. */
typedef enum qni_entry {
    QNI_ENTRY_WHOLE,
    QNI_ENTRY_NONE, /* all zero, or torn while it was written */
    QNI_ENTRY_DAMAGED,
    QNI_ENTRY_VERSION,
} qni_entry;
qni_entry qni_journal_entry(const qni_journal_entries *entries, int64_t number);

/* Maps what there is, for reading; no file is no entries. */
QN_MUST_USE qn_status qni_journal_entries_open(qni_journal_entries *out, const char *path, qn_error *err);
/* Maps it for writing with room for `room` of them, more than there are. Errors: those of qni_folder_map. */
QN_MUST_USE qn_status qni_journal_entries_write(qni_journal_entries *out, const char *path, int64_t room,
                                                qn_error *err);
void qni_journal_entries_close(qni_journal_entries *entries);

/* How many entries are whole, from the first on. *damaged: of those behind them, the last that is not QNI_ENTRY_NONE,
 * -1 for none. */
int64_t qni_journal_entries_count(const qni_journal_entries *entries, int64_t *damaged);
/* Writes the entry of a number. */
void qni_journal_entries_set(const qni_journal_entries *entries, int64_t number, const char *name);
/* Adds the entries [from, to) to a table whose count is `from`. Errors: QN_DATA (a name twice, or none), QN_LIMIT. */
QN_MUST_USE qn_status qni_journal_entries_add(qn_symbols *symbols, const qni_journal_entries *entries, int64_t from,
                                              int64_t to, const char *path, qn_error *err);

/* ---- the writer ---- */

struct qn_journal {
    const qn_allocator *allocator;
    const qn_symbols *theirs; /* the caller's */
    qni_journal_path path;
    int lock; /* -1: none */
    qn_journal_options options;
    qn_journal_recovery recovery;
    int64_t next;        /* sequence */
    qni_segment segment; /* the last one; none: there is no room in it, or there is none */
    int64_t count;       /* records in it */
    int64_t latest_ns;   /* of its records */
    int64_t oldest, segment_count;
    qni_segment *kept; /* (kept_capacity) a ring: full segments that are still mapped, oldest first; NULL: none are */
    int64_t kept_capacity, kept_first, kept_count;
    int64_t unsynced; /* segments that begin with this record or later are not synced; -1: all are */
    bool symbols_unsynced;
    qni_journal_entries entries;
    qn_symbols *symbols; /* of the journal */
    int32_t *map;        /* (map_count) a number of theirs to one of the journal's; -1: not known */
    int64_t map_count;
};

/* Makes journal->segment the one that begins with journal->next. Errors: QN_IO. */
QN_MUST_USE qn_status qni_journal_roll(qn_journal *journal, qn_error *err);

/* Makes the segment that begins with record `first`, of `capacity` records, by the name `spare`, and names it. Errors:
 * QN_IO. */
QN_MUST_USE qn_status qni_journal_make(qni_segment *out, const qni_journal_path *path, int64_t first, int64_t capacity,
                                       qn_error *err);

/* Maps the segment that begins with `first` for writing, at its whole size. Errors: QN_DATA, QN_IO. */
QN_MUST_USE qn_status qni_journal_map(qni_segment *out, const qni_journal_path *path, int64_t first, qn_error *err);

/* Leaves `count` records in a segment that is mapped for writing: what could be taken for more is wiped, and the index
 * of times holds afterwards. *latest_ns is that of these records, INT64_MIN of none. */
void qni_journal_keep(const qni_segment *segment, int64_t count, int64_t *latest_ns);

/* ---- a reader ---- */

/* What comes to the journal from now on is behind the end of the reader's range. Errors: as qn_journal_read. */
QN_MUST_USE qn_status qni_journal_reader_bound(qn_journal_reader *reader, qn_error *err);

/* ---- checksums ---- */

static inline uint64_t qni_journal_fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Of a record's first 60 bytes, as words (the last one has the order alone): never 0. Each pair of words is multiplied
 * to 128 bits whose halves are folded, with the first bits of pi's fraction, and then the pairs: 3.5 ns, which CRC32C
 * by the processor's instructions takes as well. */
static inline uint32_t qni_journal_sum(const uint64_t w[8], uint64_t seed)
{
    uint64_t a = qni_journal_fold(w[0] ^ seed ^ 0x243F6A8885A308D3u, w[1] ^ 0x13198A2E03707344u);
    uint64_t b = qni_journal_fold(w[2] ^ 0xA4093822299F31D0u, w[3] ^ 0x082EFA98EC4E6C89u);
    uint64_t c = qni_journal_fold(w[4] ^ 0x452821E638D01377u, w[5] ^ 0xBE5466CF34E90C6Cu);
    uint64_t d = qni_journal_fold(w[6] ^ 0xC0AC29B7C97C50DDu, (w[7] & UINT32_MAX) ^ 0x3F84D5B5B5470917u);
    uint64_t sum = qni_journal_fold(a ^ c ^ seed, b ^ d ^ 0x9216D5D98979FB1Bu);
    uint32_t folded = (uint32_t)(sum ^ sum >> 32);
    return folded != 0 ? folded : 1;
}

#endif
