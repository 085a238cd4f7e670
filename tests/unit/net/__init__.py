"""Tests of server.net on memory alone."""
