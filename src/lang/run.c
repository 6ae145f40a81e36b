/* lang/run.c: the block interpreter: one pass of a program's instructions a block of rows. Allocates nothing. */
#include "lang/program_int.h"

#include <string.h>

#include "lang/limits.h"

int64_t qni_program_place_count(const qni_program *program)
{
    return program->column_count + program->output_count + program->scalar_count + program->register_count;
}

int64_t qni_program_register_doubles(const qni_program *program)
{
    return program->register_count * program->block_size;
}

void qni_frame_init(qni_frame *frame, const qni_program *program, double **places, double *scalars, double *registers)
{
    *frame = (qni_frame){.places = places, .scalars = scalars};
    double **place = places;
    for (int64_t i = 0; i < program->column_count + program->output_count; i++)
        *place++ = NULL;
    for (int64_t i = 0; i < program->scalar_count; i++)
        *place++ = scalars + i;
    for (int64_t i = 0; i < program->register_count; i++)
        *place++ = registers + i * program->block_size;
    if (program->number_count > 0)
        memcpy(scalars, program->numbers, (size_t)program->number_count * sizeof *scalars);
}

/* A place has one type; no instruction writes to a column. */
static double *read_only(const double *data)
{
    union {
        const double *in;
        double *out;
    } place = {.in = data};
    return place.out;
}

static void run(const qni_instruction *instructions, int64_t count, double *const *places, int64_t n)
{
    for (const qni_instruction *i = instructions, *end = instructions + count; i < end; i++)
        i->run(places[i->d], places[i->a], places[i->b], places[i->c], n);
}

/* Rows a block: fewer where the results are more than the caches hold, so that stores to memory and arithmetic take
 * turns more often. */
static int64_t block_of(const qni_program *program, int64_t count)
{
    bool cached = count <= QNI_RESULTS_BYTES / (int64_t)sizeof(double) / program->output_count;
    return cached || program->block_size < QNI_BLOCK_UNCACHED ? program->block_size : QNI_BLOCK_UNCACHED;
}

void qni_frame_run(qni_frame *frame, const qni_program *program, const double *const *columns, int64_t first,
                   int64_t count, const double *parameters, double *spare, double *value, double *others,
                   int64_t stride)
{
    double **places = frame->places, **outputs = places + program->column_count;
    for (int64_t i = 0; i < program->parameter_count; i++)
        frame->scalars[program->number_count + i] = parameters[program->parameters[i]];
    run(program->uniform, program->uniform_count, places, 1);
    int64_t block = block_of(program, count);
    for (int64_t done = 0; done < count;) {
        int64_t n = count - done < block ? count - done : block;
        for (int64_t i = 0; i < program->columns_read_count; i++) {
            int32_t column = program->columns_read[i];
            places[column] = read_only(columns[column] + first + done);
        }
        outputs[0] = value != NULL ? value + done : spare;
        for (int64_t k = 1; k < program->output_count; k++)
            outputs[k] = others + (k - 1) * stride + done;
        run(program->varying, program->varying_count, places, n);
        done += n;
    }
}
