import { compileFilter } from '../event/filter.ts';
import { ANY_SIZE } from '../event/sizes.ts';
import { notJson } from '../json.ts';
import { wrong } from './flag-values.ts';

/**
 * The filter for those whom `--to` names and `--filter` lets pass, as the server takes it.
 *
 * @param names client ids, identity ids or logins: any of them; none is everyone
 * @param filter CEL, or JSON of an object of equalities
 * @throws SseError `invalid-config`, `invalid-filter`
 */
export function recipientFilter(names: readonly string[] | undefined, filter: string | undefined): string | object | undefined {
  const asked = filter?.trimStart().startsWith('{') ? objectIn(filter) : filter;
  if (names === undefined) return asked;
  const named = names.map(isNamed).join(' || ');
  if (asked === undefined) return named;
  const source = asSource(asked);
  // The line break ends a comment, which would swallow the bracket and all that follows.
  return `(${source}\n) && (${named})`;
}

/** What `--filter` says, as CEL. @param filter CEL, or JSON of an object of equalities @throws SseError `invalid-config`, `invalid-filter` */
export function filterSource(filter: string): string {
  return asSource(filter.trimStart().startsWith('{') ? objectIn(filter) : filter);
}

function asSource(filter: string | object): string {
  return typeof filter === 'string' ? filter : compileFilter(filter, '--filter', ANY_SIZE).source;
}

function isNamed(name: string): string {
  // Whoever is anonymous has an empty id, and an empty variable in a script would reach them all.
  if (name === '') throw wrong('--to', 'must not be empty');
  if (!name.isWellFormed()) throw wrong('--to', 'must not contain lone surrogates');
  // Every escape of JSON is one of CEL.
  const literal = JSON.stringify(name);
  return `client.id == ${literal} || id == ${literal} || login == ${literal}`;
}

function objectIn(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    throw wrong('--filter', notJson(text));
  }
}
