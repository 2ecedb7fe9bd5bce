import { ALL_ASK_INBOXES, askInboxes, inboxPrefix } from '../inboxes.js';
import { leaseKey } from '../../group-leases.js';
import {
  AUDIT_JOURNAL,
  bucketStreamName,
  bucketSubject,
  journalStreamName,
  LEASE_BUCKET,
  logStreamName,
  STATE_BUCKET,
} from '../../stored-names.js';
import { allGroups, controlSubject, GroupSubjects, leasePresenceSubject, presenceSubject } from '../../subjects.js';
import { STORE_PREFIX } from '../store-prefix.js';
import type { BusUser } from './bus-user.js';

/** What a user may do; what is not in it is refused by the server. */
export interface Permissions {
  /** What others hear. */
  readonly publish: readonly string[];
  /** What JetStream gets: what is to be stored, and questions about it. */
  readonly store: readonly string[];
  readonly subscribe: readonly string[];
}

export interface PermissionOptions {
  /** Ids of all groups of the file. */
  readonly groups: readonly string[];
  /** Parts hand on what is ordered at their HTTP port. */
  readonly httpControl: boolean;
}

const STATUS = controlSubject('status');
const LEFT = controlSubject('left');
const LINES = controlSubject('lines');
const CAPTURE = controlSubject('capture');
const LINK_ORDERS = [controlSubject('restart'), controlSubject('next-host')];
const DISCONNECT = controlSubject('disconnect');
const OBSERVE = controlSubject('observe');
const ORDERS = [...LINK_ORDERS, DISCONNECT, OBSERVE];
const LEASES = bucketStreamName(LEASE_BUCKET);
const STATES = bucketStreamName(STATE_BUCKET);
const AUDIT = journalStreamName(AUDIT_JOURNAL);

/**
 * The fewest permissions with which a part does all that it does. What creates or changes a stream, or a consumer, is not among
 * them: a stream can be made to publish, by the server, wherever its maker wants (`republish`), and a consumer to deliver there.
 * Nor is a direct get, whose answer is the bare message; nor may anybody answer whatever is named to it (`allow_responses`): who
 * asks himself would be permitted every subject. Answers go to inboxes for answers.
 */
export function permissionsOf(user: BusUser, options: PermissionOptions): Permissions {
  const { publish, store, subscribe } = ofRole(user, options);
  return { publish: distinct(publish), store: distinct(store), subscribe: distinct(subscribe) };
}

function ofRole(user: BusUser, options: PermissionOptions): Permissions {
  switch (user.role) {
    case 'connector':
      return part(user, ofConnector(user.groups ?? options.groups), options);
    case 'router':
      return part(user, ofRouter(options.groups), options);
    case 'gateway':
      return part(user, ofGateway(user), options);
    case 'run': {
      const all = [ofConnector(options.groups), ofRouter(options.groups), ofGateway(user), ofConsole()];
      return part(user, union(all), { ...options, httpControl: true });
    }
    case 'watcher':
      return { publish: [], store: seeing(AUDIT), subscribe: [allGroups('decoded.>'), allGroups('audit')] };
    case 'console':
      return part(user, ofConsole(), { ...options, httpControl: true });
    case 'setup':
      return ofSetup(options.groups);
  }
}

/** Where the answers of the server come to a user, and of nobody else. */
export const ownInboxes = (name: string): string => `${inboxPrefix(name)}.>`;

/** What every part does: it asks the others what they know, answers, and says that it ends. */
function part({ name }: BusUser, { publish, store, subscribe }: Permissions, options: PermissionOptions): Permissions {
  const control = options.httpControl ? ORDERS : [];
  return {
    publish: [...publish, STATUS, LEFT, ...control, ALL_ASK_INBOXES],
    store,
    subscribe: [...subscribe, STATUS, LEFT, LINES, CAPTURE, askInboxes(name)],
  };
}

function ofConnector(groups: readonly string[]): Permissions {
  const publish: string[] = [];
  const store: string[] = seeing(LEASES);
  const subscribe: string[] = [...LINK_ORDERS];
  for (const group of groups) {
    const { log, commandResult, state, command, commandQuery, confirmed, owner, listener } = new GroupSubjects(group);
    const lease = leaseKey('connector', group);
    publish.push(log, commandResult, state, leasePresenceSubject(lease));
    store.push(log, value(LEASE_BUCKET, lease), ...seeing(logStreamName(group)));
    subscribe.push(command, commandQuery, confirmed, owner, `${listener}.*`, leasePresenceSubject(lease));
  }
  return { publish, store, subscribe };
}

function ofRouter(groups: readonly string[]): Permissions {
  const kinds = ['out', 'out.>', 'owner', 'confirmed', 'cmd', 'cmd.query', 'audit', 'decoded.*'];
  const pool = presenceSubject('router');
  const logs = groups.flatMap((group) => [...seeing(logStreamName(group)), api('PURGE', logStreamName(group))]);
  return {
    publish: [...kinds.map(allGroups), pool, `${pool}.>`],
    store: [
      ...[allGroups('audit'), value(LEASE_BUCKET, leaseKey('router', '*')), value(STATE_BUCKET, '>')],
      ...[...seeing(LEASES), ...seeing(STATES), api('INFO', AUDIT)],
      ...logs,
    ],
    subscribe: [
      ...['log', 'in.*', 'ack.*', 'state', 'cmd.result', 'admit.*', 'decoded.>', 'audit'].map(allGroups),
      ...[pool, `${pool}.>`, `${presenceSubject('gateway')}.*`],
      OBSERVE,
    ],
  };
}

/** It looks at everything that is for people, and hands on orders. */
function ofConsole(): Permissions {
  return { publish: [LINES, CAPTURE], store: seeing(AUDIT), subscribe: [allGroups('decoded.>'), allGroups('audit')] };
}

/** It speaks for its own sessions only, and hears no answers for those of other gateways. */
function ofGateway({ name, groups }: BusUser): Permissions {
  const of = (kind: string): string[] =>
    groups === undefined ? [allGroups(kind)] : groups.map((group) => `${groupPrefix(group)}.${kind}`);
  return {
    publish: [
      ...['in', 'ack', 'listener', 'admit'].flatMap((kind) => of(`${kind}.${name}`)),
      `${presenceSubject('gateway')}.${name}`,
    ],
    store: seeing(LEASES),
    subscribe: [...['out', `out.${name}.*`, 'state', 'owner', 'listener.*'].flatMap(of), DISCONNECT],
  };
}

function ofSetup(groups: readonly string[]): Permissions {
  const streams = [LEASES, STATES, AUDIT, ...groups.map(logStreamName)];
  const verbs = ['INFO', 'CREATE', 'UPDATE'] as const;
  const store = streams.flatMap((stream) => verbs.map((verb) => api(verb, stream)));
  return { publish: [], store: [`${STORE_PREFIX}.INFO`, ...store], subscribe: [] };
}

const groupPrefix = (group: string): string => allGroups('').replace('*', group).replace(/\.$/, '');

const api = (verb: string, stream: string): string => `${STORE_PREFIX}.STREAM.${verb}.${stream}`;
/** Whether it is there, and single messages of it from its leader. */
const seeing = (stream: string): string[] => [api('INFO', stream), api('MSG.GET', stream)];
const value = (bucket: string, key: string): string => `${STORE_PREFIX}.${bucketSubject(bucket, key)}`;

function union(all: readonly Permissions[]): Permissions {
  return {
    publish: all.flatMap(({ publish }) => publish),
    store: all.flatMap(({ store }) => store),
    subscribe: all.flatMap(({ subscribe }) => subscribe),
  };
}

const distinct = (subjects: readonly string[]): string[] => [...new Set(subjects)];
