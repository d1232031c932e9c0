import fc from 'fast-check';
import { HOSTILE, LONE_SURROGATES, withoutControls } from './hostile.ts';

/**
 * Requests as nobody should send them, a character for each byte. Most keep most rules, or they would get no further than the parser.
 * Where it says `@epoch@`, `@client@`, `@token@` or `@admin@` — in heads only, so that lengths stay right — whoever
 * sends them may put what is valid at the moment (`filledIn`).
 */

/** Text without what would end its line, so that most requests are whole. */
const tame = fc.string({ maxLength: 20 }).map((text) => text.trim());
const bytes = fc.uint8Array({ maxLength: 40 }).map((all) => Buffer.from(all).toString('latin1'));
const mostly = <T>(arbitrary: fc.Arbitrary<T>, other: fc.Arbitrary<T>, weight = 30): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary }, { weight: 1, arbitrary: other });
const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** What no rule of ours allows, and what looks as if it did. */
export const hostileText: fc.Arbitrary<string> = fc.constantFrom(...Object.values(HOSTILE), ...LONE_SURROGATES);

const id = mostly(
  fc.oneof(
    fc.constantFrom('x', '@epoch@-0', '@epoch@-1', '@epoch@', '-', '@epoch@-99999999999999999999', 'bye~@epoch@-1', '__proto__'),
    fc.nat({ max: 200_000 }).map((sequence) => `@epoch@-${sequence}`),
    fc.tuple(fc.nat(), fc.stringMatching(/^[a-z0-9._~-]{1,20}$/)).map(([sequence, own]) => `@epoch@-${sequence}.${own}`),
  ),
  tame,
  20,
);
const token = mostly(
  fc.constantFrom('Bearer @token@', 'Bearer @admin@', 'Bearer @admin@'),
  fc.oneof(
    fc.constantFrom(
      'Bearer',
      'Basic eDp5',
      'Bearer eyJhbGciOiJub25lIn0.e30.',
      'bearer  @token@ ',
      'Bearer @token@x',
      'Bearer ..',
    ),
    fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map((parts) => `Bearer ${parts.join('.')}`),
    tame.map((text) => `Bearer ${text}`),
  ),
  6,
);

const method = mostly(
  fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE', 'PATCH', 'TRACE', 'M-SEARCH'),
  fc.constantFrom('CONNECT', 'get', 'X', ''),
);
const path = mostly(
  fc.oneof(
    fc.constantFrom(
      '/',
      '/sse',
      '/sse',
      '/sse',
      '/sse/ticket',
      '/sse/renew',
      '/admin/broadcast',
      '/admin/broadcast',
      '/admin',
      '/livez',
      '/readyz',
      '/metrics',
      '/app.js',
      '/%',
      '/%00',
      '/%ff',
      '//',
      '/..',
      '/.well-known/',
    ),
    fc.webPath().map((rest) => `/${rest}`),
    hostileText.map((text) => `/${encodeURI(text.toWellFormed())}`),
  ),
  fc.oneof(fc.constantFrom('*', 'http://localhost/', 'localhost:80'), bytes),
);
const adminPath = fc.oneof(
  fc.constantFrom('broadcast', 'clients', 'config', 'events', 'history', 'openapi.json', 'session', 'stats', ''),
  fc.constantFrom('filter/check', 'clients/disconnect', 'log-level', 'revoke', 'clients/@client@', 'clients/@client@/tap'),
  fc.tuple(fc.constantFrom('broadcasts', 'clients', 'history'), id).map((parts) => parts.map(encodeURI).join('/')),
);
/** A method that the path has, for the most part. */
const route = fc.oneof(
  fc.tuple(fc.constantFrom('GET', 'HEAD'), path),
  fc.tuple(fc.constantFrom('POST', 'PUT'), fc.constant('/admin/broadcast')),
  fc.tuple(fc.constantFrom('POST', 'PUT'), fc.constant('/admin/broadcast')),
  fc.tuple(
    fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PATCH', 'DELETE'),
    adminPath.map((rest) => `/admin/${rest}`),
  ),
  fc.tuple(fc.constant('POST'), fc.constantFrom('/sse/ticket', '/sse/renew', '/admin/filter/check', '/admin/clients/disconnect')),
  fc.tuple(method, path),
);
const query = mostly(
  fc.oneof(
    fc.constantFrom(
      '',
      '',
      '?lastEventId=x',
      '?since=1h',
      '?since=earliest&limit=5&replay=only',
      '?topic=a',
      '?data=%',
      '?data=x&wait=10ms',
      '?dryRun',
      '?filter=%7B',
      '?filter=profile%3D%3D%22x%22',
      '?filter=data.contains(%22x%22)&limit=3',
      '?roles=,,,&id=%ff',
      '?id=7&profile=Administrator&login=ada&roles=ops,dev',
      '?event=a&event=b',
      '?jwt=@token@',
      '?ticket=x',
      '?client=@client@',
      '?until=7d',
      '?format=ndjson&last=10&clip=5',
    ),
    fc.webQueryParameters().map((text) => `?${text}`),
    fc
      .tuple(fc.constantFrom('id', 'profile', 'topic', 'event', 'data', 'filter', 'login', 'roles', 'since', 'x'), hostileText)
      .map(([name, text]) => `?${name}=${encodeURIComponent(text.toWellFormed())}`),
    id.map((text) => `?lastEventId=${encodeURIComponent(text).replaceAll('%40', '@')}`),
  ),
  bytes.map((text) => `?${text}`),
);
const value = mostly(
  fc.oneof(
    tame,
    fc.constantFrom(
      'localhost',
      'evil.test',
      'null',
      'http://localhost',
      'text/event-stream',
      '*/*',
      'application/json',
      'application/x-ndjson',
      'application/x-www-form-urlencoded',
      'gzip',
      'close',
      'keep-alive',
      '100-continue',
      'bytes=0-',
      'bytes=-1,2-',
      '"x"',
      'Thu, 01 Jan 1970 00:00:00 GMT',
      '{"id":1}',
      '{"id":"1"}',
      'profile == "x"',
      'true',
      '1000',
      'x'.repeat(5000),
      'sse_admin=x; sse_token=@token@',
    ),
    // As a client may write it: one line, in UTF-8.
    hostileText.map((text) => latin1(withoutControls(text).toWellFormed())),
    id,
  ),
  bytes,
);
const name = mostly(
  fc.constantFrom(
    'Accept',
    'Authorization',
    'Cookie',
    'Last-Event-ID',
    'Content-Type',
    'Content-Encoding',
    'Connection',
    'Upgrade',
    'Range',
    'If-None-Match',
    'If-Match',
    'If-Modified-Since',
    'If-Range',
    'Idempotency-Key',
    'X-Event',
    'X-Filter',
    'X-Topics',
    'X-Retry',
    'X-Except',
    'X-Id',
    'X-Ttl',
    'X-History',
    'X-Supersedes',
    '__proto__',
    'constructor',
  ),
  fc.oneof(
    tame,
    fc.constantFrom(
      'Origin',
      'Referer',
      'Sec-Fetch-Site',
      'Host',
      'Content-Length',
      'Transfer-Encoding',
      'Expect',
      'Via',
      'X-Forwarded-For',
    ),
  ),
);
const header = fc.oneof(
  { weight: 10, arbitrary: fc.tuple(name, value).map((parts) => parts.join(': ')) },
  { weight: 1, arbitrary: token.map((text) => `Authorization: ${text}`) },
  { weight: 1, arbitrary: id.map((text) => `Last-Event-ID: ${text}`) },
);

const goodFields = {
  event: fc.oneof(
    fc.constantFrom('price', 'message'),
    hostileText.map(withoutControls).map((text) => `x${text.toWellFormed().slice(0, 99)}`),
  ),
  filter: fc.constantFrom<unknown>('profile == "x"', 'true', '1/0 == 1', { id: '1' }, { roles: ['ops'] }),
  topics: fc.constantFrom<unknown>('a', ['a', 'b'], ['__proto__']),
  except: fc.oneof(fc.constantFrom<unknown>('7', ['7']), fc.array(tame, { minLength: 1, maxLength: 3 })),
  retry: fc.integer({ min: 500, max: 3_600_000 }),
  id: fc.stringMatching(/^[a-z0-9]{1,8}$/),
  ttl: fc.constantFrom('10m', '1s'),
  history: fc.boolean(),
  supersedes: fc.constantFrom('gold', 'oil', 'constructor'),
};
const badFields = fc.record(
  {
    event: fc.oneof(fc.constantFrom<unknown>('sse.x', '', 7), hostileText),
    filter: fc.oneof(fc.constantFrom<unknown>('(((', {}, 7, { nobody: 1 }), hostileText),
    topics: fc.oneof(fc.constantFrom<unknown>([], 1), fc.array(hostileText, { maxLength: 3 })),
    except: fc.oneof(fc.constantFrom<unknown>([''], {}), hostileText),
    retry: fc.oneof(fc.integer(), fc.constantFrom<unknown>('1000', null)),
    id: hostileText,
    ttl: fc.constantFrom('0', 'x', '999999d'),
    history: fc.constantFrom<unknown>('false', 1),
    supersedes: hostileText,
  },
  { requiredKeys: [] },
);
/** An event as JSON. */
const draft = fc
  .tuple(
    fc.oneof(hostileText, fc.jsonValue({ maxDepth: 2 })),
    mostly<object>(fc.constant({}), fc.record(goodFields, { requiredKeys: [] }), 1),
    mostly<object>(fc.constant({}), badFields, 3),
  )
  .map(([data, good, bad]) => JSON.stringify({ data, ...good, ...bad }))
  .chain((text) => mostly(fc.constant(text), fc.constant(text.replace('{', '{"__proto__":{"event":"x"},'))));
const orders = fc.constantFrom(
  '{"filter":"profile == \\"x\\""}',
  '{"filter":"profile == \\"nobody\\"","reason":"\\u202e","forever":true}',
  '{"filter":{"id":"x"}}',
  '{"sub":"nobody"}',
  '{"jti":"none"}',
  '{"level":"info"}',
  '{"level":"loud"}',
  '{"filter":',
  '[]',
);
const body = fc.oneof(
  fc.constant(''),
  tame,
  fc.json({ maxDepth: 2 }),
  bytes,
  fc.constantFrom('{"data":"x"}', '{"data":"x","filter":{"id":"1"}}', 'data=x', 'data=%ff', '{"data":1}\n{"data":2}\n'),
  draft.map(latin1),
  fc.array(draft, { minLength: 1, maxLength: 3 }).map((lines) => latin1(lines.join('\n'))),
  orders,
  hostileText.map((text) => latin1(text.toWellFormed())),
);
/** A body in chunks, of which most are what they say. */
const chunks = fc
  .array(
    fc.tuple(body, mostly(fc.constantFrom('', ';ext=1', ';x="y z"'), fc.constantFrom(';', ' ', ';\0'), 15), fc.constant('\r\n')),
  )
  .map((all) =>
    all
      .filter(([text]) => text !== '')
      .map(([text, extension, end]) => `${text.length.toString(16)}${extension}${end}${text}\r\n`),
  )
  .chain((all) =>
    mostly(
      fc.constantFrom('0\r\n\r\n', '0\r\n\r\n', '0\r\nTrailer: x\r\n\r\n'),
      fc.constantFrom('', 'zz\r\n', '-1\r\nx\r\n0\r\n\r\n', 'ffffffffffffffff1\r\n', '5\r\nx\r\n0\r\n\r\n', '0\r\nTrailer'),
      8,
    ).map((end) => all.join('') + end),
  );
const framing = fc.oneof(
  // Behind a body that is not read, no other request of its connection is.
  { weight: 12, arbitrary: fc.constant({ header: undefined, text: '' }) },
  {
    weight: 8,
    arbitrary: fc
      .tuple(body, mostly(fc.constant(undefined), fc.constantFrom<number | string>(0, 3, 99, 2 ** 40, '-1', '1e3', '+5')))
      .map(([text, length]) => ({ header: `Content-Length: ${length ?? text.length}`, text })),
  },
  { weight: 2, arbitrary: chunks.map((text) => ({ header: 'Transfer-Encoding: chunked', text })) },
);

/** One request. */
export const wildRequest: fc.Arbitrary<string> = fc
  .record({
    line: fc.tuple(
      fc.tuple(route, query).map(([route, query]) => route.join(' ') + query),
      mostly(fc.constant('HTTP/1.1'), fc.constantFrom('HTTP/1.0', 'HTTP/2.0', ''), 60),
    ),
    host: mostly<string[]>(
      fc.constant(['Host: localhost']),
      fc.constantFrom([], ['Host: evil.test'], ['Host: localhost', 'Host: x'], ['Host:']),
    ),
    admin: fc.constantFrom<string[]>([], ['Authorization: Bearer @admin@']),
    headers: fc.array(header, { maxLength: 4 }),
    end: mostly(fc.constant('\r\n'), fc.constantFrom('\n', '\r'), 60),
    framing,
  })
  .map(({ line, host, admin, headers, end, framing }) =>
    [
      line.join(' '),
      ...host,
      ...admin,
      ...headers,
      ...(framing.header === undefined ? [] : [framing.header]),
      '',
      framing.text,
    ].join(end),
  );

/** A change to bytes that were in order: `at` and `length` are shares of what there is. */
const damage = fc.record({
  kind: fc.constantFrom('flip', 'cut', 'repeat', 'insert', 'end'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.double({ min: 0, max: 0.2, noNaN: true }),
  bit: fc.nat({ max: 7 }),
  bytes: fc.oneof(bytes, fc.constantFrom('\r\n', '\r\n\r\n', '\0', '\n', ':', ' ', '0\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n')),
});
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(text: string, { kind, at, length, bit, bytes }: Damage): string {
  const from = Math.floor(at * text.length);
  const to = from + 1 + Math.floor(length * text.length);
  if (kind === 'flip')
    return text.slice(0, from) + String.fromCharCode(text.charCodeAt(from) ^ (1 << bit)) + text.slice(from + 1);
  if (kind === 'cut') return text.slice(0, from) + text.slice(to);
  if (kind === 'repeat') return text.slice(0, to) + text.slice(from);
  if (kind === 'insert') return text.slice(0, from) + bytes + text.slice(from);
  return text.slice(0, from);
}

/** What one connection sends, and how. */
export interface WildConnection {
  readonly requests: readonly string[];
  /** The requests, damaged or not, before `filledIn`. */
  readonly sent: string;
  /** Where it is cut into pieces that are written one after the other, as shares of it. */
  readonly cuts: readonly number[];
  /** `end` closes its side and reads on, `reset` goes at once, `wait` stays for the answers. */
  readonly end: 'end' | 'reset' | 'wait';
}

export const wildConnection: fc.Arbitrary<WildConnection> = fc
  .record({
    requests: fc.array(wildRequest, { minLength: 1, maxLength: 5 }),
    damages: mostly(fc.constant<Damage[]>([]), fc.array(damage, { minLength: 1, maxLength: 4 }), 2),
    cuts: mostly(fc.constant<number[]>([]), fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }), 2),
    end: fc.constantFrom<WildConnection['end']>('end', 'reset', 'wait', 'wait', 'wait', 'wait'),
  })
  .map(({ requests, damages, cuts, end }) => ({
    requests,
    sent: damages.reduce(damaged, requests.join('')).replace(/[^\0-\xff]/g, '?'),
    cuts,
    end,
  }));

/** Puts what is valid at the moment where it belongs. */
export function filledIn(text: string, values: Readonly<Record<'epoch' | 'client' | 'token' | 'admin', string>>): string {
  return text.replace(/@(epoch|client|token|admin)@/g, (_, name: keyof typeof values) => values[name]);
}
