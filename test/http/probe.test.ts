import { test } from 'node:test';
import { TestServer, Stream } from '../support/server.ts';
import { mkdtempSync, writeFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { execSync, exec } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
test('probe', { timeout: 60000 }, async (t) => {
  const dir = mkdtempSync('/tmp/probe-');
  writeFileSync(dir+'/index.html','hi'); mkdirSync(dir+'/d'); symlinkSync('/etc/passwd', dir+'/d/index.html'); mkdirSync(dir+'/f'); execSync(`mkfifo ${dir}/f/index.html`);
  writeFileSync(dir+'/é.txt','accent');
  const s = await TestServer.start(t, { static: dir });
  const show = async (label: string, p: Promise<any>) => { try { const a = await p; console.log(label, '=>', a.status, JSON.stringify(a.headers), String(a.body).slice(0,300)); } catch (e:any) { console.log(label, '=> ERR', e.message) } };
  await show('get', s.send('GET /'));
  await show('sym index', s.send('GET /d/'));
  await show('fifo index', s.send('GET /f/'));
  await show('if-match', s.send('GET /\nIf-Match: "x"'));
  await show('accent raw', s.send('GET /é.txt'));
  await show('q raw', s.send('POST /admin/broadcast?data=é'));
  await show('q bad', s.send('POST /admin/broadcast?data=%ff'));
  await show('form bad', s.send('POST /admin/broadcast\nContent-Type: application/x-www-form-urlencoded', 'data=%ff'));
  await show('proto json', s.send('POST /admin/broadcast\nContent-Type: application/json', '{"__proto__":1,"data":2}'));
  await show('deep filter', s.send('POST /admin/broadcast\nContent-Type: application/json', '{"data":1,"filter":'+'{"a":'.repeat(20000)+'1'+'}'.repeat(20000)+'}'));
  await show('upgrade', s.send('GET /\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA'));
  await show('connect', s.send('CONNECT localhost:80'));
  await show('options *', s.send('OPTIONS *'));
  await show('hash', s.send('GET /#/../x'));
  await show('noversion host', (async()=>{const w=s.connect();w.send('GET / HTTP/1.1\r\n\r\n');return w.answer()})());
  // 413 chunked large
  for (const n of [2, 20]) {
    const w = s.connect();
    w.send(`POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunk = Buffer.alloc(1<<20, 97);
    for (let i=0;i<n;i++) w.send(Buffer.concat([Buffer.from('100000\r\n'), chunk, Buffer.from('\r\n')]));
    w.send('0\r\n\r\n');
    await show('chunked '+n, w.answer());
  }
  { const w = s.connect(); w.send(`POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000000\r\n\r\n`); for(let i=0;i<30;i++) w.send(Buffer.alloc(1000000,97)); await show('announced 30MB', w.answer()); }
  execSync(`head -c 30000000 /dev/zero > ${dir}/big`);
  for (const c of [`curl -s -i -X POST -T ${dir}/big http://localhost:${s.port}/admin/broadcast`,`curl -s -i -H 'Expect:' -T ${dir}/big http://localhost:${s.port}/admin/broadcast`,`curl -s -i -H 'Transfer-Encoding: chunked' -H 'Expect:' -T ${dir}/big http://localhost:${s.port}/admin/broadcast`]) await new Promise<void>(r => exec(c, (e, out) => { console.log(e?.message, out.replaceAll('\r\n','|')); r(); }));
  for (let i=0;i<3;i++) try { const r = await fetch(s.url+'admin/broadcast', {method:'POST', body: new Uint8Array(30_000_000)}); console.log('fetch', r.status, await r.text()); } catch (e:any) { console.log('fetch err', e.cause?.code, e.message) }
  for (let i=0;i<3;i++) try { const r = await fetch(s.url+'nothing', {method:'POST', body: new Uint8Array(30_000_000)}); console.log('fetch', r.status, await r.text()); } catch (e:any) { console.log('fetch err', e.cause?.code, e.message) }
  { const w = s.connect(); w.send('GET / HTTP/1.1\r\nHost: localhost\r\nX: '+'a'.repeat(200000)+'\r\n\r\n'); await show('431', w.answer()); await sleep(100); console.log('closed?', w.closed); }
  { const w = s.connect(); w.send('garbage\r\n\r\n'); await show('garbage', w.answer()); await sleep(500); console.log('client closed?', w.closed); }
  { const w = s.connect(); w.send('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n'); const st = new Stream(w); await st.event('sse.open'); w.send('garbage\r\n\r\n'); await sleep(200); console.log('stream+garbage', w.closed, JSON.stringify(st.body)); }
  { const w = s.connect(); w.send('GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n'); const st = new Stream(w); await st.event('sse.open'); await sleep(200); console.log('stream+pipelined', w.closed, JSON.stringify(st.body)); w.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'); await sleep(100); console.log(w.closed); }
  { const w = s.connect(); w.send('POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello'); w.socket.resetAndDestroy(); await sleep(100); }
  { const w = s.connect(); await new Promise(r=>w.socket.once('connect',r)); w.send('POST /admin/broadcast HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello'); w.socket.destroySoon(); await sleep(100); }
  console.log(s.activities.filter(a=>a.kind==='failed'||a.kind==='broadcast'));
});
