"""Proof by difference: the same query on the same events in annoscope and in ClickHouse's own engine."""
