/* quern/journal.h: records kept in files that only grow: appended through memory, found by sequence and by time, read
 * in place, whole again after a crash.
 *
 * Caveats first:
 *  - What append has returned for survives the end of the process, by any means. What a crash of the machine loses is
 *    bounded by qn_journal_sync.
 *  - One writes, any number read, also while it writes, in other processes too. A journal lies on a disk of this
 *    machine (a shared mapping is not coherent over a network), and nothing else changes its files while they are open:
 *    what cuts one off kills the process that looks.
 *  - Checksums are against accidents. Who means harm makes records that are taken for whole; reading them stays within
 *    the files.
 *  - With max_segments the oldest records go as new ones come. Segments that somebody reads are never overwritten.
 *  - A journal, and a reader, belong to one thread at a time; different ones may be used at once by any threads.
 *
 * docs/journal.md has the files, byte for byte. */
#ifndef QUERN_JOURNAL_H
#define QUERN_JOURNAL_H

#include <quern/stream.h>

QN_BEGIN_DECLS

/* ---- writing ---- */

/* A journal that is written to. */
typedef struct qn_journal qn_journal;

/* 0 is the default of every field. */
typedef struct qn_journal_options {
    int64_t size;            /* of this struct, for later versions */
    int64_t segment_records; /* records of a new segment, 64 … 2^26; 0: 2^20 (64 MiB) */
    int64_t max_segments;    /* of more, the oldest becomes the newest: a ring on disk; 0: all are kept; at least 2 */
    const qn_allocator *allocator; /* NULL: the default; borrowed */
} qn_journal_options;

/* Options with every field at its default; `size` is sizeof *out as the caller knows it. Any thread. */
QN_API void qn_journal_options_init(qn_journal_options *out, int64_t size);

/* What opening for writing found at the end. */
typedef struct qn_journal_recovery {
    int64_t size;    /* of this struct: set it before the call */
    int64_t records; /* records that the journal had, all of them whole */
    int64_t cut;     /* records that were counted as written and are not whole: cut from the tail. After the end of a
                      * process 0; after a crash of the machine, what was not synced */
} qn_journal_recovery;

/* Opens `folder` for writing, made where it is not, and takes its lock. `symbols` (borrowed, outlives the journal)
 * names the numbers that records will have; numbers in the files are the journal's own. The last segment is read whole:
 * a torn tail is cut. All memory is taken here. Errors: QN_BUSY (another one writes), QN_DATA (damaged other than at
 * the tail, of another version), QN_CREATE, QN_PERMISSION, QN_IO (native ENOSPC: the disk is full), QN_INVALID,
 * QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_journal_open(qn_journal **out, const char *folder, const qn_symbols *symbols,
                                             const qn_journal_options *options, qn_error *err);

/* What opening this journal found. */
QN_API void qn_journal_get_recovery(const qn_journal *journal, qn_journal_recovery *out);

/* Copies `count` records behind the last; their `sequence` and `checksum` are not looked at, and are set in the
 * files. After a failure qn_journal_next says how far it came; what was written before stays, and the call may be
 * tried again. Errors: QN_INVALID (a symbol that is not in the table), QN_LIMIT (more symbols than a journal has room
 * for), QN_IO (native ENOSPC: no room for another segment), QN_NOMEM (of the system: it is not mapped). Allocates
 * nothing. */
QN_API QN_MUST_USE qn_status qn_journal_append(qn_journal *journal, const qn_tick *records, int64_t count,
                                               qn_error *err);

/* The sequence that the next record will have: 0 in a new journal. */
QN_API int64_t qn_journal_next(const qn_journal *journal);

/* Returns when all that was appended, also by who wrote before, is on the disk, as far as the system knows. Takes
 * milliseconds. Errors: QN_IO. */
QN_API QN_MUST_USE qn_status qn_journal_sync(qn_journal *journal, qn_error *err);

/* Gives the lock back and frees. Syncs nothing. NULL is fine. */
QN_API void qn_journal_close(qn_journal *journal);

/* ---- reading ---- */

/* Who reads a journal: a place in it, and the segment there, mapped. */
typedef struct qn_journal_reader qn_journal_reader;

/* Opens `folder` for reading, from its first record to what is there when it is read. Errors: QN_NO_INPUT (no such
 * folder, or no journal in it), QN_DATA (damaged, of another version), QN_PERMISSION, QN_IO, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_journal_reader_open(qn_journal_reader **out, const char *folder,
                                                    const qn_allocator *allocator, qn_error *err);

/* Names of the journal's numbers; borrowed as long as the reader. Grows as records with new ones are read. */
QN_API const qn_symbols *qn_journal_reader_symbols(const qn_journal_reader *reader);

/* Reads from record `from` to record `to`, both included; -1: the first there is, and no end. Errors: QN_INVALID (a
 * range that is none), QN_NO_INPUT (`from` is before the first record that is kept). */
QN_API QN_MUST_USE qn_status qn_journal_reader_seek(qn_journal_reader *reader, int64_t from, int64_t to, qn_error *err);

/* Gives records in place, *out (count) in order, at most `max` of them: every one is whole, has its place as its
 * sequence and a symbol of the reader's table. Borrowed until the next call on the reader. *count 0 with QN_OK: the end
 * as it is now; asked again, there may be more. Allocates nothing. Errors: QN_DATA (a record or a segment is damaged or
 * missing: names file, sequence and offset; all before it were given), QN_NO_INPUT (the records were given up for newer
 * ones meanwhile), QN_BUSY (a writer stands still, for a second, while it makes a segment), QN_IO. */
QN_API QN_MUST_USE qn_status qn_journal_read(const qn_tick **out, int64_t *count, qn_journal_reader *reader,
                                             int64_t max, qn_error *err);

/* The first record with an event time of `time_ns` or later, also where times go back and forth; where there is none,
 * the sequence after the last record. Looks into an index of times, and at most at 4096 records. Leaves the reader at
 * its place. Errors: as qn_journal_read. */
QN_API QN_MUST_USE qn_status qn_journal_find_time(int64_t *out, qn_journal_reader *reader, int64_t time_ns,
                                                  qn_error *err);

/* What a journal has. */
typedef struct qn_journal_info {
    int64_t size;              /* of this struct: set it before the call */
    int64_t records;           /* that are kept */
    int64_t first, next;       /* the sequence of the first of them, and of what will come after the last */
    int64_t first_ns, last_ns; /* event times of the first and the last; 0 where there are none */
    int64_t segments, bytes;   /* of all its files */
    int64_t segment_records;   /* of the last segment; 0: there is none */
    int64_t symbols;           /* names */
} qn_journal_info;

/* Looks at the segments' heads and the last records, not at all: that is qn_journal_verify. Errors: as
 * qn_journal_read. */
QN_API QN_MUST_USE qn_status qn_journal_get_info(qn_journal_reader *reader, qn_journal_info *out, qn_error *err);

QN_API void qn_journal_reader_close(qn_journal_reader *reader); /* NULL is fine */

/* ---- damage ---- */

/* One run of records, or of names, that is damaged. */
typedef struct qn_journal_damage {
    const char *file;     /* its name in the folder */
    int64_t offset;       /* bytes in the file; -1: all of it */
    int64_t first, count; /* records that cannot be read; of the file of symbols, numbers of names */
    const char *what;     /* "damaged", "missing"; a static string or borrowed for the call */
} qn_journal_damage;

/* What qn_journal_verify found. */
typedef struct qn_journal_report {
    int64_t size;        /* of this struct: set it before the call */
    int64_t records;     /* that are whole */
    int64_t damaged;     /* records that are damaged or missing */
    int64_t whole_until; /* the first of them; where there are none, the sequence after the last record */
    int64_t lost_behind; /* records behind that one that are whole */
    int64_t files;       /* files with damage */
    int64_t times;       /* entries of the index of times that do not hold */
} qn_journal_report;

/* Reads everything in a folder, and calls each(user, …) (NULL: none) for what is damaged, in order. A journal that is
 * written meanwhile is read up to where it is. QN_OK also where there is damage: *out says so. Errors: QN_NO_INPUT,
 * QN_PERMISSION, QN_IO, QN_NOMEM. */
QN_API QN_MUST_USE qn_status qn_journal_verify(qn_journal_report *out, const char *folder,
                                               void (*each)(void *user, const qn_journal_damage *damage), void *user,
                                               const qn_allocator *allocator, qn_error *err);

/* What qn_journal_cut took away. */
typedef struct qn_journal_cut_result {
    int64_t size;    /* of this struct: set it before the call */
    int64_t next;    /* the sequence of the next record from now on */
    int64_t lost;    /* whole records that are gone */
    int64_t damaged; /* damaged or missing ones that are */
    int64_t files;   /* files that were removed; one whose head is damaged is set aside as NAME.damaged */
} qn_journal_cut_result;

/* Takes away all records of the journal in `folder` behind record `after`; -1: from the first damaged one on. Nobody
 * may read meanwhile. Errors: QN_BUSY (somebody writes), QN_DATA (`after` is -1, and whole records lie behind the
 * damage: only with `lose` are they given up), QN_INVALID (`after` is no record of it, or lies behind damage), those of
 * verify. */
QN_API QN_MUST_USE qn_status qn_journal_cut(qn_journal_cut_result *out, const char *folder, int64_t after, bool lose,
                                            const qn_allocator *allocator, qn_error *err);

/* ---- beside a stream ---- */

/* Makes a source of records `from` to `to` (as qn_journal_reader_seek) of `folder`. Symbols are those of `symbols`
 * (borrowed, outlives the source), to which new names are added. Ends at the journal's end as it is now: what is
 * appended meanwhile, also by this stream, does not go through. Errors: those of opening and seeking; of reading, those
 * of qn_journal_read, qn_symbols_add. */
QN_API QN_MUST_USE qn_status qn_journal_source(qn_stream_source *out, const char *folder, int64_t from, int64_t to,
                                               qn_symbols *symbols, const qn_allocator *allocator, qn_error *err);

/* Makes a sink that appends to `folder` what went through, and syncs at the end. `symbols` (borrowed, outlives the
 * sink) are the stream's. Errors: those of qn_journal_open; of writing, those of qn_journal_append. */
QN_API QN_MUST_USE qn_status qn_journal_sink(qn_stream_sink *out, const char *folder, const qn_symbols *symbols,
                                             const qn_journal_options *options, qn_error *err);

QN_END_DECLS
#endif
