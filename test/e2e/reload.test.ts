import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { signed } from '../support/jwt.ts';
import { type Cleanup, PROGRAM, type Program, startProgram, temporaryFolder } from '../support/program.ts';
import { spawnPty } from '../support/pty.ts';
import { samplesOf } from '../support/scrape.ts';
import { openStream, Reader } from './reader.ts';

interface Outcome {
  readonly changed: { name: string; old?: unknown; new?: unknown; file?: string }[];
  readonly needsRestart: { name: string; old?: unknown; new?: unknown }[];
  readonly renewed: number;
  readonly ended: number;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const user = (id: string, parts: object = {}) => ({ token: `token-of-user-${id}`, id, ...parts });

/** A program with a config file, and a way to write it and its other files anew. */
async function configured(t: Cleanup, config: object, files: Readonly<Record<string, unknown>> = {}) {
  const cwd = temporaryFolder();
  const write = (name: string, content: unknown) =>
    writeFileSync(join(cwd, name), typeof content === 'string' ? content : JSON.stringify(content));
  write('config.json', config);
  for (const [name, content] of Object.entries(files)) write(name, content);
  const program = await startProgram(t, ['--config', 'config.json'], { cwd });
  return { program, write, cwd };
}

async function reload(program: Program, headers = {}): Promise<{ status: number; body: Outcome }> {
  const response = await fetch(`${program.admin}config/reload`, { method: 'POST', headers });
  return { status: response.status, body: (await response.json()) as Outcome };
}

const json = async (program: Program, path: string) => (await fetch(program.admin + path)).json() as Promise<never>;

describe('a reload', () => {
  it('applies by SIGHUP and by POST what can change under way, drops no stream, and says what needs a restart', async (t) => {
    const { program, write } = await configured(t, { heartbeat: '15s' });
    const stream = await openStream(t, program.sse);
    const origin = { origin: 'https://app.example' };
    const asked = () => fetch(program.sse, { method: 'OPTIONS', headers: origin });
    assert.equal((await asked()).status, 403);

    write('config.json', { cors: 'https://app.example', logLevel: 'debug', maxClients: 1, port: 1, event: 'notice' });
    const { status, body } = await reload(program);
    assert.equal(status, 200);
    assert.deepEqual(
      body.changed.map(({ name }) => name),
      ['cors', 'event', 'maxClients', 'logLevel'],
    );
    assert.deepEqual(body.changed[0], { name: 'cors', old: [], new: ['https://app.example'] });
    // The port was given by flag, which weighs more than the file.
    assert.deepEqual(body.needsRestart, []);
    assert.equal((await asked()).status, 204);
    assert.equal((await fetch(program.sse)).status, 503, 'the one place is taken');
    await program.publish({ data: 'one' });

    write('config.json', { cors: 'https://app.example', ssePath: '/events', static: '.', maxClients: 5 });
    program.child.kill('SIGHUP');
    const line = await program.logged({ msg: 'configuration reloaded', source: 'signal' });
    assert.equal(line.level, 'warn');
    assert.deepEqual(line.changed, ['event: "notice" → "message"', 'maxClients: 1 → 5', 'logLevel: "debug" → "info"']);
    assert.deepEqual(line.needsRestart, ['static: [] → ["."]', 'ssePath: ["/sse"] → ["/events"]']);
    const config = (await json(program, 'config')) as Record<string, { value: unknown; afterRestart?: { value: unknown } }>;
    assert.deepEqual(config.ssePath?.value, ['/sse']);
    assert.deepEqual(config.ssePath?.afterRestart?.value, ['/events']);
    assert.equal(config.maxClients?.value, 5);
    assert.equal(config.maxClients?.afterRestart, undefined);
    await program.publish({ data: 'two' });
    await stream.has(2);
    assert.deepEqual(stream.data, ['one', 'two']);
    const samples = samplesOf(await (await fetch(`${program.url}metrics`)).text());
    assert.equal(samples.get('sse_config_reloads_total{result="applied"}'), 2);
    assert.equal(samples.get('sse_config_restart_pending'), 2);
  });

  it('keeps the old configuration, whole, where anything of the new one is wrong, and tells every mistake', async (t) => {
    const { program, write, cwd } = await configured(t, { users: 'users.json' }, { 'users.json': { users: [user('7')] } });
    const stream = await openStream(t, program.sse, bearer('token-of-user-7'));
    const refused = async (expected: RegExp[]) => {
      const response = await fetch(`${program.admin}config/reload`, { method: 'POST' });
      assert.equal(response.status, 422);
      assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
      const { code, errors } = (await response.json()) as { code: string; errors: { pointer: string; detail: string }[] };
      assert.equal(code, 'invalid-config');
      const told = errors.map(({ pointer, detail }) => `${pointer}: ${detail}`);
      assert.equal(told.length, expected.length, told.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(told[index] ?? '', pattern);
    };
    write('config.json', { cors: '*', users: 'users.json', maxClients: 0, retry: 3 });
    await refused([/^config.json \/retry: must be a duration/, /^config.json \/maxClients: must be a whole number/]);
    write('config.json', '{\n  "cors": "*",,\n}');
    await refused([/^config.json: is not JSON at line 2, column 15/]);
    // Good itself, but not all that it names.
    write('config.json', { cors: '*', users: 'users.json', adminTokenFile: 'nowhere' });
    write('users.json', { users: [{ token: 'x' }] });
    await refused([/^users.json \/users\/0\/id: is required/, /^--admin-token-file: cannot read "nowhere": no such file/]);
    rmSync(join(cwd, 'config.json'));
    await refused([/^--config: cannot read 'config.json': no such file/]);
    // Nobody writes into them, so that reading would last for ever, and nobody would get anything meanwhile.
    execFileSync('mkfifo', ['config.json', 'pipe'], { cwd });
    await refused([/^--config: cannot read 'config.json': it is no plain file/]);
    rmSync(join(cwd, 'config.json'));
    write('config.json', { users: 'pipe' });
    await refused([/^--users: cannot read "pipe": it is no plain file/]);

    assert.equal((await program.logged({ msg: /^configuration refused/ })).level, 'error');
    const { value } = ((await json(program, 'config')) as { cors: { value: unknown } }).cors;
    assert.deepEqual(value, []);
    const again = await openStream(t, program.sse, bearer('token-of-user-7'));
    await program.publish({ data: 'still', filter: { id: '7' } });
    await Promise.all([stream.has(1), again.has(1)]);
    const stats = (await json(program, 'stats')) as { totals: { reloads: object }; config: { lastReloadSuccessful: boolean } };
    assert.deepEqual(stats.totals.reloads, { applied: 0, refused: 6 });
    assert.equal(stats.config.lastReloadSuccessful, false);
  });

  it('ends the streams of users who are out, judges others by what their file says now, and touches nobody else', async (t) => {
    const users = [user('7'), user('8', { profile: 'Guest' }), user('9')];
    const { program, write } = await configured(t, { users: 'users.json' }, { 'users.json': { users } });
    const [seven, eight, nine] = await Promise.all(
      ['7', '8', '9'].map((id) => openStream(t, program.sse, bearer(`token-of-user-${id}`))),
    );
    const anonymous = await openStream(t, program.sse);
    assert(seven && eight && nine);
    const { ticket } = (await (
      await fetch(`${program.sse}/ticket`, { method: 'POST', headers: bearer('token-of-user-7') })
    ).json()) as { ticket: string };

    write('users.json', { users: [user('8', { profile: 'Administrator' }), user('9')] });
    const { body } = await reload(program);
    assert.deepEqual(body.changed, [{ name: 'users', file: 'users.json' }]);
    assert.deepEqual([body.renewed, body.ended], [1, 1]);
    await seven.ended;
    assert.deepEqual(seven.control('sse.bye'), [{ reason: 'revoked' }]);
    assert.equal((await Reader.open(t, program.sse, bearer('token-of-user-7'))).status, 401);
    assert.equal((await Reader.open(t, `${program.sse}?ticket=${ticket}`)).status, 401, 'nor by a ticket');
    await program.publish({ data: 'for admins', filter: { profile: 'Administrator' } });
    await program.publish({ data: 'all' });
    await Promise.all([eight.has(2), nine.has(1), anonymous.has(1)]);
    assert.deepEqual([eight.data, nine.data, anonymous.data], [['for admins', 'all'], ['all'], ['all']]);

    write('config.json', { users: 'users.json', requireAuth: true });
    assert.equal((await reload(program)).body.ended, 1);
    await anonymous.ended;
    assert.deepEqual(nine.control('sse.bye'), []);
  });

  it('goes by other keys for streams that open from then on; those that are open stay', async (t) => {
    const token = (secret: string) =>
      signed(
        { alg: 'HS256', typ: 'JWT' },
        { sub: '7', exp: Math.floor(Date.now() / 1000) + 600 },
        createSecretKey(Buffer.from(secret)),
      );
    const [old, other] = ['o'.repeat(32), 'n'.repeat(32)];
    const { program, write } = await configured(t, { jwtSecretFile: 'secret' }, { secret: old });
    const stream = await openStream(t, program.sse, bearer(token(old)));
    write('secret', other);
    assert.deepEqual((await reload(program)).body.changed, [{ name: 'jwtSecretFile', file: 'secret' }]);
    assert.equal((await Reader.open(t, program.sse, bearer(token(old)))).status, 401);
    await openStream(t, program.sse, bearer(token(other)));
    await program.publish({ data: 'still there' });
    await stream.has(1);
  });

  it('goes by another admin token at once; whoever looked on by the former is cut off', async (t) => {
    const tokens = ['a-token-of-some-length', 'b-token-of-some-length'] as const;
    const { program, write } = await configured(t, { adminTokenFile: 'token' }, { token: tokens[0] });
    const feed = await Reader.open(t, `${program.admin}events`, bearer(tokens[0]));
    const signedIn = await fetch(`${program.admin}session`, { method: 'POST', headers: bearer(tokens[0]) });
    const cookie = { cookie: (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '' };
    assert.equal((await fetch(`${program.admin}stats`, { headers: cookie })).status, 200);
    write('token', tokens[1]);
    assert.equal((await reload(program, bearer(tokens[0]))).status, 200);
    await feed.ended;
    assert.equal((await fetch(`${program.admin}stats`, { headers: bearer(tokens[0]) })).status, 401);
    assert.equal((await fetch(`${program.admin}stats`, { headers: cookie })).status, 401);
    assert.equal((await fetch(`${program.admin}stats`, { headers: bearer(tokens[1]) })).status, 200);
  });

  it('takes no order of which the end comes after the token with which it began was replaced', async (t) => {
    const tokens = ['first-token-of-admin', 'other-token-of-admin'];
    const { program, write } = await configured(t, { adminTokenFile: 'token' }, { token: tokens[0] });
    const slow = request(`${program.admin}broadcast`, { method: 'POST', headers: bearer(tokens[0] as string) });
    const answered = once(slow, 'response');
    // It is being read once the server says to go on.
    slow.setHeader('expect', '100-continue');
    slow.setHeader('content-length', 10);
    slow.flushHeaders();
    await once(slow, 'continue');
    slow.write('begun');
    write('token', tokens[1]);
    assert.equal((await reload(program, bearer(tokens[0] as string))).status, 200);
    slow.end('ended');
    const [response] = (await answered) as [IncomingMessage];
    assert.equal(response.statusCode, 401);
    response.resume();
    const stats = await fetch(`${program.admin}stats`, { headers: bearer(tokens[1] as string) });
    assert.equal(((await stats.json()) as { events: number }).events, 0);
  });

  it('is one at a time: of many that are asked for at once, all are answered by what stood there last', async (t) => {
    const { program, write } = await configured(t, {});
    const answers = Array.from({ length: 20 }, (_, index) => {
      write('config.json', { maxClients: 100 + index });
      return reload(program);
    });
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
    const config = (await json(program, 'config')) as { maxClients: { value: number } };
    assert.equal(config.maxClients.value, 119);
  });

  it('will not take the token from an admin listener that others can reach until the restart', async (t) => {
    const admin = { adminListen: '0.0.0.0:0', adminTokenFile: 'token', adminHost: 'localhost' };
    const { program, write } = await configured(t, admin, { token: 'a-token-of-some-length' });
    write('config.json', {});
    const response = await fetch(`${program.admin.replace('0.0.0.0', '127.0.0.1')}config/reload`, {
      method: 'POST',
      headers: bearer('a-token-of-some-length'),
    });
    assert.equal(response.status, 422);
    assert.match(await response.text(), /it needs --admin-token-file; with the rest, it needs a restart/);
  });

  it('is the key G at a terminal, where a hang-up stops the server as before', async (t) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'config.json'), '{}');
    const pty = spawnPty(process.execPath, [...PROGRAM, '--port', '0', '--config', 'config.json'], {}, { cwd });
    t.after(() => pty.kill());
    await pty.waitFor(/\(Q\)uit/);
    writeFileSync(join(cwd, 'config.json'), '{"cors":"https://app.example"}');
    pty.send('g');
    await pty.waitFor(/configuration reloaded: changed cors/);
    writeFileSync(join(cwd, 'config.json'), '{"maxClients":0}');
    pty.send('g');
    await pty.waitFor(/not reloaded: the old configuration stays: config.json \/maxClients/);
    process.kill(pty.pid, 'SIGHUP');
    assert.equal((await pty.exit).code, 0);
  });
});
