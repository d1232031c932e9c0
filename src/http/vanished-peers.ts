import type { Observe } from '../hub/activity.ts';
import { connectionKey, type Ends, readTcpTable, TCP_TABLES, type Unsent } from './tcp-table.ts';

/** A stream whose peer is watched. */
export interface Watched {
  /** Bytes that the kernel holds for its peer. */
  queued: number;
  /** Its peer answers no more. */
  vanish(): void;
}

/** How often the kernel is asked, in ms: while all peers answer, and while one doesn't. */
const PACE = { quiet: 6000, doubtful: 3000 } as const;
/** Of a machine with very many connections the list takes its time: it is made for no more than this part of the time. */
const SHARE = 1 / 50;
/** A peer that acknowledges nothing for so long, in ms, while it is sent the same again and again, is gone … */
const SILENCE = 15_000;
/** … if it was sent again so often, since one try or two may be lost on a bad line. The kernel itself goes on for a quarter of an hour. */
const RETRANSMITS = 3;
/** The timer that sends again. One that asks a peer without room for some (4) is never a sign: that peer is there, and slow. */
const RETRANSMITTING = 1;

interface Peer {
  readonly stream: Watched;
  /** The scan that last found something unsent. */
  scan: number;
  retransmits: number;
  /** Since when it acknowledges nothing, as far as was looked. */
  since: number;
}

export interface VanishedPeersParts {
  readonly observe: Observe;
  /** Default: the kernel's; none where there is no Linux. Those that end in 6 hold IPv6. */
  readonly tables?: readonly string[];
  /** A clock that only goes forward, in ms. */
  readonly elapsed?: () => number;
}

/**
 * Finds peers that vanished: cut off by a firewall, out of power, out of reach. TCP keepalive cannot, since it rests while
 * something is under way, and with heartbeats something always is; the kernel would find out in 15 minutes, but its list of
 * connections tells how often it has sent in vain. Also tells streams what waits in the kernel, by which a slow peer is known
 * from one that stalls. Without that list, streams end by their age.
 */
export class VanishedPeers {
  readonly #peers = new Map<string, Peer>();
  /** Those of which something was unsent at the last scan. */
  #unsent = new Set<Peer>();
  readonly #observe: Observe;
  readonly #tables: readonly string[];
  readonly #elapsed: () => number;
  #scan = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ observe, tables = TCP_TABLES, elapsed = () => performance.now() }: VanishedPeersParts) {
    this.#observe = observe;
    this.#tables = tables;
    this.#elapsed = elapsed;
  }

  /** Watches a stream. @returns what ends that */
  watch(ends: Ends, stream: Watched): () => void {
    const key = connectionKey(ends);
    if (key === undefined) return () => {};
    const peer: Peer = { stream, scan: 0, retransmits: 0, since: 0 };
    this.#peers.set(key, peer);
    return () => {
      if (this.#peers.get(key) === peer) this.#peers.delete(key);
      this.#unsent.delete(peer);
    };
  }

  /** Looks every few seconds from now on. */
  start(): void {
    this.#wait(PACE.quiet);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(time: number): void {
    this.#timer = setTimeout(() => void this.#run(), time);
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    const began = this.#elapsed();
    try {
      if (this.#peers.size > 0) await this.scan();
    } catch (error) {
      // No such list here: another system than Linux, or a container that shows none.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#observe({
          kind: 'failed',
          what: 'reading the list of TCP connections; peers that vanish are found by age alone',
          error,
        });
      return;
    }
    if (!this.#timer) return;
    const isDoubtful = [...this.#unsent].some(({ retransmits }) => retransmits > 0);
    this.#wait(Math.max(isDoubtful ? PACE.doubtful : PACE.quiet, (this.#elapsed() - began) / SHARE));
  }

  /** One look at all connections. @throws what the file system says */
  async scan(): Promise<void> {
    const scan = ++this.#scan;
    const before = this.#unsent;
    this.#unsent = new Set();
    for (const table of this.#tables) {
      try {
        await readTcpTable(table, (connection) => this.#look(connection, scan));
      } catch (error) {
        // A kernel without IPv6 has one table.
        if (table === this.#tables[0] || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    for (const peer of before) {
      if (peer.scan === scan) continue;
      peer.stream.queued = 0;
      peer.retransmits = 0;
    }
  }

  #look({ key, queued, timer, retransmits }: Unsent, scan: number): void {
    const peer = this.#peers.get(key);
    if (!peer) return;
    this.#unsent.add(peer);
    peer.scan = scan;
    peer.stream.queued = queued;
    const tries = timer === RETRANSMITTING ? retransmits : 0;
    // The count begins anew with every acknowledgement.
    if (peer.retransmits === 0 || tries < peer.retransmits) peer.since = this.#elapsed();
    peer.retransmits = tries;
    if (tries >= RETRANSMITS && this.#elapsed() - peer.since >= SILENCE) peer.stream.vanish();
  }
}
