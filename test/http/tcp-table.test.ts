import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { test } from 'node:test';
import { connectionKey, readTcpTable, TCP_TABLES, TcpTableReader, type Unsent } from '../../src/http/tcp-table.ts';

const HEADING =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     \n';
const IDLE =
  '   0: 0100007F:1F90 0100007F:D431 01 00000000:00000000 02:000003E8 00000000     0        0 12345 2 0000000000000000 20 4 30 10 -1                    \n';
const LOST =
  '12345: 0100007F:1F90 0100007F:D432 01 00001A2B:00000000 01:00000BB8 00000006     0        0 12346 3 0000000000000000 20 4 30 10 -1\n';
const FULL =
  ' 678: 0100007F:1F90 0200A8C0:0050 01 0027FFF0:00000000 04:00000BB8 00000000     0        7 12347 3 0000000000000000 20 4 30 10 -1 \n';
const MAPPED =
  '   3: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:D433 01 00000010:00000000 01:00000014 00000001     0        0 1 4 0000000000000000 20 4 30 10 -1\n';

function read(version: 4 | 6, text: string, step: number): Unsent[] {
  const found: Unsent[] = [];
  const reader = new TcpTableReader(version, (connection) => void found.push(connection));
  const bytes = Buffer.from(text, 'latin1');
  const memory = Buffer.alloc(step);
  for (let at = 0; at < bytes.length; at += step) reader.take(memory.subarray(0, bytes.copy(memory, 0, at, at + step)));
  return found;
}

test('a table is read wherever it is cut, and lines with nothing unsent are passed over', () => {
  for (const step of [1, 7, 64, 149, 4096]) {
    assert.deepEqual(read(4, HEADING + IDLE + LOST + FULL, step), [
      { key: '0100007F:1F90 0100007F:D432', queued: 0x1a2b, timer: 1, retransmits: 6 },
      { key: '0100007F:1F90 0200A8C0:0050', queued: 0x27fff0, timer: 4, retransmits: 0 },
    ]);
    const key = '0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:D433';
    assert.deepEqual(read(6, HEADING + MAPPED, step), [{ key, queued: 16, timer: 1, retransmits: 1 }]);
  }
});

test('a line that is cut short or no line at all is passed over', () => {
  assert.deepEqual(read(4, `${HEADING}${LOST.slice(0, 60)}\n\nno: such\n`, 10), []);
});

test('both ends of a connection make the key that the table has', {
  skip: endianness() === 'BE' && 'keys of the other kind',
}, () => {
  const ends = (address: string) => ({ localAddress: address, localPort: 8080, remoteAddress: address, remotePort: 54_321 });
  const keys: Record<string, string> = {
    '127.0.0.1': '0100007F',
    '192.168.0.2': '0200A8C0',
    '::1': '00000000000000000000000001000000',
    '::ffff:127.0.0.1': '0000000000000000FFFF00000100007F',
    '2001:db8::8:800:200c:417a': 'B80D012000000000000808007A410C20',
    'fe80::1%eth0': '000080FE000000000000000001000000',
    '::': '0'.repeat(32),
  };
  for (const [address, hex] of Object.entries(keys))
    assert.equal(connectionKey(ends(address)), `${hex}:1F90 ${hex}:D431`, address);
  assert.equal(connectionKey({}), undefined, 'a unix socket has none');
});

for (const host of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
  test(`the kernel's own table has what a connection by ${host} was not taken of`, {
    skip: process.platform !== 'linux' && 'no such table',
  }, async (t) => {
    const dual = host.includes('.') && host.includes(':');
    const server = createServer((socket) => socket.pause()).listen(0, dual ? '::' : host);
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, dual ? '127.0.0.1' : host);
    const [served] = (await once(server, 'connection')) as [Socket];
    t.after(() => {
      client.destroy();
      served.destroy();
      server.close();
    });
    await once(client, 'connect');
    client.pause();
    while (served.writableLength === 0) {
      served.write(Buffer.alloc(1 << 20));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const key = connectionKey(served);
    const found: Unsent[] = [];
    for (const table of TCP_TABLES) await readTcpTable(table, (connection) => void found.push(connection));
    const own = found.filter((connection) => connection.key === key);
    assert.equal(own.length, 1, `${key} in ${found.map(({ key }) => key).join()}`);
    assert(own[0]!.queued > 10_000);
  });
