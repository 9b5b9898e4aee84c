"""How fast asl is, against programs written by hand that do the same work: `python -m benchmarks`."""
