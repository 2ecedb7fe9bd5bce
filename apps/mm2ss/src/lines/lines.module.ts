import { type Bus, BUS, controlSubject } from '@iec104mm2ss/bus';
import { LOG_RING, type LogRing, type RingLine } from '@iec104mm2ss/observability';
import { type Runtime, RUNTIME } from '@iec104mm2ss/runtime';
import { linesRequestSchema } from '@iec104mm2ss/wire';
import { Controller, Inject, Module } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { from, type Observable } from 'rxjs';

/** Characters of lines in one message: NATS takes 1 MB, and a line in JSON may be twice as long. */
const MESSAGE_CHARACTERS = 200_000;

/** Answers who looks at the log of a group. */
@Controller()
export class LinesVerbs {
  constructor(
    @Inject(LOG_RING) private readonly ring: LogRing,
    @Inject(RUNTIME) private readonly runtime: Pick<Runtime, 'instance'>,
    @Inject(BUS) private readonly bus: Pick<Bus, 'drops'>,
  ) {}

  /** `lines`: which do you keep of this group that I have not had? */
  @MessagePattern('lines')
  lines(request: unknown): Observable<unknown> | undefined {
    const decoded = linesRequestSchema.safeParse(request);
    if (!decoded.success) {
      this.bus.drops.add(controlSubject('lines'), 'JSON', decoded.error.message);
      return undefined;
    }
    const { by, group, after } = decoded.data;
    const { instance } = this.runtime;
    if (by === instance) return undefined;
    const lines = this.ring.after(group, after[instance] ?? 0);
    return from(messages(lines).map((part) => ({ v: 2, instance, group, lines: part })));
  }
}

function messages(lines: readonly RingLine[]): RingLine[][] {
  const parts: RingLine[][] = [];
  let room = 0;
  for (const line of lines) {
    if (parts.length === 0 || line.line.length > room) {
      parts.push([]);
      room = MESSAGE_CHARACTERS;
    }
    room -= line.line.length;
    parts.at(-1)?.push(line);
  }
  return parts;
}

@Module({ controllers: [LinesVerbs] })
export class LinesModule {}
