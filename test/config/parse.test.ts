import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import proxyaddr from 'proxy-addr';
import { OPTION_NAMES } from '../../src/config/options.ts';
import { parseOptions, spellOptions } from '../../src/config/parse.ts';
import { SseError } from '../../src/errors.ts';

/** What is wrong, one line for each mistake. */
function mistakes(given: Readonly<Record<string, unknown>>): string[] {
  try {
    parseOptions(given);
    return [];
  } catch (error) {
    assert.ok(error instanceof SseError && error.code === 'invalid-config', String(error));
    return error.issues.map(({ pointer, detail }) => `${pointer}: ${detail}`);
  }
}

describe('Options that nobody gave', () => {
  it('have their defaults, in ms and bytes', () => {
    assert.deepEqual(parseOptions({}), {
      host: undefined,
      port: 2015,
      static: [],
      staticMaxAge: 0,
      ssePath: ['/sse'],
      cors: [],
      trustProxy: [],
      event: 'message',
      data: 'hello',
      keyFilter: 'profile == "Administrator"',
      tick: 1000,
      adminListen: undefined,
      adminHost: [],
      adminTokenFile: undefined,
      bodyLimit: 1024 ** 2,
      users: undefined,
      requireAuth: false,
      authCookie: 'sse_token',
      authUrl: undefined,
      allowQueryToken: false,
      expiryNotice: 30_000,
      topics: 'open',
      jwtSecretFile: undefined,
      jwtKeyFile: undefined,
      jwksUrl: undefined,
      jwtIssuer: [],
      jwtAudience: [],
      jwtMaxLifetime: 31 * 86_400_000,
      jwtAlgorithm: [],
      jwtClaim: [],
      historyEvents: 1000,
      historyAge: 3_600_000,
      historyBytes: 16 * 1024 ** 2,
      onGap: 'oldest',
      store: undefined,
      storeEvents: 1_000_000,
      storeAge: 7 * 86_400_000,
      storeBytes: 1024 ** 3,
      retry: 2000,
      heartbeat: 15_000,
      stallTime: 30_000,
      maxAge: 0,
      drainTime: 5000,
      maxClients: 10_000,
      maxClientsPerAddress: 100,
      maxClientsPerIdentity: 0,
      connectRate: 0,
      publishRate: 0,
      replayRate: 0,
      headerLimit: 16 * 1024,
      urlLimit: undefined,
      filterLimit: 1024,
      topicLimit: 128,
      idLimit: 64,
      typeLimit: 128,
      readyFile: undefined,
      logLevel: 'info',
      logFormat: 'auto',
    });
  });

  it('are all there, whether set or not, and none can be changed', () => {
    const options = parseOptions({ static: 'public' });
    assert.deepEqual(Object.keys(options).sort(), [...OPTION_NAMES].sort());
    assert.ok(Object.isFrozen(options) && Object.isFrozen(options.static) && Object.isFrozen(options.static[0]));
  });
});

describe('The maximum age', () => {
  it('is off unless a proxy is trusted, then 60 minutes', () => {
    assert.equal(parseOptions({}).maxAge, 0);
    assert.equal(parseOptions({ trustProxy: 'loopback' }).maxAge, 3_600_000);
  });

  it('is what was asked for in any case, and that may be off', () => {
    assert.equal(parseOptions({ trustProxy: 'loopback', maxAge: 'off' }).maxAge, 0);
    assert.equal(parseOptions({ trustProxy: 'loopback', maxAge: '90d' }).maxAge, 90 * 86_400_000);
  });
});

describe('A list', () => {
  it('may be a single string', () => {
    assert.deepEqual(parseOptions({ ssePath: '/events' }).ssePath, ['/events']);
    assert.deepEqual(parseOptions({ ssePath: ['/sse', '/api/test/sse'] }).ssePath, ['/sse', '/api/test/sse']);
  });

  it('names the entry that is wrong', () => {
    assert.deepEqual(mistakes({ cors: ['https://a.example', 'b.example'] }), [
      "/cors/1: must be an origin such as https://app.example.com, not 'b.example'",
    ]);
  });

  it('of stream paths has at least one', () => {
    assert.deepEqual(mistakes({ ssePath: [] }), ['/ssePath: must not be empty']);
  });
});

describe('Directories and listeners', () => {
  it('are parsed into their parts', () => {
    const { static: mounts } = parseOptions({ static: ['public', '/docs/=./d', '/a/b=/srv/x=y'] });
    assert.deepEqual(mounts, [
      { prefix: '/', directory: 'public' },
      { prefix: '/docs', directory: './d' },
      { prefix: '/a/b', directory: '/srv/x=y' },
    ]);
    assert.deepEqual(parseOptions({ static: '/=/srv/a=b' }).static, [{ prefix: '/', directory: '/srv/a=b' }]);
    const listen = (adminListen: string) => parseOptions({ adminListen, adminTokenFile: 't' }).adminListen;
    assert.deepEqual(listen('2016'), { port: 2016 });
    assert.deepEqual(listen('10.0.0.5:9000'), { host: '10.0.0.5', port: 9000 });
    assert.deepEqual(listen('[::1]:0'), { host: '::1', port: 0 });
    assert.deepEqual(listen('unix:/run/sse.sock'), { path: '/run/sse.sock' });
  });
});

describe('What was parsed', () => {
  it('is spelled so that it parses to the same', () => {
    const options = parseOptions({
      host: '::1',
      static: ['public', '/docs=d'],
      adminListen: '[::1]:7',
      maxAge: '90m',
      historyBytes: 1000,
      staticMaxAge: 0,
      trustProxy: ['loopback', '10.0.0.0/8'],
      jwtKeyFile: 'key.pem',
      jwtAlgorithm: 'PS256',
      jwtClaim: ['roles=realm_access.roles', 'id=https://a.example/?b=c'],
    });
    assert.deepEqual(options.jwtClaim[1], { field: 'id', claim: 'https://a.example/?b=c' });
    const spelled = spellOptions(options);
    assert.deepEqual(parseOptions(spelled), options);
    assert.deepEqual(spelled.static, ['public', '/docs=d']);
    assert.equal(spelled.adminListen, '[::1]:7');
    assert.equal(spelled.maxAge, '90m');
    assert.equal(spelled.historyBytes, '1000b');
    assert.equal(spelled.users, null);
  });
});

describe('A mistake is told in one sentence', () => {
  const cases: [option: string, value: unknown, detail: string][] = [
    ['port', 70_000, 'must be a whole number from 0 to 65535, not 70000'],
    ['port', '80', "must be a whole number from 0 to 65535, not '80'"],
    ['port', 1.5, 'must be a whole number from 0 to 65535, not 1.5'],
    ['historyEvents', 0, 'must be a whole number of 1 or more, not 0'],
    ['maxClients', null, 'must be a whole number of 1 or more, not null'],
    ['connectRate', 0, 'must be a whole number of 1 or more, or off, not 0'],
    ['maxClientsPerAddress', 'none', "must be a whole number of 1 or more, or off, not 'none'"],
    ['replayRate', '1b', "must be at least 1kb, not '1b'"],
    ['requireAuth', 'yes', "must be true or false, not 'yes'"],
    [
      'heartbeat',
      15,
      'must be a duration such as 500ms, 15s, 10m, 2h or 7d, not 15; a bare number has no unit: write 15s or 15ms',
    ],
    ['heartbeat', '500ms', "must be at least 1s, not '500ms'"],
    ['heartbeat', '2h', "must be at most 1h, not '2h'"],
    ['stallTime', '25d', "must be at most 24d (timers cannot wait longer), not '25d'"],
    ['drainTime', '25d', "must be at most 24d (timers cannot wait longer), not '25d'"],
    ['drainTime', -1, 'must be a duration such as 500ms, 15s, 10m, 2h or 7d, not -1'],
    ['retry', '100ms', "must be at least 500ms, not '100ms'"],
    ['staticMaxAge', '400d', "must be at most 365d, not '400d'"],
    ['maxAge', 'on', "must be a duration such as 15s, 10m, 2h or 7d, or off, not 'on'"],
    ['maxAge', '10ms', "must be at least 1s, not '10ms'"],
    ['bodyLimit', '65mb', "must be at most 64mb, not '65mb'"],
    ['bodyLimit', 0, "must be at least 1b, not '0'"],
    ['headerLimit', '3kb', "must be at least 4kb, not '3kb'"],
    ['headerLimit', '1mb', "must be at most 256kb, not '1mb'"],
    ['urlLimit', '63b', "must be at least 64b, not '63b'"],
    ['urlLimit', '257kb', "must be at most 256kb, not '257kb'"],
    ['filterLimit', '63b', "must be at least 64b, not '63b'"],
    ['filterLimit', '17kb', "must be at most 16kb, not '17kb'"],
    ['topicLimit', 1025, 'must be a whole number from 1 to 1024, not 1025'],
    ['idLimit', 7, 'must be a whole number from 8 to 64, not 7'],
    ['idLimit', 65, 'must be a whole number from 8 to 64, not 65'],
    ['typeLimit', 0, 'must be a whole number from 1 to 1024, not 0'],
    ['historyBytes', '16m', "must be a size such as 64kb, 8mb or 1gb, not '16m'"],
    ['onGap', 'lates', "must be oldest or latest, not 'lates'; did you mean 'latest'?"],
    ['logLevel', 3, 'must be trace, debug, info, warn, error, fatal or silent, not 3'],
    ['ssePath', 'sse', "must begin with '/', not 'sse'"],
    ['ssePath', '/admin/sse', "must not be under /admin: that path is the server's own"],
    ['ssePath', '/readyz', "must not be under /readyz: that path is the server's own"],
    ['ssePath', '/metrics', "must not be under /metrics: that path is the server's own"],
    ['ssePath', '/a?b', "must be a plain path such as /sse, not '/a?b'"],
    ['ssePath', '/%61dmin', "must be a plain path such as /sse, not '/%61dmin'"],
    ['ssePath', '/x/../admin', "must be a plain path such as /sse, not '/x/../admin'"],
    ['ssePath', '//evil.test', "must be a plain path such as /sse, not '//evil.test'"],
    ['static', '', 'must not be empty'],
    ['static', '/docs=', "needs a directory after '/docs='"],
    ['static', '/admin=x', "its prefix must not be under /admin: that path is the server's own"],
    ['event', 'a\nb', 'must not contain control characters or line breaks'],
    ['event', 'sse.open', 'must not begin with "sse.": these types are control events'],
    ['data', '\ud800', 'must not contain lone surrogates'],
    ['data', {}, 'must be text, not an object'],
    ['keyFilter', 'profil == "x"', "unknown name 'profil'; did you mean 'profile'?"],
    ['host', 'localhost:80', "must be an address or a name without a port, not 'localhost:80'; see --port"],
    ['host', '[::1]', 'an IPv6 address stands without brackets here: ::1'],
    ['host', '*', 'must be an address or a name; 0.0.0.0 listens on every IPv4 address, :: on every address'],
    ['host', 'http://x', "must be a host, not a URL: 'http://x'"],
    ['host', 'a b', "must be a host name or an address, not 'a b'"],
    ['cors', 'https://a.example/', "must be an origin and nothing else: https://a.example, not 'https://a.example/'"],
    ['cors', 'HTTPS://A.example:443', "must be an origin and nothing else: https://a.example, not 'HTTPS://A.example:443'"],
    ['cors', 'null', "must not be 'null': any page can send that"],
    [
      'trustProxy',
      'true',
      "must be an address, a range such as 10.0.0.0/8, or one of loopback, linklocal, uniquelocal, not 'true'",
    ],
    ['trustProxy', '0.0.0.0/0', 'must not be every address there is'],
    ['adminListen', 'x', "must be PORT, HOST:PORT, [IPv6]:PORT or unix:PATH, not 'x'"],
    ['adminListen', '::1:80', "must be PORT, HOST:PORT, [IPv6]:PORT or unix:PATH, not '::1:80'"],
    ['adminListen', '[1.2.3.4]:80', "must have an IPv6 address in its brackets, not '1.2.3.4'"],
    ['adminListen', '99999', 'must have a port from 0 to 65535, not 99999'],
    ['adminListen', 'unix:', 'needs a path after unix:'],
    ['adminHost', 'https://x', "must be a host, not a URL: 'https://x'"],
    ['adminTokenFile', '', 'must not be empty'],
    ['jwksUrl', 'a.example/jwks', "must be a URL such as https://login.example.com/jwks.json, not 'a.example/jwks'"],
    ['jwksUrl', 'file:///jwks', "must be a URL such as https://login.example.com/jwks.json, not 'file:///jwks'"],
    ['jwksUrl', 'http://a.example/jwks', "must be https, or http on this machine, not 'http://a.example/jwks'"],
    ['jwksUrl', 'http://127.0.0.1.a.example/', "must be https, or http on this machine, not 'http://127.0.0.1.a.example/'"],
    ['jwksUrl', 'https://ada:hunter2@a.example/', 'must not have a user and a password in it'],
    ['jwtIssuer', '', 'must not be empty'],
    ['jwtMaxLifetime', '0s', "must be at least 1s, not '0s'"],
    ['jwtClaim', 'roles', "must be FIELD=CLAIM such as roles=realm_access.roles, not 'roles'"],
    ['jwtClaim', 'roles=', "must be FIELD=CLAIM such as roles=realm_access.roles, not 'roles='"],
    [
      'jwtClaim',
      'role=x',
      "must begin with id=, login=, name=, mail=, profile=, roles=, topics=, not 'role=x'; did you mean 'roles'?",
    ],
    ['authCookie', 'a b', 'must be a cookie name: letters, digits, - _ . and the like'],
  ];
  for (const [option, value, detail] of cases)
    it(`${option}: ${JSON.stringify(value)}`, () => {
      const [found, ...others] = mistakes({ [option]: value });
      assert.equal(found?.replace(/^\/[^:]*: /, ''), detail);
      assert.match(found ?? '', new RegExp(`^/${option}(/0)?: `));
      assert.deepEqual(others, []);
    });

  it('an algorithm that is none, and most of all none', () => {
    const [found = ''] = mistakes({ jwtAlgorithm: 'none' });
    assert.match(found, /^\/jwtAlgorithm\/0: must be HS256, .* or Ed25519, not 'none'$/);
    assert.match(mistakes({ jwtAlgorithm: 'RS265' })[0] ?? '', /did you mean 'RS256'\?$/);
  });

  it('and a long or hostile value is cut and made harmless', () => {
    const [found = ''] = mistakes({ onGap: `\u001b[2J${'x'.repeat(1000)}` });
    assert.match(found, /not '\\u001b\[2Jx+…'$/);
    assert.ok(found.length < 150);
  });

  it('a bad filter also with its place', () => {
    try {
      parseOptions({ keyFilter: 'id == "1" && profil == "x"' });
      assert.fail('was accepted');
    } catch (error) {
      const [issue] = (error as SseError).issues;
      assert.equal(issue?.position, 13);
      assert.equal(issue?.excerpt, 'id == "1" && profil == "x"\n             ^');
    }
  });

  it('all of them at once', () => {
    assert.equal(mistakes({ port: -1, heartbeat: '3', onGap: '', nonsense: 1 }).length, 4);
  });
});

describe('An unknown option', () => {
  it('is a mistake that names the nearest', () => {
    assert.deepEqual(mistakes({ hartbeat: '3s' }), ["/hartbeat: is not an option; did you mean 'heartbeat'?"]);
    assert.deepEqual(mistakes({ 'max-clients': 3 }), ["/max-clients: is not an option; did you mean 'maxClients'?"]);
    assert.deepEqual(mistakes(JSON.parse('{"__proto__":1}')), ['/__proto__: is not an option']);
  });
});

describe('Options that contradict each other', () => {
  it('requireAuth needs something that makes clients known', () => {
    assert.deepEqual(mistakes({ requireAuth: true }), [
      '/requireAuth: nobody could connect: it needs --users, --jwt-secret-file, --jwt-key-file, --jwks-url or --auth-url',
    ]);
    for (const known of [
      { users: 'users.json' },
      { jwtSecretFile: 'secret' },
      { jwtKeyFile: 'key.pem' },
      { jwksUrl: 'https://a.example/jwks' },
    ])
      assert.deepEqual(mistakes({ requireAuth: true, ...known }), []);
  });

  it('topics that need a right need something that gives it, and tokens in URLs something that knows them', () => {
    const ways = '--users, --jwt-secret-file, --jwt-key-file, --jwks-url or --auth-url';
    assert.deepEqual(mistakes({ topics: 'claim' }), [`/topics: nobody could subscribe to one: it needs ${ways}`]);
    assert.deepEqual(mistakes({ allowQueryToken: true }), ['/allowQueryToken: means nothing without --users or a key of JWTs']);
    assert.deepEqual(mistakes({ topics: 'claim', authUrl: 'http://localhost/' }), []);
    assert.deepEqual(mistakes({ topics: 'claim', allowQueryToken: true, users: 'c' }), []);
  });

  it('one of an application, a function and tokens decides', () => {
    const authUrl = 'http://localhost:3000/who';
    const detail = 'cannot stand beside --users or keys of JWTs: one of them decides';
    assert.deepEqual(mistakes({ authUrl, users: 'c' }), [`/authUrl: ${detail}`]);
    assert.deepEqual(mistakes({ authUrl, jwksUrl: 'https://a.example/jwks' }), [`/authUrl: ${detail}`]);
    assert.throws(
      () => parseOptions({ authUrl }, undefined, { authenticates: true }),
      /\/authUrl: cannot stand beside authenticate/,
    );
    assert.throws(
      () => parseOptions({ users: 'c' }, undefined, { authenticates: true }),
      /\/users: cannot stand beside authenticate/,
    );
    assert.equal(parseOptions({ requireAuth: true }, undefined, { authenticates: true }).requireAuth, true);
  });

  it('a secret and public keys cannot stand beside each other', () => {
    const detail = (flag: string) => [`/jwtSecretFile: cannot stand beside ${flag}: it is a secret or public keys`];
    const jwksUrl = 'https://a.example/jwks';
    assert.deepEqual(mistakes({ jwtSecretFile: 'a', jwtKeyFile: 'b' }), detail('--jwt-key-file'));
    assert.deepEqual(mistakes({ jwtSecretFile: 'a', jwksUrl }), detail('--jwks-url'));
    assert.deepEqual(mistakes({ jwtKeyFile: 'b', jwksUrl }), []);
    assert.deepEqual(mistakes({ jwtSecretFile: 'a', users: 'c' }), []);
  });

  it('the default event must not be larger than events may be', () => {
    const [event, keyFilter] = ['x'.repeat(200), `profile == "${'x'.repeat(2000)}"`];
    assert.deepEqual(mistakes({ event, keyFilter }), [
      '/event: has at most 128 characters; see --type-limit',
      '/keyFilter: a filter has at most 1024 bytes; see --filter-limit',
    ]);
    assert.deepEqual(mistakes({ event, keyFilter, typeLimit: 200, filterLimit: '2kb' }), []);
    assert.deepEqual(mistakes({ event: 'price', typeLimit: 4 }), ['/event: has at most 4 characters; see --type-limit']);
    // What is sent without a type has none.
    assert.deepEqual(mistakes({ typeLimit: 1, filterLimit: '64b' }), []);
  });

  it('rules for tokens need keys', () => {
    for (const rule of [{ jwtIssuer: 'a' }, { jwtAudience: 'a' }, { jwtAlgorithm: 'RS256' }, { jwtClaim: 'id=uid' }]) {
      const [name] = Object.keys(rule);
      const detail = 'means nothing without --jwt-secret-file, --jwt-key-file or --jwks-url';
      assert.deepEqual(mistakes({ ...rule, users: 'c' }), [`/${name}: ${detail}`]);
      assert.deepEqual(mistakes({ ...rule, jwtKeyFile: 'b' }), []);
    }
  });

  it('an admin listener that others can reach needs a token', () => {
    const detail = (host: string) =>
      `/adminListen: others than this machine could connect to ${host}: it needs --admin-token-file`;
    for (const [listen, host] of [
      ['0.0.0.0:9', '0.0.0.0'],
      ['[::]:9', '::'],
      ['10.0.0.1:9', '10.0.0.1'],
      ['admin.example:9', 'admin.example'],
    ] as const) {
      assert.deepEqual(mistakes({ adminListen: listen }), [detail(host)]);
      assert.deepEqual(mistakes({ adminListen: listen, adminTokenFile: 'token' }), []);
    }
    for (const listen of ['9', 'localhost:9', 'x.localhost:9', '127.9.9.9:9', '[::1]:9', '[::ffff:127.0.0.1]:9', 'unix:s'])
      assert.deepEqual(mistakes({ adminListen: listen }), [], listen);
  });

  it('admin and the stream cannot share an address by name', () => {
    const detail = ['/adminListen: 2015 is the port of the stream (--port); it needs another one'];
    assert.deepEqual(mistakes({ adminListen: '2015' }), detail);
    assert.deepEqual(mistakes({ adminListen: '2015', host: '0.0.0.0' }), detail);
    assert.deepEqual(mistakes({ adminListen: '2015', host: '10.0.0.1' }), []);
    assert.deepEqual(mistakes({ adminListen: '0', port: 0 }), []);
  });

  it('two directories cannot be under one path', () => {
    assert.deepEqual(mistakes({ static: ['/docs=a', '/docs/=b'] }), [
      "/static: two directories are under '/docs'; give one of them another path: /PREFIX=DIR",
    ]);
  });
});

describe('Proxies to trust', () => {
  const values = [
    'loopback',
    'linklocal',
    'uniquelocal',
    '10.0.0.1',
    '10.0.0.0/8',
    '::1',
    'fd00::/8',
    '10.0.0.0/33',
    'fd00::/129',
  ];
  values.push('0.0.0.0/0', 'loopbak', '10.0.0', '10.0.0.0/', '', 'true', 'a,b', '10.0.0.0/8/8', '::ffff:10.0.0.0/104');
  for (const value of values)
    it(`accepts ${JSON.stringify(value)} if proxy-addr does`, () => {
      let accepted = true;
      try {
        proxyaddr.compile([value]);
      } catch {
        accepted = false;
      }
      assert.equal(mistakes({ trustProxy: value }).length === 0, accepted);
    });

  it('says how to write several', () => {
    assert.match(mistakes({ trustProxy: '10.0.0.0/8,loopback' })[0] ?? '', /; give the flag once for each$/);
  });
});
