/* cli/verb_config.c: `quern config`: what is configured, and where each value comes from. The text is itself a
 * configuration file. */
#include "base/json.h"
#include "base/number.h"
#include "base/secret.h"
#include "cli/command.h"
#include "cli/report.h"
#include "cli/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int run_config(qni_run *run, const qni_args *args);

enum {
    CONFIG_FORMAT,
    CONFIG_OPTION_COUNT
};

enum {
    FORMAT_TEXT,
    FORMAT_JSON
}; /* in the order of the choices */

static const qni_option options[CONFIG_OPTION_COUNT] = {
    [CONFIG_FORMAT] = {.name = "format",
                       .letter = 'f',
                       .type = QNI_OPTION_CHOICE,
                       .argument = "FORMAT",
                       .choices = "text|json",
                       .otherwise = "text",
                       .configurable = true,
                       .group = "The result",
                       .help = "text is for people, and a configuration file itself; json is for programs."},
};

static const qni_form forms[] = {{.word = NULL}, {.word = "show"}};

static const qni_example examples[] = {
    {"quern config show", "What is configured, and where:"},
    {"QUERN_FIT_FORMAT=json quern config show --format json", "The same for a program, with a variable that counts:"},
};

const qni_verb qni_verb_config = {
    .name = "config",
    .summary = "show what is configured, and where",
    .description =
        "Shows every key of the configuration with the value that holds where the command line says nothing, and where "
        "it comes from: the option's default, a line of the configuration file, or an environment variable. The word "
        "show may be left out. quern.conf(5) has the keys and how a file is written.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = CONFIG_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_config,
};

/* The value that holds: configured, or the default; NULL: none. */
static const char *value_of(const qni_option *option, const qni_setting *setting)
{
    if (setting != NULL)
        return setting->text;
    return option->otherwise == NULL && option->type == QNI_OPTION_FLAG ? "false" : option->otherwise;
}

/* A URL without the password in it; any other text as it is. */
static const char *open_url(char room[QNI_SECRET_SHOWN_SIZE], const char *text)
{
    const char *scheme = strstr(text, "://"), *host = strrchr(text, '@');
    const char *colon = scheme != NULL ? strchr(scheme + 3, ':') : NULL;
    if (colon == NULL || host == NULL || colon > host)
        return text;
    (void)snprintf(room, QNI_SECRET_SHOWN_SIZE, "%.*s:***%s", (int)(colon - text), text, host);
    return room;
}

/* What is shown of a text that is a value: all, but of a secret's command the arguments, and the password of a URL. */
static const char *open_text(char room[QNI_SECRET_SHOWN_SIZE], const qni_option *option, const char *text)
{
    if (option->type != QNI_OPTION_SECRET)
        return open_url(room, text);
    qni_secret_show(room, text);
    return room;
}

/* A list's settings, from `setting`, which is the first. */
static bool next_of_list(const qni_settings *settings, const qni_setting **setting)
{
    const qni_option *option = (*setting)->option;
    while (++*setting < settings->items + settings->count)
        if ((*setting)->option == option)
            return true;
    return false;
}

/* ---- text ---- */

enum {
    PIECE_SIZE = 16 /* of a character, escaped or not, with its zero */
};

/* The character at `text` as a basic string of TOML has it. Returns how many bytes of `text` it took. */
static int piece(char out[PIECE_SIZE], const char *text, const char *end)
{
    int32_t code;
    int size = qni_text_next(&code, text, end);
    if (code < 0)
        (void)snprintf(out, PIECE_SIZE, "?");
    else if (code == '"' || code == '\\')
        (void)snprintf(out, PIECE_SIZE, "\\%c", (char)code);
    else if (qni_text_is_control(code))
        (void)snprintf(out, PIECE_SIZE, "\\u%04X", (unsigned)code);
    else
        (void)snprintf(out, PIECE_SIZE, "%.*s", size, text);
    return size;
}

/* Writes "text", where `out` is there, and returns its columns. */
static int64_t quoted(qni_out *out, const char *text)
{
    char shown[PIECE_SIZE];
    int64_t width = 2;
    const char *end = text + strlen(text);
    if (out != NULL)
        qni_out_text(out, "\"");
    while (text < end) {
        text += piece(shown, text, end);
        width += qni_text_width(shown, -1);
        if (out != NULL)
            qni_out_text(out, shown);
    }
    if (out != NULL)
        qni_out_text(out, "\"");
    return width;
}

static int64_t plain(qni_out *out, const char *text)
{
    if (out != NULL)
        qni_out_text(out, text);
    return (int64_t)strlen(text);
}

/* Writes the value as the file has it, where `out` is there, and returns its columns. */
static int64_t value_text(qni_out *out, const qni_settings *settings, const qni_option *option)
{
    const qni_setting *setting = qni_settings_find(settings, option);
    char room[QNI_SECRET_SHOWN_SIZE];
    const char *text = open_text(room, option, value_of(option, setting));
    if (option->type == QNI_OPTION_FLAG || option->type == QNI_OPTION_INTEGER || option->type == QNI_OPTION_NUMBER)
        return plain(out, text);
    if (option->type != QNI_OPTION_LIST || setting == NULL)
        return quoted(out, text);
    int64_t width = plain(out, "[") + quoted(out, text);
    while (next_of_list(settings, &setting))
        width += plain(out, ", ") + quoted(out, setting->text);
    return width + plain(out, "]");
}

typedef struct columns {
    int64_t name, value;
} columns;

static columns measure(const qni_tables *tables, const qni_settings *settings)
{
    columns widest = {0, 0};
    qni_key key;
    for (int64_t i = 0; qni_key_at(&key, tables, i); i++) {
        bool set = value_of(key.option, qni_settings_find(settings, key.option)) != NULL;
        int64_t name = (int64_t)strlen(key.option->name) + (set ? 0 : 2); /* "# " */
        int64_t value = set ? value_text(NULL, settings, key.option) : 0;
        widest.name = name > widest.name ? name : widest.name;
        if (value <= QNI_CONFIG_VALUE_COLUMNS && value > widest.value)
            widest.value = value;
    }
    return widest;
}

static void origin_text(qni_out *out, const qni_settings *settings, const qni_key *key)
{
    const qni_setting *setting = qni_settings_find(settings, key->option);
    char variable[QNI_VARIABLE_SIZE];
    if (setting == NULL) {
        bool says = key->option->otherwise == NULL && key->option->absent != NULL;
        qni_out_printf(out, "# default%s%s", says ? ": " : "", says ? key->option->absent : "");
    } else if (setting->origin == QNI_ORIGIN_FILE) {
        qni_out_text(out, "# ");
        qni_out_foreign(out, settings->path, -1);
        qni_out_printf(out, ":%" PRId64, setting->line);
    } else {
        qni_key_variable(variable, key);
        qni_out_printf(out, "# environment %s", variable);
    }
}

static void row(qni_out *out, const qni_settings *settings, const qni_key *key, columns widest)
{
    bool set = value_of(key->option, qni_settings_find(settings, key->option)) != NULL;
    qni_out_printf(out, "%s%s", set ? "" : "# ", key->option->name);
    qni_out_spaces(out, widest.name - (int64_t)strlen(key->option->name) - (set ? 0 : 2));
    qni_out_text(out, set ? " = " : "   ");
    int64_t width = set ? value_text(out, settings, key->option) : 0;
    qni_out_spaces(out, widest.value > width ? widest.value - width + 2 : 2);
    origin_text(out, settings, key);
    qni_out_text(out, "\n");
}

static void show_text(qni_out *out, const qni_tables *tables, const qni_settings *settings)
{
    qni_out_text(out, "# Configuration file: ");
    qni_out_foreign(out, settings->path != NULL ? settings->path : "none", -1);
    qni_out_text(out, settings->path != NULL && !settings->present ? " (not there)\n\n" : "\n\n");
    columns widest = measure(tables, settings);
    const qni_verb *verb = NULL;
    qni_key key;
    for (int64_t i = 0; qni_key_at(&key, tables, i); i++) {
        if (key.verb != verb)
            qni_out_printf(out, "\n[%s]\n", key.verb->name);
        verb = key.verb;
        row(out, settings, &key, widest);
    }
}

/* ---- JSON ---- */

static void typed(qni_json_writer *w, const qni_option *option, const char *text)
{
    const char *end = text != NULL ? text + strlen(text) : NULL;
    int64_t integer = 0;
    double number = 0;
    if (text == NULL) {
        qni_json_null(w);
    } else if (option->type == QNI_OPTION_FLAG) {
        qni_json_bool(w, strcmp(text, "true") == 0);
    } else if (option->type == QNI_OPTION_INTEGER) {
        (void)qni_integer_parse(&integer, text, end);
        qni_json_int64(w, integer);
    } else if (option->type == QNI_OPTION_NUMBER) {
        (void)qni_number_parse(&number, text, end);
        qni_json_double(w, number);
    } else {
        char room[QNI_SECRET_SHOWN_SIZE];
        qni_json_string(w, open_text(room, option, text), -1);
    }
}

static void value_json(qni_json_writer *w, const qni_settings *settings, const qni_option *option)
{
    const qni_setting *setting = qni_settings_find(settings, option);
    if (option->type != QNI_OPTION_LIST || setting == NULL) {
        typed(w, option, value_of(option, setting));
        return;
    }
    qni_json_array_begin(w);
    do
        typed(w, option, setting->text);
    while (next_of_list(settings, &setting));
    qni_json_array_end(w);
}

static void key_json(qni_json_writer *w, const qni_settings *settings, const qni_key *key)
{
    static const char *const types[] = {
        [QNI_OPTION_FLAG] = "boolean",    [QNI_OPTION_STRING] = "string", [QNI_OPTION_FILE] = "string",
        [QNI_OPTION_INTEGER] = "integer", [QNI_OPTION_NUMBER] = "number", [QNI_OPTION_CHOICE] = "choice",
        [QNI_OPTION_LIST] = "list",       [QNI_OPTION_SECRET] = "secret",
    };
    const qni_setting *setting = qni_settings_find(settings, key->option);
    bool from_file = setting != NULL && setting->origin == QNI_ORIGIN_FILE;
    char variable[QNI_VARIABLE_SIZE];
    qni_key_variable(variable, key);
    qni_json_object_begin(w);
    qni_json_key_string(w, "table", key->verb != NULL ? key->verb->name : NULL);
    qni_json_key_string(w, "key", key->option->name);
    qni_json_key_string(w, "type", types[key->option->type]);
    qni_json_key(w, "value");
    value_json(w, settings, key->option);
    qni_json_key_string(w, "origin", setting == NULL ? "default" : from_file ? "file" : "environment");
    qni_json_key_string(w, "file", from_file ? settings->path : NULL);
    qni_json_key(w, "line");
    if (from_file)
        qni_json_int64(w, setting->line);
    else
        qni_json_null(w);
    qni_json_key_string(w, "variable", variable);
    qni_json_object_end(w);
}

/* Keys are only ever added. */
static qn_status show_json(qni_out *out, const qni_tables *tables, const qni_settings *settings, qn_error *err)
{
    qni_json_writer writer, *w = &writer;
    qni_json_writer_init(w, qni_out_json_sink, out, 0);
    qni_json_object_begin(w);
    qni_json_key_string(w, "schema", "quern.config/1");
    qni_json_key_string(w, "file", settings->path);
    qni_json_key(w, "present");
    qni_json_bool(w, settings->present);
    qni_json_key(w, "keys");
    qni_json_array_begin(w);
    qni_key key;
    for (int64_t i = 0; qni_key_at(&key, tables, i); i++)
        key_json(w, settings, &key);
    qni_json_array_end(w);
    qni_json_object_end(w);
    return qni_out_json_finish(w, err);
}

static int run_config(qni_run *run, const qni_args *args)
{
    qn_error err = qn_error_none();
    if (qni_args_choice(args, &options[CONFIG_FORMAT]) == FORMAT_TEXT)
        show_text(run->out, &qni_command_tables, run->settings);
    else if (show_json(run->out, &qni_command_tables, run->settings, &err) != QN_OK)
        return qni_report(&err);
    return 0;
}
