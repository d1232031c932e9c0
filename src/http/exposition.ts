import { cpuUsage } from 'node:process';
import { type Counter, collectDefaultMetrics, type Metric, Registry, type RegistryContentType } from 'prom-client';
import type { Family, Format } from './family.ts';

/** Numbers as prom-client puts them on lines. */
interface Line {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** What prom-client writes under one name. */
interface Block {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly Line[];
}

/** What is known of the process, however many servers are in it. */
const ofProcess = new Registry();
collectDefaultMetrics({ register: ofProcess });
// It counts the time since it was loaded, which may be late: what the process had used by then is added.
const used = cpuUsage();
for (const [kind, microseconds] of [
  ['user_', used.user],
  ['system_', used.system],
  ['', used.user + used.system],
] as const)
  (ofProcess.getSingleMetric(`process_cpu_${kind}seconds_total`) as Counter).inc(microseconds / 1e6);

/** Writes families, and what is known of the process, in a text format. @returns the text, and its media type */
export async function exposition(families: readonly Family[], format: Format): Promise<{ type: string; text: string }> {
  const isOpenMetrics = format === 'openmetrics';
  const type = isOpenMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(type);
  const blocks: Block[] = [...families.map(blockOf), ...((await ofProcess.getMetricsAsJSON()) as unknown as Block[])];
  // A registry of its own for each text, since writing OpenMetrics renames the counters that it has.
  for (const block of blocks) registry.registerMetric(asMetric(isOpenMetrics ? withCanonicalBounds(block) : block));
  return { type, text: await registry.metrics() };
}

/** All that a registry asks of a metric: to answer what is to be written. */
function asMetric(block: Block): Metric {
  const metric = {
    ...block,
    get() {
      return this;
    },
  };
  return metric as unknown as Metric;
}

function blockOf(family: Family): Block {
  const { name, help, type } = family;
  if (family.type !== 'histogram')
    return { name, help, type, values: family.samples.map(({ labels = {}, value }) => ({ labels, value })) };
  const { bounds, cumulative, count, sum } = family.distribution;
  const bucket = (le: number | string, value: number): Line => ({ metricName: `${name}_bucket`, labels: { le }, value });
  return {
    name,
    help,
    type,
    values: [
      ...bounds.map((bound, index) => bucket(bound, cumulative[index] ?? 0)),
      bucket('+Inf', count),
      { metricName: `${name}_sum`, labels: {}, value: sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ],
  };
}

/** OpenMetrics writes whole bounds with a fraction: `le="1.0"`. */
function withCanonicalBounds(block: Block): Block {
  if (block.type !== 'histogram') return block;
  const canonical = (line: Line): Line => {
    const { le } = line.labels;
    return typeof le === 'number' && Number.isInteger(le) ? { ...line, labels: { ...line.labels, le: le.toFixed(1) } } : line;
  };
  return { ...block, values: block.values.map(canonical) };
}
