"""The flow: what web/ and workers/ call. One step, one transaction, one short function."""
