/** A page as one HTML file that needs nothing else and asks nobody: it can be mailed. */
import { type ChartSize, chartSvg } from './chart-svg.ts';
import { STYLE } from './html-style.ts';
import { phraseHtml as phrase, escapeHtml as text } from './html-text.ts';
import type { ActionGroup, Block, Cell, Chart, Fact, Page, Section, Table } from './page.ts';

// forbids every request, should a text ever slip through
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const WIDE: ChartSize = { width: 1000, height: 280 };
const NARROW: ChartSize = { width: 372, height: 240 };
const PANEL: ChartSize = { width: 340, height: 190 };

export function renderHtml(page: Page): string {
  const sections = page.sections.map((section, index) => sectionHtml(section, `s${index}`));
  const links = page.sections.map(({ title }, index) => `<li><a href="#s${index}">${text(title)}</a></li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${text(page.title)} · Barline</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${phrase(page.title)}</h1>
<p class="sub">${phrase(page.subtitle)}</p>
<nav aria-label="Sections"><ul>${links.join('')}</ul></nav>
</header>
<main>
${sections.join('\n')}
</main>
<footer><p>Made by barline months report.</p></footer>
</body>
</html>
`;
}

function sectionHtml({ title, blocks }: Section, id: string): string {
  return `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${text(title)}</h2>
${blocks.map(blockHtml).join('\n')}
</section>`;
}

function blockHtml(block: Block): string {
  switch (block.kind) {
    case 'text':
      return `<p>${phrase(block.text)}</p>`;
    case 'facts':
      return `<dl class="facts">${block.facts.map(factHtml).join('')}</dl>`;
    case 'table':
      return block.isFolded === true ? folded(block.table) : tableHtml(block.table, true);
    case 'charts':
      return noteHtml(block.note) + chartsHtml(block.charts) + folded(block.table);
    case 'actions':
      return block.groups.map(actionsHtml).join('\n');
  }
}

function noteHtml(note: string | undefined): string {
  return note === undefined ? '' : `<p class="sub">${phrase(note)}</p>`;
}

function factHtml({ name, value, note, tone }: Fact): string {
  const more = note === undefined ? '' : `<dd class="note">${phrase(note)}</dd>`;
  return `<div><dt>${text(name)}</dt><dd class="value${tone === undefined ? '' : ` ${tone}`}">${text(value)}</dd>${more}</div>`;
}

function folded(table: Table): string {
  return `<details><summary>Table: ${text(table.title)}</summary>${tableHtml(table, false)}</details>`;
}

/** Scrolls by itself where it is wider than the page, by keyboard too. */
function tableHtml({ title, columns, rows }: Table, isTitled: boolean): string {
  const head = columns.map(
    (column) => `<th scope="col"${column.align === 'right' ? ' class="r"' : ''}>${text(column.title)}</th>`,
  );
  const body = rows.map(
    (row) => `<tr>${row.map((each, i) => cellHtml(each, columns[i]?.align)).join('')}</tr>`,
  );
  const caption = isTitled ? `<caption>${text(title)}</caption>` : '';
  const why = columns.at(-1)?.align === 'right' ? '' : ' class="why"';
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${text(title)}"><table${why}>${caption}` +
    `<thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
  );
}

function cellHtml({ text: words, bar, tone }: Cell, align: 'left' | 'right' | undefined): string {
  const colour = tone === undefined ? '' : ` class="${tone}"`;
  const meter =
    bar === undefined
      ? ''
      : `<span class="meter" aria-hidden="true"><i${colour} style="width:${(Math.min(Math.max(bar, 0), 1) * 100).toFixed(1)}%"></i></span>`;
  const content =
    meter !== ''
      ? `<span class="with-meter">${meter}${text(words)}</span>`
      : colour === ''
        ? text(words)
        : `<span${colour}>${text(words)}</span>`;
  return `<td${align === 'right' ? ' class="r"' : ''}>${content}</td>`;
}

function actionsHtml({ title, tone, actions, command }: ActionGroup): string {
  const run = command === null ? '' : commandHtml(command);
  const edge = `todo ${tone}-edge`;
  if (actions.length === 0) return `<div class="${edge}"><p>${text(title)}</p>${run}</div>`;
  const items = actions.map(
    (each) =>
      `${each.title === '' ? '' : `<dt>${phrase(each.title)}</dt>`}${each.lines.map((line) => `<dd>${phrase(line)}</dd>`).join('')}`,
  );
  // a long list that can wait is folded
  const open = tone === 'poor' || actions.length <= 6 ? ' open' : '';
  return `<details class="${edge}"${open}><summary>${text(title)}</summary>${run}<dl>${items.join('')}</dl></details>`;
}

/** Breaks between words only, not at the hyphens of an option. */
function commandHtml(command: string): string {
  const words = command.split(' ').map((word) => `<span>${text(word)}</span>`);
  return `<pre><code>${words.join(' ')}</code></pre>`;
}

function chartsHtml(charts: readonly Chart[]): string {
  const figures = charts.map((chart) => {
    const drawn =
      chart.size === 'panel'
        ? chartSvg(chart, PANEL, 'panel')
        : chartSvg(chart, WIDE, 'wide') + chartSvg(chart, NARROW, 'narrow');
    return `<figure><figcaption>${text(chart.title)}</figcaption>${legend(chart)}${drawn}</figure>`;
  });
  return charts[0]?.size === 'panel' ? `<div class="panels">${figures.join('')}</div>` : figures.join('');
}

const SWATCH = '<svg viewBox="0 0 12 12" aria-hidden="true">';

function legend({ shape, size, series, toneOf }: Chart): string {
  const items =
    shape === 'stacks'
      ? series.map(({ name }, i) => `${SWATCH}<path class="s${i}" d="M0 0h12v12h-12z"/></svg>${text(name)}`)
      : toneOf === undefined || size === 'panel'
        ? []
        : [
            `${SWATCH}<circle class="dot" cx="6" cy="6" r="3.5"/></svg>good`,
            `${SWATCH}<path class="dot fair" d="M6 1l5 9h-10z"/></svg>fair`,
            `${SWATCH}<path class="dot poor" d="M6 0l6 6l-6 6l-6 -6z"/></svg>poor`,
          ];
  return items.length === 0
    ? ''
    : `<ul class="legend">${items.map((each) => `<li>${each}</li>`).join('')}</ul>`;
}
