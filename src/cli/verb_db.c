/* cli/verb_db.c: `quern db`: a store's schema brought up to date, looked at, and brought back, by a folder of SQL. */
#include "base/alloc.h"
#include "base/error.h"
#include "base/number.h"
#include "cli/db_int.h"
#include "cli/report.h"
#include "cli/sql_int.h"
#include "cli/verbs.h"

#include <inttypes.h>
#include <string.h>

static int run_db(qni_run *run, const qni_args *args);
static const char *timeout_refuse(const char *text);

enum {
    DB_TO,
    DB_TIMEOUT,
    DB_PASSWORD,
    DB_FORMAT,
    DB_OPTION_COUNT
};

enum {
    FORMAT_TEXT,
    FORMAT_JSON
}; /* in the order of the choices */

static const qni_option options[DB_OPTION_COUNT] = {
    [DB_TO] = {.name = "to",
               .type = QNI_OPTION_INTEGER,
               .argument = "N",
               .absent = "migrate: the last; rollback: the highest one alone is undone",
               .group = "Migrations",
               .help = "The number that the store shall be at afterwards; rollback --to 0 undoes all."},
    [DB_TIMEOUT] = {.name = "timeout",
                    .type = QNI_OPTION_NUMBER,
                    .argument = "SECONDS",
                    .otherwise = "60",
                    .refuse = timeout_refuse,
                    .configurable = true,
                    .group = "Migrations",
                    .help = "How long to wait while another process migrates the store, or has locked it."},
    [DB_PASSWORD] = QNI_SQL_OPTION_PASSWORD("Migrations"),
    [DB_FORMAT] = {.name = "format",
                   .letter = 'f',
                   .type = QNI_OPTION_CHOICE,
                   .argument = "FORMAT",
                   .choices = "text|json",
                   .otherwise = "text",
                   .configurable = true,
                   .group = "The result",
                   .help = "text is for people, json for programs."},
};

static const qni_argument arguments[] = {
    {"URL",
     "Which store: sqlite:FILE, duckdb:FILE, postgres://USER@HOST/DATABASE, or memory: to try migrations out. "
     "Characters "
     "with a meaning in URLs are written %XX.",
     NULL},
    {"FOLDER",
     "The migrations: files called NUMBER_NAME.sql, and NUMBER_NAME.down.sql for what undoes them. What does not end "
     "in "
     ".sql is passed over.",
     NULL},
};

static const qni_form forms[] = {{.word = "migrate", .arguments = arguments, .argument_count = 2},
                                 {.word = "status", .arguments = arguments, .argument_count = 2},
                                 {.word = "rollback", .arguments = arguments, .argument_count = 2}};

static const qni_example examples[] = {
    {"quern db migrate memory: examples/migrations", "Try out a folder of migrations:"},
    {"quern db migrate sqlite:prices.db examples/migrations && quern db status sqlite:prices.db "
     "examples/migrations --format json",
     "Bring a store up to date, and see what it is at:"},
    {"quern db migrate sqlite:trial.db examples/migrations && quern db rollback sqlite:trial.db examples/migrations "
     "--to 1",
     "And back to the first one:"},
};

const qni_verb qni_verb_db = {
    .name = "db",
    .summary = "bring a database's schema up to date, or back",
    .description =
        "migrate applies what a store lacks, lowest number first, each migration in a transaction of its own together "
        "with "
        "its row in the table quern_migrations. What fails, or is interrupted, is undone; what was applied before it "
        "stays. "
        "Any number of processes may do this at once: each migration is applied by one of them.\n"
        "status compares and changes nothing. rollback undoes the highest migration, or all above --to, by their down "
        "files.\n"
        "A store is refused where a migration has changed since it was applied, is missing, or is new below one that "
        "was "
        "applied, and where the store is newer than all of them.",
    .answer_no = "status: the store is not at the last migration, or its history differs from the files.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = DB_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_db,
};

static const char *timeout_refuse(const char *text)
{
    double value = 0;
    (void)qni_number_parse(&value, text, text + strlen(text));
    if (!(value >= 0))
        return "less than 0";
    return value <= QNI_SQL_TIMEOUT_MOST ? NULL : "more than a year";
}

/* Milliseconds as the library has them: -1 is none at all. */
static int64_t timeout_ms(const qni_args *args)
{
    double ms = qni_args_number(args, &options[DB_TIMEOUT], 0) * 1000;
    return ms < 1 ? -1 : (int64_t)ms;
}

static void note_done(void *user, const qn_migration *migration)
{
    qni_db_job *job = user;
    job->done[job->done_count++] = migration;
    if (!job->json)
        qni_db_show_done(job, migration);
}

static qn_status read_folder(qni_db_job *job, const char *folder, qn_error *err)
{
    qn_status s = qn_migrations_read(&job->migrations, folder, job->allocator, err);
    if (s != QN_OK)
        return s;
    job->done = qni_alloc(job->allocator, qn_migrations_count(job->migrations), (int64_t)sizeof(const qn_migration *));
    return job->done != NULL ? QN_OK : qni_error(err, QN_NOMEM, "no memory for a list of migrations");
}

static qn_status connect_to(qni_db_job *job, const qni_args *args, bool read_only, qn_error *err)
{
    qni_secret secret;
    qn_db_options o;
    qn_db_options_init(&o, sizeof o);
    o.busy_timeout_ms = timeout_ms(args);
    o.read_only = read_only;
    o.allocator = job->allocator;
    qn_status s =
        qni_sql_password(&secret, &o.password, args, &options[DB_PASSWORD], args->arguments[0], job->allocator, err);
    if (s == QN_OK)
        s = qn_db_open(&job->db, args->arguments[0], &o, err);
    qni_secret_fini(&secret);
    return s;
}

/* A connection that only reads makes no file. What a process left that died in a transaction it cannot undo, though:
 * then one is needed that may. */
static qn_status look(qni_db_job *job, const qni_args *args, qn_error *err)
{
    qn_status s = connect_to(job, args, true, err);
    if (s == QN_OK)
        s = qn_migrate_status(&job->report, job->db, job->migrations, err);
    if (s != QN_PERMISSION)
        return s;
    qn_db_close(job->db);
    s = connect_to(job, args, false, err);
    return s == QN_OK ? qn_migrate_status(&job->report, job->db, job->migrations, err) : s;
}

static qn_status change(qni_db_job *job, const qni_args *args, qn_error *err)
{
    qn_migrate_options o;
    qn_migrate_options_init(&o, sizeof o);
    o.lock_timeout_ms = timeout_ms(args);
    o.done = note_done;
    o.user = job;
    int64_t to = qni_args_integer(args, &options[DB_TO], -1);
    qn_status s = connect_to(job, args, false, err);
    if (s == QN_OK && job->task == QNI_DB_MIGRATE)
        s = qn_migrate(NULL, job->db, job->migrations, to, &o, err);
    else if (s == QN_OK)
        s = qn_migrate_rollback(NULL, job->db, job->migrations, to, &o, err);
    return s == QN_OK ? qn_migrate_status(&job->report, job->db, job->migrations, err) : s;
}

static qn_status work(qni_db_job *job, const qni_args *args, qn_error *err)
{
    qn_status s = read_folder(job, args->arguments[1], err);
    if (s == QN_OK)
        s = (job->task == QNI_DB_STATUS ? look : change)(job, args, err);
    return s == QN_OK ? qni_db_show(job, err) : s;
}

static int run_db(qni_run *run, const qni_args *args)
{
    qn_error err = qn_error_none();
    qni_db_job job = {.out = run->out,
                      .allocator = run->allocator,
                      .task = (qni_db_task)(args->form - forms),
                      .json = qni_args_choice(args, &options[DB_FORMAT]) == FORMAT_JSON};
    if (job.task == QNI_DB_STATUS && qni_args_has(args, &options[DB_TO])) {
        (void)qni_error(&err, QN_INVALID, "option \"--to\" does not go with \"status\"");
        return qni_report_usage(&err, "db");
    }
    int code = work(&job, args, &err) == QN_OK ? 0 : qni_report(&err);
    if (code == 0 && job.task == QNI_DB_STATUS && !qni_db_is_current(job.report))
        code = QNI_EXIT_NO;
    qn_migrate_report_free(job.report);
    qn_db_close(job.db);
    if (job.done != NULL)
        qni_free(job.allocator, job.done, qn_migrations_count(job.migrations), (int64_t)sizeof(const qn_migration *));
    qn_migrations_free(job.migrations);
    return code;
}
