/* options/hours.h: when a whole session begins and ends, by a clock in New York. */
#ifndef QNI_OPTIONS_HOURS_H
#define QNI_OPTIONS_HOURS_H

/* Seconds since midnight. */
enum {
    QNI_OPEN_SECOND = 34200,  /* 09:30 */
    QNI_CLOSE_SECOND = 57600, /* 16:00 */
    QNI_DAY_SECONDS = 86400,
};

#endif
