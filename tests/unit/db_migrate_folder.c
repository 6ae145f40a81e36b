/* Folders of migrations: which files count, which are refused, and what each refusal names. */
#include "harness/harness.h"

#include <quern/migrate.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[400];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/quern-folder-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int empty_folder(void **state)
{
    (void)state;
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)remove(in_folder(entry->d_name));
    if (dir != NULL)
        (void)closedir(dir);
    return 0;
}

static int remove_folder(void **state)
{
    return empty_folder(state) != 0 ? -1 : rmdir(folder);
}

static void put_bytes(const char *name, const char *bytes, size_t size)
{
    FILE *file = fopen(in_folder(name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void put(const char *name, const char *text)
{
    put_bytes(name, text, strlen(text));
}

static qn_migrations *must_read(void)
{
    qn_error err = qn_error_none();
    qn_migrations *list;
    assert_ok(qn_migrations_read(&list, folder, NULL, &err), &err);
    return list;
}

/* Refused with this status and sentence, about this file (NULL: none). */
static void refused(qn_status status, const char *sentence, const char *file)
{
    qn_error err = qn_error_none();
    qn_migrations *list = (qn_migrations *)folder;
    qn_status got = qn_migrations_read(&list, folder, NULL, &err);
    if (got != status)
        fail_msg("%s, not %s: %s", qn_status_name(got), qn_status_name(status), err.message);
    assert_null(list);
    assert_contains(err.message, sentence);
    assert_string_equal(err.file, file != NULL ? in_folder(file) : "");
    (void)empty_folder(NULL);
}

static void files_are_read_in_the_order_of_their_numbers(void **state)
{
    (void)state;
    put("0010_last.sql", "SELECT 10");
    put("2_second.sql", "SELECT 2");
    put("0001_first.sql", "SELECT 1");
    put("0001_first.down.sql", "SELECT -1");
    put("20260213143000_A-date.sql", "\xEF\xBB\xBFSELECT '\xC3\xA9'");
    put("README.md", "not SQL");
    put(".0003_swap.sql", "COMMIT");
    put("0003_backup.sql~", "COMMIT");
    put("notes", "");
    qn_migrations *list = must_read();
    static const struct {
        int64_t number;
        const char *name, *up, *down;
    } expected[] = {{1, "first", "SELECT 1", "SELECT -1"},
                    {2, "second", "SELECT 2", NULL},
                    {10, "last", "SELECT 10", NULL},
                    {20260213143000, "A-date", "SELECT '\xC3\xA9'", NULL}};
    assert_int_equal(qn_migrations_count(list), 4);
    for (int i = 0; i < 4; i++) {
        const qn_migration *m = qn_migrations_at(list, i);
        assert_int_equal(m->number, expected[i].number);
        assert_string_equal(m->name, expected[i].name);
        assert_string_equal(m->up, expected[i].up);
        assert_int_equal(m->down != NULL, expected[i].down != NULL);
        if (m->down != NULL)
            assert_string_equal(m->down, expected[i].down);
    }
    qn_migrations_free(list);
}

static void names_that_say_no_number_and_name_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {
        "first.sql",
        "0001.sql",
        "0001_.sql",
        "0001-first.sql",
        "0001_first.SQL",
        "0001_first.Sql",
        "_first.sql",
        "0000_zero.sql",
        "-1_minus.sql",
        "0001_a b.sql",
        "0001_a.up.sql",
        "0001_a.b.sql",
        "1234567890123456789_long.sql",
        "0001_a.down.down.sql",
        "0001_.down.sql",
        "0001_\xC3\xA9.sql",
        "V1__flyway.sql",
        "1x_a.sql",
        "0001_a;b.sql",
        "schema.down.sql",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        put("0002_fine.sql", "SELECT 1");
        put(names[i], "SELECT 1");
        refused(QN_DATA, "that is no name of a migration: NUMBER_NAME.sql", names[i]);
    }
    char name[200] = "0001_";
    memset(name + 5, 'n', 128);
    memcpy(name + 133, ".sql", 5);
    put(name, "SELECT 1");
    qn_migrations_free(must_read());
    (void)empty_folder(state);
    memcpy(name + 133, "n.sql", 6);
    put(name, "SELECT 1");
    refused(QN_DATA, "that is no name of a migration", name);
}

static void files_that_do_not_fit_together_are_refused(void **state)
{
    (void)state;
    put("0001_a.sql", "SELECT 1");
    put("0001_b.down.sql", "SELECT 1");
    refused(QN_DATA, "what it undoes is not here", "0001_b.down.sql");
    put("0001_a.sql", "SELECT 1");
    put("0002_b.down.sql", "SELECT 1");
    refused(QN_DATA, "what it undoes is not here", "0002_b.down.sql");
    put("0001_a.down.sql", "SELECT 1");
    refused(QN_DATA, "what it undoes is not here", "0001_a.down.sql");

    qn_error err = qn_error_none();
    qn_migrations *list;
    put("0001_a.sql", "SELECT 1");
    put("1_b.sql", "SELECT 1");
    assert_int_equal(qn_migrations_read(&list, folder, NULL, &err), QN_DATA);
    assert_contains(err.message, " has the number 1, too: give one of them another");
    (void)empty_folder(state);
    put("0001_a.sql", "SELECT 1");
    put("0001_a.down.sql", "SELECT 1");
    put("1_a.down.sql", "SELECT 1");
    assert_int_equal(qn_migrations_read(&list, folder, NULL, &err), QN_DATA);
    assert_contains(err.message, " undoes the same migration");
    assert_null(list);
}

static void what_is_no_text_is_refused_with_its_place(void **state)
{
    (void)state;
    qn_error err = qn_error_none();
    qn_migrations *list;
    put_bytes("0001_a.sql", "SELECT 1;\nSE\0LECT", 17);
    assert_int_equal(qn_migrations_read(&list, folder, NULL, &err), QN_DATA);
    assert_true(err.line == 2 && err.column == 3);
    refused(QN_DATA, "a zero byte: this is no text", "0001_a.sql");
    put("0001_a.sql", "SELECT 1");
    put("0001_a.down.sql", "SELECT '\xE9'"); /* Latin-1 */
    refused(QN_DATA, "what stands here is not UTF-8", "0001_a.down.sql");
    put_bytes("0001_a.sql", "\xFF\xFES\0E\0L\0", 8); /* UTF-16 */
    refused(QN_DATA, "what stands here is not UTF-8", "0001_a.sql");
}

static void folders_that_hold_nothing_or_cannot_be_read_are_refused(void **state)
{
    (void)state;
    refused(QN_NO_INPUT, "holds no migrations", NULL);
    put("README.md", "");
    refused(QN_NO_INPUT, "holds no migrations", NULL);
    assert_int_equal(mkdir(in_folder("0001_a.sql"), 0700), 0);
    refused(QN_NO_INPUT, "that is a folder", NULL);
    qn_error err = qn_error_none();
    qn_migrations *list;
    assert_int_equal(qn_migrations_read(&list, in_folder("none"), NULL, &err), QN_NO_INPUT);
    put("file", "");
    assert_int_equal(qn_migrations_read(&list, in_folder("file"), NULL, &err), QN_NO_INPUT);
    assert_contains(err.message, "that is a file");
    if (geteuid() != 0) {
        assert_int_equal(chmod(folder, 0), 0);
        qn_status s = qn_migrations_read(&list, folder, NULL, &err);
        assert_int_equal(chmod(folder, 0700), 0);
        assert_int_equal(s, QN_PERMISSION);
    }
}

static void a_text_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    size_t size = (16 << 20) + 1;
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, ' ', size);
    text[size] = '\0';
    put_bytes("0001_a.sql", text, size);
    refused(QN_LIMIT, "is larger than 16777216 bytes", NULL);
    qn_error err = qn_error_none();
    qn_migrations *list;
    const qn_migration large = {1, "a", text, NULL};
    assert_int_equal(qn_migrations_new(&list, &large, 1, NULL, &err), QN_LIMIT);
    free(text);
}

static void line_ends_are_not_part_of_a_checksum(void **state)
{
    (void)state;
    if (!qn_has("sqlite")) {
        (void)fprintf(stderr, "SKIP SQLite is not here: checksums are NOT tested\n");
        return;
    }
    qn_error err = qn_error_none();
    qn_db *db;
    assert_ok(qn_db_open(&db, "memory:", NULL, &err), &err);
    static const char *const texts[] = {"CREATE TABLE a (\n x INTEGER);\n", "CREATE TABLE a (\r\n x INTEGER);\r\n",
                                        ("\xEF\xBB\xBF"
                                         "CREATE TABLE a (\n x INTEGER);\r\n")};
    for (int i = 0; i < 3; i++) {
        put("1_a.sql", texts[i]);
        qn_migrations *list = must_read();
        assert_ok(qn_migrate(NULL, db, list, -1, NULL, &err), &err);
        qn_migrations_free(list);
    }
    /* hashlib.blake2b(b"CREATE TABLE a (\n x INTEGER);\n", digest_size=32).hexdigest() */
    const qn_value sum = qn_value_text("4761facba53e7d92c4776f9410daf7bdabdadb736433123474881b6e3a57782f", -1);
    int64_t changed;
    assert_ok(qn_db_execute(&changed, db, "UPDATE quern_migrations SET name = 'b' WHERE checksum = $1", &sum, 1, &err),
              &err);
    assert_int_equal(changed, 1);
    put("1_a.sql", "CREATE TABLE a (\r x INTEGER);\r");
    qn_migrations *list = must_read();
    assert_int_equal(qn_migrate(NULL, db, list, -1, NULL, &err), QN_DATA);
    qn_migrations_free(list);
    qn_db_close(db);
}

static void a_hundred_migrations_are_applied_and_undone(void **state)
{
    (void)state;
    if (!qn_has("sqlite"))
        return;
    qn_error err = qn_error_none();
    qn_db *db;
    int64_t count;
    for (int i = 100; i > 0; i--) {
        char name[64], text[64];
        (void)snprintf(name, sizeof name, "%04d_table.sql", i);
        (void)snprintf(text, sizeof text, "CREATE TABLE t%d (x INTEGER)", i);
        put(name, text);
        (void)snprintf(name, sizeof name, "%04d_table.down.sql", i);
        (void)snprintf(text, sizeof text, "DROP TABLE t%d", i);
        put(name, text);
    }
    qn_migrations *list = must_read();
    assert_ok(qn_db_open(&db, "memory:", NULL, &err), &err);
    assert_ok(qn_migrate(&count, db, list, -1, NULL, &err), &err);
    assert_int_equal(count, 100);
    assert_ok(qn_migrate_rollback(&count, db, list, 0, NULL, &err), &err);
    assert_int_equal(count, 100);
    qn_db_close(db);
    qn_migrations_free(list);
}

static void errors_in_a_file_name_it_with_line_and_column(void **state)
{
    (void)state;
    if (!qn_has("sqlite"))
        return;
    qn_error err = qn_error_none();
    qn_db *db;
    assert_ok(qn_db_open(&db, "memory:", NULL, &err), &err);
    put("1_a.sql", "CREATE TABLE a (x INTEGER);\n\n  INSERT INTO a VALUES (1,, 2);\n");
    put("1_a.down.sql", "-- back\nROLLBACK;");
    qn_migrations *list = must_read();
    assert_int_equal(qn_migrate(NULL, db, list, -1, NULL, &err), QN_SYNTAX);
    assert_string_equal(err.file, in_folder("1_a.sql"));
    assert_int_equal(err.line, 3);
    qn_migrations_free(list);
    put("1_a.sql", "CREATE TABLE a (x INTEGER)");
    list = must_read();
    assert_ok(qn_migrate(NULL, db, list, -1, NULL, &err), &err);
    assert_int_equal(qn_migrate_rollback(NULL, db, list, -1, NULL, &err), QN_DATA);
    assert_string_equal(err.file, in_folder("1_a.down.sql"));
    assert_true(err.line == 2 && err.column == 1);
    qn_migrations_free(list);
    qn_db_close(db);
}

static void lists_from_memory_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        qn_migration item;
        const char *sentence;
    } cases[] = {
        {{0, "a", "SELECT 1", NULL}, "0 is no number of a migration"},
        {{-1, "a", "SELECT 1", NULL}, "-1 is no number"},
        {{INT64_MAX, "a", "SELECT 1", NULL}, "is no number"},
        {{2, NULL, "SELECT 1", NULL}, "the name of migration 2 is not"},
        {{2, "", "SELECT 1", NULL}, "the name of migration 2 is not"},
        {{2, "a b", "SELECT 1", NULL}, "the name of migration 2 is not"},
        {{2, "a", NULL, NULL}, "migration 2 \"a\" has no text"},
        {{2, "a", "SELECT '\xE9'", NULL}, "byte 9 of its text is not UTF-8"},
        {{2, "a", "SELECT 1", "\xE9"}, "byte 1 of its text is not UTF-8"},
        {{1, "a", "SELECT 1", NULL}, "two migrations have the number 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const qn_migration items[] = {{1, "fine", "SELECT 1", NULL}, cases[i].item};
        qn_error err = qn_error_none();
        qn_migrations *list;
        assert_int_equal(qn_migrations_new(&list, items, 2, NULL, &err), QN_INVALID);
        assert_null(list);
        assert_contains(err.message, cases[i].sentence);
    }
    qn_migrations_free(NULL);
    qn_migrate_report_free(NULL);
    assert_string_equal(qn_migration_state_name((qn_migration_state)99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(files_are_read_in_the_order_of_their_numbers, empty_folder),
        cmocka_unit_test_teardown(names_that_say_no_number_and_name_are_refused, empty_folder),
        cmocka_unit_test_teardown(files_that_do_not_fit_together_are_refused, empty_folder),
        cmocka_unit_test_teardown(what_is_no_text_is_refused_with_its_place, empty_folder),
        cmocka_unit_test_teardown(folders_that_hold_nothing_or_cannot_be_read_are_refused, empty_folder),
        cmocka_unit_test_teardown(a_text_beyond_the_limit_is_refused, empty_folder),
        cmocka_unit_test_teardown(line_ends_are_not_part_of_a_checksum, empty_folder),
        cmocka_unit_test_teardown(a_hundred_migrations_are_applied_and_undone, empty_folder),
        cmocka_unit_test_teardown(errors_in_a_file_name_it_with_line_and_column, empty_folder),
        cmocka_unit_test_teardown(lists_from_memory_that_cannot_be_are_refused, empty_folder),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
