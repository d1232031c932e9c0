import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { AUDIENCE, defectiveTokens, goodTokens, ISSUER, KEY_SET } from '../support/defective-tokens.ts';
import { signed } from '../support/jwt.ts';
import { type Program, startProgram, temporaryFolder } from '../support/program.ts';
import { type Answer, Stream, Wire } from '../support/server.ts';

/** Sends header lines and answers the whole answer, or the stream that was opened. */
async function ask(program: Program, headers: readonly string[], target = '/sse'): Promise<Answer | 'opened'> {
  const wire = new Wire(connect(program.port, '127.0.0.1').setNoDelay());
  wire.send(`${[`GET ${target} HTTP/1.1`, `Host: localhost:${program.port}`, ...headers].join('\r\n')}\r\n\r\n`);
  try {
    const stream = new Stream(wire);
    const opened = wire.until(() => stream.body.includes('event: sse.open'), 'the first event').then(() => 'opened' as const);
    opened.catch(() => {});
    return await Promise.race([opened, wire.answer()]);
  } finally {
    wire.socket.destroy();
  }
}

/** Every piece of 12 characters of a secret, at distances of 4: whoever writes more than 15 of its characters is found. */
function* piecesOf(secret: string): Generator<string> {
  for (let at = 0; at + 12 <= secret.length; at += 4) yield secret.slice(at, at + 12);
}

/** Stops the program and looks through everything that it wrote, whose every escape is undone. */
async function assertNothingWritten(program: Program, secrets: readonly string[]): Promise<void> {
  await program.stop();
  const written = program.stdout + program.stderr;
  assert.match(written, /invalid-credential/, 'there is something to look through');
  for (const secret of secrets)
    for (const piece of piecesOf(secret)) assert(!written.includes(piece), `${piece} of ${secret.slice(0, 40)}… was written`);
}

describe('bad credentials', () => {
  it('are all told the same, whatever is wrong, and no part of one is written anywhere', async (t) => {
    const file = join(temporaryFolder(), 'keys.json');
    writeFileSync(file, JSON.stringify(KEY_SET));
    const rules = ['--jwt-key-file', file, '--jwt-issuer', ISSUER, '--jwt-audience', AUDIENCE];
    const program = await startProgram(t, [...rules, '--require-auth', '--log-level', 'trace']);
    const [[, good] = ['', '']] = goodTokens();
    const [head = '', body = '', signature = ''] = good.split('.');

    const rows: [what: string, headers: string[]][] = defectiveTokens().flatMap(([what, token]) => [
      [what, [`Authorization: Bearer ${token}`]],
      [`${what}, in the cookie`, [`Cookie: sse_token=${token}`]],
    ]);
    rows.push(
      ['two good headers', [`Authorization: Bearer ${good}`, `Authorization: Bearer ${good}`]],
      ['two good headers, one in capitals', [`Authorization: Bearer ${good}`, `AUTHORIZATION: Bearer ${good}`]],
      ['a good header and a Basic one', [`Authorization: Bearer ${good}`, 'Authorization: Basic YTpiY2RlZmdoaWprbA==']],
      ['three headers', Array(3).fill(`Authorization: Bearer ${good}`)],
      ['two good tokens in one', [`Authorization: Bearer ${good}, Bearer ${good}`]],
      ['two tokens with a space between', [`Authorization: Bearer ${good} ${good}`]],
      ['no scheme', [`Authorization: ${good}`]],
      ['another scheme', [`Authorization: Basic ${good}`]],
      ['the scheme twice', [`Authorization: Bearer Bearer ${good}`]],
      ['a tab after the scheme', [`Authorization: Bearer\t${good}`]],
      ['quotes', [`Authorization: Bearer "${good}"`]],
      ['no token', ['Authorization: Bearer']],
      ['an empty header', ['Authorization:']],
      ['an empty header beside a good cookie', ['Authorization:', `Cookie: sse_token=${good}`]],
      ['a parameter of a token', [`Authorization: Bearer token=${good}`]],
      ['an encoded line break behind', [`Authorization: Bearer ${good}%0A`]],
      ['a written line break behind', [`Authorization: Bearer ${good}\\n`]],
      ['an encoded line break behind, in the cookie', [`Cookie: sse_token=${good}%0a`]],
      ['a space within', [`Authorization: Bearer ${head}. ${body}.${signature}`]],
      ['a space within, in the cookie', [`Cookie: sse_token=${head}. ${body}.${signature}`]],
      ['a bad header beside a good cookie', ['Authorization: Bearer abc', `Cookie: sse_token=${good}`]],
      ['an empty cookie', ['Cookie: sse_token=']],
      ['a bad cookie before a good one', [`Cookie: sse_token=x; sse_token=${good}`]],
      ['a token of one part', ['Authorization: Bearer abcdefghijklmnopqrstuvwxyz']],
    );
    assert(rows.length >= 60);

    const bodies = new Set<string>();
    for (const [what, headers] of rows) {
      const answer = await ask(program, headers);
      assert(answer !== 'opened', `${what} was let in`);
      const { status, headers: answered } = answer;
      assert.deepEqual([what, status, answered['www-authenticate']], [what, 401, 'Bearer error="invalid_token"']);
      // All that differs is what names the request.
      bodies.add(answer.body.replace(String(answered['x-request-id']), ''));
    }
    assert.equal(bodies.size, 1, [...bodies].join('\n'));
    assert.deepEqual(JSON.parse([...bodies].join()).detail, 'the credential is not valid');

    // None is another matter, and so is one where none is looked for.
    for (const target of ['/sse', `/sse?jwt=${good}`, `/sse?access_token=${good}`, `/sse?sse_token=${good}`]) {
      const answer = await ask(program, [], target);
      assert(answer !== 'opened');
      assert.deepEqual([answer.status, answer.headers['www-authenticate']], [401, 'Bearer']);
      assert.notEqual(JSON.parse(answer.body).detail, 'the credential is not valid');
    }
    for (const [what, token] of goodTokens()) {
      assert.equal(await ask(program, [`Authorization: Bearer ${token}`]), 'opened', what);
      assert.equal(await ask(program, [`Cookie: sse_token=${token}`]), 'opened', what);
    }
    await program.until('the refusals are logged', () => program.log.filter(({ reason }) => reason).length >= rows.length);
    const reasons = new Set(
      program.log.map(({ reason }) => reason).filter((reason) => reason !== undefined && reason !== 'left'),
    );
    assert(reasons.size >= 12, [...reasons].join());
    // Parts of names that are no secrets stand in the log by right.
    const shown = rows.flatMap(([, headers]) => headers.flatMap((header) => header.split(/[ =.,"]+/)));
    await assertNothingWritten(program, [...shown.filter((part) => part.length >= 16), ...good.split('.')]);
  });

  it('by a secret: neither it nor what it signs is written anywhere, and a wrong one is no use', async (t) => {
    const secret = randomBytes(32).toString('hex');
    const file = join(temporaryFolder(), 'secret');
    writeFileSync(file, `${secret}\n`);
    const program = await startProgram(t, ['--jwt-secret-file', file, '--log-level', 'trace']);
    const sign = (key: string, alg = 'HS256') =>
      signed({ alg, typ: 'JWT' }, { sub: '7', exp: Math.floor(Date.now() / 1000) + 60 }, createSecretKey(key, 'utf8'));
    const good = ['HS256', 'HS384', 'HS512'].map((alg) => sign(secret, alg));
    const bad = [sign(`${secret}\n`), sign(secret.toUpperCase()), sign(secret.slice(1)), sign('x'.repeat(64))];
    for (const token of good) assert.equal(await ask(program, [`Authorization: Bearer ${token}`]), 'opened');
    for (const token of bad) {
      const answer = await ask(program, [`Authorization: Bearer ${token}`]);
      assert(answer !== 'opened' && answer.status === 401);
    }
    assert.equal(await ask(program, []), 'opened', 'without a credential a client is anonymous, as nobody is refused');
    await program.logged({ code: 'invalid-credential', reason: 'signature' });
    await assertNothingWritten(program, [secret, ...[...good, ...bad].flatMap((token) => token.split('.'))]);
  });
});
