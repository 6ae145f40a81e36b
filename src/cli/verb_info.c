/* cli/verb_info.c: `quern info`: what a report of a fault should begin with: which Quern this is, how it was built, on
 * what it runs, which optional parts are here. Nothing is written but the answer. */
#include "base/cpu.h"
#include "base/json.h"
#include "base/library.h"
#include "cli/command.h"
#include "cli/report.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static int run_info(qni_run *run, const qni_args *args);

enum {
    INFO_FORMAT,
    INFO_OPTION_COUNT
};

enum {
    FORMAT_TEXT,
    FORMAT_JSON
}; /* in the order of the choices */

static const qni_option options[INFO_OPTION_COUNT] = {
    [INFO_FORMAT] = {.name = "format",
                     .letter = 'f',
                     .type = QNI_OPTION_CHOICE,
                     .argument = "FORMAT",
                     .choices = "text|json",
                     .otherwise = "text",
                     .configurable = true,
                     .group = "The result",
                     .help = "text is for people, json for programs."},
};

static const qni_form forms[] = {{.word = NULL}};

static const qni_example examples[] = {
    {"quern info", "What belongs into a report of a fault:"},
    {"quern info --format json", "The same for a program:"},
};

const qni_verb qni_verb_info = {
    .name = "info",
    .summary = "say which Quern this is and what it can do here",
    .description = "Shows the version, how it was built, the processor and the widest instructions that Quern knows "
                   "of on it, the optional parts that are here, and the files that belong to Quern.",
    .forms = forms,
    .form_count = sizeof forms / sizeof forms[0],
    .options = options,
    .option_count = INFO_OPTION_COUNT,
    .examples = examples,
    .example_count = sizeof examples / sizeof examples[0],
    .run = run_info,
};

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "unknown"
#endif

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZER       "address"
#define SANITIZER_SHOWN ", sanitizer " SANITIZER
#elif defined(__SANITIZE_THREAD__)
#define SANITIZER       "thread"
#define SANITIZER_SHOWN ", sanitizer " SANITIZER
#else
#define SANITIZER       NULL
#define SANITIZER_SHOWN ""
#endif

#if defined(NDEBUG)
enum {
    ASSERTIONS = false
};
#else
enum {
    ASSERTIONS = true
};
#endif

/* Levels of vector instructions: those for which the compiler may have written any part, and the widest one here. */
#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#define BUILT_FOR "avx512"
#elif defined(__AVX2__) && defined(__FMA__)
#define BUILT_FOR "avx2"
#else
#define BUILT_FOR "baseline"
#endif

enum {
    NAME_SIZE = 49 /* of a processor: 48 bytes and the zero */
};

#if defined(__x86_64__)

static const char architecture[] = "x86-64";

/* The name that the processor gives itself; "" where it has none. */
static void processor_name(char out[NAME_SIZE])
{
    unsigned words[12] = {0};
    out[0] = '\0';
    unsigned *w = words;
    for (unsigned leaf = 0x80000002u; leaf <= 0x80000004u; leaf++, w += 4)
        if (!__get_cpuid(leaf, w, w + 1, w + 2, w + 3))
            return;
    char text[NAME_SIZE] = "";
    memcpy(text, words, sizeof words);
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == ' ')
        text[--size] = '\0';
    const char *begin = text + strspn(text, " ");
    memcpy(out, begin, strlen(begin) + 1);
}

#else

static const char architecture[] =
#if defined(__aarch64__)
    "aarch64";
#else
    "unknown";
#endif

static void processor_name(char out[NAME_SIZE])
{
    out[0] = '\0';
}

#endif

static void files_text(qni_out *out, const qni_settings *settings)
{
    qni_out_text(out, "Files       configuration ");
    qni_out_foreign(out, settings->path != NULL ? settings->path : "none", -1);
    qni_out_text(out, settings->path != NULL && !settings->present ? " (not there)\n" : "\n");
}

static void show_text(qni_out *out, const qni_settings *settings, int level)
{
    char name[NAME_SIZE];
    processor_name(name);
    qni_out_printf(out, "quern %s\n\n", qn_version());
    qni_out_printf(out, "Build       %s, %s\n", QNI_BUILD_TYPE, COMPILER);
    if (QNI_BUILD_FLAGS[0] != '\0')
        qni_out_printf(out, "            flags %s\n", QNI_BUILD_FLAGS);
    qni_out_printf(out, "            assertions %s%s\n", ASSERTIONS ? "on" : "off", SANITIZER_SHOWN);
    qni_out_text(out, "Processor   ");
    qni_out_foreign(out, name, -1);
    qni_out_printf(out, "%s%s, level %s (built for %s)\n", name[0] != '\0' ? ", " : "", architecture,
                   qni_cpu_name(level), BUILT_FOR);
    if (level != qni_cpu_best())
        qni_out_printf(out, "            QUERN_CPU asks for that level, it has %s\n", qni_cpu_name(qni_cpu_best()));
    for (int i = 0; i < QNI_LIBRARY_COUNT; i++) {
        const char *part = qni_library_part((qni_library)i);
        qni_out_printf(out, "%s%s: %s, for %s\n", i == 0 ? "Parts       " : "            ", part,
                       qn_has(part) ? "here" : "not here", qni_library_purpose((qni_library)i));
    }
    files_text(out, settings);
}

static void build_json(qni_json_writer *w)
{
    qni_json_key(w, "build");
    qni_json_object_begin(w);
    qni_json_key_string(w, "type", QNI_BUILD_TYPE);
    qni_json_key_string(w, "compiler", COMPILER);
    qni_json_key_string(w, "flags", QNI_BUILD_FLAGS);
    qni_json_key(w, "assertions");
    qni_json_bool(w, ASSERTIONS);
    qni_json_key_string(w, "sanitizer", SANITIZER);
    qni_json_object_end(w);
}

static void processor_json(qni_json_writer *w, int level)
{
    char name[NAME_SIZE];
    processor_name(name);
    qni_json_key(w, "processor");
    qni_json_object_begin(w);
    qni_json_key_string(w, "name", name[0] != '\0' ? name : NULL);
    qni_json_key_string(w, "architecture", architecture);
    qni_json_key_string(w, "level", qni_cpu_name(level));
    qni_json_key_string(w, "best_level", qni_cpu_name(qni_cpu_best()));
    qni_json_key_string(w, "built_for", BUILT_FOR);
    qni_json_object_end(w);
}

static void parts_json(qni_json_writer *w)
{
    qni_json_key(w, "parts");
    qni_json_array_begin(w);
    for (int i = 0; i < QNI_LIBRARY_COUNT; i++) {
        const char *part = qni_library_part((qni_library)i);
        qni_json_object_begin(w);
        qni_json_key_string(w, "name", part);
        qni_json_key(w, "present");
        qni_json_bool(w, qn_has(part));
        qni_json_key_string(w, "purpose", qni_library_purpose((qni_library)i));
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
}

static void files_json(qni_json_writer *w, const qni_settings *settings)
{
    qni_json_key(w, "files");
    qni_json_array_begin(w);
    if (settings->path != NULL) {
        qni_json_object_begin(w);
        qni_json_key_string(w, "kind", "configuration");
        qni_json_key_string(w, "path", settings->path);
        qni_json_key(w, "present");
        qni_json_bool(w, settings->present);
        qni_json_object_end(w);
    }
    qni_json_array_end(w);
}

/* Keys are only ever added. */
static qn_status show_json(qni_out *out, const qni_settings *settings, int level, qn_error *err)
{
    qni_json_writer writer, *w = &writer;
    qni_json_writer_init(w, qni_out_json_sink, out, 0);
    qni_json_object_begin(w);
    qni_json_key_string(w, "schema", "quern.info/1");
    qni_json_key_string(w, "version", qn_version());
    build_json(w);
    processor_json(w, level);
    parts_json(w);
    files_json(w, settings);
    qni_json_object_end(w);
    return qni_out_json_finish(w, err);
}

static int run_info(qni_run *run, const qni_args *args)
{
    qn_error err = qn_error_none();
    int level;
    if (qni_cpu_level(&level, &err) != QN_OK)
        return qni_report(&err);
    if (qni_args_choice(args, &options[INFO_FORMAT]) == FORMAT_TEXT)
        show_text(run->out, run->settings, level);
    else if (show_json(run->out, run->settings, level, &err) != QN_OK)
        return qni_report(&err);
    return 0;
}
