import type { Cleanup } from '../support/program.ts';

/** What a benchmark is told, and where it registers its clean-up. */
export interface Bench extends Cleanup {
  /** Also what takes minutes and gigabytes. */
  readonly full: boolean;
  /** Also the return of 2 000 clients at once. */
  readonly storm: boolean;
  /** How long a run under load is, in s. */
  readonly seconds: number;
  /** How often it is run, for the median. */
  readonly rounds: number;
  /** Tells a person who waits what is being done. */
  progress(what: string): void;
}
