import type { Loaded } from '../config/load.ts';
import type { ClaimField } from '../identity/claims.ts';

/** What a `token create` command asks for. */
export interface MintOrder {
  readonly what: 'create';
  /** `sub`. */
  readonly subject: string | undefined;
  /** Put where the server looks for them. */
  readonly fields: Readonly<Partial<Record<Exclude<ClaimField, 'id'>, string | readonly string[]>>>;
  /** Any others; they count before all else. */
  readonly claims: readonly (readonly [name: string, value: unknown])[];
  /** In ms. */
  readonly lifetime: number;
  /** File with a private key; else the secret signs. */
  readonly signingKey: string | undefined;
  readonly loaded: Loaded;
}

/** What a `token verify` command asks for. */
export interface ExplainOrder {
  readonly what: 'verify';
  /** `-` is stdin. */
  readonly token: string;
  readonly loaded: Loaded;
}

export type TokenOrder = MintOrder | ExplainOrder;
