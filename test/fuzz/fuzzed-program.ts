import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { BREAKS } from '../support/hostile.ts';
import { type Cleanup, type LogLine, type Program, startProgram, temporaryFolder } from '../support/program.ts';
import { TokenMaker } from '../support/tokens.ts';
import { filledIn, type WildConnection } from '../support/wild-requests.ts';
import { Listening } from './listening.ts';

/** What the probe finds in the program. Sizes in bytes. */
export interface Reading {
  readonly asked: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
  /** What V8's spaces hold, in bytes: in `old_space` is what lives on, `code_space` is machine code. */
  readonly spaces: Readonly<Record<string, number>>;
  readonly uncaught: readonly string[];
}

const ADMIN_TOKEN = 'a-token-of-good-length';
/** A connection that waits for what does not come is left after this, in ms: a body that was cut off is waited for longer by the server. */
const PATIENCE = 400;

/** What would close admin and self-declared identities for good on a program that no proxy was announced to. */
const PROXY_SIGN = /HTTP\/1\.0|forwarded|via|x-real-ip|referer|sec-fetch-site/i;

/** The real program, and what strangers have sent to it and heard from it. */
export class FuzzedProgram {
  readonly program: Program;
  readonly listening: Listening;
  readonly statuses: Map<string, number> = new Map();
  /** Lines of the log by what they say, and those that must not be there. */
  readonly logged: Map<string, number> = new Map();
  readonly complaints: string[] = [];
  connections = 0;
  requests = 0;
  readonly #probe: string;
  readonly #trusted: boolean;
  readonly #token: string;
  #asked = 0;
  #rest = '';

  private constructor(program: Program, listening: Listening, probe: string, trusted: boolean, token: string) {
    this.program = program;
    this.listening = listening;
    this.#probe = probe;
    this.#trusted = trusted;
    this.#token = token;
    program.child.stdout?.on('data', () => this.#readLog());
  }

  /** @param open whether it believes whoever is on this machine, or a proxy, tokens and an admin of its own stand before it */
  static async start(t: Cleanup, open: boolean): Promise<FuzzedProgram> {
    const folder = temporaryFolder();
    const probe = join(folder, 'probe.json');
    const tokens = new TokenMaker();
    const adminToken = join(folder, 'admin-token');
    writeFileSync(adminToken, ADMIN_TOKEN);
    const closed = ['--trust-proxy', '--admin-listen', '127.0.0.1:0', '--admin-token-file', adminToken, '--allow-query-token'];
    const args = [
      ...['--jwt-secret-file', tokens.file, ...closed],
      ...['--max-clients', '500', '--log-format', 'json', '--heartbeat', '1s'],
    ];
    const env = { NODE_OPTIONS: `--import=${new URL('probe.mjs', import.meta.url)}`, PROBE: probe };
    const program = await startProgram(t, open ? ['--log-format', 'json', '--heartbeat', '1s'] : args, { env });
    const token = tokens.token({ sub: '7', exp: Math.floor(Date.now() / 1000) + 86_400 });
    const listening = new Listening(t, program.sse, open ? undefined : token);
    await listening.opened;
    return new FuzzedProgram(program, listening, probe, !open, token);
  }

  /** Whether this program may be sent it. */
  takes({ sent }: WildConnection): boolean {
    return this.#trusted || !PROXY_SIGN.test(sent);
  }

  /** Sends what a connection has to send, and settles when that connection is over. */
  async send({ requests, sent, cuts, end }: WildConnection, admin: boolean): Promise<void> {
    this.connections++;
    this.requests += requests.length;
    const { epoch, client } = this.listening;
    const bytes = Buffer.from(filledIn(sent, { epoch, client, token: this.#token, admin: ADMIN_TOKEN }), 'latin1');
    const { port } = new URL(admin ? this.program.admin : this.program.url);
    // Many addresses of this machine: a pair of ports is not free again at once.
    const localAddress = `127.0.${this.connections % 100}.${1 + (this.connections % 250)}`;
    const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress, noDelay: true });
    const over = this.#hear(socket, end === 'wait' ? requests.length : Infinity);
    let from = 0;
    for (const to of [...cuts].sort().map((cut) => Math.floor(cut * bytes.length))) {
      socket.write(bytes.subarray(from, to));
      from = to;
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (end === 'end') socket.end(bytes.subarray(from));
    else socket.write(bytes.subarray(from), () => end === 'reset' && socket.resetAndDestroy());
    await over;
  }

  /** Settles when so many answers came, or a stream, which has no end, or the connection closed. */
  #hear(socket: Socket, answers: number): Promise<void> {
    let received = '';
    return new Promise((resolve) => {
      // A reset waits for what is to be written first, which may never be.
      const timer = setTimeout(() => socket.destroy(), PATIENCE);
      const settle = () => {
        clearTimeout(timer);
        for (const [, status = ''] of received.matchAll(/^HTTP\/1\.1 (\d\d\d) /gm))
          this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
        resolve();
      };
      socket.setEncoding('latin1').on('data', (text: string) => {
        // As long as it may be that something begins in it.
        if (received.length < 200_000) received += text;
        if (/^content-type: text\/event-stream/im.test(text)) setImmediate(() => breakOff(socket));
        if (answers < Infinity && (received.match(/^HTTP\/1\.1 \d/gm)?.length ?? 0) >= answers) breakOff(socket);
      });
      socket.on('error', () => {});
      socket.on('close', settle);
    });
  }

  /** Everything it has logged so far, and takes it from the memory of this process: there will be gigabytes of it. */
  #readLog(): void {
    const lines = (this.#rest + this.program.stdout).split('\n');
    this.program.stdout = '';
    this.#rest = lines.pop() ?? '';
    for (const text of lines) {
      if (BREAKS.test(text)) this.complaints.push(`breaks a line of the log: ${text}`);
      const line = JSON.parse(text) as LogLine;
      const kind = line.msg.startsWith('listening') ? 'listening' : line.level === 'error' ? 'error' : line.msg;
      this.logged.set(kind, (this.logged.get(kind) ?? 0) + 1);
      if (line.level === 'error' || line.level === 'fatal') this.complaints.push(text);
    }
  }

  /** Collects garbage in the program and looks at what is left. */
  async read(): Promise<Reading> {
    this.#asked++;
    this.program.child.kill('SIGUSR2');
    for (;;) {
      if (this.program.ended) throw new Error(`it has ended: ${JSON.stringify(this.program.ended)} ${this.program.stderr}`);
      const reading = existsSync(this.#probe) && (JSON.parse(readFileSync(this.#probe, 'utf8')) as Reading);
      if (reading && reading.asked === this.#asked) return reading;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/**
 * By a reset, so that the pair of ports is free at once. Not where an end was already said: Node (20) forgets the handle of a
 * socket whose reset the system refuses, as it does in the midst of a shutdown, and with that handle no process ends.
 */
function breakOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
