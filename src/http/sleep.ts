/** How often it is looked at the clock, and what is more than being busy, in ms. */
const TICK = 250;
const ASLEEP = 1000;

let last = performance.now();
let woke = -Infinity;
let timer: NodeJS.Timeout | undefined;

/**
 * Whether this process has just woken after it could do nothing for a second or more: it was stopped (SIGSTOP), or so busy
 * that nothing was read or written. Time that others had for something must not count then. Watches from the first `watchSleep` on.
 */
export function justWoke(): boolean {
  tick();
  return performance.now() - woke < ASLEEP;
}

/** Begins to watch. */
export function watchSleep(): void {
  if (timer) return;
  last = performance.now();
  timer = setInterval(tick, TICK).unref();
}

function tick(): void {
  const time = performance.now();
  if (timer && time - last > ASLEEP + TICK) woke = time;
  last = time;
}
