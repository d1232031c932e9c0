/** Types of the page's modules that tests import; they are plain JavaScript, and `allowJs` would want the DOM in every test. */

declare module '*/public/event-stream.js' {
  export interface StreamEvent {
    readonly type: string;
    readonly data: string;
    readonly id: string;
  }
  export class EventStreamParser {
    constructor(parts: {
      onEvent: (event: StreamEvent) => void;
      onRetry?: (milliseconds: number) => void;
      lastEventId?: string;
    });
    get lastEventId(): string;
    push(bytes: Uint8Array): void;
  }
}

declare module '*/public/pretty.js' {
  export function prettyJson(text: string): string | undefined;
}

declare module '*/public/wish.js' {
  export interface Wish {
    readonly profile: string;
    readonly login: string;
    readonly id: string;
    readonly topics: readonly string[];
    readonly start: string;
  }
  export function streamPath(told: string, location: { readonly origin: string; readonly search: string }): string;
  export function streamAddress(path: string, wish: Wish, origin: string): string;
}

declare module '*/public/admin/rates.js' {
  export interface Spread {
    readonly bounds: readonly number[];
    readonly cumulative: readonly number[];
    readonly count: number;
  }
  export interface Vitals {
    readonly at: number;
    readonly clients: number;
    readonly slow: number;
    readonly events: number;
    readonly deliveries: number;
    readonly bytes: number;
    readonly gaps: number;
    readonly publishToWrite?: Spread;
  }
  export class Rates {
    add(vitals: Vitals): (Omit<Vitals, 'at' | 'publishToWrite'> & { readonly delay: number | undefined }) | undefined;
  }
  export function percentile(from: Spread | undefined, to: Spread, share: number): number | undefined;
}

declare module '*/public/admin/mirror.js' {
  export interface Client {
    readonly client: string;
    readonly login: string;
    readonly since?: string;
  }
  export class Mirror {
    get list(): readonly Client[];
    get size(): number;
    take(type: string, told: unknown): boolean;
    lost(): void;
  }
}

declare module '*/public/admin/draft.js' {
  export interface Draft {
    readonly event?: string;
    readonly data: unknown;
  }
  export function draftOf(fields: FormData): Draft;
  export function again(entry: object): Draft;
  export function curlOf(draft: Draft, where: { readonly url: string; readonly hasToken: boolean }): string;
}

declare module '*/public/admin/numbers.js' {
  export function whole(value: number): string;
  export function rate(value: number): string;
  export function size(bytes: number): string;
  export function delay(seconds: number): string;
  export function age(ms: number): string;
}
