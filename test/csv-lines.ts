/** Cells by column name. */
export type Columns = Readonly<Record<string, string | number>>;

/** The lines of a configuration file: a header with the columns of all rows, then each row. */
export function csvLines(rows: readonly Columns[]): string[] {
  const header = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = rows.map((row) => header.map((name) => quoted(String(row[name] ?? ''))).join(','));
  return [header.join(','), ...lines];
}

const quoted = (cell: string): string => (/[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
