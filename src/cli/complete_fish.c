/* cli/complete_fish.c: a line for each verb, option and argument; two functions that find the place on the command line
 * and the files. */
#include "cli/complete_int.h"

#include <inttypes.h>
#include <stddef.h>

static const char script[] =
    "# The verb (quern: none yet) and the number of its arguments before the cursor.\n"
    "function __quern_place\n"
    "    set -l verb quern\n"
    "    set -l count 0\n"
    "    set -l skip no\n"
    "    set -l plain no\n"
    "    set -l words (commandline -opc)\n"
    "    for word in $words[2..-1]\n"
    "        if test $skip = yes\n"
    "            set skip no\n"
    "        else if test $plain = no; and test \"$word\" = --\n"
    "            set plain yes\n"
    "        else if test $plain = no; and string match -q -- '-?*' $word\n"
    "            contains -- \"$verb $word\" $__quern_valued; and set skip yes\n"
    "        else if test $verb = quern\n"
    "            set verb $word\n"
    "        else\n"
    "            set count (math $count + 1)\n"
    "        end\n"
    "    end\n"
    "    printf '%s\\n' $verb $count\n"
    "end\n"
    "\n"
    "function __quern_in --argument-names verb\n"
    "    set -l place (__quern_place)\n"
    "    test \"$place[1]\" = $verb\n"
    "end\n"
    "\n"
    "function __quern_at --argument-names verb count\n"
    "    set -l place (__quern_place)\n"
    "    test \"$place\" = \"$verb $count\"\n"
    "end\n"
    "\n"
    "# Files that end in one of the endings, and folders; all files where there are none.\n"
    "function __quern_files\n"
    "    set -l word (commandline -ct | string replace -r -- '^--[^=]*=' '')\n"
    "    set -l all (__fish_complete_path \"$word\" '' | string replace -r -- '\\t.*' '')\n"
    "    set -l wanted (string match -r -- '^.*(?:/|\\.(?:'(string join '|' $argv)'))$' $all)\n"
    "    test (count $wanted) -gt 0; or set wanted $all\n"
    "    printf '%s\\n' $wanted\n"
    "end\n"
    "\n"
    "# A reference to a secret: its scheme, and behind file: a path.\n"
    "function __quern_secret\n"
    "    set -l word (commandline -ct | string replace -r -- '^--[^=]*=' '')\n"
    "    if string match -q -- 'file:*' $word\n"
    "        set -l path (string replace -- file: '' $word)\n"
    "        __fish_complete_path \"$path\" '' | string replace -r -- '^' file:\n"
    "    else\n"
    "        printf '%s\\n' file: credential: command:\n"
    "    end\n"
    "end\n"
    "\n"
    "complete -c quern -f\n";

static void quoted(qni_out *out, const char *text, int64_t size)
{
    qni_out_text(out, "'");
    qni_complete_quoted(out, text, size, "\\'", "\\");
    qni_out_text(out, "'");
}

static void valued(qni_out *out, const qni_tables *tables)
{
    const qni_verb *verb;
    const qni_option *option;
    qni_out_text(out, "# Options whose value is the next word.\nset -g __quern_valued");
    for (int64_t i = 0; (verb = qni_complete_table(tables, i)) != NULL; i++)
        for (int64_t k = 0; (option = qni_option_at(verb, k)) != NULL; k++) {
            if (option->argument == NULL)
                continue;
            qni_out_printf(out, " \\\n    '%s --%s'", verb->name, option->name);
            if (option->letter != 0)
                qni_out_printf(out, " '%s -%c'", verb->name, option->letter);
        }
    qni_out_text(out, "\n\n");
}

static void files(qni_out *out, const char *list)
{
    qni_out_text(out, " -a '(__quern_files ");
    qni_complete_list(out, list, " ");
    qni_out_text(out, ")'");
}

static void option_line(qni_out *out, const qni_verb *verb, const qni_option *option)
{
    qni_out_printf(out, "complete -c quern -n '__quern_in %s' -l %s", verb->name, option->name);
    if (option->letter != 0)
        qni_out_printf(out, " -s %c", option->letter);
    if (option->type == QNI_OPTION_FILE && option->files == NULL)
        qni_out_text(out, " -r -F");
    else if (option->argument != NULL)
        qni_out_text(out, " -x");
    if (option->choices != NULL) {
        qni_out_text(out, " -a '");
        qni_complete_list(out, option->choices, " ");
        qni_out_text(out, "'");
    } else if (option->files != NULL) {
        files(out, option->files);
    } else if (option->type == QNI_OPTION_SECRET) {
        qni_out_text(out, " -a '(__quern_secret)'");
    }
    qni_out_text(out, " -d ");
    quoted(out, option->help, qni_complete_sentence(option->help));
    qni_out_text(out, "\n");
}

static void argument_lines(qni_out *out, const qni_verb *verb)
{
    qni_place place;
    for (int64_t i = 0; qni_complete_place(&place, verb, i); i++) {
        for (int64_t k = 0; i == 0 && k < verb->form_count; k++)
            if (verb->forms[k].word != NULL)
                qni_out_printf(out, "complete -c quern -n '__quern_at %s 0' -a %s\n", verb->name, verb->forms[k].word);
        if (place.files == NULL)
            continue;
        qni_out_printf(out, "complete -c quern -n '__quern_at %s %" PRId64 "'", verb->name, i);
        files(out, place.files);
        qni_out_text(out, "\n");
    }
}

static void verb_line(qni_out *out, const char *before, const char *name, const char *summary)
{
    qni_out_printf(out, "complete -c quern -n '__quern_at %s 0' -a %s -d ", before, name);
    quoted(out, summary, -1);
    qni_out_text(out, "\n");
}

void qni_complete_fish(qni_out *out, const qni_tables *tables)
{
    const qni_verb *verb;
    const qni_option *option;
    qni_out_text(out, "# Completion of quern in fish, made from the option tables of the command.\n\n");
    valued(out, tables);
    qni_out_text(out, script);
    for (int64_t i = 0; i < tables->verb_count; i++) {
        verb_line(out, "quern", tables->verbs[i]->name, tables->verbs[i]->summary);
        verb_line(out, "help", tables->verbs[i]->name, tables->verbs[i]->summary);
    }
    verb_line(out, "quern", "help", tables->help_summary);
    for (int64_t i = 0; (verb = qni_complete_table(tables, i)) != NULL; i++) {
        for (int64_t k = 0; (option = qni_option_at(verb, k)) != NULL; k++)
            option_line(out, verb, option);
        argument_lines(out, verb);
    }
}
