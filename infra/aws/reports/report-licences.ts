/** `npm run licences`: writes docs/licences.md. */
import { writeFileSync } from 'node:fs';
import { licencesPage } from './bill-of-materials.ts';
import { bundledPackages } from './bundled-packages.ts';

writeFileSync(new URL('../../../docs/licences.md', import.meta.url), licencesPage(await bundledPackages()));
