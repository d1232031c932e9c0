import { Agent, request } from 'node:http';
import type { Bench } from './bench.ts';

/** Publishes over connections that are kept; answers with the id. */
export function publisher(bench: Bench, admin: string): (data: string) => Promise<string> {
  const url = new URL('broadcast', admin);
  const agent = new Agent({ keepAlive: true });
  bench.after(() => agent.destroy());
  return (data) =>
    new Promise((resolve, reject) => {
      const asked = request(url, { method: 'POST', agent, headers: { 'content-type': 'text/plain' } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () =>
          response.statusCode === 202 ? resolve((JSON.parse(text) as { id: string }).id) : reject(new Error(text)),
        );
      });
      asked.on('error', reject).end(data);
    });
}
