/* cli/fit_watch.c: --verbose: what the solver is at, a line each iteration, on standard error as it happens. */
#include "cli/fit_int.h"

#include "base/number.h"
#include "cli/text.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum {
    DIGITS = 8,
    WIDTH = 14, /* of a number with its sign, its point and an exponent of three digits */
    COUNT_WIDTH = 7
};

void qni_fit_watch_init(fit_watch *watch, const qn_model *model)
{
    watch->model = model;
    watch->begun = false;
    qni_out_init(&watch->out, STDERR_FILENO);
}

static void right(qni_out *out, const char *text, int64_t size, int64_t width)
{
    int64_t room = width - size;
    qni_out_spaces(out, room > 0 ? room + 1 : 1);
    qni_out_bytes(out, text, size);
}

static void count_cell(qni_out *out, int64_t value)
{
    char text[QNI_NUMBER_SIZE];
    right(out, text, qni_number_format(text, (double)value), COUNT_WIDTH);
}

static void number_cell(qni_out *out, double value)
{
    char text[QNI_NUMBER_SIZE];
    right(out, text, qni_number_format_digits(text, value, DIGITS), WIDTH);
}

static void titles(fit_watch *watch)
{
    static const char *const counts[] = {"start", "step", "evals"}, *const numbers[] = {"rss", "gradient", "radius"};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        right(&watch->out, counts[i], (int64_t)strlen(counts[i]), COUNT_WIDTH);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        right(&watch->out, numbers[i], (int64_t)strlen(numbers[i]), WIDTH);
    for (int64_t i = 0; i < qn_model_parameter_count(watch->model); i++) {
        const char *name = qn_model_parameter_name(watch->model, i);
        int64_t columns = qni_text_width(name, -1);
        qni_out_spaces(&watch->out, columns < WIDTH ? WIDTH - columns + 1 : 1);
        qni_out_foreign(&watch->out, name, -1);
    }
    qni_out_text(&watch->out, "\n");
}

bool qni_fit_watch(void *user, const qn_fit_iteration *now)
{
    fit_watch *watch = user;
    if (!watch->begun)
        titles(watch);
    watch->begun = true;
    count_cell(&watch->out, now->start + 1);
    count_cell(&watch->out, now->iteration);
    count_cell(&watch->out, now->evaluations);
    number_cell(&watch->out, now->rss);
    number_cell(&watch->out, now->gradient);
    number_cell(&watch->out, now->radius);
    for (int64_t i = 0; i < now->p; i++)
        number_cell(&watch->out, now->parameters[i]);
    qni_out_text(&watch->out, "\n");
    (void)!qni_out_flush(&watch->out, "standard error", NULL); /* nobody can be told */
    return true;
}
