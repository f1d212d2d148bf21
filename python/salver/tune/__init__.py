"""`salver tune`: profiles a loaded model and says how to batch it. Imported only when it is used."""
