"""One module per benchmark; each defines ``BENCHMARK``."""
