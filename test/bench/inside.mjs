/*
 * Loaded into the program by a benchmark (`--import`), so that it answers what only the process itself knows: a line of JSON for
 * each connection to the unix socket SSE_BENCH_SOCKET. The program itself has no such door.
 */
import { createServer } from 'node:net';

/** Bytes that wait in this process, of the socket of which most do. */
function mostQueued() {
  let most = 0;
  for (const handle of process._getActiveHandles()) most = Math.max(most, handle.writableLength ?? 0);
  return most;
}

const server = createServer((socket) => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const counts = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  socket.end(JSON.stringify({ heap: heapUsed, external, rss, queued: mostQueued(), resources: counts }));
});
server.listen(process.env.SSE_BENCH_SOCKET);
server.unref();
