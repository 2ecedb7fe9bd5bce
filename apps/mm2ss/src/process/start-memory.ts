import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Then what starting allocates is over. */
const AFTER_MS = 3_000;

/**
 * Gives back what loading and starting needed and running does not, a tenth of the memory of an idle process. V8 collects
 * garbage when more is made, which an idle process never does. One collection, of some 20 ms; then V8 sees for itself that
 * little goes on, collects again bit by bit within some ten seconds, and gives the pages back. The young generation grows
 * again when there is load.
 */
export function releaseStartMemory(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    // The context is garbage afterwards: that is what makes V8 look again.
    (runInNewContext('gc') as () => void)();
  }, AFTER_MS).unref();
}
