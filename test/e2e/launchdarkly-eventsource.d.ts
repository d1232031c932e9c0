/** The package brings no types; these are the parts that the tests use. */
declare module 'launchdarkly-eventsource' {
  export class EventSource {
    constructor(url: string);
    addEventListener(type: string, listener: (event: { type: string; lastEventId: string; data: string }) => void): void;
    close(): void;
  }
}
