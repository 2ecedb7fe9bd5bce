/** What comes over the bus or from its store is believed. See defects.mjs. */

const onServers = ({ shape }) => shape !== 'one';

const DEAF_SUBSCRIPTIONS = {
  file: 'libs/bus/src/broker/broker-bus.ts',
  find: `    return this.broker.subscribe(pattern, (message) => {
      this.silence.mayAct();
      try {
        handler(message);
      } catch (error) {
`,
  replace: `    let deaf = false;
    return this.broker.subscribe(pattern, (message) => {
      if (deaf) return;
      this.silence.mayAct();
      try {
        handler(message);
      } catch (error) {
        deaf = true;
`,
};

/** @type {readonly import('./defects.mjs').Defect[]} */
export const BUS_DEFECTS = [
  {
    id: '1-state-cast',
    title: '1: JSON null on .state deafens a process',
    patches: [
      DEAF_SUBSCRIPTIONS,
      {
        file: 'libs/wire/src/state-message.ts',
        find: `decodeAs('state', stateMessage, data);`,
        replace: `JSON.parse(Buffer.from(data).toString()) as StateMessage;`,
      },
    ],
    rules: ['recovery'],
    only: onServers,
  },
  {
    id: '1-short-confirmed',
    title: '1: one octet on .confirmed deafens the connector',
    patches: [
      DEAF_SUBSCRIPTIONS,
      {
        file: 'libs/wire/src/connector-messages.ts',
        find: `  if (octets[0] !== WIRE_VERSION) return unknownVersion(what, octets[0]);
  if (octets.length !== CONFIRMED_OCTETS) return wrongLength(what, \`\${octets.length} octets\`);
`,
        replace: '',
      },
    ],
    rules: ['recovery', 'gap', 'lost'],
    only: onServers,
  },
  {
    id: '3-instance-name',
    title: '3: the instance name is host and process id',
    patches: [
      {
        file: 'test/simulation/world/sim-process.ts',
        find: "options.randomInstance === false ? '' : `-${this.randoms.hex(8)}`",
        replace: `''`,
      },
    ],
    rules: ['link', 'recovery'],
    only: onServers,
  },
  {
    id: '7-generations',
    title: '7: positions of a log that lost its end are taken for those of the log before',
    patches: [
      {
        file: 'libs/bus/src/broker/stored-log.ts',
        find: `    if (record === undefined || record.generation <= generation) return valid;`,
        replace: `    return position;`,
      },
      {
        file: 'libs/bus/src/broker/log-follower.ts',
        find: `    return generation === this.generation && first <= this.expected;`,
        replace: `    return first <= this.expected;`,
      },
      {
        file: 'libs/bus/src/broker/log-follower.ts',
        find: `    return end <= this.expected && (generation === this.generation || generation === NONE);`,
        replace: `    return end <= this.expected;`,
      },
    ],
    rules: ['gap', 'lost'],
    only: onServers,
  },
  {
    id: '7-sequence-by-chance',
    title: 'a record is stored although the one before it was refused, as its sequence fits by chance',
    patches: [
      {
        file: 'libs/bus/src/broker/log-writer.ts',
        find: `    const follows = this.done < this.pending.length ? { expectedLastId: this.lastId } : {};`,
        replace: `    const follows = this.done < 0 ? { expectedLastId: this.lastId } : {};`,
      },
    ],
    rules: ['gap', 'lost'],
    story: 'cut-off-writer-2229',
    only: onServers,
  },
  {
    id: '12-stored-state',
    title: '12: the saved state of a group is believed without a schema',
    patches: [
      {
        file: 'libs/wire/src/stored.ts',
        find: `  const what = 'router state';\n`,
        replace: `  const what = 'router state';\n  if (what !== '') return JSON.parse(Buffer.from(data).toString()) as RouterState;\n`,
      },
    ],
    rules: ['recovery'],
    story: 'spoilt-state',
    only: onServers,
  },
  {
    id: '18-state-fence',
    title: '18: .state is believed whatever its fence',
    patches: [
      {
        file: 'services/router/src/group-router.ts',
        find: `this.connector.run(state, message.fence, () => this.onState(message));`,
        replace: `this.onState(message);`,
      },
      {
        file: 'services/master-gateway/src/group-gateway.ts',
        find: `this.connectorGuard.run(state, message.fence, () => this.onState(message)),`,
        replace: `this.onState(message),`,
      },
    ],
    rules: ['disconnect', 'recovery'],
    story: 'forged-state',
  },
  {
    id: '18-largest-fence',
    title: '18: a message alone raises the fence, and 0xffffffff poisons the group',
    patches: [
      {
        file: 'libs/bus/src/fence-guard.ts',
        find: `    if (fence === this.current && this.waiting.length === 0) {
      handle();
      return;
    }
`,
        replace: `    if (fence < this.current) return this.bus.drops.add(subject, 'FENCE', 'smaller');
    if (fence > this.current) this.change(fence);
    if (fence === this.current) return handle();
`,
      },
    ],
    rules: ['recovery', 'unknownCommand'],
    only: onServers,
  },
  {
    id: 'lease-written-anew',
    title: 'rivals do not notice that the holder of a lease has written its entry anew',
    patches: [
      {
        file: 'libs/bus/src/broker/leases.ts',
        find: `    if (now - lease.heardAt > HELD_UP_MS) lease.readAgainAt = Math.min(lease.readAgainAt, now + WRITTEN_MS);
`,
        replace: '',
      },
    ],
    rules: ['silence'],
    story: 'owner-lost-1',
  },
  {
    id: 'fence-set-back',
    title: 'a fence that was set back stays as it is',
    patches: [
      {
        file: 'libs/bus/src/fence-guard.ts',
        find: `      if (fence < this.current) this.bus.raiseFence(this.leaseKey, this.current);
`,
        replace: '',
      },
    ],
    rules: ['recovery'],
    story: 'lease-set-back',
  },
  {
    id: 'wire-log-of-version-1',
    title: 'what the release before has written into the log is not read',
    patches: [
      {
        file: 'libs/wire/src/log-record.ts',
        find: `  if (version !== 1 && version !== WIRE_VERSION) return unknownVersion(what, version);`,
        replace: `  if (version !== WIRE_VERSION) return unknownVersion(what, version);`,
      },
    ],
    rules: ['gap', 'lost'],
    only: ({ upgraded }) => upgraded,
  },
  {
    id: 'wire-state-of-version-1',
    title: 'the saved state of the release before is not read',
    patches: [
      {
        file: 'libs/wire/src/stored.ts',
        find: `  const old = decodeAs(what, routerStateV1, data);`,
        replace: `  const old = decodeAs(what, routerState, data);
  if (old instanceof WireError || old !== undefined) return old as WireError;`,
      },
    ],
    rules: ['repeat'],
    only: ({ upgraded }) => upgraded,
  },
];
