import { Command } from 'commander';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { NO_CHANGE, RUNNING, type ServiceManager, type ServiceState, STOPPED } from '../windows/service-manager.js';
import { commandOf } from '../windows/command-line.js';
import { commandLine, registerService } from './service.js';

const PROGRAM = 'C:\\my dir\\iec104mm2ss.exe';
const START_PENDING = 2;
const STOP_PENDING = 3;

const manager = {
  install: vi.fn<ServiceManager['install']>(),
  update: vi.fn<ServiceManager['update']>(),
  remove: vi.fn<ServiceManager['remove']>(),
  start: vi.fn<ServiceManager['start']>(),
  stop: vi.fn<ServiceManager['stop']>(),
  query: vi.fn<ServiceManager['query']>(),
  dependents: vi.fn<ServiceManager['dependents']>(),
};
let said: string[];
let errors: string;

/** The manual's command line, as iec104mm2ss.exe takes it. */
async function service(line: string): Promise<void> {
  const program = new Command().enablePositionalOptions().exitOverride();
  const desk = {
    manager: () => manager as unknown as ServiceManager,
    program: PROGRAM,
    say: (text: string) => void said.push(text),
  };
  registerService(program, desk);
  program.commands[0]?.commands.forEach((each) =>
    each.exitOverride().configureOutput({ writeErr: (text) => (errors += text) }),
  );
  await program.parseAsync(commandOf(line.split(' ')), { from: 'user' });
}

const inState = (...states: number[]): void => {
  const answers: ServiceState[] = states.map((state) => ({ state, exitCode: 2, processId: 7 }));
  manager.query.mockImplementation(() => (answers.length > 1 ? answers.shift()! : answers[0]!));
};
const windowsError = (errno: number): Error => Object.assign(new Error('Zugriff verweigert'), { errno });

beforeEach(() => {
  vi.resetAllMocks();
  manager.dependents.mockReturnValue([]);
  said = [];
  errors = '';
});

describe('install', () => {
  it.each([
    ['--startup auto install', 2, 0],
    ['--startup=delayed install', 2, 1],
    ['--startup disabled install', 4, 0],
    ['install', 3, 0],
  ])('%s', async (line, startType, isDelayed) => {
    await service(line);
    const shown = 'IEC104 Multiple Masters to Single Slave';
    const expected = ['iec104mm2ss', shown, `"${PROGRAM}" -c`, 0x10, startType, isDelayed, undefined, undefined];
    expect(manager.install.mock.calls).toEqual([expected]);
    expect(said.join()).toContain('iec104mm2ss installed');
  });

  it('takes a name, an account, and the command line of the service', async () => {
    await service(
      '--name south --username opal\\scada --password secret --interactive install -i south.csv --log-dir log2',
    );
    const shown = 'IEC104 Multiple Masters to Single Slave (south)';
    const line = `"${PROGRAM}" -c -i south.csv --log-dir log2`;
    expect(manager.install.mock.calls).toEqual([['south', shown, line, 0x110, 3, 0, 'opal\\scada', 'secret']]);
  });

  it('takes an account without a domain for one of this machine', async () => {
    await service('--username scada install');
    expect(manager.install.mock.calls[0]?.[6]).toBe('.\\scada');
  });

  it('says that performance data is not registered', async () => {
    await service('--perfmonini a.ini install');
    expect(said[0]).toContain('/metrics');
  });

  it('knows no other way to start', async () => {
    await expect(service('--startup sometimes install')).rejects.toThrow();
    expect(errors).toContain('Allowed choices are manual, auto, disabled, delayed');
    expect(manager.install).not.toHaveBeenCalled();
  });

  it('says what Windows says, and who may', async () => {
    manager.install.mockImplementation(() => {
      throw windowsError(5);
    });
    await expect(service('install')).rejects.toThrow(/Zugriff verweigert \(5\).*administrator/);
  });
});

describe('update', () => {
  it('changes what is given', async () => {
    await service('--startup manual update');
    expect(manager.update.mock.calls).toEqual([['iec104mm2ss', undefined, NO_CHANGE, 3, 0, undefined, undefined]]);
  });

  it('leaves the start as it is', async () => {
    await service('update -i b.csv');
    const line = `"${PROGRAM}" -c -i b.csv`;
    expect(manager.update.mock.calls).toEqual([['iec104mm2ss', line, NO_CHANGE, NO_CHANGE, 0, undefined, undefined]]);
  });
});

describe('start, stop, restart, remove', () => {
  it('do not wait unless they are told to', async () => {
    await service('start -i c.csv');
    await service('stop');
    expect(manager.start.mock.calls).toEqual([['iec104mm2ss', '-i', 'c.csv']]);
    expect(manager.stop.mock.calls).toEqual([['iec104mm2ss']]);
    expect(manager.query).not.toHaveBeenCalled();
  });

  it('stop what depends on it first, when they wait', async () => {
    manager.dependents.mockReturnValue(['historian', 'alarms']);
    inState(STOPPED);
    await service('--wait 20 stop');
    expect(manager.stop.mock.calls).toEqual([['historian'], ['alarms'], ['iec104mm2ss']]);
    expect(said.at(0)).toBe('service historian has stopped');
  });

  it('stop it alone when they do not wait: Windows refuses that while others depend on it', async () => {
    manager.dependents.mockReturnValue(['historian']);
    await service('stop');
    expect(manager.stop.mock.calls).toEqual([['iec104mm2ss']]);
  });

  it('wait until it runs', async () => {
    inState(START_PENDING, START_PENDING, RUNNING);
    await service('--wait 20 start');
    expect(said).toEqual(['service iec104mm2ss runs']);
  });

  it('tell one that has ended instead', async () => {
    inState(START_PENDING, STOPPED);
    await expect(service('--wait 20 start')).rejects.toThrow('exit code 2');
  });

  it('give up after that time', async () => {
    inState(STOP_PENDING);
    await expect(service('--wait 0 stop')).rejects.toThrow('has not stopped after 0 s');
  });

  it.each(['-1', 'x', '1.5'])('refuse --wait %s', async (seconds) => {
    await expect(service(`--wait ${seconds} stop`)).rejects.toThrow('not a number of seconds');
    expect(manager.stop).not.toHaveBeenCalled();
  });

  it('start again what has stopped', async () => {
    inState(STOP_PENDING, STOPPED);
    await service('restart');
    expect(manager.stop.mock.invocationCallOrder[0]).toBeLessThan(manager.start.mock.invocationCallOrder[0]!);
  });

  it('start one that was not running', async () => {
    inState(STOPPED);
    manager.stop.mockImplementation(() => {
      throw windowsError(1062);
    });
    await service('restart');
    expect(manager.start).toHaveBeenCalledWith('iec104mm2ss');
  });

  it('stop what is to be removed', async () => {
    inState(RUNNING, STOP_PENDING, STOPPED);
    await service('--name south remove');
    expect(manager.stop).toHaveBeenCalledWith('south');
    expect(manager.remove).toHaveBeenCalledWith('south');
  });
});

it.each([
  [['-i', 'a b.csv'], '-i "a b.csv"'],
  [['say "hi"'], '"say \\"hi\\""'],
  [['C:\\a b\\'], '"C:\\a b\\\\"'],
  [[''], '""'],
])('words are quoted as Windows reads them: %j', (words, expected) => {
  expect(commandLine(PROGRAM, words)).toBe(`"${PROGRAM}" -c ${expected}`);
});
