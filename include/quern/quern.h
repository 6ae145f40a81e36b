/* quern/quern.h: all of Quern's public headers. */
#ifndef QUERN_QUERN_H
#define QUERN_QUERN_H

#include <quern/american.h>
#include <quern/arena.h>
#include <quern/array.h>
#include <quern/arrow.h>
#include <quern/base.h>
#include <quern/black.h>
#include <quern/blocks.h>
#include <quern/budget.h>
#include <quern/cache.h>
#include <quern/chain.h>
#include <quern/datum.h>
#include <quern/db.h>
#include <quern/dbpool.h>
#include <quern/digest.h>
#include <quern/fit.h>
#include <quern/log.h>
#include <quern/market.h>
#include <quern/metrics.h>
#include <quern/migrate.h>
#include <quern/model.h>
#include <quern/nist.h>
#include <quern/npy.h>
#include <quern/npz.h>
#include <quern/option.h>
#include <quern/plot.h>
#include <quern/pool.h>
#include <quern/predict.h>
#include <quern/ring.h>
#include <quern/ring_broadcast.h>
#include <quern/ring_conflate.h>
#include <quern/ring_mpmc.h>
#include <quern/ring_spsc.h>
#include <quern/seal.h>
#include <quern/smile.h>
#include <quern/table.h>
#include <quern/threads.h>
#include <quern/workspace.h>

#endif
