/* cli/configure.c: binds a configuration file and the environment to the option tables.
 *
 * Always: a setting's option has a key, its text passed the option's own check; all settings of one option have one
 * origin. */
#include "cli/configure.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/nearest.h"
#include "base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char prefix[] = "QUERN_";

/* ---- keys ---- */

/* The options of a verb, or those of all verbs. */
static const qni_option *options_of(const qni_verb *verb, int64_t *count)
{
    *count = verb != NULL ? verb->option_count : QNI_COMMON_COUNT;
    return verb != NULL ? verb->options : qni_common_options;
}

bool qni_key_at(qni_key *out, const qni_tables *tables, int64_t index)
{
    for (int64_t v = -1; v < tables->verb_count; v++) {
        const qni_verb *verb = v < 0 ? NULL : tables->verbs[v];
        int64_t count;
        const qni_option *options = options_of(verb, &count);
        for (int64_t i = 0; i < count; i++)
            if (options[i].configurable && index-- == 0) {
                *out = (qni_key){verb, &options[i]};
                return true;
            }
    }
    return false;
}

static void append_upper(char out[QNI_VARIABLE_SIZE], const char *text)
{
    size_t used = strlen(out);
    assert(used + strlen(text) < QNI_VARIABLE_SIZE);
    for (; *text != '\0' && used + 1 < QNI_VARIABLE_SIZE; text++)
        out[used++] = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text == '-' ? '_' : *text;
    out[used] = '\0';
}

/* QUERN_FIT_ */
static void verb_prefix(char out[QNI_VARIABLE_SIZE], const qni_verb *verb)
{
    out[0] = '\0';
    append_upper(out, prefix);
    if (verb != NULL) {
        append_upper(out, verb->name);
        append_upper(out, "_");
    }
}

/* QUERN_FIT_FORMAT, whether or not the option has a variable of another name. */
static void usual_variable(char out[QNI_VARIABLE_SIZE], const qni_key *key)
{
    verb_prefix(out, key->verb);
    append_upper(out, key->option->name);
}

void qni_key_variable(char out[QNI_VARIABLE_SIZE], const qni_key *key)
{
    out[0] = '\0';
    if (key->option->variable != NULL)
        append_upper(out, key->option->variable);
    else
        usual_variable(out, key);
}

static const qni_option *find_option(const qni_verb *verb, const char *name)
{
    int64_t count;
    const qni_option *options = options_of(verb, &count);
    for (int64_t i = 0; i < count; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

/* ---- settings ---- */

const qni_setting *qni_settings_find(const qni_settings *settings, const qni_option *option)
{
    for (int64_t i = 0; i < settings->count; i++)
        if (settings->items[i].option == option)
            return &settings->items[i];
    return NULL;
}

static qn_status add(qni_settings *settings, qni_setting setting, qn_error *err)
{
    if (!qni_grow(settings->allocator, (void **)&settings->items, &settings->capacity, settings->count + 1,
                  sizeof *settings->items))
        return qni_error(err, QN_NOMEM, "no memory for the configuration");
    settings->items[settings->count++] = setting;
    return QN_OK;
}

static void drop(qni_settings *settings, const qni_option *option)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < settings->count; i++)
        if (settings->items[i].option != option)
            settings->items[kept++] = settings->items[i];
    settings->count = kept;
}

/* ---- the file ---- */

typedef struct binder {
    qni_settings *settings;
    const qni_tables *tables;
    qn_error *err;
} binder;

/* The sentence of `inner`, at a place in the file. */
#define refuse_as(b, place, inner) \
    qni_error_at((b)->err, QN_CONFIG, (b)->settings->path, (place)->line, (place)->column, "%s", (inner)->message)

#define refuse(b, place, ...) \
    qni_error_at((b)->err, QN_CONFIG, (b)->settings->path, (place)->line, (place)->column, __VA_ARGS__)

/* The verb of a table; *out is NULL for what stands above all tables. */
static qn_status find_verb(const binder *b, const qni_verb **out, const qni_config_table *table)
{
    const char *names[QNI_VERB_MAX];
    *out = NULL;
    if (table->name[0] == '\0')
        return QN_OK;
    assert(b->tables->verb_count <= QNI_VERB_MAX);
    for (int64_t i = 0; i < b->tables->verb_count; i++) {
        names[i] = b->tables->verbs[i]->name;
        if (strcmp(names[i], table->name) == 0) {
            *out = b->tables->verbs[i];
            return QN_OK;
        }
    }
    qn_error inner = qn_error_none();
    (void)qni_unknown_name(&inner, "table", "", table->name, names, b->tables->verb_count,
                           ": tables are named like verbs");
    return refuse_as(b, table, &inner);
}

/* A key that is none: perhaps in another place, perhaps mistyped. */
static qn_status unknown_key(const binder *b, const qni_verb *verb, const qni_config_entry *entry)
{
    const qni_option *here = find_option(verb, entry->key), *common = find_option(NULL, entry->key);
    if (here != NULL)
        return refuse(b, entry, "\"%s\" is no key: --%s belongs on the command line", entry->key, entry->key);
    if (common != NULL && common->configurable)
        return refuse(b, entry, "\"%s\" holds for all verbs: it stands above the first [table]", entry->key);
    for (int64_t i = 0; verb == NULL && i < b->tables->verb_count; i++) {
        const qni_option *elsewhere = find_option(b->tables->verbs[i], entry->key);
        if (elsewhere != NULL && elsewhere->configurable)
            return refuse(b, entry, "\"%s\" belongs to a verb: it stands below its name, such as [%s]", entry->key,
                          b->tables->verbs[i]->name);
    }
    const char *names[QNI_OPTION_MAX];
    int64_t count = 0;
    qni_key key;
    for (int64_t i = 0; count < QNI_OPTION_MAX && qni_key_at(&key, b->tables, i); i++)
        if (key.verb == verb)
            names[count++] = key.option->name;
    qn_error inner = qn_error_none();
    (void)qni_unknown_name(&inner, "key", "", entry->key, names, count, "");
    return refuse_as(b, entry, &inner);
}

/* Whether a value is of the type that the option has in a file. */
static bool has_type(const qni_option *option, qni_config_type type)
{
    switch (option->type) {
    case QNI_OPTION_FLAG:
        return type == QNI_CONFIG_BOOLEAN;
    case QNI_OPTION_INTEGER:
        return type == QNI_CONFIG_INTEGER;
    case QNI_OPTION_NUMBER:
        return type == QNI_CONFIG_INTEGER || type == QNI_CONFIG_FLOAT;
    default:
        return type == QNI_CONFIG_STRING;
    }
}

static const char *type_wanted(const qni_option *option)
{
    return option->type == QNI_OPTION_FLAG      ? "true or false"
           : option->type == QNI_OPTION_INTEGER ? "a whole number"
           : option->type == QNI_OPTION_NUMBER  ? "a number"
                                                : "a string";
}

static qn_status bind_value(const binder *b, const qni_option *option, const qni_config_value *value)
{
    char subject[QNI_ECHO_SIZE + 16];
    (void)snprintf(subject, sizeof subject, "key \"%.60s\"", option->name);
    if (!has_type(option, value->type))
        return refuse(b, value, "%s: %s is wanted, and this is %s", subject, type_wanted(option),
                      qni_config_type_name(value->type));
    qn_error inner = qn_error_none();
    if (qni_option_check(option, value->text, subject, &inner) != QN_OK)
        return refuse_as(b, value, &inner);
    return add(b->settings, (qni_setting){option, value->text, QNI_ORIGIN_FILE, value->line}, b->err);
}

static qn_status bind_entry(const binder *b, const qni_verb *verb, const qni_config_entry *entry)
{
    const qni_config_value *values = b->settings->config.values + entry->value;
    const qni_option *option = find_option(verb, entry->key);
    if (option == NULL || !option->configurable)
        return unknown_key(b, verb, entry);
    if (entry->array && option->type != QNI_OPTION_LIST)
        return refuse(b, entry, "key \"%s\": %s is wanted, and this is an array", entry->key, type_wanted(option));
    qn_status s = QN_OK;
    for (int64_t i = 0; s == QN_OK && i < entry->value_count; i++)
        s = bind_value(b, option, &values[i]);
    return s;
}

/* All tables, and their keys, in the order of the file. */
static qn_status bind_file(const binder *b)
{
    const qni_config *config = &b->settings->config;
    int64_t at = 0;
    qn_status s = QN_OK;
    for (int64_t t = 0; s == QN_OK && t < config->table_count; t++) {
        const qni_verb *verb;
        s = find_verb(b, &verb, &config->tables[t]);
        for (; s == QN_OK && at < config->entry_count && config->entries[at].table == t; at++)
            s = bind_entry(b, verb, &config->entries[at]);
    }
    return s;
}

/* The value of a variable; NULL: it is not there. */
static const char *variable(char *const *environment, const char *name)
{
    size_t size = strlen(name);
    for (; environment != NULL && *environment != NULL; environment++)
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=')
            return *environment + size + 1;
    return NULL;
}

/* settings->path, of pieces; the last may be "". */
static qn_status set_path(qni_settings *settings, const char *a, const char *b, qn_error *err)
{
    size_t a_size = strlen(a), b_size = strlen(b);
    settings->path_size = (int64_t)(a_size + b_size + 1);
    settings->path = qni_alloc(settings->allocator, settings->path_size, 1);
    if (settings->path == NULL)
        return qni_error(err, QN_NOMEM, "no memory for the name of the configuration file");
    memcpy(settings->path, a, a_size);
    memcpy(settings->path + a_size, b, b_size + 1);
    return QN_OK;
}

/* *named: the person said which file it is, so it must be there. */
static qn_status find_path(qni_settings *settings, bool *named, char *const *environment, qn_error *err)
{
    const char *own = variable(environment, "QUERN_CONFIG");
    const char *folder = variable(environment, "XDG_CONFIG_HOME");
    const char *home = variable(environment, "HOME");
    *named = own != NULL;
    if (own != NULL && strcmp(own, "-") == 0)
        return qni_error(err, QN_CONFIG,
                         "the environment variable QUERN_CONFIG: standard input is for data, name a file");
    if (own != NULL)
        return own[0] != '\0' ? set_path(settings, own, "", err) : QN_OK;
    if (folder != NULL && folder[0] == '/') /* the specification has relative ones ignored */
        return set_path(settings, folder, "/quern/quern.conf", err);
    return home != NULL && home[0] == '/' ? set_path(settings, home, "/.config/quern/quern.conf", err) : QN_OK;
}

/* A file that cannot be read: whose fault that is, and what to do. */
static qn_status unreadable(const qn_error *inner, bool named, qn_error *err)
{
    bool keeps = inner->code == QN_NOMEM || inner->code == QN_PERMISSION || inner->code == QN_IO;
    return qni_error(err, keeps ? inner->code : QN_CONFIG, "%s%s%s",
                     named ? "the environment variable QUERN_CONFIG: " : "", inner->message,
                     named ? "" : " (an empty QUERN_CONFIG does without a configuration file)");
}

static qn_status read_file(const binder *b, bool named)
{
    qni_settings *settings = b->settings;
    qni_file_bytes bytes;
    qn_error inner = qn_error_none();
    qn_status s = qni_file_read_all(&bytes, settings->path, QNI_CONFIG_SIZE_MAX, settings->allocator, &inner);
    if (s != QN_OK && !named && (inner.native == ENOENT || inner.native == ENOTDIR))
        return QN_OK;
    if (s != QN_OK)
        return unreadable(&inner, named, b->err);
    s = qni_config_read(&settings->config, bytes.bytes, bytes.size, settings->path, settings->allocator, b->err);
    qni_file_bytes_free(&bytes, settings->allocator);
    settings->present = s == QN_OK;
    return s == QN_OK ? bind_file(b) : s;
}

/* ---- the environment ---- */

/* QUERN_FIT_FROMAT: a variable that begins like those of a verb, and is none. */
static qn_status unknown_variable(const binder *b, const qni_verb *verb, const char *name)
{
    char texts[QNI_OPTION_MAX][QNI_VARIABLE_SIZE];
    const char *names[QNI_OPTION_MAX];
    int64_t count = 0;
    for (int64_t i = 0; i < verb->option_count && count < QNI_OPTION_MAX; i++) {
        qni_key key = {verb, &verb->options[i]};
        qni_key_variable(texts[count], &key);
        if (strcmp(texts[count], name) == 0)
            return qni_error(b->err, QN_CONFIG, "the environment variable %s: --%s belongs on the command line", name,
                             key.option->name);
        if (key.option->configurable) {
            names[count] = texts[count];
            count++;
        }
    }
    qn_error inner = qn_error_none();
    (void)qni_unknown_name(&inner, "environment variable", "", name, names, count, "");
    return qni_error(b->err, QN_CONFIG, "%s", inner.message);
}

static qn_status bind_variable(const binder *b, const qni_option *option, const char *name, const char *text)
{
    char subject[QNI_VARIABLE_SIZE + 32];
    qn_error inner = qn_error_none();
    (void)snprintf(subject, sizeof subject, "the environment variable %s", name);
    const qni_setting *before = qni_settings_find(b->settings, option);
    if (text[0] == '\0' || (before != NULL && before->origin == QNI_ORIGIN_ENVIRONMENT))
        return QN_OK;
    if (!qni_utf8_valid(text, (int64_t)strlen(text)))
        return qni_error(b->err, QN_CONFIG, "%s: the text is not UTF-8", subject);
    if (option->type == QNI_OPTION_FLAG && (strcmp(text, "1") == 0 || strcmp(text, "0") == 0))
        text = text[0] == '1' ? "true" : "false";
    if (qni_option_check(option, text, subject, &inner) != QN_OK)
        return qni_error(b->err, QN_CONFIG, "%s", inner.message);
    drop(b->settings, option);
    return add(b->settings, (qni_setting){option, text, QNI_ORIGIN_ENVIRONMENT, 0}, b->err);
}

/* A variable that is none of ours and begins like no verb's: other programs may have such, but one that is nearly ours
 * was meant to be. */
static qn_status foreign_variable(const binder *b, const char *name)
{
    char texts[QNI_KEY_MAX][QNI_VARIABLE_SIZE];
    const char *names[QNI_KEY_MAX]; /* without the QUERN_, which all have */
    int64_t count = 0;
    qni_key key;
    for (int64_t i = 0; i < b->tables->variable_count && count < QNI_KEY_MAX; i++) {
        const char *own = b->tables->variables[i].name;
        if (strcmp(own, name) == 0)
            return QN_OK;
        if (strncmp(own, prefix, sizeof prefix - 1) == 0)
            names[count++] = own + sizeof prefix - 1;
    }
    for (int64_t i = 0; count < QNI_KEY_MAX && qni_key_at(&key, b->tables, i); i++) {
        qni_key_variable(texts[count], &key);
        names[count] = texts[count] + sizeof prefix - 1;
        count++;
    }
    if (qni_nearest(name + sizeof prefix - 1, names, count) < 0)
        return QN_OK;
    qn_error inner = qn_error_none();
    (void)qni_unknown_name(&inner, "environment variable", prefix, name + sizeof prefix - 1, names, count, "");
    return qni_error(b->err, QN_CONFIG, "%s", inner.message);
}

/* "QUERN_…=value" */
static qn_status read_variable(const binder *b, const char *assignment)
{
    char name[QNI_VARIABLE_SIZE], own[QNI_VARIABLE_SIZE];
    size_t size = strcspn(assignment, "=");
    const char *text = assignment[size] == '=' ? assignment + size + 1 : "";
    size_t kept = size < sizeof name ? size : sizeof name - 1; /* the names of keys are all shorter */
    memcpy(name, assignment, kept);
    name[kept] = '\0';
    qni_key key;
    for (int64_t i = 0; qni_key_at(&key, b->tables, i); i++) {
        qni_key_variable(own, &key);
        if (strcmp(own, name) == 0)
            return bind_variable(b, key.option, name, text);
        usual_variable(own, &key);
        if (strcmp(own, name) == 0)
            return qni_error(b->err, QN_CONFIG, "unknown environment variable \"%s\": --%s has %s", name,
                             key.option->name, key.option->variable);
    }
    for (int64_t i = 0; i < b->tables->verb_count; i++) {
        verb_prefix(own, b->tables->verbs[i]);
        if (strncmp(name, own, strlen(own)) == 0)
            return unknown_variable(b, b->tables->verbs[i], name);
    }
    return foreign_variable(b, name);
}

qn_status qni_settings_read(qni_settings *out, const qni_tables *tables, char *const *environment,
                            const qn_allocator *allocator, qn_error *err)
{
    *out = (qni_settings){.allocator = allocator, .config = {.allocator = allocator}};
    binder b = {.settings = out, .tables = tables, .err = err};
    bool named;
    qn_status s = find_path(out, &named, environment, err);
    if (s == QN_OK && out->path != NULL)
        s = read_file(&b, named);
    for (; s == QN_OK && environment != NULL && *environment != NULL; environment++)
        if (strncmp(*environment, prefix, sizeof prefix - 1) == 0)
            s = read_variable(&b, *environment);
    if (s != QN_OK)
        qni_settings_free(out);
    return s;
}

void qni_settings_free(qni_settings *settings)
{
    const qn_allocator *allocator = settings->allocator;
    qni_config_free(&settings->config);
    qni_free(allocator, settings->items, settings->capacity, sizeof *settings->items);
    qni_free(allocator, settings->path, settings->path_size, 1);
    *settings = (qni_settings){.allocator = allocator, .config = {.allocator = allocator}};
}
