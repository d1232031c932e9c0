import type { Distribution } from '../hub/histogram.ts';

/** A number, and the labels that tell it from the others of its name. Labels have few values, and none that a stranger chose. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What stands under one name. */
export type Family = { readonly name: string; readonly help: string } & (
  | { readonly type: 'counter' | 'gauge'; readonly samples: readonly Sample[] }
  | { readonly type: 'histogram'; readonly distribution: Distribution }
);

/** The text formats that a scraper may ask for. */
export type Format = 'prometheus' | 'openmetrics';
