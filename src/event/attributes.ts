import type { Client } from './identity.ts';

/** The attributes by which clients can be found without asking each. */
export type Indexed = 'id' | 'login' | 'profile' | 'roles' | 'topics' | 'client.id';

/** What a filter may read of a client, by the name it has in filters. */
export type Attribute = Indexed | 'authenticated' | 'name' | 'mail' | 'claims' | 'client.ip';

/** How each is read. */
export const ATTRIBUTES: Readonly<Record<Attribute, (client: Client) => unknown>> = {
  authenticated: (client) => client.authenticated,
  id: (client) => client.id,
  login: (client) => client.login,
  name: (client) => client.name,
  mail: (client) => client.mail,
  profile: (client) => client.profile,
  roles: (client) => client.roles,
  topics: (client) => client.topics,
  claims: (client) => client.claims,
  'client.id': (client) => client.client.id,
  'client.ip': (client) => client.client.ip,
};
