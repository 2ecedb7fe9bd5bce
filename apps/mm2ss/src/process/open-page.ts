import { spawn } from 'node:child_process';
import type { Logger } from '@iec104mm2ss/observability';

/** What shows an address in the user's browser, by platform. */
const OPENERS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  win32: ['rundll32.exe', 'url.dll,FileProtocolHandler'],
  darwin: ['open'],
  linux: ['xdg-open'],
};

/** Shows a page in the browser of this machine's user. Where that cannot be done the log says so, with the address. */
export function openPage(
  url: string,
  logger: Pick<Logger, 'warn'>,
  opener: readonly string[] = OPENERS[process.platform] ?? [],
): void {
  const [command, ...options] = opener;
  const failed = (reason: string): void => logger.warn({ url, reason }, 'the console cannot be shown in a browser');
  if (command === undefined) return failed(`not known how on ${process.platform}`);
  const child = spawn(command, [...options, url], { stdio: 'ignore', detached: true });
  child.once('error', ({ message }) => failed(message));
  child.unref();
}
