/* stream/csv_source.c: CSV files as sources: a window over the input, line after line a record; see quern/feeds.h.
 *
 * Always: at .. end of the window is what is not read yet; where the input has ended it ends with a line end. A read
 * waits for the input only while it has no record to give. One thread reads; any other may stop it. */
#include "stream/csv_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/headings.h"
#include "base/options.h"
#include "mem/refuse.h"
#include "stream/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
    PADDING = 64 /* bytes behind the window that searches may look at, and a line end */
};

void qn_csv_source_options_init(qn_csv_source_options *out, int64_t size)
{
    qni_options_init(out, size);
}

/* ---- the window ---- */

static qn_status too_long(const qni_feed *f, int64_t line, qn_error *err)
{
    return qni_error_at(err, QN_LIMIT, f->name, line, 0,
                        "this line is longer than %" PRId64 " bytes: is it a file of ticks?", f->line_max);
}

/* More bytes behind those that are there, or the end. */
static qn_status fill(qni_feed *f, qn_error *err)
{
    const int64_t unread = f->end - f->at;
    assert(!f->ended && unread < f->window_size);
    memmove(f->window, f->at, (size_t)unread);
    f->at = f->window;
    f->end = f->window + unread;
    int64_t got = qni_input_read(&f->input, f->end, f->window_size - unread);
    if (got < 0) {
        qn_error why;
        qn_status s = qni_input_fail(&f->input, f->name, &why);
        f->ended = true;
        if (s == QN_INTERRUPTED) { /* that is the end; what is there of a line is none */
            f->stopped = true;
            f->end = f->at;
            return QN_OK;
        }
        if (err != NULL)
            *err = why;
        return s;
    }
    f->end += got;
    f->ended = got == 0;
    if (f->ended && f->end > f->at && f->end[-1] != '\n')
        *f->end++ = '\n';
    memset(f->end, 0, PADDING - 1);
    return QN_OK;
}

/* Sees to it that a whole line is in the window, which ends at *line_end; NULL: the input has ended. */
static qn_status need_line(qni_feed *f, char **line_end, qn_error *err)
{
    for (int64_t looked = 0;;) {
        char *stop = memchr(f->at + looked, '\n', (size_t)(f->end - f->at - looked));
        looked = f->end - f->at;
        *line_end = stop;
        if ((stop != NULL ? stop - f->at : looked) > f->line_max)
            return too_long(f, f->line + 1, err);
        if (stop != NULL || f->ended)
            return QN_OK;
        qn_status s = fill(f, err);
        if (s != QN_OK || f->stopped) /* then nothing is left of what was looked at */
            return s;
    }
}

/* ---- the beginning ---- */

static bool is_passed(const char *line, const char *end)
{
    if (line < end && *line == '#')
        return true;
    while (line < end && (*line == ' ' || *line == '\t' || *line == '\r'))
        line++;
    return line == end;
}

/* The columns from the first line, or as they were given. */
static qn_status read_names(qni_feed *f, char *line_end, qn_error *err)
{
    int64_t size = line_end - f->at;
    if (size > 0 && f->at[size - 1] == '\r')
        size--;
    if (f->options.columns == NULL) {
        qn_status s = qni_feed_columns(f, f->at, size, err);
        f->at = line_end + 1;
        return s;
    }
    char delimiter = f->delimiter != '\0' ? f->delimiter : qni_headings_delimiter(f->at, size);
    f->line--; /* it is a record's */
    f->delimiter = ',';
    qn_status s = qni_feed_columns(f, f->texts[1], (int64_t)strlen(f->texts[1]), err);
    f->delimiter = delimiter == ' ' ? ',' : delimiter;
    return s;
}

/* Whether the first line can be one of names; else what the file is. */
static qn_status check_first(const qni_feed *f, const char *line_end, qn_error *err)
{
    const int64_t size = line_end - f->at;
    qn_status s = qni_headings_check_text(f->at, size, "ticks", f->name, err);
    if (s == QN_OK && size > 1 && memchr(f->at, '\r', (size_t)size - 1) != NULL)
        return qni_error_at(err, QN_DATA, f->name, f->line, 0,
                            "lines end in CR alone: convert the file (tr '\\r' '\\n')");
    return s;
}

static qn_status start(qni_feed *f, qn_error *err)
{
    char *line_end = NULL;
    qn_status s = qni_input_inflate(&f->input, f->name, f->allocator, err);
    for (bool first = true; s == QN_OK; first = false) {
        s = need_line(f, &line_end, err);
        const char *foreign = first ? qni_input_foreign(f->at, f->end - f->at) : NULL;
        if (foreign != NULL)
            return qni_error_at(err, QN_DATA, f->name, 1, 1, "%s", foreign);
        if (s != QN_OK)
            return s;
        if (first)
            f->at += qni_headings_mark_size(f->at, f->end - f->at);
        if (line_end == NULL) /* nothing, or nothing but what is passed */
            return f->stopped ? QN_OK : qni_headings_check_text("", 0, "ticks", f->name, err);
        f->line++;
        if (!is_passed(f->at, line_end))
            break;
        f->at = line_end + 1;
    }
    if (s == QN_OK)
        s = check_first(f, line_end, err);
    return s == QN_OK ? read_names(f, line_end, err) : s;
}

/* ---- records ---- */

static void count_first(int64_t *count, int64_t *line, int64_t at)
{
    if ((*count)++ == 0)
        *line = at;
}

/* The feed's own numbers, of lines that are left out as well. */
static qn_status check_sequence(qni_feed *f, const qn_tick *tick, int64_t number, qn_error *err)
{
    const int64_t place = f->options.sequence_by_symbol ? tick->symbol : 0;
    const int64_t last = f->sequences[place];
    const bool known = f->has_sequence[place];
    const uint64_t step = (uint64_t)number - (uint64_t)last; /* where it comes after the last one */
    f->sequences[place] = number;
    f->has_sequence[place] = true;
    if (!known || (number > last && step == 1))
        return QN_OK;
    if (number <= last) {
        count_first(&f->stats.repeats, &f->stats.repeat_line, f->line);
        return QN_OK;
    }
    if (f->options.refuse_gaps)
        return qni_error_at(err, QN_DATA, f->name, f->line, 0,
                            "%" PRIu64 " records are missing before the feed's number %" PRId64
                            ", which comes after %" PRId64,
                            step - 1, number, last);
    count_first(&f->stats.gaps, &f->stats.gap_line, f->line);
    if (__builtin_add_overflow(f->stats.missing, step - 1, &f->stats.missing))
        f->stats.missing = INT64_MAX;
    return QN_OK;
}

static qn_status check_clock(qni_feed *f, const qn_tick *tick, qn_error *err)
{
    const int64_t before = f->last_ns;
    const bool backwards = f->has_time && tick->time_ns < before;
    if (backwards && f->options.refuse_backwards)
        return qni_error_at(err, QN_DATA, f->name, f->line, 0,
                            "this event is %" PRIu64 " ns before the one of the record before it",
                            (uint64_t)before - (uint64_t)tick->time_ns);
    if (backwards) {
        int64_t step;
        if (__builtin_sub_overflow(before, tick->time_ns, &step))
            step = INT64_MAX;
        count_first(&f->stats.backwards, &f->stats.backwards_line, f->line);
        if (step > f->stats.backwards_most_ns)
            f->stats.backwards_most_ns = step;
    }
    f->last_ns = tick->time_ns;
    f->has_time = true;
    return QN_OK;
}

/* What becomes of a line that is no record: QN_OK where it is left out. */
static qn_status leave_out(qni_feed *f, qn_status s, const qn_error *why, qn_error *err)
{
    if (s == QN_NAME && f->options.skip_unknown) {
        count_first(&f->stats.unknown, &f->stats.unknown_line, f->line);
        return QN_OK;
    }
    if (f->options.skip_bad && s == QN_DATA) {
        if (f->stats.bad == 0)
            f->first_bad = *why;
        count_first(&f->stats.bad, &f->stats.bad_line, f->line);
        return QN_OK;
    }
    if (err != NULL)
        *err = *why;
    return s;
}

/* A line that is too long: passed, with what is still to come of it, where bad lines are left out. */
static qn_status leave_long(qni_feed *f, bool whole, qn_error *err)
{
    qn_error why;
    (void)too_long(f, f->line, &why);
    f->skips_line = !whole;
    return leave_out(f, f->options.skip_bad ? QN_DATA : QN_LIMIT, &why, err);
}

/* The next line, which is whole in the window: a record (*taken), or none. *whole false: it is not. */
static qn_status take_line(qni_feed *f, qn_tick *out, bool *taken, bool *whole, qn_error *err)
{
    qn_error why;
    const char *line = f->at;
    int64_t number = 0;
    bool has_number = false;
    qn_status s = QN_OK;
    *taken = false;
    f->line++;
    const char *next = qni_feed_split(f, &s, &why);
    *whole = next != NULL;
    if (next == NULL) {
        f->line--;
        return QN_OK;
    }
    f->at += next - line;
    if (next - line - 1 > f->line_max)
        return leave_long(f, true, err);
    if (*line <= '#' && is_passed(line, next - 1)) /* blanks, controls and # come before digits and letters */
        return QN_OK;
    if (s == QN_OK)
        s = qni_feed_record(f, out, &number, &has_number, &why);
    if (has_number && (s == QN_OK || (s == QN_NAME && !f->options.sequence_by_symbol))) {
        qn_status in_sequence = check_sequence(f, out, number, err);
        if (in_sequence != QN_OK)
            return in_sequence;
    }
    if (s != QN_OK)
        return leave_out(f, s, &why, err);
    s = check_clock(f, out, err);
    *taken = s == QN_OK;
    return s;
}

/* What is in the window of a line that is passed. */
static void pass_rest(qni_feed *f)
{
    char *stop = memchr(f->at, '\n', (size_t)(f->end - f->at));
    f->at = stop != NULL ? stop + 1 : f->end;
    f->skips_line = stop == NULL;
}

/* Makes room for a line that is not whole in the window. */
static qn_status more(qni_feed *f, qn_error *err)
{
    if (f->end - f->at > f->line_max) {
        f->line++;
        qn_status s = leave_long(f, false, err);
        if (s != QN_OK)
            return s;
        f->at = f->end;
    }
    qn_status s = fill(f, err);
    if (s == QN_OK && f->skips_line)
        pass_rest(f);
    return s;
}

static qn_status read_records(qni_feed *f, qn_tick *records, int64_t wanted, int64_t *count, qn_error *err)
{
    qn_status s = QN_OK;
    if (!f->started) {
        f->started = true;
        s = start(f, err);
    }
    while (s == QN_OK && *count < wanted) {
        bool taken, whole;
        s = take_line(f, &records[*count], &taken, &whole, err);
        *count += taken;
        if (s != QN_OK || whole)
            continue;
        if (f->ended || *count > 0) /* what is there is not kept waiting */
            break;
        s = more(f, err);
    }
    return s;
}

/* ---- the source ---- */

static qn_status read_source(void *self, qn_tick *records, int64_t wanted, int64_t *count, qn_error *err)
{
    qni_feed *f = self;
    *count = 0;
    qn_status s = read_records(f, records, wanted, count, err);
    f->stats.records += *count;
    f->stats.lines = f->line;
    if (s != QN_OK) { /* nothing comes after it */
        f->ended = true;
        f->at = f->end;
    }
    return s;
}

static void stop_source(void *self)
{
    qni_input_stop(((const qni_feed *)self)->stop_file);
}

static void free_source(void *self)
{
    qni_feed *f = self;
    qni_input_close(&f->input);
    for (size_t i = 0; i < sizeof f->texts / sizeof f->texts[0]; i++)
        qni_free(f->allocator, f->texts[i], f->text_sizes[i], 1);
    qni_free(f->allocator, f->path, f->path != NULL ? (int64_t)strlen(f->path) + 1 : 0, 1);
    qni_free(f->allocator, f->window, f->window_size + PADDING, 1);
    qni_free(f->allocator, f->roles, f->column_count, 1);
    qni_free(f->allocator, f->sequences, f->sequence_count, sizeof *f->sequences);
    qni_free(f->allocator, f->has_sequence, f->sequence_count, sizeof *f->has_sequence);
    qni_delete(f->allocator, f);
}

/* Texts of the options that are ours; what they point to afterwards. */
static bool copy_texts(qni_feed *f)
{
    const char **const given[] = {&f->options.map, &f->options.columns, &f->options.symbol};
    bool copied = true;
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        if (*given[i] == NULL)
            continue;
        f->text_sizes[i] = (int64_t)strlen(*given[i]) + 1;
        f->texts[i] = qni_copy_string(f->allocator, *given[i], -1);
        copied &= f->texts[i] != NULL;
        *given[i] = f->texts[i];
    }
    return copied;
}

static qn_status check_options(const qn_csv_source_options *o, qn_error *err)
{
    if (o->delimiter != '\0' && memchr(",;|\t", o->delimiter, 4) == NULL)
        return qni_error(err, QN_INVALID, "a delimiter is one of , ; | and tab");
    if ((int)o->time_unit < 0 || o->time_unit > QN_TIME_UNIT_NS)
        return qni_error(err, QN_INVALID, "%d is no unit of time", (int)o->time_unit);
    return QN_OK;
}

qn_status qni_feed_open(qn_stream_source *out, qni_input input, int stop_file, const char *path, int64_t window_size,
                        int64_t line_max, qn_symbols *symbols, const qn_csv_source_options *options, qn_error *err)
{
    const qn_allocator *allocator = options->allocator;
    assert(window_size > line_max);
    *out = (qn_stream_source){0};
    qni_feed *f = qni_new(allocator, qni_feed);
    if (f == NULL) {
        qni_input_close(&input);
        return qni_refused(err, allocator, (int64_t)sizeof *f, "a source");
    }
    f->allocator = allocator;
    f->options = *options;
    f->input = input;
    f->stop_file = stop_file;
    f->symbols = symbols;
    f->delimiter = options->delimiter;
    f->window_size = window_size;
    f->line_max = line_max;
    f->first_bad = qn_error_none();
    f->path = qni_copy_string(allocator, path, -1);
    f->window = qni_alloc(allocator, window_size + PADDING, 1);
    if (!copy_texts(f) || f->path == NULL || f->window == NULL) {
        free_source(f);
        return qni_refused(err, allocator, window_size, "a window over \"%s\"", qni_file_name(path));
    }
    f->name = qni_file_name(f->path);
    f->at = f->end = f->window;
    memset(f->window, 0, PADDING);
    *out = (qn_stream_source){.self = f,
                              .name = f->name,
                              .read = read_source,
                              .stop = stop_file >= 0 ? stop_source : NULL,
                              .free = free_source};
    return QN_OK;
}

qn_status qn_csv_source(qn_stream_source *out, const char *path, qn_symbols *symbols,
                        const qn_csv_source_options *options, qn_error *err)
{
    qn_csv_source_options o;
    qni_input input;
    int stop_file;
    *out = (qn_stream_source){0};
    qn_status s = qni_options_copy(&o, sizeof o, options, "qn_csv_source_options", err);
    if (s == QN_OK)
        s = check_options(&o, err);
    if (s == QN_OK)
        s = qni_input_file_stoppable(&input, &stop_file, path, o.allocator, err);
    return s != QN_OK
               ? s
               : qni_feed_open(out, input, stop_file, path, QNI_FEED_WINDOW, QNI_FEED_LINE_MAX, symbols, &o, err);
}

void qn_csv_source_get_stats(const qn_stream_source *source, qn_csv_source_stats *out, qn_error *first_bad)
{
    const qni_feed *f = source->self;
    assert(source->read == read_source);
    qni_stats_copy(out, &f->stats, (int64_t)sizeof f->stats);
    if (first_bad != NULL)
        *first_bad = f->first_bad;
}
