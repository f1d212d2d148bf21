"""`salver inspect`: what a model on disk is, told without the framework that runs it. Imported only when it is used."""
