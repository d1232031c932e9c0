import { createSecretKey, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seconds, signed } from './jwt.ts';
import type { Cleanup } from './program.ts';
import { type Program, type ProgramOptions, startProgram, temporaryFolder } from './program.ts';

/** A secret that a program and a test share, and the tokens made with it. */
export class TokenMaker {
  readonly file: string;
  readonly #secret = randomBytes(32);

  constructor() {
    this.file = join(temporaryFolder(), 'secret');
    writeFileSync(this.file, this.#secret);
  }

  /** @param claims beside `exp` (an hour) and `iat` (now), or in their place */
  token(claims: object): string {
    const payload = { iat: seconds(), exp: seconds(3600), ...claims };
    return signed({ alg: 'HS256', typ: 'JWT' }, payload, createSecretKey(this.#secret));
  }

  bearer(claims: object): { readonly authorization: string } {
    return { authorization: `Bearer ${this.token(claims)}` };
  }

  /** Starts a program that knows its tokens. */
  start(t: Cleanup, args: readonly string[] = [], options: ProgramOptions = {}): Promise<Program> {
    return startProgram(t, ['--jwt-secret-file', this.file, '--retry', '500ms', ...args], options);
  }
}
