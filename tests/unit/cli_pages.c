/* Manual pages and completions of a table made to be difficult: what would be markup or shell in its texts stays
 * text. */
#include "harness/harness.h"

#include "cli/complete.h"
#include "cli/man.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const qni_option odd_options[] = {
    {.name = "mode",
     .letter = 'm',
     .type = QNI_OPTION_CHOICE,
     .argument = "MODE",
     .choices = "a|b",
     .otherwise = "a",
     .configurable = true,
     .group = "A group",
     .help = "It's [odd]: \\n isn't a line. A second sentence."},
    {.name = "from", .type = QNI_OPTION_FILE, .argument = "FILE", .group = "A group", .help = "Any file."},
    {.name = "set", .type = QNI_OPTION_LIST, .argument = "N=V", .group = "A group", .help = "Some."},
};
static const qni_argument odd_arguments[] = {{"WHAT", "Anything.", NULL}, {"INPUT", "A file.", "x|y"}};
static const qni_form odd_forms[] = {{.arguments = odd_arguments, .argument_count = 2},
                                     {.word = "again", .arguments = odd_arguments + 1, .argument_count = 1}};
static const qni_example odd_examples[] = {{"quern odd 'a^b' ~/x `y`", ".first:"}};
static const qni_verb odd = {
    .name = "odd",
    .summary = "do it \\(em 'quickly'",
    .description = ".SH is no heading here, nor is 'this a request.\nGr\xC3\xB6\xC3\x9F"
                   "e - a \"second\" paragraph.",
    .answer_no = "It was not done.",
    .forms = odd_forms,
    .form_count = 2,
    .options = odd_options,
    .option_count = 3,
    .examples = odd_examples,
    .example_count = 1,
};
static const qni_verb leading = {.name = "quern", .summary = "a command", .description = "A command.", .leading = true};
static const qni_verb *const verbs[] = {&odd};
static const qni_variable variables[] = {{"HOME", "A folder."}};
static const qni_exit_code exit_codes[] = {{"0", "Done."}, {"1", "No."}};
static const qni_tables tables = {.leading = &leading,
                                  .verbs = verbs,
                                  .verb_count = 1,
                                  .help_summary = "print help",
                                  .variables = variables,
                                  .variable_count = 1,
                                  .exit_codes = exit_codes,
                                  .exit_code_count = 2};

static char text[32768];

static void begin(qni_out *out, FILE **file)
{
    *file = tmpfile();
    assert_non_null(*file);
    qni_out_init(out, fileno(*file));
}

static void end(qni_out *out, FILE *file)
{
    qn_error err;
    assert_ok(qni_out_flush(out, "a file", &err), &err);
    rewind(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    assert_in_range(size, 100, sizeof text - 2);
    fclose(file);
}

static void page(const qni_verb *verb)
{
    qni_out out;
    FILE *file;
    begin(&out, &file);
    if (verb != NULL)
        qni_man_verb(&out, &tables, verb);
    else
        qni_man_command(&out, &tables);
    end(&out, file);
}

static void completion(void (*write)(qni_out *, const qni_tables *))
{
    qni_out out;
    FILE *file;
    begin(&out, &file);
    write(&out, &tables);
    end(&out, file);
}

static void what_looks_like_markup_stays_text(void **state)
{
    (void)state;
    page(&odd);
    assert_contains(text, "quern\\-odd \\- do it \\e(em \\(aqquickly\\(aq\n");
    assert_contains(text, "\n\\&.SH is no heading here, nor is \\(aqthis a request.\n.PP\n");
    assert_contains(text, "\nGr\\[u00F6]\\[u00DF]e \\- a \\(dqsecond\\(dq paragraph.\n");
    assert_contains(text, "It\\(aqs [odd]: \\en isn\\(aqt a line. A second sentence. Default: a.\n");
    assert_contains(text, "\nquern odd \\(aqa\\(hab\\(aq \\(ti/x \\(gay\\(ga\n");
    assert_contains(text, "\n\\&.first:\n");
}

static void a_page_has_all_forms_and_its_own_meaning_of_no(void **state)
{
    (void)state;
    page(&odd);
    assert_contains(text, "\\fBquern odd\\fR \\fIWHAT\\fR \\fIINPUT\\fR [\\fIOPTION\\fR]...\n");
    assert_contains(text, "\\fBquern odd again\\fR \\fIINPUT\\fR [\\fIOPTION\\fR]...\n");
    assert_contains(text, ".TP\n\\fBagain\\fR \\fIINPUT\\fR\n");
    assert_contains(text, "\\fB1\\fR\nIt was not done.\n");
    assert_contains(text, "\\fB\\-m\\fR, \\fB\\-\\-mode\\fR \\fIMODE\\fR\n");
    page(NULL);
    assert_contains(text, "\\fB1\\fR\nNo.\n");
}

static void the_page_of_the_configuration_has_the_keys(void **state)
{
    (void)state;
    qni_out out;
    FILE *file;
    begin(&out, &file);
    qni_man_configuration(&out, &tables);
    end(&out, file);
    assert_contains(text, ".TH QUERN.CONF 5 ");
    assert_contains(text, "\n.SS [odd]\n.TP\n\\fBmode\\fR = \\(dq\\fBa\\fR\\(dq or \\(dq\\fBb\\fR\\(dq\n");
    assert_contains(text, "\nVariable: QUERN_ODD_MODE.\n");
    assert_null(strstr(text, "QUERN_ODD_FROM"));
    page(&odd);
    assert_contains(text, ".TP\n\\fBQUERN_ODD_MODE\\fR\n");
}

static void no_line_of_prose_is_too_long(void **state)
{
    (void)state;
    page(&odd);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        assert_true(strlen(line) <= QNI_MANUAL_COLUMNS || strncmp(line, ".TH", 3) == 0);
}

static void bash_is_told_choices_files_and_that_there_is_nothing(void **state)
{
    (void)state;
    completion(qni_complete_bash);
    assert_contains(text, "'odd --mode' | 'odd -m') echo 'words a b' ;;");
    assert_contains(text, "'odd --from') echo 'files ' ;;");
    assert_contains(text, "'odd --set') echo 'none' ;;");
    assert_contains(text, "'odd 0') echo 'words again' ;;");
    assert_contains(text, "'odd 1') echo 'files x y' ;;");
}

static void zsh_reads_explanations_as_they_are(void **state)
{
    (void)state;
    completion(qni_complete_zsh);
    assert_contains(text, "'(-m --mode)'{-m+,--mode=}'[It'\\''s \\[odd\\]\\: \\\\n isn'\\''t a line]:MODE:(a b)'");
    assert_contains(text, "'--from=[Any file]:FILE:_files'");
    assert_contains(text, "'*--set=[Some]:N=V: '");
    assert_contains(text, "'1:WHAT:(again)'");
    assert_contains(text, "'2:INPUT:_files -g \"*.(x|y)\"'");
}

static void fish_reads_explanations_as_they_are(void **state)
{
    (void)state;
    completion(qni_complete_fish);
    assert_contains(text, "-l mode -s m -x -a 'a b' -d 'It\\'s [odd]: \\\\n isn\\'t a line'\n");
    assert_contains(text, "-l from -r -F -d 'Any file'\n");
    assert_contains(text, "'__quern_at odd 0' -a again\n");
    assert_contains(text, "'__quern_at odd 1' -a '(__quern_files x y)'\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_looks_like_markup_stays_text),
        cmocka_unit_test(a_page_has_all_forms_and_its_own_meaning_of_no),
        cmocka_unit_test(the_page_of_the_configuration_has_the_keys),
        cmocka_unit_test(no_line_of_prose_is_too_long),
        cmocka_unit_test(bash_is_told_choices_files_and_that_there_is_nothing),
        cmocka_unit_test(zsh_reads_explanations_as_they_are),
        cmocka_unit_test(fish_reads_explanations_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
