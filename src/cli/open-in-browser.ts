import { spawn } from 'node:child_process';

/** What opens a URL on a platform, its words one by one: no shell reads them. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [command: string, ...args: string[]]>>> = {
  darwin: ['open'],
  // `start` is a word of the shell; this is what it comes to.
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};
const XDG_OPEN = ['xdg-open'] as const;

/** Some openers stay until the browser ends; one that has not failed by then, in ms, is taken to have worked. */
const PATIENCE = 2000;

/** Opens a page in the browser of whoever sits here. @returns whether there is one, as far as can be told */
export async function openInBrowser(url: string, { platform, env }: Pick<NodeJS.Process, 'platform' | 'env'>): Promise<boolean> {
  const opener = OPENERS[platform] ?? XDG_OPEN;
  // Without a display it would look for a browser that runs in a terminal, and take ours.
  if (opener === XDG_OPEN && !env.DISPLAY && !env.WAYLAND_DISPLAY) return false;
  const [command, ...args] = opener;
  const child = spawn(command, [...args, url], { env, stdio: 'ignore', detached: true });
  child.unref();
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), PATIENCE).unref();
    const settle = (opened: boolean) => {
      clearTimeout(timer);
      resolve(opened);
    };
    child.on('error', () => settle(false));
    child.on('exit', (code) => settle(code === 0));
  });
}
