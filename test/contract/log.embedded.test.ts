import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLineLog, type LogFormat } from '#adapters/process/console-log.ts';

const NOW = Date.parse('2026-11-22T07:00:00Z');

function logging(format: LogFormat) {
  const lines: string[] = [];
  return { lines, log: createLineLog({ write: (line) => lines.push(line), format, clock: { now: () => NOW } }) };
}

function textOf(fields: Record<string, unknown>): string {
  const { lines, log } = logging('text');
  log.info('fact', fields);
  return lines.join('').replace('2026-11-22T07:00:00.000Z info  fact ', '');
}

describe('text log', () => {
  test('given facts of each level, then each is one line with time, level, fact and fields', () => {
    const { lines, log } = logging('text');
    log.info('sync completed', { run: 'r1', pages: 12, dry: false, none: null, gone: undefined });
    log.warn('source slow');
    log.error('sync failed', { code: 'access_denied' });
    expect(lines).toEqual([
      '2026-11-22T07:00:00.000Z info  sync completed run=r1 pages=12 dry=false none=null\n',
      '2026-11-22T07:00:00.000Z warn  source slow\n',
      '2026-11-22T07:00:00.000Z error sync failed code=access_denied\n',
    ]);
  });

  test.each([
    ['with space', '"with space"'],
    ['', '""'],
    ['a"b', String.raw`"a\"b"`],
    ['a=b', '"a=b"'],
    ['a\\b', String.raw`"a\\b"`],
    ['a\nb\r\u0000\u001b[31m', String.raw`"a\nb\r\u0000\u001b[31m"`],
    ['a\u0085b\u009b\u2028\u2029', String.raw`"a\u0085b\u009b\u2028\u2029"`],
    ['photo\u202egpj.exe', String.raw`"photo\u202egpj.exe"`],
    ['a\ud800b', String.raw`"a\ud800b"`],
    ['fotos/日本/é.jpg', 'fotos/日本/é.jpg'],
  ])('given the value %j, then the line says %s', (value, said) => {
    expect(textOf({ key: value })).toBe(`key=${said}\n`);
  });

  test('given objects, errors, big numbers and what JSON cannot say, then the line stands all the same', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const fields = { types: { a: 1 }, error: new TypeError('no\nway'), big: 2n ** 64n, cycle, call: () => 'secret' };
    expect(textOf(fields)).toBe(
      String.raw`types={"a":1} error="TypeError: no\nway" big="18446744073709551616" cycle="[unsayable]" call="[unsayable]"` +
        '\n',
    );
  });

  test('given a hostile fact or field name, then neither begins a line', () => {
    const { lines, log } = logging('text');
    log.info('fact\n2026 error forged', { 'a\nb': 1 });
    expect(lines.map((line) => line.trimEnd())).toEqual([
      String.raw`2026-11-22T07:00:00.000Z info  fact\n2026 error forged "a\nb"=1`,
    ]);
  });
});

describe('JSON log', () => {
  test('given a fact, then it is one object on one line, and fields do not take the place of what every line has', () => {
    const { lines, log } = logging('json');
    log.error('sync failed', { run: 'r1', level: 'info', key: 'a\nb\u2028', gone: undefined, __proto__: undefined });
    expect(lines).toEqual([
      String.raw`{"timestamp":"2026-11-22T07:00:00.000Z","level":"error","fact":"sync failed","run":"r1","field.level":"info","key":"a\nb\u2028"}` +
        '\n',
    ]);
  });

  test('given a field of the name that the time has, then the time stays what it is', () => {
    const { lines, log } = logging('json');
    log.warn('fact', { timestamp: 'forged', time: 'told' });
    expect(JSON.parse(lines[0]!)).toEqual({
      timestamp: '2026-11-22T07:00:00.000Z',
      level: 'warn',
      fact: 'fact',
      'field.timestamp': 'forged',
      time: 'told',
    });
  });

  test('given a field that JSON cannot say, then the rest of the line is told', () => {
    const { lines, log } = logging('json');
    log.info('fact', { call: () => 1, pages: 2 });
    expect(JSON.parse(lines[0]!)).toMatchObject({ fact: 'fact', call: '[unsayable]', pages: 2 });
  });
});

describe.each(['text', 'json'] as const)('log as %s', (format) => {
  test.each([
    'secret',
    'secret_access_key',
    'secretAccessKey',
    'password',
    'Authorization',
    'token',
    'session_token',
    'sessionToken',
    'X-API-KEY',
    'api_key',
  ])('given a field named %s, then its value is not told, nested neither', (name) => {
    const { lines, log } = logging(format);
    log.info('fact', { [name]: 'hush-hush', config: { list: [{ [name]: 'hush-hush' }] } });
    expect(lines[0]).not.toContain('hush');
    expect(lines[0]).toContain('[redacted]');
  });

  test('given ids and keys, then they are told', () => {
    const { lines, log } = logging(format);
    log.info('fact', { key: 'told', access_key_id: 'told', tokens: 'told', key_id: 'told' });
    expect(lines[0]).not.toContain('redacted');
  });

  test('given any fact and fields, then it is one line without controls that says every value', () => {
    const fields = fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), { maxKeys: 4 });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fields, (fact, given) => {
        const { lines, log } = logging(format);
        log.warn(fact, given);
        expect(lines).toHaveLength(1);
        expect(lines[0]?.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
        expect(lines[0]?.at(-1)).toBe('\n');
        if (format === 'json') expect(JSON.parse(lines[0]!)).toMatchObject({ fact, level: 'warn' });
      }),
    );
  });
});
