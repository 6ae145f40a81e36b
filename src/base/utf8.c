/* base/utf8.c: see utf8.h. */
#include "base/utf8.h"

#include <assert.h>

int qni_utf8_decode(uint32_t *code, const char *text, const char *end)
{
    assert(text < end);
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x80) {
        *code = p[0];
        return 1;
    }
    int size = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    uint32_t value = p[0] & (0x7Fu >> size);
    *code = 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    /* The second byte's range excludes overlong forms, surrogates, and what lies beyond U+10FFFF. */
    unsigned low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    for (int i = 1; i < size; i++) {
        if (end - text <= i || p[i] < low || p[i] > high)
            return 0;
        value = value << 6 | (p[i] & 0x3Fu);
        *code = (uint32_t)i + 1;
        low = 0x80;
        high = 0xBF;
    }
    *code = value;
    return size;
}

bool qni_utf8_valid(const char *text, int64_t size)
{
    uint32_t code;
    int step;
    for (const char *end = text + size; text < end; text += step) {
        step = qni_utf8_decode(&code, text, end);
        if (step == 0)
            return false;
    }
    return true;
}

int64_t qni_utf8_cut(const char *text, int64_t size, int64_t limit)
{
    if (size <= limit)
        return size;
    int64_t kept = limit;
    while (kept > 0 && ((unsigned char)text[kept] & 0xC0) == 0x80)
        kept--;
    return kept;
}
