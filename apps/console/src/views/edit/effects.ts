/** What a change costs, in words. */
import type { ChangeEffect } from '@iec104mm2ss/console-api';

const WORDS: Readonly<Record<ChangeEffect, string>> = {
  live: 'Taken while it runs: nobody notices.',
  filter: 'Taken while it runs: who is left out is disconnected.',
  masters: 'Its masters are disconnected, and may come back at once.',
  link: 'The link to the RTU is closed and opened anew; its masters are disconnected.',
};

export const effectWords = (effect: ChangeEffect): string => WORDS[effect];
