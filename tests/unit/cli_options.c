/* The parser of command lines: what it takes, what it refuses, and what it says then. */
#include "harness/harness.h"

#include "cli/options.h"

#include <string.h>

enum {
    VERBOSE,
    ALL,
    LEVEL,
    RATIO,
    FORMAT,
    START,
    OUTPUT,
    QUIET,
    MARK,
    COUNT
};

static const char *refuse_mark(const char *text)
{
    return strcmp(text, "+") == 0 || strcmp(text, "*") == 0 ? NULL : "none of + *";
}

static const qni_option table[COUNT] = {
    [VERBOSE] = {.name = "verbose", .letter = 'v', .type = QNI_OPTION_FLAG, .group = "G", .help = "."},
    [ALL] = {.name = "all", .letter = 'a', .type = QNI_OPTION_FLAG, .group = "G", .help = "."},
    [LEVEL] =
        {.name = "level", .letter = 'l', .type = QNI_OPTION_INTEGER, .argument = "N", .least = -10, .otherwise = "3"},
    [RATIO] = {.name = "ratio", .letter = 'r', .type = QNI_OPTION_NUMBER, .argument = "X"},
    [FORMAT] =
        {.name = "format", .type = QNI_OPTION_CHOICE, .argument = "F", .choices = "text|json|csv", .otherwise = "text"},
    [START] = {.name = "start", .letter = 's', .type = QNI_OPTION_LIST, .argument = "LIST"},
    [OUTPUT] = {.name = "output", .letter = 'o', .type = QNI_OPTION_FILE, .argument = "FILE"},
    [QUIET] = {.name = "quiet", .letter = 'q', .type = QNI_OPTION_FLAG, .configurable = true},
    [MARK] = {.name = "mark", .type = QNI_OPTION_STRING, .argument = "C", .refuse = refuse_mark},
};

static const qni_argument two[] = {{.name = "FIRST", .help = "."}, {.name = "SECOND", .help = "."}};
static const qni_form forms[] = {{.arguments = two, .argument_count = 2},
                                 {.word = "alone", .arguments = two, .argument_count = 1}};
static const qni_verb verb = {.name = "try", .forms = forms, .form_count = 2, .options = table, .option_count = COUNT};

enum {
    MOST_WORDS = 16
};

/* Splits `line` at single spaces and parses it; '~' stands for an empty word. */
static qn_status parse(qni_args *out, const qni_verb *with, const char *line, qn_error *err)
{
    static char text[256];
    char *words[MOST_WORDS];
    int count = 0;
    strncpy(text, line, sizeof text - 1);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(count < MOST_WORDS);
        words[count++] = strcmp(word, "~") == 0 ? word + 1 : word;
    }
    return qni_args_parse(out, with, count, words, NULL, err);
}

static qni_args must_parse(const char *line)
{
    qni_args args;
    qn_error err = qn_error_none();
    assert_ok(parse(&args, &verb, line, &err), &err);
    return args;
}

static void refuses(const char *line, const char *sentence)
{
    qni_args args;
    qn_error err = qn_error_none();
    assert_int_equal(parse(&args, &verb, line, &err), QN_INVALID);
    assert_string_equal(err.message, sentence);
}

static void long_and_short_options_take_values_in_every_form(void **state)
{
    (void)state;
    static const char *const lines[] = {"x y --level 5", "--level=5 x y", "x -l 5 y",
                                        "-l5 x y",       "x y -vl5",      "-val 5 x y"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        qni_args args = must_parse(lines[i]);
        assert_int_equal(qni_args_integer(&args, &table[LEVEL], 0), 5);
        assert_int_equal(args.argument_count, 2);
        assert_string_equal(args.arguments[0], "x");
        assert_string_equal(args.arguments[1], "y");
        qni_args_free(&args);
    }
}

static void bundled_letters_are_flags_each(void **state)
{
    (void)state;
    qni_args args = must_parse("-av x y");
    assert_true(qni_args_has(&args, &table[ALL]));
    assert_true(qni_args_has(&args, &table[VERBOSE]));
    qni_args_free(&args);
    args = must_parse("-aaaavvvv x y");
    assert_true(qni_args_has(&args, &table[ALL]));
    qni_args_free(&args);
}

static void negative_numbers_are_values(void **state)
{
    (void)state;
    qni_args args = must_parse("x y --ratio -2.5 -l -7");
    assert_close(qni_args_number(&args, &table[RATIO], 0), -2.5, 0, 0);
    assert_int_equal(qni_args_integer(&args, &table[LEVEL], 0), -7);
    qni_args_free(&args);
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    qni_args args = must_parse("-v -- -a*x --all");
    assert_false(qni_args_has(&args, &table[ALL]));
    assert_string_equal(args.arguments[0], "-a*x");
    assert_string_equal(args.arguments[1], "--all");
    qni_args_free(&args);
}

static void a_dash_alone_is_an_argument(void **state)
{
    (void)state;
    qni_args args = must_parse("x -");
    assert_string_equal(args.arguments[1], "-");
    qni_args_free(&args);
}

static void defaults_hold_until_something_is_given_and_the_last_one_counts(void **state)
{
    (void)state;
    qni_args args = must_parse("x y");
    assert_int_equal(qni_args_integer(&args, &table[LEVEL], 0), 3);
    assert_int_equal(qni_args_choice(&args, &table[FORMAT]), 0);
    assert_null(qni_args_text(&args, &table[OUTPUT]));
    assert_close(qni_args_number(&args, &table[RATIO], 0.5), 0.5, 0, 0);
    qni_args_free(&args);
    args = must_parse("x --format json y --level 1 --format=csv -l2");
    assert_int_equal(qni_args_choice(&args, &table[FORMAT]), 2);
    assert_int_equal(qni_args_integer(&args, &table[LEVEL], 0), 2);
    qni_args_free(&args);
}

static void lists_add_up(void **state)
{
    (void)state;
    qni_args args = must_parse("-s a=1 x --start=b=2,c=3 y");
    int64_t at = 0;
    assert_string_equal(qni_args_next(&args, &table[START], &at), "a=1");
    assert_string_equal(qni_args_next(&args, &table[START], &at), "b=2,c=3");
    assert_null(qni_args_next(&args, &table[START], &at));
    qni_args_free(&args);
}

static void a_flag_that_can_be_configured_can_be_taken_back(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool plain, configured;
    } cases[] = {{"x y", false, true},
                 {"x y --quiet", true, true},
                 {"x y -q", true, true},
                 {"x y --quiet=true", true, true},
                 {"x y --quiet=false", false, false},
                 {"x y -q --quiet=false", false, false},
                 {"x y --quiet=false -q", true, true}};
    const qni_setting on = {&table[QUIET], "true", QNI_ORIGIN_FILE, 1};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qni_args args = must_parse(cases[i].line);
        assert_int_equal(qni_args_flag(&args, &table[QUIET]), cases[i].plain);
        args.settings = &on;
        args.setting_count = 1;
        assert_int_equal(qni_args_flag(&args, &table[QUIET]), cases[i].configured);
        qni_args_free(&args);
    }
}

static void what_is_configured_holds_until_something_is_given(void **state)
{
    (void)state;
    const qni_setting settings[] = {{&table[LEVEL], "8", QNI_ORIGIN_FILE, 1},
                                    {&table[FORMAT], "csv", QNI_ORIGIN_ENVIRONMENT, 0},
                                    {&table[START], "a=1", QNI_ORIGIN_FILE, 2},
                                    {&table[START], "b=2", QNI_ORIGIN_FILE, 2}};
    qni_args args = must_parse("x y --format json");
    args.settings = settings;
    args.setting_count = 4;
    int64_t at = 0;
    assert_int_equal(qni_args_integer(&args, &table[LEVEL], 0), 8);
    assert_int_equal(qni_args_choice(&args, &table[FORMAT]), 1);
    assert_false(qni_args_has(&args, &table[LEVEL]));
    assert_string_equal(qni_args_next(&args, &table[START], &at), "a=1");
    assert_string_equal(qni_args_next(&args, &table[START], &at), "b=2");
    assert_null(qni_args_next(&args, &table[START], &at));
    qni_args_free(&args);
    args = must_parse("x y --start c=3"); /* one that is given replaces the whole list */
    args.settings = settings;
    args.setting_count = 4;
    at = 0;
    assert_string_equal(qni_args_next(&args, &table[START], &at), "c=3");
    assert_null(qni_args_next(&args, &table[START], &at));
    qni_args_free(&args);
}

static void a_word_where_only_forms_stand_is_met_with_the_nearest(void **state)
{
    (void)state;
    static const qni_form words[] = {{.word = NULL}, {.word = "show"}};
    static const qni_verb shows = {
        .name = "t", .forms = words, .form_count = 2, .options = table, .option_count = COUNT};
    qni_args args;
    qn_error err = qn_error_none();
    assert_int_equal(parse(&args, &shows, "shwo", &err), QN_INVALID);
    assert_string_equal(err.message, "unknown argument \"shwo\": did you mean \"show\"?");
    assert_int_equal(parse(&args, &shows, "show show", &err), QN_INVALID);
    assert_contains(err.message, "one argument too many");
    assert_ok(parse(&args, &shows, "show", &err), &err);
    assert_ptr_equal(args.form, &words[1]);
    qni_args_free(&args);
}

static void the_first_argument_chooses_the_form(void **state)
{
    (void)state;
    qni_args args = must_parse("alone y");
    assert_ptr_equal(args.form, &forms[1]);
    assert_int_equal(args.argument_count, 1);
    assert_string_equal(args.arguments[0], "y");
    qni_args_free(&args);
    args = must_parse("-- alone y"); /* after "--" it is a word like any other */
    assert_ptr_equal(args.form, &forms[0]);
    assert_int_equal(args.argument_count, 2);
    qni_args_free(&args);
}

static void the_last_argument_may_come_more_than_once(void **state)
{
    (void)state;
    static const qni_form many[] = {{.arguments = two, .argument_count = 2, .many = true}};
    static const qni_verb several = {
        .name = "try", .forms = many, .form_count = 1, .options = table, .option_count = COUNT};
    qni_args args;
    qn_error err = qn_error_none();
    assert_ok(parse(&args, &several, "x y z -v w", &err), &err);
    assert_int_equal(args.argument_count, 4);
    assert_string_equal(args.arguments[3], "w");
    qni_args_free(&args);
    assert_int_equal(parse(&args, &several, "x", &err), QN_INVALID);
    assert_contains(err.message, "is missing");
}

static const qni_form places[] = {{.arguments = two, .argument_count = 2},
                                  {.arguments = two, .argument_count = 1, .options = "output|level"},
                                  {.word = "alone", .arguments = two, .argument_count = 1}};
static const qni_verb elsewhere = {
    .name = "try", .forms = places, .form_count = 3, .options = table, .option_count = COUNT};

static void options_can_take_the_place_of_an_argument(void **state)
{
    (void)state;
    qni_args args;
    qn_error err = qn_error_none();
    assert_ok(parse(&args, &elsewhere, "--output o x --level 4", &err), &err);
    assert_ptr_equal(args.form, &places[1]);
    assert_int_equal(args.argument_count, 1);
    assert_string_equal(args.arguments[0], "x");
    qni_args_free(&args);
    assert_ok(parse(&args, &elsewhere, "x y -v", &err), &err);
    assert_ptr_equal(args.form, &places[0]);
    qni_args_free(&args);
    assert_string_equal(qni_form_option(&elsewhere, &places[1], 0)->name, "output");
    assert_string_equal(qni_form_option(&elsewhere, &places[1], 1)->name, "level");
    assert_null(qni_form_option(&elsewhere, &places[1], 2));
    assert_null(qni_form_option(&elsewhere, &places[0], 0));
}

static void such_options_go_together_and_with_no_other_form(void **state)
{
    (void)state;
    static const struct {
        const char *line, *sentence;
    } wrong[] = {
        {"x --output o", "option \"--output\" needs --level=N beside it"},
        {"x y --level 4", "option \"--level\" needs --output=FILE beside it"},
        {"x y --level 4 -oo", "\"y\" is one argument too many: --output takes its place"},
        {"x", "SECOND is missing, or --output FILE in its place"},
        {"~", "SECOND is missing, or --output FILE in its place"},
        {"", "FIRST is missing"},
        {"--level 4 -oo", "FIRST is missing"},
        {"alone", "FIRST is missing"},
        {"alone x --level 4 -oo", "option \"--output\" does not go with \"alone\""},
        {"x y z", "\"z\" is one argument too many (are there quotes around the one before?)"},
    };
    qni_args args;
    qn_error err = qn_error_none();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(parse(&args, &elsewhere, wrong[i].line, &err), QN_INVALID);
        assert_string_equal(err.message, wrong[i].sentence);
    }
}

static void an_empty_word_is_an_argument_and_a_value(void **state)
{
    (void)state;
    qni_args args = must_parse("~ y --output ~");
    assert_string_equal(args.arguments[0], "");
    assert_string_equal(qni_args_text(&args, &table[OUTPUT]), "");
    qni_args_free(&args);
}

static void help_needs_no_arguments(void **state)
{
    (void)state;
    qni_args args = must_parse("-h");
    assert_true(qni_args_has(&args, &qni_common_options[QNI_COMMON_HELP]));
    qni_args_free(&args);
}

static void a_leading_table_stops_at_the_first_argument(void **state)
{
    (void)state;
    static const qni_verb leading = {.name = "top", .options = table, .option_count = COUNT, .leading = true};
    qni_args args;
    qn_error err = qn_error_none();
    assert_ok(parse(&args, &leading, "-v --level 4 verb --unknown", &err), &err);
    assert_int_equal(args.rest, 3);
    assert_int_equal(args.argument_count, 0);
    assert_true(qni_args_has(&args, &table[VERBOSE]));
    qni_args_free(&args);
}

static void a_wrong_name_is_met_with_the_nearest(void **state)
{
    (void)state;
    refuses("x y --strat 1", "unknown option \"--strat\": did you mean \"--start\"?");
    refuses("x y --strat=1", "unknown option \"--strat\": did you mean \"--start\"?");
    refuses("x y --loglevel debug", "unknown option \"--loglevel\": did you mean \"--log-level\"?");
    refuses("x y -start a=1", "unknown option \"-start\": did you mean \"--start\"?"); /* or it would mean: -s tart */
    refuses("x y --qqqq", "unknown option \"--qqqq\"");
}

static void abbreviations_are_not_taken(void **state)
{
    (void)state;
    refuses("x y --verb", "unknown option \"--verb\": did you mean \"--verbose\"?");
    refuses("x y --out f", "unknown option \"--out\": did you mean \"--output\"?");
}

static void a_formula_that_looks_like_an_option_is_explained(void **state)
{
    (void)state;
    refuses("-b*x y", "unknown option \"-b\" in \"-b*x\": an argument that begins with \"-\" goes after \"--\"");
    refuses("-5 y", "unknown option \"-5\" in \"-5\": an argument that begins with \"-\" goes after \"--\"");
    refuses("x y -vk", "unknown option \"-k\" in \"-vk\"");
}

static void wrong_values_are_refused_with_the_option(void **state)
{
    (void)state;
    refuses("x y --level ten", "option \"--level\": \"ten\" is not a whole number");
    refuses("x y --level 1.5", "option \"--level\": \"1.5\" is not a whole number");
    refuses("x y --level=", "option \"--level\": \"\" is not a whole number");
    refuses("x y --level -11", "option \"--level\": -11 is too small, -10 is the least");
    refuses("x y --level 99999999999999999999", "option \"--level\": \"99999999999999999999\" is not a whole number");
    refuses("x y --mark %", "option \"--mark\": \"%\" is none of + *");
    refuses("x y --quiet=no", "option \"--quiet\": \"no\" is neither true nor false");
    refuses("x y --ratio 1,5", "option \"--ratio\": \"1,5\" is not a number");
    refuses("x y --ratio nan", "option \"--ratio\": \"nan\" is not a number");
    refuses("x y --format jsn", "option \"--format\": \"jsn\" is none of text, json, csv: did you mean \"json\"?");
    refuses("x y --format zzzzz", "option \"--format\": \"zzzzz\" is none of text, json, csv");
}

static void a_value_that_is_not_there_is_asked_for(void **state)
{
    (void)state;
    refuses("x y --level", "option \"--level\" needs a value: --level=N");
    refuses("x y -vl", "option \"--level\" needs a value: --level=N");
    refuses("x --output --format json y",
            "option \"--output\" needs a value, but \"--format\" follows (if that is the value: --output=FILE)");
    refuses("x y --verbose=yes", "option \"--verbose\" takes no value");
}

static void the_number_of_arguments_is_checked(void **state)
{
    (void)state;
    refuses("x", "SECOND is missing");
    refuses("~", "SECOND is missing");
    refuses("-v", "FIRST is missing");
    refuses("alone", "FIRST is missing");
    refuses("x y z", "\"z\" is one argument too many (are there quotes around the one before?)");
}

/* Random words of every kind: an answer or a sentence, never anything else. */
static void no_command_line_is_too_odd(void **state)
{
    (void)state;
    static const char *const words[] = {"-",      "--",           "-v",  "-av",     "--level", "5", "-l",
                                        "-l5",    "--format=csv", "---", "-=",      "--=",     "=", "-\xC3\xA9",
                                        "--\xFF", "alone",        "x",   "--start", "a=1",     "~", "-h"};
    uint64_t random = test_seed(11);
    for (int round = 0; round < 20000; round++) {
        char line[256] = "";
        for (int64_t n = test_random_below(&random, 6); n >= 0; n--) {
            strcat(line, words[test_random_below(&random, sizeof words / sizeof words[0])]);
            strcat(line, " ");
        }
        qni_args args;
        qn_error err = qn_error_none();
        qn_status s = parse(&args, &verb, line, &err);
        assert_true(s == QN_OK || (s == QN_INVALID && err.message[0] != '\0'));
        if (s == QN_OK)
            qni_args_free(&args);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_and_short_options_take_values_in_every_form),
        cmocka_unit_test(bundled_letters_are_flags_each),
        cmocka_unit_test(negative_numbers_are_values),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(a_dash_alone_is_an_argument),
        cmocka_unit_test(defaults_hold_until_something_is_given_and_the_last_one_counts),
        cmocka_unit_test(lists_add_up),
        cmocka_unit_test(a_flag_that_can_be_configured_can_be_taken_back),
        cmocka_unit_test(what_is_configured_holds_until_something_is_given),
        cmocka_unit_test(a_word_where_only_forms_stand_is_met_with_the_nearest),
        cmocka_unit_test(the_first_argument_chooses_the_form),
        cmocka_unit_test(options_can_take_the_place_of_an_argument),
        cmocka_unit_test(such_options_go_together_and_with_no_other_form),
        cmocka_unit_test(an_empty_word_is_an_argument_and_a_value),
        cmocka_unit_test(help_needs_no_arguments),
        cmocka_unit_test(a_leading_table_stops_at_the_first_argument),
        cmocka_unit_test(a_wrong_name_is_met_with_the_nearest),
        cmocka_unit_test(abbreviations_are_not_taken),
        cmocka_unit_test(a_formula_that_looks_like_an_option_is_explained),
        cmocka_unit_test(wrong_values_are_refused_with_the_option),
        cmocka_unit_test(a_value_that_is_not_there_is_asked_for),
        cmocka_unit_test(the_number_of_arguments_is_checked),
        cmocka_unit_test(the_last_argument_may_come_more_than_once),
        cmocka_unit_test(no_command_line_is_too_odd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
