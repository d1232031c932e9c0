import { DEFAULT_SIZES, type Sizes } from '../event/sizes.ts';
import { formatSize } from '../units.ts';
import { size } from './amounts.ts';
import { type Option, option } from './option.ts';
import { integer, optional } from './values.ts';

type Size = Option<number, string | number>;
type Count = Option<number, number>;

interface Table {
  readonly headerLimit: Size;
  readonly urlLimit: Option<number | undefined, string | number | null>;
  readonly filterLimit: Size;
  readonly topicLimit: Count;
  readonly idLimit: Count;
  readonly typeLimit: Count;
}

/** Their values, parsed. They are the sizes that drafts and filters are held against. */
export type SizeOptions = { readonly [K in keyof Table]: Table[K] extends Option<infer T, infer _> ? T : never } & Sizes;

/** Of the options under "Limits", those that say how large what a request brings may be. */
export const SIZE_OPTIONS: Table = {
  // Below that, what browsers send by themselves is too much; above it, every connection could hold a large buffer.
  headerLimit: option(size({ min: '4kb', max: '256kb' }), '16kb', {
    placeholder: 'SIZE',
    description: 'largest head of a request, its first line with the URL included',
  }),
  urlLimit: option(optional(size({ min: '64b', max: '256kb' })), null, {
    placeholder: 'SIZE',
    description: 'largest URL of a request, without scheme and host; not set: as much as its head may have',
    reloadable: true,
  }),
  // What a filter costs is bounded by its operators, which are no option. A longer one has longer lists and texts.
  filterLimit: option(size({ min: '64b', max: '16kb' }), formatSize(DEFAULT_SIZES.filterLimit), {
    placeholder: 'SIZE',
    description: 'largest filter, of clients and of events',
    reloadable: true,
  }),
  topicLimit: option(integer(1, 1024), DEFAULT_SIZES.topicLimit, {
    kind: 'integer',
    placeholder: 'N',
    description: 'most characters of a topic, and of a key of supersedes',
    reloadable: true,
  }),
  // Above that, clients of another origin need a preflight for Last-Event-ID.
  idLimit: option(integer(8, 64), DEFAULT_SIZES.idLimit, {
    kind: 'integer',
    placeholder: 'N',
    description: "most characters of a publisher's own id of an event",
    reloadable: true,
  }),
  typeLimit: option(integer(1, 1024), DEFAULT_SIZES.typeLimit, {
    kind: 'integer',
    placeholder: 'N',
    description: 'most characters of the type of an event',
    reloadable: true,
  }),
};
