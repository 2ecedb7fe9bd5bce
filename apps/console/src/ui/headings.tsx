/** What stands above the columns of a table; a tooltip says what is in each. */
export type Heading = readonly [title: string, tip: string, kind?: 'number'];

export function Headings({ headings }: { headings: readonly Heading[] }) {
  return (
    <thead>
      <tr>
        {headings.map(([title, tip, kind]) => (
          <th key={title} scope="col" class={kind} data-tip={tip}>
            {title}
          </th>
        ))}
      </tr>
    </thead>
  );
}
