import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type CalendarDefinition,
  CME_EQUITY_CALENDAR,
  calendarsOf,
  dayOf,
  easterSunday,
  isoDate,
  lastWeekday,
  nthWeekday,
  parseIsoDate,
  sessionOn,
  specialDays,
  tradingHours,
  weekdayOf,
} from '../../src/bars/index.ts';
import { goldenFolder } from './fixture.ts';

const golden = goldenFolder('calendar');

function goldenRows(folder: string): { date: string; kind: string; close: string; name: string }[] {
  const lines = readFileSync(join(folder, 'cme_equity_2010_2030.csv'), 'utf8').trim().split('\n');
  return lines.slice(1).map((line) => {
    const [date = '', kind = '', close = '', name = ''] = line.split(',');
    return { date, kind, close, name };
  });
}

function clockTime(second: number | null): string {
  if (second === null) return '';
  return [Math.floor(second / 3600), Math.floor((second % 3600) / 60)]
    .map((n) => String(n).padStart(2, '0'))
    .join(':');
}

describe.skipIf(golden === null)('CME equity-index calendar', () => {
  it('equals every golden row of 2010 to 2030, and has no other special day', () => {
    const found = specialDays(CME_EQUITY_CALENDAR, dayOf(2010, 1, 1), dayOf(2030, 12, 31)).map(
      ({ date, special }) => ({
        date,
        kind: special.kind,
        close: clockTime(special.closeSecond),
        name: special.name,
      }),
    );
    const expected = goldenRows(golden ?? '');
    expect(expected).toHaveLength(244);
    expect(found).toEqual(expected);
  });
});

describe('session lengths after the calendar', () => {
  const hours = tradingHours('cme-rth');
  it.each([
    ['2024-07-02', 27_000],
    ['2024-07-03', 17_100],
    ['2024-07-04', 16_200],
    ['2013-07-04', 10_800],
    ['2018-12-05', 3_600],
    ['2012-10-29', 2_700],
    ['2024-03-29', 0],
    ['2024-07-06', 0],
  ])('%s has %i seconds', (date, seconds) => {
    const span = sessionOn(hours, parseIsoDate(date) ?? 0);
    expect(span ? (span.closeUs - span.openUs) / 1e6 : 0).toBe(seconds);
  });
});

describe('configured calendars', () => {
  it('extend another with holidays, early closes and full days', () => {
    const house: CalendarDefinition = {
      extends: 'cme-equity',
      holidays: { '2024-07-02': 'Moving day' },
      earlyCloses: { '2024-07-05': { closeSecond: 46_800, name: 'Party' } },
      fullDays: ['2024-07-03'],
    };
    const calendar = calendarsOf({ house }).get('house');
    const days = specialDays(calendar ?? CME_EQUITY_CALENDAR, dayOf(2024, 7, 1), dayOf(2024, 7, 7));
    expect(days.map(({ date, special }) => [date, special.kind, special.closeSecond])).toEqual([
      ['2024-07-02', 'holiday', null],
      ['2024-07-04', 'early_close', 43_200],
      ['2024-07-05', 'early_close', 46_800],
    ]);
  });

  it('refuse an unknown base and a date that is none', () => {
    const nothing: CalendarDefinition = { holidays: {}, earlyCloses: {}, fullDays: [] };
    expect(() => calendarsOf({ house: { ...nothing, extends: 'nyse' } })).toThrow(
      /extends nyse.*known are none, cme-equity/,
    );
    expect(() => calendarsOf({ house: { ...nothing, fullDays: ['2024-02-30'] } })).toThrow(
      /"2024-02-30" is no date/,
    );
  });
});

describe('dates', () => {
  it('count days, weekdays and Easter', () => {
    expect(isoDate(dayOf(2024, 2, 29))).toBe('2024-02-29');
    expect(dayOf(1970, 1, 1)).toBe(0);
    expect(weekdayOf(0)).toBe(4);
    expect(weekdayOf(-5)).toBe(6);
    expect(isoDate(nthWeekday(2024, 11, 4, 4))).toBe('2024-11-28');
    expect(isoDate(lastWeekday(2024, 12, 1))).toBe('2024-12-30');
    // published dates of Easter, among them the earliest and the latest possible
    const easters = [1818, 1943, 2000, 2024, 2038].map((year) => isoDate(easterSunday(year)));
    expect(easters).toEqual(['1818-03-22', '1943-04-25', '2000-04-23', '2024-03-31', '2038-04-25']);
    expect(parseIsoDate('2023-02-29')).toBeUndefined();
  });
});
