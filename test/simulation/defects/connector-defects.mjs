/** The connector and its RTU. See defects.mjs. */

/** @type {readonly import('./defects.mjs').Defect[]} */
export const CONNECTOR_DEFECTS = [
  {
    id: '4-stuck-path',
    title: '4: a path to the RTU that was stuck executes commands long afterwards',
    patches: [
      {
        file: 'services/slave-connector/src/path-test.ts',
        find: `    this.unproven.push({ count, deadline });\n`,
        replace: '',
      },
    ],
    rules: ['late'],
  },
  {
    id: '13-constant-tags',
    title: '13: equal events are repetitions although their time tags say nothing',
    patches: [
      {
        file: 'services/slave-connector/src/repeat-filter.ts',
        find: `    this.live = spread(this.tags) > 0;`,
        replace: `    this.live = this.events.length > 0;`,
      },
      {
        file: 'services/slave-connector/src/repeat-filter.ts',
        find: `    if (spread(this.held.map(({ tags }) => tags)) > 0) this.pass(complete);`,
        replace: `    if (this.held.length > 0) this.pass(complete);`,
      },
    ],
    rules: ['gap', 'lost'],
    only: ({ groups }) => groups.some(({ habits }) => habits.tags === 'constant' && habits.twins > 0),
  },
  {
    id: '13-beginning-of-run',
    title: '13: an event is a repetition although the run breaks off before the end of the log',
    patches: [
      {
        file: 'services/slave-connector/src/repeat-filter.ts',
        find: `    const complete = this.alignments.find(({ next }) => next === this.events.length);`,
        replace: `    const complete = this.alignments[0];`,
      },
      {
        file: 'services/slave-connector/src/repeat-filter.ts',
        find: `    if (spread(this.held.map(({ tags }) => tags)) > 0) this.pass(complete);`,
        replace: `    if (this.held.length > 0) this.pass(complete);`,
      },
    ],
    rules: ['gap', 'lost'],
    story: 'broken-bursts',
    only: ({ groups }) => groups.some(({ habits }) => habits.tags === 'valid' && habits.twins > 0),
  },
];
