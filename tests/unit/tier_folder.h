/* unit/tier_folder.h: a disk tier in a folder of its own for each test, in memory where there is such a place. */
#ifndef QUERN_TEST_TIER_FOLDER_H
#define QUERN_TEST_TIER_FOLDER_H

#include "harness/cache_tier.h"
#include "harness/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ROOM = 64 << 20
};

static char root[64], folder[128]; /* of the program; of the test */
static qni_cache_time now;

static inline int make_root(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "%s/quern-tier-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    qni_cache_time_init(&now, NULL);
    return mkdtemp(root) == NULL ? -1 : 0;
}

static inline int remove_root(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

static inline int fresh_folder(void **state)
{
    static int folders;
    (void)state;
    (void)snprintf(folder, sizeof folder, "%s/%d", root, folders++);
    return 0;
}

static inline qni_disk_tier *open_tier(void)
{
    qni_disk_tier *tier;
    qn_error err;
    const qni_disk_options options = {.folder = folder, .bytes = ROOM, .time = &now};
    assert_ok(qni_disk_open(&tier, &options, &err), &err);
    return tier;
}

#endif
