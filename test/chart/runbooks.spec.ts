/** What the pages for the person on call tell to ask kubectl is there in a release `mm2ss`. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { render } from './render.ts';
import { SCENARIOS } from './scenarios.ts';

const folder = fileURLToPath(new URL('../../docs/runbooks/', import.meta.url));
const { minimal = [] } = SCENARIOS;

const commands = readdirSync(folder).flatMap((page) =>
  [...readFileSync(folder + page, 'utf8').matchAll(/kubectl [^\n`]*/g)].map(([command]) => [page, command] as const),
);

describe.skipIf(!requireTool('helm'))('the runbooks', () => {
  it('are searched for kubectl', () => {
    expect(commands.filter(([, command]) => command.includes(' -l ')).length).toBeGreaterThan(10);
  });

  it.each(commands)('%s: `%s` finds something', (_page, command) => {
    const rendering = render(minimal);
    const labels = [...rendering.pods().values()].map(({ metadata }) => metadata.labels);
    const [, key, value] = / -l ([^= ]+)=(\S+)/.exec(command) ?? [];
    if (key !== undefined) {
      const found = labels.filter((each) => each[key] === value || (value === 'GROUP' && each[key] !== undefined));
      expect(found.length).toBeGreaterThan(0);
    }
    const [, kind, name = ''] = /\b(deploy|svc)\/([a-z0-9-]+)/.exec(command) ?? [];
    if (kind !== undefined) {
      expect(rendering.names(kind === 'deploy' ? 'Deployment' : 'Service')).toContain(name);
    }
  });
});
