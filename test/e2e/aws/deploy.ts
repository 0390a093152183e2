import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import {
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { MINISTACK_PYTHON } from '#support/engine-paths.ts';
import type { Clients } from './clients.ts';
import { ACCOUNT, REGION } from './ministack.ts';
import type { Assembly } from './synthesize.ts';
import { repairTemplate } from './template-repairs.ts';
import { until } from './until.ts';

/** How long CloudFormation may take, milliseconds. */
const DEPLOY_LIMIT = 180_000;

/** A stack's outputs by name. */
export type Outputs = Readonly<Record<string, string>>;

/** Does what `cdk deploy` does: puts the assets where the template looks for them, and creates the stack. Returns the
 *  stack's outputs by name; throws with what CloudFormation says of the resources that failed. */
export async function deploy(clients: Clients, assembly: Assembly): Promise<Outputs> {
  const { stackName: StackName } = assembly;
  const TemplateURL = await publish(clients, assembly);
  await clients.cloudFormation.send(
    new CreateStackCommand({ StackName, TemplateURL, Capabilities: ['CAPABILITY_NAMED_IAM'], OnFailure: 'DO_NOTHING' }),
  );
  return await standing(clients, StackName, 'CREATE_COMPLETE');
}

/** The same where the stack is there already. */
export async function update(clients: Clients, assembly: Assembly): Promise<Outputs> {
  const { stackName: StackName } = assembly;
  const TemplateURL = await publish(clients, assembly);
  await clients.cloudFormation.send(
    new UpdateStackCommand({ StackName, TemplateURL, Capabilities: ['CAPABILITY_NAMED_IAM'] }),
  );
  return await standing(clients, StackName, 'UPDATE_COMPLETE');
}

async function standing(clients: Clients, StackName: string, wanted: 'CREATE_COMPLETE' | 'UPDATE_COMPLETE') {
  const stack = await until(`the stack ${StackName} stands`, DEPLOY_LIMIT, async () => {
    const { Stacks: [found] = [] } = await clients.cloudFormation.send(new DescribeStacksCommand({ StackName }));
    if (found?.StackStatus === wanted) return found;
    if (found?.StackStatus?.endsWith('_IN_PROGRESS')) return undefined;
    throw new Error(await whatFailed(clients, StackName));
  });
  const outputs = (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]);
  return Object.fromEntries(outputs);
}

/** Deletes the stack as `cdk destroy` does. */
export async function destroy({ cloudFormation }: Clients, stackName: string): Promise<void> {
  await cloudFormation.send(new DeleteStackCommand({ StackName: stackName }));
  await until(`the stack ${stackName} is gone`, DEPLOY_LIMIT, async () => {
    try {
      const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stackName }));
      const status = Stacks?.[0]?.StackStatus;
      if (status === 'DELETE_FAILED')
        throw new Error(`the stack could not be deleted: ${Stacks?.[0]?.StackStatusReason}`);
      return status === 'DELETE_COMPLETE';
    } catch (error) {
      if (error instanceof Error && /does not exist/.test(error.message)) return true;
      throw error;
    }
  });
}

/** Puts the assets where the template looks for them, and the template beside them; returns the URL of that one. */
async function publish({ s3 }: Clients, { stackName, template, assets }: Assembly): Promise<string> {
  const account: Readonly<Record<string, string>> = { AccountId: ACCOUNT, Region: REGION };
  const named = (bucket: string) => bucket.replace(/\$\{AWS::(\w+)\}/g, (_, name: string) => account[name] ?? '');
  const [Bucket, ...others] = new Set(assets.map(({ bucket }) => named(bucket)));
  if (Bucket === undefined || others.length > 0) throw new Error('the assets go to more or less than one bucket');
  await s3
    .send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: REGION } }))
    .catch((error: unknown) => {
      if (!(error instanceof Error && error.name === 'BucketAlreadyOwnedByYou')) throw error;
    });
  for (const { path, key } of assets) {
    await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: readAsset(path) }));
  }
  const Key = `${stackName}.template.json`;
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: repairTemplate(template) }));
  return `https://s3.${REGION}.amazonaws.com/${Bucket}/${Key}`;
}

/** A folder is zipped, by the Python that is there anyway. */
function readAsset(path: string): Buffer {
  if (!statSync(path).isDirectory()) return readFileSync(path);
  const zip = 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", sys.argv[1])';
  const answer = spawnSync(MINISTACK_PYTHON, ['-c', zip, path], { encoding: 'utf8' });
  if (answer.status !== 0) throw new Error(`${path} could not be zipped: ${answer.stderr}`);
  return readFileSync(`${path}.zip`);
}

async function whatFailed({ cloudFormation }: Clients, StackName: string): Promise<string> {
  const { StackEvents: events = [] } = await cloudFormation.send(new DescribeStackEventsCommand({ StackName }));
  const failed = events.filter((event) => event.ResourceStatus?.endsWith('_FAILED'));
  const lines = failed.map(
    (event) => `${event.LogicalResourceId} ${event.ResourceType}: ${event.ResourceStatusReason}`,
  );
  return `the stack ${StackName} could not be made what the template says\n${lines.join('\n')}`;
}
