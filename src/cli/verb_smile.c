/* cli/verb_smile.c: `quern smile`: from an option chain to forwards, implied volatilities and smiles. */
#include "cli/smile_int.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/time.h"
#include "cli/data_input.h"
#include "cli/option_int.h"
#include "cli/plot_check.h"
#include "cli/report.h"
#include "cli/verbs.h"

#include <stdlib.h>
#include <string.h>

static int run_smile(qni_run *run, const qni_args *args);
static const char *refuse_date(const char *text);

enum {
    SMILE_TICKER,
    SMILE_EXPIRY,
    SMILE_MAP,
    SMILE_AS_OF,
    SMILE_SPOT,
    SMILE_RATE,
    SMILE_DIVIDEND,
    SMILE_EXERCISE,
    SMILE_CLOCK,
    SMILE_PLOT,
    SMILE_FORMAT,
    SMILE_OPTION_COUNT
};

enum {
    FORMAT_TEXT,
    FORMAT_JSON
}; /* in the order of the choices */

static const qni_option options[SMILE_OPTION_COUNT] = {
    [SMILE_TICKER] = {.name = "ticker",
                      .letter = 't',
                      .type = QNI_OPTION_STRING,
                      .argument = "T",
                      .absent = "the one that the file is about",
                      .group = "The chain",
                      .help = "Which underlying, of a file of several; the name of it where the file does not tell."},
    [SMILE_EXPIRY] = {.name = "expiry",
                      .letter = 'e',
                      .type = QNI_OPTION_STRING,
                      .argument = "DATE",
                      .absent = "all",
                      .refuse = refuse_date,
                      .group = "The chain",
                      .help = "Show only what expires that day, strike by strike: YYYY-MM-DD."},
    [SMILE_MAP] = {.name = "map",
                   .letter = 'm',
                   .type = QNI_OPTION_STRING,
                   .argument = "WHAT=COLUMN,...",
                   .absent = "found by their names",
                   .group = "The chain",
                   .help = "Which column of a CSV file is what, such as strike=K,bid=Call Bid."},
    [SMILE_AS_OF] = QNI_OPTION_ROW_AS_OF("The chain", "as the file tells"),
    [SMILE_SPOT] = {.name = "spot",
                    .type = QNI_OPTION_NUMBER,
                    .argument = "S",
                    .absent = "as the file tells",
                    .group = "The chain",
                    .help = "The price of the underlying. Forwards come from put-call parity; the spot tells "
                            "yields, and which quotes cannot be."},
    [SMILE_RATE] = QNI_OPTION_ROW_RATE("The model", "from parity where it tells, else 0"),
    [SMILE_DIVIDEND] = QNI_OPTION_ROW_DIVIDEND("The model"),
    [SMILE_EXERCISE] = {.name = "exercise",
                        .type = QNI_OPTION_CHOICE,
                        .argument = "auto|european|american",
                        .choices = "auto|european|american",
                        .otherwise = "auto",
                        .configurable = true,
                        .group = "The model",
                        .help = "When the options may be exercised. auto: European where they are on an index whose "
                                "options are, else American."},
    [SMILE_CLOCK] = QNI_OPTION_ROW_CLOCK("The model"),
    [SMILE_PLOT] = {.name = "plot",
                    .letter = 'p',
                    .type = QNI_OPTION_FILE,
                    .argument = "FILE",
                    .files = "svg|png",
                    .group = "The result",
                    .help = "Draw the smiles into this file, .svg or .png: with --expiry quotes, spreads and the "
                            "curve, else up to six expiries."},
    [SMILE_FORMAT] = {.name = "format",
                      .letter = 'f',
                      .type = QNI_OPTION_CHOICE,
                      .argument = "FORMAT",
                      .choices = "text|json",
                      .otherwise = "text",
                      .configurable = true,
                      .group = "The result",
                      .help = "text is for people, json has every number and every strike."},
};

static const qni_argument arguments[] = {
    {"FILE",
     "An option chain: what Yahoo gives (yfinance), a quote table of CBOE, or CSV with columns for strike, type, "
     "expiry, bid and ask. gzip is recognised; - is standard input.",
     "csv|csv.gz|dat"},
};

static const qni_form forms[] = {{.arguments = arguments, .argument_count = 1}};

static const qni_example examples[] = {
    {"quern smile examples/chain.csv", "All expiries of a chain:"},
    {"quern smile examples/chain.csv --expiry 2026-02-20 --plot smile.svg",
     "One of them, with its strikes, and drawn:"},
};

const qni_verb qni_verb_smile = {
    .name = "smile",
    .summary = "forwards, implied volatilities and smiles of an option chain",
    .description =
        "Reads the quotes of all options on one underlying. For each expiry the forward follows from put-call parity, "
        "weighted by spreads; out-of-the-money options give implied volatilities, American ones those that a European "
        "option would have; through them goes an SVI curve without butterfly arbitrage, and none crosses that of an "
        "earlier expiry.\n"
        "Quotes that are stale, crossed, zero or one-sided are classified and counted. An expiry that cannot be "
        "fitted says why. 25d RR is the volatility of the call with a delta of 0.25 less that of the put with "
        "-0.25, 25d BF their mean less that at the money; within is the share of used strikes whose curve lies "
        "between bid and ask.",
    .answer_no = "No expiry could be fitted.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = SMILE_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_smile,
};

static const char *refuse_date(const char *text)
{
    int32_t day;
    return qni_date_parse(&day, text, (int64_t)strlen(text)) ? NULL : "not a date YYYY-MM-DD";
}

int64_t qni_smile_inside(const qn_smile *smile)
{
    int64_t count = 0;
    for (int64_t i = 0; i < smile->point_count; i++) {
        const qn_smile_point *p = &smile->points[i];
        count += p->weight > 0 && p->fitted_vol >= p->bid_vol && p->fitted_vol <= p->ask_vol;
    }
    return count;
}

static qn_status check_files(const smile_job *job, qn_error *err)
{
    const char *path = qni_args_text(job->args, &options[SMILE_PLOT]), *chain = job->args->arguments[0];
    qn_status s = qni_plot_check(path, err);
    if (s == QN_OK && path != NULL && qni_data_same_file(strcmp(chain, "-") == 0 ? "/dev/stdin" : chain, path))
        s = qni_error(err, QN_INVALID, "--plot: \"%.200s\" is the chain", path);
    return s;
}

static qn_status read_chain(smile_job *job, qn_error *err)
{
    const char *as_of = qni_args_text(job->args, &options[SMILE_AS_OF]);
    qn_chain_options how;
    qn_chain_options_init(&how, sizeof how);
    how.ticker = qni_args_text(job->args, &options[SMILE_TICKER]);
    how.map = qni_args_text(job->args, &options[SMILE_MAP]);
    how.spot = qni_args_number(job->args, &options[SMILE_SPOT], 0);
    how.allocator = qni_run_allocator(job->run, QNI_HOLDER_TABLE);
    qn_status s = as_of != NULL ? qni_option_as_of(&how.as_of_us, as_of, err) : QN_OK;
    return s == QN_OK ? qn_chain_read(&job->chain, job->args->arguments[0], &how, err) : s;
}

static bool should_stop(void *run)
{
    return qni_stop_requested(((const qni_run *)run)->stop);
}

static qn_status make_surface(smile_job *job, qn_error *err)
{
    const qni_args *args = job->args;
    qn_surface_options how;
    qn_surface_options_init(&how, sizeof how);
    how.exercise = (qn_exercise)qni_args_choice(args, &options[SMILE_EXERCISE]);
    how.clock = (qn_clock)qni_args_choice(args, &options[SMILE_CLOCK]);
    how.rate = qni_args_number(args, &options[SMILE_RATE], 0);
    how.rate_given = qni_args_text(args, &options[SMILE_RATE]) != NULL;
    how.allocator = qni_run_allocator(job->run, QNI_HOLDER_FIT);
    how.threads = qn_threads_default();
    how.should_stop = should_stop;
    how.should_stop_user = job->run;
    qn_status s = qni_option_dividends(&job->dividends, &job->dividend_count, args, &options[SMILE_DIVIDEND],
                                       job->chain->as_of_us, how.clock, job->run->allocator, err);
    how.dividends = job->dividends;
    how.dividend_count = job->dividend_count;
    return s == QN_OK ? qn_surface_new(&job->surface, job->chain, &how, err) : s;
}

/* What of the surface is shown: all, or the one day or the am and pm of it that was asked for. */
static qn_status choose(smile_job *job, qn_error *err)
{
    const qn_surface *surface = job->surface;
    const char *expiry = qni_args_text(job->args, &options[SMILE_EXPIRY]);
    int32_t day;
    job->smiles = surface->smiles;
    job->smile_count = surface->smile_count;
    if (expiry == NULL)
        return QN_OK;
    (void)qni_date_parse(&day, expiry, (int64_t)strlen(expiry));
    for (; job->smile_count > 0 && job->smiles[0].expiry != day; job->smile_count--)
        job->smiles++;
    while (job->smile_count > 0 && job->smiles[job->smile_count - 1].expiry != day)
        job->smile_count--;
    if (job->smile_count > 0)
        return QN_OK;
    const qn_smile *near = surface->smiles;
    for (int64_t i = 1; i < surface->smile_count; i++)
        if (labs((long)surface->smiles[i].expiry - day) < labs((long)near->expiry - day))
            near = &surface->smiles[i];
    char text[QNI_TIME_TEXT_SIZE];
    (void)qni_date_text(text, near->expiry);
    return qni_error(err, QN_DATA, "%.200s: nothing in it expires on %s; the nearest is %s", job->chain->source, expiry,
                     text);
}

/* A signal waits until a regular file is whole or gone again. */
static qn_status draw(const smile_job *job, qn_error *err)
{
    const char *path = qni_args_text(job->args, &options[SMILE_PLOT]);
    if (path == NULL)
        return QN_OK;
    atomic_store_explicit(job->run->patient, qni_data_is_regular(path), memory_order_relaxed);
    qn_status s = qni_smile_plot(job, path, err);
    atomic_store_explicit(job->run->patient, false, memory_order_relaxed);
    return s;
}

static qn_status show(const smile_job *job, qn_error *err)
{
    if (qni_args_choice(job->args, &options[SMILE_FORMAT]) == FORMAT_JSON)
        return qni_smile_show_json(job, err);
    qn_status s = qni_smile_show_text(job, err);
    for (int64_t i = 0; i < job->chain->warning_count; i++)
        qni_report_warning(job->chain->warnings[i]);
    for (int64_t i = 0; i < job->surface->warning_count; i++)
        qni_report_warning(job->surface->warnings[i]);
    return s;
}

static bool any_fitted(const smile_job *job)
{
    for (int64_t i = 0; i < job->smile_count; i++)
        if (job->smiles[i].shape != QN_SMILE_NONE)
            return true;
    return false;
}

static qn_status work(smile_job *job, qn_error *err)
{
    qn_status s = check_files(job, err);
    if (s == QN_OK)
        s = read_chain(job, err);
    atomic_store_explicit(job->run->patient, true, memory_order_relaxed);
    if (s == QN_OK)
        s = make_surface(job, err);
    atomic_store_explicit(job->run->patient, false, memory_order_relaxed);
    if (s == QN_OK)
        s = choose(job, err);
    if (s == QN_OK)
        s = show(job, err);
    return s == QN_OK ? draw(job, err) : s;
}

static int run_smile(qni_run *run, const qni_args *args)
{
    qn_error err = qn_error_none();
    smile_job job = {.run = run, .args = args};
    int code = 0;
    qn_status s = work(&job, &err);
    if (s == QN_INVALID)
        code = qni_report_usage(&err, args->verb->name);
    else if (s != QN_OK)
        code = qni_report(&err);
    else if (!any_fitted(&job))
        code = QNI_EXIT_NO;
    qn_surface_free(job.surface);
    qn_chain_free(job.chain);
    qni_free(run->allocator, job.dividends, job.dividend_count, (int64_t)sizeof *job.dividends);
    return code;
}
