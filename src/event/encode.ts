import type { ServerSentEvent } from './event.ts';

/**
 * Frames of the event stream format (WHATWG HTML, "Server-sent events", 9.2.5 Parsing and 9.2.6 Interpreting).
 * The inputs are validated values (`parseDraft`, `eventId`): no type or id can hold a line break here, so
 * nothing is checked again.
 */

// 9.2.5: a line ends with CRLF, LF or CR.
const LINE_BREAK = /\r\n|[\r\n]/;

/**
 * One event as bytes, ending with the blank line that dispatches it (9.2.6, "If the line is empty").
 * Every line of the data has a `data:` line of its own, an empty one too, or the event would not be dispatched.
 * The space after the colon is the one that parsers take off, so data may begin with spaces or colons.
 * `id:` is the last line: some clients move their cursor as soon as they read it, and a stream that broke in the middle
 * of the frame would then never bring the rest.
 */
export function encodeEvent(id: string, event: ServerSentEvent): Buffer {
  let frame = event.type === 'message' ? '' : `event: ${event.type}\n`;
  if (event.retry !== undefined) frame += `retry: ${event.retry}\n`;
  return Buffer.from(`${frame}${dataLines(event.data)}id: ${id}\n\n`, 'utf8');
}

/** Reads a frame of `encodeEvent` back. Its lines of data are joined by LF, as clients have them, whatever separated them once. */
export function decodeEvent(frame: Uint8Array): ServerSentEvent {
  let type = 'message';
  let retry: number | undefined;
  const data: string[] = [];
  for (const line of Buffer.from(frame).toString('utf8').split('\n')) {
    if (line.startsWith('data: ')) data.push(line.slice('data: '.length));
    else if (line.startsWith('event: ')) type = line.slice('event: '.length);
    else if (line.startsWith('retry: ')) retry = Number(line.slice('retry: '.length));
  }
  return { type, data: data.join('\n'), ...(retry !== undefined && { retry }) };
}

function dataLines(data: string): string {
  if (!data.includes('\n') && !data.includes('\r')) return `data: ${data}\n`;
  let lines = '';
  for (const line of data.split(LINE_BREAK)) lines += `data: ${line}\n`;
  return lines;
}

/** Control events tell a client about its own stream; publishers cannot use these types. */
export type ControlType = 'sse.open' | 'sse.gap' | 'sse.cursor' | 'sse.auth' | 'sse.bye';

/**
 * A control event. It carries the client's position as `id:`, so that whenever the stream breaks the client
 * comes back with a cursor, and a `data:` line, or browsers would drop it. No `data` gives an empty data line.
 */
export function encodeControl(id: string, type: ControlType, data?: object, retry?: number): Buffer {
  const json = data === undefined ? '' : JSON.stringify(data);
  const head = retry === undefined ? '' : `retry: ${retry}\n`;
  return Buffer.from(`${head}event: ${type}\ndata: ${json}\nid: ${id}\n\n`, 'utf8');
}

/** A heartbeat: a comment and one line break. With a second one some clients fire an empty message. */
export const HEARTBEAT: Buffer = Buffer.from(': hb\n');

/** Only a new reconnection time: what a refused event stream gets before it ends. */
export function encodeRetry(retry: number): Buffer {
  return Buffer.from(`retry: ${retry}\n\n`);
}
