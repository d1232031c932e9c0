import type { CredentialDefect } from '../errors.ts';
import type { Family, Sample } from '../http/family.ts';
import { STATUS } from '../http/problem.ts';
import type { ConfigState } from '../http/server-view.ts';
import type { CloseReason, GapReason } from '../hub/activity.ts';
import type { Hub } from '../hub/hub.ts';
import type { Measures } from '../hub/measures.ts';
import type { Totals } from '../hub/tally.ts';
import type { Stored } from './keeping.ts';

/** Where the numbers come from. */
export interface MetricsParts {
  readonly version: string;
  readonly hub: Hub;
  readonly totals: Totals;
  readonly measures: Measures;
  /** Undefined without a durable store. */
  readonly stored: Stored | undefined;
  readonly maxClients: number;
  readonly config: ConfigState;
  /** Connections that were closed because no descriptor was left for them. */
  readonly dropped: number;
  /** Whether new clients and events are taken. */
  readonly isReady: boolean;
}

/** Everything that is counted, under the names by which dashboards and alerts know it. */
export function metricFamilies(parts: MetricsParts): Family[] {
  const { version, hub, totals, measures, maxClients, config, dropped, isReady } = parts;
  const { turnedAway, signs } = measures;
  return [
    gauge('sse_build_info', 'Always 1; which version this is.', [{ labels: { version }, value: 1 }]),
    gauge('sse_ready', 'Whether new clients and events are taken (1), as /readyz says.', Number(isReady)),
    gauge('sse_clients', 'Event streams that are open, by place.', by('place', hub.places)),
    gauge('sse_clients_limit', 'Most event streams at a time.', maxClients),
    counter(
      'sse_connections_total',
      'Requests for an event stream, by result.',
      by('result', { opened: totals.opened, ...turnedAway }),
    ),
    counter('sse_dropped_connections_total', 'Connections that were closed unheard, for want of file descriptors.', dropped),
    counter('sse_closes_total', 'Event streams that ended, by reason.', by('reason', { ...CLOSES, ...totals.closed })),
    counter('sse_vanished_total', 'Of the clients that left, those whose machine no longer answered.', totals.vanished),
    counter('sse_events_total', 'Events that entered the log.', hub.events),
    counter('sse_deliveries_total', 'Events that were written, once for each client.', measures.deliveries),
    counter('sse_sent_bytes_total', 'Bytes of event stream that were written.', measures.bytes),
    counter('sse_replayed_events_total', 'Deliveries of events that are older than the stream.', measures.replays),
    counter('sse_replay_waits_total', 'Times that a client had to wait for --replay-rate.', measures.holds),
    counter('sse_heartbeats_total', 'Comments that were sent as a sign of life.', signs.heartbeat),
    counter('sse_cursors_total', 'Positions that were sent to clients that events for others had passed by.', signs.cursor),
    histogram(
      'sse_publish_to_write_seconds',
      'Time from an event being safe in the log to its last write to a live client.',
      measures.publishToWrite,
    ),
    histogram('sse_flush_seconds', 'Time from a write to the kernel having all of it.', measures.flush),
    counter('sse_gaps_total', 'Times that a client was told of a gap, by reason.', by('reason', { ...GAPS, ...totals.gaps })),
    gauge('sse_history_events', 'Events that are kept in memory for replay.', hub.history.events),
    gauge('sse_history_bytes', 'Bytes that they take.', hub.history.bytes),
    ...storeFamilies(parts),
    counter('sse_refusals_total', 'Requests that were refused, by error code.', by('code', { ...CODES, ...totals.refused })),
    counter(
      'sse_auth_failures_total',
      'Credentials that were refused, by what is wrong with them.',
      by('defect', { ...DEFECTS, ...totals.badCredentials }),
    ),
    counter('sse_renewals_total', 'Credentials that were renewed while a stream was open.', totals.renewed),
    counter('sse_revocations_total', 'Times that somebody took credentials back.', totals.revoked),
    counter(
      'sse_config_reloads_total',
      'Times that the configuration was read anew, by what came of it.',
      by('result', totals.reloads),
    ),
    gauge(
      'sse_config_last_reload_successful',
      'Whether the last reload was applied (1) or refused (0).',
      Number(config.lastReloadSuccessful),
    ),
    gauge(
      'sse_config_last_success_timestamp_seconds',
      'When the configuration was last read and found good.',
      config.loadedAt / 1000,
    ),
    gauge(
      'sse_config_restart_pending',
      'Options whose values, as they were last read, wait for a restart.',
      config.needsRestart.length,
    ),
    counter('sse_failures_total', 'Things that went wrong in the server, each with a line in its log.', totals.failed),
  ];
}

function storeFamilies({ measures, stored }: MetricsParts): Family[] {
  if (!stored) return [];
  return [
    gauge('sse_store_events', 'Events that are kept on disk.', stored.events),
    gauge('sse_store_bytes', 'Bytes that they take, about.', stored.bytes),
    gauge('sse_store_writable', 'Whether the store can be written (1) or failed.', Number(stored.writable)),
    histogram('sse_store_append_seconds', 'Time from an append to its events being synced.', measures.append),
  ];
}

// A counter that appears with its first 1 shows no increase: every value a label can have is there from the start.
const CLOSES = {
  left: 0,
  complete: 0,
  shutdown: 0,
  slow: 0,
  kicked: 0,
  expired: 0,
  revoked: 0,
  'max-age': 0,
  refused: 0,
  error: 0,
} satisfies Record<CloseReason, number>;
const GAPS = { evicted: 0, epoch: 0, unknown: 0, corrupt: 0 } satisfies Record<GapReason, number>;
/** Those that can reach a client. */
const CODES = Object.fromEntries(Object.entries(STATUS).flatMap(([code, status]) => (status === 500 ? [] : [[code, 0]])));
const DEFECTS = {
  unknown: 0,
  malformed: 0,
  header: 0,
  type: 0,
  algorithm: 0,
  'unknown-key': 0,
  signature: 0,
  claims: 0,
  expired: 0,
  'not-yet-valid': 0,
  lifetime: 0,
  issuer: 0,
  audience: 0,
  revoked: 0,
  ticket: 0,
} satisfies Record<CredentialDefect, number>;

function by(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([value, number]) => ({ labels: { [label]: value }, value: number }));
}

function gauge(name: string, help: string, value: number | readonly Sample[]): Family {
  return { name, help, type: 'gauge', samples: typeof value === 'number' ? [{ value }] : value };
}

function counter(name: string, help: string, value: number | readonly Sample[]): Family {
  return { name, help, type: 'counter', samples: typeof value === 'number' ? [{ value }] : value };
}

function histogram(name: string, help: string, distribution: Measures['flush']): Family {
  return { name, help, type: 'histogram', distribution };
}
