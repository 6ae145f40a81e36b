/* plot/label.c: texts that people give: made valid UTF-8 of a bounded length, so that no drawing code meets anything
 * else. */
#include "plot/plot_int.h"

#include "base/alloc.h"
#include "base/utf8.h"

#include <string.h>

/* As qni_utf8_decode, for a zero-terminated text; its end is a character, too. */
static int decode(const char *text, uint32_t *code)
{
    size_t left = strnlen(text, 4);
    return qni_utf8_decode(code, text, text + (left > 0 ? left : 1));
}

const char *qni_utf8_next(const char *text, uint32_t *code)
{
    int size = decode(text, code);
    return text + (size > 0 ? size : 1);
}

/* U+2070 is 0, U+00B9 and U+00B2, U+00B3 are 1, 2, 3. */
char qni_raised(uint32_t code)
{
    switch (code) {
    case 0xB9:
        return '1';
    case 0xB2:
        return '2';
    case 0xB3:
        return '3';
    case 0x207B:
        return '-';
    default:
        return code == 0x2070 || (code >= 0x2074 && code <= 0x2079) ? (char)('0' + (code - 0x2070)) : '\0';
    }
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xFFFE || code == 0xFFFF;
}

char *qni_plot_text_copy(const qn_allocator *allocator, const char *text, int64_t limit, bool lines)
{
    static const char replacement[] = "\xEF\xBF\xBD", ellipsis[] = "\xE2\x80\xA6";
    char clean[QNI_PLOT_NOTE_SIZE + 8];
    int64_t size = 0;
    while (*text != '\0') {
        uint32_t code = 0;
        int step = decode(text, &code);
        const char *piece = text;
        int piece_size = step;
        if (step == 0) {
            piece = replacement;
            piece_size = 3;
        } else if (is_control(code) && !(lines && (code == '\n' || code == '\t'))) {
            piece = " ";
            piece_size = 1;
        }
        if (size + piece_size > limit) {
            memcpy(clean + size, ellipsis, 3);
            size += 3;
            break;
        }
        memcpy(clean + size, piece, (size_t)piece_size);
        size += piece_size;
        text += step > 0 ? step : 1;
    }
    return qni_copy_string(allocator, clean, size);
}
