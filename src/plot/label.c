/* plot/label.c: texts that people give: made valid UTF-8 of a bounded length, so that no drawing code meets anything
 * else. */
#include "plot/plot_int.h"

#include "base/alloc.h"

#include <string.h>

/* Bytes of the well-formed character at `text` (zero-terminated), its code point in *code; 0: it is not well formed
 * (Unicode, section 3.9: not in its shortest form, a surrogate, beyond the last plane, or cut off). */
static int decode(const char *text, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t first = (unsigned char)text[0];
    int size = first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF8 ? 4 : 0;
    if (size == 0)
        return 0;
    uint32_t value = size == 1 ? first : first & (0x7Fu >> size);
    for (int i = 1; i < size; i++) {
        uint32_t byte = (unsigned char)text[i];
        if ((byte & 0xC0u) != 0x80u) /* the zero at the end, too */
            return 0;
        value = value << 6 | (byte & 0x3Fu);
    }
    if (value < least[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *code = value;
    return size;
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
