-- Not known for the rows that are there.
ALTER TABLE prices ADD COLUMN volume BIGINT;
