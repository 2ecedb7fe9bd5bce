import { join } from 'node:path';
import { flushAllNow, LineWriter } from './line-writer.js';
import { LOG_FILE_BOUNDS, RotatingFileSink } from './rotating-file-sink.js';

export interface GroupLogOptions {
  /** Folder of the files, created when the first line is written. */
  readonly directory: string;
  /** The groups that have a file: those with `logevents` = Y. */
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  /** Size at which a file is moved aside; default 10 MiB. */
  readonly maxOctets?: number;
  /** Older files kept per group; default 5. */
  readonly keep?: number;
}

/** Per group, so that a hundred groups on a hung disk stay below a hundred megabytes. */
const MAX_PENDING_CHARACTERS = 1024 * 1024;

/** `111-RTU-ABB.log`: letters, digits, dot, minus and underscore of the name stay, anything else becomes a minus. */
export function groupLogFileName(id: string, name: string): string {
  const safe = (text: string): string => text.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '');
  return `${[safe(id), safe(name)].filter(Boolean).join('-')}.log`;
}

/** A file that cannot be written, or can be again. */
export interface GroupLogEvent {
  readonly group: string;
  readonly path: string;
  /** Absent: the file is written again, `droppedLines` are missing in it. */
  readonly error?: Error;
  readonly droppedLines: number;
}

/** One file of JSON lines per group; a line belongs to the group in its `group` field. */
export class GroupLogs {
  private readonly writers = new Map<string, LineWriter>();
  private readonly paths = new Map<string, string>();

  constructor(
    private readonly options: GroupLogOptions,
    private readonly report: (event: GroupLogEvent) => void,
  ) {
    this.setGroups(options.groups);
  }

  /** These groups have a file from now on. What is waiting for files that are not needed any more is still written. */
  setGroups(groups: GroupLogOptions['groups']): void {
    const wanted = new Map(
      groups.map(({ id, name }) => [id, join(this.options.directory, groupLogFileName(id, name))]),
    );
    for (const [id, writer] of this.writers) {
      if (wanted.get(id) === this.paths.get(id)) continue;
      this.writers.delete(id);
      this.paths.delete(id);
      void writer.close();
    }
    for (const [id, path] of wanted) if (!this.writers.has(id)) this.writers.set(id, this.open(id, path));
  }

  get droppedLines(): number {
    return this.all().reduce((sum, writer) => sum + writer.droppedLines, 0);
  }

  /** `line` is one JSON line of the logger. */
  write(line: string): void {
    const group = groupOfLine(line);
    if (group !== undefined) this.writers.get(group)?.write(line);
  }

  async flush(): Promise<void> {
    await Promise.all(this.all().map((writer) => writer.flush()));
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((writer) => writer.close()));
  }

  flushNow(): void {
    flushAllNow(this.all());
  }

  private open(id: string, path: string): LineWriter {
    const { maxOctets = LOG_FILE_BOUNDS.maxOctets, keep = LOG_FILE_BOUNDS.keep } = this.options;
    const writer = new LineWriter(new RotatingFileSink({ path, maxOctets, keep }), {
      maxPendingCharacters: MAX_PENDING_CHARACTERS,
      onFailure: (error) => this.report({ group: id, path, error, droppedLines: writer.droppedLines }),
      onRecovery: (droppedLines) => this.report({ group: id, path, droppedLines }),
    });
    this.paths.set(id, path);
    return writer;
  }

  private all(): LineWriter[] {
    return [...this.writers.values()];
  }
}

const GROUP_FIELD = '"group":"';

/**
 * The `group` field of a JSON line, without parsing the line: inside a JSON string the quotes would be escaped, so the
 * characters `"group":"` can only be the field, and a group id needs no escapes.
 */
export function groupOfLine(line: string): string | undefined {
  const at = line.indexOf(GROUP_FIELD);
  if (at < 0) return undefined;
  const begin = at + GROUP_FIELD.length;
  return line.slice(begin, line.indexOf('"', begin));
}
