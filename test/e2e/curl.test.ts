import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { whyNo } from '../support/needs.ts';
import { type Program, Running, run, startProgram, temporaryFolder } from '../support/program.ts';
import { openStream, type Reader } from './reader.ts';

/** The lines of design §6 with the real curl, as people paste them. */

/** Without what a developer's ~/.curlrc or a proxy would change. */
const CURL = ['curl', '-q', '--silent', '--show-error', '--noproxy', '*'] as const;

describe('curl', { skip: whyNo('curl', ['curl', '--version']) }, () => {
  /** A server, an Administrator and a guest, and curl to broadcast with. */
  async function bench(
    t: TestContext,
  ): Promise<{ program: Program; admin: Reader; guest: Reader; curl: (...args: string[]) => Promise<string> }> {
    const program = await startProgram(t);
    const admin = await openStream(t, `${program.sse}?profile=Administrator&topic=news`);
    const guest = await openStream(t, program.sse);
    const target = `localhost:${program.port}/admin/broadcast`;
    const curl = async (...args: string[]) => {
      const [last = ''] = args.slice(-1);
      const rest = last.startsWith('?') ? [...args.slice(0, -1), target + last] : [...args, target];
      const { code, stdout, stderr } = await run(t, rest, { command: CURL });
      assert.equal(code, 0, stderr);
      return stdout;
    };
    return { program, admin, guest, curl };
  }
  const accepted = (answer: string, matched: number) => {
    const { id, ...rest } = JSON.parse(answer);
    assert.match(id, /^[\w.~-]+-\d+$/);
    assert.deepEqual(rest, { matched, durability: 'memory' });
  };
  const told = async (client: Reader, count: number) => (await client.has(count)).map(({ type, data }) => [type, data]);

  it('-X POST with nothing sends the default event, as S does', async (t) => {
    const { guest, curl } = await bench(t);
    accepted(await curl('-X', 'POST'), 2);
    assert.deepEqual(await told(guest, 1), [['message', 'hello']]);
  });

  it('-d sends its text as it stands, to everyone', async (t) => {
    const { guest, curl } = await bench(t);
    accepted(await curl('-d', 'hello'), 2);
    accepted(await curl('-d', '{"json":"but not said so"}'), 2);
    accepted(await curl('--data-binary', 'a=b&c=d\nsecond line'), 2);
    assert.deepEqual(await told(guest, 3), [
      ['message', 'hello'],
      ['message', '{"json":"but not said so"}'],
      ['message', 'a=b&c=d\nsecond line'],
    ]);
  });

  it('a form with data is a form', async (t) => {
    const { admin, curl } = await bench(t);
    accepted(await curl('-d', 'event=notice', '--data-urlencode', 'data=1 + 1 = 2 & so on', '-d', 'topics=news'), 1);
    assert.deepEqual(await told(admin, 1), [['notice', '1 + 1 = 2 & so on']]);
  });

  it('-T FILE with headers puts the file, for whom the headers say', async (t) => {
    const { admin, guest, curl } = await bench(t);
    const file = join(temporaryFolder(), 'note.txt');
    writeFileSync(file, 'Grüße\nvon der Datei');
    accepted(await curl('-T', file, '-H', 'X-Event: notice', '-H', 'X-Filter: profile == "Administrator"'), 1);
    accepted(await curl('-d', 'for all'), 2);
    assert.deepEqual(await told(admin, 2), [
      ['notice', 'Grüße\nvon der Datei'],
      ['message', 'for all'],
    ]);
    assert.deepEqual(await told(guest, 1), [['message', 'for all']]);
  });

  it('--json says all in one', async (t) => {
    const { admin, guest, curl } = await bench(t);
    accepted(await curl('--json', '{"event":"price","data":{"eur":9.5},"filter":{"profile":"Administrator"}}'), 1);
    accepted(await curl('--json', '{"data":"to news","topics":["news"]}'), 1);
    accepted(await curl('--json', '{"data":"for all","retry":1500}'), 2);
    assert.deepEqual(await told(admin, 3), [
      ['price', '{"eur":9.5}'],
      ['message', 'to news'],
      ['message', 'for all'],
    ]);
    assert.deepEqual(await told(guest, 1), [['message', 'for all']]);
    assert.match(guest.raw, /^retry: 1500$/m);
  });

  it('headers and query parameters take the same fields', async (t) => {
    const { admin, guest, curl } = await bench(t);
    accepted(await curl('-d', 'by header', '-H', 'X-Event: Größe', '-H', 'X-Topics: sport, news', '-H', 'X-Retry: 2500'), 1);
    accepted(await curl('-d', 'by query', '?event=q&filter=profile%20%3D%3D%20%22Administrator%22'), 1);
    accepted(await curl('-X', 'POST', '?data=only%20query'), 2);
    assert.deepEqual(await told(admin, 3), [
      ['Größe', 'by header'],
      ['q', 'by query'],
      ['message', 'only query'],
    ]);
    assert.deepEqual(await told(guest, 1), [['message', 'only query']]);
  });

  it('is told which field is wrong, and nothing is sent', async (t) => {
    const { guest, curl } = await bench(t);
    const refused: [pointer: string, args: string[]][] = [
      ['/datum', ['--json', '{"datum":1}']],
      ['?filtr', ['-d', 'x', '?filtr=x']],
      ['/event', ['--json', '{"data":"x","event":"a\\nid: 7"}']],
      ['X-Filter', ['-d', 'x', '-H', 'X-Filter: profil == "Administrator"']],
      ['?event', ['-d', 'x', '-H', 'X-Event: a', '?event=b']],
    ];
    for (const [pointer, args] of refused) {
      const answer = JSON.parse(await curl('-w', '%{stderr}%{content_type}', ...args));
      assert.equal(answer.status, 400, pointer);
      const named = answer.errors.map((error: { pointer: string; detail: string }) => `${error.pointer} ${error.detail}`).join();
      assert(named.includes(pointer), `${pointer} in ${named}`);
    }
    accepted(await curl('-d', 'the only one'), 2);
    assert.deepEqual(await told(guest, 1), [['message', 'the only one']]);
  });

  it('a body of 1 MiB is taken, one of a byte more is 413', async (t) => {
    const { guest, curl } = await bench(t);
    const file = join(temporaryFolder(), 'large.txt');
    writeFileSync(file, 'x'.repeat(1024 * 1024 + 1));
    assert.equal(JSON.parse(await curl('--data-binary', `@${file}`)).status, 413);
    assert.equal(JSON.parse(await curl('-T', file)).status, 413);
    writeFileSync(file, 'x'.repeat(1024 * 1024));
    accepted(await curl('-T', file), 2);
    assert.equal((await guest.has(1))[0]?.data.length, 1024 * 1024);
  });

  it('-N holds the stream open, with its first bytes at once', async (t) => {
    const program = await startProgram(t);
    const started = performance.now();
    const curl = new Running(['-N', '-w', '%{stderr}%{time_starttransfer}', `localhost:${program.port}/sse`], { command: CURL });
    t.after(() => curl.kill());
    await curl.until('the stream begins', () => curl.stdout.includes('event: sse.open'));
    const inAll = performance.now() - started;
    await program.publish({ data: 'hello' });
    await curl.until('the event comes', () => curl.stdout.includes('data: hello\n'));
    assert.equal(curl.ended, undefined, 'it holds open');
    await program.stop();
    await curl.exit;
    assert.match(curl.stdout, /event: sse\.bye/);
    const byCurl = Number(curl.stderr) * 1000;
    t.diagnostic(
      `first byte after ${byCurl.toFixed(1)} ms by curl's clock, sse.open ${inAll.toFixed(1)} ms after curl was started (goal: 100)`,
    );
    // Ten times the goal: other tests have the machine as well.
    assert(inAll < 1000, `${inAll} ms`);
  });
});
