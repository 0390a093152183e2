type TemplateResource = { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> };

export type LintedTemplate = { readonly Resources: Readonly<Record<string, TemplateResource>> };

/** What a rule says of a resource: the kind of finding, and where, what and why. */
export type Finding = { readonly rule: string; readonly text: string };

/** The resources of a type: logical id and properties. */
export function ofType({ Resources }: LintedTemplate, type: string): [id: string, Readonly<Record<string, unknown>>][] {
  return Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) =>
    Type === type ? [[id, Properties] as [string, typeof Properties]] : [],
  );
}
