/* cli/verb_price.c: `quern price`: from volatilities to prices of options. */
#include "cli/option_int.h"
#include "cli/verbs.h"

static int run_price(qni_run *run, const qni_args *args);

enum {
    SIGMA,
    SHARED /* where the rows of both verbs begin */
};

static const qni_option options[SHARED + OPTION_SHARED_COUNT] = {
    [SIGMA] = {.name = "sigma",
               .type = QNI_OPTION_NUMBER,
               .argument = "V",
               .absent = OPTION_ABSENT_COLUMN,
               .group = OPTION_GROUP_ALL_ROWS,
               .help = "The volatility: 0.2 is twenty per cent a year."},
    OPTION_SHARED_ROWS(SHARED),
    [SHARED + OPTION_ON_ERROR] = {.name = "on-error",
                                  .type = QNI_OPTION_CHOICE,
                                  .argument = "WHAT",
                                  .choices = "status|nan",
                                  .otherwise = "status",
                                  .configurable = true,
                                  .group = "The result",
                                  .help = "What to show where there is no price: status leaves cells empty and says "
                                          "why in a column; nan writes nan, without that column."},
};

static const qni_argument arguments[] = {
    {"DATA",
     "Options, one a row, with columns such as sigma, strike, expiry, type and spot or "
     "forward: " QNI_DATA_ARGUMENT_HELP,
     QNI_DATA_ARGUMENT_FILES},
};

static const qni_form forms[] = {
    {.arguments = arguments, .argument_count = 1},
    {.arguments = arguments, .argument_count = 0, .options = QNI_DATA_FORM_OPTIONS},
};

static const qni_example examples[] = {
    {"printf 'spot,strike,years,rate,sigma,type\\n60,65,0.25,0.08,0.3,call\\n' | quern price -",
     "A call on a share (Haug 2007: 2.1334):"},
    {"printf 'strike\\n90\\n100\\n110\\n' | quern price - --spot 100 --rate 0.05 --yield 0.02 --expiry 0.5 --sigma "
     "0.25 "
     "--type put --american --format csv",
     "American puts at three strikes:"},
    {"quern iv examples/quotes.csv --greeks none --format csv | quern price - --format csv",
     "There and back: the prices come out again, as price_1:"},
};

const qni_verb qni_verb_price = {
    .name = "price",
    .summary = "prices and greeks of options",
    .description =
        "Computes for each row of a table what an option is worth at a volatility, by Black (1976) with a forward, by "
        "Black, Scholes and Merton with a spot, with early exercise by --american. All columns are kept; price, delta, "
        "gamma, vega, theta, rho and status come behind them. Columns are found by their names or with --map.\n"
        "Rates, yields and volatilities are per 1.00 and year (0.2, not 20), vega is for 1.00 of volatility, theta for "
        "a year.",
    .answer_no = "No row has a price, or a numerical method did not converge for some row. The rows are shown as well.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = SHARED + OPTION_SHARED_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_price,
};

static int run_price(qni_run *run, const qni_args *args)
{
    return qni_option_run(run, args, &options[SHARED], &options[SIGMA]);
}
