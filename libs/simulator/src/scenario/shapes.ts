import { z } from 'zod';
import { LoadProfileError, parseLoadProfile } from '../load/load-profile.js';
import { parseQuality } from '../points/quality.js';
import type { NO_FAULTS } from '../rtu/faults.js';

/** What a simulator is asked for, as the HTTP API and scenarios say it. */

const typeIds = z.array(z.int().min(1).max(255));

export const qualitySchema = z
  .union([z.int().min(0).max(255), z.string()], 'bits, or names: good, IV NT SB BL OV')
  .describe('bits of a quality descriptor, or names: good, IV NT SB BL OV')
  .transform((given, context) => {
    const bits = typeof given === 'number' ? given : parseQuality(given);
    if (bits !== undefined) return bits;
    context.addIssue('none of good, IV, NT, SB, BL, OV');
    return z.NEVER;
  });

export const pointSchema = z.strictObject({
  value: z.number().optional().describe('default: it stays'),
  quality: qualitySchema.optional(),
  kind: z
    .enum(['single', 'double', 'step', 'bitstring', 'normalized', 'scaled', 'float', 'counter'])
    .optional()
    .describe('of several points at one address: which'),
  cause: z.int().min(1).max(63).optional().describe('cause of transmission; default 3, spontaneous'),
});

export const sendSchema = z.strictObject({
  index: z.int().min(0),
  duration: z.number().min(0).max(2_147_483).optional().describe('seconds; passes are repeated until it is over'),
  rtu: z.int().min(1).max(65535).optional().describe('RTU number; default: all'),
});

export const stopSchema = z.strictObject({ rtu: z.int().min(1).max(65535).optional() });

export const faultsSchema = z
  .strictObject({
    delayMs: z.number().min(0).max(3_600_000),
    ignoreTypes: typeIds,
    refuseTypes: typeIds,
    stallAcknowledgement: z.boolean(),
    halfOpen: z.boolean(),
    flapMs: z.number().min(0).max(2_147_483_647),
    noActCon: z.boolean(),
    noActTerm: z.boolean(),
    oa: z.enum(['mirror', 'zero', 'last']),
    invalidTime: z.boolean(),
    interrogationCause: z.int().min(0).max(63),
    echoBroadcast: z.boolean(),
  } satisfies Record<keyof typeof NO_FAULTS, z.ZodType>)
  .partial();

/** `off`, or a load profile without a file. */
export const loadSchema = z.string().transform((text, context) => {
  try {
    return text === 'off' ? undefined : parseLoadProfile(text, refuseFile);
  } catch (error) {
    context.addIssue((error as Error).message);
    return z.NEVER;
  }
});

function refuseFile(path: string): never {
  throw new LoadProfileError(`csv ${path}`, 'a file can only be given on the command line');
}
