import type { Command } from 'commander';
import { variableOf } from '../config/names.ts';
import type { AdminAccess } from './admin-client.ts';
import { addServerFlags } from './client-command.ts';
import type { Effects } from './effects.ts';
import { findServer, type ServerFlags } from './find-server.ts';

/** What a command line may say of it. */
export interface AdminFlags extends ServerFlags {
  readonly adminTokenFile?: string;
}

const TOKEN_VARIABLE = variableOf('adminTokenFile');

/** The flags that say which server, and which token its admin is shown; read by `accessOf`. */
export function addAdminFlags(command: Command): Command {
  return addServerFlags(command).option(
    '--admin-token-file <FILE>',
    `file with the token that its admin asks for; also ${TOKEN_VARIABLE}`,
  );
}

/** @throws SseError as `findServer` does */
export function accessOf(flags: AdminFlags, effects: Pick<Effects, 'env' | 'readFile'>): AdminAccess {
  return {
    admin: findServer(flags, effects).admin,
    // An empty variable is not set, as everywhere.
    adminTokenFile: flags.adminTokenFile ?? (effects.env[TOKEN_VARIABLE] || undefined),
  };
}
