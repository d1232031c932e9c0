import { SseError } from '../errors.ts';

/** What a server answered, as the JSON object that it must be. @throws SseError `request-failed` */
export function jsonAnswer(answer: string, server: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(answer);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw new SseError('request-failed', `${server} answers with what is no JSON: is it a server of this kind?`);
}
