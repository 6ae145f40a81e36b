/* store/cache_disk_int.h: what the files of the disk tier share.
 *
 *    cache_disk.c          opening, closing, getting, looking
 *    cache_disk_open.c     whose folder it is, what it holds, what is left over in it
 *    cache_disk_index.c    the index's connections; calls on them
 *    cache_disk_build.c    an index made, or made anew and the damaged one set aside
 *    cache_disk_write.c    a transaction from its beginning to its end; entries in and out, what has to go
 *    cache_disk_change.c   putting and removing; what other processes did
 *    cache_disk_file.c     values in files of their own
 *    cache_disk_window.c   records that were got lately, in memory that processes share
 *    cache_disk_map.c      files that were got lately, mapped
 *    cache_disk_verify.c   reading everything
 *
 * The folder: `lock` (one opens or builds at a time; it says whose folder this is), `generation` (words in memory that
 * all processes see), `window` (records that were got lately), index.db (`entries`: small records, `ledger`: what
 * else is known of each; after it was built anew index-1.db, index-2.db …, the highest counts), values/HH/NAME-NUMBER
 * (large records), values/moving/ (those that come or go just now).
 *
 * Always: a file in values/HH is one that the last committed index knows; a file that comes is written to values/moving
 * and goes to its place after the commit, one that goes is moved there before the commit and dropped after it. So
 * whatever ends a process, what is left over lies in values/moving, and an index that is built anew from values/HH
 * brings nothing back that was removed. Of damaged indexes the last one is kept (index.db.damaged-TIME-NUMBER). A
 * removal is told to others by the table `changes` and the generation. */
#ifndef QNI_STORE_CACHE_DISK_INT_H
#define QNI_STORE_CACHE_DISK_INT_H

#include "store/cache_int.h"
#include "store/front_int.h"

#include <quern/dbpool.h>

/* In the file `generation`. Any content is good: only changes mean something. */
typedef struct qni_disk_words {
    _Atomic uint64_t epoch;      /* the index's number */
    _Atomic uint64_t generation; /* commits, counted after each */
    _Atomic uint64_t writing;    /* whose commit is under way, or was when its process ended; 0: none is */
    _Atomic uint64_t era;        /* of the window: odd while all that is in it is changed; any process can do that */
    _Atomic uint64_t window;     /* the window's identity; 0: there is none */
    uint64_t spare[3];
} qni_disk_words;

/* The file `window`, mapped. */
typedef struct qni_disk_window {
    void *map; /* (size) NULL: none */
    int64_t size;
    uint64_t identity, sets;
    uint64_t ring_size;    /* bytes */
    _Atomic uint32_t turn; /* whether what is in use goes for a new record */
} qni_disk_window;

typedef struct qni_disk_maps qni_disk_maps;

/* An index's connections. */
typedef struct qni_disk_index {
    qn_dbpool *pool;
    uint64_t epoch, generation; /* when they were made */
    bool frozen;                /* they see what was there then */
    int64_t users;              /* with the tier's lock; the last one of an index that was replaced frees it */
} qni_disk_index;

struct qni_disk_tier {
    const qn_allocator *allocator;
    const qni_cache_time *time;
    char *folder; /* (folder_size) */
    int64_t folder_size, bytes;
    bool read_only;
    uint64_t who; /* not 0 */
    qni_disk_words *words;
    uint64_t words_identity; /* of their file */
    qni_disk_window window;
    qni_disk_maps *maps;
    qni_lock lock;                 /* index */
    qni_disk_index *index;         /* NULL: to be opened */
    qni_lock opening;              /* who opens another index */
    qni_lock writing;              /* who writes, of this process */
    qni_lock telling;              /* who hands out changes; last_change */
    int64_t last_change;           /* the last one that was handed out */
    _Atomic uint64_t change_epoch; /* and of which index */
    _Atomic uint64_t seen;         /* the generation up to which they were */
    /* Names, in rings, 0: none. Relaxed: they carry nothing but themselves. */
    _Atomic uint64_t used[QNI_DISK_NOTES], ended[QNI_DISK_ENDED];
    _Atomic uint32_t used_count, ended_count;
    _Atomic int64_t entries, bytes_held; /* as last seen */
    _Atomic int64_t evicted, expired, rebuilt, damaged;
    _Atomic bool leftovers; /* files lie in values/moving that the next transaction is to settle */
};

typedef struct qni_disk_change qni_disk_change;

typedef struct qni_disk_name {
    char text[64];
} qni_disk_name;

typedef struct qni_disk_path {
    char text[QNI_DISK_PATH_SIZE];
} qni_disk_path;

/* ---- cache_disk_open.c ---- */

/* The folder made, looked at and locked; the words mapped; the index opened, and built where there is none or it is
 * damaged. Errors: those of qn_cache_open. */
qn_status qni_disk_open_folder(qni_disk_tier *tier, qn_error *err);

/* Brings files that a process left on their way, as it ended, where they belong. And a transaction's first step where
 * any are: nobody who lives is between its beginning and its commit then, and it has moved none itself. */
qn_status qni_disk_settle_leftovers(qni_disk_tier *tier, qn_error *err);
qn_status qni_disk_settle_moving(qni_disk_change *change, qn_error *err);

/* ---- cache_disk_build.c ---- */

typedef struct qni_disk_listing {
    bool any; /* an index is there */
    uint64_t newest;
    bool others; /* what is none of a cache's, or not by itself */
} qni_disk_listing;

qn_status qni_disk_list(qni_disk_listing *out, const qni_disk_tier *tier, qn_error *err);
qn_status qni_disk_lock(int *fd, const qni_disk_tier *tier, qn_error *err);

/* With the lock: an index of that number with all that values/ holds, which is then the one in use; the same in place
 * of the damaged one of a number; and one that is no longer used out of the way. */
qn_status qni_disk_build(qni_disk_tier *tier, uint64_t epoch, qn_error *err);
qn_status qni_disk_build_in_place(qni_disk_tier *tier, uint64_t damaged, qn_error *err);
void qni_disk_set_aside(qni_disk_tier *tier, uint64_t epoch);

/* Deletes all values and the index, and makes an empty one; takes the lock itself. For a full disk, where not even that
 * entries are gone can be written. Errors: QN_BUSY, QN_IO (a folder cannot be read). */
qn_status qni_disk_start_over(int64_t *removed, qni_disk_tier *tier, qn_error *err);

/* ---- cache_disk_index.c ---- */

/* A file name, and paths: of "NAME" in the folder, of the index with that number and a suffix. */
qni_disk_name qni_disk_index_name(uint64_t epoch);
qni_disk_path qni_disk_path_of(const qni_disk_tier *tier, const char *name);
qni_disk_path qni_disk_index_path(const qni_disk_tier *tier, uint64_t epoch, const char *suffix);

/* "sqlite:" and the path, with what means something in a URL written as %XX, and the options; a block of *room bytes;
 * NULL: no memory. */
char *qni_disk_url(int64_t *room, const qni_disk_tier *tier, const char *path, const char *options);

void qni_disk_close_index(qni_disk_tier *tier);

/* Whether the folder is still the one that was opened, for who writes: another's processes see other words. Errors:
 * QN_IO (it is not). */
qn_status qni_disk_check_folder(const qni_disk_tier *tier, qn_error *err);

/* Runs body(user) with a connection to the index. Where the index turns out to be damaged it is built anew, where
 * another process has replaced it that one is opened, and body runs again; also after it has come to its end, where it
 * writes: then *writing is the index's number before each run; else `writing` is NULL. Errors: those of body, QN_IO,
 * QN_BUSY, QN_NOMEM. */
qn_status qni_disk_run(qni_disk_tier *tier,
                       qn_status (*body)(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err), void *user,
                       uint64_t *writing, qn_error *err);
/* The same, once; *epoch: the index it ran on. And whether what went wrong then means that this is damaged. */
qn_status qni_disk_try(uint64_t *epoch, qni_disk_tier *tier,
                       qn_status (*body)(void *user, qni_disk_tier *tier, qn_db *db, qn_error *err), void *user,
                       qn_error *err);
bool qni_disk_means_damage(const qni_disk_tier *tier, uint64_t epoch, const qn_error *why);

/* Builds the index anew from the values, whatever it is like. */
qn_status qni_disk_rebuild(qni_disk_tier *tier, qn_error *err);

/* The first row that a text gives; *out NULL: none. To be ended by qni_db_finish. */
qn_status qni_disk_row(qni_statement **out, qn_db *db, const char *sql, const qn_value *params, int64_t count,
                       qn_error *err);
qn_status qni_disk_next(bool *more, qni_statement *statement, qn_error *err);
int64_t qni_disk_i64(qni_statement *statement, int64_t column);
/* Four columns from `column` on: ttl, ends_boot, ends_wall, boot. */
qni_deadline qni_disk_deadline(qni_statement *statement, int64_t column);

/* ---- cache_disk_file.c ---- */

typedef struct qni_disk_file {
    uint64_t name;
    int64_t number;
    bool comes; /* else it goes */
} qni_disk_file;

qni_disk_path qni_disk_file_path(const qni_disk_tier *tier, const qni_disk_file *file, bool moving);
bool qni_disk_file_parse(qni_disk_file *out, const char *text);
/* The file's record in a block; out->bytes NULL: it is gone (out->size -1), or cannot be a record (0). */
qn_status qni_disk_file_read(qni_record *out, const qni_disk_tier *tier, const qni_disk_file *file, qn_error *err);
void qni_disk_file_settle(const qni_disk_tier *tier, const qni_disk_file *file, bool committed);

/* Calls each(user, file) for every file in values/HH, or in values/moving; names that are none of ours are shown to
 * `stranger` (may be NULL). */
typedef struct qni_disk_walk {
    qn_status (*each)(void *user, const qni_disk_file *file, qn_error *err);
    qn_status (*stranger)(void *user, const char *path, qn_error *err);
    void *user;
} qni_disk_walk;
qn_status qni_disk_walk_values(const qni_disk_tier *tier, const qni_disk_walk *walk, qn_error *err);
qn_status qni_disk_walk_moving(const qni_disk_tier *tier, const qni_disk_walk *walk, qn_error *err);

/* ---- cache_disk_write.c ---- */

/* A stamp of the window that a transaction has changed. */
typedef struct qni_disk_stamp {
    _Atomic uint64_t *at;
    uint64_t mine;
} qni_disk_stamp;

/* A transaction. */
struct qni_disk_change {
    qni_disk_tier *tier;
    qn_db *db;
    int64_t entries, bytes; /* as the transaction leaves them */
    int64_t probation;      /* bytes on probation; of these, put by the transaction itself */
    int64_t probation_new;
    int64_t turn, seq; /* the last ones given */
    int64_t turn_before;
    qni_disk_file *files;
    int64_t file_count, file_capacity;
    qni_disk_stamp *stamps; /* (stamp_count) of the window, to be ended */
    int64_t stamp_count, stamp_capacity;
    bool window_done; /* all of the window is begun, or nothing need be */
    uint64_t epoch;   /* of the index */
    int64_t evicted, expired;
};

/* Begins, runs body(user, change) (NULL: nothing more), evicts and commits; tells others and moves files. */
qn_status qni_disk_transact(qni_disk_tier *tier, qn_status (*body)(void *user, qni_disk_change *change, qn_error *err),
                            void *user, qn_error *err);
/* The same within an index that is just being built: nobody is told. */
qn_status qni_disk_fill(qni_disk_tier *tier, qn_db *db,
                        qn_status (*body)(void *user, qni_disk_change *change, qn_error *err), void *user,
                        qn_error *err);

/* What the ledger says of an entry. */
typedef struct qni_disk_known_row {
    bool there;
    int64_t size, kept, turn, file, depends;
} qni_disk_known_row;
qn_status qni_disk_known(qni_disk_known_row *out, qni_disk_change *change, uint64_t name, qn_error *err);

/* An entry in place of what is there. file_number 0: its record goes into the index; -1: into a new file; else it is in
 * that one. */
qn_status qni_disk_insert(qni_disk_change *change, const qni_record_view *view, const qni_record *record, uint64_t name,
                          int64_t file_number, qn_error *err);
/* *removed counts up where the entry was there. */
qn_status qni_disk_drop(int64_t *removed, qni_disk_change *change, uint64_t name, qn_error *err);
qn_status qni_disk_drop_dependents(int64_t *removed, qni_disk_change *change, uint64_t name, qn_error *err);
qn_status qni_disk_drop_all(int64_t *removed, qni_disk_change *change, qn_error *err);
/* Notes a change for others: a qni_change_kind but PREFIX, for which it is QNI_DISK_TELL_PREFIX: the number 3 is NAME
 * and DEPENDENTS at once. */
enum {
    QNI_DISK_TELL_PREFIX = 8
};
qn_status qni_disk_tell(qni_disk_change *change, int64_t kind, uint64_t name, const void *prefix, int64_t prefix_size,
                        qn_error *err);

/* Bits in the ledger's column `flags`. */
enum {
    QNI_DISK_ABSENT = 1,
    QNI_DISK_SEALED = 2
};

/* A name that was got, or found to have ended. */
void qni_disk_note_used(qni_disk_tier *tier, uint64_t name);
void qni_disk_note_ended(qni_disk_tier *tier, uint64_t name);

/* ---- cache_disk_window.c ---- */

/* As it was before a record was looked for. */
typedef struct qni_disk_mark {
    uint64_t era, epoch, stamp;
} qni_disk_mark;

/* With the folder's lock and the words mapped. */
void qni_disk_window_open(qni_disk_tier *tier);
void qni_disk_window_close(qni_disk_tier *tier);
/* True: a record whose checksum fits, whatever its key, in a new block. And the number of the file in which
 * the record is; 0: nothing is known. Else it is looked for in the index, and put here with the mark from before. */
qni_disk_mark qni_disk_window_mark(const qni_disk_tier *tier, uint64_t name);
bool qni_disk_window_get(qni_record *out, const qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark);
int64_t qni_disk_window_file(const qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark);
void qni_disk_window_fill(qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark, const qni_record *record);
void qni_disk_window_fill_file(qni_disk_tier *tier, uint64_t name, const qni_disk_mark *mark, int64_t number);
/* Before a commit that changes the entry of a name, or all; and after it, or after it was rolled back. */
qn_status qni_disk_window_begin(qni_disk_change *change, uint64_t name, qn_error *err);
qn_status qni_disk_window_begin_all(qni_disk_change *change, qn_error *err);
void qni_disk_window_end(qni_disk_change *change);
/* Inside a transaction that has begun nothing yet: what those who were killed have not ended, of a name or of all. */
void qni_disk_window_mend(const qni_disk_change *change, uint64_t name);
void qni_disk_window_mend_all(const qni_disk_change *change);
bool qni_disk_window_is_shut(const qni_disk_tier *tier); /* until the next transaction */

/* ---- cache_disk_map.c ---- */

/* NULL: no memory. `bytes`: the tier's. */
qni_disk_maps *qni_disk_maps_new(int64_t bytes, const qn_allocator *allocator);
void qni_disk_maps_free(qni_disk_tier *tier);
/* The record in a file that is mapped, whatever its key; `epoch`: of an index that says so, from before it was asked.
 * And one that is mapped now; out->bytes NULL: it is to be read. Errors: QN_NOMEM. */
bool qni_disk_map_find(qni_record *out, qni_record_view *view, const qni_disk_tier *tier, const qni_disk_file *file,
                       uint64_t epoch);
qn_status qni_disk_map_make(qni_record *out, qni_record_view *view, const qni_disk_tier *tier,
                            const qni_disk_file *file, uint64_t epoch, qn_error *err);
/* So that what was removed takes no room on the disk. */
void qni_disk_map_forget(const qni_disk_tier *tier, uint64_t name);
void qni_disk_map_forget_all(const qni_disk_tier *tier);

/* ---- cache_disk_change.c ---- */

/* What others did before now is no news. */
qn_status qni_disk_start_changes(qni_disk_tier *tier, qn_error *err);

/* ---- cache_disk.c ---- */

typedef enum qni_disk_state {
    QNI_DISK_NONE = 0,
    QNI_DISK_WHOLE = 1,
    QNI_DISK_DAMAGED = 2,
    QNI_DISK_MISSING = 3, /* its file is */
} qni_disk_state;

/* The record of a name, whatever its key; in `out` only where it is whole. */
qn_status qni_disk_fetch(qni_disk_state *state, qni_record *out, qni_record_view *view, qni_disk_tier *tier, qn_db *db,
                         uint64_t name, qn_error *err);

#endif
