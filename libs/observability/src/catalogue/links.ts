import { LINK_BOUNDS_MS } from './buckets.js';
import { GROUP, type MetricEntries } from './description.js';

/** Of the links to RTUs (side="rtu") and of those to masters (side="master", all of a group together). */
export const LINK_METRICS = {
  mm2ss_link_test_seconds: {
    type: 'histogram',
    help: 'TESTFR act to TESTFR con, every 10 s: the way there and back. An alert: 95 % above 0.05.',
    unit: 'seconds',
    labels: [...GROUP, 'side'],
    exposedBy: ['connector', 'gateway'],
    boundsMs: LINK_BOUNDS_MS.tests,
  },
  mm2ss_link_acknowledgement_seconds: {
    type: 'histogram',
    help: 'I-format APDU to its acknowledgement; it includes how long the peer waits with it (t2, w).',
    unit: 'seconds',
    labels: [...GROUP, 'side'],
    exposedBy: ['connector', 'gateway'],
    boundsMs: LINK_BOUNDS_MS.acknowledgements,
  },
  mm2ss_link_apdus_total: {
    type: 'counter',
    help: 'APDUs by direction (received, sent) and format (i, s, u).',
    unit: 'apdus',
    labels: [...GROUP, 'side', 'direction', 'format'],
    exposedBy: ['connector', 'gateway'],
  },
} as const satisfies MetricEntries;
