"""Tests of the launcher, as far as it needs no process."""
