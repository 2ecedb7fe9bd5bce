/** Commands: who may give them, when they are sent, what their masters are told. See defects.mjs. */

const ASK_NOBODY = {
  file: 'services/router/src/group-commands.ts',
  find: `    return !this.takeover.done || this.transactions.unreported(now - RESULT_DUE_MS).length > 0;`,
  replace: `    return !this.takeover.done;`,
};

/** @type {readonly import('./defects.mjs').Defect[]} */
export const COMMAND_DEFECTS = [
  {
    id: '9-selections',
    title: '9: selections do not survive a failover',
    patches: [
      {
        file: 'services/router/src/command-takeover.ts',
        find: `    if (!isLost) ownership.restore(transaction, since);\n`,
        replace: '',
      },
    ],
    rules: ['select'],
    story: 'select-at-takeover',
    only: ({ shape }) => shape !== 'one',
  },
  {
    id: '9-second-object',
    title: '9: the second object of an ASDU, and CA 65535, bypass ownership',
    patches: [
      {
        file: 'services/router/src/command-acceptance.ts',
        find: `    const check = checkCommand(asdu);\n`,
        replace: `    const check = { ok: asdu.length > 0, cause: checkCommand.length, reason: '' };\n`,
      },
      {
        file: 'services/slave-connector/src/router-orders.ts',
        find: `    const check = checkCommand(asdu);\n`,
        replace: `    const check = { ok: asdu.length > 0, reason: checkCommand.name };\n`,
      },
    ],
    rules: ['forbidden'],
    story: 'second-object',
  },
  {
    id: '12-rights',
    title: '12: rights are looked at by nobody',
    patches: [
      {
        file: 'services/router/src/rights.ts',
        find: `    return notAllowed(this.of(holder), { class: commandClass(asdu), ca, ioas, opaque });\n`,
        replace: `    return opaque && ca < 0 && ioas.length < 0 ? 'never' : undefined;\n`,
      },
    ],
    rules: ['rights'],
    story: 'rights',
  },
  {
    id: '12-observe-forgotten',
    title: '12: observe mode ends with its router',
    patches: [{ file: 'services/router/src/group-router.ts', find: `      observe: observe.saved,\n`, replace: '' }],
    rules: ['rights'],
    story: 'observe-at-takeover',
    only: ({ shape }) => shape !== 'one',
  },
  {
    id: '10-refused-unasked',
    title: '10: refused at the deadline without asking the connector, which had sent it',
    patches: [
      ASK_NOBODY,
      {
        file: 'services/router/src/command-ends.ts',
        find: `      if (transaction.deadline + ANSWER_TIMEOUT_MS <= now) this.finish(transaction, 'unknown');`,
        replace: `      if (transaction.deadline <= now) this.refuse(transaction, 'expired');`,
      },
    ],
    rules: ['refusal'],
    story: 'result-lost',
  },
  {
    id: '10-refused-sent',
    title: '10: what was sent is refused when a link or a connector is lost',
    patches: [
      {
        file: 'services/router/src/command-ends.ts',
        find: `    const queued = this.parts.table.all().filter(({ state }) => state === 'queued');\n`,
        replace: `    const queued = this.parts.table.all().filter(({ state }) => state !== 'confirmed');\n`,
      },
    ],
    rules: ['refusal'],
  },
  {
    id: '10-not-withdrawn',
    title: '10: commands of the owner before are not withdrawn',
    patches: [
      {
        file: 'services/slave-connector/src/command-queue.ts',
        find: `    this.withdraw((command) => command.fence < fence);\n`,
        replace: `    this.withdraw((command) => command.fence < 0 && fence > 0);\n`,
      },
      {
        file: 'services/slave-connector/src/rtu-commands.ts',
        find: `    const isLate = fence < this.asked.fence || (fence === this.asked.fence && number <= this.asked.upTo);`,
        replace: `    const isLate = fence < 0 && number < 0;`,
      },
    ],
    rules: ['refusal', 'twice'],
    story: 'waiting-at-takeover',
    only: ({ shape }) => shape !== 'one',
  },
  {
    id: '11-wall-clock',
    title: '11: deadlines of commands are wall time',
    patches: [
      {
        file: 'libs/bus/src/connector-clock.ts',
        find: `    if (this.fence === 0) return undefined;\n`,
        replace: `    if (this.fence === 0) return undefined;\n    if (this.fence > 0) return (this.clock as Clock).wallMs();\n`,
      },
      {
        file: 'services/slave-connector/src/group-connector.ts',
        find: `    const command = { ...message, asdu: new Uint8Array(message.asdu) };\n`,
        replace: `    const deadline = message.deadline - this.runtime.clock.wallMs() + this.scheduler.now();
    const command = { ...message, deadline, asdu: new Uint8Array(message.asdu) };
`,
      },
    ],
    rules: ['recovery', 'late', 'refusal'],
  },
  {
    id: '14-one-lane',
    title: '14: one lane for the interrogations of all stations',
    patches: [
      {
        file: 'services/router/src/command-lanes.ts',
        find: `  return (type * 0x10000 + ca) * 0x1000000 + (STATION_TYPES.has(typeId) ? 0 : ioa);`,
        replace: `  return STATION_TYPES.has(typeId) ? type * 0x10000 * 0x1000000 : (type * 0x10000 + ca) * 0x1000000 + ioa;`,
      },
      {
        // They share a lane, and are not joined.
        file: 'services/router/src/command-turns.ts',
        find: `          other.ioa === ioa &&\n`,
        replace: `          other.ioa === ioa &&\n          other.ca === ca &&\n`,
      },
    ],
    rules: ['reason'],
    story: 'forty-stations',
  },
  {
    id: '14-lost-command',
    title: '14: a lost .cmd blocks the lane for a minute',
    patches: [ASK_NOBODY],
    rules: ['recovery'],
    story: 'lost-command',
  },
  {
    id: '24-lost-refusal',
    title: '24: a refusal that is lost on its way to the gateway is never given again',
    patches: [
      {
        file: 'services/router/src/command-records.ts',
        find: `    if (answer !== undefined) this.context.answer(session, command, answer);\n`,
        replace: '    void answer;\n',
      },
    ],
    rules: [],
    story: 'lost-refusal',
  },
  {
    id: '17-audit',
    title: '17: commands without an audit record: refused by a gateway, or open when a router dies',
    patches: [
      {
        file: 'services/master-gateway/src/pending-commands.ts',
        find: `      this.pending.set(this.next++, command);`,
        replace: `      if (terms !== undefined) this.pending.set(this.next, command);
      this.next++;`,
      },
      {
        file: 'services/router/src/command-takeover.ts',
        find: `    for (const command of stated) this.reconcileOne(session.id, command, session, session);\n`,
        replace: '',
      },
    ],
    rules: ['audit'],
    story: 'no-router',
  },
];
