import { SseError } from '../errors.ts';
import { typeProblem } from '../event/draft.ts';
import { compileFilter } from '../event/filter.ts';
import { ANY_SIZE } from '../event/sizes.ts';
import { LOG_LEVELS, type LogLevel } from '../log-levels.ts';
import { type AdminListen, adminListen, hostProblem, nameProblem, originProblem, proxyProblem } from './addresses.ts';
import { duration, durationOrOff, size, sizeOrOff, TIMER_LIMIT } from './amounts.ts';
import { CREDENTIAL_OPTIONS, type CredentialOptions } from './credential-options.ts';
import { LONGEST, type Option, option } from './option.ts';
import { pathProblem, type StaticMount, staticMount } from './paths.ts';
import { SIZE_OPTIONS, type SizeOptions } from './size-options.ts';
import { choice, countOrOff, integer, list, optional, path, text } from './values.ts';

/** Every option, parsed: durations in ms, sizes in bytes, undefined where nothing is set. What each means stands in the table below. */
export interface Options extends CredentialOptions, SizeOptions {
  readonly host: string | undefined;
  readonly port: number;
  readonly static: readonly StaticMount[];
  readonly staticMaxAge: number;
  readonly ssePath: readonly string[];
  readonly cors: readonly string[];
  readonly event: string;
  readonly data: string;
  readonly keyFilter: string;
  readonly tick: number;
  readonly adminListen: AdminListen | undefined;
  readonly adminHost: readonly string[];
  readonly adminTokenFile: string | undefined;
  readonly bodyLimit: number;
  readonly trustProxy: readonly string[];
  readonly historyEvents: number;
  readonly historyAge: number;
  readonly historyBytes: number;
  readonly onGap: 'oldest' | 'latest';
  readonly store: string | undefined;
  readonly storeEvents: number;
  readonly storeAge: number;
  readonly storeBytes: number;
  readonly retry: number;
  readonly heartbeat: number;
  readonly stallTime: number;
  /** 0 is off. */
  readonly maxAge: number;
  readonly drainTime: number;
  readonly maxClients: number;
  /** 0 is off, here and below. */
  readonly maxClientsPerAddress: number;
  readonly maxClientsPerIdentity: number;
  readonly connectRate: number;
  readonly publishRate: number;
  readonly replayRate: number;
  readonly readyFile: string | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: 'auto' | 'json' | 'pretty';
}

export type OptionName = keyof Options;

/** The options before the rules that look at several of them. */
export type Decoded = Omit<Options, 'maxAge'> & {
  readonly maxAge: number | undefined;
};

type Duration =
  | 'staticMaxAge'
  | 'expiryNotice'
  | 'jwtMaxLifetime'
  | 'historyAge'
  | 'storeAge'
  | 'retry'
  | 'heartbeat'
  | 'stallTime'
  | 'maxAge'
  | 'drainTime'
  | 'tick';
type Size = 'bodyLimit' | 'headerLimit' | 'urlLimit' | 'filterLimit' | 'historyBytes' | 'storeBytes' | 'replayRate';
type CountOrOff = 'maxClientsPerAddress' | 'maxClientsPerIdentity' | 'connectRate' | 'publishRate';
type Count = 'port' | 'historyEvents' | 'storeEvents' | 'maxClients' | 'topicLimit' | 'idLimit' | 'typeLimit';
type Word = 'onGap' | 'topics' | 'logLevel' | 'logFormat';
type Spelling<K extends OptionName> = K extends Duration | Size
  ? string | number
  : K extends CountOrOff
    ? number | 'off'
    : K extends Word | 'requireAuth' | 'allowQueryToken' | Count
      ? Options[K]
      : Options[K] extends readonly unknown[]
        ? string | readonly string[]
        : string;

/** Options as people spell them, in a config file and in code alike: `{ heartbeat: '15s', historyBytes: '16mb', static: './public' }`. */
export type OptionsInput = {
  readonly [K in OptionName]?: Spelling<K> | (undefined extends Decoded[K] ? null : never) | undefined;
};

/** How long one may be, and a type, other options say: `parse.ts` looks. */
const filter = text().superRefine((source, context) => {
  try {
    compileFilter(source, undefined, ANY_SIZE);
  } catch (error) {
    if (!(error instanceof SseError)) throw error;
    for (const { detail, ...params } of error.issues) context.addIssue({ code: 'custom', message: detail, params });
  }
});

/** Every option there is, in the order and under the headings of help. */
const GROUPS = {
  Serving: {
    host: option(optional(text(hostProblem)), null, {
      placeholder: 'HOST',
      description: 'address or name to listen on; not set: loopback, 127.0.0.1 and ::1',
    }),
    port: option(integer(0, 65_535), 2015, {
      kind: 'integer',
      placeholder: 'PORT',
      description: 'port to listen on, 0 for a free one; the default moves on to the next free one when it is busy',
    }),
    static: option(list(staticMount), [], {
      kind: 'list',
      placeholder: 'DIR',
      description: 'directory to serve; /docs=DIR serves it under /docs; not set: the page that comes with the server',
    }),
    // A year is as long as serve-static lets it be.
    staticMaxAge: option(duration({ min: '0s', max: '365d' }), '0s', {
      placeholder: 'TIME',
      description: 'how long browsers may keep static files without asking again',
    }),
    ssePath: option(list(text(pathProblem), 1), ['/sse'], {
      kind: 'list',
      placeholder: 'PATH',
      description: 'path of the event stream',
    }),
    cors: option(list(text(originProblem)), [], {
      kind: 'list',
      placeholder: 'ORIGIN',
      description: "origin whose pages may open the stream, or '*'; not set: pages of this machine while only it can connect",
      reloadable: true,
    }),
    trustProxy: option(list(text(proxyProblem)), [], {
      kind: 'list',
      placeholder: 'PROXY',
      bare: 'loopback',
      description: 'reverse proxy whose X-Forwarded headers count: an address, a range, loopback, linklocal or uniquelocal',
    }),
  },
  'Default event': {
    event: option(
      text((type) => typeProblem(type, ANY_SIZE)),
      'message',
      {
        placeholder: 'TYPE',
        description: 'type of the event that the keys S, A, F and T and an empty broadcast send',
        reloadable: true,
      },
    ),
    data: option(text(), 'hello', {
      placeholder: 'TEXT',
      description: "its data; write --data=-x if it begins with '-'",
      reloadable: true,
    }),
    keyFilter: option(filter, 'profile == "Administrator"', {
      placeholder: 'CEL',
      description: 'who gets it with the key A',
      reloadable: true,
    }),
    // Faster than that nobody can read, and a benchmark has `send --rate`.
    tick: option(duration({ min: '10ms', ...TIMER_LIMIT }), '1s', {
      placeholder: 'TIME',
      description: 'how often the key T sends it, until T is pressed again',
      reloadable: true,
    }),
  },
  'Publishing and admin': {
    adminListen: option(optional(adminListen), null, {
      placeholder: 'ADDRESS',
      description:
        'listener of its own for /admin: PORT (on loopback), HOST:PORT, [IPv6]:PORT or unix:PATH; not set: the port of ' +
        'the stream, or the next one on loopback when others can connect to that',
    }),
    adminHost: option(list(text(nameProblem)), [], {
      kind: 'list',
      placeholder: 'HOST',
      description: 'name that admin requests may use for this server, besides those of loopback',
      reloadable: true,
    }),
    adminTokenFile: option(optional(path()), null, {
      placeholder: 'FILE',
      description: 'file with the token that admin requests must show; not set: none, and only loopback may ask',
      reloadable: true,
    }),
    // Beyond that an event is a download; the whole of it is held in memory.
    bodyLimit: option(size({ min: '1b', max: '64mb' }), '1mb', {
      placeholder: 'SIZE',
      description: 'largest body of a broadcast',
      reloadable: true,
    }),
  },
  'Who clients are': CREDENTIAL_OPTIONS,
  'History for clients that reconnect': {
    historyEvents: option(integer(1), 1000, {
      kind: 'integer',
      placeholder: 'N',
      description: 'most events to keep; the first of the three bounds counts, and the newest event always stays',
      reloadable: true,
    }),
    historyAge: option(duration({ min: '1ms', max: LONGEST }), '1h', {
      placeholder: 'TIME',
      description: 'longest to keep one',
      reloadable: true,
    }),
    historyBytes: option(size({ min: '1b', max: '1024gb' }), '16mb', {
      placeholder: 'SIZE',
      description: 'most bytes to keep, as they are on the wire',
      reloadable: true,
    }),
    onGap: option(choice(['oldest', 'latest']), 'oldest', {
      placeholder: 'WHERE',
      description: 'where a client goes on that missed more than was kept: the oldest event kept, or the latest',
      reloadable: true,
    }),
  },
  'Store on disk': {
    store: option(optional(path()), null, {
      placeholder: 'DIR',
      description: 'directory of a log that survives a restart, made if it is not there; not set: memory',
    }),
    storeEvents: option(integer(1), 1_000_000, {
      kind: 'integer',
      placeholder: 'N',
      description: 'most events to keep in it; the first of the three bounds counts, and the newest event always stays',
    }),
    storeAge: option(duration({ min: '1ms', max: LONGEST }), '7d', { placeholder: 'TIME', description: 'longest to keep one' }),
    storeBytes: option(size({ min: '1b', max: '1024gb' }), '1gb', { placeholder: 'SIZE', description: 'most bytes to keep' }),
  },
  Streams: {
    // Below half a second a failing server is hammered; above an hour a client is as good as gone.
    retry: option(duration({ min: '500ms', max: '1h' }), '2s', {
      placeholder: 'TIME',
      description: 'how long clients wait before they reconnect',
      reloadable: true,
    }),
    heartbeat: option(duration({ min: '1s', max: '1h' }), '15s', {
      placeholder: 'TIME',
      description: 'a client that got nothing for this long gets a comment, so that proxies keep the connection',
      reloadable: true,
    }),
    stallTime: option(duration({ min: '100ms', ...TIMER_LIMIT }), '30s', {
      placeholder: 'TIME',
      description: 'a client that takes no bytes for this long is closed as slow',
      reloadable: true,
    }),
    maxAge: option(optional(durationOrOff({ min: '1s', max: LONGEST })), null, {
      placeholder: 'TIME',
      description: 'a stream that is this old, 20 % more or less, is closed; or off; not set: off, and 60m with --trust-proxy',
      reloadable: true,
    }),
    drainTime: option(duration({ min: '0s', ...TIMER_LIMIT }), '5s', {
      placeholder: 'TIME',
      description: 'how long saying goodbye to all clients may take at the end',
      reloadable: true,
    }),
  },
  Limits: {
    maxClients: option(integer(1), 10_000, {
      kind: 'integer',
      placeholder: 'N',
      description: 'most streams at a time',
      reloadable: true,
    }),
    maxClientsPerAddress: option(countOrOff(), 100, {
      kind: 'integer',
      placeholder: 'N',
      description:
        'most streams of one address (of IPv6, one /64), or off; those of this machine do not count, except with --trust-proxy',
      reloadable: true,
    }),
    maxClientsPerIdentity: option(countOrOff(), 'off', {
      kind: 'integer',
      placeholder: 'N',
      description: 'most streams of one person, by the id of the credential, or off',
      reloadable: true,
    }),
    connectRate: option(countOrOff(), 'off', {
      kind: 'integer',
      placeholder: 'N',
      description: 'most streams that one address may ask for in a second, or off',
      reloadable: true,
    }),
    publishRate: option(countOrOff(), 'off', {
      kind: 'integer',
      placeholder: 'N',
      description: "most events a second over HTTP, for admin's token, or for each address where there is none; or off",
      reloadable: true,
    }),
    replayRate: option(sizeOrOff({ min: '1kb', max: '1024gb' }), 'off', {
      placeholder: 'SIZE',
      description: 'most bytes of the past that all clients together are sent in a second, or off; live events never wait',
      reloadable: true,
    }),
    ...SIZE_OPTIONS,
  },
  Running: {
    readyFile: option(optional(path()), null, {
      placeholder: 'FILE',
      description: 'JSON with pid and URLs to write there once the server listens',
    }),
    logLevel: option(choice(LOG_LEVELS), 'info', {
      placeholder: 'LEVEL',
      description: 'least that is logged: trace, debug, info, warn, error, fatal or silent',
      reloadable: true,
    }),
    logFormat: option(choice(['auto', 'json', 'pretty']), 'auto', {
      placeholder: 'FORMAT',
      description: 'json, pretty, or auto: pretty on a terminal and json elsewhere',
    }),
  },
};

const table = {
  ...GROUPS.Serving,
  ...GROUPS['Default event'],
  ...GROUPS['Publishing and admin'],
  ...CREDENTIAL_OPTIONS,
  ...GROUPS['History for clients that reconnect'],
  ...GROUPS['Store on disk'],
  ...GROUPS.Streams,
  ...GROUPS.Limits,
  ...GROUPS.Running,
} satisfies { readonly [K in OptionName]: Option<Decoded[K], Exclude<OptionsInput[K], undefined>> };

/** The headings of help, each with its options. */
export const OPTION_GROUPS: readonly (readonly [heading: string, names: readonly OptionName[]])[] = Object.entries(GROUPS).map(
  ([heading, options]) => [heading, Object.keys(options) as OptionName[]],
);

/** Every option by its name. */
export const OPTIONS: { readonly [K in OptionName]: Option } = table;

/** Names in the order of help. */
export const OPTION_NAMES: readonly OptionName[] = Object.keys(table) as OptionName[];
