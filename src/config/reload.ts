import { SseError } from '../errors.ts';
import { describeOptions, hidden } from './describe.ts';
import { type Loaded, pointersFor, type Source } from './load.ts';
import { OPTION_NAMES, OPTIONS, type OptionName } from './options.ts';
import { parseOptions, spellOptions } from './parse.ts';

/** An option whose value is another one now, as people write it; hidden where it is secret. */
export interface Change {
  readonly name: OptionName;
  readonly old: unknown;
  readonly new: unknown;
}

/** What becomes of a server that runs when its configuration was read anew. */
export interface ReloadPlan {
  /** What counts from then on: the new values of what can change under way, the old ones of the rest. */
  readonly loaded: Loaded;
  readonly changed: readonly Change[];
  /** What was read, and counts after a restart. */
  readonly needsRestart: readonly Change[];
}

/**
 * Takes from another configuration what a server that runs can take. Both are good, and yet what they make together may
 * not be: a token that is gone from a listener that has still to go.
 *
 * @throws SseError `invalid-config` if so
 */
export function planReload(running: Loaded, next: Loaded): ReloadPlan {
  const values: Record<string, unknown> = {};
  const sources = {} as Record<OptionName, Source>;
  for (const name of OPTION_NAMES) {
    const from = OPTIONS[name].reloadable ? next : running;
    if (Object.hasOwn(from.values, name)) values[name] = from.values[name];
    sources[name] = from.sources[name];
  }
  const options = mixed(() => parseOptions(values, pointersFor(sources)));
  const loaded: Loaded = { options, sources: Object.freeze(sources), warnings: next.warnings, values: Object.freeze(values) };
  return { loaded, changed: changesIn(running, loaded), needsRestart: changesIn(loaded, next) };
}

/** As `GET /admin/config` shows them: every option with its value and where it came from, and what a restart would bring. */
export function describeWaiting(running: Loaded, next: Loaded): object {
  const waiting = new Set(changesIn(running, next).map(({ name }) => name));
  const coming = new Map(describeOptions(next).map((each) => [each.name, each]));
  const shown = ({ value, source }: ReturnType<typeof describeOptions>[number]) => ({
    value,
    source: source.from,
    where: source.where,
  });
  return Object.fromEntries(
    describeOptions(running).map((each) => {
      const after = waiting.has(each.name) ? coming.get(each.name) : undefined;
      return [each.name, { ...shown(each), ...(after && { afterRestart: shown(after) }) }];
    }),
  );
}

function changesIn(one: Loaded, other: Loaded): readonly Change[] {
  const [before, after] = [spellOptions(one.options), spellOptions(other.options)];
  const names = OPTION_NAMES.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return names.map((name) => ({ name, old: hidden(name, before[name]), new: hidden(name, after[name]) }));
}

function mixed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SseError)) throw error;
    const issues = error.issues.map((issue) => ({ ...issue, detail: `${issue.detail}; with the rest, it needs a restart` }));
    throw SseError.of(error.code, issues);
  }
}
