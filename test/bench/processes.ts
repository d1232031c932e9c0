import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A clock tick of /proc/PID/stat, in s. */
const TICK = 0.01;

/** The CPU time that a process has used, all its threads and the kernel for it: proc_pid_stat(5), utime and stime. In s. */
export function cpuOf(pid: number): number {
  // After the name, which may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

/** What of a process is in memory: VmRSS of proc_pid_status(5). In bytes. */
export function residentOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** Keeps all threads of a process on one core, where the machine has `taskset`; elsewhere the kernel decides. */
export function pin(pid: number, core: number): void {
  spawnSync('taskset', ['-a', '-cp', String(core), String(pid)]);
}
