/* cli/verb_iv.c: `quern iv`: from prices of options to the volatilities that they imply. */
#include "cli/option_int.h"
#include "cli/verbs.h"

static int run_iv(qni_run *run, const qni_args *args);

static const qni_option options[OPTION_SHARED_COUNT] = {
    OPTION_SHARED_ROWS(0),
    [OPTION_ON_ERROR] = {.name = "on-error",
                         .type = QNI_OPTION_CHOICE,
                         .argument = "WHAT",
                         .choices = "status|nan|bound",
                         .otherwise = "status",
                         .configurable = true,
                         .group = "The result",
                         .help =
                             "What to show where no volatility gives the price: status leaves cells empty and says why "
                             "in a column; nan writes nan, without that column; bound is status, with the nearest "
                             "volatility, 0 or inf, in its place."},
};

static const qni_argument arguments[] = {
    {"DATA",
     "Quotes, one row an option, with columns such as price, strike, expiry, type and spot or "
     "forward: " QNI_DATA_ARGUMENT_HELP,
     QNI_DATA_ARGUMENT_FILES},
};

static const qni_form forms[] = {
    {.arguments = arguments, .argument_count = 1},
    {.arguments = arguments, .argument_count = 0, .options = QNI_DATA_FORM_OPTIONS},
};

static const qni_example examples[] = {
    {"quern iv examples/quotes.csv", "A table of quotes with columns of the usual names:"},
    {"quern iv examples/quotes.csv --greeks all --on-error nan --format csv", "All derivatives, for NumPy:"},
    {"printf 'mid,K\\n7.1,95\\n4.2,100\\n' | quern iv - --spot 100 --rate 0.03 --expiry 2026-06-18 --as-of 2026-02-13 "
     "--type call",
     "What is the same for all rows, on the command line; a date of expiry:"},
    {"printf 'price,spot,strike,years,type\\n6.12,100,100,0.5,put\\n' | quern iv - --rate 0.05 --american --dividend "
     "0.2=1 --format json",
     "An American option on a share that pays a dividend:"},
};

const qni_verb qni_verb_iv = {
    .name = "iv",
    .summary = "implied volatilities and greeks of option prices",
    .description =
        "Finds for each row of a table the volatility that gives the price of the option, by Black (1976) with a "
        "forward, by Black, Scholes and Merton with a spot, with early exercise by --american. All columns are kept; "
        "iv, delta, gamma, vega, theta, rho and status come behind them. Columns are found by their names or with "
        "--map.\n"
        "Rates, yields and volatilities are per 1.00 and year (0.2, not 20), vega is for 1.00 of volatility, theta for "
        "a year. A price that no volatility gives has a status that says why; that is an answer, and the exit code is "
        "0.",
    .answer_no = "No row has an implied volatility, or a numerical method did not converge for some row. The rows are "
                 "shown as well.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = OPTION_SHARED_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_iv,
};

static int run_iv(qni_run *run, const qni_args *args)
{
    return qni_option_run(run, args, options, NULL);
}
