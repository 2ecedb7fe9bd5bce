/** Sessions, and what is delivered to them. See defects.mjs. */

/** @type {readonly import('./defects.mjs').Defect[]} */
export const SESSION_DEFECTS = [
  {
    id: '2-admission',
    title: '2: a session that its gateway never had holds its slot for ever',
    patches: [
      {
        file: 'services/router/src/session-table.ts',
        find: `        if (silentMs(session.admittedAt) > PROVISIONAL_MS)
          this.end(session, 'never_stated', 'its gateway never had it');
`,
        replace: '',
      },
      {
        file: 'services/router/src/admissions.ts',
        find: `    if (known !== undefined) return this.answerWhenSaved(known);\n`,
        replace: '',
      },
    ],
    rules: ['recovery'],
    story: 'lost-admission',
    only: ({ shape }) => shape !== 'one',
  },
  {
    id: '5-silent-loss',
    title: '5: a session that catches up skips what was trimmed, without a word',
    patches: [
      {
        file: 'services/router/src/catch-up.ts',
        find: `if (record.first > session.sent) return this.missing(session, Math.min(record.first, routed()));`,
        replace: `if (record.first > session.sent) session.sent = Math.min(record.first, routed());`,
      },
      {
        file: 'services/router/src/retention.ts',
        find: `      else if (session.started) oldest = Math.min(oldest, neededBy(session));\n`,
        replace: '',
      },
      {
        file: 'services/router/src/retention.ts',
        find: `      if (!session.started || session.live || session.sent >= limitHere) continue;\n`,
        replace: `      if (session.started || !session.started) continue;\n`,
      },
    ],
    rules: ['gap'],
    story: 'trimmed-meanwhile',
  },
  {
    id: '6-overtaking-answers',
    title: '6: answers overtake the events that are being replayed',
    patches: [
      {
        file: 'services/router/src/routing.ts',
        find: `      if (session?.live !== true || voided.had(session, record, at, next, position)) continue;\n`,
        replace: `      if (session === undefined || !session.started) continue;
      if (!session.live) {
        out.own(session, -1, record.octets.subarray(at + APCI_OCTETS, next));
        continue;
      }
`,
      },
      {
        file: 'services/router/src/catch-up.ts',
        find: `        if (own !== undefined && !voided.had(`,
        replace: `        if (own !== undefined && position < first && !voided.had(`,
      },
      {
        file: 'services/router/src/out-stream.ts',
        find: `flags: OutFlag.ANSWERS, fence, generation, from: command,`,
        replace: `flags: command < 0 ? 0 : OutFlag.ANSWERS, fence, generation, from: Math.max(0, command),`,
      },
    ],
    rules: ['gap'],
    story: 'command-while-behind',
  },
  {
    id: 'answers-again',
    title: 'answers that the log brings once more are given once more',
    patches: [
      {
        file: 'services/router/src/voided-answers.ts',
        find: `    return session.had.size > 0 && session.had.has(`,
        replace: `    return session.had.size < 0 && session.had.has(`,
      },
    ],
    rules: ['answer'],
  },
  {
    id: 'answers-after-restart',
    title: 'a master that starts data transfer again while a router is lost gets its answers once more',
    patches: [
      {
        file: 'services/router/src/command-takeover.ts',
        find: `, ...(had === undefined ? [] : [had])]`,
        replace: `, ...(had === undefined ? [] : [])]`,
      },
    ],
    rules: ['answer'],
    story: 'started-at-takeover',
  },
  {
    id: '8-late-answers',
    title: '8: after a failover late answers reach the next holder of the OA',
    patches: [
      {
        file: 'services/router/src/group-parts.ts',
        find: `  addresses.load(legacy.addresses, clock.now());\n`,
        replace: '',
      },
      {
        file: 'services/router/src/command-takeover.ts',
        find: `    if (!records.ledger.take(session, command)) return;\n`,
        replace: `    records.ledger.take(session, command);\n    if (session >= 0) return;\n`,
      },
      {
        file: 'services/router/src/command-takeover.ts',
        find: `    if (used) context.addresses.rest(oa, now - agoMs);\n`,
        replace: '',
      },
      {
        file: 'services/router/src/group-parts.ts',
        find: `rules: commands.answers,`,
        replace: `rules: Object.assign(Object.create(commands.answers), {
      answer: (asdu: Uint8Array, position: number, record: never) => {
        const found = commands.answers.answer(asdu, position, record);
        const holder = addresses.holder(asdu[3] as number);
        return found.length > 0 || holder === undefined ? found : [{ session: holder, ownOa: 0 }];
      },
    }),`,
      },
    ],
    rules: ['answer', 'originator'],
    story: 'left-before-takeover',
    only: ({ shape }) => shape !== 'one',
  },
];
