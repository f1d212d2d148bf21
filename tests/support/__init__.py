"""What end-to-end tests and benchmarks share: a server process, a wire codec of their own, load, raw HTTP/2."""
