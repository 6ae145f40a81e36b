/* lang/limits.h: every limit of the formula language, each with its reason. A formula beyond one is refused with
 * QN_LIMIT. */
#ifndef QNI_LANG_LIMITS_H
#define QNI_LANG_LIMITS_H

/* Bytes of a formula. Generated formulas reach some 100 KB; a larger text is a data file given by mistake, refused
 * unread. */
#define QNI_FORMULA_SIZE_MAX (1 << 20)

/* Parentheses, unary signs, right operands and calls inside each other, as the formula is spelled and in its normal
 * spelling, which is a formula as well. The parser recurses: 256 levels take some 64 KiB of stack, which small
 * threads have. */
#define QNI_FORMULA_DEPTH_MAX 256

/* Numbers, names and operations in a formula. Bounds the memory that compiling takes (some 300 bytes each). */
#define QNI_FORMULA_NODES_MAX (1 << 18)

/* Bytes of a name. Longer ones are no names that a person wrote. */
#define QNI_FORMULA_NAME_SIZE_MAX 256

/* Statements of a formula. Some tens are written by hand, some hundreds by programs; every use of a name asks whether
 * it is one of theirs. */
#define QNI_FORMULA_STATEMENTS_MAX 1000

/* Different names in a formula. A dense Jacobian with more columns is out of reach for the solvers, too. */
#define QNI_FORMULA_NAMES_MAX 10000

/* Calls of functions that keep state in a formula of a stream: each takes a column and a state for each symbol. */
#define QNI_HOIST_CALLS_MAX 256

/* Numbers, names and operations of all arguments of such calls, each with the intermediates that it needs: bounds the
 * time that taking a hostile formula apart may take, to about a second. */
#define QNI_HOIST_NODES_MAX (1 << 18)

/* Nodes of the kernel IR, value and derivatives together. Reverse mode adds a small multiple of the formula's own. */
#define QNI_IR_NODES_MAX (1 << 22)

/* Nodes times parameters up to which derivatives are made in forward mode, too, to see what is cheaper. Beyond it,
 * reverse mode nearly always is, and trying would make compiling slow. */
#define QNI_FORWARD_WORK_MAX 256

/* Products inside each other into which a minus sign is followed: as many as people write. Each one more doubles what a
 * sum over nested products may cost to compile. */
#define QNI_NEGATION_DEPTH_MAX 4

/* How many simple operations a function is worth when ways to differentiate are compared. */
#define QNI_FUNCTION_COST 10

/* Parameters of a formula that has second derivatives: some 5000 pairs, each an output. */
#define QNI_SECOND_PARAMETERS_MAX 100

/* Slots in which names and nodes are first looked up: what a formula by hand takes; the tables double. */
#define QNI_SYMBOL_SLOTS 64
#define QNI_IR_SLOTS     256

/* Slots looked at to find a node's equal. Beyond that the node is not shared: slower code, but never slow compiling. */
#define QNI_IR_PROBES_MAX 32

/* Doubles in a block: the cost of dispatching an operation is spread over 256 rows, while a dozen registers stay in the
 * first-level cache. Of 64, 128, 256 and 512 the fastest for formulas of two to twenty parameters (bench_model): 128
 * takes 2 to 10 % longer. */
#define QNI_BLOCK 256

/* Doubles in a block where one evaluation's results are more than the next number of bytes, about a second-level cache:
 * stores to memory and arithmetic take turns more often. For a million rows of two Gaussians and their six derivatives
 * 32, 64, 96, 128 and 256 take 8.0, 8.4, 7.4, 8.5 and 8.6 ns a row, for a decay 2.0, 2.5, 1.7, 1.8 and 1.9. */
#define QNI_BLOCK_UNCACHED 96
#define QNI_RESULTS_BYTES  (INT64_C(1) << 20)

/* Models with very many registers use smaller blocks, down to this one, so that all registers stay within the target
 * (bytes: a second-level cache). */
#define QNI_BLOCK_MIN       16
#define QNI_REGISTERS_BYTES (1 << 19)

/* How far an expression is read to see the shape of its curve: operations, each as often as it is used, and how deep
 * they stand inside each other. Curves with a name take some tens. */
#define QNI_TERMS_BUDGET 500
#define QNI_TERMS_DEPTH  48

/* Operations of a formula and its derivatives beyond which its shape is not looked for: parameters are solved for by
 * evaluating those without a column some tens of times for each of hundreds of guesses; so it stays below a second. */
#define QNI_SHAPE_NODES 10000

/* Products in such a sum: more are no shape that anybody has a name for, and the sums lie on the stack. */
#define QNI_TERMS_MAX 16

/* Bytes of a chunk of the memory in which a model is kept: small formulas fit one. */
#define QNI_MODEL_CHUNK_SIZE (INT64_C(4) << 10)

/* Warnings kept of a model. More than a person reads. */
#define QNI_WARNINGS_MAX 32

/* Pairs of parameter and column compared for likeness; beyond that only the first columns are looked at. Some 30 ms. */
#define QNI_LIKENESS_PAIRS_MAX (1 << 22)

#endif
