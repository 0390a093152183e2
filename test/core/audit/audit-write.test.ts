import { describe, expect, it } from 'vitest';
import { type AuditedRow, auditRowChange, auditWrite } from '#core/audit/audit-write.ts';
import { hostsOnly, tellDifference, tellFields } from '#core/audit/told-fields.ts';
import type { Item, TransactWrite } from '#core/model/ports/table.ts';
import { checkItem } from '#core/table/table-limits.ts';

const now = Date.parse('2026-03-01T10:00:00Z');

const deps = {
  clock: { now: () => now },
  ids: { unique: () => 'unique' },
  actor: { kind: 'key', id: 'a1b2c3d4', address: '198.51.100.1' },
} as const;

function row(shown: AuditedRow['shown'], secrets: AuditedRow['secrets'] = {}, version = 7): AuditedRow {
  return { id: 'one', number: 3, version, shown, secrets };
}

function itemOf(write: TransactWrite | undefined): Item {
  if (write === undefined || !('put' in write)) throw new Error('there is no entry');
  return write.put;
}

describe('an audit entry', () => {
  it('says who did what, when and from which address, and stands by time', () => {
    const entry = itemOf(auditWrite(deps, { action: 'revoked', kind: 'key', id: 'k1', after: { revoked: true } }));
    expect(entry).toEqual({
      pk: 'audit#2026-03',
      sk: `${now.toString(36).padStart(9, '0')}000000000unique`,
      v: 1,
      at: '2026-03-01T10:00:00.000Z',
      actor: { kind: 'key', id: 'a1b2c3d4', address: '198.51.100.1' },
      action: 'revoked',
      kind: 'key',
      of: 'k1',
      after: { revoked: true },
      ttl: (now + 400 * 86_400_000) / 1000,
    });
  });

  it('of an update tells what differs, null where a field was not there, and of a secret that it changed', () => {
    const before = row({ name: 'a', tags: ['x'], same: { b: 1, a: 2 } }, { token: 'sealed-1', key: 'sealed-2' });
    const after = row({ name: 'b', icon: 'i', same: { a: 2, b: 1 } }, { token: 'sealed-3', other: 'sealed-4' }, 8);
    const [write, ...more] = auditRowChange(deps, 'connector', before, after);
    expect(more).toEqual([]);
    expect(itemOf(write)).toMatchObject({
      action: 'updated',
      before: { name: 'a', tags: ['x'], icon: null },
      after: { name: 'b', tags: null, icon: 'i' },
      secrets: { key: 'removed', other: 'set', token: 'changed' },
    });
    expect(JSON.stringify(write)).not.toContain('sealed');
  });

  it('is not written where nothing differs that a client may set', () => {
    expect(
      auditRowChange(deps, 'connector', row({ name: 'a' }, { k: 's' }), row({ name: 'a' }, { k: 's' }, 8)),
    ).toEqual([]);
  });

  it('of what is deleted tells the whole, and comes after the last change of the same millisecond', () => {
    const last = row({ name: 'b' }, { k: 'sealed' }, 8);
    const [changed] = auditRowChange(deps, 'webhook', row({ name: 'a' }), last);
    const [deleted] = auditRowChange(deps, 'webhook', last, undefined);
    expect(itemOf(deleted)).toMatchObject({ action: 'deleted', before: { name: 'b' } });
    expect(itemOf(deleted).sk > itemOf(changed).sk).toBe(true);
    expect(JSON.stringify(deleted)).not.toContain('sealed');
  });

  it('takes a few KB at most, whatever the fields hold, and names what it shortened', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`icon${index}`, 'é'.repeat(2048)]));
    const before = row({ name: 'a', icons: { a: 'short' } });
    const after = row({ name: 'n'.repeat(256), description: 'd'.repeat(4096), icons: many });
    const entry = itemOf(auditRowChange(deps, 'connector', before, after)[0]);
    expect(checkItem(entry)).toBeLessThan(7000);
    expect(entry.shortened).toEqual(['description', 'icons']);
    expect(entry.after).toMatchObject({ icons: expect.stringMatching(/^…\([\d,]+ bytes\)$/) });
  });
});

describe('what is told of fields', () => {
  it.each([
    ['https://user:canary@hooks.test:8443/canary?canary#canary', 'https://hooks.test:8443/…'],
    ['https://hooks.test', 'https://hooks.test'],
    [
      'see https://hooks.test/canary, or ftp://canary@files.test/canary!',
      'see https://hooks.test/… or ftp://files.test/…',
    ],
    ['https://hooks.test\\canary', 'https://hooks.test/…'],
    ['https://hooks.test?canary', 'https://hooks.test/…'],
    ['{"url":"https://a.test/canary"}', '{"url":"https://a.test/…"}'],
    ['no URL at all: a/b?c@d', 'no URL at all: a/b?c@d'],
  ])('of %s keeps %s', (text, told) => {
    expect(hostsOnly(text)).toBe(told);
    expect(hostsOnly(text)).not.toContain('canary');
  });

  it('goes for names of fields, and for URLs at any depth', () => {
    const fields = { assets: { icons: { 'https://a.test/canary': ['https://b.test/canary'] } } };
    expect(JSON.stringify(tellFields(fields))).not.toContain('canary');
    expect(JSON.stringify(tellDifference({}, fields))).not.toContain('canary');
  });

  it('takes a time that grows with the text, not with its square', () => {
    // With a pattern that looks for the scheme this would not come to its end.
    const hostile = `${'a+.-'.repeat(20_000)}${'://'.repeat(20_000)}`;
    expect(hostsOnly(hostile).length).toBeGreaterThan(0);
  });

  it('leaves no half of a surrogate pair where it shortens', () => {
    const { fields } = tellFields({ name: `${'a'.repeat(511)}😀${'b'.repeat(100)}` });
    expect(String(fields.name).isWellFormed()).toBe(true);
  });
});
