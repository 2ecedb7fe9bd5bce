import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ClockSetError, SystemClockSetter } from './clock-setter.js';

/** CapEff with and without bit 25. */
const PRIVILEGED = 'Name:\tnode\nCapEff:\t0000000002000000\n';
const UNPRIVILEGED = 'Name:\tnode\nCapEff:\t00000000fdffffff\n';

function setUp(platform: NodeJS.Platform, status = PRIVILEGED, failure?: Error) {
  const commands: string[][] = [];
  const setter = new SystemClockSetter({
    platform,
    processStatus: async () => status,
    run: async (command, args) => {
      commands.push([command, ...args]);
      if (failure) throw failure;
    },
  });
  return { setter, commands };
}

describe('SystemClockSetter', () => {
  it('moves the clock by the difference on Linux', async () => {
    const { setter, commands } = setUp('linux');
    await setter.adjust(1234.5678);
    await setter.adjust(-250);
    expect(commands).toEqual([
      ['date', '-u', '--set=+1.234568 seconds'],
      ['date', '-u', '--set=-0.250000 seconds'],
    ]);
  });

  it.skipIf(process.platform !== 'linux')('says it in words that date understands', () => {
    const shown = (text: string) =>
      Number(execFileSync('date', ['-u', `--date=${text}`, '+%s.%N'], { encoding: 'utf8' }));
    expect(shown('+3600.250000 seconds') - shown('-3600.250000 seconds')).toBeCloseTo(7200.5, -1);
  });

  it('refuses without the privilege, and runs nothing', async () => {
    const { setter, commands } = setUp('linux', UNPRIVILEGED);
    await expect(setter.adjust(1000)).rejects.toThrow(ClockSetError);
    await expect(setter.adjust(1000)).rejects.toThrow('needs root or the capability CAP_SYS_TIME');
    expect(commands).toEqual([]);
  });

  it("passes on the command's own words when it fails", async () => {
    const stderr = 'date: cannot set date: Operation not permitted\n';
    const { setter } = setUp('linux', PRIVILEGED, Object.assign(new Error('Command failed'), { stderr }));
    await expect(setter.adjust(1000)).rejects.toThrow(/^date could not set the clock: .*Operation not permitted$/);
  });

  it('moves the clock by the difference on Windows', async () => {
    const { setter, commands } = setUp('win32');
    await setter.adjust(-1500);
    expect(commands[0]!.at(-1)).toBe('Set-Date -Adjust ([TimeSpan]::FromTicks(-15000000)) -ErrorAction Stop');
  });

  describe('as iec104mm2ss.exe', () => {
    const asProgram = (adjustClock: (milliseconds: number) => void) =>
      new SystemClockSetter({
        platform: 'win32',
        processStatus: async () => '',
        run: async () => undefined,
        adjustClock,
      });

    it('asks Windows itself', async () => {
      const adjusted: number[] = [];
      await asProgram((milliseconds) => void adjusted.push(milliseconds)).adjust(-1500);
      expect(adjusted).toEqual([-1500]);
    });

    it.each([
      [1314, /^no privilege to set the clock: needs an administrator/],
      [87, /^Windows could not set the clock: refused$/],
    ])('says why it could not: error %d', async (errno, said) => {
      const setter = asProgram(() => {
        throw Object.assign(new Error('refused'), { errno });
      });
      await expect(setter.adjust(1000)).rejects.toThrow(said);
    });
  });

  it('refuses on a system it does not know', async () => {
    const { setter, commands } = setUp('darwin');
    await expect(setter.adjust(1000)).rejects.toThrow('not supported on darwin');
    expect(commands).toEqual([]);
  });
});
