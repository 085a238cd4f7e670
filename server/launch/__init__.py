"""Whole clusters on one machine: a store, nodes and HAProxy as processes that end with this one."""
