import { type Issue, SseError } from '../errors.ts';
import type { EventDraft } from '../event/event.ts';

/**
 * Refuses drafts whose own id stands in the log, or twice among them.
 * @throws SseError `conflict`, with an issue for each
 */
export function checkOwnIds(drafts: readonly EventDraft[], isTaken: (ownId: string) => boolean): void {
  const seen = new Set<string>();
  const issues: Issue[] = [];
  for (const [index, { ownId }] of drafts.entries()) {
    if (ownId === undefined) continue;
    const detail = seen.has(ownId) ? 'stands twice in this batch' : isTaken(ownId) ? 'is in the log already' : undefined;
    if (detail) issues.push({ pointer: drafts.length > 1 ? `/${index}/id` : '/id', detail: `'${ownId}' ${detail}` });
    seen.add(ownId);
  }
  if (issues.length > 0) throw SseError.of('conflict', issues);
}
