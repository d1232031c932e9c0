import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { type Addresses, App } from '../app.ts';
import { SseError } from '../errors.ts';
import type { Activity } from '../hub/activity.ts';
import type { LogLevel } from '../log-levels.ts';
import type { ConfigSource } from '../parts/reloading.ts';
import { createLog, type Log, logActivity } from '../terminal/log.ts';
import { openTerminal } from '../terminal/open-terminal.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { banner, dashboardUrl, identities, networkUrls } from './banner.ts';
import { controlOf } from './control.ts';

/**
 * How much of the heap may be garbage before it is collected: half of what is in use. V8 lets it grow up to fourfold, and 15 000
 * clients that drop and return then stand in memory twice: 168 MiB more, and 58 MiB with this. The program's matter: a library has no say in it.
 */
const GARBAGE = '--heap-growing-percent=50';

/** Serves until it is told to stop. @returns the exit code @throws SseError what kept it from starting */
export async function serve(source: ConfigSource, process: NodeJS.Process): Promise<number> {
  setFlagsFromString(GARBAGE);
  const { options, sources, warnings } = source.loaded;
  const { stdin, stdout, stderr, env } = process;
  const isTTY = stdin.isTTY === true && stdout.isTTY === true && env.TERM !== 'dumb';
  const portAsked = sources.port.from !== 'default';
  let terminal: Terminal | undefined;
  let log: Log | undefined;

  // What opening a store has to say comes before there is anything to say it with, and must not be lost.
  const early: Activity[] = [];
  const tell = (activity: Activity): void => {
    if (!log || !terminal) early.push(activity);
    else if (terminal.interactive) terminal.observe(activity);
    else logActivity(log, activity);
  };
  const logLevel = {
    get: () => (log ? (log.level as LogLevel) : options.logLevel),
    set: (level: LogLevel) => {
      if (log) log.level = level;
    },
  };
  const app = await App.open(options, {
    production: env.NODE_ENV === 'production',
    portAsked,
    observe: (activity) => tell(activity),
    source,
    logLevel,
  });
  const stopping = new Stopping(app, process);
  let addresses: Addresses | undefined;
  let isReady = false;
  terminal = openTerminal({
    input: stdin,
    output: stdout,
    isTTY,
    colors: stdout.isTTY === true && stdout.hasColors(),
    // The log has the output to itself; what was asked for by line is answered beside it.
    answers: stderr,
    control: controlOf({
      app,
      logLevel,
      urls: () => (addresses ? banner(app, addresses) : ''),
      page: () => addresses?.url ?? '',
      process,
      stop: (how) => stopping.request(how === 'quit' ? 0 : 130),
    }),
  });
  const { logLevel: level, logFormat } = options;
  const format = logFormat === 'auto' ? (stdout.isTTY ? 'pretty' : 'json') : logFormat;
  log = await createLog({
    level,
    format,
    destination: terminal.destination,
    colors: stdout.isTTY === true && stdout.hasColors(),
  });

  const opened = { terminal, log };
  // Its terminal hangs up when the window is closed; without one it means to read the configuration anew.
  const hangsUp = [stdin, stdout, stderr].some((stream) => stream.isTTY === true);
  stopping.guard(opened, hangsUp ? undefined : () => app.reload('signal'));
  try {
    for (const { pointer, detail } of warnings) log.warn(`${pointer}: ${detail}`);
    for (const warning of app.warnings) log.warn(warning);
    for (const activity of early) tell(activity);
    if (options.readyFile !== undefined) checkReadyFile(options.readyFile);
    addresses = await app.start();
    if (app.shortage !== undefined) log.warn(app.shortage);
    greet(app, addresses, opened, portAsked);
    if (options.readyFile !== undefined) writeReadyFile(options.readyFile, { pid: process.pid, ...addresses });
    isReady = true;
    terminal.start();
    return await stopping.done;
  } finally {
    terminal.close();
    // Where it was not written, there may be one of another server.
    if (isReady && options.readyFile !== undefined) rmSync(options.readyFile, { force: true });
  }
}

function greet(app: App, addresses: Addresses, { terminal, log }: { terminal: Terminal; log: Log }, portAsked: boolean): void {
  const moved = !portAsked && addresses.port !== app.options.port;
  const notice = `port ${app.options.port} was busy; --port ${addresses.port} asks for this one`;
  if (terminal.interactive) return terminal.print(banner(app, addresses, moved ? notice : undefined));
  if (moved) log.warn(notice);
  const { url, sse, admin } = addresses;
  const network = networkUrls(app, addresses);
  const dashboard = dashboardUrl(addresses);
  const pages = { ...(network.length > 0 && { network }), ...(dashboard !== undefined && { dashboard }) };
  log.info({ url, ...pages, sse, admin, clients: identities(app) }, `listening at ${url}`);
}

/** Before anybody is told that the server listens. @throws SseError `invalid-config` */
function checkReadyFile(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK | constants.X_OK);
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new Error('it is a directory');
  } catch (error) {
    throw notWritable(error as Error);
  }
}

/** Whole or not at all: whoever waits for the file must not read half of it. */
function writeReadyFile(file: string, { pid, url, sse, admin }: { pid: number } & Addresses): void {
  const draft = `${file}.${pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify({ pid, url, sse, admin })}\n`);
    renameSync(draft, file);
  } catch (error) {
    throw notWritable(error as Error);
  }
}

function notWritable({ message }: Error): SseError {
  return SseError.of('invalid-config', [{ pointer: '--ready-file', detail: `cannot be written: ${message}` }]);
}

/** How long closing the log may take after a defect, in ms. */
const CLOSING = 2000;

/** How the program ends (design §11): the first request lets everybody go in peace, the second ends it at once. */
class Stopping {
  /** The exit code. */
  readonly done: Promise<number>;
  readonly #app: App;
  readonly #process: NodeJS.Process;
  #settle: (code: number) => void = () => {};
  #requested = false;

  constructor(app: App, process: NodeJS.Process) {
    this.#app = app;
    this.#process = process;
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  request(code: number): void {
    if (this.#requested) {
      this.#app.destroy();
      return this.#settle(code);
    }
    this.#requested = true;
    void this.#app.stop().then(() => this.#settle(code));
  }

  /** Takes over the signals and what nobody caught. @param reload what a hang-up means; else it stops too */
  guard({ terminal, log }: { terminal: Terminal; log: Log }, reload: (() => Promise<unknown>) | undefined): void {
    const process = this.#process;
    const stop = (signal: string, code: number) => {
      log.info({ signal }, `${signal}: stopping`);
      this.request(code);
    };
    process.on('SIGTERM', (signal) => stop(signal, 0));
    process.on('SIGINT', (signal) => stop(signal, 130));
    process.on('SIGHUP', (signal) => {
      if (!reload) return stop(signal, 0);
      log.info({ signal }, `${signal}: reading the configuration anew`);
      // What came of it is an activity, also if that is nothing.
      reload().catch(() => {});
    });
    process.on('SIGCONT', () => terminal.continued());
    let crashed = false;
    const crash = (error: unknown) => {
      // Another one, on the way out: nothing of this process is to be trusted any more.
      if (crashed) process.exit(1);
      crashed = true;
      terminal.close();
      log.fatal({ error }, 'unexpected error; the server ends');
      void this.#app.abandon(CLOSING).then(() => this.#settle(1));
    };
    process.on('uncaughtException', crash);
    process.on('unhandledRejection', crash);
  }
}
