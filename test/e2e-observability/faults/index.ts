import type { Fault } from './fault.ts';
import { MASTER_FAULTS } from './master-faults.ts';
import { NATS_FAULTS } from './nats-faults.ts';
import { PROCESS_FAULTS } from './process-faults.ts';
import { RTU_FAULTS } from './rtu-faults.ts';

export const FAULTS: readonly Fault[] = [...RTU_FAULTS, ...MASTER_FAULTS, ...PROCESS_FAULTS, ...NATS_FAULTS];
