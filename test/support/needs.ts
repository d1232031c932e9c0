import { spawnSync } from 'node:child_process';

/**
 * For the `skip` of a suite that needs a program of the machine. Where it is missing, a laptop skips the suite and says
 * so; CI (`CI=true`) must not, or a broken image would turn everything green by leaving it out.
 *
 * @param command one that ends at once when the program is there
 */
export function whyNo(
  name: string,
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv = process.env,
): string | false {
  const [file, ...args] = command;
  return spawnSync(file, args, { env }).status === 0 ? false : missing(`no ${name} on this machine`, env);
}

/** The reason to skip; throws in CI. */
export function missing(reason: string, env: NodeJS.ProcessEnv = process.env): string {
  if (env.CI && env.CI !== 'false') throw new Error(`${reason}, and CI must not skip what needs it`);
  return reason;
}
