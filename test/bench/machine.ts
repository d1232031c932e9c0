import { cpus, release, type } from 'node:os';

/** What figures depend on. It names no machine. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly kernel: string;
  readonly node: string;
}

export function machine(): Machine {
  const all = cpus();
  const kernel = `${type()} ${/^[\d.]+/.exec(release())?.[0] ?? release()}`;
  return { cores: all.length, cpu: all[0]?.model.trim() ?? 'unknown', kernel, node: process.version.slice(1) };
}

/** In one line, for people. */
export function describe({ cores, cpu, kernel, node }: Machine): string {
  return `${cores} cores, ${cpu}, ${kernel}, Node ${node}`;
}
