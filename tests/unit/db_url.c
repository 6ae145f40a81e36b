/* URLs of databases: what each part is, what is refused and where, and that no password is ever shown. What postgres
 * URLs mean is libpq's documentation ("Connection URIs") and what its PQconninfoParse gives for them. */
#include "harness/harness.h"

#include "store/limits.h"
#include "store/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static qni_url parse(const char *text)
{
    qni_url url;
    qn_error err = qn_error_none();
    assert_ok(qni_url_parse(&url, text, NULL, &err), &err);
    return url;
}

static void refuse(const char *text, int64_t column, const char *piece)
{
    qni_url url;
    qn_error err = qn_error_none();
    qn_status s = qni_url_parse(&url, text, NULL, &err);
    if (s != QN_INVALID || err.column != column)
        fail_msg("%s: status %d, column %lld: %s", text, (int)s, (long long)err.column, err.message);
    assert_contains(err.message, piece);
    assert_null(url.bytes);
}

static void expect_file(const char *text, qni_url_kind kind, const char *path)
{
    qni_url url = parse(text);
    assert_int_equal(url.kind, kind);
    assert_string_equal(url.path, path);
    assert_int_equal(url.option_count, 0);
    assert_string_equal(url.shown, text);
    qni_url_free(&url);
}

/* user, password, host, port, database */
static void expect_server(const char *text, const char *const parts[5])
{
    qni_url url = parse(text);
    assert_int_equal(url.kind, QNI_URL_POSTGRES);
    assert_string_equal(url.user, parts[0]);
    assert_string_equal(url.password, parts[1]);
    assert_string_equal(url.host, parts[2]);
    assert_string_equal(url.port, parts[3]);
    assert_string_equal(url.database, parts[4]);
    qni_url_free(&url);
}

static void expect_shown(const char *text, const char *shown)
{
    qni_url url = parse(text);
    assert_string_equal(url.shown, shown);
    assert_true((int64_t)strlen(shown) < url.shown_size);
    qni_url_free(&url);
}

static void a_file_is_what_follows_the_kind(void **state)
{
    (void)state;
    expect_file("sqlite:prices.db", QNI_URL_SQLITE, "prices.db");
    expect_file("sqlite:/var/lib/prices.db", QNI_URL_SQLITE, "/var/lib/prices.db");
    expect_file("sqlite:my prices#1@home.db", QNI_URL_SQLITE, "my prices#1@home.db");
    expect_file("sqlite:a%3Fb%25c%20d%2fe.db", QNI_URL_SQLITE, "a?b%c d/e.db");
    expect_file("sqlite:K\xC3\xB6ln.db", QNI_URL_SQLITE, "K\xC3\xB6ln.db");
    expect_file("sqlite:not%FFutf8.db", QNI_URL_SQLITE, "not\xFFutf8.db");
    expect_file("SQLite:prices.db", QNI_URL_SQLITE, "prices.db");
    expect_file("duckdb:prices.duckdb", QNI_URL_DUCKDB, "prices.duckdb");
    expect_file("duckdb:", QNI_URL_DUCKDB, "");
    expect_file("memory:", QNI_URL_MEMORY, "");
    expect_file("memory:shared", QNI_URL_MEMORY, "shared");
}

static void options_come_decoded_and_in_their_order(void **state)
{
    (void)state;
    qni_url url = parse("sqlite:a.db?mode=ro&journal=wal&x%3Dy=a%26b=c&empty=");
    assert_string_equal(url.path, "a.db");
    assert_int_equal(url.option_count, 4);
    assert_string_equal(url.options[1].name, "journal");
    assert_string_equal(qni_url_find(&url, "mode"), "ro");
    assert_string_equal(qni_url_find(&url, "x=y"), "a&b=c");
    assert_string_equal(qni_url_find(&url, "empty"), "");
    assert_null(qni_url_find(&url, "synchronous"));
    qni_url_free(&url);
}

static void a_server_s_parts_are_those_of_libpq(void **state)
{
    (void)state;
    expect_server("postgres://ann:pw@db.example.org:5433/prices",
                  (const char *const[]){"ann", "pw", "db.example.org", "5433", "prices"});
    expect_server("postgresql://db", (const char *const[]){"", "", "db", "", ""});
    expect_server("postgres://", (const char *const[]){"", "", "", "", ""});
    expect_server("postgres:///prices", (const char *const[]){"", "", "", "", "prices"});
    expect_server("postgres://ann@db/", (const char *const[]){"ann", "", "db", "", ""});
    expect_server("postgres://ann:@db", (const char *const[]){"ann", "", "db", "", ""});
    expect_server("postgres://:pw@db", (const char *const[]){"", "pw", "db", "", ""});
    expect_server("postgres://:5433/d", (const char *const[]){"", "", "", "5433", "d"});
    expect_server("postgres://a%40b:p%40%2F%3A%3F%23%25@db/x%2Fy",
                  (const char *const[]){"a@b", "p@/:?#%", "db", "", "x/y"});
    expect_server("postgres://ann:p:w@db/x", (const char *const[]){"ann", "p:w", "db", "", "x"});
    expect_server("postgres://[::1]:5433/d", (const char *const[]){"", "", "::1", "5433", "d"});
    expect_server("postgres://ann@[fe80::1%25eth0]", (const char *const[]){"ann", "", "fe80::1%eth0", "", ""});
    expect_server("postgres://%2Frun%2Fpostgresql/d", (const char *const[]){"", "", "/run/postgresql", "", "d"});
}

static void several_hosts_become_libpq_s_two_lists(void **state)
{
    (void)state;
    expect_server("postgres://h1,h2/d", (const char *const[]){"", "", "h1,h2", "", "d"});
    expect_server("postgres://h1:1,h2:2/d", (const char *const[]){"", "", "h1,h2", "1,2", "d"});
    expect_server("postgres://h1,h2:65535/d", (const char *const[]){"", "", "h1,h2", ",65535", "d"});
    expect_server("postgres://h1:1,[::1]/d", (const char *const[]){"", "", "h1,::1", "1,", "d"});
}

static void options_that_have_a_place_of_their_own_stand_there(void **state)
{
    (void)state;
    expect_server("postgres:///d?host=%2Frun&port=5433&user=ann&password=p%26w",
                  (const char *const[]){"ann", "p&w", "/run", "5433", "d"});
    expect_server("postgres://h?dbname=d", (const char *const[]){"", "", "h", "", "d"});
    qni_url url = parse("postgres://h?sslmode=require&dbname=d");
    assert_int_equal(url.option_count, 1);
    assert_string_equal(qni_url_find(&url, "sslmode"), "require");
    assert_null(qni_url_find(&url, "dbname"));
    qni_url_free(&url);
    url = parse("duckdb:x?user=ann"); /* a setting like any other there */
    assert_string_equal(qni_url_find(&url, "user"), "ann");
    qni_url_free(&url);
}

static void what_cannot_be_a_url_is_refused_with_the_place(void **state)
{
    (void)state;
    refuse("", 1, "begins with the kind of database");
    refuse("prices.db", 1, "sqlite:PATH");
    refuse("/var/prices.db", 1, "sqlite:PATH");
    refuse(":x", 1, "sqlite:PATH");
    refuse("host=h dbname=d", 1, "postgres://HOST/DATABASE");
    refuse("mysql://h/d", 1, "there are sqlite:, memory:, duckdb: and postgres://");
    refuse("sqllite:x", 1, "did you mean sqlite?");
    refuse("postgre://h", 1, "did you mean postgres?");
    refuse("sqlite:", 8, "path is missing");
    refuse("sqlite:?mode=ro", 8, "path is missing");
    refuse("sqlite://x.db", 8, "follows the colon directly");
    refuse("sqlite:///x.db", 8, "follows the colon directly");
    refuse("sqlite::memory:", 8, "memory:");
    refuse("duckdb::memory:", 8, "duckdb: alone");
    refuse("postgres:h/d", 10, "two slashes");
    refuse("postgres:/h/d", 10, "two slashes");
}

static void escapes_and_bytes_that_mean_nothing_are_refused(void **state)
{
    (void)state;
    refuse("sqlite:a%2", 9, "two hexadecimal digits");
    refuse("sqlite:a%", 9, "two hexadecimal digits");
    refuse("sqlite:a%G0", 9, "two hexadecimal digits");
    refuse("sqlite:a?b=%%20", 12, "two hexadecimal digits");
    refuse("sqlite:a%00b", 9, "control character");
    refuse("postgres://u:p%00w@h", 15, "control character");
    refuse("postgres://h/d?x=%0a", 18, "control character");
    refuse("sqlite:a%7F", 9, "control character");
    refuse("sqlite:a\nb", 9, "control character");
    refuse("sqlite:a\x7F", 9, "control character");
    refuse("sqlite:a\xFF", 1, "not UTF-8");
}

static void hosts_and_ports_that_cannot_be_are_refused(void **state)
{
    (void)state;
    refuse("postgres://h:0/d", 13, "from 1 to 65535");
    refuse("postgres://h:65536", 13, "from 1 to 65535");
    refuse("postgres://h:99999999999999999999", 13, "from 1 to 65535");
    refuse("postgres://h:-1", 13, "from 1 to 65535");
    refuse("postgres://h:x/d", 13, "from 1 to 65535");
    refuse("postgres://h:1%2C2/d", 13, "from 1 to 65535");
    refuse("postgres://h:/d", 13, "one port follows");
    refuse("postgres://h1:1,h2:/d", 19, "one port follows");
    refuse("postgres://::1/d", 12, "IPv6");
    refuse("postgres://[::1/d", 12, "IPv6");
    refuse("postgres://[]/d", 12, "IPv6");
    refuse("postgres://[db]/d", 12, "IPv6");
    refuse("postgres://[::1]5433/d", 12, "IPv6");
    refuse("postgres://h?port=0", 19, "from 1 to 65535");
    refuse("postgres://h?port=1x", 19, "from 1 to 65535");
}

static void options_that_mean_nothing_are_refused(void **state)
{
    (void)state;
    refuse("sqlite:a?", 10, "name=value");
    refuse("sqlite:a?mode", 10, "name=value");
    refuse("sqlite:a?=ro", 10, "name=value");
    refuse("sqlite:a?mode=ro&", 18, "name=value");
    refuse("sqlite:a?mode=ro&&x=y", 18, "name=value");
    refuse("sqlite:a?mode=ro&mode=rw", 18, "given twice");
    refuse("sqlite:a?mode=ro&m%6Fde=rw", 18, "given twice");
    refuse("postgres://u@h?user=v", 16, "given twice");
    refuse("postgres://h?password=a&password=b", 25, "given twice");
}

static void a_password_is_shown_as_stars_wherever_it_stands(void **state)
{
    (void)state;
    expect_shown("postgres://ann:pw@db/d", "postgres://ann:***@db/d");
    expect_shown("postgres://ann:@db/d", "postgres://ann:***@db/d");
    expect_shown("postgres://ann@db/d", "postgres://ann@db/d");
    expect_shown("postgres://ann:p%40w@db/d?sslmode=require", "postgres://ann:***@db/d?sslmode=require");
    expect_shown("postgres://db?password=pw&user=ann", "postgres://db?password=***&user=ann");
    expect_shown("postgres://db?p%61ssword=pw", "postgres://db?p%61ssword=***");
    expect_shown("postgres://u:a@db?sslkey=k&sslpassword=b&x=y", "postgres://u:***@db?sslkey=***&sslpassword=***&x=y");
    expect_shown("postgres://db?oauth_client_secret=s", "postgres://db?oauth_client_secret=***");
    expect_shown("duckdb:x?s3_secret_access_key=k&threads=2", "duckdb:x?s3_secret_access_key=***&threads=2");
    expect_shown("duckdb:x?MOTHERDUCK_TOKEN=t", "duckdb:x?MOTHERDUCK_TOKEN=***");
}

/* A password with / ? @ in it that nobody encoded falls into other parts of the URL. */
static void a_password_that_was_not_encoded_is_refused_and_not_repeated(void **state)
{
    (void)state;
    static const char *const urls[] = {"postgres://u:qq7/zz8@h/d",
                                       "postgres://u:qq7?zz8@h/d",
                                       "postgres://u:77/zz8@h/d",
                                       "postgres://u:77?zz8@h/d",
                                       "postgres://u:77?zz8=1@h/d",
                                       "postgres://u:77@zz8@h/d",
                                       "postgres://u:@zz8@h/d",
                                       "postgres://u:77@1/zz8@h/d",
                                       "postgres://u:zz8%@h/d",
                                       "postgres://u:zz8%0A@h/d",
                                       "postgres://u:[zz8/x@h/d",
                                       "postgres://u:7,zz8/x@h/d",
                                       "u:zz8@h/d",
                                       "postgres:u:zz8@h/d",
                                       "postgres//u:zz8@h",
                                       "host=h password=zz8",
                                       "pstgres://u:zz8@h/d",
                                       "postgres://u:77?a=zz8@h/d",
                                       "postgres://u:zz8\n@h/d",
                                       "postgres://u:zz8@h:0/d"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        qni_url url;
        qn_error err = qn_error_none();
        if (qni_url_parse(&url, urls[i], NULL, &err) != QN_INVALID)
            fail_msg("%s is read", urls[i]);
        if (strstr(err.message, "zz8") != NULL || strstr(err.message, "qq7") != NULL)
            fail_msg("%s: %s", urls[i], err.message);
    }
}

static void a_url_has_a_longest_length(void **state)
{
    (void)state;
    char *text = malloc(QNI_URL_MAX + 2);
    assert_non_null(text);
    memset(text, 'a', QNI_URL_MAX + 1);
    memcpy(text, "sqlite:", 7);
    text[QNI_URL_MAX + 1] = '\0';
    refuse(text, 0, "at most 16384 bytes");
    text[QNI_URL_MAX] = '\0';
    qni_url url = parse(text);
    assert_int_equal(strlen(url.path), QNI_URL_MAX - 7);
    qni_url_free(&url);
    free(text);
}

static int64_t random_piece(char *out, uint64_t *seed)
{
    static const char *const pieces[] = {"a",     "%41", "h1",     ",h2", ":5432", "%2F",
                                         "[::1]", "d",   "%C3%BC", "-",   ".",     "x y"};
    int64_t length = 0;
    for (int64_t n = test_random_below(seed, 4); n > 0; n--)
        length += sprintf(out + length, "%s", pieces[test_random_below(seed, sizeof pieces / sizeof pieces[0])]);
    return length;
}

/* Random URLs with a password in a random place: where they are read, what is shown is what it is with another one. */
static void no_password_reaches_what_is_shown_or_said(void **state)
{
    (void)state;
    uint64_t seed = test_seed(7);
    int64_t read = 0;
    for (int64_t i = test_effort(20000, 2000000); i > 0; i--) {
        static const char *const before[] = {"postgres://u:",
                                             "postgres://u:",
                                             "postgres://h/d?password=",
                                             "postgres://h?sslpassword=",
                                             "postgres://h?x=y&pass%77ord=",
                                             "duckdb:f?motherduck_token="};
        char rest[256], text[2][600];
        int64_t kind = test_random_below(&seed, 6), n = 0;
        if (kind < 2)
            n += sprintf(rest, "@");
        n += random_piece(rest + n, &seed);
        if (test_random_below(&seed, 3) == 0)
            n += sprintf(rest + n, "%cz=1", kind < 2 ? '?' : '&');
        rest[n] = '\0';
        const char *secrets[2] = {"Zq%38Zq8", "Y%21%40%2Fww,:[long"};
        qni_url url[2];
        qn_error err[2] = {qn_error_none(), qn_error_none()};
        qn_status s[2];
        for (int k = 0; k < 2; k++) {
            (void)snprintf(text[k], sizeof text[k], "%s%s%s", before[kind], secrets[k], rest);
            s[k] = qni_url_parse(&url[k], text[k], NULL, &err[k]);
            assert_null(strstr(err[k].message, "Zq"));
            assert_null(strstr(err[k].message, "ww"));
        }
        assert_int_equal(s[0], s[1]);
        if (s[0] == QN_OK) {
            assert_string_equal(url[0].shown, url[1].shown);
            assert_null(strstr(url[0].shown, "Zq"));
            const char *secret = url[0].password;
            if (url[0].option_count > 0 && secret[0] == '\0')
                secret = url[0].options[0].value;
            assert_memory_equal(secret, "Zq8Zq8", 6);
            read++;
        }
        qni_url_free(&url[0]);
        qni_url_free(&url[1]);
    }
    assert_true(read > 1000);
}

static qn_status parse_with(const qn_allocator *allocator, void *user)
{
    qni_url url;
    qn_status s = qni_url_parse(&url, user, allocator, NULL);
    if (s == QN_OK)
        qni_url_free(&url);
    return s;
}

static void memory_that_ends_is_said_and_nothing_stays(void **state)
{
    (void)state;
    char good[] = "postgres://u:p@h1:1,h2:2/d?a=b&password2=c", bad[] = "postgres://u:p@h?a=b&a=c";
    assert_int_equal(test_fault_sweep(parse_with, good, 10), 4);
    test_allocator t;
    test_allocator_init(&t);
    assert_int_equal(parse_with(&t.allocator, bad), QN_INVALID);
    assert_int_equal(t.live_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_what_follows_the_kind),
        cmocka_unit_test(options_come_decoded_and_in_their_order),
        cmocka_unit_test(a_server_s_parts_are_those_of_libpq),
        cmocka_unit_test(several_hosts_become_libpq_s_two_lists),
        cmocka_unit_test(options_that_have_a_place_of_their_own_stand_there),
        cmocka_unit_test(what_cannot_be_a_url_is_refused_with_the_place),
        cmocka_unit_test(escapes_and_bytes_that_mean_nothing_are_refused),
        cmocka_unit_test(hosts_and_ports_that_cannot_be_are_refused),
        cmocka_unit_test(options_that_mean_nothing_are_refused),
        cmocka_unit_test(a_password_is_shown_as_stars_wherever_it_stands),
        cmocka_unit_test(a_password_that_was_not_encoded_is_refused_and_not_repeated),
        cmocka_unit_test(a_url_has_a_longest_length),
        cmocka_unit_test(no_password_reaches_what_is_shown_or_said),
        cmocka_unit_test(memory_that_ends_is_said_and_nothing_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
