/* cli/verb_import.c: `quern import`: files of chains, prices, earnings and sectors into the store. */
#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "cli/market_int.h"
#include "cli/option_int.h"
#include "cli/report.h"
#include "cli/verbs.h"

#include <inttypes.h>
#include <string.h>

static int run_import(qni_run *run, const qni_args *args);

enum {
    IMPORT_KIND,
    IMPORT_TICKER,
    IMPORT_AS_OF,
    IMPORT_SPOT,
    IMPORT_MAP,
    IMPORT_STORE,
    IMPORT_FORMAT,
    IMPORT_OPTION_COUNT
};

enum {
    FORMAT_TEXT,
    FORMAT_JSON
}; /* in the order of the choices */

static const qni_option options[IMPORT_OPTION_COUNT] = {
    [IMPORT_KIND] = {.name = "kind",
                     .letter = 'k',
                     .type = QNI_OPTION_CHOICE,
                     .argument = "KIND",
                     .choices = "auto|chain|prices|earnings|sectors",
                     .otherwise = "auto",
                     .group = "The files",
                     .help = "What the files are. auto: told by their columns."},
    [IMPORT_TICKER] = {.name = "ticker",
                       .letter = 't',
                       .type = QNI_OPTION_STRING,
                       .argument = "T",
                       .absent = "as the file tells",
                       .group = "The files",
                       .help = "The ticker of a file that does not tell; of a chain of several underlyings only this "
                               "one."},
    [IMPORT_AS_OF] = QNI_OPTION_ROW_AS_OF("The files", "as the file tells"),
    [IMPORT_SPOT] = {.name = "spot",
                     .type = QNI_OPTION_NUMBER,
                     .argument = "S",
                     .absent = "as the file tells",
                     .group = "The files",
                     .help = "The price of the underlying of a chain that does not tell."},
    [IMPORT_MAP] = {.name = "map",
                    .letter = 'm',
                    .type = QNI_OPTION_STRING,
                    .argument = "WHAT=COLUMN,...",
                    .absent = "found by their names",
                    .group = "The files",
                    .help = "Which column is what, such as strike=K,bid=Call Bid or day=Date,close=Adj Close."},
    [IMPORT_STORE] = QNI_MARKET_OPTION_STORE("The store"),
    [IMPORT_FORMAT] = {.name = "format",
                       .letter = 'f',
                       .type = QNI_OPTION_CHOICE,
                       .argument = "FORMAT",
                       .choices = "text|json",
                       .otherwise = "text",
                       .configurable = true,
                       .group = "The result",
                       .help = "text is for people; json for programs, one object a file and line."},
};

static const qni_argument arguments[] = {
    {"FILE",
     "What is to be kept: an option chain, daily prices, a calendar of earnings, or sectors, as CSV, as the JSON of "
     "a provider, or as a record of Quern's own; or a folder of them. gzip is recognised; - is standard input.",
     "csv|csv.gz|json|dat"},
};

static const qni_form forms[] = {{.arguments = arguments, .argument_count = 1, .many = true}};

static const qni_example examples[] = {
    {"quern import examples/chain.csv --store market.db", "A chain, into a store of its own:"},
    {"quern import examples/chain.csv --store market.db --format json && quern data status --store market.db",
     "For a program; and what there is now:"},
};

const qni_verb qni_verb_import = {
    .name = "import",
    .summary = "keep chains, prices and earnings in the store",
    .description =
        "Reads each file, tells by its columns what it is, and keeps what is in it, with where it came from: option "
        "chains as snapshots, a ticker and time each; prices day by day and reports one by one, of which newer files "
        "replace what older ones said.\n"
        "A file whose content is there already, under whatever name, changes nothing. Each is kept whole or not at "
        "all; one that cannot be read is reported, and the others are kept.",
    .answer_no = "A file could not be kept.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = IMPORT_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_import,
};

typedef struct import_job {
    qni_run *run;
    const qni_args *args;
    qn_archive *archive;
    qn_import_options how;
    bool json;
    int64_t failures;
} import_job;

static qn_status read_options(import_job *job, qn_error *err)
{
    const qni_args *args = job->args;
    const char *as_of = qni_args_text(args, &options[IMPORT_AS_OF]);
    qn_import_options_init(&job->how, (int64_t)sizeof job->how);
    job->json = qni_args_choice(args, &options[IMPORT_FORMAT]) == FORMAT_JSON;
    job->how.source = (qn_source)qni_args_choice(args, &options[IMPORT_KIND]);
    job->how.ticker = qni_args_text(args, &options[IMPORT_TICKER]);
    job->how.map = qni_args_text(args, &options[IMPORT_MAP]);
    job->how.spot = qni_args_number(args, &options[IMPORT_SPOT], 0);
    return as_of != NULL ? qni_option_as_of(&job->how.as_of_us, as_of, err) : QN_OK;
}

/* ---- what came of a file ---- */

static void write_json(qni_json_writer *w, const char *path, const qn_import *r, const qn_error *failure)
{
    qni_json_object_begin(w);
    qni_json_key_string(w, "file", path);
    if (failure != NULL) {
        qni_json_key_string(w, "error", failure->message);
        if (failure->line > 0)
            qni_json_key_int64(w, "line", failure->line);
        qni_json_object_end(w);
        return;
    }
    qni_json_key_string(w, "kind", qn_source_name(r->source));
    qni_json_key_bool(w, "known", r->known);
    qni_json_key_int64(w, "rows", r->rows);
    qni_json_key_int64(w, "new_rows", r->new_rows);
    qni_json_key_int64(w, "tickers", r->tickers);
    qni_json_key_string(w, "ticker", r->tickers == 1 ? r->ticker : NULL);
    if (r->source == QN_SOURCE_CHAIN) {
        char when[QNI_TIME_TEXT_SIZE + 1];
        int64_t size = qni_timestamp_text(when, r->as_of_us, 'T');
        qni_json_key_int64(w, "snapshots", r->snapshots);
        memcpy(when + size, "Z", 2);
        qni_json_key_string(w, "as_of", when);
    }
    qni_json_object_end(w);
}

static void write_chains(qni_out *out, const qn_import *r)
{
    char when[QNI_TIME_TEXT_SIZE];
    qni_market_time_text(when, r->as_of_us);
    if (r->snapshots > 1)
        qni_out_printf(out, "%" PRId64 " chains of ", r->snapshots);
    else
        qni_out_text(out, "chain of ");
    if (r->tickers > 1)
        qni_out_printf(out, "%" PRId64 " tickers, ", r->tickers);
    else
        qni_out_foreign(out, r->ticker, -1);
    qni_out_text(out, r->tickers > 1 ? "until " : r->snapshots > 1 ? ", until " : ", ");
    qni_out_printf(out, "%s, %" PRId64 " quotes", when, r->rows);
}

static void write_text(qni_out *out, const char *path, const qn_import *r)
{
    static const char *const things[] = {"rows", "quotes", "days", "reports", "tickers"};
    qni_out_foreign(out, path, -1);
    qni_out_text(out, ": ");
    if (r->source == QN_SOURCE_CHAIN) {
        write_chains(out, r);
    } else {
        qni_out_text(out, qn_source_name(r->source));
        qni_out_text(out, " of ");
        if (r->tickers == 1)
            qni_out_foreign(out, r->ticker, -1);
        else
            qni_out_printf(out, "%" PRId64 " tickers", r->tickers);
        if (r->source != QN_SOURCE_SECTORS)
            qni_out_printf(out, ", %" PRId64 " %s", r->rows, things[r->source]);
    }
    if (r->known)
        qni_out_text(out, ", already there");
    else if (r->new_rows == 0)
        qni_out_text(out, ", nothing new");
    else if (r->new_rows < r->rows)
        qni_out_printf(out, ", %" PRId64 " new", r->new_rows);
    qni_out_text(out, "\n");
}

static qn_status show(const import_job *job, const char *path, const qn_import *r, const qn_error *failure,
                      qn_error *err)
{
    if (!job->json) {
        if (failure == NULL)
            write_text(job->run->out, path, r);
        return QN_OK;
    }
    qni_json_writer w;
    qni_json_writer_init(&w, qni_out_json_sink, job->run->out, 0);
    write_json(&w, path, r, failure);
    return qni_out_json_finish(&w, err);
}

/* Whether the others may still be kept after that. */
static bool concerns_one_file(qn_status s)
{
    return s == QN_DATA || s == QN_NAME || s == QN_LIMIT || s == QN_NO_INPUT || s == QN_PERMISSION || s == QN_SYNTAX ||
           s == QN_INVALID || s == QN_IO;
}

static qn_status import_file(import_job *job, const char *path, qn_error *err)
{
    qn_import result = {.size = (int64_t)sizeof result};
    qn_error why = qn_error_none();
    qn_status s = qn_archive_import(&result, job->archive, path, &job->how, &why);
    if (s == QN_OK)
        return show(job, path, &result, NULL, err);
    if (!concerns_one_file(s)) {
        *err = why;
        return s;
    }
    (void)qni_report(&why);
    job->failures++;
    return show(job, path, &result, &why, err);
}

/* A signal waits until the file at hand is kept or not. */
static qn_status import_files(import_job *job, qn_arena *arena, qn_error *err)
{
    const char *const *paths;
    int64_t count = 0;
    qn_status s = qni_market_files(&paths, &count, job->args->arguments, job->args->argument_count, arena, err);
    if (s == QN_OK)
        s = qni_market_open(&job->archive, job->run, job->args, &options[IMPORT_STORE], true, err);
    for (int64_t i = 0; i < count && s == QN_OK && !qni_stop_requested(job->run->stop); i++) {
        const bool file = strcmp(paths[i], "-") != 0;
        atomic_store_explicit(job->run->patient, file, memory_order_relaxed);
        s = import_file(job, paths[i], err);
        atomic_store_explicit(job->run->patient, false, memory_order_relaxed);
    }
    return s;
}

static int run_import(qni_run *run, const qni_args *args)
{
    qn_error err = qn_error_none();
    import_job job = {.run = run, .args = args};
    qn_arena *arena;
    int code = 0;
    qn_status s = qn_arena_new(&arena, run->allocator, 0, &err);
    if (s == QN_OK)
        s = read_options(&job, &err);
    if (s == QN_OK)
        s = import_files(&job, arena, &err);
    if (s != QN_OK)
        code = qni_report(&err);
    else if (job.failures > 0)
        code = QNI_EXIT_NO;
    qn_archive_close(job.archive);
    qn_arena_free(arena);
    return code;
}
