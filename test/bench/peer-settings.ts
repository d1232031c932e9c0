/** Events that each server keeps for clients that return. */
export const HISTORY = 1000;
/** How long they are kept, in s. */
export const HISTORY_AGE = 3600;
/** What an event carries, in characters: a stamp, and filling. */
export const PAYLOAD = 100;
