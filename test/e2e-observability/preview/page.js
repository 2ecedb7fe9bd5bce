// Runs in Chromium: draws `window.PREVIEW`, the JSON of a board with what Prometheus answered. Not Grafana: a preview of it.
/* global document, uPlot, window */
const { board, data, from, to, note } = window.PREVIEW;
const clock = (at) => new Date(at * 1000).toISOString().slice(11, 19);
const COLOURS = { green: '#56a64b', yellow: '#e0b400', red: '#e02f44', blue: '#3274d9', text: '#9fa7b3' };
const PALETTE = [
  '#7eb26d',
  '#eab839',
  '#6ed0e0',
  '#ef843c',
  '#e24d42',
  '#1f78c1',
  '#ba43a9',
  '#705da0',
  '#508642',
  '#cca300',
];
const CELL = { width: 1560 / 24, height: 38 };

const UNITS = {
  s: (v) =>
    Math.abs(v) >= 3600
      ? `${(v / 3600).toFixed(1)} h`
      : Math.abs(v) >= 60
        ? `${(v / 60).toFixed(1)} min`
        : Math.abs(v) >= 1 || v === 0
          ? `${round(v)} s`
          : `${round(v * 1000)} ms`,
  percentunit: (v) => `${round(v * 100)} %`,
  ops: (v) => `${round(v)}/s`,
  bytes: (v) => `${round(v / 1048576)} MiB`,
  d: (v) => `${round(v)} d`,
};
const round = (v) => (Math.abs(v) >= 100 ? v.toFixed(0) : Number(v.toPrecision(3)).toString());
const shown = (v, unit) => (Number.isFinite(v) ? (UNITS[unit] ?? round)(v) : '-');
const legend = (template, metric) =>
  template?.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => metric[name] ?? '') ?? '';
const element = (tag, className, text) =>
  Object.assign(document.createElement(tag), { className, textContent: text ?? '' });

function mapped(value, mappings = []) {
  for (const { type, options } of mappings) if (type === 'value' && options[value] !== undefined) return options[value];
  return undefined;
}
function coloured(value, thresholds) {
  let colour = 'text';
  for (const step of thresholds?.steps ?? []) if (step.value === null || value >= step.value) colour = step.color;
  return COLOURS[colour] ?? colour;
}

/** Series of a panel with the names that its legends give them. */
function seriesOf(panel) {
  return (panel.targets ?? []).flatMap((target, index) =>
    (data[panel.id]?.[index] ?? []).map(({ metric, values, value }) => ({
      name: legend(target.legendFormat, metric),
      metric,
      values,
      value: value && Number(value[1]),
      index,
    })),
  );
}

function stat(panel, body) {
  const { unit, thresholds, mappings } = panel.fieldConfig.defaults;
  const box = element('div', 'stats');
  for (const { name, value } of seriesOf(panel)) {
    const word = mapped(value, mappings);
    const one = element('div', 'stat');
    one.style.background = word ? (COLOURS[word.color] ?? word.color) : coloured(value, thresholds);
    if (name) one.append(element('div', 'name', name));
    one.append(element('div', 'value', word?.text ?? shown(value, unit)));
    box.append(one);
  }
  body.append(box);
}

function lines(panel, body, width, height) {
  const all = seriesOf(panel).filter(({ values }) => values?.length > 0);
  const times = [...new Set(all.flatMap(({ values }) => values.map(([at]) => at)))].sort((a, b) => a - b);
  const { unit, thresholds, custom } = panel.fieldConfig.defaults;
  const columns = all.map(({ values }) => {
    const at = new Map(values.map(([time, value]) => [time, Number(value)]));
    return times.map((time) => {
      const v = at.get(time);
      return Number.isFinite(v) ? v : null;
    });
  });
  if (all.length === 0) return body.append(element('div', 'none', 'No data'));
  const bounds =
    custom?.thresholdsStyle?.mode === 'dashed' ? thresholds.steps.filter(({ value }) => value !== null) : [];
  const highest = Math.max(...columns.flat().filter((v) => v !== null), 0);
  const plot = new uPlot(
    {
      width,
      height: height - 22 - 15 * Math.min(all.length, 4),
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { min: from, max: to },
        y: {
          range: () => [
            0,
            Math.max(
              highest * 1.1,
              ...bounds.map(({ value }) => (value * 1.1 < highest * 4 || highest === 0 ? value * 1.1 : 0)),
              1e-3,
            ),
          ],
        },
      },
      axes: [
        {
          stroke: '#9fa7b3',
          grid: { stroke: '#2c3235' },
          ticks: { show: false },
          size: 24,
          space: 90,
          values: (_, ticks) => ticks.map(clock),
        },
        {
          stroke: '#9fa7b3',
          grid: { stroke: '#2c3235' },
          ticks: { show: false },
          size: 62,
          values: (_, ticks) => ticks.map((v) => shown(v, unit)),
        },
      ],
      series: [
        {},
        ...all.map((_, index) => ({
          stroke: PALETTE[index % PALETTE.length],
          width: 1.3,
          points: { show: false },
          spanGaps: false,
        })),
      ],
      hooks: {
        draw: [
          (u) => {
            for (const { value, color } of bounds) {
              const y = u.valToPos(value, 'y', true);
              if (y < u.bbox.top) continue;
              u.ctx.save();
              u.ctx.strokeStyle = COLOURS[color];
              u.ctx.setLineDash([6, 4]);
              u.ctx.beginPath();
              u.ctx.moveTo(u.bbox.left, y);
              u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
              u.ctx.stroke();
              u.ctx.restore();
            }
          },
        ],
      },
    },
    [times, ...columns],
    body,
  );
  void plot;
  const list = element('div', 'legend');
  all.slice(0, 4).forEach(({ name }, index) => {
    const numbers = columns[index].filter((v) => v !== null);
    const row = element(
      'div',
      'entry',
      `${name}   last ${shown(numbers.at(-1), unit)}   max ${shown(Math.max(...numbers), unit)}`,
    );
    row.style.borderColor = PALETTE[index];
    list.append(row);
  });
  if (all.length > 4) list.lastChild.textContent += `   and ${all.length - 4} more`;
  body.append(list);
}

function timeline(panel, body) {
  const { mappings } = panel.fieldConfig.defaults;
  for (const { name, values = [] } of seriesOf(panel)) {
    const row = element('div', 'row');
    row.append(element('div', 'label', name));
    const bar = element('div', 'bar');
    const step = values.length > 1 ? values[1][0] - values[0][0] : 5;
    for (const [at, value] of values) {
      const piece = element('div', 'piece');
      piece.style.left = `${(100 * (at - from)) / (to - from)}%`;
      piece.style.width = `${(100 * step) / (to - from) + 0.05}%`;
      piece.style.background = COLOURS[mapped(Number(value), mappings)?.color] ?? '#555';
      bar.append(piece);
    }
    row.append(bar);
    body.append(row);
  }
}

function table(panel, body) {
  const organize = panel.transformations.find(({ id }) => id === 'organize').options;
  const names = Object.entries(organize.renameByName);
  const keys = names.filter(([name]) => !name.startsWith('Value'));
  const columns = names.filter(([name]) => name.startsWith('Value')).map(([, title]) => title);
  const rows = new Map();
  for (const { metric, value, index } of seriesOf(panel)) {
    const key = keys.map(([label]) => metric[label] ?? '').join('\n');
    if (!rows.has(key)) rows.set(key, { keys: keys.map(([label]) => metric[label] ?? ''), values: [] });
    rows.get(key).values[index] = value;
  }
  const properties = (title) =>
    Object.fromEntries(
      (panel.fieldConfig.overrides.find(({ matcher }) => matcher.options === title)?.properties ?? []).map(
        ({ id, value }) => [id, value],
      ),
    );
  const [{ displayName }] = panel.options.sortBy;
  const worst = columns.indexOf(displayName);
  const sorted = [...rows.values()].sort((a, b) => (b.values[worst] ?? 0) - (a.values[worst] ?? 0));
  const all = element('table', 'table');
  const head = element('tr', '');
  for (const title of [...keys.map(([, title]) => title), ...columns]) head.append(element('th', '', title));
  all.append(head);
  for (const row of sorted) {
    const line = element('tr', '');
    for (const text of row.keys) line.append(element('td', 'key', text));
    columns.forEach((title, index) => {
      const { unit, thresholds, mappings } = properties(title);
      const value = row.values[index];
      const word = mapped(value, mappings);
      const cell = element('td', '', word?.text ?? shown(value ?? NaN, unit));
      if (value !== undefined && (word || thresholds))
        cell.style.background = word ? COLOURS[word.color] : coloured(value, thresholds);
      line.append(cell);
    });
    all.append(line);
  }
  body.append(all);
}

function heatmap(panel, body, width, height) {
  const series = seriesOf(panel)
    .filter(({ metric }) => metric.le !== '+Inf')
    .sort((a, b) => Number(a.metric.le) - Number(b.metric.le));
  const canvas = Object.assign(element('canvas', ''), { width, height: height - 8 });
  body.append(canvas);
  const context = canvas.getContext('2d');
  const inside = series.map(({ values }, row) => {
    const below = new Map((series[row - 1]?.values ?? []).map(([at, value]) => [at, Number(value)]));
    return values.map(([at, value]) => [at, Math.max(0, Number(value) - (below.get(at) ?? 0))]);
  });
  const most = Math.max(...inside.flat().map(([, value]) => value), 1);
  const [left, rowHeight] = [62, (height - 8) / Math.max(series.length, 1)];
  const step = (series[0]?.values?.[1]?.[0] ?? 5) - (series[0]?.values?.[0]?.[0] ?? 0) || 5;
  context.font = '11px sans-serif';
  inside.forEach((cells, row) => {
    const y = (series.length - 1 - row) * rowHeight;
    context.fillStyle = '#9fa7b3';
    context.fillText(`≤ ${shown(Number(series[row].metric.le), 's')}`, 4, y + rowHeight / 2 + 4);
    for (const [at, value] of cells) {
      if (value <= 0) continue;
      context.fillStyle = `rgba(255, 152, 48, ${0.12 + 0.88 * Math.sqrt(value / most)})`;
      context.fillRect(
        left + ((width - left) * (at - from)) / (to - from),
        y + 1,
        ((width - left) * step) / (to - from) + 0.5,
        rowHeight - 2,
      );
    }
  });
}

const DRAW = { stat, timeseries: lines, 'state-timeline': timeline, table, heatmap };
document.body.append(element('h1', '', `${board.title}: ${note}`));
const grid = element('div', 'grid');
document.body.append(grid);
for (const panel of board.panels) {
  const { x, y, w, h } = panel.gridPos;
  const box = element('div', panel.type === 'row' ? 'section' : 'panel');
  Object.assign(box.style, {
    left: `${x * CELL.width}px`,
    top: `${y * CELL.height}px`,
    width: `${w * CELL.width - 8}px`,
    height: `${h * CELL.height - 8}px`,
  });
  box.append(element('div', 'title', panel.title));
  grid.append(box);
  if (panel.type === 'row') continue;
  const body = element('div', 'body');
  box.append(body);
  DRAW[panel.type]?.(panel, body, w * CELL.width - 24, h * CELL.height - 40);
}
