/* bench/number.c: how long do parsing and printing a number take beside glibc's strtod and snprintf?
 *
 * Texts are kept apart by a comma, as in a CSV file, and have a zero behind the last. strtod and snprintf round
 * exactly, as ours do; the peer of the shortest text is the usual "%.17g", which is longer. Ours needs no locale,
 * strtod runs in the C locale. */
#include "bench/common.h"

#include "base/number.h"

#include <stdlib.h>
#include <string.h>

enum {
    COUNT = 20000,
    TEXT_SIZE = 40, /* of one number, its comma included */
};

typedef struct work {
    double values[COUNT];
    char text[COUNT * TEXT_SIZE];
    int64_t text_size;
    int digits;
} work;

static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void parse_ours(void *user)
{
    work *w = user;
    const char *p = w->text, *end = w->text + w->text_size;
    double sum = 0, value = 0;
    while (p < end) {
        p = qni_number_parse(&value, p, end);
        if (p == NULL)
            abort();
        sum += value;
        p++;
    }
    bench_keep(&sum);
}

static void parse_strtod(void *user)
{
    work *w = user;
    char *p = w->text, *end = w->text + w->text_size;
    double sum = 0;
    while (p < end) {
        sum += strtod(p, &p);
        p++;
    }
    bench_keep(&sum);
}

static void print_ours(void *user)
{
    work *w = user;
    char text[QNI_NUMBER_SIZE];
    for (int i = 0; i < COUNT; i++) {
        qni_number_format(text, w->values[i]);
        bench_keep(text);
    }
}

static void print_digits_ours(void *user)
{
    work *w = user;
    char text[QNI_NUMBER_SIZE];
    for (int i = 0; i < COUNT; i++) {
        qni_number_format_digits(text, w->values[i], w->digits);
        bench_keep(text);
    }
}

static void print_snprintf(void *user)
{
    work *w = user;
    char text[64];
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "%.*g", w->digits, w->values[i]);
        bench_keep(text);
    }
}

/* The texts of w->values, as `format` (which takes precision and value) writes them. */
static void write_text(work *w, const char *format, int precision)
{
    char *p = w->text;
    for (int i = 0; i < COUNT; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        p += snprintf(p, TEXT_SIZE, format, precision, w->values[i]);
#pragma GCC diagnostic pop
        *p++ = ',';
    }
    w->text_size = p - w->text;
    w->text[w->text_size] = 0;
}

static void compare(bench *b, work *w, const char *case_name)
{
    char name[64];
    snprintf(name, sizeof name, "parse %s", case_name);
    bench_compare(b, name, (bench_side){"quern", parse_ours, w}, (bench_side){"strtod", parse_strtod, w}, COUNT,
                  "numbers");
}

static void compare_printing(bench *b, work *w, const char *case_name)
{
    char name[64];
    w->digits = 17;
    snprintf(name, sizeof name, "print shortest, %s", case_name);
    bench_compare(b, name, (bench_side){"quern", print_ours, w}, (bench_side){"snprintf %.17g", print_snprintf, w},
                  COUNT, "numbers");
    w->digits = 6;
    snprintf(name, sizeof name, "print 6 digits, %s", case_name);
    bench_compare(b, name, (bench_side){"quern", print_digits_ours, w},
                  (bench_side){"snprintf %.6g", print_snprintf, w}, COUNT, "numbers");
}

int main(int argc, char **argv)
{
    bench b;
    bench_begin(&b, "number", argc, argv);
    work *w = calloc(1, sizeof *w);
    if (w == NULL)
        return 1;
    uint64_t random = 1;
    for (int i = 0; i < COUNT; i++)
        w->values[i] = (double)(next(&random) >> 11) * 0x1p-53;
    write_text(w, "%.*g", 17);
    compare(&b, w, "17 digits, 0 to 1");
    compare_printing(&b, w, "0 to 1");
    write_text(w, "%.*e", 24);
    compare(&b, w, "25 digits, 0 to 1");
    for (int i = 0; i < COUNT; i++)
        w->values[i] = (double)(int64_t)(next(&random) % 200000) / 100 - 1000;
    write_text(w, "%.*f", 2);
    compare(&b, w, "prices (-123.45)");
    compare_printing(&b, w, "prices");
    for (int i = 0; i < COUNT; i++)
        w->values[i] = (double)(next(&random) % 100000);
    write_text(w, "%.*f", 0);
    compare(&b, w, "integers to 99999");
    compare_printing(&b, w, "integers");
    for (int i = 0; i < COUNT; i++) {
        uint64_t bits = next(&random);
        bits &= ~((uint64_t)1 << 62); /* finite: magnitudes below 2 */
        memcpy(&w->values[i], &bits, sizeof bits);
    }
    write_text(w, "%.*e", 16);
    compare(&b, w, "17 digits, all exponents below 1");
    compare_printing(&b, w, "all exponents below 1");
    free(w);
    return bench_end(&b);
}
