import { SseError } from '../errors.ts';

/**
 * Reads JSON that may hold secrets: of what stands there, nothing is quoted.
 *
 * @param source the file's name, for messages
 * @throws SseError `invalid-config`, with the line where that is known
 */
export function parseJson(json: string, source: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    // The parser's message quotes the text around the mistake, which may be a token.
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    const line = position === undefined ? undefined : json.slice(0, Number(position)).split('\n').length;
    throw SseError.of('invalid-config', [
      { pointer: source, detail: `is not JSON${line === undefined ? '' : `: see line ${line}`}` },
    ]);
  }
}
