/** The exit code of a process that a signal ended: 128 and the signal's number, as shells have it. */
const EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Tells when somebody wants the end: Ctrl-C or SIGTERM, which then end nothing by themselves. A second one does, for
 * whoever will not wait.
 *
 * @returns aborted with the exit code as its reason
 */
export function interruption(process: NodeJS.Process): AbortSignal {
  const controller = new AbortController();
  const interrupt = (signal: keyof typeof EXIT) => {
    for (const name of Object.keys(EXIT)) process.off(name, interrupt);
    controller.abort(EXIT[signal]);
  };
  for (const name of Object.keys(EXIT)) process.on(name, interrupt);
  return controller.signal;
}
