import { execFileSync } from 'node:child_process';
import { whyNo } from './needs.ts';

/** For the `skip` of a suite that asks Prometheus itself. */
export function whyNoPromtool(): string | false {
  return whyNo('promtool', ['promtool', '--version']);
}

/** What promtool says, on both outputs, whatever it thinks of it. */
export function promtool(args: readonly string[], input = ''): { ok: boolean; said: string } {
  try {
    return { ok: true, said: execFileSync('promtool', args, { input, encoding: 'utf8', stdio: 'pipe' }) };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { ok: false, said: stdout + stderr };
  }
}

/** A scrape: each number by its name and labels, as they stand there. */
export function samplesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}
