/** One master connection as the router sees it. Positions are those of the group's event log. */
export interface Session {
  readonly id: number;
  readonly gateway: string;
  readonly address: string;
  /** `address:port`. */
  readonly peer: string;
  /** From the `masters` column, null for an unnamed one. */
  readonly name: string | null;
  readonly certificateName: string | null;
  /** OA towards the RTU. */
  readonly oa: number;
  /** OA the master used in its last command. */
  ownOa: number;
  /** Data transfer is started. */
  started: boolean;
  /** Takes what is published for all; false while it is still catching up. */
  live: boolean;
  catchingUp: boolean;
  /** Position after the last one sent while catching up. */
  sent: number;
  /** Its master acknowledged everything for it before this position. */
  acknowledged: number;
  readonly since: number;
  commands: number;
}
