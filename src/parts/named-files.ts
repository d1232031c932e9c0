import { createHash } from 'node:crypto';
import { flagOf } from '../config/names.ts';
import { OPTION_NAMES } from '../config/options.ts';
import type { OptionChange } from '../hub/activity.ts';
import { type ReadFile, read } from './verifiers.ts';

/** What files held, by the flags that name them. */
type Digests = ReadonlyMap<string, { readonly file: string; readonly digest: string }>;

/** The files that options name, each read once: what was found good is what counts, whoever writes meanwhile. */
export class NamedFiles {
  readonly #from: (file: string) => Buffer;
  readonly #contents = new Map<string, Buffer>();
  readonly #digests = new Map<string, { readonly file: string; readonly digest: string }>();

  /** @param from what reads one */
  constructor(from: (file: string) => Buffer) {
    this.#from = from;
  }

  readonly read: ReadFile = (option, file) => {
    const known = this.#contents.get(file);
    const content = known ?? read(option, file, this.#from);
    this.#contents.set(file, content);
    this.#digests.set(option, { file, digest: createHash('sha256').update(content).digest('base64') });
    return content;
  };

  /** To compare with; of what the files held, nothing can be read in them. */
  get digests(): Digests {
    return this.#digests;
  }
}

/** Options that name the same file as before, which holds something else now. */
export function rewritten(before: Digests, now: Digests): readonly OptionChange[] {
  return OPTION_NAMES.flatMap((name) => {
    const [old, current] = [before.get(flagOf(name)), now.get(flagOf(name))];
    const isRewritten = old && current && old.file === current.file && old.digest !== current.digest;
    return isRewritten ? [{ name, file: current.file }] : [];
  });
}
