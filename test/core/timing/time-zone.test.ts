import { describe, expect, test } from 'vitest';
import { linkedTimezones } from '#core/timing/linked-timezones.ts';
import { nextFire } from '#core/timing/next-fire.ts';
import { canFire, timezoneProblem } from '#core/timing/time-zone.ts';

const linked = Object.entries(linkedTimezones).flatMap(([area, names]) =>
  names.split(' ').map((name) => (area === '' ? name : `${area}/${name}`)),
);
const all = [...new Set([...Intl.supportedValuesOf('timeZone'), ...linked])];

describe('a time zone', () => {
  test.each([
    ...['UTC', 'GMT', 'Etc/UTC', 'Etc/GMT+5', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Calcutta', 'US/Pacific'],
    ...['America/Argentina/Buenos_Aires', 'America/Port-au-Prince', 'Africa/Dar_es_Salaam', 'NZ-CHAT', 'EST5EDT'],
  ])('given %s, then it is one', (name) => expect(timezoneProblem(name)).toBeUndefined());

  test.each([
    ['asia/kolkata', 'Asia/Kolkata'],
    ['us/pacific', 'US/Pacific'],
    ['europe/berlin', 'Europe/Berlin'],
    ['EUROPE/BERLIN', 'Europe/Berlin'],
    ['Us/Pacific', 'US/Pacific'],
    ['utc', 'UTC'],
    ['etc/gmt+5', 'Etc/GMT+5'],
    ['America/Port-Au-Prince', 'America/Port-au-Prince'],
    ['africa/dar_es_salaam', 'Africa/Dar_es_Salaam'],
    ['nz-chat', 'NZ-CHAT'],
    ['w-su', 'W-SU'],
  ])('given %s, then the right spelling is told: %s', (name, right) => {
    expect(timezoneProblem(name)).toBe(`is spelt "${right}" by IANA: write it so`);
  });

  test.each([
    ...['', '+02:00', 'CEST+2', 'Mars/Olympus', 'Europe/Berlin ', 'x'.repeat(60), 'Factory', 'Etc/Unknown'],
    // Intl takes these: abbreviations of several places, and names of Java's and of System V.
    ...['IST', 'PST', 'ACT', 'SystemV/EST5', 'ist'],
  ])('given %j, then it is none', (name) => {
    expect(timezoneProblem(name)).toBe('is not a known IANA time zone such as "Europe/Berlin"');
  });

  test('given any name that is known, then it is one, no other spelling of it is, and times can be told in both', () => {
    expect(all.length).toBeGreaterThan(590);
    expect(new Set(all.map((name) => name.toLowerCase())).size).toBe(all.length);
    expect(all.filter((name) => timezoneProblem(name) !== undefined)).toEqual([]);
    for (const change of [(name: string) => name.toLowerCase(), (name: string) => name.toUpperCase()]) {
      const others = all.filter((name) => change(name) !== name);
      expect(others.filter((name) => !timezoneProblem(change(name))?.includes(`"${name}"`))).toEqual([]);
    }
    expect(all.filter((name) => !canFire(name) || !canFire(name.toLowerCase()))).toEqual([]);
  });

  test('given a row with a spelling that was taken before, then its schedule goes on firing', () => {
    const at = (zone: string) => nextFire('cron(0 6 * * ? *)', zone, 0, Date.parse('2026-03-01T00:00:00Z'));
    expect(at('asia/kolkata')).toBe(Date.parse('2026-03-01T00:30:00Z'));
    expect(at('us/pacific')).toBe(at('America/Los_Angeles'));
    expect(at('Mars/Olympus')).toBeUndefined();
  });
});
