import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf, exchangeClock, localTimes } from '../../src/bars/index.ts';
import { us } from './fixture.ts';

/** Wall clock by way of formatted text: slow and independent of offsets. */
function wallClock(zone: string, tsUs: number): { date: string; second: number } {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'medium',
  });
  const [date = '', time = ''] = format.format(Math.floor(tsUs / 1e6) * 1000).split(' ');
  const [h = 0, m = 0, s = 0] = time.split(':').map(Number);
  return { date, second: h * 3600 + m * 60 + s };
}

const zones = [
  'America/Chicago',
  'America/New_York',
  'Europe/London',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'UTC',
];
const moments = fc.integer({ min: us('2005-01-01') / 1e6, max: us('2035-01-01') / 1e6 });

describe('exchange clock', () => {
  it('agrees with the formatted wall clock at any moment', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), moments, (zone, second) => {
        const clock = exchangeClock(zone);
        const expected = wallClock(zone, second * 1e6);
        expect(clock.secondOfDayAt(second * 1e6 + 999_999)).toBe(expected.second);
        expect(clock.dayAt(second * 1e6)).toBe(Date.parse(expected.date) / 86_400_000);
      }),
      { numRuns: 300 },
    );
  });

  it('changes offset at the very second the clocks change', () => {
    const clock = exchangeClock('America/Chicago');
    expect(clock.offsetSecondsAt(us('2024-03-10T07:59:59Z'))).toBe(-21_600);
    expect(clock.offsetSecondsAt(us('2024-03-10T08:00:00Z'))).toBe(-18_000);
    expect(clock.offsetSecondsAt(us('2024-11-03T06:59:59Z'))).toBe(-18_000);
    expect(clock.offsetSecondsAt(us('2024-11-03T07:00:00Z'))).toBe(-21_600);
  });

  it('finds moments of local times, the first of two, and moves a skipped one on', () => {
    const { momentOf } = exchangeClock('America/Chicago');
    expect(momentOf(dayOf(2024, 7, 1), 27_000)).toBe(us('2024-07-01T12:30:00Z'));
    expect(momentOf(dayOf(2024, 11, 3), 5_400)).toBe(us('2024-11-03T06:30:00Z'));
    expect(momentOf(dayOf(2024, 3, 10), 9_000)).toBe(us('2024-03-10T08:30:00Z'));
    expect(momentOf(dayOf(2024, 11, 4), -3_600)).toBe(us('2024-11-04T05:00:00Z'));
  });

  it('goes back and forth between moments and local times', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), moments, (zone, second) => {
        const clock = exchangeClock(zone);
        const found = clock.momentOf(clock.dayAt(second * 1e6), clock.secondOfDayAt(second * 1e6));
        // a time that occurs twice may come back as the first of the two
        expect([second, second - 3600, second - 1800]).toContain(found / 1e6);
      }),
      { numRuns: 300 },
    );
  });

  it('gives day and second of whole columns, ordered or not', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.array(moments, { maxLength: 40 }),
        fc.boolean(),
        (zone, seconds, near) => {
          const clock = exchangeClock(zone);
          // times around a change of clocks, or anywhere
          const base = us('2024-11-03T05:00:00Z') / 1e6;
          const tsUs = Float64Array.from(seconds, (s) => (near ? base + (s % 14_400) : s) * 1e6 + 250_000);
          const local = localTimes(clock, tsUs);
          expect([...local.day]).toEqual(Array.from(tsUs, clock.dayAt));
          expect([...local.secondOfDay]).toEqual(Array.from(tsUs, clock.secondOfDayAt));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('refuses an unknown zone', () => {
    expect(() => exchangeClock('America/Chicgo')).toThrow(/"America\/Chicgo" is unknown/);
  });
});
