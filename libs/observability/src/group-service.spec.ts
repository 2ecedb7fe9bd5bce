import { describe, expect, it } from 'vitest';
import { GroupService } from './group-service.js';

interface Serving {
  readonly config: { readonly id: string };
  count: number;
}

class Counting extends GroupService<Serving> {
  readonly list: Serving[] = [];
  time = 0;

  constructor() {
    super('counting', () => this.time);
  }

  start(): void {
    this.started = true;
  }

  serving(): readonly Serving[] {
    return this.list;
  }

  protected total({ count }: Serving): number {
    return count;
  }

  protected contribution({ config }: Serving, perSecond: number | undefined) {
    return { id: config.id, rates: { commandsPerSecond: perSecond } };
  }
}

describe('a service of groups', () => {
  it('is ready when it has started', () => {
    const service = new Counting();
    expect(service.ready()).toEqual({ ok: false, reason: 'not started yet' });
    service.start();
    expect(service.ready()).toEqual({ ok: true });
  });

  it('shows each group with its own rate, which begins anew when the group comes back', () => {
    const service = new Counting();
    const [one, two] = ['1', '2'].map((id) => ({ config: { id }, count: 0 })) as [Serving, Serving];
    service.list.push(one, two);
    service.groups();
    service.time = 2_000;
    one.count = 10;
    expect(service.groups()).toEqual([
      { id: '1', rates: { commandsPerSecond: 5 } },
      { id: '2', rates: { commandsPerSecond: 0 } },
    ]);
    service.list.length = 0;
    service.groups();
    service.list.push(one);
    expect(service.groups()).toEqual([{ id: '1', rates: { commandsPerSecond: undefined } }]);
  });
});
