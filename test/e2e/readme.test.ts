import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PROGRAM, ROOT, Running, run, startProgram, temporaryFolder } from '../support/program.ts';
import { promtool, whyNoPromtool } from '../support/scrape.ts';

/** What the README says is run as it stands there; only the port is another one. */

const README = join(ROOT, 'README.md');
const readme = readFileSync(README, 'utf8');

/** The shell blocks under a heading. */
function commands(heading: string): string[] {
  const section = readme.split(/^## /m).find((text) => text.startsWith(heading));
  assert(section, `a section ${heading}`);
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.replaceAll('\\\n', ' ').trim().split('\n'));
}

/** The program as a shell starts it from anywhere. Node looks for `tsx` from where it is started. */
function words(): string[] {
  return [process.execPath, ...PROGRAM].map((word) => (word === 'tsx' ? import.meta.resolve(word) : word));
}

describe('the README', () => {
  it('shows the help as it is', async (t) => {
    const { stdout } = await run(t, [...PROGRAM, '--help'], { command: [process.execPath] });
    const block = `<!-- help -->\n\`\`\`\n${stdout.trimEnd()}\n\`\`\`\n<!-- /help -->`;
    const updated = readme.replace(/<!-- help -->[\s\S]*<!-- \/help -->/, () => block);
    if (process.env.UPDATE) writeFileSync(README, updated);
    else assert.equal(readme, updated, 'UPDATE=1 writes it anew');
  });

  for (const heading of ['Publish', 'To whom']) {
    it(`has curl lines under "${heading}" that do what they say`, async (t) => {
      const program = await startProgram(t);
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'note.txt'), 'from a file');
      const lines = commands(heading);
      assert(lines.length >= 5);
      for (const line of lines) {
        const script = line
          .replace('localhost:2015', `localhost:${program.port}`)
          .replace('curl ', 'curl -sS -w "%{http_code}" ');
        const { stdout, stderr } = await run(t, ['-c', script], { command: ['bash'], cwd: folder });
        assert.match(stdout, /"matched":0,"durability":"memory"\}\n202$/, `${line}\n${stdout}${stderr}`);
      }
    });
  }

  it('has lines that look before they send, and that take credentials back', async (t) => {
    const program = await startProgram(t);
    for (const line of [...commands('Look before'), ...commands('Browsers')]) {
      const script = line.replace('localhost:2015', `localhost:${program.port}`).replace('curl ', 'curl -sS -w "%{http_code}" ');
      const { stdout, stderr } = await run(t, ['-c', script], { command: ['bash'] });
      assert.match(
        stdout,
        /^\{"(matched":0,"total":0,"first":\[\]|revoked":[01],"ended":0)\}\n200$/,
        `${line}\n${stdout}${stderr}`,
      );
    }
    assert.equal(program.log.filter(({ msg }) => msg === 'broadcast').length, 0);
  });

  it('has lines that see and steer', async (t) => {
    const program = await startProgram(t);
    for (const line of commands('See and steer')) {
      const script = line.replace('localhost:2015', `localhost:${program.port}`).replace('curl ', 'curl -sS --fail-with-body ');
      const { code, stdout, stderr } = await run(t, ['-c', script], { command: ['bash'] });
      assert.equal(code, 0, `${line}\n${stdout}${stderr}`);
      JSON.parse(stdout);
    }
  });

  it('has lines that look back and take back', async (t) => {
    const program = await startProgram(t);
    const folder = temporaryFolder();
    const lines = commands('Look back');
    assert.equal(lines.length, 8);
    await program.publish({ event: 'price', data: 'not secret', topics: ['eur'] });
    for (const line of lines) {
      if (line.includes('DELETE')) await program.publish({ data: 'a secret' });
      const script = line
        .replace('localhost:2015', `localhost:${program.port}`)
        .replace(/^curl /, 'curl -sS --fail-with-body ')
        .replace(/^npx sse-server/, () => words().join(' '));
      const { code, stdout, stderr } = await run(t, ['-c', script], { command: ['bash'], cwd: folder });
      assert.equal(code, 0, `${line}\n${stdout}${stderr}`);
    }
  });

  it('has lines from the command line that do what they say', async (t) => {
    const program = await startProgram(t);
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'note.txt'), 'from a file\n');
    const answer = /^\{"id":"\w+-\d+","matched":0,"durability":"memory"\}\n$/;
    const says = [
      /\}\nhi\n$/,
      answer,
      answer,
      answer,
      /^\{"matched":0,"total":0,"first":\[\]\}\n$/,
      /^(\{"id":.*\}\n){5}$/,
      /^\{"id":"\w+-\d+","matched":0,"written":0,"flushed":0,"behind":0,"closed":0,"durability":"memory"\}\n$/,
      /^$/,
      /^$/,
      /^\{"disconnected":0\}\n$/,
      /^\d\d:\d\d:\d\d {2}0 clients {2}0 slow {2}0 gaps {2}0 slow closes {2}0 refused {2}0\.0 events\/s {2}0\.0 deliveries\/s {2}0\.0 bytes\/s\n$/,
      // What is for others is not among them.
      /^\{.*"message","data":"hi"\}\n\{.*"notice","data":"hello"\}\n\{.*"clock","data":"tick"\}\n$/,
      /^notice: hello\n$/,
    ];
    const lines = commands('From the command line');
    assert.equal(lines.length, says.length);
    for (const [i, line] of lines.entries()) {
      const script = line
        .replace('localhost:2015', `localhost:${program.port}`)
        .replace(/^curl /, 'curl -sS ')
        .replaceAll('npx sse-server', () => words().join(' '));
      const { code, stdout, stderr } = await run(t, ['-c', script], {
        command: ['bash'],
        cwd: folder,
        env: { SSE_SERVER_URL: program.url },
      });
      assert.equal(code, 0, `${line}\n${stdout}${stderr}`);
      assert.match(stdout, says[i] ?? /never/, line);
    }
  });

  it('has a second sample that lets its token in and nobody else', async (t) => {
    const [sample] = [...readme.matchAll(/npx sse-server --static \.\/public \\\n[^`]*--require-auth/g)].map(([text]) => text);
    assert(sample);
    const args = sample.replaceAll('\\\n', ' ').split(/\s+/).slice(2);
    const program = await startProgram(t, args);
    assert.equal((await fetch(program.sse)).status, 401);
    const [, token = ''] = /Bearer ([\w-]+)' localhost:2015\/api\/test\/sse/.exec(readme) ?? [];
    const response = await fetch(program.sse, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.status, 200);
    await response.body?.cancel();
  });

  /** The shell block under a mark, to be run in a folder. Node looks for `tsx` from where it is started. */
  function script(mark: string): string {
    const [, block] = new RegExp(`<!-- ${mark} -->\\n\`\`\`sh\\n([\\s\\S]*?)\`\`\``).exec(readme) ?? [];
    assert(block, `a block under ${mark}`);
    const words = [process.execPath, ...PROGRAM].map((word) => (word === 'tsx' ? import.meta.resolve(word) : word));
    return block.replaceAll('npx sse-server', words.join(' '));
  }

  it('has a second sample with JWT, in which an administrator gets what is for administrators', async (t) => {
    const folder = temporaryFolder();
    const lines = script('jwt sample').trim().split('\n');
    assert.equal(lines.length, 5);
    // The second line starts the server, which this test does itself: on a free port, and to end it.
    const args = /--static .*?(?= +#)/
      .exec(lines[1] ?? '')?.[0]
      .replace('./public', join(ROOT, 'public'))
      .split(' ');
    assert(args);
    const bash = (text: string) => run(t, ['-c', text], { command: ['bash'], cwd: folder });
    assert.equal((await bash(lines[0] ?? '')).code, 0);
    const program = await startProgram(t, args, { cwd: folder });
    assert.equal((await fetch(program.sse)).status, 401);
    const [token = '', stream = '', publish = ''] = lines
      .slice(2)
      .map((line) => line.replace('localhost:2015', `localhost:${program.port}`));
    const curl = new Running(['-c', `${token}\nexec ${stream.replace(/ +#.*/, '')}`], { command: ['bash'], cwd: folder });
    t.after(() => curl.kill());
    await curl.until('the stream is open', () => /sse\.open\ndata: .*"profile":"Administrator"/.test(curl.stdout));
    assert.match((await bash(publish)).stdout, /"matched":1/);
    await curl.until('the event is there', () => curl.stdout.includes('\ndata: hello\n'));
  });

  it('makes tokens and explains them', async (t) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'secret'), 'x'.repeat(64));
    const { code, stdout, stderr } = await run(t, ['-euc', script('jwt tools')], { command: ['bash'], cwd: folder });
    assert.equal(code, 0, stderr);
    assert.equal(stdout.match(/^valid /gm)?.length, 2, stdout);
    assert.match(stdout, /^roles +ops$/m);
  });

  it('has lines that ask how it is, and a scrape that Prometheus can read', { skip: whyNoPromtool() }, async (t) => {
    const program = await startProgram(t);
    const lines = commands('Health and metrics');
    assert.equal(lines.length, 2);
    for (const line of lines) {
      const script = line.replace('localhost:2015', `localhost:${program.port}`).replace('curl ', 'curl -sS --fail ');
      const { code, stdout, stderr } = await run(t, ['-c', script], { command: ['bash'] });
      assert.equal(code, 0, `${line}\n${stderr}`);
      assert.match(stdout, line.includes('metrics') ? /^sse_clients\{place="live"\} 0$/m : /^store: none$/m);
    }
    const [, config = ''] = /^```yaml\n(scrape_configs:[^`]*)```/m.exec(readme) ?? [];
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'token'), 'x');
    writeFileSync(join(folder, 'prometheus.yml'), config.replace('# authorization', 'authorization'));
    const { ok, said } = promtool(['check', 'config', join(folder, 'prometheus.yml')]);
    assert(ok, said);
  });

  it('names files that exist', () => {
    for (const [, target = ''] of readme.matchAll(/(?:src|srcset|href)="([^"h][^"]*)"|\]\(((?!http)[^)#]+)\)/g)) {
      if (target !== '') readFileSync(join(ROOT, target));
    }
  });
});
