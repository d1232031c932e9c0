import type { Options } from '../config/options.ts';
import { type Issue, SseError } from '../errors.ts';
import { mountsOf } from './mounts.ts';
import { adminTokenOf, keysOf, type ReadFile, read, usersOf } from './verifiers.ts';

/** Looks at every file and directory that options name. @throws SseError `invalid-config`, with every mistake */
export function inspect(options: Options, readFile: ReadFile = read): void {
  const issues: Issue[] = [];
  for (const look of [mountsOf, usersOf, keysOf, adminTokenOf]) {
    try {
      look(options, readFile);
    } catch (error) {
      if (!(error instanceof SseError)) throw error;
      issues.push(...error.issues);
    }
  }
  if (issues.length > 0) throw SseError.of('invalid-config', issues);
}
