import { execFileSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { whyNo } from './needs.ts';
import { type Cleanup, temporaryFolder } from './program.ts';

const TRY = 'd=$(mktemp -d) && { mount -t tmpfs -o size=1m tmpfs "$d" && umount "$d"; s=$?; rmdir "$d"; exit $s; }';

/** For the `skip` of a suite that needs a disk of its own: only root may mount one. */
export function whyNoDisk(): string | false {
  return whyNo('mounting of a tmpfs', ['sh', '-c', TRY]);
}

/** A file system of its own, in memory, that goes with the test. */
export class SmallDisk {
  readonly path: string;

  /** @param size in KiB */
  constructor(t: Cleanup, size: number) {
    // A hook that was registered first runs first: the mount must go before its folder.
    let mounted = '';
    t.after(() => {
      if (mounted !== '') execFileSync('umount', ['--lazy', mounted]);
    });
    this.path = temporaryFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}k`, 'tmpfs', this.path]);
    mounted = this.path;
  }

  /** In bytes. */
  get free(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  setReadOnly(): void {
    execFileSync('mount', ['-o', 'remount,ro', this.path]);
  }

  /** Takes the room that is left, but so many bytes. */
  fill(but = 0): void {
    writeFileSync(join(this.path, 'ballast'), Buffer.alloc(Math.max(0, this.free - but)));
  }

  makeRoom(): void {
    rmSync(join(this.path, 'ballast'));
  }
}
