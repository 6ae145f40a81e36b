/* A fit as JSON and back: every field, whatever the formula; and every way in which a file can be no fit. */
#include "harness/harness.h"

#include <quern/predict.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct text {
    char bytes[16384];
    int64_t size;
} text;

static qn_status collect(void *user, const char *bytes, int64_t size, qn_error *err)
{
    text *t = user;
    (void)err;
    assert_true(t->size + size < (int64_t)sizeof t->bytes);
    memcpy(t->bytes + t->size, bytes, (size_t)size);
    t->size += size;
    t->bytes[t->size] = '\0';
    return QN_OK;
}

static qn_model *compile(const char *formula, const char *response)
{
    static const char *const columns[] = {"x", "y", "dose (mg)", "a`b"};
    qn_model *model;
    qn_error err;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = columns;
    options.column_count = 4;
    options.response = response;
    assert_ok(qn_model_new(&model, formula, -1, &options, &err), &err);
    return model;
}

static void write_fit(text *out, const qn_fit_result *result, const qn_model *model)
{
    qn_error err;
    out->size = 0;
    assert_ok(qn_fit_write_json(result, model, NULL, collect, out, &err), &err);
}

static qn_fit_saved *read_fit(const text *from)
{
    qn_error err;
    qn_fit_saved *saved;
    assert_ok(qn_fit_saved_read_bytes(&saved, from->bytes, from->size, "fit.json", NULL, &err), &err);
    return saved;
}

/* A result with a value of its own in every field. */
static const qn_fit_parameter parameters[] = {
    {.name = "a",
     .start = 1,
     .value = 0.1,
     .stderr_ = 0.5,
     .ci_low = -1,
     .ci_high = 1.25,
     .at_bound = true,
     .profile_low = -INFINITY,
     .profile_high = 2},
    {.name = "b",
     .start = 1e-300,
     .value = 2.0 / 3,
     .stderr_ = 0.25,
     .ci_low = 0.125,
     .ci_high = 1.5,
     .role = QN_FIT_TIED,
     .tie = "2*a + 1",
     .profile_low = NAN,
     .profile_high = INFINITY},
    {.name = "c", .start = 7, .value = 5e-324, .stderr_ = 0, .ci_low = NAN, .ci_high = NAN, .role = QN_FIT_FIXED},
};
static const double covariance[] = {0.25, -1e-17, 0, -1e-17, 0.0625, 0, 0, 0, 0};
static const double correlation[] = {1, -8e-17, NAN, -8e-17, 1, NAN, NAN, NAN, NAN};
static const double weights[] = {0.6, -0.8, 0, 0.8, 0.6, 0};
static const qn_fit_direction directions[] = {{1e-20, true, weights}, {1e-7, false, weights + 3}};
static const char *const warnings[] = {"first, \"quoted\"", "second \xC3\xA9"};
static const qn_fit_diagnostics diagnostics = {
    .mae = 0.75, .durbin_watson = 1.9, .runs = 6, .runs_p = 0.4, .outliers = 2};
static const qn_fit_result whole = {.status = QN_FIT_STALLED,
                                    .message = "it stalled",
                                    .method = "dogbox",
                                    .n = 100,
                                    .omitted = 3,
                                    .p = 3,
                                    .dof = 99,
                                    .parameters = parameters,
                                    .covariance = covariance,
                                    .rss = 12.5,
                                    .residual_sd = 0.3553345272593507,
                                    .confidence = 0.9,
                                    .evaluations = 41,
                                    .iterations = 17,
                                    .warnings = warnings,
                                    .warning_count = 2,
                                    .free = 1,
                                    .filtered = 5,
                                    .started = "estimated: line",
                                    .starts = 8,
                                    .loss = "cauchy",
                                    .loss_scale = 0.5,
                                    .cost = 11.5,
                                    .weighted = true,
                                    .absolute_sigma = true,
                                    .sigma_column = "sd",
                                    .factorization = "svd",
                                    .correlation = correlation,
                                    .condition = 1e9,
                                    .rank = 2,
                                    .directions = directions,
                                    .direction_count = 2,
                                    .r_squared = 0.5,
                                    .adjusted_r_squared = 0.4375,
                                    .rmse = 0.1875,
                                    .log_likelihood = -20.25,
                                    .aic = 42.5,
                                    .aicc = 43.5,
                                    .bic = 44.5,
                                    .diagnostics = &diagnostics,
                                    .profiled = true};

static void same_number(double got, double expected)
{
    assert_true(got == expected || (isnan(got) && isnan(expected)));
}

static void same_numbers(const double *got, const double *expected, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        same_number(got[i], expected[i]);
}

static void same_parameters(const qn_fit_result *got, const qn_fit_result *expected)
{
    for (int64_t i = 0; i < expected->p; i++) {
        const qn_fit_parameter *a = &got->parameters[i], *b = &expected->parameters[i];
        assert_string_equal(a->name, b->name);
        same_number(a->start, b->start);
        same_number(a->value, b->value);
        same_number(a->stderr_, b->stderr_);
        same_number(a->ci_low, b->ci_low);
        same_number(a->ci_high, b->ci_high);
        same_number(a->profile_low, b->profile_low);
        same_number(a->profile_high, b->profile_high);
        assert_int_equal(a->at_bound, b->at_bound);
        assert_int_equal(a->role, b->role);
        assert_true((a->tie == NULL) == (b->tie == NULL) && (a->tie == NULL || strcmp(a->tie, b->tie) == 0));
    }
}

static void same_statistics(const qn_fit_result *got, const qn_fit_result *expected)
{
    same_number(got->rss, expected->rss);
    same_number(got->residual_sd, expected->residual_sd);
    same_number(got->confidence, expected->confidence);
    same_number(got->loss_scale, expected->loss_scale);
    same_number(got->cost, expected->cost);
    same_number(got->condition, expected->condition);
    same_number(got->r_squared, expected->r_squared);
    same_number(got->adjusted_r_squared, expected->adjusted_r_squared);
    same_number(got->rmse, expected->rmse);
    same_number(got->log_likelihood, expected->log_likelihood);
    same_number(got->aic, expected->aic);
    same_number(got->aicc, expected->aicc);
    same_number(got->bic, expected->bic);
    same_numbers(got->covariance, expected->covariance, 9);
    same_numbers(got->correlation, expected->correlation, 9);
    const qn_fit_diagnostics *a = got->diagnostics, *b = expected->diagnostics;
    same_number(a->mae, b->mae);
    same_number(a->durbin_watson, b->durbin_watson);
    same_number(a->runs_p, b->runs_p);
    assert_int_equal(a->runs, b->runs);
    assert_int_equal(a->outliers, b->outliers);
    assert_null(a->row);
    assert_null(a->leverage);
}

static void same_rest(const qn_fit_result *got, const qn_fit_result *expected)
{
    assert_int_equal(got->status, expected->status);
    assert_string_equal(got->message, expected->message);
    assert_string_equal(got->method, expected->method);
    assert_string_equal(got->started, expected->started);
    assert_string_equal(got->loss, expected->loss);
    assert_string_equal(got->sigma_column, expected->sigma_column);
    assert_string_equal(got->factorization, expected->factorization);
    assert_int_equal(got->n, expected->n);
    assert_int_equal(got->omitted, expected->omitted);
    assert_int_equal(got->filtered, expected->filtered);
    assert_int_equal(got->p, expected->p);
    assert_int_equal(got->dof, expected->dof);
    assert_int_equal(got->evaluations, expected->evaluations);
    assert_int_equal(got->iterations, expected->iterations);
    assert_int_equal(got->free, expected->free);
    assert_int_equal(got->starts, expected->starts);
    assert_int_equal(got->weighted, expected->weighted);
    assert_int_equal(got->absolute_sigma, expected->absolute_sigma);
    assert_int_equal(got->rank, expected->rank);
    assert_int_equal(got->profiled, expected->profiled);
    assert_int_equal(got->warning_count, expected->warning_count);
    for (int64_t i = 0; i < expected->warning_count; i++)
        assert_string_equal(got->warnings[i], expected->warnings[i]);
    assert_int_equal(got->direction_count, expected->direction_count);
    for (int64_t i = 0; i < expected->direction_count; i++) {
        same_number(got->directions[i].singular_value, expected->directions[i].singular_value);
        assert_int_equal(got->directions[i].singular, expected->directions[i].singular);
        same_numbers(got->directions[i].weights, expected->directions[i].weights, expected->p);
    }
}

static void every_field_comes_back(void **state)
{
    static text first, second;
    (void)state;
    qn_model *model = compile("log(y) = a + b*x + c", NULL);
    write_fit(&first, &whole, model);
    qn_fit_saved *saved = read_fit(&first);
    same_parameters(saved->result, &whole);
    same_statistics(saved->result, &whole);
    same_rest(saved->result, &whole);
    assert_string_equal(qn_model_formula(saved->model), qn_model_formula(model));
    assert_string_equal(qn_model_response_text(saved->model), "log(y)");
    write_fit(&second, saved->result, saved->model);
    assert_string_equal(first.bytes, second.bytes);
    qn_fit_saved_free(saved);
    qn_model_unref(model);
}

static void what_was_not_asked_for_is_null_and_comes_back_so(void **state)
{
    static text first, second;
    (void)state;
    qn_fit_result bare = whole;
    bare.status = QN_FIT_NOT_FINITE;
    bare.profiled = bare.weighted = bare.absolute_sigma = false;
    bare.diagnostics = NULL;
    bare.sigma_column = NULL;
    bare.directions = NULL;
    bare.direction_count = bare.warning_count = 0;
    bare.rank = -1;
    bare.condition = bare.residual_sd = bare.rss = NAN;
    qn_model *model = compile("y = a + b*x + c", NULL);
    write_fit(&first, &bare, model);
    assert_contains(first.bytes, "\"profile\":null");
    assert_contains(first.bytes, "\"diagnostics\":null");
    assert_contains(first.bytes, "\"identifiability\":{\"condition\":null,\"rank\":null,\"directions\":[]}");
    assert_contains(first.bytes, "\"sigma_column\":null");
    qn_fit_saved *saved = read_fit(&first);
    assert_null(saved->result->diagnostics);
    assert_null(saved->result->sigma_column);
    assert_false(saved->result->profiled);
    assert_int_equal(saved->result->rank, -1);
    assert_true(isnan(saved->result->rss) && isnan(saved->result->parameters[0].profile_low));
    write_fit(&second, saved->result, saved->model);
    assert_string_equal(first.bytes, second.bytes);
    qn_fit_saved_free(saved);
    qn_model_unref(model);
}

static void the_response_of_any_formula_is_found_again(void **state)
{
    static const struct {
        const char *formula, *response, *text;
    } cases[] = {{"y = a*x + b + c", NULL, "y"},
                 {"a*x + b + c", "y", "y"},
                 {"a*x + b + c", "dose (mg)", "`dose (mg)`"},
                 {"a*x + b + c", "a`b", "`a``b`"},
                 {"a*x + b + c", "x", "x"},
                 {"log(`dose (mg)`) = a*`a``b` + b + c", NULL, "log(`dose (mg)`)"},
                 {"t = a*x; y = b + c*t", NULL, "y"}};
    static text t;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_model *model = compile(cases[i].formula, cases[i].response);
        write_fit(&t, &whole, model);
        qn_fit_saved *saved = read_fit(&t);
        char expected[QN_MODEL_DIGEST_SIZE], got[QN_MODEL_DIGEST_SIZE];
        qn_error err;
        assert_ok(qn_model_digest(expected, model, &err), &err);
        assert_ok(qn_model_digest(got, saved->model, &err), &err);
        assert_string_equal(got, expected);
        assert_string_equal(qn_model_response_text(saved->model), cases[i].text);
        qn_fit_saved_free(saved);
        qn_model_unref(model);
    }
}

static void the_model_s_own_warnings_are_not_doubled(void **state)
{
    static text first, second;
    (void)state;
    qn_model *model = compile("t = x; y = a + b*x + c", NULL); /* nothing uses t */
    assert_true(qn_model_warning_count(model) > 0);
    write_fit(&first, &whole, model);
    qn_fit_saved *saved = read_fit(&first);
    assert_int_equal(saved->result->warning_count, 2);
    assert_string_equal(saved->result->warnings[0], warnings[0]);
    write_fit(&second, saved->result, saved->model);
    assert_string_equal(first.bytes, second.bytes);
    qn_fit_saved_free(saved);
    qn_model_unref(model);
}

/* `good` with the first `from` replaced by `to`. */
static void edit(text *out, const text *good, const char *from, const char *to)
{
    const char *at = strstr(good->bytes, from);
    assert_non_null(at);
    out->size = 0;
    assert_ok(collect(out, good->bytes, at - good->bytes, NULL), NULL);
    assert_ok(collect(out, to, (int64_t)strlen(to), NULL), NULL);
    assert_ok(collect(out, at + strlen(from), (int64_t)strlen(at + strlen(from)), NULL), NULL);
}

static void a_file_that_is_no_fit_says_where(void **state)
{
    static const struct {
        const char *from, *to;
        qn_status status;
        const char *sentence;
    } cases[] = {
        {"\"schema\":\"quern.fit/1\"", "\"schema\":\"quern.fit/2\"", QN_DATA, "the schema is \"quern.fit/2\""},
        {"\"schema\":\"quern.fit/1\"", "\"schema\":\"quern.info/1\"", QN_DATA, "this is no fit"},
        {"\"schema\":\"quern.fit/1\",", "", QN_DATA, "this is no fit: it has no \"schema\""},
        {"\"schema\":\"quern.fit/1\"", "\"schema\":1", QN_DATA, "this is no fit"},
        {"\"status\":\"stalled\"", "\"status\":\"bored\"", QN_DATA, "\"status\" is \"bored\""},
        {"\"status\":\"stalled\"", "\"status\":null", QN_DATA, "\"status\" is \"null\""},
        {"\"formula\":\"log(y) = a + b*x + c\"", "\"formula\":\"log(y) = a + b*x + \"", QN_SYNTAX, "\"formula\": "},
        {"\"formula\":\"log(y) = a + b*x + c\"", "\"formula\":\"log(y) = a + b*x + system(c)\"", QN_NAME,
         "\"formula\": "},
        {"\"formula\":\"log(y) = a + b*x + c\"", "\"formula\":\"log(y) = a + c*x + b\"", QN_NAME,
         "\"parameters\": parameter 2 of the formula is \"c\", of the fit \"b\""},
        {"\"formula\":\"log(y) = a + b*x + c\"", "\"formula\":\"log(y) = a + b*x\"", QN_NAME,
         "\"parameters\": the formula has 2 parameters, the fit 3"},
        {"\"formula\":\"log(y) = a + b*x + c\"", "\"formula\":\"log(x) = a + b*x + c\"", QN_DATA,
         "\"response\" is \"log(y)\", but the formula describes \"log(x)\""},
        {"\"formula\":\"log(y) = a + b*x + c\"", "\"formula\":\"a + b*x + c\"", QN_DATA,
         "\"response\" is none of the columns"},
        {"\"formula\":\"log(y) = a + b*x + c\"", "\"formula\":null", QN_DATA, "the fit of a function"},
        {"\"formula\":\"log(y) = a + b*x + c\"", "\"formula\":[]", QN_DATA, "\"formula\" must be a text"},
        {"\"value\":0.1", "\"value\":null", QN_DATA, "parameter 1: \"value\" must be a number"},
        {"\"value\":0.1", "\"value\":\"0.1\"", QN_DATA, "parameter 1: \"value\" must be a number or null"},
        {"\"value\":0.1,", "", QN_DATA, "parameter 1: \"value\" is missing"},
        {"\"value\":0.1", "\"value\":1e999", QN_DATA, "not valid JSON"},
        {"\"name\":\"b\",\"start\"", "\"name\":\"q\",\"start\"", QN_NAME, "of the fit \"q\""},
        {"\"dof\":99", "\"dof\":-1", QN_DATA, "\"dof\" must be a whole number"},
        {"\"dof\":99", "\"dof\":9.5", QN_DATA, "\"dof\" must be a whole number"},
        {"\"dof\":99,", "", QN_DATA, "\"dof\" is missing"},
        {"\"confidence\":0.9", "\"confidence\":1", QN_DATA, "\"confidence\" must be between 0 and 1"},
        {"\"confidence\":0.9,", "", QN_DATA, "\"confidence\" is missing: this is no fit that can be predicted from"},
        {"\"residual_sd\":0.3", "\"residual_sd\":-0.3", QN_DATA, "\"residual_sd\" is negative"},
        {"\"weighted\":true", "\"weighted\":\"yes\"", QN_DATA, "\"weighted\" must be true or false"},
        {"\"covariance\":[[0.25,-1e-17,0],", "\"covariance\":[", QN_DATA,
         "\"covariance\" has 2 elements: it must have 3"},
        {"\"covariance\":[[0.25,-1e-17,0],", "\"covariance\":[[0.25,0],", QN_DATA,
         "row 1 of \"covariance\" has 2 elements: it must have 3"},
        {"\"covariance\":[[0.25,-1e-17,0],", "\"covariance\":[0,", QN_DATA, "row 1 of \"covariance\" must be an array"},
        {"\"covariance\":[[0.25,-1e-17,0],", "\"covariance\":[[0.25,true,0],", QN_DATA,
         "row 1 of \"covariance\", element 2: "},
        {"\"covariance\":[[0.25,-1e-17,0],", "\"covariance\":[[-0.25,-1e-17,0],", QN_DATA,
         "\"covariance\" is none: row 1, column 1 is negative"},
        {"\"covariance\":[[0.25,-1e-17,0],", "\"covariance\":[[0.25,1e-17,0],", QN_DATA,
         "row 2, column 1 is not as its mirror image"},
        {"\"columns\":[{\"name\":\"y\"", "\"columns\":[{\"name\":1", QN_DATA, "\"columns\": \"name\" must be a text"},
        {"\"columns\":[", "\"colums\":[", QN_DATA, "\"columns\" is missing"},
        {"\"weights\":[0.6,", "\"weights\":[", QN_DATA, "\"weights\" has 2 elements: it must have 3"},
        {"\"correlation\":[[1,", "\"correlation\":[[[],", QN_DATA, "row 1 of \"correlation\", element 1: "},
        {"\"profile\":[{", "\"profile\":[{},{", QN_DATA, "\"profile\" has 4 elements: it must have 3"},
        {"\"warnings\":[", "\"warnings\":[[],", QN_DATA, "\"warnings\" must be texts"},
        {"\"role\":\"free\"", "\"role\":\"frei\"", QN_DATA,
         "parameter 1: \"role\" is \"frei\": it must be free, fixed or tied"},
        {"\"tie\":\"2*a + 1\"", "\"tie\":\"2*(a\"", QN_SYNTAX, "parameter 2: \"tie\": "},
        {"\"tie\":\"2*a + 1\"", "\"tie\":\"2*d\"", QN_NAME, "parameter 2: \"tie\": there is no parameter \"d\""},
        {"\"tie\":\"2*a + 1\"", "\"tie\":null", QN_DATA, "parameter 2: \"tie\" and a \"role\" of tied need each other"},
        {"\"stderr\":0,", "\"stderr\":2,", QN_DATA, "parameter 3: \"role\" is fixed, but its \"stderr\" is not 0"},
        {"[0,0,0]]", "[0,0,1]]", QN_DATA, "parameter 3: \"role\" is fixed, but its \"covariance\" is not 0"},
    };
    static text good, bad;
    (void)state;
    qn_model *model = compile("log(y) = a + b*x + c", NULL);
    write_fit(&good, &whole, model);
    qn_model_unref(model);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        qn_fit_saved *saved;
        qn_error err;
        edit(&bad, &good, cases[i].from, cases[i].to);
        qn_status s = qn_fit_saved_read_bytes(&saved, bad.bytes, bad.size, "fit.json", NULL, &err);
        assert_null(saved);
        assert_contains(err.message, cases[i].sentence);
        assert_int_equal(s, cases[i].status);
        assert_string_equal(err.file, "fit.json");
    }
}

/* The variance of a + b would be 1 + 1 - 4. */
static void a_covariance_that_no_numbers_have_is_refused_with_the_file(void **state)
{
    static const double forged[] = {1, -2, 0, -2, 1, 0, 0, 0, 0};
    static text t;
    (void)state;
    qn_fit_result result = whole;
    result.status = QN_FIT_CONVERGED;
    result.covariance = forged;
    qn_model *model = compile("y = a + b*x + c", NULL);
    qn_fit_saved *saved;
    qn_error err;
    write_fit(&t, &result, model);
    qn_model_unref(model);
    assert_int_equal(qn_fit_saved_read_bytes(&saved, t.bytes, t.size, "fit.json", NULL, &err), QN_DATA);
    assert_null(saved);
    assert_contains(err.message, "\"covariance\": ");
    assert_contains(err.message, "\"a\" and \"b\" cannot go together like that");
    assert_string_equal(err.file, "fit.json");
}

static void a_byte_order_mark_is_passed_over(void **state)
{
    static text good, marked, again;
    (void)state;
    qn_model *model = compile("y = a + b*x + c", NULL);
    write_fit(&good, &whole, model);
    edit(&marked, &good, "{", "\xEF\xBB\xBF{");
    qn_fit_saved *saved = read_fit(&marked);
    write_fit(&again, saved->result, saved->model);
    assert_string_equal(again.bytes, good.bytes);
    qn_fit_saved_free(saved);
    qn_model_unref(model);
}

/* What version 1 of the schema had at its beginning: no confidence, no columns. */
static void a_file_from_before_predictions_says_what_it_lacks(void **state)
{
    static const char old[] =
        "{\"schema\":\"quern.fit/1\",\"status\":\"converged\",\"message\":\"\",\"formula\":\"y = "
        "a*x\",\"method\":\"trf\","
        "\"n\":3,\"omitted\":0,\"parameters\":[{\"name\":\"a\",\"start\":1,\"value\":2,\"stderr\":1,\"ci_low\":0,"
        "\"ci_high\":4,\"at_bound\":false}],\"rss\":1,\"residual_sd\":1,\"dof\":2,\"evaluations\":3,\"iterations\":2,"
        "\"covariance\":[[1]],\"warnings\":[],\"cached\":false}";
    qn_fit_saved *saved;
    qn_error err;
    (void)state;
    assert_int_equal(qn_fit_saved_read_bytes(&saved, old, sizeof old - 1, "old.json", NULL, &err), QN_DATA);
    assert_contains(err.message, "\"response\" is missing: this is no fit that can be predicted from");
}

static void keys_that_are_not_known_are_passed_over_and_others_may_be_missing(void **state)
{
    static const char least[] =
        "{\"schema\":\"quern.fit/1\",\"tomorrow\":{\"x\":[1]},\"status\":\"converged\",\"formula\":\"y = a*x\","
        "\"n\":3,\"parameters\":[{\"name\":\"a\",\"value\":2}],\"residual_sd\":1,\"dof\":2,\"covariance\":[[0.5]],"
        "\"response\":\"y\",\"columns\":[{\"name\":\"y\"},{\"name\":\"x\"}],\"confidence\":0.95,\"weighted\":false,"
        "\"absolute_sigma\":false,\"sigma_column\":null}";
    qn_fit_saved *saved;
    qn_error err;
    (void)state;
    assert_ok(qn_fit_saved_read_bytes(&saved, least, sizeof least - 1, NULL, NULL, &err), &err);
    assert_true(isnan(saved->result->rss) && isnan(saved->result->parameters[0].stderr_));
    assert_null(saved->result->message);
    assert_int_equal(saved->result->warning_count, 0);
    text t;
    write_fit(&t, saved->result, saved->model); /* what is not there is null */
    assert_contains(t.bytes, "\"message\":null");
    qn_fit_saved_free(saved);
}

static void a_fit_of_a_function_is_written_and_not_read(void **state)
{
    static text t;
    qn_fit_saved *saved;
    qn_error err;
    (void)state;
    write_fit(&t, &whole, NULL);
    assert_contains(t.bytes, "\"formula\":null");
    assert_int_equal(qn_fit_saved_read_bytes(&saved, t.bytes, t.size, "f.json", NULL, &err), QN_DATA);
    assert_contains(err.message, "the fit of a function");
}

static qn_status break_pipe(void *user, const char *bytes, int64_t size, qn_error *err)
{
    (void)user;
    (void)bytes;
    (void)size;
    *err = qn_error_none();
    err->code = QN_IO;
    strcpy(err->message, "the pipe is broken");
    return QN_IO;
}

static void wrong_calls_and_failing_sinks_are_reported(void **state)
{
    qn_error err;
    text t = {.size = 0};
    (void)state;
    qn_model *model = compile("y = a + b*x", NULL);
    assert_int_equal(qn_fit_write_json(&whole, model, NULL, collect, &t, &err), QN_INVALID);
    assert_contains(err.message, "the formula has 2 parameters, the fit 3");
    assert_int_equal(t.size, 0);
    assert_int_equal(qn_fit_write_json(NULL, model, NULL, collect, &t, &err), QN_INVALID);
    qn_fit_json_options options = {.size = 1};
    assert_int_equal(qn_fit_write_json(&whole, NULL, &options, collect, &t, &err), QN_INVALID);
    assert_int_equal(qn_fit_write_json(&whole, NULL, NULL, break_pipe, NULL, &err), QN_IO);
    assert_string_equal(err.message, "the pipe is broken");
    qn_model_unref(model);
}

static void a_fit_is_saved_whole_or_not_at_all(void **state)
{
    char folder[] = "/tmp/quern-saved-XXXXXX", path[64];
    qn_error err;
    qn_fit_saved *saved;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/fit.json", folder);
    qn_model *model = compile("log(y) = a + b*x + c", NULL), *other = compile("y = a + b*x", NULL);
    assert_ok(qn_fit_save(path, &whole, model, NULL, NULL, &err), &err);
    assert_int_equal(qn_fit_save(path, &whole, other, NULL, NULL, &err), QN_INVALID); /* the file stays */
    assert_ok(qn_fit_saved_read(&saved, path, NULL, &err), &err);
    same_statistics(saved->result, &whole);
    qn_fit_saved_free(saved);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(qn_fit_saved_read(&saved, path, NULL, &err), QN_NO_INPUT);
    assert_null(saved);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(qn_fit_save(path, &whole, model, NULL, NULL, &err), QN_CREATE);
    qn_model_unref(model);
    qn_model_unref(other);
    qn_fit_saved_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),
        cmocka_unit_test(what_was_not_asked_for_is_null_and_comes_back_so),
        cmocka_unit_test(the_response_of_any_formula_is_found_again),
        cmocka_unit_test(the_model_s_own_warnings_are_not_doubled),
        cmocka_unit_test(a_file_that_is_no_fit_says_where),
        cmocka_unit_test(a_covariance_that_no_numbers_have_is_refused_with_the_file),
        cmocka_unit_test(a_byte_order_mark_is_passed_over),
        cmocka_unit_test(a_file_from_before_predictions_says_what_it_lacks),
        cmocka_unit_test(keys_that_are_not_known_are_passed_over_and_others_may_be_missing),
        cmocka_unit_test(a_fit_of_a_function_is_written_and_not_read),
        cmocka_unit_test(wrong_calls_and_failing_sinks_are_reported),
        cmocka_unit_test(a_fit_is_saved_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
