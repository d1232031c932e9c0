import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { FeedEvent } from './event-feed.ts';

/**
 * Runs a shell command for an event and waits for its end. It writes where we write.
 *
 * @param input what it reads from stdin @returns what went wrong, if anything: `ended with 3`
 */
export async function runForEvent(
  command: string,
  { type, id }: FeedEvent,
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  try {
    const child = spawn(command, {
      shell: true,
      stdio: ['pipe', 'inherit', 'inherit'],
      // NUL ends a variable, and no server of ours lets it into a type.
      env: { ...env, SSE_EVENT: type.replaceAll('\0', ''), SSE_ID: id },
    });
    // It need not read all of it.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    if (code === 0) return undefined;
    return code === null ? `was ended by ${signal}` : `ended with ${code}`;
  } catch (error) {
    return `cannot be run: ${(error as Error).message}`;
  }
}
