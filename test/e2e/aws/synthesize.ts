import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

/** This version's tree. */
export const thisProject = fileURLToPath(new URL('../../..', import.meta.url));

/** How long `cdk synth` may take, milliseconds, bundling included. */
const SYNTH_LIMIT = 400_000;

export type Template = {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly [section: string]: unknown;
};
export type TemplateResource = { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> };

/** What `cdk synth` made of a stack. */
export type Assembly = {
  readonly stackName: string;
  readonly template: Template;
  /** What the template refers to in the bucket of assets: folders to be zipped, and files. */
  readonly assets: readonly { readonly path: string; readonly key: string; readonly bucket: string }[];
};

const manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      properties: z.object({ templateFile: z.string(), stackName: z.string().optional() }).partial().optional(),
    }),
  ),
});

const assetManifest = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.object({ path: z.string() }),
      destinations: z.record(z.string(), z.object({ bucketName: z.string(), objectKey: z.string() })),
    }),
  ),
});

/** Runs `cdk synth` on a tree of Stocktake, as a user without an account would, into `folder`. Throws with what it said. */
export function synthesize(
  folder: string,
  context: Readonly<Record<string, string>>,
  project: string = thisProject,
): Assembly {
  const values = Object.entries(context).flatMap(([key, value]) => ['--context', `${key}=${value}`]);
  const cdk = join(project, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const answer = spawnSync(process.execPath, [cdk, 'synth', '--quiet', '--output', folder, ...values], {
    cwd: project,
    encoding: 'utf8',
    timeout: SYNTH_LIMIT,
    // Without the account of whoever runs the test, and without looking for one.
    env: {
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: folder,
      AWS_EC2_METADATA_DISABLED: 'true',
      CDK_DISABLE_CLI_TELEMETRY: '1',
      // Where bundling would turn to Docker, it finds none, whatever is installed.
      CDK_DOCKER: join(folder, 'no-docker'),
    },
  });
  if (answer.status !== 0) throw new Error(`cdk synth failed:\n${answer.error ?? ''}${answer.stdout}${answer.stderr}`);
  return readAssembly(folder);
}

function readAssembly(folder: string): Assembly {
  const { artifacts } = manifest.parse(readJson(join(folder, 'manifest.json')));
  const stacks = Object.entries(artifacts).filter(([, { type }]) => type === 'aws:cloudformation:stack');
  const [[id, stack] = [], ...others] = stacks;
  const templateFile = stack?.properties?.templateFile;
  if (id === undefined || templateFile === undefined || others.length > 0) throw new Error('not exactly one stack');
  const assets = readdirSync(folder)
    .filter((file) => file.endsWith('.assets.json'))
    .flatMap((file) => Object.values(assetManifest.parse(readJson(join(folder, file))).files))
    .flatMap(({ source, destinations }) =>
      Object.values(destinations).map(({ bucketName, objectKey }) => ({
        path: join(folder, source.path),
        key: objectKey,
        bucket: bucketName,
      })),
    );
  return {
    stackName: stack?.properties?.stackName ?? id,
    template: readJson(join(folder, templateFile)) as Template,
    assets,
  };
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
