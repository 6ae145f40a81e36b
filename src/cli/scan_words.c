/* cli/scan_words.c: lists of texts that grow in an arena. */
#include "cli/limits.h"
#include "cli/scan_int.h"

#include <string.h>

qn_status qni_scan_word(scan_words *words, qn_arena *arena, const char *text, int64_t size, qn_error *err)
{
    void *copy;
    if (words->count == words->capacity) {
        int64_t capacity = words->capacity == 0 ? QNI_SCAN_WORDS_FIRST : 2 * words->capacity;
        void *grown;
        qn_status s = qn_arena_take(&grown, arena, capacity * (int64_t)sizeof *words->words, err);
        if (s != QN_OK)
            return s;
        if (words->count > 0)
            memcpy(grown, words->words, (size_t)words->count * sizeof *words->words);
        words->words = grown;
        words->capacity = capacity;
    }
    size = size < 0 ? (int64_t)strlen(text) : size;
    qn_status s = qn_arena_take(&copy, arena, size + 1, err);
    if (s != QN_OK)
        return s;
    memcpy(copy, text, (size_t)size);
    ((char *)copy)[size] = 0;
    words->words[words->count++] = copy;
    return QN_OK;
}

qn_status qni_scan_words(scan_words *out, const scan_job *job, const qni_option *list, qn_error *err)
{
    const char *text;
    qn_status s = QN_OK;
    for (int64_t at = 0; s == QN_OK && (text = qni_args_next(job->args, list, &at)) != NULL;)
        for (const char *end; s == QN_OK; text = end + 1) {
            end = text + strcspn(text, ",");
            if (end > text)
                s = qni_scan_word(out, job->arena, text, end - text, err);
            if (*end == 0)
                break;
        }
    return s;
}

bool qni_scan_has(const scan_words *words, const char *text)
{
    for (int64_t i = 0; i < words->count; i++)
        if (strcmp(words->words[i], text) == 0)
            return true;
    return false;
}

bool qni_scan_is_shown(const scan_job *job, const char *ticker)
{
    return job->shown.count == 0 || qni_scan_has(&job->shown, ticker);
}

qn_status qni_scan_tickers(scan_words *out, const scan_job *job, const char *const *names, int64_t count, qn_error *err)
{
    qn_status s = QN_OK;
    for (int64_t i = 0; i < count && s == QN_OK; i++) {
        char plain[16];
        (void)qn_ticker_plain(plain, names[i]);
        s = qni_scan_word(out, job->arena, plain, -1, err);
    }
    return s;
}
