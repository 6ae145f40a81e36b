/* cli/command.c: reads what stands before the verb, finds the verb, sets the log's level, runs, and sees that
 * everything was written. */
#include "cli/command.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/help.h"
#include "cli/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LEADING_VERSION,
    LEADING_COUNT
};

static const qni_option leading_options[LEADING_COUNT] = {
    [LEADING_VERSION] = {.name = "version",
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
    .description =
        "A compute engine for models, markets and agents. Data goes to standard output, everything else to standard "
        "error; - is standard input or output.",
    .options = leading_options,
    .option_count = LEADING_COUNT,
    .examples = leading_examples,
    .example_count = sizeof leading_examples / sizeof leading_examples[0],
    .leading = true,
};

static const qni_verb *const verbs[] = {&qni_verb_fit};
enum {
    VERB_COUNT = sizeof verbs / sizeof verbs[0]
};

static const qni_verb *find_verb(const char *name, qn_error *err)
{
    const char *names[VERB_COUNT + 1];
    for (int i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
        names[i] = verbs[i]->name;
    }
    names[VERB_COUNT] = "help";
    (void)qni_unknown_name(err, "verb", "", name, names, VERB_COUNT + 1, "");
    return NULL;
}

/* --log-level of the verb, else before it, else QUERN_LOG. */
static qn_status set_log(const qni_args *before, const qni_args *args, qn_error *err)
{
    const qni_option *option = &qni_common_options[QNI_COMMON_LOG_LEVEL];
    const char *name =
        args != NULL && qni_args_has(args, option) ? qni_args_text(args, option) : qni_args_text(before, option);
    qn_log_level level = QN_LOG_WARN;
    if (name == NULL && (name = getenv("QUERN_LOG")) != NULL && name[0] == '\0')
        name = NULL;
    if (name != NULL && !qn_log_level_find(&level, name))
        return qni_error(
            err, QN_CONFIG,
            "the environment variable QUERN_LOG: \"%.60s\" is none of off, error, warn, info, debug, trace", name);
    qn_log_set(level, NULL);
    return QN_OK;
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
    else if (set_log(before, &args, &err) != QN_OK)
        code = qni_report(&err);
    else
        code = verb->run(run, &args);
    qni_args_free(&args);
    return code;
}

/* quern help, quern help VERB */
static int run_help(qni_run *run, int64_t argc, char *const *argv)
{
    qn_error err = qn_error_none();
    if (argc == 0) {
        qni_help_command(run->out, &leading, verbs, VERB_COUNT);
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
    if (qni_args_has(before, &leading_options[LEADING_VERSION])) {
        qni_out_printf(run->out, "quern %s\n", qn_version());
        return 0;
    }
    if (qni_args_has(before, &qni_common_options[QNI_COMMON_HELP]))
        return run_help(run, 0, NULL);
    if (argc == 0) {
        (void)qni_error(&err, QN_INVALID, "a verb is missing, such as \"%s\"", verbs[0]->name);
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

int qni_command(int argc, char *const *argv, qni_stop *stop, atomic_bool *patient, const qn_allocator *allocator)
{
    qni_out out;
    qni_out_init(&out, STDOUT_FILENO);
    qni_run run = {.out = &out, .stop = stop, .patient = patient, .allocator = allocator};
    qn_error err = qn_error_none();
    qni_args before;
    int words = argc > 0 ? argc - 1 : 0;
    if (qni_args_parse(&before, &leading, words, argv + (argc > 0), allocator, &err) != QN_OK)
        return qni_report_usage(&err, NULL);
    int code = run_words(&run, &before, words - before.rest, argv + 1 + before.rest);
    qni_args_free(&before);
    return finish_output(&out, code);
}
