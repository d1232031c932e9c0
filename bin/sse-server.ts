#!/usr/bin/env node
import { createRequire } from 'node:module';

/** The program as it was built is read file by file: an import opens all its files at once, and ends where a process may open only 64. */
const isBuilt = import.meta.url.endsWith('.js');
const { main } = isBuilt
  ? (createRequire(import.meta.url)('../src/cli/main.js') as typeof import('../src/cli/main.ts'))
  : await import('../src/cli/main.ts');

await main();
