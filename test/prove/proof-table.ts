import type { ProofResult } from './proof-result.ts';

const titles = ['proof', 'claim', 'measured', 'seconds', 'passed'] as const;

/** The results as one Markdown table, its columns in line, and a sentence that counts them. */
export function proofTable(results: readonly ProofResult[]): string {
  const rows = results.map(cellsOf);
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  const failed = results.filter(({ passed }) => !passed).length;
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  const outcome = failed === 0 ? 'all passed' : `${failed} FAILED`;
  const count = `${results.length} claims, ${outcome}, ${Math.round(seconds)} s`;
  return [line(titles), line(rule), ...rows.map(line), '', count].join('\n');
}

function cellsOf({ proof, claim, measured, seconds, passed }: ProofResult): string[] {
  const cells = [proof, claim, measured, seconds.toFixed(1), passed ? 'yes' : 'NO'];
  return cells.map((cell) => cell.replaceAll('|', '/').replaceAll(/\s+/g, ' '));
}
