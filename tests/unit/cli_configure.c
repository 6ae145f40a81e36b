/* Binding a configuration to tables that have an option of every type, more than the verbs of today need. */
#include "harness/harness.h"

#include "cli/configure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    QUICK,
    COUNT_OF,
    RATIO,
    TITLE,
    LIST,
    SECRET,
    OPTION_COUNT
};

static const qni_option try_options[OPTION_COUNT] = {
    [QUICK] = {.name = "quick", .type = QNI_OPTION_FLAG, .configurable = true},
    [COUNT_OF] = {.name = "count-of", .type = QNI_OPTION_INTEGER, .least = -10, .configurable = true},
    [RATIO] = {.name = "ratio", .type = QNI_OPTION_NUMBER, .configurable = true},
    [TITLE] = {.name = "title", .type = QNI_OPTION_STRING, .configurable = true},
    [LIST] = {.name = "list", .type = QNI_OPTION_LIST, .configurable = true},
    [SECRET] = {.name = "secret", .type = QNI_OPTION_STRING},
};
static const qni_option other_options[] = {
    {.name = "title", .type = QNI_OPTION_STRING, .configurable = true, .variable = "OTHER_NAME"},
};
static const qni_verb try_verb = {.name = "try-it", .options = try_options, .option_count = OPTION_COUNT};
static const qni_verb other_verb = {.name = "other", .options = other_options, .option_count = 1};
static const qni_verb *const verbs[] = {&try_verb, &other_verb};
static const qni_tables tables = {.verbs = verbs, .verb_count = 2};

static char path[] = "/tmp/quern-configure-XXXXXX";
static char path_variable[64];

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    snprintf(path_variable, sizeof path_variable, "QUERN_CONFIG=%s", path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static qn_status read_with(qni_settings *out, const char *text, char *variable, qn_error *err)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    char *environment[] = {path_variable, variable, NULL};
    return qni_settings_read(out, &tables, environment, NULL, err);
}

static qni_settings must_read(const char *text, char *variable)
{
    qni_settings settings;
    qn_error err = qn_error_none();
    assert_ok(read_with(&settings, text, variable, &err), &err);
    return settings;
}

static void refuses(const char *text, char *variable, int64_t line, int64_t column, const char *sentence)
{
    qni_settings settings;
    qn_error err = qn_error_none();
    assert_int_equal(read_with(&settings, text, variable, &err), QN_CONFIG);
    assert_null(settings.path);
    assert_string_equal(err.message, sentence);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    assert_string_equal(err.file, line > 0 ? path : "");
}

static void keys_follow_the_tables(void **state)
{
    (void)state;
    static const struct {
        const qni_verb *verb;
        const char *name, *variable;
    } expected[] = {
        {NULL, "log-level", "QUERN_LOG"},
        {NULL, "memory", "QUERN_MEMORY"},
        {NULL, "memory-limit", "QUERN_MEMORY_LIMIT"},
        {&try_verb, "quick", "QUERN_TRY_IT_QUICK"},
        {&try_verb, "count-of", "QUERN_TRY_IT_COUNT_OF"},
        {&try_verb, "ratio", "QUERN_TRY_IT_RATIO"},
        {&try_verb, "title", "QUERN_TRY_IT_TITLE"},
        {&try_verb, "list", "QUERN_TRY_IT_LIST"},
        {&other_verb, "title", "OTHER_NAME"},
    };
    qni_key key;
    char variable[QNI_VARIABLE_SIZE];
    int64_t i = 0;
    for (; qni_key_at(&key, &tables, i); i++) {
        assert_in_range(i, 0, 8);
        assert_ptr_equal(key.verb, expected[i].verb);
        assert_string_equal(key.option->name, expected[i].name);
        qni_key_variable(variable, &key);
        assert_string_equal(variable, expected[i].variable);
    }
    assert_int_equal(i, 9);
}

static void every_type_of_option_takes_its_type_of_value(void **state)
{
    (void)state;
    static const struct {
        const char *line, *text;
        int option;
    } good[] = {
        {"quick = true", "true", QUICK},     {"count-of = -1_0", "-10", COUNT_OF},          {"ratio = 2", "2", RATIO},
        {"ratio = 2.5e-3", "2.5e-3", RATIO}, {"title = \"a \\\"b\\\"\"", "a \"b\"", TITLE}, {"list = 'x'", "x", LIST}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char text[64];
        snprintf(text, sizeof text, "[try-it]\n%s", good[i].line);
        qni_settings settings = must_read(text, NULL);
        assert_int_equal(settings.count, 1);
        const qni_setting *setting = qni_settings_find(&settings, &try_options[good[i].option]);
        assert_non_null(setting);
        assert_string_equal(setting->text, good[i].text);
        assert_int_equal(setting->origin, QNI_ORIGIN_FILE);
        assert_int_equal(setting->line, 2);
        qni_settings_free(&settings);
    }
    refuses("[try-it]\nratio = '2'", NULL, 2, 9, "key \"ratio\": a number is wanted, and this is a string");
    refuses("[try-it]\nratio = true", NULL, 2, 9, "key \"ratio\": a number is wanted, and this is true or false");
    refuses("[try-it]\nratio = inf", NULL, 2, 9, "key \"ratio\": \"inf\" is not a number");
    refuses("[try-it]\ncount-of = -11", NULL, 2, 12, "key \"count-of\": -11 is too small, -10 is the least");
    refuses("[try-it]\ntitle = 1", NULL, 2, 9, "key \"title\": a string is wanted, and this is a whole number");
    refuses("[try-it]\nratio = [1]", NULL, 2, 1, "key \"ratio\": a number is wanted, and this is an array");
}

static void a_list_takes_an_array_and_the_environment_replaces_all_of_it(void **state)
{
    (void)state;
    static const char text[] = "[try-it]\nlist = ['a',\n 'b']\ntitle = 't'\n";
    char variable[] = "QUERN_TRY_IT_LIST=c,d";
    qni_settings settings = must_read(text, NULL);
    assert_int_equal(settings.count, 3);
    assert_string_equal(settings.items[0].text, "a");
    assert_string_equal(settings.items[1].text, "b");
    assert_int_equal(settings.items[1].line, 3);
    qni_settings_free(&settings);
    settings = must_read(text, variable);
    assert_int_equal(settings.count, 2);
    const qni_setting *setting = qni_settings_find(&settings, &try_options[LIST]);
    assert_string_equal(setting->text, "c,d");
    assert_int_equal(setting->origin, QNI_ORIGIN_ENVIRONMENT);
    qni_settings_free(&settings);
    refuses("[try-it]\nlist = ['a', 1]", NULL, 2, 14, "key \"list\": a string is wanted, and this is a whole number");
}

static void names_that_verbs_share_are_told_apart(void **state)
{
    (void)state;
    qni_settings settings = must_read("[other]\ntitle = 'o'\n[try-it]\ntitle = 't'\n", NULL);
    assert_string_equal(qni_settings_find(&settings, &other_options[0])->text, "o");
    assert_string_equal(qni_settings_find(&settings, &try_options[TITLE])->text, "t");
    qni_settings_free(&settings);
}

static void what_is_no_key_is_told_what_it_is(void **state)
{
    (void)state;
    char typo[] = "QUERN_TRY_IT_RATOI=1", given[] = "QUERN_TRY_IT_SECRET=1", named[] = "QUERN_OTHER_TITLE=1";
    refuses("[try-it]\nsecret = 'x'", NULL, 2, 1, "\"secret\" is no key: --secret belongs on the command line");
    refuses("[try_it]", NULL, 1, 1, "unknown table \"try_it\": did you mean \"try-it\"?");
    refuses("", typo, 0, 0,
            "unknown environment variable \"QUERN_TRY_IT_RATOI\": did you mean \"QUERN_TRY_IT_RATIO\"?");
    refuses("", given, 0, 0, "the environment variable QUERN_TRY_IT_SECRET: --secret belongs on the command line");
    refuses("", named, 0, 0, "unknown environment variable \"QUERN_OTHER_TITLE\": --title has OTHER_NAME");
}

static void there_need_be_nothing(void **state)
{
    (void)state;
    qni_settings settings;
    qn_error err = qn_error_none();
    char *nothing[] = {NULL};
    assert_ok(qni_settings_read(&settings, &tables, nothing, NULL, &err), &err);
    assert_int_equal(settings.count, 0);
    assert_null(settings.path);
    assert_null(qni_settings_find(&settings, &try_options[TITLE]));
    qni_settings_free(&settings);
    assert_ok(qni_settings_read(&settings, &tables, NULL, NULL, &err), &err);
    qni_settings_free(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_follow_the_tables),
        cmocka_unit_test(every_type_of_option_takes_its_type_of_value),
        cmocka_unit_test(a_list_takes_an_array_and_the_environment_replaces_all_of_it),
        cmocka_unit_test(names_that_verbs_share_are_told_apart),
        cmocka_unit_test(what_is_no_key_is_told_what_it_is),
        cmocka_unit_test(there_need_be_nothing),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
