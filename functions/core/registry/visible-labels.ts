import { Failure, type FailureDetail } from '../model/errors.ts';
import { labelProblem, textProblem } from '../model/visible-text.ts';

/** What a connector or datasource says of itself to people. */
export type Labels = {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly category?: string | undefined;
  readonly icon?: string | undefined;
  readonly url?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly assets?: { readonly icons?: Readonly<Record<string, string>> | undefined } | undefined;
};

type Label = { readonly path: string; readonly text: string; readonly problem: typeof labelProblem };

/**
 * Throws Failure `invalid_request` for labels that would not show what they are: with control characters, or such as turn
 * the direction of writing. One that stands already may be sent back as it is: it was taken when all were.
 */
export function demandVisibleLabels(given: Labels, stored: Labels | undefined): void {
  const standing = new Set(labelsOf(stored ?? {}).map(({ text }) => text));
  const details = labelsOf(given).flatMap(({ path, text, problem }): FailureDetail[] => {
    const reason = standing.has(text) ? undefined : problem(text);
    return reason === undefined ? [] : [{ path, reason }];
  });
  const [first] = details;
  if (first !== undefined) throw new Failure('invalid_request', `${first.path} ${first.reason}`, { details });
}

function labelsOf({ description, tags = [], assets, ...given }: Labels): Label[] {
  const lines = (['name', 'category', 'icon', 'url'] as const).map((path) => ({ path, text: given[path] ?? '' }));
  const icons = Object.entries(assets?.icons ?? {}).flatMap(([name, text]) => [
    { path: 'assets.icons', text: name },
    { path: `assets.icons.${labelProblem(name) === undefined ? name : '?'}`, text },
  ]);
  const inList = tags.map((text, index) => ({ path: `tags.${index}`, text }));
  return [
    ...[...lines, ...icons, ...inList].map((label) => ({ ...label, problem: labelProblem })),
    { path: 'description', text: description ?? '', problem: textProblem },
  ];
}
