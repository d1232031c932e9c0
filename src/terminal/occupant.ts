import type { Activity } from '../hub/activity.ts';

/**
 * What has the keyboard and the screen for a while, in the place of the menu: a prompt, or the list of clients.
 *
 * - It must have taken the screen by the time it is made, and have given it back before it says that it is over.
 * - `cancel` must do both at once, and may be called again.
 */
export interface Occupant {
  /** Takes what came from the keyboard; never Ctrl-Z. */
  type(text: string): void;
  /** The terminal has another size. */
  resized(): void;
  /** Called four times a second: what it shows may have changed. */
  refresh(): void;
  observe(activity: Activity): void;
  cancel(): void;
}
