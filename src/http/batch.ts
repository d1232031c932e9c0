import { type Issue, SseError } from '../errors.ts';
import { sizeOf } from '../event/audience.ts';
import { parseDraft } from '../event/draft.ts';
import type { EventDraft } from '../event/event.ts';
import type { Sizes } from '../event/sizes.ts';
import { notJson } from '../json.ts';

/** A batch is one group in the log and one synced write: larger ones would hold up everything else. */
export const MAX_LINES = 10_000;
/** After so many lines, other work may run: reading a filter takes a while. */
const STEP = 64;

/** What a draft takes beside its text and its audience, in bytes: of a short event far more than its line. */
const DRAFT = 512;

/**
 * Reads a batch: NDJSON, one event a line, with the fields of a JSON body.
 * @param hold hears how large what is made of it becomes, in bytes; what it throws ends the reading
 * @throws SseError `invalid-event` with every bad line; a pointer begins with the line's number, from 0, as if the lines were a list
 */
export async function parseBatch(text: string, sizes: Sizes, hold: (bytes: number) => void = () => {}): Promise<EventDraft[]> {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0 || lines.length > MAX_LINES)
    throw new SseError('invalid-request', `a batch has 1 to ${MAX_LINES} lines, not ${lines.length}`);
  const drafts: EventDraft[] = [];
  const issues: Issue[] = [];
  let size = text.length + lines.length * DRAFT;
  hold(size);
  for (const [index, line] of lines.entries()) {
    if (index % STEP === STEP - 1) {
      hold(size);
      await new Promise((resume) => setImmediate(resume));
    }
    try {
      const draft = parseDraft(objectIn(line, index), (field) => `/${index}/${field}`, sizes);
      drafts.push(draft);
      size += sizeOf(draft.audience);
    } catch (error) {
      if (!(error instanceof SseError)) throw error;
      issues.push(...error.issues);
    }
  }
  if (issues.length === 0) return drafts;
  const bad = lines.length - drafts.length;
  const [{ pointer, detail }] = issues as [Issue];
  const number = Number(pointer.split('/')[1]) + 1;
  throw new SseError(
    'invalid-event',
    `${bad} of ${lines.length} lines ${bad === 1 ? 'is' : 'are'} bad; nothing was published; line ${number}: ${detail}`,
    issues,
  );
}

function objectIn(line: string, index: number): object {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw SseError.of('invalid-event', [{ pointer: `/${index}`, detail: notJson(line, true) }]);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw SseError.of('invalid-event', [{ pointer: `/${index}`, detail: 'must be an object such as {"data":"hello"}' }]);
}
