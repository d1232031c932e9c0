import { SseError } from '../errors.ts';
import type { Revocation, RevocationKeeper } from '../identity/revocations.ts';
import { type OpenStore, reasonOf } from './open-store.ts';
import { seal, unseal } from './record.ts';

/** Keeps revocations beside the entries, under `v`; the store hears of those that are damaged. */
export function revocationKeeper(store: OpenStore): RevocationKeeper {
  return {
    keep: (revocations) =>
      writing(store, () =>
        store.db.batch(
          revocations.map((revocation) => {
            const key = keyOf(revocation);
            return { type: 'put', key, value: seal(key, { time: revocation.time, value: revocation }) } as const;
          }),
          { sync: true },
        ),
      ),
    forget: (revocations) =>
      writing(store, () => store.db.batch(revocations.map((revocation) => ({ type: 'del', key: keyOf(revocation) })))),
    recall: async () => {
      const found: Revocation[] = [];
      let damaged = 0;
      for await (const [key, record] of store.db.iterator({ gte: Buffer.from('v'), lt: Buffer.from('w') })) {
        const sealed = unseal<Revocation>(key, record);
        if (sealed) found.push(sealed.value);
        else damaged++;
      }
      if (damaged > 0) store.warn(`the store is damaged: ${damaged} revocations can't be read; those credentials count again`);
      return found;
    },
  };
}

function keyOf({ what, value }: Revocation): Buffer {
  return Buffer.from(`v${what}:${value}`);
}

async function writing(store: OpenStore, write: () => Promise<void>): Promise<void> {
  try {
    await store.read(write);
  } catch (error) {
    const reason = reasonOf(error);
    throw new SseError('store-failed', `what was revoked is, but a restart forgets it: the store cannot be written (${reason})`);
  }
}
