/* interop/fits.c: fits that another program asks for.
 *
 * Reads lines from stdin, a word and what belongs to it, and writes one line of JSON (with NaN and Infinity) for every
 * "solve":
 *   formula TEXT       columns NAMES        rows N, then N lines of numbers        covariance, then N lines of N
 *   start|lower|upper|fixed|scale NUMBERS   tie TEXT   sigma NAME   absolute   loss NAME SCALE   method NAME
 *   tolerance T        again (drops the options, keeps formula and rows)           solve
 * Numbers of parameters stand in the order in which the formula names them. Exit status: 0, 2 with wrong input. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quern/fit.h>

enum {
    MOST = 64,
    LINE = 1 << 16
};

typedef struct state {
    char formula[LINE], names[LINE], sigma[256], ties[MOST][256];
    const char *name[MOST], *tie[MOST];
    double *column[MOST], *covariance;
    double start[MOST], lower[MOST], upper[MOST], fixed[MOST], scale[MOST];
    int64_t columns, rows;
    qn_fit_options options;
} state;

static void wrong(const char *what)
{
    fprintf(stderr, "fits: %s\n", what);
    exit(2);
}

static void forget_options(state *s)
{
    free(s->covariance);
    s->covariance = NULL;
    qn_fit_options_init(&s->options, sizeof s->options);
}

static void read_numbers(const char *text, double *out, int64_t count)
{
    char *end;
    for (int64_t i = 0; i < count; i++, text = end) {
        out[i] = strtod(text, &end);
        if (end == text)
            wrong("a number is missing");
    }
}

/* For as many parameters as there are numbers. */
static const double *read_parameters(const char *text, double *out)
{
    char *end;
    for (int64_t i = 0; i < MOST; i++, text = end) {
        out[i] = strtod(text, &end);
        if (end == text)
            break;
    }
    return out;
}

static void read_columns(state *s, char *text)
{
    memcpy(s->names, text, strlen(text) + 1);
    s->columns = 0;
    for (char *word = strtok(s->names, " "); word != NULL; word = strtok(NULL, " ")) {
        if (s->columns == MOST)
            wrong("too many columns");
        s->name[s->columns++] = word;
    }
}

static char *next_line(char *line)
{
    if (fgets(line, LINE, stdin) == NULL)
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    return line;
}

static void read_rows(state *s, const char *text, char *line)
{
    double row[MOST];
    s->rows = strtoll(text, NULL, 10);
    for (int64_t c = 0; c < s->columns; c++) {
        free(s->column[c]);
        s->column[c] = malloc((size_t)(s->rows + 1) * sizeof(double));
        if (s->column[c] == NULL)
            wrong("no memory");
    }
    for (int64_t i = 0; i < s->rows; i++) {
        if (next_line(line) == NULL)
            wrong("rows are missing");
        read_numbers(line, row, s->columns);
        for (int64_t c = 0; c < s->columns; c++)
            s->column[c][i] = row[c];
    }
}

static void read_covariance(state *s, char *line)
{
    s->covariance = malloc((size_t)(s->rows * s->rows + 1) * sizeof(double));
    if (s->covariance == NULL)
        wrong("no memory");
    for (int64_t i = 0; i < s->rows; i++) {
        if (next_line(line) == NULL)
            wrong("rows of the covariance are missing");
        read_numbers(line, s->covariance + i * s->rows, s->rows);
    }
    s->options.covariance = s->covariance;
}

static void read_loss(state *s, const char *text)
{
    for (int i = QN_FIT_LOSS_LINEAR; i <= QN_FIT_LOSS_ARCTAN; i++) {
        size_t size = strlen(qn_fit_loss_name((qn_fit_loss)i));
        if (strncmp(text, qn_fit_loss_name((qn_fit_loss)i), size) == 0 && (text[size] == ' ' || text[size] == '\0')) {
            s->options.loss = (qn_fit_loss)i;
            s->options.loss_scale = text[size] == ' ' ? strtod(text + size, NULL) : 0;
            return;
        }
    }
    wrong("unknown loss");
}

static void read_method(state *s, const char *text)
{
    for (int i = QN_FIT_TRF; i <= QN_FIT_DOGBOX; i++)
        if (strcmp(text, qn_fit_method_name((qn_fit_method)i)) == 0) {
            s->options.method = (qn_fit_method)i;
            return;
        }
    wrong("unknown method");
}

static void print_numbers(const char *name, const double *values, int64_t count)
{
    printf(", \"%s\": [", name);
    for (int64_t i = 0; i < count; i++) {
        const char *special = values[i] != values[i] ? "NaN" : values[i] > 0 ? "Infinity" : "-Infinity";
        if (values[i] - values[i] == 0)
            printf("%s%.17g", i > 0 ? ", " : "", values[i]);
        else
            printf("%s%s", i > 0 ? ", " : "", special);
    }
    printf("]");
}

static void print_text(const char *name, const char *text)
{
    printf("\"%s\": \"", name);
    for (; *text != '\0'; text++)
        putchar(*text == '"' || *text == '\\' ? '\'' : *text);
    printf("\"");
}

static void print_result(const qn_fit_result *result)
{
    double value[MOST], error[MOST];
    const double sums[] = {result->rss, result->cost, result->residual_sd};
    printf("{");
    print_text("status", qn_fit_status_name(result->status));
    printf(", ");
    print_text("message", result->message);
    printf(", ");
    print_text("method", result->method);
    printf(", \"dof\": %" PRId64 ", \"evaluations\": %" PRId64, result->dof, result->evaluations);
    printf(", \"names\": [");
    for (int64_t j = 0; j < result->p; j++) {
        printf("%s\"%s\"", j > 0 ? ", " : "", result->parameters[j].name);
        value[j] = result->parameters[j].value;
        error[j] = result->parameters[j].stderr_;
    }
    printf("]");
    print_numbers("value", value, result->p);
    print_numbers("stderr", error, result->p);
    print_numbers("covariance", result->covariance, result->p * result->p);
    print_numbers("rss_cost_sd", sums, 3);
    printf("}\n");
}

static void solve(state *s)
{
    qn_error err;
    qn_model *model = NULL;
    qn_table *table = NULL;
    qn_fit_result *result = NULL;
    qn_model_options options;
    qn_model_options_init(&options, sizeof options);
    options.columns = s->name;
    options.column_count = s->columns;
    qn_status status = qn_model_new(&model, s->formula, -1, &options, &err);
    if (status == QN_OK)
        status = qn_table_from_f64(&table, s->name, (const double *const *)s->column, s->columns, s->rows, NULL, &err);
    if (status == QN_OK)
        status = qn_fit_table(&result, model, table, &s->options, &err);
    if (status == QN_OK) {
        print_result(result);
    } else {
        printf("{");
        print_text("error", err.message);
        printf("}\n");
    }
    fflush(stdout);
    qn_fit_result_free(result);
    qn_table_free(table);
    qn_model_unref(model);
}

static void read_option(state *s, const char *word, const char *rest)
{
    qn_fit_options *o = &s->options;
    if (strcmp(word, "start") == 0)
        o->start = read_parameters(rest, s->start);
    else if (strcmp(word, "lower") == 0)
        o->lower = read_parameters(rest, s->lower);
    else if (strcmp(word, "upper") == 0)
        o->upper = read_parameters(rest, s->upper);
    else if (strcmp(word, "fixed") == 0)
        o->fixed = read_parameters(rest, s->fixed);
    else if (strcmp(word, "scale") == 0)
        o->x_scale = read_parameters(rest, s->scale);
    else if (strcmp(word, "sigma") == 0) {
        snprintf(s->sigma, sizeof s->sigma, "%s", rest);
        o->sigma_column = s->sigma;
    } else if (strcmp(word, "absolute") == 0)
        o->absolute_sigma = true;
    else if (strcmp(word, "loss") == 0)
        read_loss(s, rest);
    else if (strcmp(word, "method") == 0)
        read_method(s, rest);
    else if (strcmp(word, "tolerance") == 0)
        o->ftol = o->xtol = o->gtol = strtod(rest, NULL);
    else if (strcmp(word, "tie") == 0 && o->tie_count < MOST) {
        snprintf(s->ties[o->tie_count], sizeof s->ties[0], "%s", rest);
        s->tie[o->tie_count] = s->ties[o->tie_count];
        o->tie_count++;
        o->ties = s->tie;
    } else
        wrong(word);
}

int main(void)
{
    static state s;
    static char line[LINE], rows[LINE];
    forget_options(&s);
    while (next_line(line) != NULL) {
        char *rest = strchr(line, ' ');
        if (rest != NULL)
            *rest++ = '\0';
        else
            rest = line + strlen(line);
        if (strcmp(line, "formula") == 0)
            memcpy(s.formula, rest, strlen(rest) + 1);
        else if (strcmp(line, "columns") == 0)
            read_columns(&s, rest);
        else if (strcmp(line, "rows") == 0)
            read_rows(&s, rest, rows);
        else if (strcmp(line, "covariance") == 0)
            read_covariance(&s, rows);
        else if (strcmp(line, "again") == 0)
            forget_options(&s);
        else if (strcmp(line, "solve") == 0)
            solve(&s);
        else
            read_option(&s, line, rest);
    }
    forget_options(&s);
    for (int64_t c = 0; c < MOST; c++)
        free(s.column[c]);
    return 0;
}
