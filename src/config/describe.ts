import type { Loaded, Source } from './load.ts';
import { OPTION_NAMES, OPTIONS, type OptionName } from './options.ts';
import { spellOptions } from './parse.ts';

/** An option as it stands. */
interface Described {
  readonly name: OptionName;
  /** As people write it, so that it can be pasted into a file or behind a flag; hidden where it is secret. */
  readonly value: unknown;
  readonly source: Source;
}

/** Every option, its value and where it came from. */
export function describeOptions({ options, sources }: Pick<Loaded, 'options' | 'sources'>): readonly Described[] {
  const spelled = spellOptions(options);
  return OPTION_NAMES.map((name) => ({ name, value: hidden(name, spelled[name]), source: sources[name] }));
}

/** A value as it may be shown. */
export function hidden(name: OptionName, value: unknown): unknown {
  return OPTIONS[name].secret && value !== null ? '(hidden)' : value;
}

/** The same by name, as JSON has it. */
export function optionsAsJson(loaded: Pick<Loaded, 'options' | 'sources'>): object {
  return Object.fromEntries(
    describeOptions(loaded).map(({ name, value, source }) => [name, { value, source: source.from, where: source.where }]),
  );
}
