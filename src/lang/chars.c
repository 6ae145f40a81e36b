/* lang/chars.c: which characters stand in the names of formulas. Any thread. */
#include "lang/syntax_int.h"

#include "base/utf8.h"

#include <string.h>

int qni_char_decode(uint32_t *out, const char *text, int32_t size, int32_t at)
{
    return qni_utf8_decode(out, text + at, text + size);
}

bool qni_char_in_name(uint32_t c)
{
    /* What is no letter beyond ASCII, by Unicode block; letters among them (ª µ º ℓ ₀ …) are left out. */
    static const uint32_t others[][2] = {
        {0x80, 0xA9},     {0xAB, 0xB4},     {0xB6, 0xB9},     {0xBB, 0xBF},     {0xD7, 0xD7},
        {0xF7, 0xF7},     {0x2000, 0x207F}, {0x20A0, 0x20FF}, {0x2190, 0x2BFF}, {0x3000, 0x3004},
        {0x3008, 0x3020}, {0xFE00, 0xFE6F}, {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFF}, {0xE0000, 0x10FFFF},
    };
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (c >= others[i][0] && c <= others[i][1])
            return false;
    return true;
}

bool qni_name_is_odd(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > INT32_MAX || (name[0] >= '0' && name[0] <= '9'))
        return true;
    uint32_t c;
    for (int32_t at = 0, step; at < (int32_t)length; at += step) {
        step = qni_char_decode(&c, name, (int32_t)length, at);
        if (step == 0 || !qni_char_in_name(c))
            return true;
    }
    return false;
}

qni_clipped qni_clip(const char *text, int64_t size)
{
    qni_clipped out;
    const int64_t room = (int64_t)sizeof out.text - 4; /* "…" and the zero */
    int64_t kept = qni_utf8_cut(text, size, room);
    memcpy(out.text, text, (size_t)kept);
    memcpy(out.text + kept, "…", kept < size ? 4 : 0);
    if (kept == size)
        out.text[kept] = '\0';
    return out;
}
