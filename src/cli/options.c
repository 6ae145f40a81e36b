/* cli/options.c: the parser of command lines: one pass over argv; what was given is kept in its order, the getters look
 * there, then among what is configured.
 *
 * Always: an option in `given` stands in the verb's table or among the common ones, and its text has been checked. */
#include "cli/options.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/number.h"
#include "base/secret.h"
#include "base/utf8.h"
#include "cli/limits.h"
#include "cli/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ECHO         "%.*s" /* what was typed, up to QNI_ECHO_SIZE bytes of it: ECHOED(text) */
#define ECHOED(text) (int)qni_utf8_cut((text), (int64_t)strlen(text), QNI_ECHO_SIZE), (text)

const qni_option qni_common_options[QNI_COMMON_COUNT] = {
    [QNI_COMMON_HELP] = {.name = "help",
                         .letter = 'h',
                         .type = QNI_OPTION_FLAG,
                         .group = "Other options",
                         .help = "Print help and exit."},
    [QNI_COMMON_LOG_LEVEL] = {.name = "log-level",
                              .type = QNI_OPTION_CHOICE,
                              .argument = "LEVEL",
                              .choices = "off|error|warn|info|debug|trace",
                              .otherwise = "warn",
                              .configurable = true,
                              .variable = "QUERN_LOG",
                              .group = "Other options",
                              .help =
                                  "How much to say on standard error about the work: off, error, warn, info, debug or "
                                  "trace."},
    [QNI_COMMON_MEMORY] =
        {.name = "memory",
         .type = QNI_OPTION_FLAG,
         .configurable = true,
         .group = "Other options",
         .help = "At the end, say on standard error how many bytes each part holds still and held at most."},
    [QNI_COMMON_MEMORY_LIMIT] =
        {.name = "memory-limit",
         .type = QNI_OPTION_STRING,
         .argument = "SIZE",
         .absent = "none",
         .refuse = qni_memory_limit_refuse,
         .configurable = true,
         .group = "Other options",
         .help = "How many bytes to hold at most: a number, or one with K, M, G or T (powers of 1024). What needs more "
                 "ends with exit code 71. 0: no limit."},
};

typedef struct parser {
    qni_args *args;
    int64_t argc;
    char *const *argv;
    int64_t at;      /* the next word */
    bool plain;      /* "--" has been read */
    int64_t literal; /* arguments that stood before "--" */
    qn_error *err;
} parser;

const qni_option *qni_option_at(const qni_verb *verb, int64_t i)
{
    if (i < verb->option_count)
        return &verb->options[i];
    i -= verb->option_count;
    return i < QNI_COMMON_COUNT ? &qni_common_options[i] : NULL;
}

static const qni_option *find_name(const qni_verb *verb, const char *name, size_t size)
{
    const qni_option *option;
    for (int64_t i = 0; (option = qni_option_at(verb, i)) != NULL; i++)
        if (strlen(option->name) == size && memcmp(option->name, name, size) == 0)
            return option;
    return NULL;
}

static const qni_option *find_letter(const qni_verb *verb, char letter)
{
    const qni_option *option;
    for (int64_t i = 0; (option = qni_option_at(verb, i)) != NULL; i++)
        if (option->letter != 0 && option->letter == letter)
            return option;
    return NULL;
}

const qni_option *qni_form_option(const qni_verb *verb, const qni_form *form, int64_t i)
{
    const char *at = form->options;
    for (; at != NULL && i > 0; i--) {
        at = strchr(at, '|');
        at = at != NULL ? at + 1 : NULL;
    }
    return at != NULL ? find_name(verb, at, strcspn(at, "|")) : NULL;
}

qn_status qni_unknown_name(qn_error *err, const char *what, const char *prefix, const char *name,
                           const char *const *names, int64_t count, const char *otherwise)
{
    int64_t near = qni_nearest(name, names, count);
    if (near >= 0)
        return qni_error(err, QN_INVALID, "unknown %s \"%s" ECHO "\": did you mean \"%s%s\"?", what, prefix,
                         ECHOED(name), prefix, names[near]);
    return qni_error(err, QN_INVALID, "unknown %s \"%s" ECHO "\"%s", what, prefix, ECHOED(name), otherwise);
}

static qn_status unknown_long(const parser *p, const char *name, size_t size)
{
    const qni_verb *verb = p->args->verb;
    if (strchr(" \t\r\n", name[0]) != NULL) /* a comment in SQL */
        return qni_error(p->err, QN_INVALID,
                         "unknown option \"--" ECHO "\": an argument that begins with \"-\" goes after \"--\"",
                         ECHOED(name));
    const char *names[QNI_OPTION_MAX];
    char word[QNI_ECHO_SIZE + 1] = "";
    memcpy(word, name, (size_t)qni_utf8_cut(name, (int64_t)size, QNI_ECHO_SIZE));
    int64_t count = 0;
    for (const qni_option *o; count < QNI_OPTION_MAX && (o = qni_option_at(verb, count)) != NULL; count++)
        names[count] = o->name;
    return qni_unknown_name(p->err, "option", "--", word, names, count, "");
}

/* -x where x is no letter of ours: perhaps a formula or a number. */
static qn_status unknown_letter(const parser *p, const char *word, const char *letter)
{
    int n = 1;
    while (((unsigned char)letter[n] & 0xC0) == 0x80)
        n++;
    if (letter == word + 1)
        return qni_error(p->err, QN_INVALID,
                         "unknown option \"-%.*s\" in \"" ECHO
                         "\": an argument that begins with \"-\" goes after \"--\"",
                         n, letter, ECHOED(word));
    return qni_error(p->err, QN_INVALID, "unknown option \"-%.*s\" in \"" ECHO "\"", n, letter, ECHOED(word));
}

/* Copies the i-th of "text|json|csv" into `out` (QNI_ECHO_SIZE + 1 bytes). False after the last. */
static bool choice_at(char *out, const char *choices, int i)
{
    for (; i > 0 && choices != NULL; i--) {
        choices = strchr(choices, '|');
        choices = choices != NULL ? choices + 1 : NULL;
    }
    if (choices == NULL)
        return false;
    size_t size = strcspn(choices, "|");
    assert(size <= QNI_ECHO_SIZE);
    memcpy(out, choices, size);
    out[size] = '\0';
    return true;
}

static int choice_find(const char *choices, const char *text)
{
    char name[QNI_ECHO_SIZE + 1];
    for (int i = 0; choice_at(name, choices, i); i++)
        if (strcmp(name, text) == 0)
            return i;
    return -1;
}

static qn_status check_choice(const qni_option *option, const char *text, const char *subject, qn_error *err)
{
    if (choice_find(option->choices, text) >= 0)
        return QN_OK;
    char texts[QNI_CHOICE_MAX][QNI_ECHO_SIZE + 1];
    const char *names[QNI_CHOICE_MAX];
    char list[QNI_ECHO_SIZE * 2] = "";
    int count = 0;
    for (; count < QNI_CHOICE_MAX && choice_at(texts[count], option->choices, count); count++) {
        names[count] = texts[count];
        size_t used = strlen(list);
        size_t size = strlen(texts[count]);
        if (used + size + 3 > sizeof list)
            break;
        memcpy(list + used, count > 0 ? ", " : "", count > 0 ? 3 : 1);
        memcpy(list + strlen(list), texts[count], size + 1);
    }
    int64_t near = qni_nearest(text, names, count);
    if (near >= 0)
        return qni_error(err, QN_INVALID, "%s: \"" ECHO "\" is none of %s: did you mean \"%s\"?", subject, ECHOED(text),
                         list, names[near]);
    return qni_error(err, QN_INVALID, "%s: \"" ECHO "\" is none of %s", subject, ECHOED(text), list);
}

static qn_status check_integer(const qni_option *option, const char *text, const char *subject, qn_error *err)
{
    int64_t value = 0;
    const char *end = text + strlen(text);
    if (qni_integer_parse(&value, text, end) != end)
        return qni_error(err, QN_INVALID, "%s: \"" ECHO "\" is not a whole number", subject, ECHOED(text));
    if (value < option->least)
        return qni_error(err, QN_INVALID, "%s: %" PRId64 " is too small, %" PRId64 " is the least", subject, value,
                         option->least);
    if (option->most > 0 && value > option->most)
        return qni_error(err, QN_INVALID, "%s: %" PRId64 " is too large, %" PRId64 " is the most", subject, value,
                         option->most);
    return QN_OK;
}

qn_status qni_option_check(const qni_option *option, const char *text, const char *subject, qn_error *err)
{
    const char *end = text + strlen(text);
    double value = 0;
    if (option->type == QNI_OPTION_CHOICE)
        return check_choice(option, text, subject, err);
    if (option->type == QNI_OPTION_INTEGER)
        return check_integer(option, text, subject, err);
    if (option->type == QNI_OPTION_SECRET)
        return qni_secret_check(text, subject, err);
    if (option->type == QNI_OPTION_FLAG && strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return qni_error(err, QN_INVALID, "%s: \"" ECHO "\" is neither true nor false", subject, ECHOED(text));
    if (option->type == QNI_OPTION_NUMBER && (qni_number_parse(&value, text, end) != end || !isfinite(value)))
        return qni_error(err, QN_INVALID, "%s: \"" ECHO "\" is not a number", subject, ECHOED(text));
    const char *wrong = option->refuse != NULL ? option->refuse(text) : NULL;
    if (wrong != NULL)
        return qni_error(err, QN_INVALID, "%s: \"" ECHO "\" is %s", subject, ECHOED(text), wrong);
    return QN_OK;
}

static qn_status give(parser *p, const qni_option *option, const char *text)
{
    if (text != NULL) {
        char subject[QNI_ECHO_SIZE + 16];
        (void)snprintf(subject, sizeof subject, "option \"--%s\"", option->name);
        qn_status s = qni_option_check(option, text, subject, p->err);
        if (s != QN_OK)
            return s;
    }
    assert(p->args->given_count < p->args->capacity);
    p->args->given[p->args->given_count++] = (qni_given){option, text};
    return QN_OK;
}

/* Takes the next word as the value of `option`. */
static qn_status give_next(parser *p, const qni_option *option)
{
    if (p->at == p->argc)
        return qni_error(p->err, QN_INVALID, "option \"--%s\" needs a value: --%s=%s", option->name, option->name,
                         option->argument);
    const char *text = p->argv[p->at++];
    if (text[0] == '-' && text[1] == '-' && find_name(p->args->verb, text + 2, strcspn(text + 2, "=")) != NULL)
        return qni_error(p->err, QN_INVALID,
                         "option \"--%s\" needs a value, but \"" ECHO "\" follows (if that is the value: --%s=%s)",
                         option->name, ECHOED(text), option->name, option->argument);
    return give(p, option, text);
}

static qn_status read_long(parser *p, const char *word)
{
    const char *name = word + 2;
    size_t size = strcspn(name, "=");
    const qni_option *option = find_name(p->args->verb, name, size);
    if (option == NULL)
        return unknown_long(p, name, size);
    const char *text = name[size] == '=' ? name + size + 1 : NULL;
    if (option->type == QNI_OPTION_FLAG && text != NULL && !option->configurable)
        return qni_error(p->err, QN_INVALID, "option \"--%s\" takes no value", option->name);
    if (option->type == QNI_OPTION_FLAG || text != NULL)
        return give(p, option, text);
    return give_next(p, option);
}

/* Flags in a bundle, the last of which may be an option with its value: -ab, -y3, -y 3. */
static qn_status read_letters(parser *p, const char *word)
{
    size_t size = strcspn(word + 1, "=");
    const qni_option *meant = size > 1 ? find_name(p->args->verb, word + 1, size) : NULL;
    if (meant != NULL) /* a dash too few: "-start" is hardly "-s tart" */
        return qni_error(p->err, QN_INVALID, "unknown option \"" ECHO "\": did you mean \"--%s\"?", ECHOED(word),
                         meant->name);
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const qni_option *option = find_letter(p->args->verb, *letter);
        if (option == NULL)
            return unknown_letter(p, word, letter);
        if (option->type != QNI_OPTION_FLAG)
            return letter[1] != '\0' ? give(p, option, letter + 1) : give_next(p, option);
        if (p->args->given_count == p->args->capacity)
            return qni_error(p->err, QN_INVALID, "option \"-%c\" is given too often", *letter);
        qn_status s = give(p, option, NULL);
        if (s != QN_OK)
            return s;
    }
    return QN_OK;
}

static qn_status read_words(parser *p)
{
    qni_args *args = p->args;
    qn_status s = QN_OK;
    while (s == QN_OK && p->at < p->argc) {
        const char *word = p->argv[p->at];
        bool option = !p->plain && word[0] == '-' && word[1] != '\0';
        if (!option && args->verb->leading)
            break;
        p->at++;
        if (!option)
            args->arguments[args->argument_count++] = word;
        else if (strcmp(word, "--") == 0)
            p->plain = true;
        else
            s = word[1] == '-' ? read_long(p, word) : read_letters(p, word);
        if (!p->plain)
            p->literal = args->argument_count;
    }
    args->rest = p->at;
    return s;
}

/* The first of the form's options that was given, or that was not; NULL: there is none. */
static const qni_option *form_option(const qni_args *args, const qni_form *form, bool given)
{
    const qni_option *option;
    for (int64_t i = 0; (option = qni_form_option(args->verb, form, i)) != NULL; i++)
        if (qni_args_has(args, option) == given)
            return option;
    return NULL;
}

bool qni_form_explains(bool *word, const qni_verb *verb, const qni_form *form)
{
    *word = form->word != NULL;
    for (int64_t i = 0; i < verb->form_count; i++) {
        const qni_form *other = &verb->forms[i];
        if (other == form || other->arguments != form->arguments || other->options != NULL)
            continue;
        if (other < form)
            return false;
        *word = false;
    }
    return form->options == NULL;
}

/* Finds the form that the first argument names, and takes that word away; or that an option asks for. */
static void choose_form(const parser *p)
{
    qni_args *args = p->args;
    bool plain = args->verb->form_count > 0 && args->verb->forms[0].word == NULL;
    args->form = plain ? args->verb->forms : NULL;
    for (int64_t i = 0; i < args->verb->form_count; i++) {
        const qni_form *form = &args->verb->forms[i];
        if (form->word != NULL && p->literal > 0 && strcmp(args->arguments[0], form->word) == 0) {
            args->form = form;
            args->argument_count--;
            memmove(args->arguments, args->arguments + 1, sizeof args->arguments[0] * (size_t)args->argument_count);
            return;
        }
        if (form_option(args, form, true) != NULL)
            args->form = form;
    }
}

/* Options that make a form: all of them where it was chosen, none of them where a word chose another. */
static qn_status check_form(const parser *p)
{
    const qni_args *args = p->args;
    for (int64_t i = 0; i < args->verb->form_count; i++) {
        const qni_form *form = &args->verb->forms[i];
        const qni_option *given = form_option(args, form, true), *lacking = form_option(args, form, false);
        if (given == NULL)
            continue;
        if (form != args->form)
            return qni_error(p->err, QN_INVALID, "option \"--%s\" does not go with \"%s\"", given->name,
                             args->form->word != NULL ? args->form->word : args->verb->name);
        if (lacking != NULL)
            return qni_error(p->err, QN_INVALID, "option \"--%s\" needs --%s=%s beside it", given->name, lacking->name,
                             lacking->argument);
    }
    return QN_OK;
}

/* What can stand in the place of a plain form's last argument; NULL: nothing. */
static const qni_option *instead_of_last(const qni_args *args)
{
    for (int64_t i = 1; i < args->verb->form_count && args->argument_count == args->form->argument_count - 1; i++)
        if (args->verb->forms[i].options != NULL && args->verb->forms[i].argument_count == args->argument_count)
            return qni_form_option(args->verb, &args->verb->forms[i], 0);
    return NULL;
}

static qn_status missing_argument(const parser *p)
{
    const qni_args *args = p->args;
    const char *name = args->form->arguments[args->argument_count].name;
    const qni_option *instead = args->form == args->verb->forms ? instead_of_last(args) : NULL;
    if (instead != NULL)
        return qni_error(p->err, QN_INVALID, "%s is missing, or --%s %s in its place", name, instead->name,
                         instead->argument);
    return qni_error(p->err, QN_INVALID, "%s is missing", name);
}

static qn_status excess_argument(const parser *p)
{
    const qni_args *args = p->args;
    const qni_option *option = form_option(args, args->form, true);
    const char *word = args->arguments[args->form->argument_count];
    if (option != NULL && args->argument_count == args->form->argument_count + 1)
        return qni_error(p->err, QN_INVALID, "\"" ECHO "\" is one argument too many: --%s takes its place",
                         ECHOED(word), option->name);
    return qni_error(p->err, QN_INVALID,
                     "\"" ECHO "\" is one argument too many (are there quotes around the one before?)", ECHOED(word));
}

/* A word where only words of forms may stand. */
static qn_status unknown_word(const parser *p, const char *word)
{
    const qni_verb *verb = p->args->verb;
    const char *names[QNI_OPTION_MAX];
    int64_t count = 0;
    for (int64_t i = 0; i < verb->form_count && count < QNI_OPTION_MAX; i++)
        if (verb->forms[i].word != NULL)
            names[count++] = verb->forms[i].word;
    return qni_unknown_name(p->err, "argument", "", word, names, count, "");
}

static qn_status check_arguments(const parser *p)
{
    const qni_args *args = p->args;
    if (args->verb->leading || qni_args_has(args, &qni_common_options[QNI_COMMON_HELP]))
        return QN_OK;
    if (args->form == NULL)
        return args->argument_count > 0
                   ? unknown_word(p, args->arguments[0])
                   : qni_error(p->err, QN_INVALID, "a word that says what to do is missing, such as \"%s\"",
                               args->verb->forms[0].word);
    int64_t wanted = args->form->argument_count;
    if (args->argument_count > wanted && wanted == 0 && args->form->word == NULL && args->verb->form_count > 1)
        return unknown_word(p, args->arguments[0]);
    qn_status s = check_form(p);
    if (s == QN_OK && args->argument_count > wanted && !args->form->many)
        s = excess_argument(p);
    else if (s == QN_OK && args->argument_count < wanted)
        s = missing_argument(p);
    return s;
}

/* Words with bundles of flags hold more options than words; as many as letters would be wasteful. */
static int64_t capacity_for(int64_t argc, char *const *argv)
{
    int64_t count = argc + 1;
    for (int64_t i = 0; i < argc; i++)
        if (argv[i][0] == '-' && argv[i][1] != '-')
            count += (int64_t)strnlen(argv[i], QNI_ECHO_SIZE);
    return count;
}

qn_status qni_args_parse(qni_args *out, const qni_verb *verb, int64_t argc, char *const *argv,
                         const qn_allocator *allocator, qn_error *err)
{
    assert(verb->option_count + QNI_COMMON_COUNT <= QNI_OPTION_MAX);
    *out = (qni_args){.verb = verb, .allocator = allocator, .capacity = capacity_for(argc, argv)};
    parser p = {.args = out, .argc = argc, .argv = argv, .err = err};
    out->arguments = qni_alloc_zeroed(allocator, out->capacity, (int64_t)sizeof *out->arguments);
    out->given = qni_alloc_zeroed(allocator, out->capacity, (int64_t)sizeof *out->given);
    qn_status s = QN_OK;
    if (out->arguments == NULL || out->given == NULL)
        s = qni_error(err, QN_NOMEM, "no memory for the command line");
    if (s == QN_OK)
        s = read_words(&p);
    if (s == QN_OK) {
        choose_form(&p);
        s = check_arguments(&p);
    }
    if (s != QN_OK)
        qni_args_free(out);
    return s;
}

void qni_args_free(qni_args *args)
{
    qni_free(args->allocator, args->arguments, args->capacity, (int64_t)sizeof *args->arguments);
    qni_free(args->allocator, args->given, args->capacity, (int64_t)sizeof *args->given);
    args->arguments = NULL;
    args->given = NULL;
    args->argument_count = args->given_count = 0;
}

/* NULL: not given. */
static const qni_given *last_given(const qni_args *args, const qni_option *option)
{
    for (int64_t i = args->given_count; i > 0; i--)
        if (args->given[i - 1].option == option)
            return &args->given[i - 1];
    return NULL;
}

bool qni_args_has(const qni_args *args, const qni_option *option)
{
    return last_given(args, option) != NULL;
}

/* NULL: not configured. */
static const char *configured(const qni_args *args, const qni_option *option)
{
    for (int64_t i = args->setting_count; i > 0; i--)
        if (args->settings[i - 1].option == option)
            return args->settings[i - 1].text;
    return NULL;
}

bool qni_args_flag(const qni_args *args, const qni_option *option)
{
    assert(option->type == QNI_OPTION_FLAG);
    const qni_given *given = last_given(args, option);
    const char *text = given != NULL ? given->text : configured(args, option);
    return text != NULL ? strcmp(text, "true") == 0 : given != NULL;
}

const char *qni_args_text(const qni_args *args, const qni_option *option)
{
    const qni_given *given = last_given(args, option);
    const char *text = given != NULL ? given->text : configured(args, option);
    return text != NULL ? text : option->otherwise;
}

int64_t qni_args_integer(const qni_args *args, const qni_option *option, int64_t otherwise)
{
    const char *text = qni_args_text(args, option);
    if (text != NULL)
        (void)qni_integer_parse(&otherwise, text, text + strlen(text));
    return otherwise;
}

double qni_args_number(const qni_args *args, const qni_option *option, double otherwise)
{
    const char *text = qni_args_text(args, option);
    if (text != NULL)
        (void)qni_number_parse(&otherwise, text, text + strlen(text));
    return otherwise;
}

int qni_args_choice(const qni_args *args, const qni_option *option)
{
    const char *text = qni_args_text(args, option);
    assert(text != NULL);
    return choice_find(option->choices, text);
}

const char *qni_args_next(const qni_args *args, const qni_option *option, int64_t *at)
{
    for (; *at < args->given_count; (*at)++)
        if (args->given[*at].option == option)
            return args->given[(*at)++].text;
    if (qni_args_has(args, option))
        return NULL;
    for (; *at - args->given_count < args->setting_count; (*at)++)
        if (args->settings[*at - args->given_count].option == option)
            return args->settings[(*at)++ - args->given_count].text;
    return NULL;
}
