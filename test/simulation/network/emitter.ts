type Listener = (...parameters: never[]) => void;

/** Events by name, as far as a socket needs them: without a listener for `error` it is thrown, as in Node. */
export class Emitter {
  private listeners: { readonly event: string; readonly listener: Listener; readonly once: boolean }[] = [];

  add(event: string, listener: Listener, once: boolean): void {
    this.listeners = [...this.listeners, { event, listener, once }];
  }

  remove(event: string, listener: Listener): void {
    this.listeners = this.listeners.filter((each) => each.event !== event || each.listener !== listener);
  }

  emit(event: string, parameter?: unknown): void {
    const called = this.listeners.filter((each) => each.event === event);
    if (called.length === 0 && event === 'error') throw parameter as Error;
    for (const { listener, once } of called) {
      if (once) this.remove(event, listener);
      (listener as (parameter: unknown) => void)(parameter);
    }
  }
}
