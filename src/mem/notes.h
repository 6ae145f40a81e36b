/* mem/notes.h: texts and sentences for a person that lie in the arena of what they belong to. One thread at a time. */
#ifndef QNI_MEM_NOTES_H
#define QNI_MEM_NOTES_H

#include <quern/arena.h>

#include <stdarg.h>

/* A copy of `size` bytes (-1: up to the zero) with a zero behind it. Errors: QN_NOMEM, QN_BUDGET. */
QN_MUST_USE qn_status qni_arena_text(const char **out, qn_arena *arena, const char *text, int64_t size, qn_error *err);

/* Warnings of a result. */
typedef struct qni_notes {
    qn_arena *arena;
    const char **texts; /* (capacity) count of them are there */
    int64_t count, capacity;
} qni_notes;

QN_MUST_USE qn_status qni_notes_init(qni_notes *out, qn_arena *arena, int64_t capacity, qn_error *err);

/* Adds a sentence of QNI_NOTE_SIZE - 1 bytes at most; nothing where there is no room for one more. Errors: QN_NOMEM,
 * QN_BUDGET. */
QN_MUST_USE qn_status qni_notes_add(qni_notes *notes, qn_error *err, const char *format, ...) QN_PRINTF(3, 4);
QN_MUST_USE qn_status qni_notes_add_list(qni_notes *notes, qn_error *err, const char *format, va_list arguments)
    QN_PRINTF(3, 0);

#endif
