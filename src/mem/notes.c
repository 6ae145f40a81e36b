/* mem/notes.c: see notes.h. */
#include "mem/notes.h"

#include "mem/limits.h"

#include <stdio.h>
#include <string.h>

qn_status qni_arena_text(const char **out, qn_arena *arena, const char *text, int64_t size, qn_error *err)
{
    if (size < 0)
        size = (int64_t)strlen(text);
    void *block;
    qn_status s = qn_arena_take(&block, arena, size + 1, err);
    if (s != QN_OK)
        return s;
    memcpy(block, text, (size_t)size);
    ((char *)block)[size] = '\0';
    *out = block;
    return QN_OK;
}

qn_status qni_notes_init(qni_notes *out, qn_arena *arena, int64_t capacity, qn_error *err)
{
    void *block;
    *out = (qni_notes){.arena = arena};
    qn_status s = qn_arena_take(&block, arena, capacity * (int64_t)sizeof *out->texts, err);
    if (s != QN_OK)
        return s;
    out->texts = block;
    out->capacity = capacity;
    return QN_OK;
}

qn_status qni_notes_add_list(qni_notes *notes, qn_error *err, const char *format, va_list arguments)
{
    if (notes->count == notes->capacity)
        return QN_OK;
    char sentence[QNI_NOTE_SIZE];
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    qn_status s = qni_arena_text(&notes->texts[notes->count], notes->arena, sentence, -1, err);
    if (s == QN_OK)
        notes->count++;
    return s;
}

qn_status qni_notes_add(qni_notes *notes, qn_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    qn_status s = qni_notes_add_list(notes, err, format, arguments);
    va_end(arguments);
    return s;
}
