import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  junitReport,
  parseScenario,
  runScenario,
  ScenarioError,
  type ScenarioResult,
  type ScenarioSurroundings,
} from '../index.js';

let folder: string;
let port: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mm2ss-scenario-'));
  port = await freePort();
  writeFileSync(join(folder, 'rtus.csv'), `1,A,32,${port},,12,60,io.csv\n`);
  writeFileSync(
    join(folder, 'io.csv'),
    ['1,Y,30,101,1,0', '2,N,31,301,2,0', '2,N,36,401,12.5,0', '9,N,46,21001,301', '3,N,30,101,129,0'].join('\n'),
  );
});

afterEach(() => rmSync(folder, { recursive: true }));

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as { port: number };
      server.close(() => resolve(free));
    });
  });
}

function run(...steps: string[]): Promise<ScenarioResult> {
  return runWith({}, steps);
}

function runWith(more: Partial<ScenarioSurroundings>, steps: readonly string[]): Promise<ScenarioResult> {
  const head = [
    'name: Test',
    'rtus: rtus.csv',
    'masters:',
    `  a: { connect: "127.0.0.1:${port}", rtu: 32 }`,
    `  b: { connect: "127.0.0.1:${port}", rtu: 32, oa: 3 }`,
    'steps:',
  ];
  const scenario = parseScenario([...head, ...steps.map((step) => `  - ${step}`)].join('\n'));
  return runScenario(scenario, { path: join(folder, 'test.yaml'), ...more });
}

describe('a scenario', () => {
  it('passes when all that is expected comes', async () => {
    const result = await run(
      'send: 2',
      'expect: { type: M_DP_TB_1, ioa: 301, value: 2 }',
      'expect: { master: b, type: M_ME_TF_1, value: 12.5, cause: 3 }',
      'send: { index: 3, rtu: 32 }',
      'expect: { ioa: 101, value: 1, quality: IV }',
      'expect: { ioa: 301, count: 0, within: 0.05 }',
      'master: { name: a, do: command, command: double 21001 off, select: true }',
      'expect: { master: b, ioa: 301, value: 1, cause: 11 }',
      'master: { name: b, do: command, command: single 7 on, result: negative }',
      'master: { do: gi }',
      'expect: { type: M_SP_NA_1, ioa: 101, cause: 20 }',
      'master: { do: clock }',
      'master: { do: read, ioa: 401 }',
      'set: { rtu: 1, ioa: 401, value: 13.5, quality: NT }',
      'expect: { ioa: 401, value: 13.5, quality: 64 }',
      'fault: { rtu: 1, ignoreTypes: [102] }',
      'master: { do: read, ioa: 401, result: timeout, within: 0.05 }',
      'fault: { rtu: 1, do: none }',
      'master: { do: read, ioa: 401 }',
      'fault: { rtu: 1, noActCon: true }',
      'master: { name: a, do: gi, result: unconfirmed, within: 2 }',
      'fault: { rtu: 1, do: none }',
      'fault: { rtu: 1, do: drop }',
      'master: { do: connect }',
      'master: { name: b, do: disconnect }',
      'load: constant 200',
      'expect: { master: a, type: M_DP_TB_1, count: 5 }',
      'load: off',
      'stop: all',
      'wait: 0.01',
    );
    expect(result.steps.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(result).toMatchObject({ passed: true, name: 'Test' });
    expect(result.steps).toHaveLength(31);
  });

  it.each([
    ['expect: { ioa: 301, within: 0.05 }', 'a got 0 of 1 within 0.05 s'],
    ['send: 77', 'nothing was sent: missing'],
    ['send: { index: 1, rtu: 5 }', 'nothing was sent: no such RTU'],
    ['set: { rtu: 1, ioa: 5, value: 1 }', 'RTU 1 has no point 5'],
    ['fault: { rtu: 9, halfOpen: true }', 'no RTU has the id 9'],
    ['master: { do: command, command: single 7 on }', 'a: command was negative, not positive'],
  ])('fails at %s, and leaves out what comes after', async (step, failure) => {
    const { passed, steps } = await run('wait: 0', step, 'wait: 0');
    expect(passed).toBe(false);
    expect(steps.map((each) => each.failure === undefined)).toEqual([true, true, false, true]);
    expect(steps[2]?.failure).toContain(failure);
    expect(steps[3]?.skipped).toBe(true);
  });

  it('fails when something comes that must not', async () => {
    const { steps } = await run('send: 2', 'expect: { master: a, ioa: 301, count: 0, within: 0.1 }');
    expect(steps.at(-1)?.failure).toBe('a got 1, which should not have come');
  });

  it('fails at an interrogation without ACT_CON', async () => {
    const { steps } = await run('fault: { rtu: 1, noActCon: true }', 'master: { name: a, do: gi, within: 2 }');
    expect(steps.at(-1)?.failure).toBe('a: gi was unconfirmed, not positive');
  });

  it('fails when nothing can come', async () => {
    const { steps } = await run(
      'master: { name: a, do: disconnect }',
      'expect: { master: a, ioa: 301, count: 0, within: 0.01 }',
    );
    expect(steps.at(-1)?.failure).toBe('a has no connection: that nothing came says nothing');
  });

  it('says what a filter left out', async () => {
    writeFileSync(join(folder, 'io.csv'), '6,,1,101,1,0,,45,5001,1,0.02\n');
    const { steps } = await run('send: 6');
    expect(steps.at(-1)?.failure).toBe('nothing was sent: 1 rows were left out');
  });

  it.each([
    ['11,201,20001', 20_001, 20_000],
    ['11,201,-32767', -32_767, -32_768],
    ['13,201,48.9', 48.9, 48.9001],
    ['13,201,0.00009', 0.000_09, 0],
    ['9,201,0.5', 0.5, 0.501],
  ])('takes the value of %s for %d, not for %d', async (row, value, other) => {
    writeFileSync(join(folder, 'io.csv'), `1,Y,${row},0\n`);
    const is = (number: number, count: number): string =>
      `expect: { ioa: 201, value: ${number}, count: ${count}, within: 0.05 }`;
    const { steps } = await run('send: 1', is(value, 1), is(other, 0));
    expect(steps.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each(['wait: 3600', 'expect: { ioa: 7, within: 3600 }', 'master: { do: read, ioa: 101, within: 3600 }'])(
    'fails when it is ended within %s',
    async (step) => {
      const end = new AbortController();
      const { passed, steps } = await runWith(
        {
          stop: end.signal,
          onStep: ({ name }) => void (name.startsWith('fault') && end.abort('ended by SIGTERM')),
        },
        ['fault: { rtu: 1, ignoreTypes: [102] }', step, 'send: 1'],
      );
      expect(passed).toBe(false);
      expect(steps.map(({ failure, skipped }) => failure ?? skipped)).toEqual([false, false, 'ended by SIGTERM', true]);
    },
  );

  it('fails at the start when its RTUs have a fault', async () => {
    writeFileSync(join(folder, 'io.csv'), '1,Y,99,101,1,0\n');
    const { steps } = await run('wait: 0');
    expect(steps[0]?.failure).toMatch(/io\.csv: row 1, typeid/);
  });

  it('is reported as JUnit has it', async () => {
    const report = junitReport([await run('name: a <b> & "c"\n    send: 77', 'wait: 0')]);
    expect(report).toContain('<testsuite name="Test" tests="3" failures="1" errors="0" skipped="1"');
    expect(report).toContain('name="a &lt;b&gt; &amp; &quot;c&quot;"');
    expect(report).toMatch(/<failure message="nothing was sent: missing"\/>/);
  });
});

describe('a file that is no scenario', () => {
  const problemsOf = (text: string): readonly string[] => {
    try {
      parseScenario(text);
    } catch (error) {
      if (error instanceof ScenarioError) return error.problems;
      throw error;
    }
    return [];
  };
  const head = 'name: x\nrtus: r.csv\nmasters:\n  a: { connect: "h:1", rtu: 1 }\n';

  it.each([
    ['name: [', 'line 1'],
    ['name: x\nsteps: []\n', 'line 1: rtus'],
    [`${head}steps:\n  - send: 1\n  - expect: { ioa: -5 }\n`, 'line 7: steps.1.expect.ioa'],
    [`${head}steps:\n  - send: 1\n    wait: 2\n`, 'line 6: steps.0: exactly one of'],
    [`${head}steps:\n  - load: heavy 5\n`, 'line 6: steps.0.load'],
    [`${head}steps:\n  - jump: 1\n`, 'line 6: steps.0'],
    [`${head}steps:\n  - expect: { master: nobody }\n`, 'there is no master nobody'],
    [`${head}steps:\n  - master: { do: command, command: single x on }\n`, 'line 6: steps.0.master.command'],
    [`${head}steps:\n  - fault: { rtu: 1, delay: 5 }\n`, 'line 6'],
    [`${head}steps:\n  - expect: { type: M_SP_TB1, count: 0 }\n`, 'no name of a type'],
    [`${head}steps:\n  - expect: { type: m_sp_tb_1 }\n`, 'no name of a type'],
    [`${head}steps:\n  - fault: { rtu: 1 }\n`, 'which fault?'],
    [`${head}steps:\n  - master: { do: read }\n`, 'do: read needs "ioa"'],
    [`${head}steps:\n  - master: { do: gi, command: single 1 on }\n`, '"command" belongs to do: command'],
    [`${head}steps:\n  - send: -1\n`, 'an index of 0 or more'],
    [`${head}steps:\n  - expect: { value: on }\n`, 'a number, or true or false'],
    ['name: x\nrtus: r.csv\nsteps:\n  - expect: { ioa: 1 }\n', 'line 4: steps.0.expect: there is no master'],
    ['name: x\nrtus: r.csv\nsteps:\n  - master: { do: gi }\n', 'there is no master'],
    ['name: x\nrtus: r.csv\nmasters: { all: { connect: "h:1", rtu: 1 } }\nsteps: [{ wait: 1 }]', 'called all'],
    ['name: x\nrtus: r.csv\nmasters: { a: { connect: nowhere, rtu: 1 } }\nsteps: [{ wait: 1 }]', 'must be HOST:PORT'],
  ])('says where: %j', (text, problem) => {
    expect(problemsOf(text).join('\n')).toContain(problem);
  });
});
