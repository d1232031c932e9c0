import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/program.ts';
import { promtool, samplesOf, whyNoPromtool } from '../support/scrape.ts';
import { TestServer } from '../support/server.ts';

/** The alert rules and the dashboard that ship: what they ask for is there, and alerts fire when they should and not before. */

const pathOf = (name: string) => fileURLToPath(new URL(`../../config/${name}`, import.meta.url));
const alerts = readFileSync(pathOf('alerts.yml'), 'utf8');
const dashboard = JSON.parse(readFileSync(pathOf('grafana.json'), 'utf8')) as Dashboard;

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly datasource: object;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly refId: string; readonly expr: string; readonly datasource: object }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

const ofAlerts = Array.from(alerts.matchAll(/^ +expr: (.+)$/gm), ([, expr = '']) => expr);
const ofPanels = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

test('every number that alerts and panels ask for is in a scrape, under every label that they name', async (t) => {
  const server = await TestServer.start(t, { store: join(temporaryFolder(), 'log') });
  const series = [...samplesOf((await server.send('GET /metrics')).body).keys()];
  const names = new Set(series.map((key) => key.replace(/\{.*/, '')));
  assert(ofAlerts.length >= 8 && ofPanels.length >= 20);
  const definitions = dashboard.templating.list.flatMap(({ definition = [] }) => definition);
  for (const expr of [...ofAlerts, ...ofPanels, ...definitions]) {
    const asked = [...expr.matchAll(/\b((?:sse|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)];
    assert(asked.length > 0 || expr.startsWith('up{'), expr);
    for (const [, name = '', selectors = ''] of asked) {
      assert(names.has(name), `${name} in ${expr}`);
      for (const [, label, value] of selectors.matchAll(/(\w+)="([^"$]*)"/g))
        assert(
          series.some((key) => key.startsWith(`${name}{`) && key.includes(`${label}="${value}"`)),
          `${name}{${label}="${value}"}`,
        );
    }
    for (const [, labels = ''] of expr.matchAll(/by \(([^)]*)\)/g))
      for (const label of labels.split(', '))
        assert(
          label === 'job' || label === 'instance' || series.some((key) => key.includes(`${label}="`)),
          `${label} in ${expr}`,
        );
  }
});

test('the panels of the dashboard lie beside each other, and ask the data source that is chosen', () => {
  const { panels } = dashboard;
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
  const taken = new Map<string, string>();
  for (const { title, datasource, gridPos, targets } of panels) {
    assert(targets.length > 0 && new Set(targets.map(({ refId }) => refId)).size === targets.length, title);
    for (const source of [datasource, ...targets.map((target) => target.datasource)])
      assert.deepEqual(source, { type: 'prometheus', uid: `\${datasource}` }, title);
    const { x, y, w, h } = gridPos;
    assert(x >= 0 && x + w <= 24, title);
    for (let column = x; column < x + w; column++)
      for (let row = y; row < y + h; row++) {
        assert.equal(taken.get(`${column},${row}`), undefined, title);
        taken.set(`${column},${row}`, title);
      }
  }
  assert(dashboard.templating.list.some(({ name }) => name === 'datasource'));
});

/** Labels of one server, as Prometheus adds them. */
const SERVER = 'job="sse-server",instance="a"';

for (const [what, series, fires] of [
  [
    'all is well',
    {
      [`up{${SERVER}}`]: '1x30',
      [`sse_ready{${SERVER}}`]: '1x30',
      [`sse_store_writable{${SERVER}}`]: '1x30',
      [`sse_clients{${SERVER},place="live"}`]: '900x30',
      [`sse_clients_limit{${SERVER}}`]: '1000x30',
      [`sse_closes_total{${SERVER},reason="slow"}`]: '0+1x30',
      [`sse_gaps_total{${SERVER},reason="evicted"}`]: '0+50x30',
      [`sse_gaps_total{${SERVER},reason="corrupt"}`]: '3x30',
      [`sse_refusals_total{${SERVER},code="invalid-credential"}`]: '0+5x30',
      [`sse_publish_to_write_seconds_bucket{${SERVER},le="0.01"}`]: '0+100x30',
      [`sse_publish_to_write_seconds_bucket{${SERVER},le="+Inf"}`]: '0+100x30',
      [`sse_build_info{${SERVER},version="1"}`]: '1x30',
      [`nodejs_eventloop_lag_p99_seconds{${SERVER}}`]: '0.02x30',
      // Somebody else's program.
      'nodejs_eventloop_lag_p99_seconds{job="other",instance="b"}': '5x30',
    },
    [],
  ],
  ['it is gone', { [`up{${SERVER}}`]: '1x5 0x30' }, ['SseServerDown']],
  ['it takes nothing', { [`sse_ready{${SERVER}}`]: '1x5 0x30' }, ['SseNotReady']],
  ['its disk failed', { [`sse_store_writable{${SERVER}}`]: '1x5 0x30' }, ['SseStoreFailed']],
  ['its store is damaged', { [`sse_gaps_total{${SERVER},reason="corrupt"}`]: '0x18 1x10' }, ['SseEventsDamaged']],
  [
    'many clients do not read',
    { [`sse_closes_total{${SERVER},reason="slow"}`]: '0+10x30', [`sse_clients{${SERVER},place="live"}`]: '1000x30' },
    ['SseSlowClients'],
  ],
  [
    'its event loop is late',
    { [`nodejs_eventloop_lag_p99_seconds{${SERVER}}`]: '0.2x30', [`sse_build_info{${SERVER},version="1"}`]: '1x30' },
    ['SseEventLoopLag'],
  ],
  [
    'more is published than can be written',
    {
      [`sse_publish_to_write_seconds_bucket{${SERVER},le="1"}`]: '0+90x30',
      [`sse_publish_to_write_seconds_bucket{${SERVER},le="2.5"}`]: '0+100x30',
      [`sse_publish_to_write_seconds_bucket{${SERVER},le="+Inf"}`]: '0+100x30',
    },
    ['SsePublishSlow'],
  ],
  [
    'it is nearly full',
    {
      [`sse_clients{${SERVER},place="live"}`]: '800x30',
      [`sse_clients{${SERVER},place="blocked"}`]: '101x30',
      [`sse_clients_limit{${SERVER}}`]: '1000x30',
    },
    ['SseNearClientLimit'],
  ],
  ['somebody guesses', { [`sse_refusals_total{${SERVER},code="invalid-credential"}`]: '0+30x30' }, ['SseBadCredentials']],
] as const satisfies readonly (readonly [string, Record<string, string>, readonly string[]])[])
  test(`when ${what}, ${fires[0] ?? 'no alert'} fires`, { skip: whyNoPromtool() }, () => {
    const critical = (name: string) => new RegExp(`alert: ${name}\\n(?:(?!alert:)[^])*?severity: critical`).test(alerts);
    const labels = (name: string) =>
      `ALERTS{alertname="${name}",alertstate="firing",${SERVER},severity="${critical(name) ? 'critical' : 'warning'}"}`;
    const file = join(temporaryFolder(), 'test.yml');
    const rule = {
      expr: 'ALERTS{alertstate="firing"}',
      eval_time: '20m',
      exp_samples: fires.map((name) => ({ labels: labels(name), value: 1 })),
    };
    const scenario = {
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [rule],
    };
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ rule_files: [pathOf('alerts.yml')], evaluation_interval: '1m', tests: [scenario] }));
    const { ok, said } = promtool(['test', 'rules', file]);
    assert(ok, said);
  });

test('Prometheus itself can read the rules, and every question of the dashboard', { skip: whyNoPromtool() }, () => {
  const file = join(temporaryFolder(), 'panels.yml');
  const rules = ofPanels.map((expr, n) => ({ record: `panel:${n}`, expr: expr.replaceAll('$__rate_interval', '5m') }));
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
  for (const path of [pathOf('alerts.yml'), file]) {
    const { ok, said } = promtool(['check', 'rules', path]);
    assert(ok, said);
  }
});
