"""`salver warmup`: makes, converts, shows, records and replays warm-up files. Imported only when it is used."""
