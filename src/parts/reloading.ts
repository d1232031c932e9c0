import type { Loaded } from '../config/load.ts';
import type { Options } from '../config/options.ts';
import { describeWaiting, planReload } from '../config/reload.ts';
import { SseError } from '../errors.ts';
import type { Reviewed } from '../http/review.ts';
import type { ConfigState, Reloaded } from '../http/server-view.ts';
import type { Observe, OptionChange, ReloadSource } from '../hub/activity.ts';
import { inspect } from './inspect.ts';
import { NamedFiles, rewritten } from './named-files.ts';
import { readWhileServing } from './read-file.ts';
import type { ReadFile } from './verifiers.ts';

/** Where a program has its configuration from. */
export interface ConfigSource {
  /** As it was read for the start. */
  readonly loaded: Loaded;
  /** Reads it once more: flags and environment are what they were, files may not be. @throws SseError `invalid-config` */
  again(): Loaded;
}

/** Other options, and all that they name, read and good. */
export interface Prepared {
  readonly warnings: readonly string[];
  /** They count by the time that this returns; it settles when the open streams were held against them. Must not throw. */
  apply(): Promise<Reviewed>;
}

export interface ReloadingParts {
  readonly source: ConfigSource;
  /** What the options' files held at the start. */
  readonly files: NamedFiles;
  /** Gets ready for other options without changing anything. @throws SseError `invalid-config` */
  readonly prepare: (options: Options, read: ReadFile) => Promise<Prepared>;
  readonly observe: Observe;
  readonly stopping: () => boolean;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

/**
 * Reads the configuration anew while the server runs. All of it must be good before any of it counts; then what can change
 * under way counts at once, in one step, and the rest waits for a restart.
 */
export class Reloading {
  readonly #parts: ReloadingParts;
  /** What counts. */
  #running: Loaded;
  /** What was last read and found good; more of it counts after a restart. */
  #latest: Loaded;
  #needsRestart: readonly OptionChange[] = [];
  #files: NamedFiles['digests'];
  #loadedAt: number;
  #lastSuccessful = true;
  #turn: Promise<unknown> = Promise.resolve();
  #next: Promise<Reloaded> | undefined;

  constructor(parts: ReloadingParts) {
    this.#parts = parts;
    this.#running = parts.source.loaded;
    this.#latest = parts.source.loaded;
    this.#files = parts.files.digests;
    this.#loadedAt = parts.now();
  }

  /** Every option with its value and where that came from, and what a restart would bring. */
  get config(): object {
    return describeWaiting(this.#running, this.#latest);
  }

  get state(): ConfigState {
    return {
      loadedAt: this.#loadedAt,
      lastReloadSuccessful: this.#lastSuccessful,
      needsRestart: this.#needsRestart.map(({ name }) => name),
    };
  }

  /**
   * One at a time. One that waits for its turn has read nothing yet, so it serves whoever else asks meanwhile.
   * @throws SseError `invalid-config` with every mistake, `stopping`; nothing has changed then, and the log has it
   */
  request(source: ReloadSource): Promise<Reloaded> {
    this.#next ??= this.#turn.then(() => {
      this.#next = undefined;
      return this.#reload(source);
    });
    this.#turn = this.#next.catch(() => {});
    return this.#next;
  }

  async #reload(source: ReloadSource): Promise<Reloaded> {
    const { observe } = this.#parts;
    try {
      const outcome = await this.#attempt();
      observe({ kind: 'reloaded', source, ...outcome });
      return outcome;
    } catch (error) {
      this.#lastSuccessful = false;
      if (!(error instanceof SseError)) observe({ kind: 'failed', what: 'the configuration cannot be read anew', error });
      const { message, issues = [] } = error as Error & Partial<SseError>;
      observe({ kind: 'reload-refused', source, issues: issues.length > 0 ? issues : [{ pointer: '', detail: message }] });
      throw error;
    }
  }

  async #attempt(): Promise<Reloaded> {
    const { source, prepare, now } = this.#parts;
    this.#checkRunning();
    const next = source.again();
    const { loaded, changed, needsRestart } = planReload(this.#running, next);
    const files = new NamedFiles(readWhileServing);
    inspect(next.options, files.read);
    const { warnings, apply } = await prepare(loaded.options, files.read);
    this.#checkRunning();
    const reviewing = apply();
    const all = [...changed, ...rewritten(this.#files, files.digests)];
    this.#running = loaded;
    this.#latest = next;
    this.#needsRestart = needsRestart;
    this.#files = files.digests;
    this.#loadedAt = now();
    this.#lastSuccessful = true;
    return { changed: all, needsRestart, warnings, ...(await reviewing) };
  }

  #checkRunning(): void {
    if (this.#parts.stopping()) throw new SseError('stopping', 'the server is stopping; its configuration stays as it is');
  }
}
