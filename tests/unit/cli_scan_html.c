/* The report of a scan: well-formed, of itself alone, honest about what is not known, and not to be broken by what
 * others wrote. */
#include "harness/harness.h"

#include "base/file.h"
#include "cli/html.h"
#include "cli/made_scan.h"
#include "cli/scan_html.h"
#include "cli/scan_html_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[80];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/quern-report-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/report.html", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

/* The file, zero-terminated; to be freed with qni_file_bytes_free. */
static qni_file_bytes read_back(void)
{
    qn_error err;
    qni_file_bytes bytes;
    assert_ok(qni_file_read_all(&bytes, path, INT64_C(1) << 26, NULL, &err), &err);
    return bytes;
}

static qni_file_bytes page_of(made_kind kind, int64_t tickers)
{
    qn_error err;
    made_scan *made = made_scan_new(kind, tickers);
    assert_ok(qni_scan_html(made_scan_get(made), path, NULL, &err), &err);
    made_scan_free(made);
    return read_back();
}

static int64_t count_of(const char *text, const char *piece)
{
    int64_t count = 0;
    for (const char *at = text; (at = strstr(at, piece)) != NULL; at += strlen(piece))
        count++;
    return count;
}

/* Reads one tag at `at` ("<"), pushing or popping its name: returns what is behind its ">". Attributes have values in
 * double quotes, which hold no "<". */
static const char *read_tag(const char *at, char names[32][16], int *depth)
{
    const bool closes = at[1] == '/';
    const char *name = at + 1 + closes;
    int size = (int)strspn(name, "abcdefghijklmnopqrstuvwxyz123456");
    assert_in_range(size, 1, 15);
    const char *end = name + size;
    while (*end == ' ') {
        end += 1 + strspn(end + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789");
        assert_memory_equal(end, "=\"", 2);
        end += 2 + strcspn(end + 2, "<\"");
        assert_int_equal(*end++, '"');
    }
    if (closes) {
        assert_true(*depth > 0);
        --*depth;
        assert_int_equal((int)strlen(names[*depth]), size);
        assert_memory_equal(names[*depth], name, size);
    } else if (*end != '/') {
        assert_in_range(*depth, 0, 31);
        snprintf(names[(*depth)++], 16, "%.*s", size, name);
    } else {
        end++;
    }
    assert_int_equal(*end, '>');
    return end + 1;
}

/* Every element is closed by its own tag, in turn; & begins one of five names. */
static void is_well_formed(const char *page)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    static const char doctype[] = "<!DOCTYPE html>\n";
    char names[32][16];
    int depth = 0;
    assert_memory_equal(page, doctype, sizeof doctype - 1);
    for (const char *at = page + sizeof doctype - 1; *at != '\0';) {
        if (*at == '<') {
            at = read_tag(at, names, &depth);
            continue;
        }
        if (*at == '&') {
            bool known = false;
            for (int i = 0; i < 5; i++)
                known |= strncmp(at, entities[i], strlen(entities[i])) == 0;
            assert_true(known);
        }
        assert_int_not_equal(*at, '>');
        at++;
    }
    assert_int_equal(depth, 0);
}

static void nothing_is_fetched_and_nothing_runs(const char *page)
{
    static const char *const pieces[] = {"<script", "http:",   "https:",   " src=", "url(",    "@import",
                                         "<link",   "<iframe", " onload=", "<img",  "<object", "javascript:"};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        assert_null(strstr(page, pieces[i]));
}

static void a_scan_is_one_page_with_every_number_and_its_unit(void **state)
{
    (void)state;
    qni_file_bytes page = page_of(MADE_WHOLE, 5);
    is_well_formed(page.bytes);
    nothing_is_fetched_and_nothing_runs(page.bytes);
    static const char *const pieces[] = {
        "As of 2026-02-13 16:00 in New York",
        "<b>events-250</b>: excellent from the 90th, good from the 70th, marginal from the 50th percentile",
        "5.63 ± 0.33\xE2\x80\xAF%",
        "8.85 ± 0.15\xE2\x80\xAF%",
        "0.83–1.72 in 90\xE2\x80\xAF%",
        "after the close <abbr",
        "Best trade: iron condor, 12 contracts",
        "At most 2.57, at worst −2.43. Break-even at 172.43 and 202.57.", /* 2.60 - 4 * 0.0065; 5 - that; 175, 200 */
        "No trade is recommended",
        "What was set: <b>account</b> 250,000; all else",
        "two reactions are known, and at least 4 are needed",
        "chains/half.csv:311: the line ends in the middle of a number",
        "Past moves were uneven",
        "51.6\xE2\x80\xAF%", /* 0.019 of 0.0368 seconds */
        "57 one sided",
        "advice",
    };
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        assert_contains(page.bytes, pieces[i]);
    assert_int_equal(count_of(page.bytes, "<section class=\"ticker\""), 5);
    assert_int_equal(count_of(page.bytes, "<figure>"), 14); /* three of each, and no payoff where there is no trade */
    assert_null(strstr(page.bytes, "nan"));
    qni_file_bytes_free(&page, NULL);
}

static void what_is_not_known_is_a_dash_and_no_chart(void **state)
{
    (void)state;
    qni_file_bytes page = page_of(MADE_EMPTY, 2);
    is_well_formed(page.bytes);
    assert_null(strstr(page.bytes, "nan"));
    assert_null(strstr(page.bytes, "<figure>"));
    assert_contains(page.bytes, "<dt>Implied move</dt><dd>–");
    assert_contains(page.bytes, "As of a time that is not known");
    qni_file_bytes_free(&page, NULL);
}

static void text_of_others_stays_text(void **state)
{
    (void)state;
    qni_file_bytes page = page_of(MADE_HOSTILE, 3);
    is_well_formed(page.bytes);
    static const char *const tags[] = {"<script", "<img", "<!--", "]]>", "\xE2\x80\xAE", "\x01", "\xFF"};
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        assert_null(strstr(page.bytes, tags[i]));
    assert_contains(page.bytes, "&lt;script&gt;document.title=&quot;broken&quot;&lt;/script&gt;");
    assert_contains(page.bytes, "&quot; onload=&quot;alert(1)&quot; x=&#39;");
    assert_contains(page.bytes, "&lt;img src=x onerror=alert(1)&gt;");
    assert_int_equal(count_of(page.bytes, "<section class=\"ticker\""), 3);
    assert_in_range(page.size, 0, 3 * 60000 + 20000); /* a name of 10,000 bytes stands where 40 do */
    qni_file_bytes_free(&page, NULL);
}

static void pages_are_small_whatever_the_number_of_tickers(void **state)
{
    (void)state;
    static const int64_t counts[] = {0, 1, 200};
    for (int i = 0; i < 3; i++) {
        qni_file_bytes page = page_of(MADE_WHOLE, counts[i]);
        is_well_formed(page.bytes);
        assert_in_range(page.size, 5000, 20000 + 60000 * counts[i]);
        assert_int_equal(count_of(page.bytes, "role=\"rowheader\""), counts[i]);
        qni_file_bytes_free(&page, NULL);
    }
}

static qn_status write_page(const qn_allocator *allocator, void *user)
{
    qn_error err;
    qn_status s = qni_scan_html(made_scan_get(user), path, allocator, &err);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_true((info.st_size == 3) == (s != QN_OK));
    if (s == QN_OK)
        assert_ok(qni_file_write_all(path, "old", 3, NULL, &err), &err);
    return s;
}

static void a_report_that_cannot_be_written_leaves_the_old_one(void **state)
{
    (void)state;
    qn_error err;
    made_scan *made = made_scan_new(MADE_WHOLE, 1);
    assert_ok(qni_file_write_all(path, "old", 3, NULL, &err), &err);
    assert_true(test_fault_sweep(write_page, made, 50) > 1);
    assert_int_equal(qni_scan_html(made_scan_get(made), "/nowhere/report.html", NULL, &err), QN_CREATE);
    assert_contains(err.message, "/nowhere/report.html");
    assert_int_equal(qni_scan_html(made_scan_get(made), "/dev/full", NULL, &err), QN_IO);
    made_scan_free(made);
}

static void endings_are_told_before_the_work(void **state)
{
    (void)state;
    qn_error err;
    assert_ok(qni_scan_html_check(NULL, &err), &err);
    assert_ok(qni_scan_html_check("a.b/r.html", &err), &err);
    assert_ok(qni_scan_html_check("r.htm", &err), &err);
    static const char *const wrong[] = {"r.pdf", "html", "r.html.gz", ""};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(qni_scan_html_check(wrong[i], &err), QN_INVALID);
        assert_contains(err.message, "does not end in .html");
    }
}

/* What `write` writes. */
#define assert_writes(expected, ...)                                \
    do {                                                            \
        qn_error err_;                                              \
        qni_html html;                                              \
        assert_ok(qni_html_begin(&html, path, NULL, &err_), &err_); \
        __VA_ARGS__;                                                \
        assert_ok(qni_html_finish(&html, &err_), &err_);            \
        qni_file_bytes bytes_ = read_back();                        \
        assert_string_equal(bytes_.bytes, (expected));              \
        qni_file_bytes_free(&bytes_, NULL);                         \
    } while (0)

static void numbers_are_written_for_people(void **state)
{
    (void)state;
    assert_writes("1,234,567.89", qni_html_number(&html, 1234567.891, 2));
    assert_writes("1,000,000,000", qni_html_number(&html, 1e9, 0));
    assert_writes("−999", qni_html_number(&html, -999, 0));
    assert_writes("0.00", qni_html_number(&html, -0.001, 2)); /* no minus before nothing */
    assert_writes("−0.01", qni_html_number(&html, -0.006, 2));
    assert_writes("–", qni_html_number(&html, NAN, 2));
    assert_writes("∞", qni_html_number(&html, INFINITY, 2));
    assert_writes("−∞", qni_html_number(&html, -INFINITY, 2));
    assert_writes("5.6\xE2\x80\xAF%", qni_html_percent(&html, 0.0563, 1));
    assert_writes("–", qni_html_percent(&html, NAN, 1));
    assert_writes("+3.20", qni_html_signed(&html, 3.2, 2));
    assert_writes("12.35 0 -0.5 7", qni_html_coordinate(&html, 12.346), qni_html_raw(&html, " "),
                  qni_html_coordinate(&html, NAN), qni_html_raw(&html, " "), qni_html_coordinate(&html, -0.5),
                  qni_html_raw(&html, " "), qni_html_coordinate(&html, 7));
}

static void long_text_is_cut_between_characters(void **state)
{
    (void)state;
    assert_writes("aé…", qni_html_foreign(&html, "aéé", 4));
    assert_writes("aéé", qni_html_foreign(&html, "aéé", 5));
    assert_writes("&lt;…", qni_html_foreign(&html, "<>", 1));
    assert_writes("", qni_html_foreign(&html, NULL, 9));
}

/* The heights at which text stands, in the order in which it was written. */
static int heights(double out[8], const char *svg)
{
    int count = 0;
    for (const char *at = svg; count < 8 && (at = strstr(at, " y=\"")) != NULL; at += 4)
        out[count++] = strtod(at + 4, NULL);
    return count;
}

static void names_of_curves_that_end_together_do_not_touch(void **state)
{
    (void)state;
    qn_error err;
    qni_html html;
    qni_chart chart = {.html = &html, .left = 40, .right = 300, .top = 20, .bottom = 200};
    qni_chart_name names[] = {{.y = 198, .style = "a", .text = "a"},
                              {.y = 199, .style = "b", .text = "b"},
                              {.y = 197, .style = "c", .text = "c"}};
    double y[8];
    assert_ok(qni_html_begin(&html, path, NULL, &err), &err);
    qni_chart_names(&chart, names, 3);
    assert_ok(qni_html_finish(&html, &err), &err);
    qni_file_bytes svg = read_back();
    assert_int_equal(heights(y, svg.bytes), 3);
    assert_true(strstr(svg.bytes, ">c<") < strstr(svg.bytes, ">a<") &&
                strstr(svg.bytes, ">a<") < strstr(svg.bytes, ">b<"));
    assert_true(y[1] - y[0] >= 11 && y[2] - y[1] >= 11); /* letters are 11 high */
    assert_true(y[2] <= chart.bottom + 4.01);            /* at most as low as the axis, from the middle of a letter */
    qni_file_bytes_free(&svg, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scan_is_one_page_with_every_number_and_its_unit),
        cmocka_unit_test(what_is_not_known_is_a_dash_and_no_chart),
        cmocka_unit_test(text_of_others_stays_text),
        cmocka_unit_test(pages_are_small_whatever_the_number_of_tickers),
        cmocka_unit_test(a_report_that_cannot_be_written_leaves_the_old_one),
        cmocka_unit_test(endings_are_told_before_the_work),
        cmocka_unit_test(numbers_are_written_for_people),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(names_of_curves_that_end_together_do_not_touch),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
