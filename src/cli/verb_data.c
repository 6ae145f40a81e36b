/* cli/verb_data.c: `quern data`: what the store has of each ticker, and which files it is from. */
#include "base/alloc.h"
#include "base/error.h"
#include "cli/market_int.h"
#include "cli/report.h"
#include "cli/verbs.h"

#include <string.h>

static int run_data(qni_run *run, const qni_args *args);

enum {
    DATA_SOURCES,
    DATA_STORE,
    DATA_FORMAT,
    DATA_OPTION_COUNT
};

static const qni_option options[DATA_OPTION_COUNT] = {
    [DATA_SOURCES] = {.name = "sources",
                      .type = QNI_OPTION_FLAG,
                      .group = "The store",
                      .help = "Show the files that it is from: what each was, how many of its rows are in use, when it "
                              "was imported, and the digest of its content, as b2sum -l 256 prints it."},
    [DATA_STORE] = QNI_MARKET_OPTION_STORE("The store"),
    [DATA_FORMAT] = {.name = "format",
                     .letter = 'f',
                     .type = QNI_OPTION_CHOICE,
                     .argument = "FORMAT",
                     .choices = "text|json|csv",
                     .otherwise = "text",
                     .configurable = true,
                     .group = "The result",
                     .help = "text is for people, json and csv for programs."},
};

static const qni_form forms[] = {{.word = "status"}};

static const qni_example examples[] = {
    {"quern import examples/chain.csv --store market.db && quern data status --store market.db",
     "What there is of each ticker:"},
    {"quern data status --sources --store market.db --format csv", "And from which files:"},
};

const qni_verb qni_verb_data = {
    .name = "data",
    .summary = "what the store of chains, prices and earnings has",
    .description =
        "status shows a line a ticker: how many chains there are, when the newest one held and how many quotes it "
        "has; from when to when there are prices; how many reports were before that chain and when the next one is; "
        "the sector; and how many files all that is from.",
    .answer_no = "There is nothing in the store.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = DATA_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_data,
};

static qn_status say_empty(const qni_run *run, const qni_args *args, qn_error *err)
{
    char *place;
    qn_status s = qni_market_place(&place, run, args, &options[DATA_STORE], err);
    if (s != QN_OK)
        return s;
    qni_out_text(run->out, "There is nothing in ");
    qni_out_foreign(run->out, place, -1);
    qni_out_text(run->out, ": quern import FILE keeps a file there.\n");
    qni_free(run->allocator, place, (int64_t)strlen(place) + 1, 1);
    return QN_OK;
}

static qn_status work(qn_archive **archive, bool *empty, const qni_run *run, const qni_args *args, qn_error *err)
{
    const bool sources = qni_args_flag(args, &options[DATA_SOURCES]);
    const int format = qni_args_choice(args, &options[DATA_FORMAT]);
    qn_table *table = NULL;
    qn_status s = qni_market_open(archive, run, args, &options[DATA_STORE], false, err);
    if (s == QN_OK && *archive != NULL)
        s = (sources ? qn_archive_sources : qn_archive_status)(&table, *archive, err);
    *empty = table == NULL || qn_table_row_count(table) == 0;
    if (s == QN_OK && *empty && (format == QNI_MARKET_TEXT || table == NULL))
        s = say_empty(run, args, err);
    else if (s == QN_OK)
        s = qni_market_show(run, table, format, sources ? "quern.sources/1" : "quern.data/1",
                            sources ? "sources" : "tickers", err);
    qn_table_free(table);
    return s;
}

static int run_data(qni_run *run, const qni_args *args)
{
    qn_error err = qn_error_none();
    qn_archive *archive = NULL;
    bool empty = false;
    int code = 0;
    if (work(&archive, &empty, run, args, &err) != QN_OK)
        code = qni_report(&err);
    else if (empty)
        code = QNI_EXIT_NO;
    qn_archive_close(archive);
    return code;
}
