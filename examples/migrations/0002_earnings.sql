-- When companies report, and the last session before they do.
CREATE TABLE earnings (
    ticker TEXT NOT NULL,
    day DATE NOT NULL,
    before_open BOOLEAN NOT NULL,
    PRIMARY KEY (ticker, day)
);
CREATE VIEW last_close AS
    SELECT e.ticker, e.day AS reports, max(p.day) AS day
    FROM earnings e JOIN prices p ON p.ticker = e.ticker AND p.day < e.day
    GROUP BY e.ticker, e.day;
