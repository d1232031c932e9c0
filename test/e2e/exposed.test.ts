import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { PROGRAM, ROOT, run, startAtDefaultPort, startProgram, temporaryFolder } from '../support/program.ts';
import { spawnPty } from '../support/pty.ts';
import { openStream } from './reader.ts';

/** This machine as others see it; where there is no network, its own name for itself must do. */
const outside = (): string =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';

describe('a server that others can reach', () => {
  it('has admin on a listener of its own, which the ready file names, and answers 404 on the public port', async (t) => {
    const program = await startProgram(t, ['--host', '0.0.0.0']);
    const admin = new URL(program.admin);
    assert.match(admin.hostname, /^(localhost|127\.0\.0\.1)$/);
    assert.notEqual(Number(admin.port), program.port);
    assert.deepEqual(program.ready, { pid: program.pid, url: program.url, sse: program.sse, admin: program.admin });

    for (const base of [program.url, `http://${outside()}:${program.port}/`]) {
      for (const path of ['admin', 'admin/', 'admin/broadcast', 'admin/broadcast?data=x'])
        for (const method of ['GET', 'POST'])
          assert.equal((await fetch(base + path, { method })).status, 404, `${method} ${base}${path}`);
    }
    const client = await openStream(t, `http://${outside()}:${program.port}/sse?profile=Administrator`);
    assert.equal(client.control('sse.open')[0]?.profile, '', "nobody's own word counts");
    assert.equal((await program.publish({ data: 'by its own listener' })).matched, 1);
    await client.has(1);
    assert.deepEqual(client.data, ['by its own listener']);
  });

  it("keeps admin's listener to this machine", async (t) => {
    const program = await startProgram(t, ['--host', '0.0.0.0']);
    // Where a machine has no other address: a listener for everybody would answer at this one as well.
    const host = outside() === '127.0.0.1' ? '127.0.0.2' : outside();
    await assert.rejects(
      fetch(`http://${host}:${new URL(program.admin).port}/admin/broadcast`, { method: 'POST' }),
      /fetch failed/,
    );
  });

  it("names admin's own listener in the line to paste", async (t) => {
    const args = [...PROGRAM, '--port', '0', '--host', '0.0.0.0'];
    const pty = spawnPty(process.execPath, args, { NODE_ENV: undefined }, { cwd: ROOT, columns: 120 });
    t.after(() => pty.kill());
    const [, port] = await pty.waitFor(/Local\s+http:\/\/localhost:(\d+)\//);
    const [, adminPort] = await pty.waitFor(
      /Publish\s+curl -d hello http:\/\/(?:localhost|127\.0\.0\.1):(\d+)\/admin\/broadcast/,
    );
    assert.notEqual(adminPort, port);
    await pty.waitFor(/Clients\s+are all anonymous/);
    const answer = await fetch(`http://localhost:${adminPort}/admin/broadcast`, { method: 'POST', body: 'hello' });
    assert.equal(answer.status, 202);
  });

  it('is one in production as well', async (t) => {
    const program = await startProgram(t, [], { env: { NODE_ENV: 'production' } });
    assert.notEqual(new URL(program.admin).port, String(program.port));
    assert.equal((await fetch(`${program.url}admin/broadcast`, { method: 'POST' })).status, 404);
  });
});

describe('a busy port', () => {
  /** Something else on a port of both loopback addresses; on a free one if none is named. */
  async function busy(t: TestContext, port = 0): Promise<number> {
    const server = createTcpServer().listen(port, '127.0.0.1');
    t.after(() => void server.close());
    // Taken by another program already is busy too.
    await Promise.race([once(server, 'listening'), once(server, 'error')]).catch(() => {});
    return (server.address() as AddressInfo | null)?.port ?? port;
  }

  it('is left for the next free one if it is the default, and the log says so', async (t) => {
    await busy(t, 2015);
    const program = await startAtDefaultPort(t);
    assert(program.port > 2015 && program.port < 2200, program.url);
    assert.match(program.stdout, /2015[^\n]*busy|busy[^\n]*2015/);
  });

  it('is left for the next free one if it is the default, and the banner says so', async (t) => {
    await busy(t, 2015);
    const pty = spawnPty(process.execPath, PROGRAM, { NODE_ENV: undefined }, { cwd: ROOT, columns: 120 });
    t.after(() => pty.kill());
    const [, port] = await pty.waitFor(/Local\s+http:\/\/localhost:(\d+)\//);
    await pty.waitFor(new RegExp(`port 2015 was busy; --port ${port} `));
    pty.send('q');
    assert.equal((await pty.exit).code, 0);
  });

  it('ends the start in one line with 3 if it was asked for, by flag, by variable or by file', async (t) => {
    const port = String(await busy(t));
    const file = join(temporaryFolder(), 'config.json');
    writeFileSync(file, JSON.stringify({ port: Number(port) }));
    const asked: [string[], Record<string, string>][] = [
      [['--port', port], {}],
      [[], { SSE_SERVER_PORT: port }],
      [['--config', file], {}],
      [['--port', '0', '--admin-listen', port], {}],
    ];
    for (const [args, env] of asked) {
      const { code, stdout, stderr } = await run(t, args, { env });
      assert.equal(code, 3, stderr);
      assert.match(stderr, new RegExp(`^sse-server: [^\n]*:${port} is in use[^\n]*\n$`));
      assert.equal(stdout, '');
    }
  });
});

describe('a mistake at the start', () => {
  /** Exit 2 and so many lines of complaint; never a stack. */
  async function refused(t: TestContext, args: string[], lines = 1): Promise<string> {
    const { code, stdout, stderr } = await run(t, args);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, '');
    assert.doesNotMatch(stderr, /^\s+at /m);
    assert.equal(stderr.split('\n').length - 1, lines, stderr);
    return stderr;
  }

  it('in a flag is told with the nearest one there is', async (t) => {
    assert.match(await refused(t, ['--prot', '8080']), /--prot\b.*did you mean --port\?/);
    assert.match(await refused(t, ['--history-event=5']), /did you mean --history-events\?/);
    assert.match(await refused(t, ['--port', 'eighty']), /^sse-server: --port: /);
  });

  it('in a config file is told with the nearest one there is, all of them at once', async (t) => {
    const file = join(temporaryFolder(), 'config.json');
    writeFileSync(file, JSON.stringify({ heartbeet: '15s', port: -1, cors: 'nonsense' }));
    const told = await refused(t, ['--config', file], 3);
    assert.match(told, /heartbeet.*did you mean '?heartbeat'?\?/);
    assert.match(told, /\/port: /);
    assert.match(told, /\/cors/);
    assert.match(await refused(t, ['--config', `${file}.gone`]), /no such file/);
  });

  it('in a users file is told one on a line, and no token is shown', async (t) => {
    const file = join(temporaryFolder(), 'users.json');
    const users = [
      { token: 'secret-token-1', id: '1', profil: 'Administrator' },
      { tokenHash: 'secret-token-2', id: '2' },
      { token: 'secret-token-3' },
      { id: '4', token: 'secret-token-4', tokenHash: `sha256:${'0'.repeat(64)}` },
    ];
    writeFileSync(file, JSON.stringify({ users }));
    const told = await refused(t, ['--port', '0', '--users', file], 4);
    assert.match(told, /\/users\/0\/profil: .*did you mean '?profile'?\?/);
    for (const place of ['/users/1/tokenHash', '/users/2/id', '/users/3']) assert(told.includes(`${place}: `), told);
    assert.doesNotMatch(told, /secret-token/);

    writeFileSync(file, '{"users":[{"token":"secret-token-5" "id":"5"}]}');
    assert.doesNotMatch(await refused(t, ['--port', '0', '--users', file]), /secret-token/);
    assert.match(await refused(t, ['--port', '0', '--users', `${file}.gone`]), /users\.json\.gone/);
  });

  it('such as a door left open is refused', async (t) => {
    assert.match(await refused(t, ['--admin-listen', '0.0.0.0:0']), /--admin-token-file/);
    assert.match(await refused(t, ['--require-auth']), /--users/);
    assert.match(await refused(t, ['--static', '/nowhere/at/all']), /does not exist/);
  });

  it('of a variable is only a warning, since platforms inject some', async (t) => {
    const program = await startProgram(t, [], { env: { SSE_SERVER_PROT: '80', SSE_SERVER_RETRY: '3s' } });
    assert.match((await program.logged({ level: 'warn' })).msg, /SSE_SERVER_PROT/);
    const client = await openStream(t, program.sse);
    assert.match(client.raw, /^retry: 3000\n/);
  });
});

describe('a page on this machine', () => {
  it('of another name for it, or of another origin, cannot publish', async (t) => {
    const program = await startProgram(t);
    const client = await openStream(t, program.sse);
    const status = async (headers: Record<string, string>, path = '/admin/broadcast') => {
      const asked = request({ port: program.port, host: '127.0.0.1', path, method: 'POST', headers });
      const [response] = (await once(asked.end('evil'), 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    assert.equal(await status({ host: 'evil.test' }), 421);
    assert.equal(await status({ host: 'evil.test' }, '/'), 421);
    assert.equal(await status({ origin: 'http://evil.test' }), 403);
    assert.equal(await status({ 'sec-fetch-site': 'cross-site' }), 403);
    assert.equal((await program.publish({ data: 'good' })).matched, 1);
    await client.has(1);
    assert.deepEqual(client.data, ['good']);
    assert.equal(await status({ 'x-forwarded-for': '203.0.113.9' }), 403);
    await assert.rejects(program.publish({ data: 'after a proxy was seen' }), /403/);
    await program.logged({ msg: /--trust-proxy/ });
  });
});
