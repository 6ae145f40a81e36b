/* cli/command.c: reads what stands before the verb, finds the verb, reads what is configured, sets the log's level,
 * runs, and sees that everything was written. */
#include "cli/command.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/help.h"
#include "cli/report.h"
#include "cli/verbs.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

extern char **environ; /* POSIX has no header for it */

const qn_allocator *qni_run_allocator(const qni_run *run, qni_holder holder)
{
    return qni_memory_allocator(run->memory, holder);
}

static const qni_verb *find_verb(const char *name, qn_error *err)
{
    const qni_tables *tables = &qni_command_tables;
    const char *names[QNI_VERB_MAX + 1];
    int64_t count = 0;
    assert(tables->verb_count <= QNI_VERB_MAX);
    for (; count < tables->verb_count; count++) {
        if (strcmp(tables->verbs[count]->name, name) == 0)
            return tables->verbs[count];
        names[count] = tables->verbs[count]->name;
    }
    names[count++] = "help";
    (void)qni_unknown_name(err, "verb", "", name, names, count, "");
    return NULL;
}

/* Of an option that may stand before and behind the verb, the one behind it counts. */
static const qni_args *speaking(const qni_args *before, const qni_args *args, const qni_option *option)
{
    return qni_args_has(before, option) && !qni_args_has(args, option) ? before : args;
}

static void set_log(const qni_args *before, const qni_args *args)
{
    const qni_option *option = &qni_common_options[QNI_COMMON_LOG_LEVEL];
    qn_log_level level = QN_LOG_WARN;
    bool known = qn_log_level_find(&level, qni_args_text(speaking(before, args, option), option));
    assert(known);
    (void)known;
    qn_log_set(level, NULL);
}

static void set_memory(qni_run *run, const qni_args *before, const qni_args *args)
{
    const qni_option *say = &qni_common_options[QNI_COMMON_MEMORY],
                     *limit = &qni_common_options[QNI_COMMON_MEMORY_LIMIT];
    run->say_memory = qni_args_flag(speaking(before, args, say), say);
    const char *text = qni_args_text(speaking(before, args, limit), limit);
    qn_budget_set_limit(run->memory->budgets[QNI_HOLDER_COMMAND], text != NULL ? qni_memory_size(text) : 0);
}

static void report_memory(void)
{
    qni_out err;
    qni_out_init(&err, STDERR_FILENO);
    qni_memory_report(&err);
    (void)!qni_out_flush(&err, "standard error", NULL); /* nobody can be told */
}

/* Runs the verb with what is configured. */
static int run_configured(qni_run *run, const qni_verb *verb, const qni_args *before, qni_args *args)
{
    qn_error err = qn_error_none();
    qni_settings settings;
    if (qni_settings_read(&settings, &qni_command_tables, environ, run->allocator, &err) != QN_OK)
        return qni_report(&err);
    args->settings = settings.items;
    args->setting_count = settings.count;
    run->settings = &settings;
    set_log(before, args);
    set_memory(run, before, args);
    int code = verb->run(run, args);
    run->settings = NULL;
    qni_settings_free(&settings);
    return code;
}

static int run_verb(qni_run *run, const qni_verb *verb, const qni_args *before, int64_t argc, char *const *argv)
{
    qn_error err = qn_error_none();
    qni_args args;
    if (qni_args_parse(&args, verb, argc, argv, run->allocator, &err) != QN_OK)
        return qni_report_usage(&err, verb->name);
    int code = 0;
    if (qni_args_has(&args, &qni_common_options[QNI_COMMON_HELP]))
        qni_help_verb(run->out, verb);
    else
        code = run_configured(run, verb, before, &args);
    qni_args_free(&args);
    return code;
}

/* quern help, quern help VERB */
static int run_help(qni_run *run, int64_t argc, char *const *argv)
{
    qn_error err = qn_error_none();
    if (argc == 0) {
        qni_help_command(run->out, &qni_command_tables);
        return 0;
    }
    const qni_verb *verb = find_verb(argv[0], &err);
    if (verb == NULL)
        return qni_report_usage(&err, NULL);
    qni_help_verb(run->out, verb);
    return 0;
}

static int run_words(qni_run *run, const qni_args *before, int64_t argc, char *const *argv)
{
    qn_error err = qn_error_none();
    if (qni_args_has(before, &qni_command_tables.leading->options[QNI_LEADING_VERSION])) {
        qni_out_printf(run->out, "quern %s\n", qn_version());
        return 0;
    }
    if (qni_args_has(before, &qni_common_options[QNI_COMMON_HELP]))
        return run_help(run, 0, NULL);
    if (argc == 0) {
        (void)qni_error(&err, QN_INVALID, "a verb is missing, such as \"%s\"", qni_command_tables.verbs[0]->name);
        return qni_report_usage(&err, NULL);
    }
    if (strcmp(argv[0], "help") == 0)
        return run_help(run, argc - 1, argv + 1);
    const qni_verb *verb = find_verb(argv[0], &err);
    if (verb == NULL)
        return qni_report_usage(&err, NULL);
    return run_verb(run, verb, before, argc - 1, argv + 1);
}

/* Writes what is left; a result that did not arrive is worse than any other end. */
static int finish_output(qni_out *out, int code)
{
    qn_error err = qn_error_none();
    qn_status s = qni_out_flush(out, "standard output", &err);
    if (s == QN_OK && close(out->fd) != 0 && errno != EBADF && errno != EINTR)
        s = qni_error_errno(&err, QN_IO, errno, "cannot write to standard output");
    if (s == QN_OK)
        return code;
    return err.native == EPIPE ? QNI_EXIT_NOBODY_READS : qni_report(&err);
}

/* With the budgets made. */
static int run_command(qni_run *run, int argc, char *const *argv)
{
    qn_error err = qn_error_none();
    qni_args before;
    int words = argc > 0 ? argc - 1 : 0;
    if (qni_args_parse(&before, qni_command_tables.leading, words, argv + (argc > 0), run->allocator, &err) != QN_OK)
        return qni_report_usage(&err, NULL);
    int code = run_words(run, &before, words - before.rest, argv + 1 + before.rest);
    qni_args_free(&before);
    if (run->say_memory)
        report_memory();
    return finish_output(run->out, code);
}

int qni_command(int argc, char *const *argv, qni_stop *stop, atomic_bool *patient, const qn_allocator *allocator)
{
    qni_out out;
    qn_error err = qn_error_none();
    qni_memory memory;
    if (qni_memory_init(&memory, allocator, &err) != QN_OK)
        return qni_report(&err);
    qni_out_init(&out, STDOUT_FILENO);
    qni_run run = {.out = &out,
                   .stop = stop,
                   .patient = patient,
                   .memory = &memory,
                   .allocator = qni_memory_allocator(&memory, QNI_HOLDER_COMMAND)};
    int code = run_command(&run, argc, argv);
    qni_memory_fini(&memory);
    return code;
}
