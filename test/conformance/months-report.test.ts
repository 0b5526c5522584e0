import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page as BrowserPage } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  monthPage,
  monthReport,
  monthsPage,
  monthsReport,
  type Page,
  renderHtml,
} from '../../src/months/index.ts';
import { runCli } from '../cli/run-cli.ts';
import { HOSTILE, lakeOf, longLake, REQUEST, sampleMonth } from '../months/report/sample-documents.ts';
import { fileNameOf, writeSmallMonths } from '../months/small-months.ts';
import { startChromium } from './chromium.ts';

// BARLINE_SCREENSHOTS keeps the pictures in a folder of yours
const folder = mkdtempSync(join(tmpdir(), 'barline-test-'));
const pictures = process.env.BARLINE_SCREENSHOTS ?? folder;
let browser: Browser;

const long = longLake();
const quarter = lakeOf(['2024-01', '2024-02', '2024-03'].map((month) => sampleMonth(month)));
const single = lakeOf([sampleMonth('2024-03', { rollover_events: undefined, quality_score: undefined })]);

function oneMonth(month: string): Page {
  const report = monthReport(long, month, REQUEST);
  if (report === null) throw new Error(`no ${month}`);
  return monthPage(report);
}

const PAGES: Readonly<Record<string, Page>> = {
  years: monthsPage(monthsReport(long, REQUEST)),
  quarter: monthsPage(monthsReport(quarter, REQUEST)),
  'one-in-lake': monthsPage(monthsReport(single, REQUEST)),
  month: oneMonth('2011-06'),
  'failed-month': oneMonth('2013-05'),
};

beforeAll(async () => {
  for (const [name, page] of Object.entries(PAGES))
    writeFileSync(join(folder, `${name}.html`), renderHtml(page));
  await writeRealReport();
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The report that the command writes of a lake that the monthly run made, one month of it corrupt. */
async function writeRealReport(): Promise<void> {
  const data = join(folder, 'data');
  await writeSmallMonths(data, { months: ['2024-02', '2024-04'] });
  writeFileSync(join(data, fileNameOf('2024-03')), 'junk');
  const places = ['--source', data, '--lake', join(folder, 'lake')];
  expect((await runCli(['months', 'run', ...places])).code).toBe(1);
  const written = await runCli(['months', 'report', ...places, '--output', join(folder, 'real.html')]);
  expect(written.code, written.stderr).toBe(0);
}

interface Opened {
  readonly page: BrowserPage;
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
}

/** Opens the report as one who got it by mail, and notes all it asks for and all the browser complains about. */
async function open(name: string, width: number, colorScheme: 'light' | 'dark'): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => complaints.push(`dialog ${dialog.message()}`));
  await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
  await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true;');
  return { page, requests, complaints };
}

const PROBE = readFileSync(join(import.meta.dirname, 'page-probe.js'), 'utf8');

const probed = z.object({
  scrollWidth: z.number(),
  contrast: z.object({ ratio: z.number(), text: z.string() }),
  charts: z.array(
    z.object({
      width: z.number(),
      height: z.number(),
      outside: z.array(z.string()),
      smallestText: z.number(),
    }),
  ),
  unnamed: z.number(),
  unreachable: z.number(),
  untold: z.number(),
});

const VIEWS = [...Object.keys(PAGES), 'real'].flatMap((name) =>
  ([1280, 390] as const).flatMap((width) =>
    (['light', 'dark'] as const).map((scheme) => [name, width, scheme] as const),
  ),
);

describe('the HTML report in Chromium', () => {
  test.each(VIEWS)('%s at %i px, %s', async (name, width, scheme) => {
    const { page, requests, complaints } = await open(name, width, scheme);
    expect(requests).toEqual([page.url()]);
    expect(complaints).toEqual([]);
    const found = probed.parse(await page.evaluate(PROBE));
    expect(found.scrollWidth).toBe(width);
    expect(found.contrast.ratio, `contrast of ${found.contrast.text}`).toBeGreaterThanOrEqual(4.5);
    expect(found).toMatchObject({ unnamed: 0, unreachable: 0, untold: 0 });
    expect(found.charts).toHaveLength(name.includes('month') ? 0 : name === 'one-in-lake' ? 8 : 9);
    for (const chart of found.charts) {
      expect(chart.width).toBeGreaterThan(250);
      expect(chart.height).toBeGreaterThan(120);
      expect(chart.outside).toEqual([]);
      expect(chart.smallestText).toBeGreaterThanOrEqual(11);
    }
    const picture = join(pictures, `${name}-${width}-${scheme}.png`);
    await page.screenshot({ path: picture, fullPage: true });
    expect(statSync(picture).size).toBeGreaterThan(10_000);
    await page.close();
  });

  test('shows hostile texts and runs none of them', async () => {
    for (const name of ['years', 'failed-month']) {
      const { page } = await open(name, 1280, 'light');
      expect(await page.locator('main').textContent()).toContain(HOSTILE);
      expect(await page.locator('script, img').count()).toBe(0);
      await page.close();
    }
  });

  test('its own policy stops whoever would slip something in', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { page, complaints } = await open('years', 1280, 'light');
    await page.evaluate(`for (const tag of ['script', 'img', 'iframe']) {
      const element = document.createElement(tag);
      element.src = 'http://127.0.0.1:${port}/';
      document.body.append(element);
    }`);
    await expect
      .poll(() => complaints.filter((each) => each.includes('Content Security Policy')).length)
      .toBe(3);
    expect(asked).toBe(0);
    await page.close();
    // the server would have noticed
    await fetch(`http://127.0.0.1:${port}/`);
    expect(asked).toBe(1);
    server.close();
  });

  test('prints with every folded table', async () => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(join(folder, 'quarter.html')).href);
    const table = page.getByRole('cell', { name: '2024-02' }).last();
    expect(await table.isVisible()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    expect(await table.isVisible()).toBe(true);
    await page.close();
  });
});
