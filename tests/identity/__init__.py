"""Identity as a whole: the conformance cases, against a model, under concurrency."""
