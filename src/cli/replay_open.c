/* cli/replay_open.c: from the command line to a stream that can run. */
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "cli/limits.h"
#include "cli/place.h"
#include "cli/replay_int.h"

#include <inttypes.h>
#include <string.h>

static const char *text_of(const replay_job *job, int option)
{
    return qni_args_text(job->args, &job->options[option]);
}

/* ---- symbols ---- */

/* How many symbols there is room for, and whether names are given. */
static int64_t symbol_capacity(const replay_job *job, bool *names)
{
    const char *text = text_of(job, REPLAY_SYMBOLS);
    int64_t count;
    *names = false;
    if (text == NULL)
        return QNI_REPLAY_SYMBOLS;
    if (qni_integer_parse(&count, text, text + strlen(text)) == text + strlen(text))
        return count;
    *names = true;
    for (count = 1; *text != '\0'; text++)
        count += *text == ',';
    return count;
}

static qn_status add_names(replay_job *job, qn_error *err)
{
    qn_status s = QN_OK;
    for (const char *at = text_of(job, REPLAY_SYMBOLS); s == QN_OK && *at != '\0';) {
        const int64_t size = (int64_t)strcspn(at, ",");
        int32_t number;
        s = qn_symbols_add(&number, job->symbols, at, size, err);
        at += size + (at[size] == ',');
    }
    qn_symbols_close(job->symbols);
    return s;
}

/* ---- the source ---- */

static qn_status find_kind(replay_job *job, qn_error *err)
{
    static const char prefix[] = "generate:";
    const char *const source = job->source;
    job->kind = qni_file_is_folder(source) ? REPLAY_A_JOURNAL : REPLAY_CSV;
    if (strncmp(source, prefix, sizeof prefix - 1) != 0)
        return QN_OK;
    const char *const count = source + sizeof prefix - 1, *const end = count + strlen(count);
    job->kind = REPLAY_GENERATED;
    if (strcmp(count, "forever") == 0) {
        job->wanted = -1;
        return QN_OK;
    }
    if (qni_integer_parse(&job->wanted, count, end) != end || count == end || job->wanted < 0)
        return qni_error(err, QN_INVALID,
                         "\"%.80s\": generate:N makes N records up, such as generate:1000000; "
                         "generate:forever does not end",
                         source);
    return QN_OK;
}

/* An option of another kind of source would do nothing, without a word. */
static qn_status check_kind(const replay_job *job, qn_error *err)
{
    static const struct {
        int option;
        replay_kind kind;
        const char *what;
    } only[] = {{REPLAY_MAP, REPLAY_CSV, "CSV files"},
                {REPLAY_SEED, REPLAY_GENERATED, "generate:N"},
                {REPLAY_ORDERS, REPLAY_GENERATED, "generate:N"},
                {REPLAY_SKIP_BAD, REPLAY_CSV, "CSV files"},
                {REPLAY_STRICT, REPLAY_CSV, "CSV files"}};
    for (size_t i = 0; i < sizeof only / sizeof only[0]; i++) {
        const qni_option *const option = &job->options[only[i].option];
        if (job->kind != only[i].kind && qni_args_has(job->args, option))
            return qni_error(err, QN_INVALID, "option \"--%s\" is for %s alone", option->name, only[i].what);
    }
    return QN_OK;
}

static qn_status open_generated(qn_stream_source *out, replay_job *job, qn_error *err)
{
    bool names;
    qn_generated_options how;
    qn_generated_options_init(&how, sizeof how);
    how.seed = (uint64_t)qni_args_integer(job->args, &job->options[REPLAY_SEED], 1);
    how.symbols = text_of(job, REPLAY_SYMBOLS) == NULL ? 0 : symbol_capacity(job, &names);
    how.orders = qni_args_number(job->args, &job->options[REPLAY_ORDERS], 0);
    how.allocator = job->allocator;
    return qn_generated_source(out, job->wanted, job->symbols, &how, err);
}

static qn_status open_csv(qn_stream_source *out, replay_job *job, qn_error *err)
{
    qn_csv_source_options how;
    qn_csv_source_options_init(&how, sizeof how);
    how.map = text_of(job, REPLAY_MAP);
    how.skip_bad = how.skip_unknown = qni_args_flag(job->args, &job->options[REPLAY_SKIP_BAD]);
    how.refuse_backwards = how.refuse_gaps = qni_args_flag(job->args, &job->options[REPLAY_STRICT]);
    how.allocator = job->allocator;
    qn_status s = qn_csv_source(out, job->source, job->symbols, &how, err);
    if (s == QN_OK)
        job->csv = *out;
    return s;
}

/* A journal's times are looked up in its index. */
static qn_status find_times(int64_t *from, int64_t *to, const replay_job *job, const qn_stream_range *range,
                            qn_error *err)
{
    qn_journal_reader *reader;
    qn_status s = qn_journal_reader_open(&reader, job->source, job->allocator, err);
    if (s == QN_OK && range->from_ns != INT64_MIN)
        s = qn_journal_find_time(from, reader, range->from_ns, err);
    if (s == QN_OK && range->to_ns != INT64_MAX) {
        s = qn_journal_find_time(to, reader, range->to_ns + 1, err);
        *to -= 1;
    }
    qn_journal_reader_close(reader);
    return s;
}

static qn_status open_journal(qn_stream_source *out, replay_job *job, qn_stream_range *range, qn_error *err)
{
    int64_t from = range->from == INT64_MIN ? -1 : range->from, to = range->to == INT64_MAX ? -1 : range->to;
    qn_status s = QN_OK;
    if (range->from_ns != INT64_MIN || range->to_ns != INT64_MAX)
        s = find_times(&from, &to, job, range, err);
    const bool nothing = s == QN_OK && ((to >= 0 && from > to) || (range->to_ns != INT64_MAX && to < 0));
    qn_stream_range_init(range, sizeof *range); /* the journal finds its place by itself */
    if (nothing) {
        range->to = -1;
        from = to = -1;
    }
    return s == QN_OK ? qn_journal_source(out, job->source, from, to, job->symbols, job->allocator, err) : s;
}

static qn_status read_range(qn_stream_range *range, const replay_job *job, qn_error *err)
{
    const char *const from = text_of(job, REPLAY_FROM), *const to = text_of(job, REPLAY_TO);
    int64_t number, time_ns;
    qn_stream_range_init(range, sizeof *range);
    if (from != NULL && qni_place_read(&number, &time_ns, from))
        *(number >= 0 ? &range->from : &range->from_ns) = number >= 0 ? number : time_ns;
    if (to != NULL && qni_place_read(&number, &time_ns, to))
        *(number >= 0 ? &range->to : &range->to_ns) = number >= 0 ? number : time_ns;
    if (range->from > range->to || range->from_ns > range->to_ns)
        return qni_error(err, QN_INVALID, "--from %.40s is behind --to %.40s", from, to);
    return QN_OK;
}

static qn_status set_source(replay_job *job, qn_error *err)
{
    qn_stream_source source;
    qn_stream_range range;
    qn_status s = read_range(&range, job, err);
    if (s != QN_OK)
        return s;
    switch (job->kind) {
    case REPLAY_GENERATED:
        s = open_generated(&source, job, err);
        break;
    case REPLAY_A_JOURNAL:
        s = open_journal(&source, job, &range, err);
        break;
    case REPLAY_CSV:
        s = open_csv(&source, job, err);
        break;
    }
    if (s == QN_OK)
        s = qn_stream_set_source(job->stream, &source, err);
    return s == QN_OK ? qn_stream_set_range(job->stream, &range, err) : s;
}

/* ---- stages ---- */

static qn_status add_formulas(replay_job *job, qn_error *err)
{
    const char *const path = text_of(job, REPLAY_PIPELINE);
    qn_status s = path != NULL ? qn_stream_read_formulas(job->stream, path, err) : QN_OK;
    int64_t at = 0;
    const char *formula = NULL;
    while (s == QN_OK && (formula = qni_args_next(job->args, &job->options[REPLAY_FORMULA], &at)) != NULL) {
        s = qn_stream_add_formula(job->stream, formula, err);
        if (s != QN_OK)
            job->formula = formula;
    }
    return s;
}

static qn_status add_gate(replay_job *job, qn_error *err)
{
    const char *const path = text_of(job, REPLAY_RISK), *const column = text_of(job, REPLAY_ORDER);
    if (path == NULL && column == NULL)
        return QN_OK;
    qn_stream_stage stage;
    qn_status s;
    if (path != NULL) {
        s = qn_gate_read(&job->gate, path, job->symbols, job->allocator, err);
    } else {
        qn_gate_options how;
        qn_gate_options_init(&how, sizeof how);
        how.allocator = job->allocator;
        s = qn_gate_new(&job->gate, &how, qn_symbols_capacity(job->symbols), err);
    }
    if (s == QN_OK)
        s = qn_gate_stage(&stage, job->gate, column, err);
    return s == QN_OK ? qn_stream_add_stage(job->stream, &stage, err) : s;
}

/* ---- sinks ---- */

static bool ends_with(const char *text, const char *end)
{
    const size_t size = strlen(text), tail = strlen(end);
    return size >= tail && strcmp(text + size - tail, end) == 0;
}

/* ---- what goes to standard output: where nobody reads it any more, all ends ---- */

static qn_status out_open(void *user, const char *const *columns, int64_t count, qn_error *err)
{
    const qn_stream_sink *const out = &((replay_job *)user)->out;
    return out->open == NULL ? QN_OK : out->open(out->self, columns, count, err);
}

static qn_status out_write(void *user, const qn_stream_span *span, qn_error *err)
{
    replay_job *const job = user;
    const qn_status s = job->out.write(job->out.self, span, err);
    if (s == QN_CLOSED) {
        job->nobody_reads = true;
        qn_stream_stop(job->stream);
    }
    return s;
}

static qn_status out_close(void *user, qn_error *err)
{
    const qn_stream_sink *const out = &((replay_job *)user)->out;
    return out->close == NULL ? QN_OK : out->close(out->self, err);
}

static void out_free(void *user)
{
    const qn_stream_sink *const out = &((replay_job *)user)->out;
    if (out->free != NULL)
        out->free(out->self);
}

static qn_status add_file_sink(replay_job *job, const qn_stream_sink *sink, const char *path, qn_error *err)
{
    if (strcmp(path, "-") != 0)
        return qn_stream_add_sink(job->stream, sink, err);
    if (job->out.write != NULL) {
        if (sink->free != NULL)
            sink->free(sink->self);
        return qni_error(err, QN_INVALID, "standard output takes one file, not two");
    }
    job->out = *sink;
    const qn_stream_sink outer = {.self = job,
                                  .name = sink->name,
                                  .reads = sink->reads,
                                  .read_count = sink->read_count,
                                  .open = out_open,
                                  .write = out_write,
                                  .close = out_close,
                                  .free = out_free};
    return qn_stream_add_sink(job->stream, &outer, err);
}

/* A file that two outputs write would be the last one's alone, without a word; the source, where the replay ends early,
 * would be lost. `bars` (NULL: none) is an output too. */
static qn_status check_output(const replay_job *job, const char *path, const char *bars, qn_error *err)
{
    if (job->kind == REPLAY_CSV && qni_file_is_one(path, job->source))
        return qni_error(err, QN_INVALID, "\"%.300s\" is what is replayed: name another file to write", path);
    int64_t count = bars != NULL && qni_file_is_one(path, bars);
    const char *other;
    for (int64_t at = 0; (other = qni_args_next(job->args, &job->options[REPLAY_OUTPUT], &at)) != NULL;)
        count += qni_file_is_one(path, other);
    return count < 2 ? QN_OK : qni_error(err, QN_INVALID, "\"%.300s\" is to be written twice: name two files", path);
}

static qn_status add_outputs(replay_job *job, qn_error *err)
{
    qn_sink_options how;
    qn_sink_options_init(&how, sizeof how);
    how.allocator = job->allocator;
    const char *path, *bars_path = NULL, *const bars = text_of(job, REPLAY_BARS);
    int64_t interval_ns = 0;
    if (bars != NULL && !qni_replay_bars(&interval_ns, &bars_path, bars))
        bars_path = NULL;
    qn_status s = QN_OK;
    qn_stream_sink sink;
    for (int64_t at = 0; s == QN_OK && (path = qni_args_next(job->args, &job->options[REPLAY_OUTPUT], &at)) != NULL;) {
        s = check_output(job, path, bars_path, err);
        if (s == QN_OK)
            s = ends_with(path, ".npz") ? qn_npz_sink(&sink, path, job->symbols, &how, err)
                                        : qn_csv_sink(&sink, path, job->symbols, &how, err);
        if (s == QN_OK)
            s = add_file_sink(job, &sink, path, err);
    }
    if (s == QN_OK && bars_path != NULL)
        s = check_output(job, bars_path, NULL, err);
    if (s != QN_OK || bars_path == NULL)
        return s;
    s = qn_bars_sink(&sink, bars_path, job->symbols, interval_ns, &how, err);
    return s == QN_OK ? add_file_sink(job, &sink, bars_path, err) : s;
}

static qn_status add_journal(replay_job *job, qn_error *err)
{
    const char *const folder = text_of(job, REPLAY_JOURNAL);
    if (folder == NULL)
        return QN_OK;
    uint64_t from[2], to[2];
    if (job->kind == REPLAY_A_JOURNAL && qni_file_identity(from, job->source) && qni_file_identity(to, folder) &&
        from[0] == to[0] && from[1] == to[1])
        return qni_error(err, QN_INVALID, "--journal %.300s is what is replayed: name another folder", folder);
    qn_journal_options how;
    qn_journal_options_init(&how, sizeof how);
    how.allocator = job->allocator;
    qn_stream_sink sink;
    qn_status s = qn_journal_sink(&sink, folder, job->symbols, &how, err);
    return s == QN_OK ? qn_stream_add_sink(job->stream, &sink, err) : s;
}

/* How often memory was asked for by all parts of the stream. */
static int64_t requests(const replay_job *job)
{
    qn_budget_stats stats = {.size = sizeof stats};
    qn_budget_get_stats(job->run->memory->budgets[QNI_HOLDER_STREAM], &stats);
    return stats.requests;
}

static qn_status count_write(void *user, const qn_stream_span *span, qn_error *err)
{
    (void)span;
    (void)err;
    replay_job *const job = user;
    if (++job->spans == 2) /* every part has seen the first */
        job->requests_warm = job->requests_end = requests(job);
    return QN_OK;
}

static qn_status count_close(void *user, qn_error *err)
{
    (void)err;
    replay_job *const job = user;
    if (job->spans >= 2)
        job->requests_end = requests(job);
    return QN_OK;
}

/* First of all sinks, so that it is closed before any of them asks for memory to end. */
static qn_status add_counter(replay_job *job, qn_error *err)
{
    const qn_stream_sink sink = {.self = job, .name = "memory", .write = count_write, .close = count_close};
    return qn_stream_add_sink(job->stream, &sink, err);
}

static qn_status add_sinks(replay_job *job, qn_error *err)
{
    qn_sink_options how;
    qn_sink_options_init(&how, sizeof how);
    how.allocator = job->allocator;
    qn_stream_sink sink;
    qn_status s = add_counter(job, err);
    if (s == QN_OK)
        s = qn_aggregates_new(&job->aggregates, job->symbols, &how, err);
    if (s != QN_OK)
        return s;
    qn_aggregates_sink(&sink, job->aggregates);
    s = qn_stream_add_sink(job->stream, &sink, err);
    if (s == QN_OK)
        s = add_journal(job, err);
    return s == QN_OK ? add_outputs(job, err) : s;
}

/* ---- all ---- */

static qn_status make_stream(replay_job *job, qn_error *err)
{
    qn_stream_options how;
    qn_stream_options_init(&how, sizeof how);
    how.capacity = qni_args_integer(job->args, &job->options[REPLAY_CAPACITY], 0);
    how.threads = (int)qni_args_integer(job->args, &job->options[REPLAY_THREADS], 1);
    how.overload = (qn_stream_overload)qni_args_choice(job->args, &job->options[REPLAY_OVERLOAD]);
    how.speed = qni_replay_speed(text_of(job, REPLAY_SPEED));
    how.digest = how.latency = true;
    how.allocator = job->allocator;
    return qn_stream_new(&job->stream, job->symbols, &how, err);
}

qn_status qni_replay_open(replay_job *job, qn_error *err)
{
    bool names;
    int64_t capacity = symbol_capacity(job, &names);
    qn_status s = find_kind(job, err);
    if (s == QN_OK)
        s = check_kind(job, err);
    if (s == QN_OK)
        s = qn_symbols_new(&job->symbols, capacity, job->allocator, err);
    if (s == QN_OK && names)
        s = add_names(job, err);
    if (s == QN_OK)
        s = make_stream(job, err);
    if (s == QN_OK)
        s = set_source(job, err);
    if (s == QN_OK)
        s = add_formulas(job, err);
    if (s == QN_OK)
        s = add_gate(job, err);
    return s == QN_OK ? add_sinks(job, err) : s;
}

void qni_replay_close(replay_job *job)
{
    qn_stream_free(job->stream);
    qn_aggregates_free(job->aggregates);
    qn_gate_free(job->gate);
    qn_symbols_free(job->symbols);
}
