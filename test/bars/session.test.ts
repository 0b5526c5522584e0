import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allRows, inSession, parseIsoDate, sessionSpans, tradingHours } from '../../src/bars/index.ts';
import { barsOf, flat, us } from './fixture.ts';

const hours = tradingHours('cme-rth');

function sessionOf(
  times: readonly (string | number)[],
  name = 'cme-rth',
  expected?: { from: string; to: string },
) {
  const bars = barsOf(times.map((ts) => flat(ts, 5000)));
  const options = { hours: tradingHours(name), ...(expected && { expected }) };
  return inSession(bars, allRows(bars.rowCount), options);
}

/** A bar a second (or every `step` seconds) in [from, to) Chicago time of a summer date. */
function chicago(date: string, from: number, to: number, step = 1): number[] {
  const midnight = us(`${date}T05:00:00Z`);
  const times: number[] = [];
  for (let second = from; second < to; second += step) times.push(midnight + second * 1e6);
  return times;
}

describe('session', () => {
  it('is closed at the start and open at the end', () => {
    const { inside, report } = sessionOf([
      '2024-07-01T12:29:59.999999Z'.replace('999999Z', '999Z'),
      '2024-07-01T12:30:00Z',
      '2024-07-01T19:59:59Z',
      '2024-07-01T20:00:00Z',
      '2024-07-01T23:30:00Z',
    ]);
    expect([...inside.rows]).toEqual([1, 2]);
    expect(report).toMatchObject({
      rowsIn: 5,
      rowsOut: 2,
      sessionCount: 1,
      firstDate: '2024-07-01',
      lastDate: '2024-07-01',
    });
  });

  it('honours holidays and early closes', () => {
    const { inside } = sessionOf([
      '2024-07-03T17:14:59Z',
      '2024-07-03T17:15:00Z',
      '2024-07-04T16:59:59Z',
      '2024-07-04T17:00:00Z',
      '2024-12-25T15:00:00Z',
      '2024-07-06T15:00:00Z',
    ]);
    expect([...inside.rows]).toEqual([0, 2]);
    expect([...inside.spanOf].map((span) => inside.spans[span].date)).toEqual(['2024-07-03', '2024-07-04']);
  });

  it('names the sessions missing against the calendar', () => {
    const times = [
      '2024-07-01T15:00:00Z',
      '2024-07-03T15:00:00Z',
      '2024-07-05T02:00:00Z',
      '2024-07-08T15:00:00Z',
    ];
    expect(sessionOf(times).report.missingSessions).toEqual(['2024-07-02', '2024-07-04', '2024-07-05']);
    const month = sessionOf(times, 'cme-rth', { from: '2024-07-05', to: '2024-07-10' });
    expect(month.report.missingSessions).toEqual(['2024-07-05', '2024-07-09', '2024-07-10']);
    // from the evening of one day to the early morning of another: neither day's session is asked for
    const evenings = ['2024-07-01T23:00:00Z', '2024-07-02T15:00:00Z', '2024-07-03T06:00:00Z'];
    expect(sessionOf(evenings).report.missingSessions).toEqual([]);
    expect(sessionOf([]).report).toMatchObject({ missingSessions: [], sessionCount: 0, firstDate: null });
  });

  it('opens at 07:30 Chicago on both sides of every change of clocks, 2010 to 2030', () => {
    for (let year = 2010; year <= 2030; year++) {
      const spans = sessionSpans(
        hours,
        parseIsoDate(`${year}-01-01`) ?? 0,
        parseIsoDate(`${year}-12-31`) ?? 0,
      );
      const opens = spans.map(({ date, openUs }) => [
        date,
        new Date(openUs / 1000).toISOString().slice(11, 19),
      ]);
      const changes = opens.flatMap(([date, time], k) =>
        k > 0 && time !== opens[k - 1][1] ? [[date, time]] : [],
      );
      expect(changes.map(([, time]) => time)).toEqual(['12:30:00', '13:30:00']);
      // second Sunday in March, first in November: the Mondays after
      expect(changes[0][0]).toMatch(/-03-(0[9]|1[0-5])$/);
      expect(changes[1][0]).toMatch(/-11-0[2-8]$/);
      for (const { date, openUs, closeUs } of spans) {
        if (!hours.calendar.specialDay(parseIsoDate(date) ?? 0)) expect(closeUs - openUs).toBe(27_000e6);
      }
    }
  });
});

describe('other sessions', () => {
  it('24x7 keeps every bar under its UTC date', () => {
    const { inside } = sessionOf(
      ['2024-07-06T00:00:00Z', '2024-07-06T23:59:59Z', '2024-07-07T00:00:00Z'],
      '24x7',
    );
    expect([...inside.spanOf]).toEqual([0, 0, 1]);
  });

  it('fx runs from Sunday 17:00 to Friday 17:00 New York, a day dated by its end', () => {
    const { inside } = sessionOf(
      [
        '2024-07-07T20:59:59Z',
        '2024-07-07T21:00:00Z',
        '2024-07-08T21:00:00Z',
        '2024-07-12T20:59:59Z',
        '2024-07-12T21:00:00Z',
      ],
      'fx',
    );
    expect([...inside.rows]).toEqual([1, 2, 3]);
    expect([...inside.spanOf].map((span) => inside.spans[span].date)).toEqual([
      '2024-07-08',
      '2024-07-09',
      '2024-07-12',
    ]);
  });

  it('can be defined, and replace built-in ones', () => {
    const xetra = {
      name: 'xetra',
      zone: 'Europe/Berlin',
      openSecond: 32_400,
      closeSecond: 63_000,
      days: [1, 5],
      calendar: 'none',
    };
    const defined = tradingHours('xetra', { sessions: [xetra] });
    const spans = sessionSpans(defined, parseIsoDate('2024-03-28') ?? 0, parseIsoDate('2024-04-02') ?? 0);
    expect(spans.map(({ date, openUs }) => [date, openUs])).toEqual([
      ['2024-03-29', us('2024-03-29T08:00:00Z')],
      ['2024-04-01', us('2024-04-01T07:00:00Z')],
    ]);
    const mine = tradingHours('24x7', { sessions: [{ ...xetra, name: '24x7' }] });
    expect(mine.session.zone).toBe('Europe/Berlin');
  });

  it('are refused by name when they, their calendar or their zone are unknown', () => {
    expect(() => tradingHours('rth')).toThrow(/Session "rth" is not defined; known are cme-rth, 24x7, fx/);
    expect(() => tradingHours('cme-rth', { calendar: 'nyse' })).toThrow(
      /Calendar "nyse" of session cme-rth is not defined/,
    );
  });
});

describe('days an hour off', () => {
  const H = 3600;
  const issues = (times: number[]) => sessionOf(times).report.timezoneIssues;

  it('are found when the bars fill the session an hour late or early', () => {
    const times = [
      ...chicago('2024-07-01', 7.5 * H, 15 * H, 5),
      ...chicago('2024-07-02', 8.5 * H, 16 * H, 5),
      ...chicago('2024-07-05', 6.5 * H, 14 * H, 5),
    ];
    expect(issues(times)).toEqual([
      { date: '2024-07-02', shiftSeconds: 3600 },
      { date: '2024-07-05', shiftSeconds: -3600 },
    ]);
  });

  it('are reported, and their bars kept where they lie in the session', () => {
    const { report } = sessionOf(chicago('2024-07-02', 8.5 * H, 16 * H, 5));
    expect(report.rowsOut).toBe((6.5 * H) / 5);
  });

  it('are not days that trade through the night, stop early, start late, or are off by half an hour', () => {
    const night = [...chicago('2024-07-01', 0, 7.5 * H, 20), ...chicago('2024-07-01', 7.5 * H, 15 * H, 2)];
    expect(issues([...night, ...chicago('2024-07-01', 15 * H, 16 * H, 20)])).toEqual([]);
    expect(issues(chicago('2024-07-01', 7.5 * H, 14 * H, 5))).toEqual([]);
    expect(issues(chicago('2024-07-01', 8.5 * H, 15 * H, 5))).toEqual([]);
    expect(issues(chicago('2024-07-01', 8 * H, 15.5 * H, 5))).toEqual([]);
    expect(issues(chicago('2024-07-01', 9.5 * H, 17 * H, 5))).toEqual([]);
  });
});

describe('against a naive twin', () => {
  it('keeps the bars whose Chicago wall clock lies in the session', () => {
    const format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: 'America/Chicago',
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    const second = fc.integer({ min: us('2024-10-28') / 1e6, max: us('2024-12-02') / 1e6 });
    fc.assert(
      fc.property(fc.array(second, { maxLength: 60 }), (seconds) => {
        const { inside, report } = sessionOf(seconds.map((s) => s * 1e6));
        const expected = seconds.flatMap((s, row) => {
          const [date = '', time = ''] = format.format(s * 1000).split(' ');
          const weekday = new Date(date).getUTCDay();
          if (weekday === 0 || weekday === 6) return [];
          const close = date === '2024-11-28' ? '12:00:00' : date === '2024-11-29' ? '12:15:00' : '15:00:00';
          return time >= '07:30:00' && time < close ? [{ row, date }] : [];
        });
        expect([...inside.rows]).toEqual(expected.map(({ row }) => row));
        expect([...inside.spanOf].map((span) => inside.spans[span].date)).toEqual(
          expected.map(({ date }) => date),
        );
        expect(report.rowsOut).toBe(expected.length);
      }),
    );
  });
});
