import { type Issue, SseError } from '../errors.ts';
import type { Client } from '../event/identity.ts';
import type { Activity, OptionChange } from '../hub/activity.ts';
import { activityLevel, BAD_ENDS, type Level, QUIET_REFUSALS } from './activity-levels.ts';
import { escapeText } from './escape.ts';
import type { Look } from './paint.ts';
import { counted, duration } from './words.ts';

/** An activity for a log: `msg` is always the same text for one kind, what differs is in the fields. */
export interface ActivityRecord {
  readonly level: Level;
  readonly msg: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An activity for a person; the text is plain and safe to show, of several lines only if a defect shows its stack. */
export interface ActivityLine {
  readonly look: Look;
  readonly text: string;
}

type Kind = Activity['kind'];
type Of<K extends Kind> = Extract<Activity, { readonly kind: K }>;
type Table = {
  readonly [K in Kind]: {
    record(activity: Of<K>): Omit<ActivityRecord, 'level'>;
    /** Nothing for what a person sees anyway or does not miss. */
    line(activity: Of<K>): ActivityLine | undefined;
  };
};

const LONG = 256;
/** Sentences of ours, in which options stand. */
const LONGEST = 1024;

const PROXY_SEEN =
  'a reverse proxy stands before this server, which does not expect one: publishing on this port and self-declared ' +
  'identities are off until the restart; start with --trust-proxy if the proxy is yours';

const OUT_OF_DESCRIPTORS =
  'all file descriptors for connections are taken: new ones are closed until there are some again; raise the limit (ulimit -n)';

/** One entry for each kind of activity; the compiler holds it complete. Never data of an event, never a credential. */
const TABLE: Table = {
  opened: {
    record: ({ client, clients }) => ({
      msg: 'stream opened',
      fields: { ...about(client), topics: client.topics.map((topic) => escapeText(topic)), clients },
    }),
    line: ({ client, clients }) => ({
      look: 'green',
      text: `+ ${who(client)} joined · ${counted(clients, 'client')}`,
    }),
  },
  closed: {
    record: ({ client, clients, reason, vanished, duration, events, bytes }) => ({
      msg: 'stream closed',
      fields: { ...about(client), reason, ...(vanished && { vanished }), duration, events, bytes, clients },
    }),
    line: ({ client, clients, reason, vanished, duration: ms }) => ({
      look: BAD_ENDS.has(reason) ? 'yellow' : 'gray',
      text: `- ${who(client)} left after ${duration(ms)} · ${counted(clients, 'client')}${vanished ? ' (vanished)' : reason === 'left' ? '' : ` (${reason})`}`,
    }),
  },
  renewed: {
    record: ({ client }) => ({ msg: 'stream renewed', fields: about(client) }),
    line: ({ client }) => ({ look: 'gray', text: `= ${who(client)} is known anew` }),
  },
  redacted: {
    record: ({ events, requestId }) => ({ msg: 'history deleted', fields: { events, ...from(requestId) } }),
    line: ({ events }) => ({ look: 'yellow', text: `! ${counted(events, 'event')} of the past deleted` }),
  },
  revoked: {
    record: ({ what, value, credentials, ended, requestId }) => ({
      msg: 'revoked',
      fields: { what, value: escapeText(value, LONG), credentials, ended, ...from(requestId) },
    }),
    line: ({ what, value, ended }) => ({
      look: 'yellow',
      text: `! revoked by ${what} ${escapeText(value, LONG)}: ${counted(ended, 'stream')} ended`,
    }),
  },
  broadcast: {
    record: ({ id, type, size, matched, source, requestId }) => ({
      msg: 'broadcast',
      fields: { id, type: escapeText(type), size, matched, source, ...from(requestId) },
    }),
    // The key that sent it has its own answer.
    line: ({ id, type, matched, source }) =>
      source === 'terminal'
        ? undefined
        : {
            look: 'cyan',
            text: `> ${escapeText(type)} to ${counted(matched, 'client')} · ${id} (${source})`,
          },
  },
  gap: {
    record: ({ client, reason, requested, missed }) => ({
      msg: 'gap',
      fields: { ...about(client), reason, requested: escapeText(requested, LONG), missed },
    }),
    line: ({ client, reason, missed }) => ({
      look: 'yellow',
      text: `~ ${who(client)} missed ${missed === null ? 'an unknown number of events' : counted(missed, 'event')} (${reason})`,
    }),
  },
  refused: {
    record: ({ code, reason, detail, method, path, ip, requestId }) => ({
      msg: 'refused',
      fields: {
        code,
        ...(reason !== undefined && { reason }),
        detail: escapeText(detail, LONG),
        method: escapeText(method),
        path: escapeText(path, LONG),
        ip: escapeText(ip),
        ...from(requestId),
      },
    }),
    line: ({ code, reason, detail, method, path, ip, requestId }) =>
      QUIET_REFUSALS.has(code)
        ? undefined
        : {
            look: 'yellow',
            text: `! refused ${escapeText(method, 16)} ${escapeText(path)} of ${escapeText(ip)}: ${escapeText(detail, LONG)} (${reason ?? code})${named(requestId)}`,
          },
  },
  'proxy-seen': {
    record: ({ sign }) => ({
      msg: PROXY_SEEN,
      fields: { sign: escapeText(sign) },
    }),
    line: ({ sign }) => ({
      look: 'red',
      text: `! ${PROXY_SEEN} (sign: ${escapeText(sign)})`,
    }),
  },
  reloaded: {
    record: ({ source, changed, needsRestart, renewed, ended, warnings }) => ({
      msg: 'configuration reloaded',
      fields: {
        source,
        changed: changed.map(changeOf),
        needsRestart: needsRestart.map(changeOf),
        renewed,
        ended,
        ...(warnings.length > 0 && { warnings: warnings.map((warning) => escapeText(warning, LONGEST)) }),
      },
    }),
    // The key that asked for it has its own answer.
    line: ({ source, ...outcome }) =>
      source === 'terminal'
        ? undefined
        : {
            look: outcome.needsRestart.length + outcome.warnings.length > 0 ? 'yellow' : 'gray',
            text: `= ${reloadLine(outcome)}`,
          },
  },
  'reload-refused': {
    record: ({ source, issues }) => ({
      msg: 'configuration refused, the old one stays',
      fields: { source, errors: issues.map(mistakeIn) },
    }),
    line: ({ source, issues }) =>
      source === 'terminal'
        ? undefined
        : { look: 'red', text: `! the configuration is refused, the old one stays: ${issues.map(mistakeIn).join('; ')}` },
  },
  descriptors: {
    record: ({ isShort, limit, dropped }) => ({
      msg: isShort ? OUT_OF_DESCRIPTORS : 'there are file descriptors again',
      fields: { limit, dropped },
    }),
    line: ({ isShort, limit, dropped }) => ({
      look: 'yellow',
      text: isShort
        ? `! ${OUT_OF_DESCRIPTORS} (limit: ${limit})`
        : `! there are file descriptors again; ${counted(dropped, 'connection')} closed meanwhile`,
    }),
  },
  recovered: {
    record: ({ what }) => ({ msg: escapeText(what, LONG), fields: {} }),
    line: ({ what }) => ({ look: 'green', text: `! ${escapeText(what, LONG)}` }),
  },
  failed: {
    record: ({ what, error, requestId }) => ({
      msg: escapeText(what, LONG),
      // As for a person: where a mistake was found in this program is nobody's concern.
      fields: { error: error instanceof SseError ? escapeText(error.message, LONG) : error, ...from(requestId) },
    }),
    line: ({ what, error, requestId }) => ({
      look: 'red',
      text: `! ${escapeText(what, LONG)}${named(requestId)}: ${causeOf(error)}`,
    }),
  },
};

/** What a log says of an activity; all untrusted text in it is escaped and bounded. */
export function activityRecord<K extends Kind>(activity: Of<K>): ActivityRecord {
  return { level: activityLevel(activity), ...TABLE[activity.kind as K].record(activity) };
}

/** What a person at the terminal is told of an activity, if anything. */
export function activityLine<K extends Kind>(activity: Of<K>): ActivityLine | undefined {
  return TABLE[activity.kind as K].line(activity);
}

/** What came of a reload, in one line. */
export function reloadLine({
  changed,
  needsRestart,
  ended,
  warnings,
}: Pick<Of<'reloaded'>, 'changed' | 'needsRestart' | 'ended' | 'warnings'>): string {
  const names = (changes: readonly OptionChange[]) => changes.map(({ name }) => name).join(', ');
  const parts = [changed.length > 0 ? `changed ${names(changed)}` : 'nothing has changed'];
  if (needsRestart.length > 0) parts.push(`a restart is needed for ${names(needsRestart)}`);
  if (ended > 0) parts.push(`${counted(ended, 'stream')} ended`);
  parts.push(...warnings.map((warning) => escapeText(warning, LONGEST)));
  return `configuration reloaded: ${parts.join(' · ')}`;
}

/** `cors: [] → ["https://a.example"]`, or the file that holds something else. */
function changeOf({ name, old, new: now, file }: OptionChange): string {
  const what = file === undefined ? `${JSON.stringify(old)} → ${JSON.stringify(now)}` : `${file} holds something else`;
  return escapeText(`${name}: ${what}`, LONG);
}

function mistakeIn({ pointer, detail }: Issue): string {
  return escapeText(pointer === '' ? detail : `${pointer}: ${detail}`, LONG);
}

/** A client in few words: its best name and profile; the address for who has no name. */
function who(client: Client): string {
  const name = client.name || client.login || client.id;
  const profile = client.profile === '' ? '' : ` (${escapeText(client.profile)})`;
  return name === '' ? `anonymous${profile} ${escapeText(client.client.ip)}` : `${escapeText(name)}${profile}`;
}

function about({ client, id, login, profile, authenticated }: Client): Record<string, unknown> {
  const known = { id, login, profile };
  const fields: Record<string, unknown> = { client: client.id, ip: escapeText(client.ip), authenticated };
  for (const [field, value] of Object.entries(known)) if (value !== '') fields[field] = escapeText(value);
  Object.assign(fields, from(client.requestId));
  return fields;
}

/** Whichever request it was, if any: what its answer carries, so that a line can be found by it. */
function from(requestId: string | undefined): Record<string, unknown> {
  return requestId === undefined ? {} : { requestId };
}

function named(requestId: string | undefined): string {
  return requestId === undefined ? '' : ` · ${requestId}`;
}

/** A mistake is its message; a defect of ours is its stack, since there may be nothing else to find it by. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return escapeText(String(error), LONG);
  if (error instanceof SseError || error.stack === undefined) return escapeText(error.message, LONG);
  return error.stack
    .split('\n', 12)
    .map((line) => escapeText(line, LONG))
    .join('\n');
}
