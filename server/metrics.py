"""What a node tells Prometheus. Read from plain counters when scraped: counting costs the hot path nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import attrs
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from server.host import WorldHost
from server.node import Node
from shared_state.histogram import Histogram

Reader: TypeAlias = Callable[[WorldHost], float]

_GAUGES: list[tuple[str, str, Reader]] = [
    ("oarlock_sessions", "Players in the world on this node", lambda h: len(h.sessions)),
    ("oarlock_replica_version", "Version that the replica has reached", lambda h: h.world.replica.version),
    ("oarlock_entities", "Entities in the world", lambda h: len(h.world.replica.entities)),
    ("oarlock_versions_behind", "Versions missing at the last comparison", lambda h: h.world.follower.counts.behind),
    ("oarlock_replica_current", "1 while nothing is known to be missing", lambda h: h.world.follower.is_current),
    ("oarlock_commits_waiting", "Commands waiting for a commit", lambda h: h.world.committer.waiting),
]
_COUNTERS: list[tuple[str, str, Reader]] = [
    ("oarlock_commands_committed", "Transactions committed", lambda h: h.world.committer.counts.committed),
    ("oarlock_commands_rejected", "Commands that a rule refused", lambda h: h.world.committer.counts.rejected),
    ("oarlock_commands_busy", "Commands given up under contention or load", lambda h: h.world.committer.counts.busy),
    ("oarlock_conflicts", "Transactions run again after a conflict", lambda h: h.world.committer.counts.conflicts),
    ("oarlock_fences_refused", "Commits refused to fenced sessions", lambda h: h.world.committer.counts.fenced),
    ("oarlock_batches", "Commit calls", lambda h: h.world.committer.counts.batches),
    (
        "oarlock_commit_recoveries",
        "Times that this writer attached anew",
        lambda h: h.world.committer.counts.recoveries,
    ),
    ("oarlock_delta_gaps", "Gaps noticed in the delta stream", lambda h: h.world.follower.counts.gaps),
    ("oarlock_snapshots", "Snapshots loaded", lambda h: h.world.follower.counts.snapshots),
    ("oarlock_flushes", "Flushes", lambda h: h.fanout.counts.flushes),
    ("oarlock_frames", "Writes to clients", lambda h: h.fanout.counts.frames),
    ("oarlock_sent_bytes", "Bytes of state sent to clients", lambda h: h.fanout.counts.bytes),
    ("oarlock_held_back", "Updates not queued for slow clients", lambda h: h.fanout.counts.held_back),
    ("oarlock_caught_up", "Clients told in one go what they had missed", lambda h: h.fanout.counts.caught_up),
    ("oarlock_events_dropped", "Events that slow clients missed", lambda h: h.fanout.counts.events_dropped),
    ("oarlock_divergences", "Content checks that failed at clients", lambda h: h.counts.divergences),
    ("oarlock_client_errors", "Messages that were not understood or allowed", lambda h: h.counts.client_errors),
]
_HISTOGRAMS: list[tuple[str, str, Callable[[WorldHost], Histogram]]] = [
    ("oarlock_commit_seconds", "From sending a batch to its answer", lambda h: h.world.committer.counts.latency_s),
    ("oarlock_batch_transactions", "Transactions of a batch", lambda h: h.world.committer.counts.sizes),
    ("oarlock_flush_seconds", "Processor time of flushes", lambda h: h.flushing),
]


@attrs.define(eq=False)
class NodeCollector:
    """Collects one node's figures."""

    node: Node

    def collect(self) -> Iterable[Metric]:
        """All metrics, as of now."""
        node = self.node
        yield GaugeMetricFamily("oarlock_draining", "1 while the node sends its players away", float(node.draining))
        yield GaugeMetricFamily("oarlock_worlds", "Worlds open on this node", len(node.hosts))
        yield GaugeMetricFamily("oarlock_open_connections", "WebSocket connections", len(node.connections))
        yield CounterMetricFamily("oarlock_connections", "WebSocket connections ever", node.sessions_total)
        for name, text, read in _GAUGES:
            yield self._by_world(GaugeMetricFamily(name, text, labels=["world"]), read)
        for name, text, read in _COUNTERS:
            yield self._by_world(CounterMetricFamily(name, text, labels=["world"]), read)
        for name, text, histogram in _HISTOGRAMS:
            family = HistogramMetricFamily(name, text, labels=["world"])
            for host in node.hosts:
                family.add_metric([host.world.name], histogram(host).buckets(), histogram(host).total)
            yield family
        waits = node.lag.waits
        text = "How late the event loop comes back to a task that is due"
        yield HistogramMetricFamily("oarlock_event_loop_lag_seconds", text, waits.buckets(), waits.total)

    def _by_world(self, family: Metric, read: Reader) -> Metric:
        for host in self.node.hosts:
            family.add_metric([host.world.name], float(read(host)))  # type: ignore[attr-defined]
        return family


def render(node: Node) -> bytes:
    """The text that Prometheus scrapes."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(NodeCollector(node))
    return generate_latest(registry)
