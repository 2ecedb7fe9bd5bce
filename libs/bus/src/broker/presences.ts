import { gatewayPatterns } from '../receive-from-gateways.js';
import { leasePresenceSubject, presenceSubject } from '../subjects.js';
import { Presence, type PresenceWorld } from './presence.js';

/** Everything that this process says and hears about who lives, by subject. */
export class Presences {
  private readonly bySubject = new Map<string, Presence>();

  constructor(private readonly world: PresenceWorld) {}

  ofPool(pool: string): Presence {
    return this.make(presenceSubject(pool), false);
  }

  /** Of a pool whose members share nothing, and each has a subject of its own on a bus with names. */
  ofMembers(pool: string): Presence {
    const subject = presenceSubject(pool);
    const { name } = this.world;
    const own = name === undefined ? subject : `${subject}.${name}`;
    return this.make(subject, false, { own, heard: gatewayPatterns({ name, kind: 'nats' }, subject) });
  }

  /** Of those who want a lease that has no pool. */
  ofLease(key: string): Presence {
    return this.make(leasePresenceSubject(key), true);
  }

  /** As `ofLease`, if this process wants the lease. */
  find(key: string): Presence | undefined {
    return this.bySubject.get(leasePresenceSubject(key));
  }

  /** The lease is not wanted any more. */
  forget(key: string): void {
    this.find(key)?.stop();
    this.bySubject.delete(leasePresenceSubject(key));
  }

  /** There is nobody on any subject who would hear us. */
  get alone(): boolean {
    for (const presence of this.bySubject.values()) if (!presence.alone) return false;
    return true;
  }

  tick(): void {
    if ([...this.bySubject.values()].some(({ deaf }) => deaf)) this.grantTime();
    for (const presence of this.bySubject.values()) presence.tick();
  }

  grantTime(): void {
    for (const presence of this.bySubject.values()) presence.grantTime();
  }

  /** Says at once on every subject that this process lives. */
  send(): void {
    for (const presence of this.bySubject.values()) presence.send();
  }

  stop(): void {
    for (const presence of this.bySubject.values()) presence.stop();
    this.bySubject.clear();
  }

  private make(subject: string, answering: boolean, apart?: ConstructorParameters<typeof Presence>[3]): Presence {
    let presence = this.bySubject.get(subject);
    if (presence === undefined) {
      presence = new Presence(this.world, subject, answering, apart);
      this.bySubject.set(subject, presence);
    }
    return presence;
  }
}
