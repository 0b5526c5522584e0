/** Charts as SVG: shapes and classes only, colours are the page's. */
import { figureScale, type MonthAxis, monthAxis, monthIndex, type Scale } from './chart-scale.ts';
import { percentText, scoreText, secondsText } from './figures.ts';
import { escapeHtml } from './html-text.ts';
import type { Chart, Series, Tone } from './page.ts';

export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

interface Frame extends ChartSize {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Drawing {
  readonly chart: Chart;
  readonly frame: Frame;
  readonly x: MonthAxis;
  readonly y: Scale;
}

/** One `<svg>` of the chart in units of CSS pixels; `name` says which of several sizes it is. */
export function chartSvg(chart: Chart, size: ChartSize, name: string): string {
  const frame = { ...size, left: 52, right: size.width - 10, top: 14, bottom: size.height - 26 };
  const drawing: Drawing = {
    chart,
    frame,
    x: monthAxis(chart.months, [frame.left, frame.right]),
    y: figureScale(domainOf(chart), [frame.bottom, frame.top], size.height > 200 ? 5 : 4),
  };
  const shapes =
    chart.shape === 'stacks' ? stacks(drawing) : chart.series.map((each) => line(drawing, each)).join('');
  return (
    `<svg class="${name}" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escapeHtml(labelOf(chart))}">` +
    `${axes(drawing)}${shapes}${markLabels(drawing)}${tips(drawing)}</svg>`
  );
}

function labelOf({ title, months }: Chart): string {
  return `${title}, ${months[0] ?? ''} to ${months.at(-1) ?? ''}; the table below has the figures`;
}

/** The figures of a month, one on the other where they are stacked. */
function domainOf({ shape, series, months, atLeast, marks }: Chart): readonly [number, number] {
  const all =
    shape === 'stacks'
      ? months.map((_, index) => series.reduce((total, { values }) => total + (values[index] ?? 0), 0))
      : series.flatMap(({ values }) => values.filter((value) => value !== null));
  const shown = [...all, ...atLeast, ...marks.map(({ value }) => value)];
  return [Math.min(...shown), Math.max(...shown)];
}

export function figureText(format: Chart['format'], value: number): string {
  if (format === 'score') return scoreText(value);
  return format === 'share' ? percentText(value) : secondsText(value);
}

/** As short as the ticks allow. */
function tickText(format: Chart['format'], value: number, step: number): string {
  if (format === 'share') return percentText(value, step < 0.0099 ? 1 : 0);
  const digits = step >= 0.999 ? 0 : step >= 0.0999 ? 1 : 2;
  return format === 'score' ? value.toFixed(digits) : `${value.toFixed(digits)} s`;
}

const p = (value: number) => String(Number(value.toFixed(1)));

function axes({ chart, frame, x, y }: Drawing): string {
  const step = (y.ticks[1] ?? 1) - (y.ticks[0] ?? 0);
  const rows = y.ticks.map((value) => {
    const at = p(y.at(value));
    const label = tickText(chart.format, value, step);
    return `<path class="grid" d="M${frame.left} ${at}H${frame.right}"/><text class="y" x="${frame.left - 7}" y="${at}" dy=".35em">${label}</text>`;
  });
  const columns = x.ticks.map(({ at, label }) => {
    // a label at the edge stays inside
    const place = Math.min(Math.max(at, frame.left + 4), frame.right - label.length * 3.4);
    return `<path class="tick" d="M${p(at)} ${frame.bottom}v5"/><text class="x" x="${p(place)}" y="${frame.bottom + 18}">${label}</text>`;
  });
  const marks = chart.marks.map(
    ({ value }) => `<path class="mark" d="M${frame.left} ${p(y.at(value))}H${frame.right}"/>`,
  );
  return rows.join('') + columns.join('') + marks.join('');
}

function markLabels({ chart, frame, y }: Drawing): string {
  return chart.marks
    .map(({ value, label }) => {
      const at = p(y.at(value) - 5);
      return `<text class="mark-label" x="${frame.right}" y="${at}">${escapeHtml(label)}</text>`;
    })
    .join('');
}

/** A line through months that follow each other; dots where a month stands alone, is to be noticed, or has room. */
function line({ chart, x, y }: Drawing, { values }: Series): string {
  let path = '';
  let dots = '';
  const isThere = (index: number) => (values[index] ?? null) !== null;
  const follows = (index: number) =>
    isThere(index - 1) &&
    monthIndex(chart.months[index] ?? '') === monthIndex(chart.months[index - 1] ?? '') + 1;
  for (const [index, month] of chart.months.entries()) {
    const value = values[index] ?? null;
    if (value === null) continue;
    const [px, py] = [x.at(month), y.at(value)];
    path += `${follows(index) ? 'L' : 'M'}${p(px)} ${p(py)}`;
    const tone = chart.toneOf?.(value);
    const isAlone = !follows(index) && !(isThere(index + 1) && follows(index + 1));
    if (isAlone || x.step >= 7 || (tone !== undefined && tone !== 'good')) dots += dot(px, py, tone);
  }
  return `<path class="line" d="${path}"/>${dots}`;
}

/** Told apart by shape as well as by colour: a disc, a triangle, a diamond. */
function dot(x: number, y: number, tone: Tone | undefined): string {
  const size = 4;
  if (tone === 'fair') {
    return `<path class="dot fair" d="M${p(x)} ${p(y - size)}l${size} ${size * 1.8}h${-2 * size}z"/>`;
  }
  if (tone === 'poor') {
    return `<path class="dot poor" d="M${p(x)} ${p(y - size - 1)}l${size + 1} ${size + 1}l${-size - 1} ${size + 1}l${-size - 1} ${-size - 1}z"/>`;
  }
  return `<circle class="dot" cx="${p(x)}" cy="${p(y)}" r="2.6"/>`;
}

/** Bars of a month one on the other; all bars of a series are one path. */
function stacks({ chart, x, y }: Drawing): string {
  const width = Math.min(Math.max(x.step - (x.step > 4 ? 1.5 : 0.4), 0.8), 48);
  const base = chart.months.map(() => 0);
  return chart.series
    .map(({ values }, number) => {
      let path = '';
      for (const [index, month] of chart.months.entries()) {
        const value = values[index] ?? 0;
        const from = base[index] ?? 0;
        if (value <= 0) continue;
        base[index] = from + value;
        const [top, bottom] = [y.at(from + value), y.at(from)];
        path += `M${p(x.at(month) - width / 2)} ${p(top)}h${p(width)}V${p(bottom)}h${p(-width)}z`;
      }
      return `<path class="stack s${number}" d="${path}"/>`;
    })
    .join('');
}

/** A stretch a month, over all of the plot, that shows the month's figures under the pointer. */
function tips({ chart, frame, x }: Drawing): string {
  return chart.months
    .map((month, index) => {
      const figures = chart.series.flatMap(({ name, values }) => {
        const value = values[index] ?? null;
        return value === null ? [] : [`${name} ${figureText(chart.format, value)}`];
      });
      const title = `${month}: ${figures.join(', ') || 'not recorded'}`;
      return `<rect class="tip" x="${p(x.at(month) - x.step / 2)}" y="${frame.top}" width="${p(x.step)}" height="${frame.bottom - frame.top}"><title>${escapeHtml(title)}</title></rect>`;
    })
    .join('');
}
