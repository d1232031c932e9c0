/**
 * How much the evaluation that runs may still look at, in units of about a nanosecond.
 *
 * When an expression is compiled it is known what it costs for a client that has all that it may have, but not what claims
 * hold and how long texts are: a token may bring a list of thousands. That is paid for from here, while it happens.
 */
let left = 0;
let dry = false;
let evaluations = 0;

/** An evaluation begins. */
export function refuel(units: number): void {
  left = units;
  dry = false;
  evaluations++;
}

/**
 * Pays for something, or gets back what was reckoned with and is not needed: units may be negative. If there is not enough
 * left, it must not be done, and what it would have said is not known; nor is then what the whole expression says. (An
 * exception would be the straight way to end it, but takes longer than all the rest.)
 */
export function spend(units: number): boolean {
  left -= units;
  if (left < 0) dry = true;
  return !dry;
}

/** Whether something could not be paid for. */
export function ranDry(): boolean {
  return dry;
}

/** The number of the evaluation that runs. What one has paid for is not there for the next, or answers would depend on what was asked before. */
export function evaluation(): number {
  return evaluations;
}
