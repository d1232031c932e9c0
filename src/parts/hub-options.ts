import type { Options } from '../config/options.ts';
import type { HubOptions } from '../hub/hub-options.ts';

/** What a hub is told of the options: always those that are in force, since it asks whenever they matter. */
export function hubOptions(
  inForce: () => Options,
  { log, observe, meter }: Required<Pick<HubOptions, 'log' | 'observe' | 'meter'>>,
): HubOptions {
  return {
    log,
    observe,
    meter,
    history: {
      get events() {
        return inForce().historyEvents;
      },
      get age() {
        return inForce().historyAge;
      },
      get bytes() {
        return inForce().historyBytes;
      },
    },
    get onGap() {
      return inForce().onGap;
    },
    get retry() {
      return inForce().retry;
    },
    get heartbeat() {
      return inForce().heartbeat;
    },
    get maxAge() {
      return inForce().maxAge;
    },
    get stallTime() {
      return inForce().stallTime;
    },
    get replayRate() {
      return inForce().replayRate;
    },
    get notice() {
      return inForce().expiryNotice;
    },
  };
}
