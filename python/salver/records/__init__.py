"""Recorded requests in files: TFRecord, JSON and NPZ, and requests made up from signatures.

Whatever the file, what comes out is a serialized PredictionLog for each request, as request logs have them.
"""
