/** How much is logged, from everything to nothing; `--log-level`, `PATCH /admin/log-level` and the key L know the same words. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
