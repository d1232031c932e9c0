import { open } from 'node:fs/promises';
import { endianness } from 'node:os';

/** The kernel's lists of TCP connections, proc_pid_net(5), as this process's network namespace has them. Linux only. */
export const TCP_TABLES: readonly string[] = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];

/** A connection that the kernel holds bytes of that its peer has not taken. */
export interface Unsent {
  /** As `connectionKey` makes it. */
  readonly key: string;
  /** Bytes written and not acknowledged. */
  readonly queued: number;
  /** Which timer runs: 1 sends again what was not acknowledged, 4 asks a peer that had no room whether it has some by now. */
  readonly timer: number;
  /** How often in a row that was sent again with nothing acknowledged since. */
  readonly retransmits: number;
}

/** The two ends of a connection, as Node tells them. */
export interface Ends {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** The ends of a connection as a table writes them, which no other connection shares; undefined for one that is no TCP. */
export function connectionKey({ localAddress, localPort, remoteAddress, remotePort }: Ends): string | undefined {
  if (localAddress === undefined || remoteAddress === undefined) return undefined;
  if (localPort === undefined || remotePort === undefined) return undefined;
  return `${hexAddress(localAddress)}:${hex(localPort, 4)} ${hexAddress(remoteAddress)}:${hex(remotePort, 4)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

const LITTLE = endianness() === 'LE';

/** Words of 32 bits, each as this machine reads it: `127.0.0.1` is `0100007F` on most. IPv4 that came by an IPv6 socket is written as IPv6. */
function hexAddress(address: string): string {
  const bytes = address.includes(':') ? ipv6Bytes(address) : ipv4Bytes(address);
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4);
    for (const byte of LITTLE ? word.reverse() : word) text += hex(byte, 2);
  }
  return text;
}

function ipv4Bytes(address: string): number[] {
  return address.split('.').map(Number);
}

function ipv6Bytes(address: string): number[] {
  const [text = ''] = address.split('%'); // The zone of a link-local address is no part of it.
  const [left = [], right = []] = text.split('::').map(groupBytes);
  return [...left, ...new Array<number>(16 - left.length - right.length).fill(0), ...right];
}

function groupBytes(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return ipv4Bytes(group);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

const [NEWLINE, COLON, ZERO] = [0x0a, 0x3a, 0x30];
/** One read gets a page, whatever it asks for: the kernel makes no more at a time. */
const PAGE = 4096;

/** Where a line's columns are, counted from the `:` behind its number. Addresses have 8 digits, or 32. */
interface Columns {
  /** Ends of `local remote`. */
  readonly key: readonly [number, number];
  readonly queued: number;
  readonly timer: number;
  readonly retransmits: number;
}
const columns = (digits: number): Columns => {
  const end = 2 + 2 * (digits + 5) + 1;
  return { key: [2, end], queued: end + 4, timer: end + 22, retransmits: end + 34 };
};
const IPV4 = columns(8);
const IPV6 = columns(32);

/** Takes a table in parts as they are read, cut anywhere. Lines with nothing unsent, nearly all, are passed over without making a text of them. */
export class TcpTableReader {
  readonly #found: (connection: Unsent) => void;
  readonly #columns: Columns;
  #rest: Buffer = Buffer.alloc(0);

  constructor(version: 4 | 6, found: (connection: Unsent) => void) {
    this.#columns = version === 4 ? IPV4 : IPV6;
    this.#found = found;
  }

  take(part: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, part]) : part;
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#line(bytes, start, end);
      start = end + 1;
    }
    // A copy: whoever reads may use the memory of a part again.
    this.#rest = Buffer.from(bytes.subarray(start));
  }

  #line(bytes: Buffer, start: number, end: number): void {
    const colon = bytes.indexOf(COLON, start);
    const { key, queued, timer, retransmits } = this.#columns;
    // The heading has no such column.
    if (colon < 0 || colon + retransmits + 8 > end) return;
    let digit = colon + queued;
    while (bytes[digit] === ZERO) digit++;
    if (bytes[digit] === COLON) return;
    const text = (from: number, length: number) => bytes.toString('latin1', colon + from, colon + from + length);
    this.#found({
      key: text(key[0], key[1] - key[0]),
      queued: Number.parseInt(text(queued, 8), 16),
      timer: Number.parseInt(text(timer, 2), 16),
      retransmits: Number.parseInt(text(retransmits, 8), 16),
    });
  }
}

/** Reads a table to its end, page by page, none of them on the event loop. @throws what the file system says */
export async function readTcpTable(path: string, found: (connection: Unsent) => void): Promise<void> {
  const reader = new TcpTableReader(path.endsWith('6') ? 6 : 4, found);
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(PAGE);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, PAGE);
      if (bytesRead === 0) return;
      reader.take(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
