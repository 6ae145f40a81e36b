/* array/limits.h: the limits and tunables of this folder, each with its reason. */
#ifndef QNI_ARRAY_LIMITS_H
#define QNI_ARRAY_LIMITS_H

/* The first bytes of a gzip file: its mark, and the only method there is (RFC 1952). */
#define QNI_GZIP_MAGIC "\x1F\x8B\x08"

enum {
    /* Bytes a CSV reader holds at a time: fits a second-level cache beside the columns being written. */
    QNI_CSV_CHUNK = 256 << 10,
    /* Zero bytes after the text in the buffer, so that 16-byte loads may run over its end. */
    QNI_CSV_PADDING = 64,
    /* The longest record: an unclosed quote must not swallow the memory of the machine; a million columns of 20 bytes
     * are 20 MiB. */
    QNI_CSV_RECORD_LIMIT = 256 << 20,
    /* Four times the largest file we promise to read; beyond it the names alone take gigabytes. */
    QNI_CSV_COLUMN_LIMIT = 1 << 22,
    /* Types are inferred from the rows that begin within so many bytes, and at most so many: a few milliseconds. */
    QNI_CSV_SAMPLE_BYTES = 1 << 20,
    QNI_CSV_SAMPLE_ROWS = 10000,
    /* The delimiter is judged by so many records: enough to outvote a title line or a ragged one. */
    QNI_CSV_DETECT_RECORDS = 32,
    QNI_CSV_DETECT_BYTES = 64 << 10,
    /* Bytes in which another kind of file is known, and a byte order mark. */
    QNI_CSV_MARK_BYTES = 10,
    /* Bytes of a cell or name shown in a message: the sentence must stay one. */
    QNI_CSV_SHOWN_BYTES = 40,
    /* Compressed bytes read at a time: they stay in the first two levels of cache with what they become. */
    QNI_GZIP_BUFFER = 32 << 10,
    /* Bytes inflated in one step: zlib counts in 32 bits. */
    QNI_GZIP_STEP = 1 << 30,
    /* Bytes of the header of a .npy file: eight axes and a type take two hundred; NumPy itself reads 10000. */
    QNI_NPY_HEADER_LIMIT = 64 << 10,
    /* Bytes of an input of unknown size for which there is room first: a header may promise anything. */
    QNI_INPUT_FIRST_BYTES = 1 << 20,
    /* Members of an archive of arrays, where the caller sets no limit: each holds some hundred bytes beside its own. */
    QNI_NPZ_MEMBERS = 4096,
    /* What the members of a small archive may make of themselves, where the caller sets no limit: an honest one seldom
     * unpacks to four times its size, and a hostile one to a thousand times. */
    QNI_NPZ_BYTES = 1 << 30,
    QNI_NPZ_RATIO = 4,
    /* Bytes of a member's name: a path as long as any that a person writes. */
    QNI_NPZ_NAME_LIMIT = 1024,
    /* Bytes that are gathered before they are digested: some tens of calls of the hash for each copy into it, and
     * small enough for a stack. */
    QNI_DIGEST_CHUNK = 4 << 10,
    /* Bytes of memory for a value that is decoded, where the caller sets no limit: as much as an archive unpacks to. */
    QNI_DATUM_BYTES = QNI_NPZ_BYTES,
    /* Slots that a column's strings are first looked up in: dictionaries start small, and the table doubles. */
    QNI_STRINGS_SLOTS = 16,
    /* Rows that a read makes room for first: between these, so that a million columns stay small. */
    QNI_TABLE_FEWEST_ROWS = 8,
    QNI_TABLE_FIRST_ROWS = 1024,
    QNI_TABLE_FIRST_BYTES = 4 << 20,
    /* Blocks of a workspace of that size on go back to the system one by one, and no thread keeps any: what a thread
     * would gain is nothing beside touching such a block. */
    QNI_WORKSPACE_LARGE = 64 << 10,
    /* The largest block has 2^47 bytes: no process can address more. */
    QNI_WORKSPACE_LARGEST_BITS = 47,
    /* A thread's takes between two ticks of a workspace's clock, by which shapes that need no memory age: a write that
     * all threads see, once in some ten microseconds. */
    QNI_WORKSPACE_TICK = 1024,
    /* Idle bytes that the process's default workspace keeps: nobody asked it to hold more for nobody. */
    QNI_WORKSPACE_DEFAULT_IDLE = 256 << 20,
};

#endif
