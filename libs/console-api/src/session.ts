/** What somebody may do, each more than the one before. */
export type Role = 'viewer' | 'operator' | 'engineer';

/** How the server knows who asks. */
export type AuthMode = 'none' | 'basic' | 'proxy';

/** `GET /api/v1/session` */
export interface Session {
  readonly product: string;
  readonly release: string;
  /** The process that serves the console. */
  readonly instance: string;
  /** `process`: everything runs in this one process; `nats`: the parts are joined by a bus. */
  readonly mode: 'process' | 'nats';
  readonly auth: AuthMode;
  /** Null where nobody has a name. */
  readonly user: string | null;
  readonly role: Role;
  /** Least role for each kind of change; null: it cannot be done here. */
  readonly needs: {
    /** Restart, next host, disconnect, observe. */
    readonly order: Role;
    /** "Apply until restart". */
    readonly apply: Role | null;
    /** "Apply and save". */
    readonly save: Role | null;
  };
  /** Why nothing can be saved, where `needs.save` is null. */
  readonly whyNoSave: string | null;
  /** URL of the RTU simulator that the console shows (`--simulator`); null: none. */
  readonly simulator: string | null;
  /** Time of this host when it answered. */
  readonly now: string;
}

/** Every answer with a status of 400 or more. */
export interface ErrorAnswer {
  readonly error: string;
}

/**
 * `POST /api/v1/groups/{id}/restart`, `/next-host`, `/observe` (ObserveRequest), `/masters/{session}/disconnect`: the body is `{}`
 * where there is nothing to say. 200: done; 403: the role is too small; 404: nobody serves it; 409: refused; 503: nobody could be asked.
 */
export interface OrderAnswer {
  readonly ok: boolean;
  readonly result: 'done' | 'refused' | 'nobody' | 'unavailable';
  /** For people, with the consequence: "closes 5 masters". */
  readonly message: string;
  /** Masters that are disconnected by it, as known before. */
  readonly closesMasters: number;
  /** Who answered. */
  readonly instance?: string;
}

export interface ObserveRequest {
  readonly on: boolean;
}
