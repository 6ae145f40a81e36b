/* options/limits.h: the limits and tunables of this folder, each with its reason. */
#ifndef QNI_OPTIONS_LIMITS_H
#define QNI_OPTIONS_LIMITS_H

/* Options that a kernel takes at once: what its passes hand on, ten columns, stays in the first cache. */
#define QNI_OPTION_BLOCK 128

/* Lanes of the widest vectors: columns of a block are padded to a multiple, so kernels have no tails. */
#define QNI_OPTION_LANES 8

/* Surfaces. */
#define QNI_SURFACE_RATE_MOST       2.0 /* a year; beyond it is a rate in per cent */
#define QNI_SURFACE_WARNINGS        8   /* as many as surface.c can write */
#define QNI_SURFACE_SENTENCE        256 /* bytes of a warning or a reason, all of known length */
#define QNI_SURFACE_WAVE            2   /* expiries a thread between two questions whether to stop: some milliseconds */
#define QNI_SURFACE_BYTES_A_QUOTE   128 /* of results, so that an expiry is mostly one chunk of memory */
#define QNI_SURFACE_SCRATCH_A_QUOTE 512 /* of scratch, likewise */

/* A point that counts less beside the best one says nothing but where it lies; those of real chains count 1e-4. */
#define QNI_POINTS_WEIGHT_LEAST 1e-6

/* Lines through samples of which some are wrong. */
#define QNI_ROBUST_BIWEIGHT  4.685  /* 95 % efficient where errors are normal */
#define QNI_ROBUST_NORMAL    1.4826 /* standard deviations by the median of what is off, where errors are normal */
#define QNI_ROBUST_MOST      0.501  /* of the weight on one side: the median is there, however sums are rounded */
#define QNI_ROBUST_STEPS     50     /* of reweighting; some ten are taken */
#define QNI_ROBUST_FAR       10.0   /* steps of reweighting that one may be as long as */
#define QNI_ROBUST_CONVERGED 1e-13  /* relative change of a slope or a level */

/* Forwards, rates and yields by put-call parity. */
#define QNI_PARITY_LEAST              1e-30 /* strikes, and what spreads leave open: products of four stay numbers */
#define QNI_PARITY_MOST               1e30
#define QNI_PARITY_RATE_UNKNOWN       0.05  /* how far 0 may be from a rate that nobody knows */
#define QNI_PARITY_AMERICAN_PAIRS     12    /* nearest the forward, where the premium of early exercise is least */
#define QNI_PARITY_AMERICAN_STEPS     12    /* towards their forward; some six are taken */
#define QNI_PARITY_AMERICAN_CONVERGED 1e-6  /* relative; what the prices are accurate to */
#define QNI_PARITY_AMERICAN_FREE      2     /* steps after which pairs and spot stay as they are chosen */
#define QNI_RATES_WANDER              0.005 /* of the rate, where time grows by a factor of e: as money markets' do */
#define QNI_YIELD_WANDER              0.02  /* the same of a yield, in which single dividends come */
#define QNI_YIELD_WIDTH               0.2   /* of yields about 0: dividends, and what borrowing a share may cost */
#define QNI_SPOT_SHORT                0.1   /* years in which yields do little to a forward */
#define QNI_SPOT_ERROR                1e-3  /* of a spot that no short expiry checks: a minute's movement */
#define QNI_SPOT_EXPIRIES             4     /* short ones that are enough to see that a spot does not fit */
#define QNI_SPOT_SURE                 3.0   /* standard errors by which it has to be off */
#define QNI_SPOT_LEAST                1e-4  /* no spot is surer than half its spread */
#define QNI_SPOT_SAID                 5e-4  /* off by more, a person is told */
#define QNI_CARRY_STEPS               100   /* towards a growth where there are dividends; some ten are taken */
#define QNI_CARRY_CONVERGED           1e-14 /* change of the logarithm of what it grows by */
#define QNI_CARRY_MOST                20.0  /* logarithm of what anything may grow by */
#define QNI_RATES_OUTLIER             3.0   /* standard deviations from what the others say; beyond, it counts less */
#define QNI_RATES_ROUNDS              3     /* of finding such ones */
#define QNI_RATES_NEGATIVE            5.0   /* standard errors below 0 by which a rate is negative indeed */
#define QNI_RATES_LEAST               1e-8  /* error of a rate; quotes without a spread are not exact */
#define QNI_RATES_UNTOLD              0.02  /* an error of the rate as large as the rates themselves tells nothing */
#define QNI_PARITY_LEAST_SPREAD       1e-5  /* of the strike: less than a tick; a locked quote is not exact */
#define QNI_PARITY_SLOPE_PAIRS        4     /* with fewer a bad one cannot be told from the others */

/* American options are priced so many at a time: some vectors full of those that need more work, and small enough that
 * a dozen threads share ten thousand evenly. */
#define QNI_AMERICAN_PIECE 64

/* How finely an exercise boundary can be computed: the rungs, and the nodes of the last. */
#define QNI_AMERICAN_RUNGS 6
#define QNI_AMERICAN_ROWS  48
#define QNI_AMERICAN_HALF  80 /* terms of half the longest rule */

/* What is reached where nothing is asked for, relative to the strike: a hundredth of a cent at 100 and, on a grid, a
 * cent. */
#define QNI_AMERICAN_ACCURACY      1e-6
#define QNI_AMERICAN_CASH_ACCURACY 1e-4

/* sigma sqrt(T) below that changes no price by its last digit but next to the exercise boundary, and there by as
 * much. */
#define QNI_AMERICAN_CERTAIN 1e-8

/* The time to expiry in units of that in which an option next to its boundary is exercised: beyond, rungs may agree on
 * a price that is none (seen from 27000 on). */
#define QNI_AMERICAN_QUICKEST 2e4

/* |log(S / K)| counts at most as this. */
#define QNI_AMERICAN_FAR 600.0

/* Grids: nodes and steps of time of the first level, each further one having twice as many, and how many levels there
 * are: the last takes about a second. Nodes are counted for a grid of 2 QNI_AMERICAN_WIDE deviations and are more where
 * it is wider, but no more than the most. */
#define QNI_AMERICAN_GRID_NODES  40
#define QNI_AMERICAN_GRID_TIMES  12
#define QNI_AMERICAN_GRID_LEVELS 7
#define QNI_AMERICAN_GRID_MOST   20000

/* A grid is fine enough when the level before differs by so many times the accuracy; were the error of second order
 * alone, three would do without extrapolating, but nodes meet the boundary of exercise at random. */
#define QNI_AMERICAN_GRID_TRUST 1.5

/* A grid ends so many standard deviations beyond spot and strike: what is further out is worth 1e-10. */
#define QNI_AMERICAN_WIDE 6.5

/* Steps between two dividends, at least. */
#define QNI_AMERICAN_GRID_LEAST 8

/* Rounds in which exercise is settled at a step; two or three do. */
#define QNI_AMERICAN_GRID_ROUNDS 30

/* Differences for derivatives: sigma and time by this share, the rate by this much. The error falls with the square,
 * and second differences still have eight digits; on a grid, where the boundary goes from node to node, sigma needs
 * more. */
#define QNI_AMERICAN_STEP      2e-3
#define QNI_AMERICAN_GRID_STEP 5e-2
#define QNI_AMERICAN_RATE_STEP 1e-4

/* Implied volatilities: prices that differ by no more than this share of the accuracy are the same, those computed with
 * another rung or grid by the second; bounds that differ by no more than this are one; sigma sqrt(T) is sought between
 * the least and the most; rounds from which on every second one halves the bounds, and in all. What a price needs does
 * not change while sigma stays so near. The share less its dividends is at least so much of itself, for a first guess.
 */
#define QNI_AMERICAN_CLOSE           1e-3
#define QNI_AMERICAN_AGREED          0.1
#define QNI_AMERICAN_NEAR            0.15
#define QNI_AMERICAN_LEAST_SPOT      0.1
#define QNI_AMERICAN_NARROW          1e-10
#define QNI_AMERICAN_LEAST_DEVIATION 1e-7
#define QNI_AMERICAN_MOST_DEVIATION  30.0
#define QNI_AMERICAN_PATIENCE        6
#define QNI_AMERICAN_ROUNDS          200

/* A price that is so near the least there can be, relative to spot and strike, is that: it has been rounded. */
#define QNI_AMERICAN_ROUNDING 4.5e-16

/* A price is taken when that of the rung before differs by so many times the accuracy: mostly a rung divides the
 * error by some thirty, in the worst of cases by three. */
#define QNI_AMERICAN_TRUST 2.0

/* Premiums of early exercise: the rung of the ladder on which boundaries are, with its nodes, how many volatilities
 * they are solved for (with four, over a factor of ten in volatility, premiums are known to a thousandth; what
 * is beyond that span is searched for by itself), and what
 * they are used for: on that rung options of up to three years are within 1e-6 of their strike. A search begins at
 * volatilities that are too high by the premium; prices that differ by no more than this, relative to the strike or
 * to what does not matter, are the same; two or three rounds are taken. */
#define QNI_PREMIUM_RUNG        2
#define QNI_PREMIUM_ROWS        10
#define QNI_PREMIUM_NODES       4
#define QNI_PREMIUM_SPAN        10.0
#define QNI_PREMIUM_YEARS       3.0
#define QNI_PREMIUM_RATE        0.5
#define QNI_PREMIUM_BELOW       0.9
#define QNI_PREMIUM_TRUST       1e-5
#define QNI_PREMIUM_WIDEN       1.02
#define QNI_PREMIUM_CLOSE       1e-8
#define QNI_PREMIUM_CLOSE_SLACK 0.1
#define QNI_PREMIUM_ROUNDS      10
/* Premiums of sides are those of the middle's tangent where they bend by less than what is close: second derivatives by
 * the logarithm of the European option's price are hardly above this share of them, but where a power says so. */
#define QNI_PREMIUM_BEND 1.0
/* What of a price does not matter: of half its spread, and of the strike. */
#define QNI_PREMIUM_SLACK_SPREAD 0.01
#define QNI_PREMIUM_SLACK        5e-7

/* Smiles. */
#define QNI_SVI_STRIKES 5 /* usable ones, below which five parameters mean nothing */

/* Where curves are searched for arbitrage: nodes at (p - 1 / p) / 2 widths, p this ratio to the powers from -80 to
 * 80: to 3000 widths, beyond which they are lines to seven digits; and a golden section that narrows a place a
 * million times. */
#define QNI_SVI_RATIO  1.115
#define QNI_SVI_NODES  80
#define QNI_SVI_FAR    3000.0
#define QNI_SVI_GOLDEN 30

/* What counts as free of arbitrage leaves room for the rounding of g and of differences of two curves; a change that
 * makes it so is known to this share of the way. */
#define QNI_SVI_DENSITY  1e-6
#define QNI_SVI_GAP      1e-9
#define QNI_SVI_ROUNDING 1e-12
#define QNI_SVI_SHARE    1e-4

/* The box: slopes stay below Lee's 2; the least variance is a share of the least one quoted, for nothing is known
 * about lower ones; widths between what any quoted strikes could show and what no longer differs from a parabola
 * (deviation at the money; range of strikes). */
#define QNI_SVI_SLOPE       (2 - 1e-6)
#define QNI_SVI_LEAST_SHARE 0.01
#define QNI_SVI_NARROWEST   0.01
#define QNI_SVI_WIDEST      10

/* Quotes are not surer than this share of half a spread. */
#define QNI_SVI_SUREST 0.1

/* A standard error of the root of a slope that says nothing about it: they are below the root of 2. */
#define QNI_SVI_UNSURE 1e3
/* A slope that is this many standard errors from what the others tell is held, and that is said. */
#define QNI_SVI_APART 1.0

/* The solver ends long before a change could be seen in any quote; an expiry by itself, for a start and for what it
 * tells of its slopes, sooner. */
#define QNI_SVI_TOLERANCE         1e-9
#define QNI_SVI_EVALUATIONS       100
#define QNI_SVI_ROUGH             1e-4
#define QNI_SVI_ROUGH_EVALUATIONS 40
#define QNI_SVI_LAMBDA            1e-3  /* of the diagonal, added at first */
#define QNI_SVI_LAMBDA_MOST       1e12  /* where it is so many times itself, nothing is gained any more */
#define QNI_SVI_GAIN              1e-4  /* of what a step promises it has to keep */
#define QNI_SVI_PIVOT             1e-13 /* relative; less is rounding */

/* Penalties: nodes, odd in number, and the ratio of their powers (of the density p^2, to 70 widths of the curve; of
 * the next expiry p, to 1300 deviations at the money), the value they aim at so that what is left after them is on
 * the right side, and how many half spreads a violation counts: ten of every point for a density of -1, ten of one
 * for a half spread. */
#define QNI_SVI_DENSITY_ROWS   49
#define QNI_SVI_DENSITY_PADDED 56 /* a multiple of QNI_OPTION_LANES */
#define QNI_SVI_DENSITY_RATIO  1.11
#define QNI_SVI_DENSITY_AIM    5e-3
#define QNI_SVI_DENSITY_AGAIN  2.0 /* times what it was below 0 between nodes is aimed higher, once */
#define QNI_SVI_DENSITY_STEEP  10.0
#define QNI_SVI_BELIEF_ROWS    4 /* a value and a floor of both slopes */
#define QNI_SVI_GAP_ROWS       61
#define QNI_SVI_GAP_PADDED     64
#define QNI_SVI_GAP_RATIO      1.3
#define QNI_SVI_GAP_AIM        0.02
#define QNI_SVI_GAP_STEEP      10.0

/* Half spreads below this share of the volatility at the money are taken for no spreads at all. */
#define QNI_SVI_SPREAD_LEAST 1e-4

/* From a deviation at the money to the k of a delta: doublings that lead to any quoted strike, and steps to the
 * last bit. */
#define QNI_DELTA_WIDENINGS 60
#define QNI_DELTA_STEPS     200

/* A median error of more half spreads than this is a poor fit, and said to be. */
#define QNI_SVI_POOR 3.0

/* The calendar: NYSE's rules are followed from the first of these years on; 2100 is beyond every listed expiry. */
#define QNI_MARKET_FIRST_YEAR 1990
#define QNI_MARKET_LAST_YEAR  2100
/* Days from 1970 whose microseconds still fit into 64 bits; others are moved to the nearest of them. */
#define QNI_MARKET_DAY_MOST 100000000

/* Clocks of trading count from and to so many microseconds before and after 1970 at most, 73,000 years: sums of what
 * lies between still fit into 64 bits. */
#define QNI_CLOCK_US_MOST (INT64_MAX / 4)

/* The trading clock: sessions a year, as everybody has it. */
#define QNI_CLOCK_SESSIONS 252
/* The business clock: what an hour of each kind counts, 910 = 13 * 70. French and Roll ("Stock return variances: the
 * arrival of information and the reaction of traders", 1986) find an hour of trading to carry 13 times the variance of
 * an hour of a weekday's night and 70 times that of a weekend's; a holiday's is like a weekend's. So a night of 17.5
 * hours counts 0.207 of a session, a day of a weekend or a holiday 0.053. */
#define QNI_CLOCK_SESSION_HOUR 910
#define QNI_CLOCK_NIGHT_HOUR   70
#define QNI_CLOCK_WEEKEND_HOUR 13
#define QNI_CLOCK_HOLIDAY_HOUR 13
/* What a year counts so, on average over 2023 to 2078: two cycles of weekdays and leap years. */
#define QNI_CLOCK_BUSINESS_YEAR 1822508.0

/* Chains: quotes of one, as a file of 1 GiB can hold; bytes of a file, once inflated: the longest real one has 2 MB. */
#define QNI_CHAIN_QUOTES_MOST  (INT64_C(1) << 24)
#define QNI_CHAIN_BYTES_MOST   (INT64_C(1) << 30)
#define QNI_CHAIN_PARTS_MOST   512   /* chains of one file: two years of days; of more, by year or ticker */
#define QNI_CHAIN_CLOSE_S      57600 /* seconds from midnight to the close of a day without a session of its own */
#define QNI_CHAIN_WARNINGS     8     /* there are as many kinds */
#define QNI_CHAIN_SENTENCE     512   /* bytes of a warning: lists in it take half of them */
#define QNI_CHAIN_LINES_ABOVE  16    /* the header is looked for in; CBOE's tables have up to three before it */
#define QNI_CHAIN_HEADER_CELLS 1000  /* are looked at: the widest have forty */
#define QNI_CHAIN_NAMES_SHOWN  5     /* underlyings or days in a message */
/* Symbols have three digits of a strike, columns may have more. */
#define QNI_CHAIN_STRIKE_DIGITS 0.00051
#define QNI_CHAIN_JSON_TEXT     64    /* bytes of a symbol, a date or a type in JSON, and a zero */
#define QNI_CHAIN_MS_MOST       4e12  /* milliseconds since 1970 of a quote: the year 2096 */
#define QNI_CHAIN_DAYS_MOST     40000 /* to an expiry: a century */
/* Prices of the underlying in one file may differ by so much without a word: of a tick. */
#define QNI_CHAIN_SPOT_SPREAD 1e-4
/* Dividends, interest and borrowing a year below which a price may still be right; on shares that are hard to borrow
 * more is found, and then parity tells. */
#define QNI_CHAIN_STALE_RATE 0.2
/* How far the price of the underlying may be from that at which the options were quoted: in files that give both, up to
 * 1 % lie between it and what parity says. */
#define QNI_CHAIN_STALE_SPOT 0.02

#endif
