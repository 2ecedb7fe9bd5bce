import { describe, expect, it } from 'vitest';
import { OWNER_SILENCE_MS, type OwnerMessage } from '@iec104mm2ss/wire';
import { RECONNECT_GRACE_MS } from './connector-view.js';
import { OwnerView } from './owner-view.js';

const HOLD_MS = 10_000;
const SILENT_MS = HOLD_MS + 1_000;

const owner = (open: boolean): OwnerMessage => ({
  v: 2,
  group: '1',
  owner: 'r1',
  fence: 1,
  open,
  wanted: false,
  sessions: {},
});

describe('the router of a group', () => {
  it('serves it while it is heard and the takeover is over', () => {
    const view = new OwnerView(HOLD_MS);
    expect(view.serves(0)).toBe(false);
    view.heard(owner(false), 0);
    expect(view.serves(0)).toBe(false);
    view.heard(owner(true), 100);
    expect(view.serves(100 + OWNER_SILENCE_MS - 1)).toBe(true);
    expect(view.serves(100 + OWNER_SILENCE_MS)).toBe(false);
  });

  it('can be given commands within the hold time, open or not', () => {
    const view = new OwnerView(HOLD_MS);
    expect(view.expected(0)).toBe(false);
    view.heard(owner(false), 100);
    expect(view.expected(100 + HOLD_MS - 1)).toBe(true);
    expect(view.expected(100 + HOLD_MS)).toBe(false);
  });

  it('is lost to the masters when nobody has served them for longer than the hold time', () => {
    const view = new OwnerView(HOLD_MS);
    view.heard(owner(true), 0);
    view.heard(owner(false), 5_000);
    expect(view.deadline).toBe(SILENT_MS);
    view.heard(owner(true), 6_000);
    expect(view.deadline).toBe(6_000 + SILENT_MS);
    view.reconnected(6_000 + SILENT_MS - 10);
    expect(view.deadline).toBe(6_000 + SILENT_MS - 10 + RECONNECT_GRACE_MS);
    expect(view.loss.code).toBe('router_silent');
  });
});
