-- Daily closing prices, one row a ticker and day.
CREATE TABLE prices (
    ticker TEXT NOT NULL,
    day DATE NOT NULL,
    close DOUBLE PRECISION NOT NULL CHECK (close > 0),
    PRIMARY KEY (ticker, day)
);
