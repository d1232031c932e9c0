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
