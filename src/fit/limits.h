/* fit/limits.h: the limits and tunables of this folder, each with its reason. */
#ifndef QNI_FIT_LIMITS_H
#define QNI_FIT_LIMITS_H

/* Rows evaluated and factorised at a time: 256 doubles a column keep a panel of a dozen parameters in the first-level
 * cache, and the reflections' fixed costs small. Every panel but the last is full. */
#define QNI_FIT_PANEL 256

/* Panels between two questions whether to stop: 65,536 rows are about a millisecond of work. */
#define QNI_FIT_PANELS_BETWEEN_STOPS 256

/* More parameters than that are refused: their covariance alone would take 800 MB. */
#define QNI_FIT_PARAMETERS 10000

/* Ties that depend on ties that depend on ties: deeper than that is a mistake, and each takes some stack. */
#define QNI_FIT_TIE_DEPTH 100

/* With a loss, a row's curvature counts at least this share of its weight in the steps: it may be zero or negative far
 * out, where the sum is no longer convex. A smaller share would lose digits of the gradient in the factor (the residual
 * column is divided by its root), a larger one slows the last steps. */
#define QNI_FIT_LEAST_CURVATURE 1e-4

/* Differences: a change of the residuals is seen when it is this many roundings of them, which leaves five digits; a
 * step that is not seen is made so many times wider. */
#define QNI_FIT_SEEN  1e5
#define QNI_FIT_WIDER 1000.0

/* The covariance of a data covariance is a matrix of rows by rows: 20,000 rows would take 3.2 GB. */
#define QNI_FIT_COVARIANCE_ROWS 20000

/* Elements of a covariance of the data and their mirror images may differ by this much, relative: files round. */
#define QNI_FIT_ASYMMETRY 1e-6

/* More starting points than that are a mistake: each is a fit of its own. */
#define QNI_FIT_STARTS 1000000

/* Residuals larger or smaller than that at the start are scaled by a power of two, so that their squares neither over-
 * nor underflow. */
#define QNI_FIT_LARGE_RSS 1e200
#define QNI_FIT_SMALL_RSS 1e-200

/* The first radius in lengths of the scaled start (Moré 1978 recommends 0.1 to 100), and MINPACK's. */
#define QNI_FIT_FIRST_RADIUS    1.0
#define QNI_FIT_LM_FIRST_RADIUS 100.0

/* dogbox: Gauss-Newton steps longer than this many times the longest step in the region are damped to that. With 1e8
 * instead, NIST's sets take twice the evaluations and two of them fail. */
#define QNI_FIT_FAR 5.0

/* Steps from a start before residuals are kept to see how the way bends: most fits are done by then. */
#define QNI_FIT_PATIENCE 10

/* More rows than that are not kept: they would take 16 MB, twice. */
#define QNI_FIT_KEPT_ROWS (1 << 20)

/* A step may be bent by this share of its length (Transtrum and Sethna 2012 have 0.75 of twice that). */
#define QNI_FIT_BEND 0.75

/* Gauss-Newton steps that are mixed with the last one, and the factor by which mixing may change its length. */
#define QNI_FIT_MIXED 2
#define QNI_FIT_MIX   4.0

/* Steps of this share of a standard error or so need no further polishing: they are beyond what is ever printed. Where
 * the step at hand is short enough not to change standard errors, and the next one will be below that share if it
 * shrinks as the last one did, it is taken without a look. */
#define QNI_FIT_POLISHED 1e-12
#define QNI_FIT_NEAR     1e-9

/* A parameter has lost all influence when its column has fallen to this share of its largest norm, and all of the way
 * that it went changes the residuals by less than rounding does. */
#define QNI_FIT_FADED 1e-10

/* A trial point is taken when at least this share of the predicted reduction was had. */
#define QNI_FIT_TAKE 1e-4

/* Predicted reductions below this many roundings of the residual sum of squares cannot be seen in it: from there on the
 * gradient decides. */
#define QNI_FIT_FLAT 4.0

/* A parameter whose own step would go this many times (inverse) farther than the bound allows is put on the bound and
 * looked at there. */
#define QNI_FIT_SNAP 1e-4

/* The same before the fit is at rest: only where there is no doubt, so that it does not creep up to a bound for ever.
 */
#define QNI_FIT_WALL 1e-8

/* A shrunken region counts as converged when the reachable residuals are this much smaller than the rest (Bates and
 * Watts 1981 ask for 1e-3), or when all residuals are this many roundings. */
#define QNI_FIT_OFFSET    1e-4
#define QNI_FIT_ROUNDINGS 100.0

/* The same where the gradient is zero but for rounding: less than this share of the sum of squares may be promised
 * nearby. Where more than much of it is, residuals must be as few roundings as those of an exact fit. */
#define QNI_FIT_LITTLE        1e-3
#define QNI_FIT_MUCH          0.1
#define QNI_FIT_FEW_ROUNDINGS 10.0

/* The most that rounding is believed to raise the residuals, as a share of them: where terms cancel, it would explain
 * any rise. */
#define QNI_FIT_NOISE_SHARE 0.01

/* Rounding of this share of the data is not small beside them. */
#define QNI_FIT_DROWNED 1e-6

/* Data within so many roundings of the best constant are constant: summing alone leaves some. */
#define QNI_FIT_CONSTANT 16.0

/* A loss hardly looks at the data when half of the residuals are beyond so many of its scales: of those that grow on
 * with the residual; of those that level off. */
#define QNI_FIT_LOSS_FAR      1e3
#define QNI_FIT_LOSS_LEVELLED 30.0

/* The share of the way to a bound that a step may go at most (Branch, Coleman and Li 1999). */
#define QNI_FIT_THETA 0.995

/* How far a start on a bound is moved inside, relative to the bound (1 where the bound is smaller). */
#define QNI_FIT_INSIDE 1e-10

/* Share of a missing start's distance from the nearest bound, relative to the bound (1 where the bound is smaller). */
#define QNI_FIT_MISSING_INSIDE 0.1

/* The Jacobian counts as singular when its smallest singular value, columns scaled to length 1, is below this times the
 * parameters. */
#define QNI_FIT_RANK 1e-14

/* The same where derivatives are differences: what these make of columns that depend on each other, with room for
 * models somewhat more curved than usual. */
#define QNI_FIT_CENTRAL_BLUR 1e-9
#define QNI_FIT_FORWARD_BLUR 1e-7

/* A parameter is named as part of a singularity when its share of the direction is at least this. */
#define QNI_FIT_INVOLVED 0.05

/* A direction is sloppy when its singular value is this many times smaller than the largest. Below that, too, the
 * factor as it is gives the covariance to some ten digits. */
#define QNI_FIT_SLOPPY 1e6

/* Singular values are had by rotations up to so many parameters, which takes about a second; beyond, only the worst
 * direction is. */
#define QNI_FIT_SVD_PARAMETERS 200

/* Power iteration for the largest singular value: at most so many steps, or until it changes by less than this share.
 * It is a condition number: three digits are plenty. */
#define QNI_FIT_POWER_STEPS  100
#define QNI_FIT_POWER_CHANGE 1e-6

/* Shares of a singular direction below this are rounding: singular vectors are known to some roundings divided by the
 * gap to the next singular value. */
#define QNI_FIT_ESTIMABLE 1e-7

/* Where derivatives are blurred, so many times the blur. */
#define QNI_FIT_BLURRED 100.0

/* The same where damping took the place of singular values: its image of the direction is blurred by what lies near. */
#define QNI_FIT_DAMPED_SHARE 1e-3

/* A leverage this close to 1 leaves a row no residual of its own: what there is is rounding. */
#define QNI_FIT_NO_LEVER 1e-10

/* The chance that an ordinary sample has a row that is called an outlier, and that it draws a warning. */
#define QNI_FIT_OUTLIER_CHANCE 0.05
#define QNI_FIT_OUTLIER_WARNED 1e-3

/* Parameters named in a warning, and directions warned of one by one: more is no longer read. */
#define QNI_FIT_NAMED 6

/* Fewer degrees of freedom than that are warned of. */
#define QNI_FIT_FEW 2

/* Correlations beyond this are warned of: two parameters that are some hundred times easier to tell together than
 * apart. Ordinary exponentials and polynomials stay below. */
#define QNI_FIT_CORRELATED 0.9999

/* Rows from which on their order is judged; how unlikely the number of runs and how many deviations off Durbin and
 * Watson's statistic has to be, both at once: ordinary samples are warned of once in some thousand. */
#define QNI_FIT_ORDERED      20
#define QNI_FIT_ORDER_CHANCE 1e-3
#define QNI_FIT_ORDER_SHIFT  3.0

/* A profile's steps outwards grow at most by this; a side counts as open when it goes on for so many usual half-widths:
 * an interval that is wider says nothing. */
#define QNI_FIT_PROFILE_WIDEN 10.0
#define QNI_FIT_PROFILE_REACH 1e8

/* How exactly the end of a profile is found, relative to the half-width; false position takes 4 to 6 steps for it,
 * where the model ends and halving has to do, 25. */
#define QNI_FIT_PROFILE_CLOSE 1e-7
#define QNI_FIT_PROFILE_STEPS 60

/* The first step outwards should reach tau = t; beyond so many times of it, the others are fitted from another start,
 * too: the straight line that they began on may have led elsewhere. */
#define QNI_FIT_PROFILE_AMISS 1.5

/* A sum of squares below the fit's by this share of what the confidence allows is a lower minimum; less is what the fit
 * left to rounding and tolerances. */
#define QNI_FIT_PROFILE_LOWER 1e-3

/* Rows looked at to find a start: what a curve looks like can be seen in so many, however many there are. From twice as
 * many on, every so many rows are taken. */
#define QNI_FIT_SAMPLE 1024

/* Points tried where nothing suggests one: so many for each parameter that has to be searched, and one portion more; at
 * most some hundred, which are some milliseconds. */
#define QNI_FIT_POINTS     64
#define QNI_FIT_POINTS_MAX 512

/* Evaluations of a search, its short fits not counted: with very many parameters it is given up, not gone on with. */
#define QNI_FIT_SEARCH_EVALS 3000

/* Rows that these look at in all: functions have no sample, and of millions of rows even a hundred evaluations take
 * seconds. */
#define QNI_FIT_SEARCH_ROWS INT64_C(1000000000)

/* Rows times squared parameters of all factorisations of short fits: some ten seconds. Beyond, fewer points are fitted;
 * the best one always is. */
#define QNI_FIT_REFINE_WORK 2e10

/* Of these, the best are kept; from a few of them each parameter is moved over its box; all kept ones are fitted for so
 * many evaluations. Of estimates, the best few are fitted for longer, as nothing else follows if that converges. */
#define QNI_FIT_KEPT           10
#define QNI_FIT_SCANNED        6
#define QNI_FIT_SCAN_STEPS     24
#define QNI_FIT_ESTIMATES      4
#define QNI_FIT_REFINE_EVALS   60
#define QNI_FIT_ESTIMATE_EVALS 150

/* Two points are alike when each searched parameter differs by less than this share: they lead to the same place. */
#define QNI_FIT_ALIKE 0.25

/* Powers of ten up and down from the size that the data suggest; from a start that was given; from 1 where nothing is
 * known. */
#define QNI_FIT_SPREAD       2.5
#define QNI_FIT_GIVEN_SPREAD 1.0
#define QNI_FIT_BLIND_SPREAD 4.0

/* Bounds that lie closer than this many sizes say where to look; wider ones only what is forbidden. */
#define QNI_FIT_BOX 1000.0

/* Columns of linear parameters count as dependent when what is new in one is this small beside it. */
#define QNI_FIT_DEPENDENT 1e-12

/* The same where all is linear, and any solution better than none: what is new is then rounding. */
#define QNI_FIT_NOTHING_NEW 1e-14

/* Of several starts: quasi-random points of which the best is fitted; ends that agree to this count as one. */
#define QNI_FIT_DRAWS    8
#define QNI_FIT_SAME_END 1e-6

/* Frequencies of a periodogram, a quarter of a period over all x apart; its peaks that are tried. */
#define QNI_FIT_FREQUENCIES 2048
#define QNI_FIT_WAVES       6

/* A fitted value's variance below this many roundings of its terms has no correct digit. */
#define QNI_FIT_BAND_ROUNDINGS 8.0

/* What factorising a covariance scaled to a unit diagonal may leave below 0: files and other programs round. */
#define QNI_FIT_BAND_INDEFINITE 1e-6

/* Rows among which a sum of peaks is sought, and the doubles that it takes: rows, and an orthogonal column for each of
 * at most 16 parts and 5 powers of x. */
#define QNI_FIT_PEAK_ROWS  256
#define QNI_FIT_PEAK_NEW   1e-6 /* a place where less of a peak's square than this is new is taken */
#define QNI_FIT_PEAKS_WORK ((int64_t)26 * QNI_FIT_PEAK_ROWS)

/* NIST's files: the published ones have at most 9 parameters, 3 columns, 250 rows and models of 130 characters; these
 * leave room for files in the same form while a few bytes can never ask for much memory. */
#define QNI_NIST_FILE       (16 << 20) /* bytes */
#define QNI_NIST_FORMULA    4096       /* bytes */
#define QNI_NIST_PARAMETERS 64
#define QNI_NIST_COLUMNS    16
#define QNI_NIST_ROWS       1000000

#endif
