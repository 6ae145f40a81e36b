/* base/progress.c: counting, deciding when to draw, and drawing. The rate is the mean since the beginning. Figures are
 * made from integers, so that no locale shows. */
#include "base/progress.h"

#include "base/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    BAR_WIDTH = 20, /* columns between the brackets */
    LINE_SIZE = 256,
    FIGURE_SIZE = 24,
};

static void write_to_stderr(void *user, const char *text, int64_t size)
{
    (void)user;
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, text, (size_t)size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* a progress line is no reason to fail */
        text += written;
        size -= written;
    }
}

qni_progress_options qni_progress_on_stderr(const char *label, int64_t total)
{
    const char *terminal = getenv("TERM");
    struct winsize size = {0};
    bool can_erase = isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
    if (can_erase && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
        size.ws_col = 0;
    return (qni_progress_options){
        .label = label,
        .total = total,
        .enabled = can_erase,
        .columns = size.ws_col,
        .clock = qni_clock_real(),
        .write = write_to_stderr,
    };
}

void qni_progress_begin(qni_progress *progress, const qni_progress_options *options)
{
    *progress = (qni_progress){.options = *options, .drawing = ATOMIC_FLAG_INIT};
    if (options->enabled)
        progress->begin_ns = qni_clock_now_ns(options->clock);
    atomic_init(&progress->done, 0);
    atomic_init(&progress->next_ns, progress->begin_ns + QNI_PROGRESS_FIRST_NS);
}

/* Writes three significant digits and a decimal prefix: "0.12", "7.41 k", "1.21 M", "250 G". */
static void format_rate(char out[FIGURE_SIZE], double per_second)
{
    static const char prefixes[] = " kMGTPE";
    int prefix = 0;
    while (per_second >= 999.5 && prefix < 6) {
        per_second /= 1000;
        prefix++;
    }
    int whole_digits = per_second >= 99.95 ? 3 : per_second >= 9.995 ? 2 : 1;
    const int scale = whole_digits == 3 ? 1 : whole_digits == 2 ? 10 : 100;
    double scaled = per_second * scale + 0.5;
    int64_t figure = scaled < 1e9 ? (int64_t)scaled : 1000000000;
    int used = snprintf(out, FIGURE_SIZE, "%" PRId64, figure / scale);
    if (scale > 1)
        used += snprintf(out + used, FIGURE_SIZE - (size_t)used, ".%0*" PRId64, scale == 10 ? 1 : 2, figure % scale);
    if (prefix > 0)
        snprintf(out + used, FIGURE_SIZE - (size_t)used, " %c", prefixes[prefix]);
}

/* "0:07", "12:30", "3:05:00", "9 d". */
static void format_duration(char out[FIGURE_SIZE], double seconds)
{
    int64_t s = seconds < 1e12 ? (int64_t)(seconds + 0.5) : INT64_C(1000000000000);
    if (s >= INT64_C(100) * 3600)
        snprintf(out, FIGURE_SIZE, "%" PRId64 " d", s / 86400);
    else if (s >= 3600)
        snprintf(out, FIGURE_SIZE, "%d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    else
        snprintf(out, FIGURE_SIZE, "%d:%02d", (int)(s / 60), (int)(s % 60));
}

/* The line without its control characters. */
static void make_line(char out[LINE_SIZE], const qni_progress_options *options, int64_t done, double seconds)
{
    char rate[FIGURE_SIZE], time[FIGURE_SIZE];
    double per_second = seconds > 0 ? (double)done / seconds : 0;
    format_rate(rate, per_second);
    if (options->total <= 0) {
        format_duration(time, seconds);
        snprintf(out, LINE_SIZE, "%.60s  %" PRId64 "  %s/s  %s", options->label, done, rate, time);
        return;
    }
    double part = (double)done / (double)options->total;
    part = part > 1 ? 1 : part < 0 ? 0 : part;
    char bar[BAR_WIDTH + 1];
    int filled = (int)(part * BAR_WIDTH);
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : '-';
    bar[BAR_WIDTH] = '\0';
    if (per_second > 0)
        format_duration(time, (1 - part) * (double)options->total / per_second);
    else
        snprintf(time, sizeof time, "?");
    snprintf(out, LINE_SIZE, "%.60s [%s] %" PRId64 "/%" PRId64 "  %d %%  %s/s  %s left", options->label, bar, done,
             options->total, (int)(part * 100), rate, time);
}

static void draw(qni_progress *progress, int64_t now_ns)
{
    const qni_progress_options *options = &progress->options;
    /* Relaxed: a figure for the eye. */
    int64_t done = atomic_load_explicit(&progress->done, memory_order_relaxed);
    char line[LINE_SIZE], text[LINE_SIZE + 8];
    make_line(line, options, done, (double)(now_ns - progress->begin_ns) * 1e-9);
    int room = QNI_PROGRESS_COLUMNS_MAX;
    if (options->columns > 0 && options->columns - 1 < room)
        room = options->columns - 1; /* the last column would wrap */
    int size = snprintf(text, sizeof text, "\r%.*s\x1b[K", room, line);
    options->write(options->write_user, text, size);
    progress->drawn = true;
}

void qni_progress_add(qni_progress *progress, int64_t count)
{
    if (!progress->options.enabled)
        return;
    /* Relaxed: see the header for all three. */
    (void)atomic_fetch_add_explicit(&progress->done, count, memory_order_relaxed);
    int64_t now_ns = qni_clock_now_ns(progress->options.clock);
    if (now_ns < atomic_load_explicit(&progress->next_ns, memory_order_relaxed))
        return;
    /* Acquire: sees what the thread that drew before wrote into `drawn`; pairs with the clear below. */
    if (atomic_flag_test_and_set_explicit(&progress->drawing, memory_order_acquire))
        return;
    if (now_ns >= atomic_load_explicit(&progress->next_ns, memory_order_relaxed)) {
        atomic_store_explicit(&progress->next_ns, now_ns + QNI_PROGRESS_PERIOD_NS, memory_order_relaxed);
        draw(progress, now_ns);
    }
    /* Release: as above. */
    atomic_flag_clear_explicit(&progress->drawing, memory_order_release);
}

void qni_progress_end(qni_progress *progress)
{
    static const char erase[] = "\r\x1b[K";
    if (progress->drawn)
        progress->options.write(progress->options.write_user, erase, sizeof erase - 1);
    progress->drawn = false;
    progress->options.enabled = false;
}
