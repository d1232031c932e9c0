import { type Client, type Identity, identity } from '../../src/event/identity.ts';

/** A client of the connection `c1`. */
export function client({ topics = [], ...who }: Partial<Identity> & { readonly topics?: readonly string[] } = {}): Client {
  return { ...identity(who), topics, client: { id: 'c1', ip: '127.0.0.1' } };
}
