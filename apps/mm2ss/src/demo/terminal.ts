import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

/** Colours where the output is a terminal that has them, plain text in a file or pipe. */
export function paint(style: Style | Style[], text: string): string {
  return styleText(style, text, { stream: process.stdout, validateStream: true });
}

/** Writes lines; on a terminal a table at the end can be replaced by a newer one. */
export class Terminal {
  private readonly startedAt = performance.now();
  private tableLines = 0;

  constructor() {
    // `mm2ss demo | head`: nobody reads any more. Exit handlers end the multiplexer.
    process.stdout.on('error', () => process.exit(1));
  }

  line(text = ''): void {
    this.tableLines = 0;
    process.stdout.write(`${text}\n`);
  }

  /** A heading with the time since the beginning. */
  scene(text: string): void {
    const seconds = ((performance.now() - this.startedAt) / 1000).toFixed(1).padStart(5);
    this.line();
    this.line(`${paint('dim', `[${seconds} s]`)} ${paint('bold', text)}`);
  }

  /** Lines below a heading. */
  detail(text: string): void {
    this.line(`          ${text}`);
  }

  /** A table; on a terminal it takes the place of the table just written, if nothing came between. */
  table(lines: readonly string[]): void {
    if (process.stdout.isTTY && this.tableLines > 0) process.stdout.write(`\x1b[${this.tableLines}A\x1b[J`);
    for (const line of lines) process.stdout.write(`${line}\n`);
    this.tableLines = lines.length;
  }
}

/** Columns side by side, the first one to the left, the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}
