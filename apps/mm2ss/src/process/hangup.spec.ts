import { describe, expect, it } from 'vitest';
import { StartTerminal } from './hangup.js';

it.each([
  ['standard input', [0], false, true],
  ['standard output', [1], false, true],
  ['both', [0, 1], false, true],
  ['standard error only, as nohup leaves it', [2], false, false],
  ['none, as under systemd', [], false, false],
  ['both, and it is still there', [0, 1], true, false],
])('a process that had a terminal as %s', (_, terminals, canBeOpened, gone) => {
  const terminal = new StartTerminal(
    (descriptor) => terminals.includes(descriptor),
    () => canBeOpened,
    'linux',
  );
  expect(terminal.gone).toBe(gone);
});

describe('on Windows', () => {
  it.each([
    ['a console that is closed, whatever standard input and output are, is gone', true],
    ['a service, which has none, is only told to read its configuration', false],
  ])('%s', (_, hasConsole) => {
    const terminal = new StartTerminal(
      () => false,
      () => hasConsole,
      'win32',
    );
    expect(terminal.gone).toBe(hasConsole);
  });
});
