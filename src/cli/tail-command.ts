import type { Command } from 'commander';
import { printable, quoted } from '../config/values.ts';
import { addServerFlags, obey, refuseServerOptions } from './client-command.ts';
import type { Effects } from './effects.ts';
import { findServer, placeAt, type ServerFlags } from './find-server.ts';
import { countIn, durationIn, several, wrong } from './flag-values.ts';
import type { TailOrder } from './tail-order.ts';

interface Flags extends ServerFlags {
  readonly topic?: readonly string[];
  readonly since?: string;
  readonly limit?: string;
  readonly lastEventId?: string;
  readonly event?: readonly string[];
  readonly json?: true;
  readonly exec?: string;
  readonly count?: string;
  readonly timeout?: string;
  readonly header?: readonly string[];
  readonly tokenFile?: string;
}

const HELP = `
On a terminal an event is its time, type and data; elsewhere its data as it was sent and a line break, so that data of
several lines is several lines: --json has one line for each event, {"id":"…","event":"…","data":"…"}. Control events
(sse.*) are neither printed nor counted. What was missed, and why a stream ended, goes to stderr.

A stream that breaks off is opened again where it ended, nothing missed and nothing twice.
--exec runs one command at a time, in order; one that fails is told on stderr, and the next event follows.

Exit codes: 0 after --count events, or when the server has no more; 1 the server refused or could not be reached;
2 bad usage; 4 nothing came for the time of --timeout; 130 after Ctrl-C.
`;

/** Adds `tail` to the program. @param ended takes the exit code */
export function addTailCommand(program: Command, effects: Effects, ended: (exitCode: number) => void): void {
  const command = program
    .command('tail')
    .description('print the events of a stream as they come, and come back when it breaks off')
    .argument('[URL]', 'the stream (default: that of the running server)')
    .usage('[options] [URL]')
    .optionsGroup('Which events:')
    .option('--topic <TOPIC>', 'subscribe to it; may repeat', several)
    .option('--since <TIME>', 'begin in the past: 10m, 2026-11-22T10:00:00Z or earliest')
    .option('--limit <N>', 'begin with the last so many')
    .option('--last-event-id <ID>', 'go on after this one')
    .option('--event <TYPE>', 'only of this type; may repeat', several)
    .optionsGroup('What is done with them:')
    .option('--json', 'print {"id","event","data"} a line, data as a string')
    .option('--exec <CMD>', 'run a shell command for each instead: its data on stdin, SSE_EVENT and SSE_ID in the environment')
    .option('--count <N>', 'end after so many')
    .option('--timeout <TIME>', 'end with 4 when none came for so long')
    .optionsGroup('The server:');
  addServerFlags(command)
    .option('--header <HEADER>', "header of the request: 'Name: value'; may repeat", several)
    .option('--token-file <FILE>', 'file with a token to show as Authorization: Bearer')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', HELP)
    .action(async (url: string | undefined, flags: Flags) => {
      const order = () => {
        refuseServerOptions(program);
        return orderOf(url, flags, effects);
      };
      ended(await obey({ stderr: effects.stderr, order, run: effects.tail }));
    });
}

function orderOf(argument: string | undefined, flags: Flags, effects: Effects): TailOrder {
  const { event, json, exec, count, timeout, header, tokenFile, lastEventId = '' } = flags;
  if (/\p{Cc}/u.test(lastEventId)) throw wrong('--last-event-id', 'must not contain control characters or line breaks');
  if (event?.includes('')) throw wrong('--event', 'must not be empty; events without a type are of type message');
  if (exec?.trim() === '') throw wrong('--exec', 'must not be empty');
  return {
    url: streamUrl(argument, flags, effects),
    headers: headersIn(header, tokenFile),
    tokenFile,
    lastEventId,
    types: event ?? [],
    json: json ?? false,
    exec,
    count: count === undefined ? Infinity : countIn('--count', count),
    timeout: timeout === undefined ? undefined : durationIn('--timeout', timeout),
  };
}

function streamUrl(argument: string | undefined, flags: Flags, effects: Effects): string {
  if (argument !== undefined && flags.url !== undefined) throw wrong('--url', 'cannot stand beside a URL');
  const { sse } = argument === undefined ? findServer(flags, effects) : placeAt(argument, 'URL');
  if (sse === undefined) throw wrong('tail', 'a stream is not served on a socket; give the URL of the stream');
  const url = new URL(sse);
  for (const topic of flags.topic ?? []) url.searchParams.append('topic', topic);
  if (flags.since !== undefined) url.searchParams.set('since', flags.since);
  if (flags.limit !== undefined) url.searchParams.set('limit', String(countIn('--limit', flags.limit)));
  return url.href;
}

/** What the program says itself, and a second one would contradict. */
const OURS: Readonly<Record<string, string>> = {
  accept: 'is always text/event-stream here',
  'last-event-id': 'is said with --last-event-id',
  host: 'is that of the URL',
  'content-length': 'has nothing to count',
  'transfer-encoding': 'has nothing to encode',
  connection: 'is not for you to say',
};

function headersIn(lines: readonly string[] = [], tokenFile: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    // RFC 9110 §5.1 and §5.5.
    const [, name, value = ''] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? [];
    if (name === undefined) throw wrong('--header', `must be written as 'Name: value', not ${quoted(line)}`);
    const key = name.toLowerCase();
    const problem = /\p{Cc}/u.test(value)
      ? 'must not contain control characters or line breaks'
      : Object.hasOwn(headers, key)
        ? 'is given twice'
        : key === 'authorization' && tokenFile !== undefined
          ? 'is what --token-file says'
          : OURS[key];
    if (problem !== undefined) throw wrong('--header', `${printable(name)} ${problem}`);
    headers[key] = value;
  }
  return headers;
}
