import { describe, expect, it } from 'vitest';
import { askInboxes, isAskInbox, newAskInbox, serverInbox } from './inboxes.js';

const tokenOf = (inbox: string): string => inbox.slice(inbox.lastIndexOf('.') + 1);

describe('inboxes', () => {
  it.each([
    ['answers of others', () => newAskInbox(askInboxes('one'))],
    ['answers of the server', () => serverInbox('one')],
    ['answers where nobody has a name', () => newAskInbox(askInboxes(undefined))],
  ])('for %s are not guessed by who knows others of the same process', (_what, make) => {
    const tokens = Array.from({ length: 500 }, () => tokenOf(make()));
    for (const token of tokens) expect(token).toMatch(/^[\w-]{22}$/);
    // With tokens that count up, each has its first half in common with the one before.
    const starts = new Set(tokens.map((token) => token.slice(0, 11)));
    expect(starts.size).toBe(tokens.length);
  });

  it('for answers of others are apart from those of the server', () => {
    expect(newAskInbox(askInboxes('one'))).toMatch(/^_INBOX\.one\.ask\.[^.]+$/);
    expect(serverInbox('one')).toMatch(/^_INBOX\.one\.[^.]+$/);
    expect(askInboxes('one')).toBe('_INBOX.one.ask.*');
  });

  it.each([
    ['_INBOX.one.ask.x', true],
    ['_INBOX.one.x', false],
    ['_INBOX.one.ask.x.y', false],
    ['_INBOX.ask.x', false],
    ['iec104.v1.1.cmd', false],
    ['x_INBOX.one.ask.x', false],
    ['_R_.x.y', false],
    ['', false],
  ])('%s is one for answers of others: %s', (subject, yes) => {
    expect(isAskInbox(subject)).toBe(yes);
  });
});
