/* cli/verb_sql.c: `quern sql`: one statement, asked of a database, and its rows in one of four formats. */
#include "base/error.h"
#include "base/number.h"
#include "cli/report.h"
#include "cli/sql_int.h"
#include "cli/verbs.h"

#include <errno.h>
#include <string.h>

static int run_sql(qni_run *run, const qni_args *args);
static const char *timeout_refuse(const char *text);

enum {
    SQL_PARAM,
    SQL_READ_ONLY,
    SQL_TIMEOUT,
    SQL_PASSWORD,
    SQL_FORMAT,
    SQL_NULL,
    SQL_OPTION_COUNT
};

enum {
    FORMAT_TEXT,
    FORMAT_CSV,
    FORMAT_JSON,
    FORMAT_NPY
}; /* in the order of the choices */

static const qni_option options[SQL_OPTION_COUNT] = {
    [SQL_PARAM] = {.name = "param",
                   .type = QNI_OPTION_LIST,
                   .argument = "VALUE",
                   .absent = "none",
                   .group = "The statement",
                   .help = QNI_SQL_PARAM_HELP},
    [SQL_READ_ONLY] = {.name = "read-only",
                       .type = QNI_OPTION_FLAG,
                       .configurable = true,
                       .group = "The statement",
                       .help =
                           "Change nothing in the database: a statement that would is refused, and a file must exist."},
    [SQL_TIMEOUT] = {.name = "timeout",
                     .type = QNI_OPTION_NUMBER,
                     .argument = "SECONDS",
                     .absent = "none",
                     .refuse = timeout_refuse,
                     .configurable = true,
                     .group = "The statement",
                     .help = "End a statement that takes longer."},
    [SQL_PASSWORD] = QNI_SQL_OPTION_PASSWORD("The statement"),
    [SQL_FORMAT] = {.name = "format",
                    .letter = 'f',
                    .type = QNI_OPTION_CHOICE,
                    .argument = "FORMAT",
                    .choices = "text|csv|json|npy",
                    .otherwise = "text",
                    .configurable = true,
                    .group = "The result",
                    .help =
                        "text is for people, csv for quern fit and spreadsheets, json for programs, npy is an array "
                        "of NumPy's: columns of numbers, NULL is NaN."},
    [SQL_NULL] = {.name = "null",
                  .type = QNI_OPTION_STRING,
                  .argument = "TEXT",
                  .absent = "NULL in text, an empty cell in csv",
                  .refuse = qni_sql_null_refuse,
                  .group = "The result",
                  .help = "What to show for NULL in text and csv."},
};

static const qni_argument arguments[] = {
    {"URL",
     "Which database: sqlite:FILE, duckdb:FILE, postgres://USER@HOST/DATABASE, or memory: for an empty one that ends "
     "with the command. Characters with a meaning in URLs are written %XX.",
     NULL},
    {"SQL",
     "One statement, in quotes. $1, $2 and so on stand for values of --param. " QNI_SQL_TEXT_HELP
     " One that begins with - goes after --.",
     NULL},
};

static const qni_form forms[] = {{.arguments = arguments, .argument_count = 2}};

static const qni_example examples[] = {
    {"quern sql memory: 'SELECT 6 * 7 AS answer'", "A database that needs nothing:"},
    {"quern sql memory: 'SELECT $1 AS symbol, $2 + 1 AS next' --param text:NVDA --param int:41 --format json",
     "Values from outside, never pasted into the SQL, and a result for a program:"},
    {"echo 'SELECT 1 AS x, 2.5 AS y UNION ALL SELECT 2, 4.5' | quern sql memory: - --format csv",
     "The statement from standard input, rows for another program:"},
};

const qni_verb qni_verb_sql = {
    .name = "sql",
    .summary = "run one SQL statement in a database",
    .description =
        "Runs a statement and shows the rows that it gives or, where it gives none, how many it changed. Rows are "
        "written as they arrive, so a result may be larger than memory, but for npy. The SQL goes to the database as "
        "it "
        "stands; several statements at once are refused. Bytes are shown as hexadecimal digits, times in UTC.\n"
        "A password in a URL can be seen by others while the command runs, in the list of processes: --password, or "
        "PostgreSQL's ~/.pgpass or PGPASSWORD, keep it out of there. No message shows it.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = SQL_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_sql,
};

static double seconds(const char *text)
{
    double value = 0;
    (void)qni_number_parse(&value, text, text + strlen(text));
    return value;
}

static const char *timeout_refuse(const char *text)
{
    if (!(seconds(text) > 0))
        return "not greater than 0";
    return seconds(text) <= QNI_SQL_TIMEOUT_MOST ? NULL : "more than a year";
}

const char *qni_sql_null_refuse(const char *text)
{
    return strpbrk(text, ",\"\r\n") != NULL ? "no cell: it has a comma, a quote or a line end" : NULL;
}

/* What can be said before anything is run. */
static qn_status check_options(const qni_run *run, const qni_args *args, int format, qn_error *err)
{
    if (format == FORMAT_NPY && run->out->terminal)
        return qni_error(err, QN_INVALID,
                         "--format npy: a terminal cannot show an array: write it into a file, as in > FILE.npy");
    if (qni_args_has(args, &options[SQL_NULL]) && format != FORMAT_TEXT && format != FORMAT_CSV)
        return qni_error(err, QN_INVALID, "--null is for text and csv: json has null, npy NaN");
    return QN_OK;
}

static int show_rows(qni_run *run, const qni_args *args, const qni_sql *sql, int format)
{
    qn_error err = qn_error_none();
    sql_show show = {.out = run->out,
                     .rows = sql->rows,
                     .columns = qn_rows_column_count(sql->rows),
                     .null = qni_args_text(args, &options[SQL_NULL]),
                     .allocator = sql->allocator};
    qn_status s = format == FORMAT_NPY    ? qni_sql_npy(&show, &err)
                  : format == FORMAT_JSON ? qni_sql_json(&show, &err)
                  : format == FORMAT_CSV  ? qni_sql_csv(&show, &err)
                                          : qni_sql_text(&show, &err);
    if (s == QN_OK)
        return 0;
    return s == QN_IO && err.native == EPIPE && format == FORMAT_NPY ? QNI_EXIT_NOBODY_READS : qni_report(&err);
}

static int run_sql(qni_run *run, const qni_args *args)
{
    qn_error err = qn_error_none();
    const char *timeout = qni_args_text(args, &options[SQL_TIMEOUT]);
    int format = qni_args_choice(args, &options[SQL_FORMAT]);
    qni_sql sql = {0};
    qni_sql_options how = {.args = args,
                           .param = &options[SQL_PARAM],
                           .password = &options[SQL_PASSWORD],
                           .url = args->arguments[0],
                           .sql = args->arguments[1],
                           .read_only = qni_args_flag(args, &options[SQL_READ_ONLY]),
                           .timeout_ms = timeout != NULL ? (int64_t)(seconds(timeout) * 1000 + 0.999) : 0,
                           .allocator = qni_run_allocator(run, QNI_HOLDER_TABLE)};
    if (check_options(run, args, format, &err) != QN_OK)
        return qni_report_usage(&err, args->verb->name);
    int code = qni_sql_open(&sql, &how, &err) != QN_OK ? qni_sql_report(&sql, &err, args->verb->name)
                                                       : show_rows(run, args, &sql, format);
    qni_sql_free(&sql);
    return code;
}
