import { SseError } from '../errors.ts';
import type { DraftInput } from '../event/draft.ts';
import type { Control } from './control.ts';
import { escapeText } from './escape.ts';
import { counted } from './words.ts';

/** The default event, to everyone or to those whom the key filter selects: S and A. */
export function defaultDraft({ defaults }: Control, to: 'everyone' | 'key-filter'): DraftInput & { event: string; data: string } {
  const { event, data, keyFilter } = defaults;
  return to === 'everyone' ? { event, data } : { event, data, filter: keyFilter };
}

/** What became of an event that was sent, in one line. */
export function sentLine(draft: DraftInput, { id, matched }: { readonly id: string; readonly matched: number }): string {
  const data = typeof draft.data === 'string' ? draft.data : JSON.stringify(draft.data);
  const matching = typeof draft.filter === 'string' ? ` matching ${escapeText(draft.filter)}` : '';
  return `sent ${escapeText(draft.event ?? 'message')} "${escapeText(data, 40)}" to ${counted(matched, 'client')}${matching} · ${id}`;
}

/** What a mistake says to who made it: one line, and for a filter two more that show the place. A defect shows its message. */
export function explain(error: unknown): {
  readonly line: string;
  readonly excerpt: readonly string[];
} {
  const issue = error instanceof SseError ? error.issues[0] : undefined;
  const text = issue
    ? `${issue.pointer.replace(/^\//, '')}: ${issue.detail}`
    : error instanceof Error
      ? error.message
      : String(error);
  return {
    line: escapeText(text, 400),
    excerpt: issue?.excerpt?.split('\n').map((line) => escapeText(line, 400)) ?? [],
  };
}
