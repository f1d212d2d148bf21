"""`salver ctl`: asks a running server, on its admin listener. Imported only when it is used."""
