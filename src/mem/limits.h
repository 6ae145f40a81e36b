/* mem/limits.h: sizes of this folder, each with its reason. */
#ifndef QNI_MEM_LIMITS_H
#define QNI_MEM_LIMITS_H

/* An arena's chunk, in bytes, where the caller names none: a compiled formula fits into one; sixteen pages are cheap to
 * hold. */
#define QNI_ARENA_CHUNK_SIZE (INT64_C(64) << 10)

/* Threads for which an object that keeps something a thread first makes room: more than most processes start. */
#define QNI_LOCALS_FIRST 16

/* Looks at a lock whose owner is inside before the processor is given away: some microseconds; the owner is inside for
 * nanoseconds, and longer only if it lost its processor. */
#define QNI_OWNER_SPINS 1000

/* Bytes of a pool's name, its end included: what a line of a log or a table has room for. */
#define QNI_POOL_NAME_SIZE 32
/* Bytes of the idle objects in a thread's magazine: what a second-level cache holds. */
#define QNI_POOL_MAGAZINE_SIZE (INT64_C(256) << 10)
/* Objects in a magazine at most: where one thread takes and another gives, exchanges of half as many hardly ever meet
 * at the depot's lock; their pointers are 2 KiB of the first-level cache. */
#define QNI_POOL_MAGAZINE_MAX 256
/* A magazine holds at most this part of a bounded pool: with few threads, most objects can be had without a search. */
#define QNI_POOL_MAGAZINE_SHARE 8
/* Objects that a caller may ask a magazine to hold: more are a pool of their own. */
#define QNI_POOL_MAGAZINE_ASKED_MAX 4096
/* Objects from this many bytes on are not kept by threads: the depot's lock is nothing beside touching them, and a
 * thread would hoard megabytes. */
#define QNI_POOL_LARGE (INT64_C(64) << 10)
/* Bytes of a slab where the caller names no number of objects: large enough for the allocator to be asked seldom, small
 * enough to become idle again. */
#define QNI_POOL_SLAB_SIZE (INT64_C(64) << 10)
/* Objects from this many bytes on have an odd number of cache lines: at most one line in 64 is lost. */
#define QNI_POOL_ODD_FROM 4096
/* Bytes at the beginning of an object that a checked pool fills and looks at: all of what most objects have, and few
 * enough for a debug build to stay usable with large ones. */
#define QNI_POOL_LOOKED_AT_MAX (INT64_C(64) << 10)
/* Bytes of a place in a program that a message shows. */
#define QNI_POOL_PLACE_SIZE 160

/* Bytes of a budget's name, its end included: a line of the table that shows them. */
#define QNI_BUDGET_NAME_SIZE 32
/* Budgets below one another, the process not counted: a request climbs them all; what people nest has four or five. */
#define QNI_BUDGET_DEPTH_MAX 16
/* Bytes that a budget counts at most: nobody has as many, and with the default allocator's, and with what else keeps a
 * budget, they still fit into an integer. */
#define QNI_BUDGET_COUNTED_MAX (INT64_MAX / 2)
/* Bytes of the sentence that says why a request was refused: it follows another in an error's message. */
#define QNI_BUDGET_SENTENCE_SIZE 320
/* Holders that the sentence names: who reads it looks at the largest. */
#define QNI_BUDGET_NAMED_MAX 3
/* Times that holders are asked to give back for one request: what they gave may be taken by another meanwhile, and then
 * another budget above has no room. */
#define QNI_BUDGET_PRESS_TRIES (QNI_BUDGET_DEPTH_MAX + 1)

/* A huge page (bytes): of x86-64, and of aarch64 with ordinary pages of 4 KiB. Where it is another size, asking for
 * them gains less. */
#define QNI_PAGES_HUGE_SIZE (INT64_C(2) << 20)

/* Looks at what is waited for before other threads are let run: some microseconds, in which a thread on another
 * processor has moved its next items. */
#define QNI_WAIT_LOOKS 200
/* Of these, looks without a pause: some tenths of a microsecond, in which an answer from another processor comes; a
 * pause would add to it. */
#define QNI_WAIT_LOOKS_CLOSE 50
/* Times that other threads are then let run before a thread sleeps: where processors are scarce, the one waited for has
 * had its turn. */
#define QNI_WAIT_YIELDS 10

/* The highest value that a histogram tells apart where none is named: 18 minutes of nanoseconds, in 18 KB. */
#define QNI_HISTOGRAM_HIGHEST ((INT64_C(1) << 40) - 1)

/* Sets of labels a metric's name where the registry says nothing: who looks at them sees no more, and a label that
 * holds what users type cannot fill the memory. */
#define QNI_METRICS_LABEL_SETS 128
/* Labels of a metric: people use two or three. */
#define QNI_METRICS_LABELS_MAX 8
/* Bytes of a name, and of a label's value, the end included: longer ones are data that went astray. */
#define QNI_METRICS_NAME_SIZE  128
#define QNI_METRICS_VALUE_SIZE 256
/* Metrics are kept in pages that double: the first holds this many, one cache line each ... */
#define QNI_METRICS_PAGE_FIRST 16
/* ... and with twelve there are 65,520: some hundred names, each with all its label sets, several times over. */
#define QNI_METRICS_PAGES 12
/* Bytes of a thread's first block of counts: the 31 of a small program, in four cache lines. */
#define QNI_METRICS_BLOCK_FIRST 256
/* Records to the shared places before memory is asked for again: asking may be slow where there is little. */
#define QNI_METRICS_RETRY 1024
/* Bytes of text that are gathered before a reading's sink is called. */
#define QNI_METRICS_PENDING_SIZE 4096

/* Blocks of a pool: three counts of them fit into one word beside a flag. In blocks of 16, 33 million tokens. */
#define QNI_BLOCKS_COUNT_MAX ((INT64_C(1) << 21) - 1)
/* Shares in a pool of blocks: as many as one block's word can count, its first holder beside them. */
#define QNI_BLOCKS_SHARES_MAX ((INT64_C(1) << 20) - 2)
/* Shards of a pool of blocks: bits of the word that says which have free blocks. Of 200 threads, one that the system
 * stops inside its shard keeps 3 others waiting. */
#define QNI_BLOCKS_SHARDS 64
/* Holders that the refusal to reconfigure names: who reads it looks at the largest. */
#define QNI_BLOCKS_NAMED_MAX 3
/* Owners that are looked at for that: whoever holds more than a ninth of the blocks is among them. */
#define QNI_BLOCKS_SUSPECTS 8

/* Bytes of a sentence of a result's notes, its zero included: some lines of a terminal. */
#define QNI_NOTE_SIZE 512

/* Keys of a conflating ring: its table names slots by 32 bits, and nobody waits for a thousand million. */
#define QNI_CONFLATE_CAPACITY_MAX (INT64_C(1) << 30)

#endif
