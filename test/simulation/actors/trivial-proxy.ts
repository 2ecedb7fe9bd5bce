import { APCI_OCTETS, AsduView, Cause, forEachApdu, mirror } from '@iec104mm2ss/iec104';
import { Connection, DeadlineScheduler } from '@iec104mm2ss/transport';
import { requestKey } from '../accounts/asdu-key.ts';
import type { SimProcess } from '../world/sim-process.ts';

/** What a proxy may do wrong. */
export type Fault =
  | 'loses an event'
  | 'swaps events'
  | 'repeats an event'
  | 'answers everybody'
  | 'delays commands'
  | 'sends commands twice'
  | 'refuses and sends'
  | 'gives executes of others'
  | 'uses two links'
  | 'shares one OA'
  | 'acknowledges what it loses'
  | 'invents a command';

const OPTIONS = { t1Ms: 15_000, t2Ms: 10_000, t3Ms: 20_000, k: 12, w: 8 };

/**
 * The least that can stand between one RTU and its masters, for the specs of the actors and the accounts: it forwards
 * everything, and does one thing wrong if it is told to.
 */
export class TrivialProxy {
  fault: Fault | undefined;
  private readonly scheduler: DeadlineScheduler;
  private rtus: Connection[] = [];
  private masters: Connection[] = [];
  private readonly askedBy = new Map<string, Connection>();
  private count = 0;
  private held: Uint8Array | undefined;

  constructor(
    private readonly process: SimProcess,
    private readonly rtu: string,
    private readonly port: number,
  ) {
    this.scheduler = new DeadlineScheduler(process);
  }

  start(): void {
    this.process.start(() => {
      this.connect();
      this.process.network.listen({
        port: this.port,
        host: undefined,
        backlog: 10,
        onListening: () => undefined,
        onError: () => undefined,
        onConnection: (socket) => {
          const master: Connection = new Connection(
            socket,
            { role: 'controlled', ...OPTIONS },
            {
              onApdus: (octets, start, end) =>
                forEachApdu(octets, start, end, (at, next) =>
                  this.fromMaster(master, new Uint8Array(octets.subarray(at + APCI_OCTETS, next))),
                ),
              onClosed: () => (this.masters = this.masters.filter((other) => other !== master)),
            },
            this.scheduler,
          );
          this.masters.push(master);
          socket.resume();
        },
      });
    });
  }

  connect(): void {
    const socket = this.process.network.connect(this.rtu, 2404);
    socket.on('error', () => undefined);
    socket.once('connect', () => {
      const rtu: Connection = new Connection(
        socket,
        { role: 'controlling', ...OPTIONS },
        {
          onApdus: (octets, start, end) =>
            forEachApdu(octets, start, end, (at, next) =>
              this.fromRtu(new Uint8Array(octets.subarray(at + APCI_OCTETS, next))),
            ),
          onClosed: () => (this.rtus = this.rtus.filter((other) => other !== rtu)),
        },
        this.scheduler,
      );
      this.rtus.push(rtu);
      rtu.link.startDataTransfer(this.scheduler.now());
      rtu.touched();
    });
  }

  private fromRtu(asdu: Uint8Array): void {
    const { cot } = new AsduView(asdu);
    if (cot === Cause.INIT) return;
    this.count++;
    const bad = this.count % 20 === 0;
    if (this.fault === 'acknowledges what it loses' && bad) return;
    const asked = this.askedBy.get(requestKey(asdu));
    const isAnswer = cot >= 7 && cot <= 10;
    if (isAnswer && this.fault !== 'answers everybody') {
      if (asked !== undefined) this.to(asked, asdu);
      return;
    }
    this.masters.forEach((master, index) => {
      if (this.fault === 'loses an event' && bad && index === 0) return;
      if (this.fault === 'swaps events' && bad && index === 0) {
        this.held = asdu;
        return;
      }
      this.to(master, asdu);
      if (index === 0 && this.held !== undefined) {
        this.to(master, this.held);
        this.held = undefined;
      }
      if (this.fault === 'repeats an event' && bad) this.to(master, asdu);
    });
  }

  private fromMaster(master: Connection, asdu: Uint8Array): void {
    if (this.fault !== 'gives executes of others') this.askedBy.set(requestKey(asdu), master);
    asdu[3] = this.fault === 'shares one OA' ? 7 : this.masters.indexOf(master) + 1;
    if (this.fault === 'refuses and sends') this.to(master, mirror(asdu, Cause.ACT_CON, true));
    const send = (): void => this.to(this.rtus[0], asdu);
    if (this.fault === 'delays commands') this.process.setTimer(send, 7_000);
    else send();
    if (this.fault === 'sends commands twice') send();
    if (this.fault === 'uses two links') this.to(this.rtus[1], new Uint8Array(asdu));
    if (this.fault === 'invents a command') {
      asdu[9] = (asdu[9] as number) ^ 0x55;
      send();
    }
  }

  private to(connection: Connection | undefined, asdu: Uint8Array): void {
    connection?.link.send(asdu, this.scheduler.now());
    connection?.touched();
  }
}
