/** `npm run lint:template`: looks through the template of `npm run synth`, or those named. Ends with code 1 if it finds anything, or none. */
import { existsSync, readFileSync } from 'node:fs';
import { lintTemplate } from './template-lint.ts';

const [first, ...others] = process.argv.slice(2);
for (const file of [first ?? 'cdk.out/Stocktake.template.json', ...others]) {
  if (!existsSync(file)) {
    process.stderr.write(`there is no template ${file}: npm run synth writes that of this stack\n`);
    process.exit(1);
  }
  const findings = lintTemplate(JSON.parse(readFileSync(file, 'utf8')));
  for (const { rule, text } of findings) process.stdout.write(`${file}: ${rule}: ${text}\n`);
  process.stdout.write(`${file}: ${findings.length} findings\n`);
  if (findings.length > 0) process.exitCode = 1;
}
