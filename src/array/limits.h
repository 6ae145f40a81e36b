/* array/limits.h: the limits and tunables of this folder, each with its reason. */
#ifndef QNI_ARRAY_LIMITS_H
#define QNI_ARRAY_LIMITS_H

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
    /* Bytes of a cell or name shown in a message: the sentence must stay one. */
    QNI_CSV_SHOWN_BYTES = 40,
    /* Rows that a read makes room for first: between these, so that a million columns stay small. */
    QNI_TABLE_FEWEST_ROWS = 8,
    QNI_TABLE_FIRST_ROWS = 1024,
    QNI_TABLE_FIRST_BYTES = 4 << 20,
};

#endif
