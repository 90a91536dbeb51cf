"""The six questions of a readiness review, one theme a module, and the other three barriers.

One rule keeps it simple: what a scan cannot answer is printed as such (domain model 7, 8). Imports
go one way: `answer`, `values`; the themes; `census`, which counts for all of them; `barriers` and
`review`, which are what callers ask.
"""
