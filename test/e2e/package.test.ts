import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Cleanup, ROOT, run, startProgram, temporaryFolder } from '../support/program.ts';
import { openStream } from './reader.ts';

/** A program of somebody who uses the library; it says what it sees in one line of JSON. */
const SCRIPT = `
import { createSseServer, SseError } from '@sse-server/server';
const seen = [];
const server = createSseServer({ port: 0, heartbeat: '10s', observe: ({ kind }) => seen.push(kind) });
const { sse } = await server.start();
const read = async (query) => {
  const response = await fetch(sse + query);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) text += chunk;
  return text.split('\\n').filter((line) => line.startsWith('data: ') && !line.startsWith('data: {"')).map((line) => line.slice(6));
};
const admin = read('?profile=Administrator');
const member = read('?profile=Member');
while (server.clients().length < 2) await new Promise((resolve) => setImmediate(resolve));
const some = await server.publish({ event: 'secret', data: 'for admins', filter: (client) => client.profile === 'Administrator' });
const all = await server.publish({ data: 'for all' });
const refused = await server.publish({ data: 'x', filtr: 'x' }).catch((error) => error instanceof SseError && error.code);
await server.stop();
console.log(JSON.stringify({ admin: await admin, member: await member, matched: [some.matched, all.matched], refused, seen, opened: server.totals().opened }));
`;

/** The same with types, strictly, and without leave to skip those of the package. */
const TYPED = `
import { type Addresses, type Client, createSseServer, type DraftInput, SseError, type SseServer } from '@sse-server/server';
const server: SseServer = createSseServer({ port: 2015, static: ['./public'], historyBytes: '16mb', observe: (activity) => {
  if (activity.kind === 'closed') console.log(activity.reason satisfies string, activity.client.profile);
} });
const addresses: Addresses = await server.start();
const draft: DraftInput = { event: 'price', data: { eur: 9.5 }, filter: ({ profile, roles }: Client) => profile === 'Administrator' && roles.includes('ops') };
const { id, matched }: { id: string; matched: number } = await server.publish(draft);
try { await server.publish({ data: id, topics: 'a' }); } catch (error) { if (error instanceof SseError) console.log(error.code, error.issues[0]?.pointer); }
console.log(addresses.url, matched, server.clients().map(({ client }) => client.login));
// @ts-expect-error a misspelt option
createSseServer({ prot: 2015 });
// @ts-expect-error a draft needs data
await server.publish({ event: 'x' });
`;

describe('the package, installed into an empty project', { skip: !existsSync(join(ROOT, 'dist')) && 'nothing is built' }, () => {
  let project: string;
  // `after` of node:test, called within a hook, belongs to the hook.
  const afterwards: (() => void | Promise<void>)[] = [];
  const suite: Cleanup = { after: (done) => void afterwards.push(done) };
  after(async () => {
    for (const done of afterwards.reverse()) await done();
  });
  const npm = async (cwd: string, ...args: string[]) => {
    const result = await run(suite, args, { command: ['npm'], cwd, env: { npm_config_update_notifier: 'false' } });
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
  };

  before(async () => {
    const folder = temporaryFolder();
    // What is built is packed as it is: building again would take it from under the other tests.
    await npm(ROOT, 'pack', '--ignore-scripts', '--pack-destination', folder);
    const [tarball = ''] = readdirSync(folder);
    project = join(folder, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'a-project', private: true, type: 'module' }));
    await npm(project, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', join(folder, tarball));
  });

  it('holds what it needs and nothing else', () => {
    const root = join(project, 'node_modules/@sse-server/server');
    assert.deepEqual(readdirSync(root).sort(), ['LICENSE', 'README.md', 'config', 'dist', 'package.json', 'public']);
    assert.deepEqual(readdirSync(join(root, 'dist')).sort(), ['bin', 'src']);
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const dependency of Object.keys(dependencies)) assert(existsSync(join(project, 'node_modules', dependency)), dependency);
    for (const development of ['typescript', 'tsx', 'playwright-core'])
      assert(!existsSync(join(project, 'node_modules', development)));
  });

  it('npx sse-server says its version', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    assert.equal(await npm(project, 'exec', '--no', '--', 'sse-server', '--version'), `${version}\n`);
  });

  it('starts, serves its page and broadcasts', async (t) => {
    const command = [process.execPath, join(project, 'node_modules/.bin/sse-server')] as const;
    const program = await startProgram(t, [], { cwd: project, command });
    assert.match(await (await fetch(program.url)).text(), /<html/);
    const client = await openStream(t, program.sse);
    assert.equal((await program.publish({ data: 'hello' })).matched, 1);
    await client.has(1);
    assert.deepEqual(await program.stop(), { code: 0, signal: null });
  });

  it('is a library too, whose filters may be functions', async (t) => {
    writeFileSync(join(project, 'publish.mjs'), SCRIPT);
    const { code, stdout, stderr } = await run(t, [], { command: [process.execPath, 'publish.mjs'], cwd: project });
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), {
      admin: ['for admins', 'for all'],
      member: ['for all'],
      matched: [1, 2],
      refused: 'invalid-event',
      seen: ['opened', 'opened', 'broadcast', 'broadcast', 'closed', 'closed'],
      opened: 2,
    });
  });

  it('brings types that stand by themselves', async (t) => {
    writeFileSync(join(project, 'publish.ts'), TYPED);
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const flags = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--target', 'es2023'];
    const types = ['--lib', 'es2023,dom', '--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
    for (const module of ['nodenext', 'preserve']) {
      const args = [...flags, ...types, '--module', module, 'publish.ts'];
      const { code, stdout } = await run(t, args, { command: [process.execPath, tsc], cwd: project });
      assert.equal(code, 0, `--module ${module}: ${stdout}`);
    }
  });
});
