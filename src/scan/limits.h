/* scan/limits.h: the limits and tunables of this folder, each with its reason. */
#ifndef QNI_SCAN_LIMITS_H
#define QNI_SCAN_LIMITS_H

/* The driver. */
#define QNI_SCAN_SENTENCE  512    /* bytes of a reason, all of known length but for names, which are cut */
#define QNI_SCAN_REASONS   16     /* of a ticker: more than all steps together give */
#define QNI_SCAN_ARENA     4096   /* bytes a ticker begins with: a rejected one needs no more */
#define QNI_SCAN_STAGES    6      /* as many as QN_SCAN_STAGE_LIST has */
#define QNI_SCAN_TICKERS   100000 /* more than all that are listed */
#define QNI_SCAN_RATE_MOST 2.0    /* a year; beyond it is a rate in per cent */

/* Payoffs: a profit is a sum of at most nine terms, so that rounding leaves at most so many epsilon of their sizes. */
#define QNI_SCAN_PAYOFF_ROUNDING 8
/* Strikes: one further than this part of the implied move from the forward is not at the money; a straddle there would
 * be a bet on a direction, its delta beyond some 0.3. */
#define QNI_SCAN_NEAR_MOST 0.5
/* Calendars: break-evens are bisected until they are known to so much of themselves; powers of two by which an upper
 * end is looked for, and halvings, of which a root has fewer than 60. */
#define QNI_SCAN_BREAKEVEN_ERROR 1e-12
#define QNI_SCAN_BREAKEVEN_STEPS 200

/* The scorer. */
#define QNI_SCORE_LIQUIDITY_GOOD    0.8 /* steps of a fifth, as traders count them */
#define QNI_SCORE_LIQUIDITY_WARNING 0.6
#define QNI_SCORE_EDGE_FULL         0.1 /* of the risk: more expected profit than that is an error of the model */

/* The outlook. */
#define QNI_OUTLOOK_SPREAD       0.25 /* of log sigma among reports of a company: 420 of them say 0.22, below 0.35 */
#define QNI_OUTLOOK_NODES_A_SIDE 160  /* prices on either side of the forward */
#define QNI_OUTLOOK_REACH        6.0  /* deviations of the widest part of the mixture: 1e-9 of that part is beyond */
#define QNI_OUTLOOK_LEAST        1e-4 /* deviation of the widest part: below, a share does not move at all */
#define QNI_OUTLOOK_MOST         10.0 /* deviation of the widest part: beyond, prices say nothing any more */

/* Sizes. */
#define QNI_SIZE_ROUNDING 1e-12 /* relative: 5 % of 100000 is enough for ten that risk 500 each */
#define QNI_SIZE_MOST     1e9   /* contracts */

/* Kelly's fraction. */
#define QNI_KELLY_FAIR      4.0   /* rounding errors of a mean that is 0 */
#define QNI_KELLY_STEPS     200   /* some six are taken; halving alone takes 52 */
#define QNI_KELLY_CONVERGED 1e-15 /* relative step */

/* The archive. */
#define QNI_ARCHIVE_ROWS_MOST   (INT64_C(1) << 24) /* of a block: as many as a chain may have */
#define QNI_ARCHIVE_BYTES_MOST  (INT64_C(1) << 30) /* of a file: as of a chain */
#define QNI_ARCHIVE_CONNECTIONS 6                  /* at once; each has two descriptors while it writes */
#define QNI_ARCHIVE_COLUMNS     16                 /* of a table of what there is: more than any has */
#define QNI_ARCHIVE_LINES       16                 /* the header is looked for in: as in a chain */
#define QNI_ARCHIVE_TICKER_MOST 31                 /* bytes of a ticker: what qn_import has room for */
#define QNI_ARCHIVE_PAGE        "16384" /* bytes of a page of a new file: an expiry's block then has a few of them */

/* Past reactions. */
#define QNI_HISTORY_TRUST_EVENTS 4   /* as many again halve what is missing to full trust */
#define QNI_HISTORY_GROWTH       0.5 /* per cent a report from which moves are growing: the past says less then */
#define QNI_HISTORY_GROWTH_TRUST 0.7 /* what trust is left by that */

/* The event's move. */
#define QNI_EVENT_PAIRS \
    3 /* strikes with a good call and a good put that an expiry has at least: a forward and a line */
#define QNI_EVENT_REACH       8.0  /* straddles off the forward, six deviations: what is beyond moves no level by 1 % */
#define QNI_EVENT_NEAR        0.5  /* deviations from the forward that are near the money */
#define QNI_EVENT_NEAR_LEAST  4    /* strikes that are near the money in any case: two on either side */
#define QNI_EVENT_ERROR_LEAST 1e-6 /* relative: locked quotes are not exact */
#define QNI_EVENT_MISFIT      2.0  /* standard errors between expiries from which on a person is told */
#define QNI_EVENT_SWAMPED \
    0.29 /* 1 / sqrt(12): an error of that part of all variance says no more than that it lies between 0 and all */
#define QNI_EVENT_PAST_DAYS  63 /* a quarter of a year of daily moves */
#define QNI_EVENT_PAST_LEAST 21 /* a month: with fewer there is no volatility to speak of */
#define QNI_EVENT_PAST_ERROR \
    0.5 /* relative: what the variance of the weeks to come differs from that of the months past */

/* Liquidity. */
#define QNI_LIQUIDITY_NEAR 0.84 /* deviations from the forward within which deltas lie between 0.2 and 0.8 */

/* Prices, calendars, sectors. */
#define QNI_LISTING_COLUMNS    8    /* of one kind; prices have seven */
#define QNI_LISTING_PROBE      4096 /* bytes by which it is told how numbers are written: some fifty rows */
#define QNI_LISTING_BYTES_MOST (INT64_C(1) << 30) /* of a file, once inflated: 8 years of 5000 shares have 700 MB */
#define QNI_LISTING_WARNINGS   8                  /* there are as many kinds */
#define QNI_WIDE_CELLS         20000              /* of a row with a column for each ticker and price: 3000 tickers */
#define QNI_WIDE_HEADER        3                  /* lines: prices, tickers, and the one that names the days */
#define QNI_WIDE_PRICES        16                 /* of a ticker; there are six */
#define QNI_WIDE_TICKER        31                 /* bytes of its name: what is longer is none */
#define QNI_WIDE_DAY           64                 /* bytes of a date and a time */
#define QNI_CALENDAR_NEAR      14 /* days between two reports of one company: less, and one of them is wrong */

/* Peers and the bootstrap. */
#define QNI_PEERS_LEAST      2    /* others: one alone is a neighbour, no group */
#define QNI_BOOTSTRAP_TABLE  256  /* weights: what a byte of a random word picks */
#define QNI_BOOTSTRAP_LANES  8    /* bytes of a word */
#define QNI_BOOTSTRAP_NORMAL 1e12 /* degrees of freedom of what is the normal distribution */

/* What is usual for a share. */
#define QNI_USUAL_DAYS       20     /* that say it: a month */
#define QNI_USUAL_DAYS_LEAST 8      /* fewer say nothing */
#define QNI_USUAL_DEVIATION  1.4826 /* standard deviation by the median absolute move, where moves are normal */

/* Splits; split.c tells the rule. Sizes are factors, either way. */
#define QNI_SPLIT_LEAST       1.2  /* nothing smaller is looked at */
#define QNI_SPLIT_DEVIATIONS  5.0  /* of a day, within which a price fits a ratio */
#define QNI_SPLIT_OFF_LEAST   0.05 /* that part in any case */
#define QNI_SPLIT_OFF_MOST    0.15 /* and never more: ratios are some 15 % apart */
#define QNI_SPLIT_SMALL       1.3  /* below: 5 for 4, as rare as news that moves a share by as much is common */
#define QNI_SPLIT_SPUN_OFF    1.4  /* from here on a quiet day must have another reason than news */
#define QNI_SPLIT_LARGE       2.9  /* from 3 for 1 on: news hardly ever moves a large share by as much */
#define QNI_SPLIT_QUIETEST    1.5  /* times the usual: nine of ten days */
#define QNI_SPLIT_QUIET       2.5  /* 95 of 100 days */
#define QNI_SPLIT_BUSY        3.5  /* one of 100 days, three of four with large moves */
#define QNI_SPLIT_BUSIEST     5.0
#define QNI_SPLIT_CHAIN_LEAST 1.35 /* between a close and a chain that may be much later */
#define QNI_SPLIT_REACH_LEAST 0.1  /* part that a share may move from a close to a chain without a word */
#define QNI_SPLIT_STALE       10   /* sessions from which it is said that prices end early */

/* Timing of reports. Calibrated on 420 reports of 15 companies, 2018 to 2025: the median move is 2.7 deviations and 2.8
 * times the usual money on the day with the news, 0.9 and 1.7 times on the day before it. */
#define QNI_TIMING_KEPT             0.95 /* a report keeps the company's habit: they hardly ever change it */
#define QNI_TIMING_SILENT           0.1  /* news that is not seen in prices */
#define QNI_TIMING_NEWS_MOVE        3.0  /* deviations, scale of moves with news */
#define QNI_TIMING_NEWS_MONEY       0.85 /* logarithm of money over the usual, with news */
#define QNI_TIMING_NEWS_MONEY_SCALE 0.4
#define QNI_TIMING_MONEY_SCALE      0.3 /* the same without */
#define QNI_TIMING_ODDS             3.0 /* log likelihood ratio from which a habit is inferred: 20 to 1 */

#endif
