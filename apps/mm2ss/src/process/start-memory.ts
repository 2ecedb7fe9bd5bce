/**
 * Gives back what loading and starting needed and running does not: a third of the memory of an idle process. V8 collects
 * garbage when more is made, which an idle process never does, so it would stay for good. Once, some 30 ms, as soon as
 * everything is started; what V8 does about a heap that became small it does by itself within half a minute. The young
 * generation grows again when there is load.
 *
 * Needs `--expose-gc`, which `bin/mm2ss` gives; without it nothing happens.
 */
export function releaseStartMemory(): void {
  void globalThis.gc?.();
}
