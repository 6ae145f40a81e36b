/* Numbers from arbitrary bytes: what is parsed is what strtod reads there, and it survives being written. */
#include "base/number.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_number: %s\n", what);
        abort();
    }
}

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static void write_and_read(double value)
{
    char text[QNI_NUMBER_SIZE];
    double again = 0;
    int length = qni_number_format(text, value);
    require(0 < length && length < 25 && text[length] == 0, "the length of a text");
    require(qni_number_parse(&again, text, text + length) == text + length && same(value, again),
            "shortest text reads back");
    length = qni_number_format_digits(text, value, 17);
    require(qni_number_parse(&again, text, text + length) == text + length && same(value, again),
            "17 digits read back");
    char printed[64];
    for (int digits = 1; digits <= 17; digits += 4) {
        qni_number_format_digits(text, value, digits);
        snprintf(printed, sizeof printed, "%.*g", digits, value);
        require(isnan(value) || strcmp(text, printed) == 0, "digits are printf's");
    }
}

static bool is_digit(char c)
{
    return '0' <= c && c <= '9';
}

static void parse(const char *text, const char *end)
{
    double value = 0;
    const char *after = qni_number_parse(&value, text, end);
    if (after == NULL) {
        require(text == end || !is_digit(*text), "a digit begins a number");
        return;
    }
    require(text < after && after <= end, "the end lies in the text");
    bool word = !is_digit(after[-1]) && after[-1] != '.'; /* inf9 is inf, and a 9 */
    require(after == end || word || !is_digit(*after), "no digit is left behind");
    size_t used = (size_t)(after - text);
    char *copy = malloc(used + 1);
    if (copy == NULL)
        return;
    memcpy(copy, text, used);
    copy[used] = 0;
    char *copy_end;
    double expected = strtod(copy, &copy_end);
    require(copy_end == copy + used && same(value, expected), "strtod reads the same");
    free(copy);
    write_and_read(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    parse(text, text + size);
    int64_t integer;
    const char *after = qni_integer_parse(&integer, text, text + size);
    require(after == NULL || (text < after && after <= text + size), "the end lies in the text");
    if (size >= sizeof(double)) {
        double value;
        memcpy(&value, data, sizeof value);
        write_and_read(value);
    }
    return 0;
}
