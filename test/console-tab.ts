/** A tab of the console: one stream, and what a page would know by it. */
import type { Overview, OverviewDelta, OverviewRow, StreamEvents, Summary } from '@iec104mm2ss/console-api';
import { onTestFinished } from 'vitest';

export interface TabEvent {
  readonly name: keyof StreamEvents;
  readonly id: string | undefined;
  readonly data: unknown;
}

export class Tab {
  readonly events: TabEvent[] = [];
  readonly rows = new Map<string, OverviewRow>();
  summary: Summary | undefined;
  lastId: string | undefined;
  ended = false;
  private readonly ending = new AbortController();

  private constructor() {}

  /** @param query as StreamQuery */
  static async open(
    url: string,
    query: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<Tab> {
    const tab = new Tab();
    const address = new URL(`/api/v1/stream?${new URLSearchParams(query).toString()}`, url);
    const response = await fetch(address, { headers, signal: tab.ending.signal });
    if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`);
    onTestFinished(() => tab.close());
    void tab.read(response.body);
    return tab;
  }

  close(): void {
    this.ending.abort();
  }

  of<Name extends keyof StreamEvents>(name: Name): StreamEvents[Name][] {
    return this.events.filter((event) => event.name === name).map(({ data }) => data as StreamEvents[Name]);
  }

  row(id: string): OverviewRow | undefined {
    return this.rows.get(id);
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body) {
        text += decoder.decode(chunk, { stream: true });
        const parts = text.split('\n\n');
        text = parts.pop() ?? '';
        for (const part of parts) this.take(part);
      }
    } catch {
      // It was closed.
    }
    this.ended = true;
  }

  private take(part: string): void {
    const fields = new Map(part.split('\n').map((line) => [line.split(':')[0], line.slice(line.indexOf(':') + 2)]));
    const name = fields.get('event') as keyof StreamEvents | undefined;
    if (name === undefined) return;
    const event: TabEvent = { name, id: fields.get('id'), data: JSON.parse(fields.get('data') ?? 'null') };
    this.lastId = event.id ?? this.lastId;
    this.events.push(event);
    if (name === 'overview') this.begin(event.data as Overview);
    else if (name === 'delta') this.change(event.data as OverviewDelta);
  }

  private begin({ summary, rows }: Overview): void {
    this.summary = summary;
    this.rows.clear();
    for (const row of rows) this.rows.set(row.id, row);
  }

  private change({ summary, changed, removed }: OverviewDelta): void {
    this.summary = { ...(this.summary as Summary), ...summary };
    for (const id of removed) this.rows.delete(id);
    for (const row of changed) this.rows.set(row.id, { ...(this.rows.get(row.id) as OverviewRow), ...row });
  }
}
