/* cli/text.c: characters, and how wide they are.
 *
 * The widths follow Unicode's East Asian Width property in its coarse blocks: enough to align a table and a caret. */
#include "cli/text.h"

#include "base/utf8.h"

#include <string.h>

int qni_text_next(int32_t *code, const char *text, const char *end)
{
    uint32_t decoded;
    int size = qni_utf8_decode(&decoded, text, end);
    *code = size > 0 ? (int32_t)decoded : -1;
    return size > 0 ? size : 1;
}

typedef struct range {
    int32_t from, to;
} range;

static bool is_in(const range *ranges, int count, int32_t code)
{
    for (int i = 0; i < count; i++)
        if (code >= ranges[i].from && code <= ranges[i].to)
            return true;
    return false;
}

int qni_text_columns(int32_t code)
{
    static const range none[] = {
        {0x300, 0x36F}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
    static const range wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},  {0xAC00, 0xD7A3},
                                 {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6},
                                 {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    if (code < 0x300)
        return 1;
    if (is_in(none, (int)(sizeof none / sizeof none[0]), code))
        return 0;
    return is_in(wide, (int)(sizeof wide / sizeof wide[0]), code) ? 2 : 1;
}

bool qni_text_is_control(int32_t code)
{
    static const range controls[] = {{0, 0x1F}, {0x7F, 0x9F}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}};
    return is_in(controls, (int)(sizeof controls / sizeof controls[0]), code);
}

int64_t qni_text_width(const char *text, int64_t size)
{
    const char *end = text + (size < 0 ? (int64_t)strlen(text) : size);
    int64_t width = 0;
    while (text < end) {
        int32_t code;
        text += qni_text_next(&code, text, end);
        width += code < 0 || qni_text_is_control(code) ? 1 : qni_text_columns(code);
    }
    return width;
}
