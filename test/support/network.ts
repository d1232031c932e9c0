import { spawnSync } from 'node:child_process';
import { whyNo } from './needs.ts';

/** A network of its own: as root, or else as a user who counts as root in there. */
const UNSHARE: readonly [string, ...string[]] =
  spawnSync('unshare', ['-n', 'true']).status === 0 ? ['unshare', '-n'] : ['unshare', '-Urn'];

/** What a command starts with that runs in a network of its own, where there is only loopback. It keeps the process. */
export const OWN_NETWORK: readonly [string, ...string[]] = [...UNSHARE, 'sh', '-c', 'ip link set lo up && exec "$0" "$@"'];

/** What a command starts with that runs in the network of such a process. */
export function inNetworkOf(pid: number): [string, ...string[]] {
  return ['nsenter', '-t', String(pid), '-n', ...(UNSHARE.includes('-Urn') ? ['-U', '--preserve-credentials'] : [])];
}

/** For the `skip` of a suite that cuts clients off by a firewall. */
export function whyNoFirewall(): string | false {
  const rule = 'iptables -A INPUT -p tcp --dport 1 -j DROP';
  return whyNo('network namespace with a firewall (unshare, nsenter, ip, iptables)', [
    ...OWN_NETWORK,
    'sh',
    '-c',
    `${rule} && command -v nsenter curl`,
  ]);
}
