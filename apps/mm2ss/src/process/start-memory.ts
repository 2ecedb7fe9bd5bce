import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Then what runs at the start only is over; masters may be here already, and are to be served quickly. */
const OPTIMISE_AFTER_MS = 300;
/** Then what starting allocates is over. */
const COLLECT_AFTER_MS = 3_000;
/** V8's optimising compilers. */
const COMPILERS = ['maglev', 'turbofan'];

/**
 * Keeps V8's optimising compilers away from what runs at the start only: their code, once used, is 5 MB of a process that then
 * may have little to do. For processes that last; `releaseStartMemory` lets them work.
 */
export function deferOptimising(): void {
  for (const compiler of COMPILERS) setFlagsFromString(`--no-${compiler}`);
}

/**
 * Gives back what loading and starting needed and running does not, a tenth of the memory of an idle process. V8 collects
 * garbage when more is made, which an idle process never does. One collection, of some 20 ms; then V8 sees for itself that
 * little goes on, collects again bit by bit within some ten seconds, and gives the pages back. The young generation grows
 * again when there is load.
 */
export function releaseStartMemory(): void {
  setTimeout(() => {
    for (const compiler of COMPILERS) setFlagsFromString(`--${compiler}`);
  }, OPTIMISE_AFTER_MS).unref();
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    // The context is garbage afterwards: that is what makes V8 look again.
    (runInNewContext('gc') as () => void)();
  }, COLLECT_AFTER_MS).unref();
}
