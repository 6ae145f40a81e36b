/* cli/command.h: the command between main and the verbs. */
#ifndef QNI_CLI_COMMAND_H
#define QNI_CLI_COMMAND_H

#include "base/stop.h"
#include "cli/configure.h"
#include "cli/memory.h"
#include "cli/options.h"
#include "cli/out.h"

/* What a verb works with. */
struct qni_run {
    qni_out *out;   /* standard output; the command flushes it and reports what could not be written */
    qni_stop *stop; /* polled by long work */
    /* True while the verb polls `stop`, or writes what must be whole. At any other time a signal ends the command at
     * once: there is nothing yet to be lost, and a read may wait for ever. Relaxed: it carries nothing but itself. */
    atomic_bool *patient;
    const qni_settings *settings;  /* what is configured; the getters of qni_args know it */
    const qni_memory *memory;      /* who holds what */
    const qn_allocator *allocator; /* the command's own, for what no other holder is named for */
    bool say_memory;               /* at the end, say who held what */
};

/* The allocator of what `holder` holds. */
const qn_allocator *qni_run_allocator(const qni_run *run, qni_holder holder);

/* Exit codes that are no status's. */
enum {
    QNI_EXIT_NO = 1,            /* done, but the answer is "no" */
    QNI_EXIT_NOBODY_READS = 141 /* as if SIGPIPE had ended the command: quietly */
};

/* Runs the command line and returns the exit code. `allocator`: where memory comes from; NULL: the system. */
int qni_command(int argc, char *const *argv, qni_stop *stop, atomic_bool *patient, const qn_allocator *allocator);

#endif
