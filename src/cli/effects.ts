import type { Given, Loaded } from '../config/load.ts';
import type { ConfigSource } from '../parts/reloading.ts';
import type { ClientsOrder } from './clients-order.ts';
import type { HistoryOrder } from './history-order.ts';
import type { SendOrder } from './send-order.ts';
import type { TailOrder } from './tail-order.ts';
import type { TokenOrder } from './token-order.ts';
import type { TopOrder } from './top-order.ts';

/** What the command does to the world. It touches nothing else, and the process not at all. */
export interface Effects extends Pick<Given, 'env' | 'readFile'> {
  /** As `readFile`, while the server runs. */
  readonly rereadFile: Given['readFile'];
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Of the terminal, to wrap help at. Default 80. */
  readonly columns?: number | undefined;
  /** Of the package; what `--version` prints. */
  readonly version: string;
  /** Looks at the files and directories that the options name, as a start would. Throws what would keep it from starting. */
  readonly inspect: (loaded: Loaded) => void;
  /** Serves until the end, and answers the exit code. What it throws, the command throws. */
  readonly run: (source: ConfigSource) => number | Promise<number>;
  /** Copies events from a server or to one, and answers the exit code. What it throws, the command throws. */
  readonly history: (order: HistoryOrder) => number | Promise<number>;
  /** Makes or explains a token, and answers the exit code. What it throws, the command throws. */
  readonly token: (order: TokenOrder) => number | Promise<number>;
  /** Sends events to a running server, and answers the exit code. What it throws, the command throws. */
  readonly send: (order: SendOrder) => number | Promise<number>;
  /** Follows an event stream, and answers the exit code. What it throws, the command throws. */
  readonly tail: (order: TailOrder) => number | Promise<number>;
  /** Lists, shows or disconnects the clients of a running server, and answers the exit code. What it throws, the command throws. */
  readonly clients: (order: ClientsOrder) => number | Promise<number>;
  /** Watches a running server, and answers the exit code. What it throws, the command throws. */
  readonly top: (order: TopOrder) => number | Promise<number>;
}
