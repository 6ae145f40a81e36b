/* The whole command with its n-th allocation failing: from the command line over data, formula and fit to the output.
 * It must say that memory is out, give back all it holds, and never write half a result as if it were whole. */
#include "harness/harness.h"

#include "cli/command.h"

#include <quern/npy.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char data_path[64];

static int write_data(void **state)
{
    (void)state;
    strcpy(data_path, "/tmp/quern-cli-XXXXXX");
    int fd = mkstemp(data_path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL)
        return -1;
    fputs("x,y,s\n1,2.1,1\n2,3.9,2\n3,6.2,1\n4,7.8,2\n5,10.1,1\n", file);
    if (fclose(file) != 0)
        return -1;
    return setenv("QUERN_CONFIG", "", 1); /* nobody's own configuration */
}

static int remove_data(void **state)
{
    (void)state;
    return unlink(data_path);
}

/* Runs the words with standard output and error out of the way. */
static int run_quietly(const char *const *words, int count, const qn_allocator *allocator)
{
    char *argv[32];
    assert_true(count < 32);
    for (int i = 0; i < count; i++)
        argv[i] = strdup(words[i]);
    argv[count] = NULL;
    int out = dup(STDOUT_FILENO), errors = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
    assert_true(out >= 0 && errors >= 0 && null >= 0);
    fflush(stdout);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    qni_stop stop;
    atomic_bool patient = false;
    qni_stop_init(&stop, allocator);
    int code = qni_stop_finish(&stop, qni_command(count, argv, &stop, &patient, allocator));
    dup2(out, STDOUT_FILENO);
    dup2(errors, STDERR_FILENO);
    close(out);
    close(errors);
    close(null);
    for (int i = 0; i < count; i++)
        free(argv[i]);
    return code;
}

typedef struct line {
    const char *words[24];
    int count;
} line;

static qn_status call(const qn_allocator *allocator, void *user)
{
    const line *l = user;
    int code = run_quietly(l->words, l->count, allocator);
    assert_true(code == 0 || code == 71);
    return code == 0 ? QN_OK : QN_NOMEM;
}

static void a_fit_shown_as_text_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "fit", "y = a*x + b", data_path, "--start", "a=1,b=0", "--bounds", "a=0:10"}, 8};
    assert_true(test_fault_sweep(call, &l, 10000) > 5);
}

static void a_fit_shown_as_json_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "fit", "--format=json", "-y", "y", "--", "-a*x", data_path}, 8};
    assert_true(test_fault_sweep(call, &l, 10000) > 5);
}

static void a_counted_fit_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "fit", "y = a*x + b", data_path, "--start", "a=1,b=0", "--memory"}, 7};
    assert_true(test_fault_sweep(call, &l, 10000) > 5);
}

static void a_fit_with_everything_survives_every_failing_allocation(void **state)
{
    (void)state;
    char saved[80], residuals[80];
    snprintf(saved, sizeof saved, "%s.json", data_path);
    snprintf(residuals, sizeof residuals, "%s.csv", data_path);
    line l = {{"quern",
               "fit",
               "y = a*x + b + c + d",
               data_path,
               "--sigma=s",
               "--absolute-sigma",
               "--where=x < 5",
               "--nan=omit",
               "--fix=d=0.1",
               "--tie=c=a/10",
               "--starts=2",
               "--bounds=a=0:10,b=-5:5",
               "--profile",
               "--x-scale=a=1,b=1",
               "--loss=soft_l1",
               "--method=dogbox",
               "--verbose",
               "--save",
               saved,
               "--residuals",
               residuals},
              21};
    assert_true(test_fault_sweep(call, &l, 20000) > 20);
    assert_int_equal(unlink(saved), 0);
    assert_int_equal(unlink(residuals), 0);
}

static void a_drawn_fit_survives_every_failing_allocation(void **state)
{
    (void)state;
    char figure[80];
    snprintf(figure, sizeof figure, "%s.svg", data_path);
    line l = {{"quern", "fit", "y = a*x + b", data_path, "--sigma=s", "--plot", figure}, 7};
    if (!qn_has("cairo"))
        skip();
    assert_true(test_fault_sweep(call, &l, 20000) > 20);
    assert_int_equal(unlink(figure), 0);
}

#define ROWS "SELECT 1 AS x, 2.5 AS y UNION ALL SELECT 2, 4.5 UNION ALL SELECT 3, 6.25"

static void a_query_survives_every_failing_allocation_in_every_format(void **state)
{
    (void)state;
    static const char *const formats[] = {"text", "csv", "json", "npy"};
    if (!qn_has("sqlite"))
        skip();
    for (int i = 0; i < 4; i++) {
        line l = {{"quern", "sql", "memory:", ROWS " LIMIT $1", "-f", formats[i], "--param", "int:2"}, 8};
        assert_true(test_fault_sweep(call, &l, 10000) > 5);
    }
    line odd = {{"quern", "sql", "memory:", "SELECT $1, $2, NULL, 'x' || char(27)", "--param=bytes:00ff", "--param=-"},
                6};
    assert_true(test_fault_sweep(call, &odd, 10000) > 5);
}

static void a_fit_of_rows_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "fit", "y = a*x + b", "--from", "memory:", "--query", ROWS, "--start", "a=1,b=0"}, 9};
    if (!qn_has("sqlite"))
        skip();
    assert_true(test_fault_sweep(call, &l, 10000) > 5);
}

static void a_fit_with_a_covariance_survives_every_failing_allocation(void **state)
{
    (void)state;
    char matrix[80];
    double values[25] = {0};
    for (int i = 0; i < 5; i++)
        values[6 * i] = i + 1;
    snprintf(matrix, sizeof matrix, "%s.npy", data_path);
    qn_array array;
    assert_int_equal(qn_array_wrap(&array, values, QN_DTYPE_F64, 2, (int64_t[]){5, 5}, NULL, NULL, NULL, NULL, NULL),
                     QN_OK);
    assert_int_equal(qn_npy_write(&array, matrix, NULL, NULL), QN_OK);
    qn_array_fini(&array);
    line l = {{"quern", "fit", "y = a*x + b", data_path, "--cov", matrix, "--format=csv"}, 7};
    assert_true(test_fault_sweep(call, &l, 20000) > 20);
    assert_int_equal(unlink(matrix), 0);
}

static void a_prediction_survives_every_failing_allocation(void **state)
{
    (void)state;
    char path[80];
    snprintf(path, sizeof path, "%s.json", data_path);
    line save = {{"quern", "fit", "y = a*x + b", data_path, "--save", path}, 6};
    assert_int_equal(run_quietly(save.words, save.count, NULL), 0);
    line csv = {{"quern", "predict", path, data_path, "--band"}, 5};
    assert_true(test_fault_sweep(call, &csv, 10000) > 5);
    line json = {{"quern", "predict", path, data_path, "--format", "json"}, 6};
    assert_true(test_fault_sweep(call, &json, 10000) > 5);
    assert_int_equal(unlink(path), 0);
}

static void options_survive_every_failing_allocation_in_every_format(void **state)
{
    (void)state;
    static const char *const formats[] = {"text", "csv", "json"};
    for (int i = 0; i < 3; i++) {
        line price = {{"quern", "price", data_path, "--map=strike=x,spot=", "--spot=3", "--sigma=0.2",
                       "--expiry=2026-12-18", "--as-of=2026-06-18", "--type=put", "-f", formats[i]},
                      11};
        assert_true(test_fault_sweep(call, &price, 10000) > 5);
        line iv = {{"quern", "iv", data_path, "--map=price=s,strike=x", "--forward=3.5", "--expiry=0.5", "--type=call",
                    "--on-error=bound", "-f", formats[i]},
                   10};
        assert_true(test_fault_sweep(call, &iv, 10000) > 5);
    }
    assert_int_equal(setenv("QUERN_THREADS", "1", 1), 0);
    line american = {{"quern", "price", data_path, "--map=strike=x,spot=", "--spot=3", "--sigma=0.2", "--expiry=0.5",
                      "--type=put", "--american", "--dividend=0.1=0.2,0.3=0.2"},
                     10};
    assert_true(test_fault_sweep(call, &american, 10000) > 5);
    assert_int_equal(unsetenv("QUERN_THREADS"), 0);
}

static void info_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "info", "--format", "json"}, 4};
    assert_true(test_fault_sweep(call, &l, 100) > 1);
}

static void a_configured_command_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "config", "show", "--memory"}, 4};
    char path[80];
    snprintf(path, sizeof path, "%s.conf", data_path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("log-level = 'error'\n[fit]\nformat = 'csv'\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(setenv("QUERN_CONFIG", path, 1), 0);
    assert_true(test_fault_sweep(call, &l, 100) > 5);
    assert_int_equal(setenv("QUERN_CONFIG", "", 1), 0);
    assert_int_equal(unlink(path), 0);
}

static void migrations_survive_every_failing_allocation(void **state)
{
    (void)state;
    if (!qn_has("sqlite")) {
        (void)fprintf(stderr, "SKIP SQLite is not here: quern db without memory is NOT tested\n");
        return;
    }
    line text = {{"quern", "db", "migrate", "memory:", "examples/migrations"}, 5};
    assert_true(test_fault_sweep(call, &text, 2000) > 50);
    line json = {{"quern", "db", "rollback", "memory:", "examples/migrations", "-f", "json"}, 7};
    assert_true(test_fault_sweep(call, &json, 2000) > 30);
}

static void help_survives_every_failing_allocation(void **state)
{
    (void)state;
    line l = {{"quern", "fit", "--help"}, 3};
    assert_true(test_fault_sweep(call, &l, 100) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fit_shown_as_text_survives_every_failing_allocation),
        cmocka_unit_test(a_fit_shown_as_json_survives_every_failing_allocation),
        cmocka_unit_test(a_counted_fit_survives_every_failing_allocation),
        cmocka_unit_test(a_query_survives_every_failing_allocation_in_every_format),
        cmocka_unit_test(a_fit_of_rows_survives_every_failing_allocation),
        cmocka_unit_test(a_fit_with_everything_survives_every_failing_allocation),
        cmocka_unit_test(a_drawn_fit_survives_every_failing_allocation),
        cmocka_unit_test(a_fit_with_a_covariance_survives_every_failing_allocation),
        cmocka_unit_test(a_prediction_survives_every_failing_allocation),
        cmocka_unit_test(options_survive_every_failing_allocation_in_every_format),
        cmocka_unit_test(info_survives_every_failing_allocation),
        cmocka_unit_test(a_configured_command_survives_every_failing_allocation),
        cmocka_unit_test(migrations_survive_every_failing_allocation),
        cmocka_unit_test(help_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, write_data, remove_data);
}
