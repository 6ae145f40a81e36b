/* cli/verb_scan.c: `quern scan` and `quern explain`: from option chains, past prices and reports to trades. */
#include "cli/scan_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/stop.h"
#include "cli/data_input.h"
#include "cli/market_int.h"
#include "cli/option_int.h"
#include "cli/report.h"
#include "cli/scan_html.h"
#include "cli/verbs.h"

#include <string.h>

static int run(qni_run *run, const qni_args *args);

#define NUMBER_ROW(field, name_, otherwise_, least, most, heading, help_) \
    [SCAN_SETTING_##field] = {.name = name_,                              \
                              .type = QNI_OPTION_NUMBER,                  \
                              .argument = "X",                            \
                              .otherwise = #otherwise_,                   \
                              .configurable = true,                       \
                              .group = heading,                           \
                              .help = help_ "."},

static const qni_option options[SCAN_OPTION_COUNT] = {
    [SCAN_CHAINS] = {.name = "chains",
                     .letter = 'c',
                     .type = QNI_OPTION_LIST,
                     .argument = "FILE|FOLDER,...",
                     .absent = "those of the store",
                     .group = "The data",
                     .help = "Option chains, one a ticker: what quern smile reads. Of a folder all .csv, .csv.gz, "
                             ".json and .dat files."},
    [SCAN_EARNINGS] = {.name = "earnings",
                       .letter = 'e',
                       .type = QNI_OPTION_LIST,
                       .argument = "FILE,...",
                       .absent = "those of the store",
                       .group = "The data",
                       .help = "Past and coming reports, CSV: ticker, date, and where it is known the timing."},
    [SCAN_EVENT] = {.name = "event",
                    .type = QNI_OPTION_LIST,
                    .argument = "T=DATE:amc,...",
                    .absent = "the first report after the quotes",
                    .refuse = qni_scan_event_refuse,
                    .group = "The data",
                    .help = "The coming report of a ticker: amc after the close, bmo before the open, dmh in the "
                            "session; without one of these, as its past reports came."},
    [SCAN_PRICES] = {.name = "prices",
                     .type = QNI_OPTION_LIST,
                     .argument = "FILE,...",
                     .absent = "those of the store",
                     .group = "The data",
                     .help = "Daily prices, CSV: date, ticker, open, high, low, close, volume."},
    [SCAN_SECTORS] = {.name = "sectors",
                      .type = QNI_OPTION_FILE,
                      .argument = "FILE",
                      .absent = "those of the store",
                      .files = "csv",
                      .group = "The data",
                      .help = "Which sector each ticker belongs to, CSV: peers are looked for there, and sizes are "
                              "bounded by it."},
    [SCAN_STORE] = QNI_MARKET_OPTION_STORE("The data"),
    [SCAN_TICKERS] = {.name = "tickers",
                      .letter = 't',
                      .type = QNI_OPTION_LIST,
                      .argument = "A,B,...",
                      .absent = "all that there are chains of",
                      .group = "The data",
                      .help = "Only these."},
    [SCAN_AS_OF] = QNI_OPTION_ROW_AS_OF("The data", "as each chain tells"),
    [SCAN_RATE] = QNI_OPTION_ROW_RATE("The model", "0, with American options"),
    [SCAN_CLOCK] = QNI_OPTION_ROW_CLOCK("The model"),
    [SCAN_TIERS] = {.name = "tiers",
                    .type = QNI_OPTION_CHOICE,
                    .argument = "TIERS",
                    .choices = "percentile|balanced|conservative|aggressive|legacy",
                    .otherwise = "percentile",
                    .configurable = true,
                    .group = "Premium",
                    .help = "How the ratio of implied to past moves is judged: by its percentile in the reference "
                            "distribution, or by fixed ratios."},
    [SCAN_REFERENCE] = {.name = "reference",
                        .type = QNI_OPTION_FILE,
                        .argument = "FILE",
                        .absent = "events-250",
                        .files = "csv",
                        .configurable = true,
                        .group = "Premium",
                        .help = "Ratios that were seen, CSV with a column ratio: the distribution that percentiles "
                                "are of."},
    QN_SCAN_SETTING_LIST(NUMBER_ROW)[SCAN_FORMAT] = {.name = "format",
                                                     .letter = 'f',
                                                     .type = QNI_OPTION_CHOICE,
                                                     .argument = "FORMAT",
                                                     .choices = "text|json|csv",
                                                     .otherwise = "text",
                                                     .configurable = true,
                                                     .group = "The result",
                                                     .help = "text is for people, json has every number, csv has one "
                                                             "line a ticker."},
    [SCAN_REPORT] = {.name = "report",
                     .letter = 'r',
                     .type = QNI_OPTION_FILE,
                     .argument = "FILE",
                     .files = "html",
                     .group = "The result",
                     .help = "Write a report with charts into this file, .html: one page that needs nothing else."},
};

static const qni_form scan_forms[] = {{.argument_count = 0}};

static const qni_argument explain_arguments[] = {{"TICKER", "One of those that are scanned.", NULL}};
static const qni_form explain_forms[] = {{.arguments = explain_arguments, .argument_count = 1, .many = true}};

#define EXAMPLE_FILES \
    "--chains examples/scan/chains --earnings examples/scan/reports.csv --prices examples/scan/daily.csv"

static const qni_example scan_examples[] = {
    {"quern scan " EXAMPLE_FILES, "The chains of a folder, with past reports and prices:"},
    {"quern scan " EXAMPLE_FILES " --account 25000 --kelly 0.25 --report scan.html",
     "A smaller account, a quarter of Kelly's fraction, and a report:"},
};

static const qni_example explain_examples[] = {
    {"quern explain QRN " EXAMPLE_FILES, "Every number of one ticker, with what it is made of:"},
    {"quern explain STN QRN " EXAMPLE_FILES " --implied-weight 0", "Two of them, if the past alone is believed:"},
};

const qni_verb qni_verb_scan = {
    .name = "scan",
    .summary = "earnings-volatility trades, ranked, from option chains",
    .description =
        "Where do options ask more for a coming report than past reports have moved the share, which trade of limited "
        "risk says so, and how many contracts of it? For each ticker the move that the options imply is isolated from "
        "ordinary volatility by the expiries around the report, and compared with past reactions, shrunk towards those "
        "of peers; strategies are built from quotes that can be traded, filled at a part of the spread, and valued "
        "under a distribution of past and implied moves; sizes follow Kelly, under caps.\n"
        "What cannot be judged is rejected, with a reason. Chains, reports and prices come from files, or from the "
        "store that quern import fills. Every threshold is an option and has a key in the configuration.\n"
        "Probabilities and sizes follow from a model; nothing here is advice.",
    .answer_no = "No ticker could be judged.",
    .forms = scan_forms,
    .form_count = 1,
    .options = options,
    .option_count = SCAN_OPTION_COUNT,
    .examples = scan_examples,
    .example_count = sizeof scan_examples / sizeof scan_examples[0],
    .run = run,
};

const qni_verb qni_verb_explain = {
    .name = "explain",
    .summary = "every number behind a ticker of a scan, and why",
    .description =
        "Runs the same scan as quern scan, of all that is given, and shows some tickers of it in full: past reactions, "
        "the move that the options imply and how it was isolated, the ratio, the liquidity, what is expected of the "
        "price, and every strategy with its legs, or the reason why there is none.",
    .answer_no = "None of the tickers could be judged: it says why.",
    .forms = explain_forms,
    .form_count = 1,
    .options = options,
    .option_count = SCAN_REPORT, /* the report is of a whole scan */
    .examples = explain_examples,
    .example_count = sizeof explain_examples / sizeof explain_examples[0],
    .run = run,
};

static bool should_stop(void *run)
{
    return qni_stop_requested(((const qni_run *)run)->stop);
}

static void progressed(void *progress, int64_t done)
{
    (void)done;
    qni_progress_add(progress, 1);
}

static void fill_options(qn_scan_options *out, const scan_job *job)
{
    const qni_option *o = job->options;
    qn_scan_options_init(out, sizeof *out);
    out->settings = &job->settings;
    out->tiers = (qn_tiers)qni_args_choice(job->args, &o[SCAN_TIERS]);
    out->clock = (qn_clock)qni_args_choice(job->args, &o[SCAN_CLOCK]);
    out->rate = qni_args_number(job->args, &o[SCAN_RATE], 0);
    out->rate_given = qni_args_text(job->args, &o[SCAN_RATE]) != NULL;
    out->reference = job->reference.count > 0 ? &job->reference : NULL;
    out->threads = qn_threads_default();
    out->allocator = job->allocator;
    out->should_stop = should_stop;
    out->should_stop_user = job->run;
}

/* A scan of nothing checks all that is set, before anything is read. */
static qn_status check_options(const scan_job *job, qn_error *err)
{
    qn_scan_options how;
    qn_scan *none = NULL;
    fill_options(&how, job);
    qn_status s = qn_scan_run(&none, NULL, 0, &how, err);
    qn_scan_free(none);
    return s;
}

static qn_status scan(scan_job *job, qn_error *err)
{
    qn_scan_options how;
    qni_progress progress;
    fill_options(&how, job);
    qni_progress_options line = qni_progress_on_stderr("scanning", job->input_count);
    how.progress = progressed;
    how.progress_user = &progress;
    qni_progress_begin(&progress, &line);
    atomic_store_explicit(job->run->patient, true, memory_order_relaxed);
    qn_status s = qn_scan_run(&job->scan, job->inputs, job->input_count, &how, err);
    qni_progress_end(&progress);
    return s;
}

/* Whether every ticker that is to be shown was among those that were looked at. */
static qn_status check_shown(const scan_job *job, qn_error *err)
{
    for (int64_t i = 0; i < job->shown.count; i++) {
        bool found = false;
        for (int64_t k = 0; k < job->input_count && !found; k++)
            found = !job->inputs[k].peer_only && strcmp(job->inputs[k].ticker, job->shown.words[i]) == 0;
        if (!found)
            return qni_error(err, QN_NO_INPUT, "there is no option chain of %.100s in what is scanned",
                             job->shown.words[i]);
    }
    return QN_OK;
}

/* Tickers of what is shown that were judged. */
static int64_t count_judged(const scan_job *job)
{
    int64_t count = 0;
    for (int64_t i = 0; i < job->scan->ticker_count; i++)
        count += qni_scan_is_shown(job, job->scan->tickers[i].ticker);
    return count;
}

static qn_status show(const scan_job *job, qn_error *err)
{
    for (int64_t i = 0; i < job->scan->warning_count; i++)
        qni_report_warning(job->scan->warnings[i]);
    switch (qni_args_choice(job->args, &job->options[SCAN_FORMAT])) {
    case SCAN_FORMAT_JSON:
        return qni_scan_show_json(job, err);
    case SCAN_FORMAT_CSV:
        return qni_scan_show_csv(job, err);
    default:
        return job->shown.count > 0 ? qni_scan_show_explanation(job, err) : qni_scan_show_text(job, err);
    }
}

static const char *report_path(const scan_job *job)
{
    return job->args->verb == &qni_verb_scan ? qni_args_text(job->args, &job->options[SCAN_REPORT]) : NULL;
}

/* A report in place of one of the chains would lose it. */
static qn_status check_report(const scan_job *job, qn_error *err)
{
    const char *path = report_path(job);
    for (int64_t i = 0; path != NULL && i < job->file_count; i++)
        if (qni_data_same_file(job->files[i].path, path))
            return qni_error(err, QN_INVALID, "--report: \"%.200s\" is one of the chains", path);
    return QN_OK;
}

static qn_status write_report(const scan_job *job, qn_error *err)
{
    const char *path = report_path(job);
    return path == NULL ? QN_OK : qni_scan_html(job->scan, path, qni_run_allocator(job->run, QNI_HOLDER_PLOT), err);
}

static qn_status work(scan_job *job, qn_error *err)
{
    qn_status s = qn_arena_new(&job->arena, job->allocator, 0, err);
    if (s == QN_OK)
        s = qni_scan_html_check(report_path(job), err);
    if (s == QN_OK)
        s = qni_scan_tickers(&job->shown, job, job->args->arguments, job->args->argument_count, err);
    if (s == QN_OK)
        s = qni_scan_read_settings(job, err);
    if (s == QN_OK)
        s = check_options(job, err);
    if (s == QN_OK)
        s = qni_scan_load(job, err);
    if (s == QN_OK)
        s = check_shown(job, err);
    if (s == QN_OK)
        s = check_report(job, err);
    if (s == QN_OK)
        s = scan(job, err);
    if (s == QN_OK)
        s = write_report(job, err);
    atomic_store_explicit(job->run->patient, false, memory_order_relaxed);
    return s == QN_OK ? show(job, err) : s;
}

static int run(qni_run *run, const qni_args *args)
{
    qn_error err = qn_error_none();
    scan_job job = {
        .run = run, .args = args, .options = options, .allocator = qni_run_allocator(run, QNI_HOLDER_TABLE)};
    int code = 0;
    qn_status s = work(&job, &err);
    if (s == QN_INVALID)
        code = qni_report_usage(&err, args->verb->name);
    else if (s != QN_OK)
        code = qni_report(&err);
    else if (count_judged(&job) == 0)
        code = QNI_EXIT_NO;
    qn_scan_free(job.scan);
    qni_scan_unload(&job);
    qn_arena_free(job.arena);
    return code;
}
