import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/program.ts';
import type { Comparison } from './comparison.ts';
import { picture } from './comparison-picture.ts';
import { cells } from './comparison-table.ts';
import { describe } from './machine.ts';

const README = join(ROOT, 'README.md');
const PICTURE = '.github/comparison.svg';
const PLACE = /(<!-- comparison -->\n)[\s\S]*?(<!-- \/comparison -->)/;

/** Writes the table and the picture of README.md anew. */
export function updateReadme(comparison: Comparison): void {
  const readme = readFileSync(README, 'utf8');
  if (!PLACE.test(readme)) throw new Error('README.md has no place for the comparison');
  writeFileSync(join(ROOT, PICTURE), picture(comparison));
  const written = readme.replace(PLACE, (_, before: string, after: string) => `${before}${section(comparison)}${after}`);
  writeFileSync(README, written);
}

function section(comparison: Comparison): string {
  const { date, machine, rounds, results } = comparison;
  const [head = [], ...rows] = cells(comparison);
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |\n`;
  return `<img src="${PICTURE}" alt="CPU, deliveries, memory and latency of ${Object.keys(results).join(', ')}, as in the table" width="780">

Seen on ${date} with ${describe(machine)}: each server on one core, the load on the other, ${rounds === 1 ? 'one round' : `medians of ${rounds} rounds that took turns`}.

${line(head)}|${'---|'.repeat(head.length)}
${rows.map(line).join('')}`;
}
