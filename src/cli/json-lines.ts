import { SseError } from '../errors.ts';

/** A line and its number, from 1. */
export interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** Far more than the JSON of the largest event; beyond that, what is read is no file of lines. */
const MAX_LINE = 256 * 1024 * 1024;

/**
 * Cuts UTF-8 into lines at LF and nothing else: JSON may hold U+2028, at which Node's `readline` would cut. Blank lines are left out.
 * @throws SseError `invalid-event` for bytes that are no UTF-8, and for a line without end
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<NumberedLine, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let rest: string[] = [];
  let length = 0;
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw new SseError('invalid-event', `${name}:${number + 1}: is not valid UTF-8`);
    }
  };
  for await (const chunk of chunks) {
    const [first = '', ...more] = decode(chunk).split('\n');
    rest.push(first);
    length += first.length;
    if (length > MAX_LINE) throw new SseError('invalid-event', `${name}:${number + 1}: is too long for a line`);
    for (const piece of more) {
      const text = rest.join('');
      number++;
      rest = [piece];
      length = piece.length;
      if (text.trim() !== '') yield { number, text };
    }
  }
  const text = rest.join('') + decode();
  if (text.trim() !== '') yield { number: number + 1, text };
}
