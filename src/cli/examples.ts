import { flagOf } from '../config/names.ts';
import { OPTION_NAMES, OPTIONS } from '../config/options.ts';

const NEED_RESTART = OPTION_NAMES.filter((name) => !OPTIONS[name].reloadable).map(flagOf);

/** The end of `--help`: lines to copy. */
export const EXAMPLES: string = `
Examples:
  sse-server                                    a page at http://localhost:2015/ and its stream at /sse; press S to send
  sse-server --static ./public --port 8080      your own page
  curl -d hello localhost:2015/admin/broadcast  every client gets it
  curl --json '{"event":"price","data":{"eur":9.5},"filter":"profile == \\"Administrator\\""}' localhost:2015/admin/broadcast
  sse-server --users config/users.example.json --require-auth
  sse-server --jwks-url https://login.example.com/jwks.json --jwt-issuer https://login.example.com/ --jwt-audience my-app
  sse-server --trust-proxy --cors https://app.example.com --history-age 1d
  sse-server config print --port 8080           every option, its value and where it came from
  sse-server history export backup.ndjson --url http://localhost:2015
  sse-server history import backup.ndjson --store ./log
  sse-server send hello --event notice          the clients of the server that runs get it
  sse-server tail --since 10m --json            what they get, a line each
  sse-server clients                            who is connected to it; clients kick ends their streams
  sse-server top                                how it does, drawn anew each second
  sse-server token create --jwt-secret-file secret --profile Administrator

Every option is also a variable, --sse-path is SSE_SERVER_SSE_PATH (with commas between several values), and a key of
the config file, ssePath. A flag counts before a variable, a variable before the file.
Times are written 500ms, 15s, 10m, 2h or 7d, sizes 64kb, 8mb or 1gb.

A server that runs reads its config file and the files that options name anew at SIGHUP (without a terminal), at
POST /admin/config/reload, and with the key G. What then still needs a restart is
${wrapped(NEED_RESTART)}
`;

function wrapped(words: readonly string[]): string {
  const lines = [''];
  for (const word of words) {
    const line = `${lines.at(-1)}  ${word}`;
    if (line.length > 100) lines.push(`  ${word}`);
    else lines[lines.length - 1] = line;
  }
  return lines.join('\n');
}
