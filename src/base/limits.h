/* base/limits.h: limits and tunables of this folder, each with its reason. */
#ifndef QNI_BASE_LIMITS_H
#define QNI_BASE_LIMITS_H

/* Bytes of a huge page on x86-64 and, as a rule, on aarch64; and of blocks that are worth some: the last one of a block
 * may be half empty, a quarter of the block at most. */
#define QNI_ALLOC_HUGE_PAGE (INT64_C(2) << 20)
#define QNI_ALLOC_HUGE_FROM (INT64_C(8) << 20)

/* Bytes of one log line, its end included: one write of up to PIPE_BUF (4096) bytes is never mixed with another's, and
 * a sentence for a person is shorter. */
#define QNI_LOG_LINE_SIZE 1024

/* Bytes gathered before an output file is written to: few enough calls, and it fits the first-level cache twice. */
#define QNI_FILE_BUFFER_SIZE (INT64_C(16) << 10)
/* Bytes of the first read of an input whose size is not known, such as a pipe: what a pipe holds. */
#define QNI_FILE_FIRST_READ (INT64_C(64) << 10)
/* Names tried for a temporary file before giving up: two of 64 random bits never meet unless something is badly wrong.
 */
#define QNI_FILE_NAME_TRIES 16

/* Threads of one pool: more than any machine of today has processors, and small enough for a mistyped number to be
 * noticed. */
#define QNI_THREADS_MAX 1024
/* Tasks are claimed in handfuls when there are many: a thread comes back to the shared counter about this often in a
 * run ... */
#define QNI_THREADS_CLAIMS_PER_THREAD 64
/* ... but never takes more than this at once, so that the last ones end together. */
#define QNI_THREADS_CLAIM_MAX 256

/* Threads that have a number of their own at once (a multiple of 64): as many as a pool may have; what is kept a thread
 * is shared by those beyond. */
#define QNI_THREAD_NUMBERS 1024
/* Looks at a held lock before the system is asked to wait: about a microsecond, some hundred times what a lock is held
 * for. */
#define QNI_LOCK_SPINS 100
/* Nanoseconds of a sleep from which, for want of a heavy fence, nobody may be able to wake the thread: short for a
 * person, long for a processor. */
#define QNI_BLIND_SLEEP_NS 1000000

/* A progress line appears after half a second (quicker work needs none) and is drawn ten times a second (the eye sees
 * no more). */
#define QNI_PROGRESS_FIRST_NS  INT64_C(500000000)
#define QNI_PROGRESS_PERIOD_NS INT64_C(100000000)
/* Widest progress line in columns: narrow enough for a terminal that shrinks meanwhile. */
#define QNI_PROGRESS_COLUMNS_MAX 79

/* Bytes of a name that qni_nearest looks at: nobody mistypes a longer one and expects to be understood. */
#define QNI_NEAREST_NAME 64

/* Steps of qni_nearest, about 0.1 s: a table may have a million columns. */
#define QNI_NEAREST_WORK 50000000

/* Bytes of one item of a map of columns, and of a list of names in a message, which is cut there. */
#define QNI_HEADING_ITEM 256
#define QNI_HEADING_LIST 256
/* Bytes that are shown of what is no table: a provider's complaint begins with what it is. */
#define QNI_HEADING_SHOWN 120

/* Objects and arrays of JSON in one another: reading and writing recurse, and nothing that people write comes near. */
#define QNI_JSON_DEPTH_MAX 128
/* Bytes of a JSON text that is read: the tree takes some ten times as many. */
#define QNI_JSON_SIZE_MAX (INT64_C(256) << 20)
/* Bytes that a JSON writer gathers before it calls its sink: few calls, small enough for a stack. */
#define QNI_JSON_PENDING_SIZE 1024

/* Bytes of a configuration file: what people write has a few hundred; one that is larger is another file, given by
 * mistake. */
#define QNI_CONFIG_SIZE_MAX (INT64_C(64) << 10)
/* Keys, and tables, of a configuration file: each is compared with those before it, and there are not nearly as many
 * options. */
#define QNI_CONFIG_ENTRIES_MAX 1024

/* Bytes of a secret: a password or key has some dozens, a certificate with its key some thousands; more is another
 * file, given by mistake. */
#define QNI_SECRET_SIZE_MAX (INT64_C(64) << 10)
/* Bytes of a reference to a secret: those of the longest path; and words of a command in one. */
#define QNI_SECRET_REFERENCE_MAX 4096
#define QNI_SECRET_WORDS_MAX     64
/* Milliseconds that a program has to write a secret: enough for one that asks a server, and for a person to notice that
 * it waits for an answer nobody gives. */
#define QNI_SECRET_TIMEOUT_MS 10000
/* Bytes of a path or a program's name that a message about a secret shows, up to twice in one. */
#define QNI_SECRET_ECHO_SIZE 150
/* Bytes of a page: what is kept out of swap and core dumps is whole pages, which nothing else may share. */
#define QNI_SECRET_PAGE 4096

/* Nanoseconds between two looks at a folder's lock: who holds it is done after some milliseconds. */
#define QNI_FOLDER_PAUSE_NS 2000000

/* No option struct will ever be larger (bytes); what claims to be is uninitialised memory. */
#define QNI_OPTIONS_SIZE_MAX 4096

#endif
