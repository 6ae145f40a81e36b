/* cli/text.h: UTF-8 as a terminal shows it. Foreign text (a column's name, a formula, a path) may hold anything; what
 * goes to a terminal must hold nothing that controls it. Needs no locale; any thread. */
#ifndef QNI_CLI_TEXT_H
#define QNI_CLI_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the character at [text, end), text < end. Returns its bytes (1 to 4) and gives its code point, or -1 and 1 byte
 * where the bytes are not UTF-8. */
int qni_text_next(int32_t *code, const char *text, const char *end);

/* Columns that a code point takes: 0 (combining), 1 or 2 (East Asian wide, emoji). */
int qni_text_columns(int32_t code);

/* True for what must not reach a terminal: C0, C1, delete, and marks that turn the direction of writing. */
bool qni_text_is_control(int32_t code);

/* Columns that qni_out_foreign takes for [text, text + size); size -1: up to the zero. */
int64_t qni_text_width(const char *text, int64_t size);

#endif
