import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PROGRAM, ROOT, run, temporaryFolder } from '../support/program.ts';

test('config check looks at the files and directories that options name, and lists every mistake', async (t) => {
  const args = ['config', 'check', '--static', './nowhere', '--users', 'nowhere.json', '--admin-token-file', 'nowhere'];
  const { code, stderr, stdout } = await run(t, [...PROGRAM, ...args], { command: [process.execPath] });
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    `sse-server: --static: "./nowhere" does not exist (${join(ROOT, 'nowhere')})`,
    'sse-server: --users: cannot read "nowhere.json": no such file',
    'sse-server: --admin-token-file: cannot read "nowhere": no such file',
  ]);
});

test('keys of JWTs that are no good end the start with 2 and one line, and config check finds them too', async (t) => {
  const cwd = temporaryFolder();
  const file = (name: string, text: string | Buffer) => writeFileSync(join(cwd, name), text);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  file('secret', 'x'.repeat(32));
  file('short', 'hunter2\n');
  file('weak.pem', rsa.publicKey.export({ type: 'spki', format: 'pem' }));
  file('private.pem', rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  file('keys.json', JSON.stringify({ keys: [{ kty: 'oct', k: 'aHVudGVyMg' }] }));
  for (const [args, line] of [
    ['--jwt-secret-file short', 'short: has 7 bytes, and HS256 needs a secret of at least 32 (openssl rand -hex 32 > short)'],
    ['--jwt-secret-file weak.pem', 'weak.pem: holds a PEM key and no secret; it is given as --jwt-key-file'],
    ['--jwt-secret-file nowhere', '--jwt-secret-file: cannot read "nowhere": no such file'],
    [
      '--jwt-secret-file secret --jwt-algorithm HS512',
      'secret: has 32 bytes, and HS512 needs a secret of at least 64 (openssl rand -hex 32 > secret)',
    ],
    [
      '--jwt-secret-file secret --jwt-key-file weak.pem',
      '--jwt-secret-file: cannot stand beside --jwt-key-file: it is a secret or public keys',
    ],
    [
      '--jwt-secret-file secret --jwks-url https://a.example/jwks',
      '--jwt-secret-file: cannot stand beside --jwks-url: it is a secret or public keys',
    ],
    ['--jwt-key-file weak.pem', 'weak.pem: is an RSA key of 1024 bits; it must have 2048 to 8192'],
    [
      '--jwt-key-file private.pem',
      'private.pem: holds a private key, and none is needed here: openssl pkey -in private.pem -pubout makes the public one',
    ],
    ['--jwt-key-file keys.json', 'keys.json: is a symmetric key; a secret is given as --jwt-secret-file'],
  ] as const)
    for (const command of [
      ['--port', '0'],
      ['config', 'check'],
    ]) {
      const { code, stdout, stderr } = await run(t, [...PROGRAM, ...command, ...args.split(' ')], {
        command: [process.execPath],
        cwd,
      });
      assert.deepEqual([args, code, stdout, stderr], [args, 2, '', `sse-server: ${line}\n`]);
    }
});

test('what cannot be read or written is one line and 2, before anybody is told that the server listens', async (t) => {
  const cwd = temporaryFolder();
  const file = (name: string, text: string | Buffer) => writeFileSync(join(cwd, name), text);
  file('latin1.json', Buffer.from('{"data":"gr\xfc\xdfe"}', 'latin1'));
  file('users.json', Buffer.from('{"users":[{"id":"M\xfcller","token":"x"}]}', 'latin1'));
  for (const [args, line] of [
    ['--config latin1.json', "--config: cannot read 'latin1.json': it is not valid UTF-8"],
    ['--users users.json', '--users: users.json is not valid UTF-8'],
    ['--ready-file .', '--ready-file: cannot be written: it is a directory'],
  ] as const) {
    const { code, stderr, stdout } = await run(t, [...PROGRAM, '--port', '0', ...args.split(' ')], {
      command: [process.execPath],
      cwd,
    });
    assert.deepEqual([code, stderr.trimEnd(), stdout], [2, `sse-server: ${line}`, '']);
  }
});
