"""`salver predict`: asks a model from the command line, with arrays from files. Imported only when it is used."""
