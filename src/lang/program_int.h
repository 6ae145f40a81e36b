/* lang/program_int.h: what runs: bytecode made from some nodes of the IR, and the frame in which it runs.
 *
 * An operand is a number of a place. Places, in this order:
 *   columns    (column_count)    the caller's data, read where they are
 *   outputs    (output_count)    the caller's results, written where they go
 *   scalars    (scalar_count)    one double each: numbers, parameters, and what depends on nothing else
 *   registers  (register_count)  block_size doubles each
 * A program is immutable; a frame belongs to one thread. */
#ifndef QNI_LANG_PROGRAM_INT_H
#define QNI_LANG_PROGRAM_INT_H

#include <quern/arena.h>

#include "lang/ir_int.h"

typedef struct qni_instruction {
    qni_kernel *run;
    int32_t d, a, b, c; /* places; operands that the kernel has not are 0 */
} qni_instruction;

typedef struct qni_program {
    int64_t column_count, output_count, scalar_count, register_count;
    int64_t block_size;    /* rows that one pass of the instructions computes */
    const double *numbers; /* (number_count) the first scalars */
    int64_t number_count;
    const int32_t *parameters; /* (parameter_count) which parameter each of the next scalars is */
    int64_t parameter_count;
    const qni_instruction *uniform; /* (uniform_count) run once an evaluation, on single doubles */
    int64_t uniform_count;
    const qni_instruction *varying; /* (varying_count) run once a block */
    int64_t varying_count;
    const int32_t *columns_read; /* (columns_read_count) columns that the instructions read */
    int64_t columns_read_count;
} qni_program;

/* Compiles the nodes `roots` (root_count): the outputs, computed by `kernels`. The program lies in `arena`. Errors:
 * QN_NOMEM. */
QN_MUST_USE qn_status qni_program_compile(qni_program *out, const qni_kernels *kernels, const qni_ir *ir,
                                          const int32_t *roots, int64_t root_count, int64_t column_count,
                                          qn_arena *arena, const qn_allocator *allocator, qn_error *err);

/* Where a program runs: the address of each place. */
typedef struct qni_frame {
    double **places; /* (places of the program) */
    double *scalars; /* (scalar_count) */
} qni_frame;

int64_t qni_program_place_count(const qni_program *program);
int64_t qni_program_register_doubles(const qni_program *program);

/* Sets up a frame: `places`, `scalars` as above, `registers` (register doubles), which frames may share as they do not
 * run at once. */
void qni_frame_init(qni_frame *frame, const qni_program *program, double **places, double *scalars, double *registers);

/* Runs the program for rows first … first + count - 1.
 *   columns (column_count), parameters: as in qn_model_eval
 *   spare   (block_size) where output 0 goes if `value` is NULL
 *   value   (count) output 0; may be NULL
 *   others  (output_count - 1, count) output k at [(k - 1) * stride] */
void qni_frame_run(qni_frame *frame, const qni_program *program, const double *const *columns, int64_t first,
                   int64_t count, const double *parameters, double *spare, double *value, double *others,
                   int64_t stride);

#endif
