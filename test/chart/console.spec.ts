import { describe, expect, it } from 'vitest';
import { requireTool } from '../../tools/require.mjs';
import { render } from './render.ts';
import { groups, NO_USERS, row, USERS } from './values.ts';

const base = [groups(row(7)), NO_USERS];
const name = 'mm2ss-console';

describe.skipIf(!requireTool('helm'))('the console', () => {
  it('is not there unless it is asked for', () => {
    expect(
      render(base)
        .of('Deployment')
        .map(({ metadata }) => metadata.name),
    ).not.toContain(name);
  });

  it('is a pod that serves its page to those who are named, and reaches NATS', () => {
    const from = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } } }];
    const all = render([
      ...base,
      { console: { enabled: true, hosts: ['mm2ss.example'] }, networkPolicy: { consoleFrom: from } },
    ]);
    const pod = JSON.stringify(all.the('Deployment', name).spec);
    expect(pod).toContain('"args":["console"]');
    expect(pod).toContain('{"name":"MM2SS_CONSOLE","value":"0.0.0.0:9106"}');
    expect(pod).toContain('"value":"mm2ss-console,mm2ss-console.scada,mm2ss-console.scada.svc,mm2ss.example"');
    expect(pod).toContain('{"name":"MM2SS_CONSOLE_AUTH","value":"none"}');
    expect(all.the('Service', name).spec).toMatchObject({ ports: [{ port: 9106, targetPort: 9106 }] });
    expect(all.the('NetworkPolicy', name).spec?.ingress).toEqual([{ from, ports: [{ port: 9106, protocol: 'TCP' }] }]);
    expect(JSON.stringify(all.the('NetworkPolicy', 'mm2ss-to-nats').spec?.podSelector)).toContain('console');
  });

  it('is reached by nobody when nobody is named', () => {
    const all = render([...base, { console: { enabled: true } }]);
    const { spec } = all.the('NetworkPolicy', name);
    expect(spec).toMatchObject({ policyTypes: ['Ingress'] });
    expect(spec).not.toHaveProperty('ingress');
  });

  it('has the key of its own user of NATS', () => {
    const pod = JSON.stringify(
      render([groups(row(7)), USERS, { console: { enabled: true } }]).the('Deployment', name).spec,
    );
    expect(pod).toContain('"value":"/etc/mm2ss-nats/console.nk"');
  });

  it('shows the RTU simulator that is named, and no other', () => {
    const pod = (simulator: string): string =>
      JSON.stringify(render([...base, { console: { enabled: true, simulator } }]).the('Deployment', name).spec);
    expect(pod('http://simulator:9110')).toContain('{"name":"MM2SS_SIMULATOR","value":"http://simulator:9110"}');
    expect(pod('')).not.toContain('SIMULATOR');
    for (const wrong of ['simulator:9110', 'https://simulator:9110', 'http://simulator/rtus']) {
      expect(() => pod(wrong), wrong).toThrow(/simulator/);
    }
  });

  it('has the token that the simulator asks for from a secret', () => {
    const asked = { enabled: true, simulatorTokenSecret: 'simulator', simulatorTokenKey: 'one' };
    const console = { ...asked, simulator: 'http://simulator:9110' };
    const pod = JSON.stringify(render([...base, { console }]).the('Deployment', name).spec);
    expect(pod).toContain('{"name":"MM2SS_SIMULATOR_TOKEN","value":"/etc/mm2ss-simulator/one"}');
    expect(pod).toContain('"secretName":"simulator"');
    expect(() => render([...base, { console: asked }])).toThrow(/console.simulatorTokenSecret needs console.simulator/);
  });

  it('has its users from a secret, or the roles of a proxy', () => {
    const basic = { enabled: true, auth: { mode: 'basic', usersSecret: 'console-users' } };
    const pod = JSON.stringify(render([...base, { console: basic }]).the('Deployment', name).spec);
    expect(pod).toContain('{"name":"MM2SS_CONSOLE_USERS","value":"/etc/mm2ss-console/users"}');
    expect(pod).toContain('"secretName":"console-users"');
    expect(() => render([...base, { console: { enabled: true, auth: { mode: 'basic' } } }])).toThrow(/usersSecret/);
    const auth = { mode: 'proxy', proxyFrom: ['10.1.0.0/24', '10.2.0.5'], roles: 'operator=shift' };
    const proxied = JSON.stringify(
      render([...base, { console: { enabled: true, auth } }]).the('Deployment', name).spec,
    );
    expect(proxied).toContain('{"name":"MM2SS_CONSOLE_PROXY","value":"10.1.0.0/24;10.2.0.5"}');
    expect(proxied).toContain('{"name":"MM2SS_CONSOLE_ROLES","value":"operator=shift"}');
    expect(() => render([...base, { console: { enabled: true, auth: { mode: 'proxy' } } }])).toThrow(/proxyFrom/);
  });

  it('is served over TLS with a secret, and knows the proxy before its login', () => {
    const console = {
      enabled: true,
      tls: { existingSecret: 'console-certificate' },
      auth: { mode: 'basic', usersSecret: 'console-users', proxyFrom: ['10.2.0.5'] },
    };
    const pod = JSON.stringify(render([...base, { console }]).the('Deployment', name).spec);
    expect(pod).toContain('{"name":"MM2SS_CONSOLE_TLS_DIR","value":"/etc/mm2ss-console-tls"}');
    expect(pod).toContain('"secretName":"console-certificate"');
    expect(pod).toContain('{"name":"MM2SS_CONSOLE_PROXY","value":"10.2.0.5"}');
    expect(pod).toContain('"secretName":"console-users"');
  });

  it.each([
    ['usersSecret', { usersSecret: 'users' }, /usersSecret says nothing with console.auth.mode=none/],
    ['proxyFrom', { proxyFrom: ['10.2.0.5'] }, /proxyFrom says nothing with console.auth.mode=none/],
    ['roles', { roles: 'operator=shift' }, /roles says nothing with console.auth.mode=none/],
    ['roles', { mode: 'basic', usersSecret: 'users', roles: 'operator=shift' }, /it is for proxy/],
    ['usersSecret', { mode: 'proxy', proxyFrom: ['10.2.0.5'], usersSecret: 'users' }, /it is for basic/],
  ])('is refused with %s where nothing would be done with it', (_, auth, problem) => {
    expect(() => render([...base, { console: { enabled: true, auth } }])).toThrow(problem);
  });
});
