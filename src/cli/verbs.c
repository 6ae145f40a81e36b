/* cli/verbs.c: what stands before the verb, the list of verbs, and what holds for all of them. */
#include "cli/verbs.h"

static const qni_option leading_options[QNI_LEADING_COUNT] = {
    [QNI_LEADING_VERSION] = {.name = "version",
                             .type = QNI_OPTION_FLAG,
                             .group = "Options before the verb",
                             .help = "Print the version and exit."},
};

static const qni_example leading_examples[] = {
    {"quern help fit", "What a verb takes:"},
    {"quern fit 'volume = a*pressure^b' examples/adsorption.csv", "A formula in quotes, a table:"},
};

static const qni_verb leading = {
    .name = "quern",
    .summary = "a compute engine for models, markets and agents",
    .description =
        "A compute engine for models, markets and agents. Data goes to standard output, everything else to standard "
        "error; - is standard input or output.",
    .options = leading_options,
    .option_count = QNI_LEADING_COUNT,
    .examples = leading_examples,
    .example_count = sizeof leading_examples / sizeof leading_examples[0],
    .leading = true,
};

static const qni_verb *const verbs[] = {&qni_verb_fit,   &qni_verb_predict, &qni_verb_iv,      &qni_verb_price,
                                        &qni_verb_smile, &qni_verb_scan,    &qni_verb_explain, &qni_verb_import,
                                        &qni_verb_data,  &qni_verb_replay,  &qni_verb_journal, &qni_verb_sql,
                                        &qni_verb_db,    &qni_verb_cache,   &qni_verb_info,    &qni_verb_config};

static const qni_variable variables[] = {
    {"QUERN_CONFIG", "The configuration file, in place of the user's own; see quern.conf(5). Empty: none."},
    {"XDG_CONFIG_HOME, HOME",
     "Where the user's own stands: quern/quern.conf below the first; where that is not set, .config/quern/quern.conf "
     "below the second."},
    {"XDG_CACHE_HOME, HOME",
     "Where the cache lies: quern/cache below the first; where that is not set, .cache/quern/cache below the second."},
    {"XDG_DATA_HOME, HOME",
     "Where the store of chains, prices and earnings lies: quern/market.db below the first; where that is not set, "
     ".local/share/quern/market.db below the second."},
    {"CREDENTIALS_DIRECTORY", "Where systemd keeps the credentials of a service: a secret is credential:NAME there."},
    {"QUERN_CPU",
     "Which vector instructions may be used: baseline, avx2 or avx512. Without it, the widest that the processor has."},
    {"QUERN_THREADS", "How many threads may work. Without it, as many as the process has processors."},
    {"QUERN_DUCKDB_LIB", "The shared object of DuckDB, in place of the libduckdb.so that the system finds."},
    {"NO_COLOR", "Set and not empty: no colour, even on a terminal."},
    {"TERM", "dumb: neither colour nor a line of progress."},
    {"LC_ALL, LC_CTYPE, LANG",
     "The first that is set says whether the terminal shows UTF-8. Numbers and messages are the same in every locale."},
};

static const qni_exit_code exit_codes[] = {
    {"0", "Done."},
    {"1", "Done, but the answer is no: not converged, nothing found."},
    {"2", "The command line is wrong."},
    {"65", "The formula, the SQL or the data is wrong, or exceeds a limit."},
    {"66", "An input is not there."},
    {"69",
     "An optional part of Quern is not available here; a database cannot be reached, is locked or takes too long."},
    {"70", "A fault of Quern's own. Please report it."},
    {"71", "Out of memory, or over --memory-limit."},
    {"73", "An output cannot be created."},
    {"74", "Reading or writing failed, for example because the disk is full."},
    {"77", "Permission denied."},
    {"78", "The configuration is wrong: the file quern.conf, or an environment variable."},
    {"129, 130, 143", "Ended because the terminal closed, by an interrupt (Ctrl-C), or by a request to terminate."},
    {"141", "Nobody reads standard output any more."},
};

const qni_tables qni_command_tables = {
    .leading = &leading,
    .verbs = verbs,
    .verb_count = sizeof verbs / sizeof verbs[0],
    .help_summary = "print the help of a verb: quern help fit",
    .variables = variables,
    .variable_count = sizeof variables / sizeof variables[0],
    .exit_codes = exit_codes,
    .exit_code_count = sizeof exit_codes / sizeof exit_codes[0],
};
