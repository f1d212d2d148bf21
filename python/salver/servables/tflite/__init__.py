"""TFLite models, run by the interpreter of the package `ai-edge-litert`.

A version directory holds `model.tflite`. A model has as many interpreters as requests may run in it at the same time;
each is used by one thread at a time and runs in that thread, without the interpreter lock of Python.
"""
