import { describe, expect, it } from 'vitest';
import type { RtuState, StateMessage } from '@iec104mm2ss/wire';
import { ConnectorView, RECONNECT_GRACE_MS } from './connector-view.js';

const HOLD_MS = 10_000;
const SILENT_MS = HOLD_MS + 2_000;

function said(state: RtuState, changes: Partial<StateMessage> = {}): StateMessage {
  return {
    v: 2,
    group: '1',
    connector: 'c1',
    fence: 1,
    clock: 0,
    state,
    epoch: 1,
    endpoint: 'rtu:2404',
    address: '10.0.0.1',
    since: 0,
    reason: 'because',
    connects: 1,
    next: 7,
    generation: 3,
    ...changes,
  };
}

describe('the RTU link', () => {
  it('is down until its connector says that it is up', () => {
    const view = new ConnectorView(HOLD_MS);
    expect([view.up, view.state(0), view.deadline]).toEqual([false, undefined, Infinity]);
    for (const state of ['disconnected', 'connecting'] as const) {
      expect(view.heard(said(state), 0)).toBeUndefined();
      expect(view.up).toBe(false);
    }
    for (const state of ['connected', 'starting', 'started', 'stopping'] as const) {
      expect(view.heard(said(state), 0)).toBeUndefined();
      expect(view.up).toBe(true);
    }
    expect(view.logEnd).toMatchObject({ generation: 3, next: 7 });
  });

  it('is lost, once, when its connector says that it is down', () => {
    const view = new ConnectorView(HOLD_MS);
    view.heard(said('started'), 0);
    expect(view.heard(said('disconnected', { reason: 't1' }), 1)).toEqual({
      code: 'rtu_lost',
      message: 'the RTU link is down (t1)',
    });
    expect(view.heard(said('connecting'), 2)).toBeUndefined();
    expect(view.up).toBe(false);
  });

  it('is lost when the same connector has another one', () => {
    const view = new ConnectorView(HOLD_MS);
    view.heard(said('started'), 0);
    expect(view.heard(said('connected', { epoch: 2 }), 1)?.code).toBe('rtu_lost');
    expect(view.up).toBe(true);
    expect(view.heard(said('started', { epoch: 2 }), 2)).toBeUndefined();
  });

  it('survives a connector that takes over, if that has its own within the hold time', () => {
    const view = new ConnectorView(HOLD_MS);
    view.heard(said('started'), 0);
    const other = { connector: 'c2', fence: 2, epoch: 2 };
    expect(view.heard(said('disconnected', other), 2_000)).toBeUndefined();
    expect(view.heard(said('connecting', other), 9_000)).toBeUndefined();
    expect([view.up, view.deadline]).toEqual([true, SILENT_MS]);
    expect(view.heard(said('connected', other), 11_000)).toBeUndefined();
    expect(view.deadline).toBe(11_000 + SILENT_MS);
    expect(view.heard(said('disconnected', other), 12_000)?.code).toBe('rtu_lost');
  });

  it('is lost when a connector that took over has none for the hold time', () => {
    const view = new ConnectorView(HOLD_MS);
    view.heard(said('started'), 0);
    view.heard(said('connecting', { connector: 'c2', fence: 2, reason: 'trying' }), 11_000);
    expect(view.silent(SILENT_MS - 1)).toBeUndefined();
    expect(view.silent(SILENT_MS)).toEqual({ code: 'rtu_lost', message: 'no RTU link for 10 s (trying)' });
    expect(view.silent(SILENT_MS)).toBeUndefined();
  });

  it('counts as lost when its connector is silent for longer than the hold time', () => {
    const view = new ConnectorView(HOLD_MS);
    view.heard(said('started'), 500);
    expect(view.silent(SILENT_MS + 499)).toBeUndefined();
    expect(view.state(SILENT_MS + 499)).toBeDefined();
    expect(view.silent(SILENT_MS + 500)).toEqual({
      code: 'connector_silent',
      message: "no sign of the RTU's connector for 10 s",
    });
    expect([view.up, view.deadline, view.state(SILENT_MS + 500)]).toEqual([false, Infinity, undefined]);
  });

  it('gets a little longer when the bus has just come back', () => {
    const view = new ConnectorView(HOLD_MS);
    view.heard(said('started'), 0);
    view.reconnected(SILENT_MS - 100);
    expect(view.deadline).toBe(SILENT_MS - 100 + RECONNECT_GRACE_MS);
    expect(view.silent(SILENT_MS)).toBeUndefined();
  });
});
