/** What `tail` asks for. */
export interface TailOrder {
  /** The stream, with all that stands in its query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A file with the bearer token, read anew for each connection, so that it may be renewed meanwhile. */
  readonly tokenFile: string | undefined;
  /** After which event to go on; empty is none. */
  readonly lastEventId: string;
  /** Only events of these types; none is all. */
  readonly types: readonly string[];
  readonly json: boolean;
  /** A shell command that is run for each event, in place of printing it. */
  readonly exec: string | undefined;
  /** After how many it ends. Infinity is never. */
  readonly count: number;
  /** It ends when nothing came for this long, in ms. */
  readonly timeout: number | undefined;
}
