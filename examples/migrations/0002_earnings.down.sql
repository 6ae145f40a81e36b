DROP VIEW last_close;
DROP TABLE earnings;
