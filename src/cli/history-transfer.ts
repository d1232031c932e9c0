import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SseError } from '../errors.ts';
import { type DraftInput, parseDraft } from '../event/draft.ts';
import { ANY_SIZE, type Sizes } from '../event/sizes.ts';
import { notJson } from '../json.ts';
import type { HistoryOrder } from './history-order.ts';
import { openPlace, type Place } from './history-places.ts';
import { linesOf, type NumberedLine } from './json-lines.ts';
import { report } from './report.ts';

/** The streams of the process. Data goes through the first two, words for people through the third. */
interface Streams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Pick<Writable, 'write'>;
}

/** So much is published at a time, and in memory. */
const BATCH = { events: 256, characters: 4 * 1024 * 1024 };

/** Copies the events of a server to a file, or from one. @returns the exit code @throws SseError with what kept it from it */
export async function transferHistory(order: HistoryOrder, { stdin, stdout, stderr }: Streams): Promise<number> {
  const { what, file, selection } = order;
  // A running server has limits of its own, and looks itself.
  const sizes = 'url' in order.place ? ANY_SIZE : order.loaded.options;
  const batches = () => batchesOf(linesIn(file, stdin), file === '-' ? 'stdin' : file, sizes);
  const write = (text: string) => void stderr.write(text);
  const warn = (detail: string) => report([{ pointer: '', detail }], write, 'warning');
  // What is wrong in the file is found before anything is touched, where it can be read twice.
  if (what === 'import' && isRegular(file)) for await (const _ of batches());
  const place = await openPlace(order, warn);
  try {
    const count = what === 'export' ? await exportTo(file, place.read(selection), stdout) : await importInto(place, batches());
    write(`sse-server: ${count} event${count === 1 ? '' : 's'} ${what}ed\n`);
    return 0;
  } finally {
    await place.close();
  }
}

async function exportTo(file: string, lines: AsyncIterable<Uint8Array>, stdout: Writable): Promise<number> {
  let count = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of lines) {
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) count++;
      yield chunk;
    }
  };
  const source = Readable.from(counted(), { objectMode: false });
  // Whole or not at all, where a file is made: half a backup must not look like one.
  const draft = file !== '-' && (isRegular(file) || !exists(file)) ? `${file}.part` : undefined;
  try {
    if (file === '-') await pipeline(source, stdout, { end: false });
    else await pipeline(source, createWriteStream(draft ?? file, { mode: 0o600 }));
    if (draft !== undefined) renameSync(draft, file);
  } catch (error) {
    if (draft !== undefined) rmSync(draft, { force: true });
    throw error instanceof SseError ? error : cannot('write', file, error);
  }
  return count;
}

async function importInto(place: Place, batches: AsyncIterable<DraftInput[]>): Promise<number> {
  let count = 0;
  try {
    for await (const drafts of batches) await place.publish(drafts, () => void count++);
  } catch (error) {
    if (!(error instanceof SseError) || count === 0) throw error;
    throw new SseError(error.code, `${error.message}; ${count} events were imported before`);
  }
  return count;
}

async function* linesIn(file: string, stdin: Readable): AsyncGenerator<NumberedLine, void> {
  try {
    yield* linesOf(file === '-' ? stdin : createReadStream(file), file === '-' ? 'stdin' : file);
  } catch (error) {
    throw error instanceof SseError ? error : cannot('read', file, error);
  }
}

async function* batchesOf(lines: AsyncIterable<NumberedLine>, name: string, sizes: Sizes): AsyncGenerator<DraftInput[], void> {
  let batch: DraftInput[] = [];
  let characters = 0;
  for await (const { number, text } of lines) {
    batch.push(draftIn(text, `${name}:${number}`, sizes));
    characters += text.length;
    if (batch.length < BATCH.events && characters < BATCH.characters) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

/** The draft in a line, valid. Its former id and time are of the log that it comes from. */
function draftIn(line: string, where: string, sizes: Sizes): DraftInput {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new SseError('invalid-event', `${where}: ${notJson(line, true)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SseError('invalid-event', `${where}: must be an object such as {"data":"hello"}`);
  const { id: _id, time: _time, ...draft } = value as Record<string, unknown>;
  parseDraft(draft, (field) => `${where}: ${field}`, sizes);
  return draft as unknown as DraftInput;
}

function isRegular(file: string): boolean {
  return file !== '-' && statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function exists(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

function cannot(verb: string, file: string, error: unknown): SseError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = { ENOENT: 'no such file or directory', EISDIR: 'it is a directory', EACCES: 'permission denied' }[code ?? ''];
  return SseError.of('invalid-config', [
    { pointer: file === '-' ? `std${verb === 'read' ? 'in' : 'out'}` : file, detail: `cannot ${verb}: ${reason ?? message}` },
  ]);
}
