import { createReadStream } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { SseError } from '../errors.ts';
import { adminTokenOf } from '../parts/verifiers.ts';
import { counted } from '../terminal/words.ts';
import { AdminClient } from './admin-client.ts';
import { wrong } from './flag-values.ts';
import { jsonAnswer } from './json-answer.ts';
import { report } from './report.ts';
import type { DataSource, SendOrder } from './send-order.ts';
import { writeAll } from './write-all.ts';

/** What `send` needs of the process. Answers go to stdout, words for people to stderr. */
export interface SendWorld {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Pick<Writable, 'write'>;
  /** Aborted with the exit code. */
  readonly interrupted: AbortSignal;
}

/** Far more than any server takes as an event: what is longer is not what was meant. */
const MOST_DATA = 64 * 1024 * 1024;

/** Sends, and prints what the server answers. @returns the exit code @throws SseError with what kept it from it */
export async function send(order: SendOrder, { stdin, stdout, stderr, interrupted }: SendWorld): Promise<number> {
  const { admin, adminTokenFile, idempotencyKey, count } = order;
  const token = adminTokenOf({ adminTokenFile });
  const data = await dataOf(order.data, stdin);
  const { path, body } = requestFor(order, data);
  const client = new AdminClient(admin, token);
  const started = performance.now();
  let sent = 0;
  try {
    for await (const _ of turns(order, interrupted)) {
      const answer = await client.post(path, body, idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey });
      const said = jsonAnswer(answer, admin);
      sent++;
      await writeAll(stdout, `${JSON.stringify(said)}\n`);
      tellBehind(said, stderr);
      if (said.matched === 0 && isTargeted(order)) tellNobody(stderr);
    }
  } catch (error) {
    if (!(error instanceof SseError) || sent === 0) throw error;
    throw new SseError(error.code, `${error.message}; ${sent} sent before`);
  } finally {
    client.close();
  }
  const seconds = (performance.now() - started) / 1000;
  if (count > 1) stderr.write(`sse-server: ${sent} sent in ${seconds.toFixed(1)} s\n`);
  return interrupted.aborted ? Number(interrupted.reason) : 0;
}

/** Lets go on when it is time for the next one. Each has its time from the beginning on, so that delays do not add up. */
async function* turns({ count, interval }: SendOrder, interrupted: AbortSignal): AsyncGenerator<void, void> {
  const started = performance.now();
  for (let turn = 0; turn < count && !interrupted.aborted; turn++) {
    const early = started + turn * interval - performance.now();
    // Cut short by the interruption, which is looked at right after.
    if (early > 0) await sleep(early, undefined, { signal: interrupted }).catch(() => {});
    if (!interrupted.aborted) yield;
  }
}

function requestFor({ fields, query }: SendOrder, data: string | undefined): { path: string; body: object | undefined } {
  const parameters = new URLSearchParams(query);
  // Only a request without a body sends the default event; what else is said of it stands in the query then.
  if (data === undefined) addFields(parameters, fields);
  const path = `/admin/broadcast${parameters.size > 0 ? `?${parameters}` : ''}`;
  return { path, body: data === undefined ? undefined : { ...fields, data } };
}

function addFields(parameters: URLSearchParams, fields: SendOrder['fields']): void {
  for (const [field, value] of Object.entries(fields))
    for (const entry of Array.isArray(value) ? value : [value]) {
      // There the comma separates two of them.
      if (Array.isArray(value) && /,|^\s|\s$/.test(entry))
        throw wrong(field === 'topics' ? '--topic' : '--except', `with a comma or space in it needs DATA beside it: ${entry}`);
      parameters.append(field, typeof entry === 'object' ? JSON.stringify(entry) : String(entry));
    }
}

async function dataOf(source: DataSource, stdin: SendWorld['stdin']): Promise<string | undefined> {
  if (source !== undefined && 'text' in source) return source.text;
  if (source === undefined && stdin.isTTY) return undefined;
  const file = source?.file ?? '-';
  const name = file === '-' ? 'stdin' : file;
  const bytes = await allOf(file === '-' ? stdin : createReadStream(file), name);
  try {
    // One line break is the end of a text file's last line, and not of the data.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw wrong(name, 'is not valid UTF-8; events are text');
  }
}

async function allOf(stream: AsyncIterable<Buffer>, name: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of stream) {
      length += piece.length;
      if (length > MOST_DATA) throw wrong(name, 'is too large for an event');
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof SseError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = { ENOENT: 'no such file', EISDIR: 'it is a directory', EACCES: 'permission denied' }[code ?? ''];
    throw wrong(name, `cannot be read: ${reason ?? message}`);
  }
  return Buffer.concat(pieces);
}

function isTargeted({ fields }: SendOrder): boolean {
  return ['filter', 'topics', 'except'].some((field) => fields[field] !== undefined);
}

/** No failure either: it is in the log for those who come back. But it may be a slip of the pen. */
function tellNobody(stderr: SendWorld['stderr']): void {
  const detail = 'nobody who is connected matches; it is kept for those who come back';
  report([{ pointer: '', detail }], (text) => void stderr.write(text));
}

/**
 * Somebody who has not got it when the time is over is no failure: the event is in the log, and they get it as fast as
 * they take it. So that is said and changes no exit code; a script that minds has the receipt.
 */
function tellBehind({ id, matched, behind }: Readonly<Record<string, unknown>>, stderr: SendWorld['stderr']): void {
  if (typeof behind !== 'number' || behind === 0) return;
  const detail = `${behind} of ${counted(Number(matched), 'client')} did not have it in time; GET /admin/broadcasts/${id}?clients=1 says who`;
  report([{ pointer: '', detail }], (text) => void stderr.write(text));
}
