/* cli/verb_replay.c: `quern replay`: a stream of ticks through formulas, a risk gate, and into files. */
#include "base/error.h"
#include "cli/place.h"
#include "cli/replay_int.h"
#include "cli/report.h"
#include "cli/verbs.h"

#include <string.h>
#include <unistd.h>

static int run_replay(qni_run *run, const qni_args *args);

enum {
    FORMAT_TEXT,
    FORMAT_JSON
}; /* in the order of the choices */

static const qni_option options[REPLAY_OPTION_COUNT] = {
    [REPLAY_SYMBOLS] = {.name = "symbols",
                        .letter = 's',
                        .type = QNI_OPTION_STRING,
                        .argument = "K|A,B,...",
                        .absent = "room for 4096; 16 where records are made up",
                        .refuse = qni_replay_symbols_refuse,
                        .group = "The source",
                        .help = "A number: how many symbols there is room for, or how many are made up. Names: only "
                                "these are known, and another one is an error."},
    [REPLAY_FROM] = {.name = "from",
                     .type = QNI_OPTION_STRING,
                     .argument = "N|TIME",
                     .refuse = qni_place_refuse,
                     .group = "The source",
                     .help = "The first record: its number, from 0, or an event time such as 2026-02-13T14:30Z."},
    [REPLAY_TO] = {.name = "to",
                   .type = QNI_OPTION_STRING,
                   .argument = "N|TIME",
                   .refuse = qni_place_refuse,
                   .group = "The source",
                   .help = "The last record, included."},
    [REPLAY_MAP] = {.name = "map",
                    .letter = 'm',
                    .type = QNI_OPTION_STRING,
                    .argument = "WHAT=COLUMN,...",
                    .absent = "found by their names",
                    .group = "The source",
                    .help = "Which column of a CSV file is what, such as price=Close,size=Volume: time, symbol, price, "
                            "size, bid, ask, side, kind, order, sequence."},
    [REPLAY_SKIP_BAD] = {.name = "skip-bad",
                         .type = QNI_OPTION_FLAG,
                         .configurable = true,
                         .group = "The source",
                         .help = "Leave out lines that are wrong, and those of symbols that are not among --symbols, "
                                 "and count them. Else the first ends the replay."},
    [REPLAY_STRICT] = {.name = "strict",
                       .type = QNI_OPTION_FLAG,
                       .configurable = true,
                       .group = "The source",
                       .help = "An event time that goes back, and a gap in the file's own sequence, end the replay. "
                               "Else they are counted."},
    [REPLAY_SEED] = {.name = "seed",
                     .type = QNI_OPTION_INTEGER,
                     .argument = "N",
                     .otherwise = "1",
                     .group = "The source",
                     .help = "What made-up records follow from: the same seed, the same records."},
    [REPLAY_ORDERS] = {.name = "orders",
                       .type = QNI_OPTION_NUMBER,
                       .argument = "PART",
                       .otherwise = "0",
                       .group = "The source",
                       .help = "The part of made-up records that are orders, 0 to 1."},
    [REPLAY_FORMULA] = {.name = "formula",
                        .letter = 'x',
                        .type = QNI_OPTION_LIST,
                        .argument = "NAME=EXPRESSION",
                        .group = "The stages",
                        .help = "A new column, from those that there are: time, sequence, symbol, price, size, bid, "
                                "ask, mid, side, order and earlier formulas. ema, sma, sd, vwap, rsi, bollinger, macd, "
                                "realized_vol, lag and diff look back, each symbol for itself."},
    [REPLAY_PIPELINE] = {.name = "pipeline-file",
                         .type = QNI_OPTION_FILE,
                         .argument = "FILE",
                         .group = "The stages",
                         .help = "A file of formulas, one a line, before those of --formula; # begins a comment."},
    [REPLAY_RISK] =
        {.name = "risk",
         .letter = 'r',
         .type = QNI_OPTION_FILE,
         .argument = "FILE",
         .files = "toml",
         .group = "The stages",
         .help = "A gate that decides on every order by the limits in this file: position, order size, "
                 "exposure, loss of a day, drawdown, leverage, rate. SIGUSR1 is its kill switch: no order passes "
                 "any more."},
    [REPLAY_ORDER] = {.name = "order",
                      .type = QNI_OPTION_STRING,
                      .argument = "COLUMN",
                      .group = "The stages",
                      .help = "A formula's column that trades: units to buy at each record's price, below 0 to sell."},
    [REPLAY_SPEED] = {.name = "speed",
                      .type = QNI_OPTION_STRING,
                      .argument = "1x|10x|max",
                      .otherwise = "max",
                      .refuse = qni_replay_speed_refuse,
                      .configurable = true,
                      .group = "The run",
                      .help =
                          "How fast event time passes: 1x as it did, 10x ten times as fast, max as fast as it goes."},
    [REPLAY_OVERLOAD] = {.name = "overload",
                         .type = QNI_OPTION_CHOICE,
                         .argument = "block|reject|drop-oldest|conflate",
                         .choices = "block|reject|drop-oldest|conflate",
                         .otherwise = "block",
                         .configurable = true,
                         .group = "The run",
                         .help = "What becomes of records that come quicker than they are worked on: they wait; the "
                                 "new one is dropped; the oldest is; a newer one replaces one of the same symbol. "
                                 "Dropped ones are counted."},
    [REPLAY_THREADS] = {.name = "threads",
                        .letter = 'j',
                        .type = QNI_OPTION_INTEGER,
                        .argument = "N",
                        .otherwise = "1",
                        .least = 1,
                        .most = 64,
                        .configurable = true,
                        .group = "The run",
                        .help = "Threads: 2 reads in one and works in the other, more share out the stages. The result "
                                "is the same."},
    [REPLAY_CAPACITY] = {.name = "capacity",
                         .type = QNI_OPTION_INTEGER,
                         .argument = "N",
                         .otherwise = "8192",
                         .least = 1,
                         .most = 1 << 26,
                         .configurable = true,
                         .group = "The run",
                         .help = "Records in the ring, made a power of two."},
    [REPLAY_JOURNAL] = {.name = "journal",
                        .type = QNI_OPTION_STRING,
                        .argument = "DIR",
                        .group = "The result",
                        .help = "Append every record to the journal in this folder, which may be replayed; see quern "
                                "help journal."},
    [REPLAY_OUTPUT] = {.name = "output",
                       .letter = 'o',
                       .type = QNI_OPTION_LIST,
                       .argument = "FILE",
                       .files = "csv|npz",
                       .group = "The result",
                       .help = "Write records and new columns into this file: CSV, or arrays of NumPy where its name "
                               "ends in .npz; - is standard output, and the summary then goes to standard error. May "
                               "be given more than once."},
    [REPLAY_BARS] = {.name = "bars",
                     .type = QNI_OPTION_STRING,
                     .argument = "INTERVAL:FILE",
                     .refuse = qni_replay_bars_refuse,
                     .group = "The result",
                     .help = "Write open, high, low, close and volume of each symbol and interval into this CSV file, "
                             "such as 1m:bars.csv."},
    [REPLAY_FORMAT] = {.name = "format",
                       .letter = 'f',
                       .type = QNI_OPTION_CHOICE,
                       .argument = "FORMAT",
                       .choices = "text|json",
                       .otherwise = "text",
                       .configurable = true,
                       .group = "The result",
                       .help = "The summary: text is for people, json has every number."},
};

static const qni_argument arguments[] = {
    {"SOURCE",
     "A CSV file of ticks (gzip is recognised, - is standard input), the folder of a journal, or generate:N, which "
     "makes N records up.",
     "csv|csv.gz"},
};

static const qni_form forms[] = {{.arguments = arguments, .argument_count = 1}};

static const qni_example examples[] = {
    {"quern replay generate:1000000 --formula 'z = (price - ema(price, 20)) / sd(price, 20)'",
     "A million made-up ticks, and how far each is from its symbol's average:"},
    {"quern replay examples/ticks.csv --formula 'spread = ask - bid' --output ticks.npz --bars 1s:bars.csv",
     "Ticks of a file; arrays for NumPy, and bars:"},
    {"quern replay generate:200000 --formula 'signal = if(rsi(price, 14) < 20, 10, 0)' --order signal --risk "
     "examples/risk.toml",
     "Orders from a formula, and a gate that decides on them:"},
    {"quern replay generate:100000 --journal ticks.journal && quern replay ticks.journal --from 10 --to 30 --format "
     "json",
     "Records kept in a journal, and 21 of them replayed:"},
};

const qni_verb qni_verb_replay = {
    .name = "replay",
    .summary = "push ticks through formulas, a risk gate and into files",
    .description =
        "Every record is read once into a ring and stays there while the stages work on it in place: formulas, which "
        "make columns; the gate; the files. Nothing is allocated once the stream runs. The same input gives the same "
        "output digest on every run, at every speed and with any number of threads, as long as nothing is dropped.\n"
        "A replay that is interrupted, or ends at a bad line, has written what came before; the summary says how much "
        "that is.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = REPLAY_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_replay,
};

static qn_status run_stream(replay_job *job, qn_error *err)
{
    atomic_store_explicit(job->run->patient, true, memory_order_relaxed);
    qn_status s = qni_replay_watch(job, err);
    if (s == QN_OK)
        s = qn_stream_run(job->stream, err);
    qni_replay_unwatch(job);
    job->stats.size = sizeof job->stats;
    qn_stream_get_stats(job->stream, &job->stats);
    return s;
}

static qn_status summarize(replay_job *job, qn_error *err)
{
    return qni_args_choice(job->args, &options[REPLAY_FORMAT]) == FORMAT_JSON ? qni_replay_json(job, err)
                                                                              : qni_replay_text(job, err);
}

/* The summary, on standard error where records went to standard output. */
static qn_status show(replay_job *job, qn_error *err)
{
    if (job->out.write == NULL)
        return summarize(job, err);
    qni_out out, *const before = job->run->out;
    qni_out_init(&out, STDERR_FILENO);
    job->run->out = &out;
    qn_status s = summarize(job, err);
    job->run->out = before;
    return s == QN_OK ? qni_out_flush(&out, "standard error", err) : s;
}

static int report(const replay_job *job, const qn_error *err)
{
    return job->formula != NULL && err->column > 0
               ? qni_report_formula(err, job->formula, (int64_t)strlen(job->formula), NULL)
               : qni_report(err);
}

static int run_replay(qni_run *run, const qni_args *args)
{
    replay_job job = {.run = run,
                      .args = args,
                      .options = options,
                      .allocator = qni_run_allocator(run, QNI_HOLDER_STREAM),
                      .source = args->arguments[0]};
    qn_error err = qn_error_none(), other = qn_error_none();
    int code = 0;
    qn_status s = qni_replay_open(&job, &err);
    if (s == QN_OK)
        s = run_stream(&job, &err);
    /* What went through is shown, whatever ended it. */
    if (job.stats.seconds_ns > 0 && !job.nobody_reads && show(&job, &other) != QN_OK && s == QN_OK) {
        err = other;
        s = other.code;
    }
    if (s != QN_OK) {
        (void)!qni_out_flush(run->out, "standard output", NULL); /* the summary before the error */
        code = report(&job, &err);
    } else if (job.nobody_reads) {
        code = QNI_EXIT_NOBODY_READS;
    }
    qni_replay_close(&job);
    return code;
}
