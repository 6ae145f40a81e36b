/* base/utf8.h: characters of UTF-8, strictly: no overlong forms, no surrogates, nothing beyond U+10FFFF (Unicode, table
 * 3-7). Any thread. */
#ifndef QNI_BASE_UTF8_H
#define QNI_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

/* The character at `text` (before `end`): its bytes, 1 to 4, and its code point. 0 where none stands there; then *code
 * is how many bytes, 1 to 3, are to be replaced by one U+FFFD. */
int qni_utf8_decode(uint32_t *code, const char *text, const char *end);

/* Whether all of `text` (size bytes) is well formed. */
bool qni_utf8_valid(const char *text, int64_t size);

/* As much of `text` (size bytes) as fits into `limit` bytes without cutting a character. */
int64_t qni_utf8_cut(const char *text, int64_t size, int64_t limit);

#endif
