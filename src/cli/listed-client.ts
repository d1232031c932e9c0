import { escapeText } from '../terminal/escape.ts';

/** A client as admin lists it, what is shown of it. */
export interface ListedClient {
  /** The id of its connection. */
  readonly client: string;
  readonly ip: string;
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly profile: string;
  /** When it connected, ISO 8601. */
  readonly since: string;
  readonly state: string;
  /** Entries of the log that it has not passed yet. */
  readonly behind: number;
  /** Broadcast events it was sent. */
  readonly events: number;
}

/** Its best name, safe to show. */
export function nameOf({ name, login, id }: Pick<ListedClient, 'name' | 'login' | 'id'>): string {
  return escapeText(name || login || id || 'anonymous', 24);
}
