/* cli/limits.h: the command's limits and tunables, each with its reason. */
#ifndef QNI_CLI_LIMITS_H
#define QNI_CLI_LIMITS_H

/* Bytes gathered before a write: one call for most results, and small enough for the stack. */
#define QNI_OUT_BUFFER_SIZE (INT64_C(16) << 10)

/* Options of one verb, the common ones included: what the nearest name is looked for among. */
#define QNI_OPTION_MAX 96

/* Choices of one option: what an error lists, and looks for the nearest among. */
#define QNI_CHOICE_MAX 16

/* Verbs of the command: what the nearest name is looked for among. */
#define QNI_VERB_MAX 64

/* Keys of the whole configuration, and variables beside them: what the nearest variable is looked for among. */
#define QNI_KEY_MAX 256

/* Bytes of the name of an environment variable that belongs to an option: a verb's name and an option's, with room. */
#define QNI_VARIABLE_SIZE 64

/* Columns of the values that quern config aligns what follows them to: longer ones push it aside. */
#define QNI_CONFIG_VALUE_COLUMNS 24

/* Columns of help and of a quoted formula: what a terminal has at least. */
#define QNI_TEXT_COLUMNS 78
/* The date on manual pages: that of the release, and not of the build, so that a build can be repeated byte for
 * byte. */
#define QNI_MANUAL_DATE "2026-11-21"
/* Columns of the source of manual pages: longer lines make mandoc's lint complain. */
#define QNI_MANUAL_COLUMNS 78

/* Bytes of what an option says of itself, with its default: some lines of help. */
#define QNI_OPTION_TEXT_SIZE 1024

/* Places beyond the last argument of a form that takes many for which completions are made: more than people type. */
#define QNI_COMPLETE_MORE 8

/* The column at which help sentences start. */
#define QNI_HELP_COLUMN 28

/* Bytes of what a person typed that an error repeats. */
#define QNI_ECHO_SIZE 60

/* Bytes of a file given as @FILE: far more than a formula may have, so that the language says what its limit is. */
#define QNI_FORMULA_FILE_SIZE (INT64_C(64) << 20)

/* Bytes of a formula that a text result begins with, and that a figure has as its title. */
#define QNI_FORMULA_SHOWN 400
#define QNI_TITLE_SIZE    90

/* Starts that may be asked for: as many as the library takes. */
#define QNI_STARTS_MOST 1000000

/* Bytes of the beginning of a data file that show what it is. */
#define QNI_PROBE_SIZE 512

/* Smiles in one figure: as many as there are colours that can be told apart, and are still read with ease. */
#define QNI_SMILES_DRAWN 6

/* Correlations beyond this are shown, and so many of them: of two parameters that vary so much together, each alone
 * says little. */
#define QNI_CORRELATION_STRONG 0.9
#define QNI_CORRELATIONS_SHOWN 6

/* Rows of a CSV file that are predicted at a time: some megabytes. */
#define QNI_PREDICT_ROWS 65536

/* Options that are read, computed and written at a time: what is worked on stays in the second cache, and an interrupt
 * is noticed within a moment. American ones take some thousand times as long. */
#define QNI_OPTION_ROWS   8192
#define QNI_AMERICAN_ROWS 256

/* Years from which on a number is no time to expiry but a date, as 20261218 is. */
#define QNI_OPTION_YEARS_MOST 1e6

/* Bytes of a file of residuals that are gathered before a write. */
#define QNI_RESIDUALS_BUFFER_SIZE 8192

/* Points of the curve in a figure, and in a terminal. */
#define QNI_CURVE_POINTS          512
#define QNI_CURVE_POINTS_TERMINAL 256

/* Error bars in a figure: more are a blur. */
#define QNI_ERROR_BARS 500

/* Parameters that fit into a figure's note, and that a table in a terminal is not too long for. */
#define QNI_NOTE_PARAMETERS 12

/* The plot in a terminal: no wider than a line that is easily read, a third of the screen high within these. */
#define QNI_TERMINAL_PLOT_WIDTH      100
#define QNI_TERMINAL_PLOT_MIN_WIDTH  40
#define QNI_TERMINAL_PLOT_MAX_HEIGHT 18
#define QNI_TERMINAL_PLOT_MIN_HEIGHT 12

/* Bytes of SQL from a file: far more than a statement has, so that the database says what its limit is. */
#define QNI_SQL_FILE_SIZE (INT64_C(64) << 20)

/* Rows and bytes that a table for people gathers before it settles how wide its columns are: some screens, shown within
 * a moment. */
#define QNI_SHEET_ROWS 1000
#define QNI_SHEET_SIZE (INT64_C(1) << 20)

/* Columns of the terminal that one of a table is aligned to at most: longer cells push aside what follows them. */
#define QNI_SHEET_COLUMNS 64

/* Seconds that a statement may be given: a year, which milliseconds can count. */
#define QNI_SQL_TIMEOUT_MOST 31536000

/* A scan. */
#define QNI_SCAN_EVENT_SIZE      128  /* bytes of one --event */
#define QNI_SCAN_REFERENCE_LEAST 20   /* ratios: with fewer there are no percentiles to speak of */
#define QNI_SCAN_PATH_SIZE       4096 /* bytes, as the system has it */
#define QNI_SCAN_WORDS_FIRST     16   /* room in a list at first */
#define QNI_SCAN_INPUTS_FIRST    128  /* room for tickers at first */
#define QNI_SCAN_STRIKE_DIGITS   8    /* providers keep numbers as floats: what follows is noise */
#define QNI_SCAN_LABEL_WIDTH     19   /* columns of what a line of quern explain is about */

/* A replay. */
#define QNI_REPLAY_SYMBOLS       4096 /* symbols that there is room for: each costs memory a stage */
#define QNI_REPLAY_SYMBOLS_SHOWN 20   /* of a text: a screen */
#define QNI_REPLAY_DIGITS        6    /* of a number in a text */
#define QNI_REPLAY_LOOK_MS       50   /* how late a request to end is seen at most */

/* The report of a scan: bytes of a name and of a sentence of others, which longer ones would fill the page with; past
 * reports that are bars still, quotes of an expiry, of which more would touch, and points of a curve some 300 pixels
 * wide; bins of a density, each some five pixels. */
#define QNI_PAGE_NAME     40
#define QNI_PAGE_SENTENCE 600
#define QNI_PAGE_MOVES    48
#define QNI_PAGE_POINTS   120
#define QNI_PAGE_CURVE    61
#define QNI_PAGE_BINS     72
/* Strikes in a chart of smiles: so many standard deviations of the latest expiry to either side of the forward, beyond
 * which quotes are far in the wings, and so far in log-moneyness at least, that a few strikes are seen. */
#define QNI_PAGE_REACH       3.5
#define QNI_PAGE_REACH_LEAST 0.08

/* A journal: symbols that are named in a line for people, and records that are written between two looks at whether to
 * stop, some milliseconds' work. */
#define QNI_JOURNAL_SYMBOLS_SHOWN 12
#define QNI_JOURNAL_EXPORTED      4096

#endif
