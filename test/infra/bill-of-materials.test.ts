import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  allowedLicences,
  billOfMaterials,
  licencesPage,
  licenceTexts,
} from '../../infra/aws/reports/bill-of-materials.ts';
import { type BundledPackage, bundledPackages, localEntry } from '../../infra/aws/reports/bundled-packages.ts';

let packages: BundledPackage[];

beforeAll(async () => {
  packages = await bundledPackages();
}, 180_000);

describe('code of others in what we ship', () => {
  test('given each package, its licence is one that somebody has read', () => {
    expect(packages.length).toBeGreaterThan(20);
    expect(packages.filter(({ licence }) => !allowedLicences.has(licence ?? ''))).toEqual([]);
  });

  test('given the page in docs, it is what the code has today', () => {
    const page = readFileSync(new URL('../../docs/licences.md', import.meta.url), 'utf8');
    expect(page, 'run npm run licences').toBe(licencesPage(packages));
  });

  test('given a package of another licence, or of none, it is told from those', () => {
    const odd = (licence?: string): BundledPackage => ({
      name: 'odd',
      version: '1.0.0',
      partOf: ['api'],
      ...(licence && { licence }),
    });
    for (const licence of ['GPL-3.0-only', 'SEE LICENSE IN x', undefined]) {
      expect(allowedLicences.has(odd(licence).licence ?? '')).toBe(false);
    }
    expect(licencesPage([odd()])).toContain('| odd | 1.0.0 | none said | api |');
  });

  test('given the functions, none has anything of the chain by which the SDK looks for credentials', () => {
    const chain = packages.filter(({ name }) =>
      /credential-provider|token-providers|credential-provider-imds/.test(name),
    );
    const inFunctions = chain.filter(({ partOf }) => partOf.some((part) => part !== localEntry));
    // It reads the variables that Lambda sets, and nothing else.
    expect(inFunctions.map(({ name }) => name)).toEqual(['@aws-sdk/credential-provider-env']);
    // And the search finds it where it is: on one machine, for roles.
    expect(chain.map(({ name }) => name)).toContain('@smithy/credential-provider-imds');
  });

  test('given the bill of materials, every package stands in it once, with version, hash and licence', () => {
    const bill = JSON.parse(JSON.stringify(billOfMaterials(packages, '1.2.3')));
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
    expect(bill.metadata.component).toMatchObject({ name: 'stocktake', version: '1.2.3' });
    const refs = bill.components.map((component: { 'bom-ref': string }) => component['bom-ref']);
    expect(new Set(refs).size).toBe(packages.length);
    expect(bill.dependencies[0].dependsOn).toEqual(refs);
    for (const component of bill.components) {
      expect(component.purl).toMatch(/^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+$/);
      expect(component.licenses).toHaveLength(1);
      expect(component.hashes?.[0]?.content).toMatch(/^[0-9a-f]{128}$/);
    }
    expect(refs).toContain(`pkg:npm/zod@${packages.find(({ name }) => name === 'zod')?.version}`);
  });

  test('given the texts of the licences, each package has its own there, or is said to have none', () => {
    const texts = licenceTexts(packages);
    for (const { name, version, licence } of packages) expect(texts).toContain(`${name} ${version} (${licence})`);
    expect(texts).toContain('Apache License');
  });
});
